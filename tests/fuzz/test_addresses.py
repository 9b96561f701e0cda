"""Addresses that Slack gives for a file: the token goes to Slack alone, and an address that is none is no breakdown."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.slack.downloads import SLACK_HOSTS, Downloads
from bot.slack.errors import SlackUnavailable
from bot.slack.tokens import StaticToken
from tests.fuzz.strategies import TEXT, tries
from transcription.errors import Refused


class NoNames(AbstractResolver):
    """Knows no host, and notes which were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del port, family
        self.asked.append(host)
        raise OSError("no such host")

    async def close(self) -> None:
        """Nothing is held."""


PIECES = (
    "https:",
    "http:",
    "file:",
    "//",
    "/",
    "\\",
    "@",
    ":",
    ":443",
    ":0",
    ":99999",
    "?",
    "#",
    "..",
    "%2e",
    "%00",
    "%",
    "slack.com",
    "files.slack.com",
    "slack-files.com",
    "SLACK.COM",
    "slack.com.",
    "xslack.com",
    "ｓｌａｃｋ.com",
    "evil.example",
    "127.0.0.1",
    "[::1]",
    "[",
    "]",
    "xn--",
    "☃.net",
    "user:pass",
    " ",
    "\t",
    "\r\nHost: x",
    "a" * 300,
)
ADDRESSES = st.one_of(
    st.lists(st.one_of(st.sampled_from(PIECES), TEXT), max_size=6).map("".join),
    st.lists(st.one_of(st.sampled_from(PIECES), TEXT), max_size=5).map(lambda pieces: "https://" + "".join(pieces)),
    TEXT.map(lambda text: f"https://files.slack.com/{text}"),
)


async def fetched(address: str, target: Path) -> list[str]:
    """Try to fetch; the hosts that were looked for. Raises nothing but what is declared."""
    names = NoNames()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=names)) as session:
        downloads = Downloads(session=session, token=StaticToken(SecretStr("xoxb-very-secret")))
        with pytest.raises((Refused, SlackUnavailable)):
            await downloads.fetch(address, target, largest=2**20)
    return names.asked


@given(address=ADDRESSES)
@example(address="https://.slack.com/")
@example(address="https://files.slack.com:443\\@evil.example/")
@tries(150)
def test_any_address_is_slacks_or_is_not_asked(address: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    target = tmp_path_factory.getbasetemp() / "fetched"
    for host in asyncio.run(fetched(address, target)):
        plain = host.lower().rstrip(".")
        assert any(plain == name or plain.endswith("." + name) for name in SLACK_HOSTS), host
    assert not target.exists()
