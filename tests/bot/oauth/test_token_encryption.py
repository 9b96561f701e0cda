"""Tokens in the database: nobody reads them without the key, and none opens another place."""

from __future__ import annotations

import base64

import pytest
from pydantic import SecretStr

from bot.oauth.token_encryption import TokenCipher
from bot.slack.errors import SlackNotAuthorised
from storage.installations import Encrypted

TOKEN = SecretStr("xoxb-very-secret")
OLD, NEW = (SecretStr(base64.b64encode(bytes([number]) * 32).decode()) for number in (251, 252))


def test_what_is_sealed_comes_out_and_says_nothing() -> None:
    sealed = TokenCipher([OLD]).encrypt(TOKEN, place="T0123WORKSPACE")
    assert "secret" not in sealed
    assert "T0123WORKSPACE" not in sealed
    assert TokenCipher([OLD]).decrypt(sealed, place="T0123WORKSPACE") == TOKEN
    assert sealed != TokenCipher([OLD]).encrypt(TOKEN, place="T1"), "two alike do not look alike"


@pytest.mark.parametrize("key", ["urlsafe", "as openssl prints it"])
def test_both_spellings_of_a_key_are_the_same_key(key: str) -> None:
    raw = bytes([251]) * 32
    spelt = base64.urlsafe_b64encode(raw) if key == "urlsafe" else base64.b64encode(raw)
    assert (
        TokenCipher([SecretStr(spelt.decode())]).decrypt(TokenCipher([OLD]).encrypt(TOKEN, place="T1"), place="T1")
        == TOKEN
    )


def test_with_another_key_it_does_not_open_and_the_error_says_no_more() -> None:
    sealed = TokenCipher([OLD]).encrypt(TOKEN, place="T1")
    with pytest.raises(SlackNotAuthorised, match="TOKEN_KEY") as told:
        TokenCipher([NEW]).decrypt(sealed, place="T1")
    assert told.value.__cause__ is None
    assert "secret" not in str(told.value)


def test_moved_to_another_place_it_does_not_open_that() -> None:
    cipher = TokenCipher([OLD])
    with pytest.raises(SlackNotAuthorised, match="another workspace"):
        cipher.decrypt(cipher.encrypt(TOKEN, place="T1"), place="T2")


@pytest.mark.parametrize("change", ["", "x", "gAAAAA==", "cut", "flipped"])
def test_what_was_tampered_with_does_not_open(change: str) -> None:
    cipher = TokenCipher([OLD])
    sealed = cipher.encrypt(TOKEN, place="T1")
    changed = {"cut": sealed[:-4], "flipped": sealed[:40] + chr(ord(sealed[40]) ^ 1) + sealed[41:]}
    with pytest.raises(SlackNotAuthorised):
        cipher.decrypt(Encrypted(changed.get(change, change)), place="T1")


def test_a_key_is_changed_by_putting_a_new_one_before_it() -> None:
    sealed = TokenCipher([OLD]).encrypt(TOKEN, place="T1")
    both = TokenCipher([NEW, OLD])
    assert both.decrypt(sealed, place="T1") == TOKEN
    assert not both.is_current(sealed)
    anew = both.encrypt(TOKEN, place="T1")
    assert both.is_current(anew)
    assert TokenCipher([NEW]).decrypt(anew, place="T1") == TOKEN
