"""Install the app into workspaces through OAuth: a browser that does it, and the settings of such a bot."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any

import aiohttp
from yarl import URL

from sandbox.ports import free_port
from sandbox.slack import Slack

KEY = "aGVyZSBhcmUgdGhpcnR5LXR3byBpbnZlbnRlZCBieXQ="


def many_settings(slack: Slack, *, port: int | None = None, http: bool = True, **more: Any) -> dict[str, Any]:
    """For a bot in HTTP mode, or in Socket Mode; Slack knows where it sends people back to."""
    port = port or free_port()
    public_url = f"http://127.0.0.1:{port}"
    slack.redirect_urls.add(f"{public_url}/slack/oauth_redirect")
    way_in = {"slack_signing_secret": slack.signing_secret} if http else {}
    return {
        "slack_bot_token": None,
        "slack_client_id": slack.client_id,
        "slack_client_secret": slack.client_secret,
        "slack_authorize_url": slack.authorize_url,
        "token_key": KEY,
        "public_url": public_url,
        "http_port": port,
        **way_in,
        **more,
    }


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a browser shows."""

    status: int
    text: str
    headers: dict[str, str]

    @property
    def title(self) -> str:
        found = re.search(r"<h1>(.*?)</h1>", self.text)
        return unescape(found[1]) if found else ""


class Browser:
    """One person's, with its own cookies."""

    def __init__(self, session: aiohttp.ClientSession, bot: str) -> None:
        self._session = session
        self._bot = bot

    async def begin(self) -> URL:
        """Follow the link with which an installation begins; the address at Slack."""
        async with self._session.get(f"{self._bot}/slack/install", allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
            return URL(answer.headers["Location"])

    async def decide(self, asked: URL, place: str, answer: str = "allow") -> URL:
        """Look at what Slack asks and press a button; the address to which Slack sends the browser back."""
        async with self._session.get(asked) as page:
            assert page.status == 200, await page.text()
            hidden = re.findall(r'name="(\w+)" value="(.*?)"', await page.text())
        said = {name: unescape(value) for name, value in hidden} | {"place": place, "answer": answer}
        async with self._session.post(asked.with_path("/oauth/v2/decide"), data=said, allow_redirects=False) as sent:
            return URL(sent.headers["Location"])

    async def open(self, address: URL | str, **headers: str) -> Page:
        """Open an address of the bot's."""
        async with self._session.get(URL(address), allow_redirects=False, headers=headers) as answer:
            return Page(status=answer.status, text=await answer.text(), headers=dict(answer.headers))

    async def install(self, place: str, answer: str = "allow") -> Page:
        """All of it."""
        return await self.open(await self.decide(await self.begin(), place, answer))

    @property
    def cookies(self) -> list[str]:
        return [cookie.value for cookie in self._session.cookie_jar if cookie.value]


@asynccontextmanager
async def browser(settings: dict[str, Any]) -> AsyncIterator[Browser]:
    """A new one. Like a real one it sends a secure cookie to this machine."""
    bot = settings["public_url"]
    jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=bot)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Browser(session, bot)
