"""A simulated Slack that stores shared files and posted messages, and the client that one process uses for it.

It has its own clock. The client replaces only the network: `bot.slack.workspace` and its error handling are real.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.workspace import EVENT_TYPE, PROGRESS_TYPE
from tests.simulation.faults import Call
from tests.simulation.host import BrokenOff, Host, TooMany, TurnedDown, Unreached
from tests.simulation.virtual_time import VirtualTime

SLACKS_ZERO = 1_795_000_000
"""What Slack's clock shows at the beginning, in seconds since 1970."""

Json = dict[str, Any]


class Denied(Exception):
    """Slack's answer `ok: false`, with its code."""


@dataclass(kw_only=True, slots=True)
class Sharing:
    """One message that carries a recording. `visible_from`: when `files.info` knows of it (virtual seconds)."""

    file: str
    channel: str
    ts: str
    thread: str
    visible_from: float


@dataclass(kw_only=True, slots=True)
class Recording:
    """A file that somebody uploaded; `sound` is what is in it."""

    file: str
    sound: str
    known_from: float
    sharings: list[Sharing] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class Reply:
    """A message of the bot's.

    `sent_at` and `taken_at` are when the call began and when Slack took it, `looked_at` when the process had looked for
    it last, if it had (virtual seconds). `answered`: the process that posted it has Slack's answer.
    """

    ts: str
    channel: str
    thread: str
    text: str
    mark: str
    files: tuple[str, ...]
    sent_at: float
    by: Host
    looked_at: float | None = None
    taken_at: float = 0.0
    answered: bool = False


