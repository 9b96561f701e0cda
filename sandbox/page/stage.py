"""The workspace that the page shows: conversations and people, what the person does, and the two switches."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox.page.bot_process import BotProcess
from sandbox.page.ephemerals import Ephemerals
from sandbox.page.providers import Providers
from sandbox.slack import Channel, Share, Slack, Upload
from sandbox.slack.clients import InEphemeral, InMessage, InView, Submitted, Where
from sandbox.slack.values import Json
from sandbox.voices import SAMPLES, Sample
from sandbox.wire_log import WireLog

DOWN = 1.5
"""Seconds between the death of the bot and the start of the next one, so that one sees it gone."""

HELD = 1.0
"""Seconds that the providers are held back once the bot is there again."""

RETRIES = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between the attempts to deliver an event; Slack's are 0, 60 and 300."""

KINDS = {"webm": "audio/webm", "ogg": "audio/ogg", "m4a": "audio/mp4", "mp3": "audio/mpeg", "wav": "audio/wav"}
KINDS |= {"mp4": "video/mp4", "mov": "video/quicktime", "flac": "audio/flac"}
"""What a browser does not always know of a file's type."""

OFFERED = {
    "note": ("About the delivery", "voice note"),
    "dialogue": ("Call with the customer", "call"),
    "clip": ("Check of the water pump", "video"),
    "meeting": ("Monthly meeting", "meeting"),
}
"""The samples that the page offers: the title of each, and what it is."""


class NotAnswered(Exception):
    """The app did not acknowledge in time: Slack tells the person so."""


class NoSuchCommand(Exception):
    """The app has no such command, so it was not sent. The sentence is for the person."""


