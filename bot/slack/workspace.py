"""The Web API of one workspace: files, conversations, people, messages, reactions, modals, App Home.

Every call is made once, and the worker retries: a client that repeats a post by itself posts twice. A method under a
rate limit is not called by anybody until `Retry-After` is over. All methods raise `SlackUnavailable` or `SlackRefused`
unless they say otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.metrics import Metrics
from bot.slack.api import POSTING, ApiResponse, SlackApi
from bot.slack.downloads import Downloads
from bot.slack.errors import SlackNotAuthorised, SlackRefused, SlackUnavailable
from bot.slack.objects import (
    GONE,
    Conversation,
    ConversationList,
    FileList,
    Identified,
    Identity,
    Person,
    SlackFile,
    TeamList,
    ThreadMessages,
    slack_object,
)
from bot.slack.scopes import GrantedScopes
from bot.slack.tokens import BotToken
from bot.slack.uploads import Attachment, upload_bytes

Blocks = Sequence[Mapping[str, object]]

EVENT_TYPE, PROGRESS_TYPE = "threadscribe_reply", "threadscribe_progress"
"""Metadata by which our replies and progress messages are found; everybody in the conversation may read it."""

_INVALID = "invalid_blocks"
_EVERY_TYPE = "public_channel,private_channel,mpim,im"
_CONVERSATIONS = 500
"""Page size; Slack gives at most 999, and sometimes fewer than asked for."""


class Workspace:
    """`client` must have no retry handlers and no token: each call uses the current token of `token`.

    `session` uploads files, `downloads` downloads shared ones, `metrics` times and counts calls.
    """

    def __init__(
        self,
        *,
        client: AsyncWebClient,
        session: aiohttp.ClientSession,
        token: BotToken,
        downloads: Downloads,
        metrics: Metrics | None = None,
    ) -> None:
        self.downloads = downloads
        self._client = client
        self._session = session
        self._metrics = metrics or Metrics()
        self._calls = SlackApi(client=client, token=token, metrics=self._metrics)
        self._acts_for: str | None = None
        self.identity: Identity | None = None
        self.scopes = GrantedScopes()

    @property
    def is_within_reach(self) -> bool:
        """Whether the bot's identity is known and Slack answers."""
        return self.identity is not None and self._calls.are_answered

    def set_identity(self, identity: Identity, *, scopes: frozenset[str] | None, acts_for: str | None) -> None:
        """Set the bot's identity and scopes; `acts_for` is the team to name with an enterprise install's token."""
        self.identity, self.scopes.told, self._acts_for = identity, scopes, acts_for

    async def identify(self, *, refresh: bool = False) -> Identity:
        """Return the bot's identity, and note its scopes. Slack is asked once, and again to `refresh` it."""
        if self.identity is None or refresh:
            data, headers = await self._ask("auth.test")
            identity = slack_object(Identity, data, "auth.test")
            if self._acts_for:
                identity = identity.model_copy(update={"team_id": self._acts_for})
            self.scopes.read(headers)
            self.identity = identity
        return self.identity

    async def file(self, file: str) -> SlackFile:
        """Describe a file."""
        data, _ = await self._ask("files.info", file=file)
        return slack_object(SlackFile, data.get("file"), "files.info")

    async def files(self, *, since: datetime) -> list[SlackFile]:
        """Return the files since then that the bot may see; unreadable ones are left out."""
        found: list[SlackFile] = []
        page = pages = 1
        while page <= pages:
            data, _ = await self._ask(
                "files.list", ts_from=int(since.timestamp()), count=200, page=page, team_id=self._acts_for
            )
            listed = slack_object(FileList, data, "files.list")
            found += listed.files
            page, pages = page + 1, listed.paging.pages
        return found

    async def teams(self) -> list[str]:
        """Return the teams in which an enterprise install is available."""
        found: list[str] = []
        cursor: str | None = None
        while True:
            data, _ = await self._ask("auth.teams.list", limit=1000, cursor=cursor)
            listed = slack_object(TeamList, data, "auth.teams.list")
            found += [team.id for team in listed.teams]
            cursor = listed.response_metadata.next_cursor
            if not cursor:
                return found

    async def conversation(self, channel: str) -> Conversation:
        """Describe a conversation."""
        data, _ = await self._ask("conversations.info", channel=channel)
        return slack_object(Conversation, data.get("channel"), "conversations.info")

    async def person(self, person: str) -> Person:
        """Describe a person."""
        data, _ = await self._ask("users.info", user=person)
        return slack_object(Person, data.get("user"), "users.info")

    async def post_ephemeral(self, channel: str, thread: str, *, person: str, text: str) -> None:
        """Send one person an ephemeral message in a thread."""
        await self._ask("chat.postEphemeral", channel=channel, thread_ts=thread or None, user=person, text=text)

    async def conversations_of(self, person: str, *, team: str, pages: int) -> tuple[set[str], bool]:
        """Return the conversations that the bot shares with a person, and whether `pages` pages were all.

        Source: https://docs.slack.dev/reference/methods/users.conversations
        """
        found, cursor = set[str](), None
        for _ in range(pages):
            data, _ = await self._ask(
                "users.conversations", user=person, team_id=team, types=_EVERY_TYPE, limit=_CONVERSATIONS, cursor=cursor
            )
            listed = slack_object(ConversationList, data, "users.conversations")
            found |= {channel.id for channel in listed.channels}
            cursor = listed.cursor
            if not cursor:
                return found, True
        return found, False

    async def message(self, channel: str, ts: str) -> object:
        """Return a message that somebody has reacted to, as Slack describes it. Needs `reactions:read`.

        Source: https://docs.slack.dev/reference/methods/reactions.get
        """
        data, _ = await self._ask("reactions.get", channel=channel, timestamp=ts)
        return data.get("message")

    async def writers(self, channel: str, thread: str) -> tuple[str, ...]:
        """Return who wrote the first messages of a thread, each once. Needs a scope to read messages."""
        data, _ = await self._ask("conversations.replies", channel=channel, ts=thread, limit=100)
        return slack_object(ThreadMessages, data, "conversations.replies").writers

    async def open_view(self, trigger: str, view: Mapping[str, object]) -> None:
        """Open a modal for the person whose action gave the trigger id."""
        await self._ask("views.open", trigger_id=trigger, view=view)

    async def publish_home(self, person: str, view: Mapping[str, object]) -> None:
        """Publish a person's App Home."""
        await self._ask("views.publish", user_id=person, view=view)

    async def open_direct(self, person: str) -> str:
        """Return the direct conversation with a person, opened if needed: files cannot be shared with a user id."""
        data, _ = await self._ask("conversations.open", users=person)
        return slack_object(Identified, data.get("channel"), "conversations.open").id

    async def react(self, channel: str, ts: str, emoji: str) -> None:
        """Add our reaction to a message. Idempotent."""
        await self._ask_again("reactions.add", "already_reacted", channel=channel, timestamp=ts, name=emoji)

    async def unreact(self, channel: str, ts: str, emoji: str) -> None:
        """Remove our reaction from a message. Idempotent."""
        await self._ask_again("reactions.remove", "no_reaction", channel=channel, timestamp=ts, name=emoji)

    async def find_reply(self, channel: str, thread: str, mark: str) -> str | None:
        """Return the timestamp of the thread's reply with this mark; None if it is not there or not readable."""
        cursor: str | None = None
        while True:
            try:
                page: dict[str, object] = {"channel": channel, "ts": thread, "limit": 200, "cursor": cursor}
                data, _ = await self._ask("conversations.replies", include_all_metadata=True, **page)
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
        """Post a message in the thread, to be found by `mark` and `kind`; return its timestamp."""
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
        """Edit a message of ours, and its files where `files` is given. Slack notifies nobody."""
        await self._ask("chat.update", channel=channel, ts=ts, text=text, blocks=blocks, file_ids=files, parse="none")

    async def delete(self, channel: str, ts: str) -> None:
        """Delete a message of ours. Idempotent."""
        await self._ask_again("chat.delete", "message_not_found", channel=channel, ts=ts)

    async def finish(self, files: Mapping[str, str]) -> None:
        """Complete the upload of files (id to title) without sharing them. Idempotent."""
        given = [{"id": file, "title": title} for file, title in files.items()]
        await self._ask("files.completeUploadExternal", files=given)

    async def discard(self, file: str) -> None:
        """Delete a file of ours. Idempotent."""
        try:
            await self._ask("files.delete", file=file)
        except SlackRefused as refused:
            if refused.code not in GONE:
                raise

    async def upload(self, attachment: Attachment) -> str:
        """Upload a file that nobody sees yet; return its id."""
        name, length = attachment.name, len(attachment.content)
        with self._calls.pauses.kept("upload"):
            data, _ = await self._ask("files.getUploadURLExternal", filename=name, length=length)
            with self._metrics.slack_call("upload"):
                address, api_url = str(data["upload_url"]), self._client.base_url
                await upload_bytes(address, attachment.content, session=self._session, api_url=api_url)
        return str(data["file_id"])

    async def share(self, channel: str, thread: str | None, *, files: Mapping[str, str], blocks: Blocks) -> None:
        """Share uploaded files (id to title) in one message with `blocks`, in the thread or outside threads."""
        await self._ask(
            "files.completeUploadExternal",
            files=[{"id": file, "title": title} for file, title in files.items()],
            channel_id=channel,
            thread_ts=thread,
            blocks=blocks,
        )

    async def shared_at(self, file: str, *, channel: str, thread: str | None) -> str | None:
        """Return the timestamp of the message that carries an uploaded file there; None if it is not there (yet)."""
        for place in (await self.file(file)).places(channel):
            if place.thread_ts == thread:
                return place.ts
        return None

    async def takes(self, blocks: Blocks) -> bool:
        """Return whether Slack finds nothing wrong with these blocks. Needs no scope.

        Source: https://docs.slack.dev/reference/methods/blocks.validate
        """
        try:
            await self._ask("blocks.validate", blocks=json.dumps(blocks))
        except SlackRefused as refused:
            if refused.code != _INVALID:
                raise
            return False
        return True

    async def _ask_again(self, method: str, already: str, **arguments: object) -> None:
        try:
            await self._ask(method, **arguments)
        except SlackRefused as refused:
            if refused.code != already:
                raise

    async def _ask(self, method: str, **arguments: object) -> ApiResponse:
        with self.scopes.noting_refusals():
            return await self._calls.make(method, arguments)