class PretendedSlack:
    """The workspace. With `history` the bot may read threads. `on_reply` hears of every message of the bot's."""

    def __init__(self, *, time: VirtualTime, rng: random.Random, history: bool) -> None:
        self.time = time
        self.rng = rng
        self.history = history
        self.recordings: dict[str, Recording] = {}
        self.uploads: dict[str, str] = {}
        self.shared_files: dict[str, list[Sharing]] = {}
        self.replies: list[Reply] = []
        self.reports: dict[tuple[str, str], tuple[str, str]] = {}
        """Messages about progress by channel and timestamp: their thread and mark."""
        self.letters: list[Reply] = []
        """What came to one person alone."""
        self.reactions: set[tuple[str, str, str]] = set()
        self.loses_shares = 0
        """How many of the next files are accepted and never shown."""
        self.shows_after: tuple[float, ...] = (0.1, 0.5, 3, 20, 60)
        """Seconds until shared files are shown, any of them."""
        self.turned_down: set[tuple[str, str]] = set()
        """Threads in which a reply was refused for good."""
        self.on_reply: Callable[[Reply], None] = lambda _: None
        self.on_upload: Callable[[str, str], None] = lambda _file, _text: None
        self.on_change: Callable[[Reply, Host], None] = lambda _reply, _by: None
        self.knows_unfinished_files = False
        """Whether `files.info` knows a file that was handed over and not shared yet: Slack documents neither."""
        self.replies_are_found = True
        """Off, to see that somebody notices: then a thread that may be read shows no reply."""
        self._numbers = itertools.count(1)

    def stamp(self) -> str:
        """A message's timestamp, by Slack's clock."""
        return f"{SLACKS_ZERO + self.time.now + next(self._numbers) / 1e6:.6f}"

    def share(self, file: str, *, sound: str, channel: str, thread: str | None, lag: float) -> Sharing:
        """Somebody shares a recording; `files.info` knows of it `lag` seconds later."""
        now, ts = self.time.now, self.stamp()
        recording = self.recordings.setdefault(file, Recording(file=file, sound=sound, known_from=now + lag / 2))
        sharing = Sharing(file=file, channel=channel, ts=ts, thread=thread or ts, visible_from=now + lag)
        recording.sharings.append(sharing)
        return sharing

    # What the methods do. Each returns Slack's answer or raises `Denied`.

    def files_info(self, file: str) -> Json:
        if file in self.shared_files:
            return {"file": {"id": file, "shares": {"public": _places(self.shared_files[file], now=self.time.now)}}}
        if self.knows_unfinished_files and file in self.uploads:
            return {"file": {"id": file, "shares": {}}}
        recording = self.recordings.get(file)
        if recording is None or recording.known_from > self.time.now:
            raise Denied("file_not_found")
        return {
            "file": {
                "id": file,
                "name": f"{file}.m4a",
                "title": f"Note {file}",
                "mimetype": "audio/mp4",
                "filetype": "m4a",
                "size": 1000,
                "url_private_download": f"https://files.slack.com/{file}",
                "shares": {"public": _places(recording.sharings, now=self.time.now)},
            }
        }

    def conversations_info(self, channel: str) -> Json:
        return {"channel": {"id": channel, "is_member": True}}

    def conversations_replies(self, channel: str, thread: str) -> Json:
        if not self.history:
            raise Denied("missing_scope")
        found = [reply for reply in self.replies if (reply.channel, reply.thread) == (channel, thread)]
        reports = [
            (ts, mark) for (place, ts), (root, mark) in self.reports.items() if (place, root) == (channel, thread)
        ]
        return {
            "messages": [
                *(_marked(reply.ts, EVENT_TYPE, reply.mark) for reply in found if self.replies_are_found),
                *(_marked(ts, PROGRESS_TYPE, mark) for ts, mark in reports),
            ]
        }

    def report(self, given: Json, *, mark: str) -> Json:
        """Post a message about progress."""
        ts = self.stamp()
        self.reports[given["channel"], ts] = (given["thread_ts"], mark)
        return {"ts": ts}

    def post(self, reply: Reply) -> Json:
        reply.taken_at = self.time.now
        self._add(reply)
        return {"ts": reply.ts}

    def give_upload_url(self) -> Json:
        file = f"FR{next(self._numbers)}"
        return {"upload_url": f"https://files.slack.com/upload/{file}", "file_id": file}

    def take_upload(self, file: str, text: str) -> None:
        self.uploads[file] = text
        self.on_upload(file, text)

    def share_files(self, files: tuple[str, ...], *, reply: Reply) -> Json:
        """Answers before the message is there. A second time they are shared again: the harder case for an app."""
        if any(file not in self.uploads for file in files):
            raise Denied("file_not_found")
        reply.taken_at = self.time.now
        for file in files:
            self.shared_files.setdefault(file, [])
        if self.loses_shares:
            self.loses_shares -= 1
        else:
            self.time.at(self.rng.choice(self.shows_after), lambda: self._show(reply))
        return {"files": []}

    def change(self, given: Json, *, by: Host) -> Json:
        """Change a message and, where they are named, its files."""
        if (given["channel"], given["ts"]) in self.reports:
            return {"ts": given["ts"]}
        reply = self._find(given["channel"], given["ts"])
        files = tuple(given.get("file_ids") or ())
        if any(file not in self.shared_files for file in files):
            raise Denied("file_not_found")
        reply.text = str(given.get("text", "")) + str(given.get("blocks", ""))
        if "file_ids" in given:
            reply.files = files
        self.on_change(reply, by)
        return {"ts": reply.ts}

    def delete(self, channel: str, ts: str) -> Json:
        """Delete a message."""
        if self.reports.pop((channel, ts), None) is not None:
            return {}
        gone = self._find(channel, ts)
        (self.letters if gone in self.letters else self.replies).remove(gone)
        return {}

    def _find(self, channel: str, ts: str) -> Reply:
        for reply in [*self.replies, *self.letters]:
            if (reply.channel, reply.ts) == (channel, ts):
                return reply
        raise Denied("message_not_found")

    def finish(self, files: list[str]) -> Json:
        """Files that are there and shown nowhere."""
        for file in files:
            if file not in self.uploads:
                raise Denied("file_not_found")
            self.shared_files.setdefault(file, [])
        return {"files": []}

    def delete_file(self, file: str) -> Json:
        """Delete a file, from its message too."""
        if self.knows_unfinished_files and file in self.uploads and file not in self.shared_files:
            del self.uploads[file]
        elif self.shared_files.pop(file, None) is None:
            raise Denied("file_not_found")
        for reply in [*self.replies, *self.letters]:
            reply.files = tuple(other for other in reply.files if other != file)
        return {}

    def _show(self, reply: Reply) -> None:
        if is_private(reply.channel) and not self.shared_files.keys() >= set(reply.files):
            return  # deleted meanwhile
        reply.ts = self.stamp()
        for file in reply.files:
            sharing = Sharing(
                file=file,
                channel=reply.channel,
                ts=reply.ts,
                thread=reply.thread or reply.ts,
                visible_from=self.time.now,
            )
            self.shared_files[file].append(sharing)
        if is_private(reply.channel):
            self.letters.append(reply)
        else:
            self._add(reply)

    def _add(self, reply: Reply) -> None:
        self.replies.append(reply)
        self.on_reply(reply)