class Stage:
    """One workspace with one person at the page, Amara.

    `manifest` says what the app is installed with, and `notice` what to expect of its transcripts. Shared files are
    kept in `folder`. `program` is how the program is started in this machine's terminal.
    """

    def __init__(
        self,
        slack: Slack,
        *,
        bot: BotProcess,
        providers: Providers,
        log: WireLog,
        folder: Path,
        manifest: Json,
        notice: str = "",
        program: str = "threadscribe",
    ) -> None:
        self.slack = slack
        self.bot = bot
        self.providers = providers
        self.log = log
        self.manifest = manifest
        self.notice = notice
        self.program = program
        self.person = slack.user("amara")
        self.ephemerals = Ephemerals(slack, person=self.person)
        self._folder = folder
        self._files = 0
        self._killing = False
        self._over = False
        self._restarting: asyncio.Task[None] | None = None
        people = ("amara", "sipho", "naledi")
        self.general = slack.channel("general", people=people)
        self.project = slack.channel("project", people=people)
        self.private = slack.channel("interviews", kind="private", people=("amara", "naledi"))
        self.direct = slack.channel("amara", kind="im", people=("amara",))
        self._furnish()
        _install(slack, manifest)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        if self._restarting is not None:
            self._restarting.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await self._restarting

    def _furnish(self) -> None:
        """Have people say something before the app is installed, so that it hears nothing of that."""
        slack, sipho, naledi = self.slack, self.slack.user("sipho"), self.slack.user("naledi")
        slack.say(self.general, "Morning! Anything from the depot yet?", user=sipho)
        slack.say(self.project, "How did the call with the customer go? Please share the recording here.", user=naledi)

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever something on the page may look different."""
        self.slack.watch(changed)
        self.log.watchers.append(lambda _: changed())
        self.bot.watch(changed)

    def channel(self, channel_id: str) -> Channel:
        """Return a conversation of the person. Raises KeyError."""
        for channel in self.slack.channels:
            if channel.id == channel_id and self.person in channel.members:
                return channel
        raise KeyError(channel_id)

    def new_file(self, name: str) -> Path:
        """Return the path of a new file to write to."""
        self._files += 1
        return self._folder / f"{self._files}{_ending(name)}"

    async def share(
        self,
        channel: Channel,
        content: Path,
        *,
        name: str,
        mimetype: str = "",
        thread_ts: str | None = None,
        text: str = "",
        recorded_ms: int | None = None,
        title: str | None = None,
    ) -> Share:
        """Share a file. `recorded_ms` is the length of what was just recorded with the microphone."""
        filetype = _ending(name).lstrip(".").lower() or "bin"
        kind = mimetype.partition(";")[0].strip() or KINDS.get(filetype, "application/octet-stream")
        recorded = recorded_ms is not None
        upload = Upload(
            content=content,
            name=name,
            title=title or ("Voice note" if recorded else None),
            mimetype=kind,
            filetype=filetype,
            subtype="slack_audio" if recorded else None,
            duration_ms=recorded_ms,
        )
        return await self.slack.share(channel, [upload], user=self.person, thread_ts=thread_ts, text=text)

    async def share_sample(self, channel: Channel, sample: str, *, thread_ts: str | None = None) -> Share:
        """Share a sample recording. Raises KeyError."""
        (title, _), path = OFFERED[sample], SAMPLES[sample].path
        return await self.share(channel, path, name=path.name, thread_ts=thread_ts, title=title)

    async def command(self, channel: Channel, text: str) -> None:
        """Send a slash command. Raises `NotAnswered`, `NoSuchCommand`."""
        name, _, rest = text.strip().partition(" ")
        known = [command["command"] for command in self.manifest["features"].get("slash_commands", [])]
        if name not in known:
            raise NoSuchCommand(f"{name} isn't a command here." + "".join(f" Try {first}." for first in known[:1]))
        answer = await self.slack.command(name, rest.strip(), channel=channel, user=self.person)
        if answer.status is None:
            raise NotAnswered
        self.ephemerals.follow(answer, channel_id=channel.id)

    async def use(self, place: Mapping[str, str], action: Json, values: Json) -> None:
        """Use a control of a message, an ephemeral message, a modal or the App Home. Raises `NotAnswered`, KeyError."""
        pressed = self.ephemerals.find(place["ts"]) if place["kind"] == "ephemeral" else None
        answer = await self.slack.use(_where(place), action, values=values, user=self.person)
        if answer.status is None:
            raise NotAnswered
        if "channel" in place:
            self.ephemerals.follow(answer, channel_id=place["channel"], pressed=pressed)

    async def submit(self, view_id: str, values: Json) -> Submitted:
        """Submit a modal. Raises `NotAnswered`, KeyError."""
        submitted = await self.slack.submit(view_id, values, user=self.person)
        if submitted.outcome == "failed":
            raise NotAnswered
        return submitted

    async def choose(self, callback_id: str, message: InMessage | None) -> None:
        """Choose a shortcut, of a message or a global one. Raises `NotAnswered`, KeyError."""
        answer = await self.slack.choose_shortcut(callback_id, message=message, user=self.person)
        if answer.status is None:
            raise NotAnswered
        channel_id = message.channel_id if message else self.direct.id
        self.ephemerals.follow(answer, channel_id=channel_id)

    async def kill(self) -> int | None:
        """Hold the providers back, kill the bot's process and start another one; return the id of the killed one.

        None if there is nothing to kill, or somebody else just kills it.
        """
        if self.bot.state != "running" or self._killing:
            return None
        self._killing = True
        try:
            self.providers.hold()
            pid = await self.bot.kill()
            if not self._over:
                self._restarting = asyncio.create_task(self._restart())
        finally:
            self._killing = False
        return pid

    async def _restart(self) -> None:
        try:
            await asyncio.sleep(DOWN)
            try:
                await self.bot.start()
            except OSError:
                await self.bot.stop()  # the page shows that it stopped, and on the wire what it said last
            await asyncio.sleep(HELD)
        finally:
            self.providers.release()

    @property
    def samples(self) -> list[dict[str, str]]:
        """Return the samples that are offered: `name`, `title`, and a `note` of what it is."""
        return [
            {"name": name, "title": title, "note": f"A {what} of {_length(SAMPLES[name])}"}
            for name, (title, what) in OFFERED.items()
        ]

    @property
    def shortcuts(self) -> list[dict[str, Any]]:
        """Return the app's shortcuts: `name`, `type` (`message` or `global`), `callback_id`."""
        return list(self.manifest["features"].get("shortcuts", []))


def _install(slack: Slack, manifest: Json) -> None:
    """Grant the app what its manifest asks for."""
    slack.scopes |= set(manifest["oauth_config"]["scopes"]["bot"])
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    slack.subscriptions = {name.partition(".")[0] for name in events}
    slack.retry_delays = RETRIES


def _where(place: Mapping[str, str]) -> Where:
    match place["kind"]:
        case "message":
            return InMessage(channel_id=place["channel"], ts=place["ts"])
        case "ephemeral":
            return InEphemeral(channel_id=place["channel"], ts=place["ts"])
        case _:
            return InView(view_id=place["view"])


def _length(sample: Sample) -> str:
    voices = "one voice" if sample.speakers == 1 else f"{sample.speakers} voices"
    return f"{sample.lines[-1].end:.0f} seconds, {voices}"


def _ending(name: str) -> str:
    found = re.search(r"\.[A-Za-z0-9]{1,8}$", name)
    return found.group() if found else ""
