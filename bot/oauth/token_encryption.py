"""Encrypts the tokens of many workspaces for the database, and decrypts them. The keys are in the settings only."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import SecretStr

from bot.slack.errors import SlackNotAuthorised
from storage.installations import Encrypted


class TokenCipher:
    """Encrypts with the first of `keys`, decrypts with any of them: a new key is put before the old one."""

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        from cryptography.fernet import Fernet, InvalidToken, MultiFernet

        each = [Fernet(key.get_secret_value()) for key in keys]
        self._newest, self._all = each[0], MultiFernet(each)
        self._invalid = InvalidToken

    def encrypt(self, token: SecretStr, *, place: str) -> Encrypted:
        """Encrypt the token of a place. Moved to another place's row in the database, it cannot be decrypted."""
        text = json.dumps([place, token.get_secret_value()])
        return Encrypted(self._newest.encrypt(text.encode()).decode())

    def decrypt(self, encrypted: Encrypted, *, place: str) -> SecretStr:
        """Decrypt the token. Raises `SlackNotAuthorised` if no key fits, or if it is another place's."""
        try:
            where, token = json.loads(self._all.decrypt(encrypted))
        except (self._invalid, ValueError):
            raise SlackNotAuthorised("token not readable: TOKEN_KEY is not the one that it was kept with") from None
        if where != place:
            raise SlackNotAuthorised("token not readable: it was kept for another workspace")
        return SecretStr(token)

    def is_current(self, encrypted: Encrypted) -> bool:
        """Return whether it is encrypted with the first key."""
        try:
            self._newest.decrypt(encrypted)
        except self._invalid:
            return False
        return True
