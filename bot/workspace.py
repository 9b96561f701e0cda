"""Slack as the worker sees it: describe a file and a conversation, look, reply, react.

Every call is made once: repeats are the worker's business (a client that repeats a post by itself posts twice). A
method that Slack wants to be called less is not called by anybody until Slack's `Retry-After` is over.
All methods raise `SlackUnavailable` or `SlackRefused` unless they say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
from pydantic import BaseModel, SecretStr, ValidationError
from slack_sdk.web.async_client import AsyncWebClient

from bot.downloads import SLACK_HOSTS, Downloads, is_slacks
from bot.metrics import Metrics
from bot.rate_limits import Pauses
from bot.rendering import POSTING, Attachment
from bot.slack_errors import (
    SlackMishap,
    SlackNotAuthorised,
    SlackRefused,
    SlackTokenExpired,
    SlackUnavailable,
    retry_after,
    understand,
)
from bot.slack_files import GONE, Conversation, ConversationList, FileList, Identified, Identity, Person, SlackFile
from bot.tokens import Token

M = TypeVar("M", bound=BaseModel)

Blocks = Sequence[Mapping[str, object]]

EVENT_TYPE, PROGRESS_TYPE = "threadscribe_reply", "threadscribe_progress"
"""The metadata by which a reply of ours, and a message about progress, are recognised; everyone there may read it."""

_UPLOADED = 200

_EVERY_TYPE = "public_channel,private_channel,mpim,im"
_CONVERSATIONS = 500
"""In one page; Slack gives at most 999, and sometimes fewer than it is asked for."""

AWAY = 3
"""Calls in a row without an answer: Slack, or the way to it, is not there."""


class Workspace:
    """`client` must have no retry handlers, and no token of its own: each call goes out with `token` as it is then.

    `session` uploads the bytes of transcript files; calls are measured. `downloads` fetches what was shared here.
    """

    def __init__(
        self,
        *,
        client: AsyncWebClient,
        session: aiohttp.ClientSession,
        token: Token,
        downloads: Downloads,
        metrics: Metrics | None = None,
    ) -> None:
        self.downloads = downloads
        self._client = client
        self._session = session
        self._token = token
        self._metrics = metrics or Metrics()
        self._pauses = Pauses()
        self._unanswered = 0
        self.identity: Identity | None = None
        self.scopes: frozenset[str] = frozenset()

    @property
    def is_within_reach(self) -> bool:
        """Whether Slack has told us who we are, and answers."""
        return self.identity is not None and self._unanswered < AWAY

    async def identify(self, *, again: bool = False) -> Identity:
        """Ask Slack who we are and what we may do; remembered, unless asked `again`."""
        if self.identity is None or again:
            data, headers = await self._ask("auth.test")
            identity = _read(Identity, data, "auth.test")
            granted = next((str(value) for name, value in headers.items() if name.lower() == "x-oauth-scopes"), "")
            self.scopes = frozenset(scope.strip() for scope in granted.split(",") if scope.strip())
            self.identity = identity
        return self.identity

    async def file(self, file: str) -> SlackFile:
        """Describe a file."""
        data, _ = await self._ask("files.info", file=file)
        return _read(SlackFile, data.get("file"), "files.info")

    async def files(self, *, since: datetime) -> list[SlackFile]:
        """Describe the files that came since then, as far as we may see them; one that cannot be read is left out."""
        found: list[SlackFile] = []
        page = pages = 1
        while page <= pages:
            data, _ = await self._ask("files.list", ts_from=int(since.timestamp()), count=200, page=page)
            listed = _read(FileList, data, "files.list")
            found += listed.files
            page, pages = page + 1, listed.paging.pages
        return found

    async def conversation(self, channel: str) -> Conversation:
        """Describe a conversation."""
        data, _ = await self._ask("conversations.info", channel=channel)
        return _read(Conversation, data.get("channel"), "conversations.info")

    async def person(self, person: str) -> Person:
        """Describe a person."""
        data, _ = await self._ask("users.info", user=person)
        return _read(Person, data.get("user"), "users.info")

    async def whisper(self, channel: str, thread: str, *, person: str, text: str) -> None:
        """Show one person a sentence in a thread, while they are there."""
        await self._ask("chat.postEphemeral", channel=channel, thread_ts=thread or None, user=person, text=text)

    async def conversations_of(self, person: str, *, team: str, pages: int) -> tuple[set[str], bool]:
        """The conversations that we share with a person, and whether so many pages were all.

        Source: https://docs.slack.dev/reference/methods/users.conversations
        """
        found, cursor = set[str](), None
        for _ in range(pages):
            data, _ = await self._ask(
                "users.conversations",
                user=person, team_id=team, types=_EVERY_TYPE, limit=_CONVERSATIONS, cursor=cursor,
            )  # fmt: skip
            listed = _read(ConversationList, data, "users.conversations")
            found |= {channel.id for channel in listed.channels}
            cursor = listed.cursor
            if not cursor:
                return found, True
        return found, False

    async def message(self, channel: str, ts: str) -> object:
        """A message that somebody has reacted to, as Slack describes it. Needs `reactions:read`.

        Source: https://docs.slack.dev/reference/methods/reactions.get
        """
        data, _ = await self._ask("reactions.get", channel=channel, timestamp=ts)
        return data.get("message")

    async def open_view(self, trigger: str, view: Mapping[str, object]) -> None:
        """Show a form to whoever pulled the trigger."""
        await self._ask("views.open", trigger_id=trigger, view=view)

    async def publish_home(self, person: str, view: Mapping[str, object]) -> None:
        """Show a person their App Home."""
        await self._ask("views.publish", user_id=person, view=view)

    async def open_direct(self, person: str) -> str:
        """The direct conversation with a person, opened if need be; files cannot be shared with the person's own id."""
        data, _ = await self._ask("conversations.open", users=person)
        return _read(Identified, data.get("channel"), "conversations.open").id

    async def react(self, channel: str, ts: str, emoji: str) -> None:
        """Put our reaction on a message; fine if it is there."""
        await self._ask_again("reactions.add", "already_reacted", channel=channel, timestamp=ts, name=emoji)

    async def unreact(self, channel: str, ts: str, emoji: str) -> None:
        """Take our reaction off a message; fine if it is not there."""
        await self._ask_again("reactions.remove", "no_reaction", channel=channel, timestamp=ts, name=emoji)

    async def find_reply(self, channel: str, thread: str, mark: str) -> str | None:
        """Look for the reply with this mark in its thread; None if it is not there or the thread may not be read."""
        cursor: str | None = None
        while True:
            try:
                data, _ = await self._ask(
                    "conversations.replies",
                    channel=channel, ts=thread, limit=200, include_all_metadata=True, cursor=cursor,
                )  # fmt: skip
            except (SlackRefused, SlackNotAuthorised):
                return None
            if not isinstance(data.get("messages"), list):
                raise SlackUnavailable("conversations.replies: not as documented")
            for message in data["messages"]:
                metadata = message.get("metadata") or {}
                ours = metadata.get("event_type") in {EVENT_TYPE, PROGRESS_TYPE}
                if ours and metadata.get("event_payload", {}).get("reply") == mark:
                    return str(message["ts"])
            cursor = (data.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None

    async def post(
        self, channel: str, thread: str, *, text: str, blocks: Blocks, mark: str, kind: str = EVENT_TYPE
    ) -> str:
        """Put one message in the thread, to be recognised by `mark` and its `kind`; its timestamp."""
        data, _ = await self._ask(
            "chat.postMessage",
            channel=channel,
            thread_ts=thread,
            text=text,
            blocks=blocks,
            metadata={"event_type": kind, "event_payload": {"reply": mark}},
            **POSTING,
        )
        return str(data["ts"])

    async def update(
        self, channel: str, ts: str, *, text: str, blocks: Blocks, files: Sequence[str] | None = None
    ) -> None:
        """Change a message of ours, and the files that it carries where `files` is given; nobody is told of it."""
        await self._ask("chat.update", channel=channel, ts=ts, text=text, blocks=blocks, file_ids=files, parse="none")

    async def delete(self, channel: str, ts: str) -> None:
        """Delete a message of ours; fine if it is not there."""
        await self._ask_again("chat.delete", "message_not_found", channel=channel, ts=ts)

    async def finish(self, files: Mapping[str, str]) -> None:
        """Let Slack take uploaded files (id to title) without showing them anywhere; fine if it has."""
        given = [{"id": file, "title": title} for file, title in files.items()]
        await self._ask("files.completeUploadExternal", files=given)

    async def discard(self, file: str) -> None:
        """Delete a file of ours; fine if it is not there."""
        try:
            await self._ask("files.delete", file=file)
        except SlackRefused as refused:
            if refused.code not in GONE:
                raise

    async def upload(self, attachment: Attachment) -> str:
        """Hand Slack the bytes of a file that nobody sees yet; its id."""
        name, length = attachment.name, len(attachment.content)
        with self._pauses.kept("upload"):
            data, _ = await self._ask("files.getUploadURLExternal", filename=name, length=length)
            with self._metrics.slack_call("upload"):
                await self._send(str(data["upload_url"]), attachment.content)
        return str(data["file_id"])

    async def share(self, channel: str, thread: str | None, *, files: Mapping[str, str], blocks: Blocks) -> None:
        """Show uploaded files (id to title) in the thread, or outside of threads, in one message with `blocks`."""
        await self._ask(
            "files.completeUploadExternal",
            files=[{"id": file, "title": title} for file, title in files.items()],
            channel_id=channel,
            thread_ts=thread,
            blocks=blocks,
        )

    async def shared_at(self, file: str, *, channel: str, thread: str | None) -> str | None:
        """The timestamp of the message that carries an uploaded file there, if it is there (yet)."""
        for place in (await self.file(file)).places(channel):
            if place.thread_ts == thread:
                return place.ts
        return None

    async def _ask_again(self, method: str, already: str, **arguments: object) -> None:
        try:
            await self._ask(method, **arguments)
        except SlackRefused as refused:
            if refused.code != already:
                raise

    async def _send(self, address: str, content: bytes) -> None:
        # Whoever has the address has the transcript: it stays with Slack, and a redirect is no success.
        api = urlsplit(self._client.base_url)
        origin = f"{api.scheme}://{api.netloc}"
        if not is_slacks(address, origins={origin}, names={*SLACK_HOSTS, str(api.hostname)}):
            raise SlackUnavailable("upload: not Slack's host", maybe_done=False)
        try:
            async with self._session.post(address, data=content, allow_redirects=False) as response:
                if response.status != _UPLOADED:
                    wait = retry_after(response.headers)
                    raise SlackUnavailable(f"upload: {response.status}", retry_after=wait, maybe_done=False)
        except (TimeoutError, aiohttp.ClientError) as error:
            raise SlackUnavailable(f"upload: {type(error).__name__}", maybe_done=False) from None

    async def _ask(self, method: str, **arguments: object) -> tuple[dict[str, Any], Mapping[str, object]]:
        with self._pauses.kept(method), self._metrics.slack_call(method):
            return await self._call(method, arguments)

    async def _call(self, method: str, arguments: Mapping[str, object]) -> tuple[dict[str, Any], Mapping[str, object]]:
        token = await self._token.current()
        try:
            return await self._call_with(token, method, arguments)
        except SlackTokenExpired:
            # Slack has looked at nothing but the token.
            another = await self._token.instead_of(token)
            if another is None:
                raise
            return await self._call_with(another, method, arguments)

    async def _call_with(
        self, token: SecretStr, method: str, arguments: Mapping[str, object]
    ) -> tuple[dict[str, Any], Mapping[str, object]]:
        given = {name: value for name, value in arguments.items() if value is not None}
        body = {"json": given} if method in _JSON_METHODS else {"data": _plain(given)}
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
        try:
            response = await self._client.api_call(method, headers=headers, **body)
        except SlackMishap as error:
            understood = understand(method, error)
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
"""Methods with nested arguments; those that read take form fields only."""


def _plain(arguments: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in arguments.items()}


def _read(model: type[M], data: object, method: str) -> M:
    try:
        return model.model_validate(data)
    except ValidationError:
        raise SlackUnavailable(f"{method}: not as documented", maybe_done=False) from None