def is_private(channel: str) -> bool:
    """Whether it is somebody's direct conversation with the bot."""
    return channel.startswith("D")


def _places(sharings: list[Sharing], *, now: float) -> dict[str, list[Json]]:
    places: dict[str, list[Json]] = {}
    for sharing in sharings:
        if sharing.visible_from <= now:
            place = {"ts": sharing.ts} | ({} if sharing.thread == sharing.ts else {"thread_ts": sharing.thread})
            places.setdefault(sharing.channel, []).append(place)
    return places


class SlackLine(AsyncWebClient):
    """One process's client. `on_act` hears of a post or a sharing at the moment it is sent: its mark and files."""

    def __init__(self, slack: PretendedSlack, host: Host, *, on_act: Callable[[str, tuple[str, ...]], None]) -> None:
        super().__init__(token="xoxb-pretended")
        self._slack = slack
        self._host = host
        self._on_act = on_act
        self._looked: dict[str, float] = {}
        """When Slack answered last about a thread or a file."""

    async def api_call(self, api_method: str, **sent: Any) -> AsyncSlackResponse:
        """One method of the Web API. Raises as the real client does."""
        given = sent.get("json") or sent.get("data") or {}
        try:
            answer = await self._act(api_method, given)
        except Denied as denied:
            raise self._error(api_method, {"ok": False, "error": str(denied)}) from None
        except TurnedDown:
            raise self._error(api_method, {"ok": False, "error": self._why_not(api_method, given)}) from None
        except TooMany as limit:
            wait = {"Retry-After": str(int(limit.retry_after.total_seconds()))}
            raise self._error(api_method, {"ok": False, "error": "ratelimited"}, status=429, headers=wait) from None
        except (Unreached, BrokenOff):
            raise aiohttp.ServerDisconnectedError from None
        return self._response(api_method, {"ok": True, **answer}, headers={"x-oauth-scopes": "im:write"})

    async def _act(self, method: str, given: Json) -> Json:  # noqa: PLR0911 - one for each method
        slack = self._slack
        match method:
            case "files.info":
                return await self._look(given["file"], lambda: slack.files_info(given["file"]))
            case "conversations.info":
                return await self._call(Call.LOOK, lambda: slack.conversations_info(given["channel"]))
            case "conversations.replies":
                return await self._look(given["ts"], lambda: slack.conversations_replies(given["channel"], given["ts"]))
            case "reactions.add" | "reactions.remove":
                return await self._call(Call.REACT, lambda: self._react(method, given))
            case "files.getUploadURLExternal":
                return await self._call(Call.UPLOAD, slack.give_upload_url)
            case "chat.postMessage" if given["metadata"]["event_type"] == PROGRESS_TYPE:
                mark = given["metadata"]["event_payload"]["reply"]
                return await self._call(Call.REACT, lambda: slack.report(given, mark=mark))
            case "chat.postMessage":
                reply = self._reply(given, thread=given["thread_ts"], channel=given["channel"])
                return await self._say(Call.POST, reply, lambda: slack.post(reply))
            case "files.completeUploadExternal" if "channel_id" not in given:
                return await self._call(Call.UPLOAD, lambda: slack.finish([file["id"] for file in given["files"]]))
            case "files.completeUploadExternal":
                reply = self._reply(given, thread=given.get("thread_ts", ""), channel=given["channel_id"])
                return await self._say(Call.SHARE, reply, lambda: slack.share_files(reply.files, reply=reply))
            case _:
                return await self._change(method, given)

    async def _change(self, method: str, given: Json) -> Json:
        """What changes, or takes back, what was said; and who is asking."""
        slack = self._slack
        match method:
            case "auth.test":
                return await self._call(Call.LOOK, lambda: {"team_id": "T1", "user_id": "U0BOT"})
            case "conversations.open":
                return await self._call(Call.LOOK, lambda: {"channel": {"id": f"D{given['users']}"}})
            case "chat.postEphemeral":
                return await self._call(Call.REACT, dict)
            case "chat.update":
                return await self._call(Call.POST, lambda: slack.change(given, by=self._host))
            case "chat.delete":
                return await self._call(Call.REACT, lambda: slack.delete(given["channel"], given["ts"]))
            case "files.delete":
                return await self._call(Call.REACT, lambda: slack.delete_file(given["file"]))
            case _:
                raise AssertionError(f"nobody pretends {method}")

    async def _call(self, kind: Call, effect: Callable[[], Json]) -> Json:
        return await self._host.call(kind, effect, partner="slack")

    async def _look(self, what: str, effect: Callable[[], Json]) -> Json:
        def act() -> Json:
            self._looked[what] = self._slack.time.now
            return effect()

        return await self._call(Call.LOOK, act)

    async def _say(self, kind: Call, reply: Reply, effect: Callable[[], Json]) -> Json:
        if not is_private(reply.channel):
            self._on_act(reply.mark, reply.files)

        def answered() -> None:
            reply.answered = True

        return await self._host.call(kind, effect, partner="slack", on_answer=answered)

    def _reply(self, given: Json, *, thread: str, channel: str) -> Reply:
        files = tuple(file["id"] for file in given.get("files", ()))
        return Reply(
            ts=self._slack.stamp(),
            channel=channel,
            thread=thread,
            text=str(given.get("text", "")) + str(given.get("blocks", "")),
            mark=given.get("metadata", {}).get("event_payload", {}).get("reply", ""),
            files=files,
            sent_at=self._slack.time.now,
            looked_at=self._looked.get(files[0] if files else thread),
            by=self._host,
        )

    def _react(self, method: str, given: Json) -> Json:
        reaction = (given["channel"], given["timestamp"], given["name"])
        (self._slack.reactions.add if method.endswith("add") else self._slack.reactions.discard)(reaction)
        return {}

    def _why_not(self, method: str, given: Json) -> str:
        if method == "chat.postMessage" and self._host.rng.random() < 0.5:
            return self._host.rng.choice(["msg_blocks_too_long", "internal_error", "invalid_auth"])
        if method in {"chat.postMessage", "files.completeUploadExternal"}:
            self._slack.turned_down.add(
                (str(given.get("channel") or given.get("channel_id")), given.get("thread_ts", ""))
            )
        if method == "chat.update":
            changed = (given["channel"], given["ts"])
            self._slack.turned_down |= {
                (reply.channel, reply.thread) for reply in self._slack.replies if (reply.channel, reply.ts) == changed
            }
        return "is_archived"

    def _error(
        self, method: str, data: Json, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> SlackApiError:
        return SlackApiError(str(data["error"]), self._response(method, data, status=status, headers=headers))  # type: ignore[no-untyped-call]  # the SDK leaves it untyped

    def _response(
        self, method: str, data: Json, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> AsyncSlackResponse:
        return AsyncSlackResponse(
            client=self,
            http_verb="POST",
            api_url=method,
            req_args={},
            data=data,
            headers=headers or {},
            status_code=status,
        )


class UploadLine:
    """The session through which one process uploads the bytes of a transcript file."""

    def __init__(self, slack: PretendedSlack, host: Host) -> None:
        self._slack = slack
        self._host = host

    def post(self, address: str, *, data: bytes, **_how: object) -> AbstractAsyncContextManager[Any]:
        """Take the bytes."""
        return self._post(address.rsplit("/", 1)[-1], data.decode())

    @asynccontextmanager
    async def _post(self, file: str, text: str) -> AsyncIterator[Any]:
        try:
            await self._host.call(Call.UPLOAD, lambda: self._slack.take_upload(file, text), partner="slack")
        except TooMany as limit:
            yield SimpleNamespace(status=429, headers={"Retry-After": str(int(limit.retry_after.total_seconds()))})
            return
        except (Unreached, BrokenOff, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError):
                raise
            raise aiohttp.ServerDisconnectedError from None
        yield SimpleNamespace(status=200, headers={})


def _marked(ts: str, kind: str, mark: str) -> Json:
    return {"ts": ts, "metadata": {"event_type": kind, "event_payload": {"reply": mark}}}
