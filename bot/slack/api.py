"""Makes one call of Slack's Web API: keeps rate limits, uses the current token, translates errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypedDict

from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot.metrics import Metrics
from bot.slack.errors import SDK_ERRORS, SlackTokenExpired, SlackUnavailable, translate
from bot.slack.pauses import Pauses
from bot.slack.tokens import BotToken

AWAY = 3
"""After so many calls in a row without an answer, Slack counts as unreachable."""

ApiResponse = tuple[dict[str, Any], Mapping[str, object]]
"""Slack's answer, and its HTTP headers."""


class Posting(TypedDict):
    """Parameters of `chat.postMessage` that keep Slack from parsing a text, linking names and unfurling links."""

    mrkdwn: bool
    parse: str
    link_names: bool
    unfurl_links: bool
    unfurl_media: bool


POSTING: Final[Posting] = {
    "mrkdwn": False,
    "parse": "none",
    "link_names": False,
    "unfurl_links": False,
    "unfurl_media": False,
}
"""To be passed with every reply."""


class SlackApi:
    """The calls of one workspace. `client` must have no token of its own; all calls share `pauses`."""

    def __init__(self, *, client: AsyncWebClient, token: BotToken, metrics: Metrics) -> None:
        self.pauses = Pauses()
        self._client = client
        self._token = token
        self._metrics = metrics
        self._unanswered = 0

    @property
    def are_answered(self) -> bool:
        """Whether fewer than `AWAY` calls in a row have gone without an answer."""
        return self._unanswered < AWAY

    async def make(self, method: str, arguments: Mapping[str, object]) -> ApiResponse:
        """Call `method` once, without arguments that are None. Raises `SlackUnavailable`, `SlackRefused`.

        If the token has expired, call once more with its replacement.
        """
        with self.pauses.kept(method), self._metrics.slack_call(method):
            token = await self._token.current()
            try:
                return await self._call(token, method, arguments)
            except SlackTokenExpired:
                # Slack has checked the token only, so nothing was done.
                another = await self._token.replacement_for(token)
                if another is None:
                    raise
                return await self._call(another, method, arguments)

    async def _call(self, token: SecretStr, method: str, arguments: Mapping[str, object]) -> ApiResponse:
        given = {name: value for name, value in arguments.items() if value is not None}
        body = {"json": given} if method in _JSON_METHODS else {"data": _plain(given)}
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
        try:
            response = await self._client.api_call(method, headers=headers, **body)
        except SDK_ERRORS as error:
            understood = translate(method, error)
            self._note(understood)
            raise understood from None
        self._note(None)
        if not isinstance(response.data, dict):
            raise SlackUnavailable(f"{method}: not an answer")
        return response.data, response.headers

    def _note(self, error: Exception | None) -> None:
        silent = type(error) is SlackUnavailable and error.retry_after is None
        self._unanswered = self._unanswered + 1 if silent else 0


_JSON_METHODS = frozenset(
    {"chat.postMessage", "chat.update", "files.completeUploadExternal", "views.open", "views.publish"}
)
"""Methods with nested arguments, sent as JSON; methods that read take form fields only."""


def _plain(arguments: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in arguments.items()}
