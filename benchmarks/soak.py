"""Soak test: ten minutes of a busy workspace with faults and kills; at the end no reply may be doubled or lost.

About 50 events per second, including 3 short recordings. One call in twenty fails, at Slack and at both providers, in
every way that the stand-ins support. The bot is killed with SIGKILL every few seconds and restarted with one of the two
providers. Private channels get new ids, Slack drops events for a while, and some recordings are deleted as soon as
they are shared, so that the deletion is often heard first. Then the load and the faults end: every recording must have
exactly one reply in its own thread, with its own words or with an explanation. Nothing may be left of a deleted one.

    python -m benchmarks.soak [--minutes 10] [--database postgresql://…]

With PostgreSQL, one process listens and two work, and any of them may be killed.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import os
import random
import signal
import struct
import sys
import tempfile
import time
import wave
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import aiohttp
import click

from sandbox import faults
from sandbox.botlhale import Botlhale
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.script import Heard, Segment
from sandbox.slack import Channel, Message, Share, Slack, Upload
from transcription.audio import convert

EVENTS, RECORDINGS = 50.0, 3.0
"""Per second."""

FAULTY = 0.05
"""The share of calls that fail."""

CHANNELS, VOICES = 60, 40
PRIVATE = 20
"""So many of the channels are private, and get new ids."""

ANOTHER_ID = (5.0, 15.0)
"""Seconds between two changes of an id."""

DROPPING, DROPPED_FOR = (40.0, 80.0), 5.0
"""Seconds between two times in which Slack drops events, and their length."""

DELETED = 0.05
"""The share of recordings that are deleted at once."""

LIFE = (5.0, 25.0)
"""Minimum and maximum seconds between two kills."""

DRAIN = 900.0
"""Seconds after which a recording without a reply counts as lost."""

JSON = "application/json"
SLACK_FAULTS = (
    faults.hang_up_before(),
    faults.hang_up_after(),
    faults.rate_limited(1),
    faults.answer(500),
    faults.slow(2),
    faults.answer(503, b"<html>over capacity</html>", Retry_After="2"),
    faults.answer(200, b"[]", Content_Type=JSON),
    faults.answer(200, b"<html>over capacity</html>", Content_Type="text/html"),
    faults.answer(200, b'{"ok": tru', Content_Type=JSON),
    faults.answer(200, b'{"ok": false, "error": "internal_error"}', Content_Type=JSON),
)
PROVIDER_FAULTS = (
    faults.hang_up_before(),
    faults.hang_up_after(),
    faults.rate_limited(1),
    faults.answer(500),
    faults.slow(2),
    faults.answer(503, Retry_After="2"),
    faults.answer(200, b"<html>", Content_Type="text/html"),
    faults.answer(502, act=True),
)
TOKEN = "soak-webhook-token-0123456789"  # noqa: S105 - invented


@dataclass(kw_only=True)
class Tally:
    """What happened during the test."""

    shares: list[tuple[Share, int]] = field(default_factory=list)
    deleted: list[Share] = field(default_factory=list)
    moved: int = 0
    drops: int = 0
    events: int = 0
    kills: int = 0
    largest: int = 0


class Process:
    """One `threadscribe run` that is restarted whenever it ends."""

    def __init__(self, folder: Path, *, environment: dict[str, str], only: str | None = None) -> None:
        self._folder = folder
        self._environment = environment
        self._arguments = ["--only", only] if only else []
        self.running: asyncio.subprocess.Process | None = None

    async def keep(self) -> None:
        """Keep it running until cancelled; each start chooses a provider at random."""
        self._folder.mkdir(exist_ok=True)
        with (self._folder / "bot.log").open("ab") as log:
            while True:
                chosen = {"TRANSCRIBER": random.choice(["botlhale", "gowajee"])}
                self.running = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "bot",
                    "run",
                    *self._arguments,
                    cwd=self._folder,
                    env=self._environment | chosen,
                    stderr=log,
                )
                try:
                    await self.running.wait()
                finally:
                    if self.running.returncode is None:
                        self.running.terminate()
                        await self.running.wait()

    def kill(self) -> None:
        """Kill it with SIGKILL, like a power cut."""
        if self.running is not None and self.running.returncode is None:
            self.running.send_signal(signal.SIGKILL)

    @property
    def memory(self) -> int:
        """Return its resident memory in bytes; 0 if the system does not tell."""
        if self.running is None or self.running.returncode is not None:
            return 0
        with suppress(OSError):
            pages = int(Path(f"/proc/{self.running.pid}/statm").read_text().split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE")
        return 0


def tone(hertz: int) -> bytes:
    """Return a tone of a second and a half as WAV."""
    rate, seconds = 8000, 1.5
    samples = [round(9000 * math.sin(math.tau * hertz * n / rate)) for n in range(round(rate * seconds))]
    with tempfile.TemporaryFile() as file:
        with wave.open(file, "wb") as written:
            written.setnchannels(1)
            written.setsampwidth(2)
            written.setframerate(rate)
            written.writeframes(struct.pack(f"<{len(samples)}h", *samples))
        file.seek(0)
        return file.read()


async def voices(folder: Path) -> tuple[list[bytes], dict[str, int]]:
    """Return the recordings, and their numbers by the hash of the WAV that the provider gets."""
    contents = [tone(200 + 10 * number) for number in range(VOICES)]
    known = {}
    for number, content in enumerate(contents):
        source, target = folder / "voice", folder / "voice.wav"
        source.write_bytes(content)
        await convert(source, target, sample_rate=16_000, longest=timedelta(minutes=400))
        known[hashlib.sha256(target.read_bytes()).hexdigest()] = number
    return contents, known


def words(number: int) -> str:
    """Return the words of a recording."""
    return f"This is recording number {number} of the busy day."


class Soak:
    """The soak test: load, kills and verdict."""

    def __init__(self, slack: Slack, *, processes: Sequence[Process], channels: Sequence[Channel]) -> None:
        self.tally = Tally()
        self._slack = slack
        self._processes = processes
        self._channels = channels
        self._end = 0.0

    async def busy(self, seconds: float, *, contents: Sequence[bytes], port: int) -> None:
        """Generate load for `seconds`."""
        self._end = time.monotonic() + seconds
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            group.create_task(self._at(RECORDINGS, lambda: self._share(contents)))
            group.create_task(self._at(EVENTS - 2 * RECORDINGS, lambda: self._noise(session, port)))
            group.create_task(self._kill())
            group.create_task(self._move())
            group.create_task(self._drop())
            group.create_task(self._watch())

    async def _at(self, rate: float, act: Callable[[], Awaitable[None]]) -> None:
        begun: set[asyncio.Task[None]] = set()
        due = time.monotonic()
        while (now := time.monotonic()) < self._end:
            due = max(due + 1 / rate, now - 1)
            task = asyncio.ensure_future(act())
            begun.add(task)
            task.add_done_callback(begun.discard)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        await asyncio.gather(*begun, return_exceptions=True)

    async def _share(self, contents: Sequence[bytes]) -> None:
        number = random.randrange(len(contents))
        upload = Upload(content=contents[number], name="note.wav", mimetype="audio/wav", filetype="wav")
        late = random.choice([0, 0, 0, 2])
        # A deletion of which Slack does not tell is none that the bot could know of.
        deleted = random.random() < DELETED and not self._slack.drops_events
        share = await self._slack.share(random.choice(self._channels), [upload], late_shares=late)
        if deleted:
            self._slack.delete_message(share.channel, share.ts)
            self.tally.deleted.append(share)
        else:
            self.tally.shares.append((share, number))
        self.tally.events += 2  # Slack sends two events for a recording

    async def _noise(self, session: aiohttp.ClientSession, port: int) -> None:
        self.tally.events += 1
        channel = random.choice(self._channels)
        match random.randrange(10):
            case 0 if self._slack.deliveries:
                await self._slack.redeliver(random.choice(self._slack.deliveries[-200:]).event_id)
            case 1:
                await self._slack.command("/transcripts", channel=channel)
            case 2:
                picture = Upload(content=b"\x89PNG", name="picture.png", mimetype="image/png", filetype="png")
                await self._slack.share(channel, [picture])
            case 3:
                forged = {"X-Slack-Signature": "v0=forged", "X-Slack-Request-Timestamp": str(int(time.time()))}
                await self._post(session, f"http://127.0.0.1:{port}/slack/events", headers=forged)
            case 4:
                await self._post(session, f"http://127.0.0.1:{port}/webhooks/gowajee?token=forged")
            case 5:
                await self._post(session, f"http://127.0.0.1:{port}/webhooks/gowajee?token={TOKEN}")
            case _:
                self._slack.say(channel, "Nothing to transcribe here.")

    async def _post(self, session: aiohttp.ClientSession, url: str, headers: dict[str, str] | None = None) -> None:
        with suppress(aiohttp.ClientError):
            async with session.post(url, json={"nonsense": random.random()}, headers=headers) as answer:
                await answer.read()

    async def _kill(self) -> None:
        while time.monotonic() < self._end:
            await asyncio.sleep(random.uniform(*LIFE))
            random.choice(self._processes).kill()
            self.tally.kills += 1

    async def _move(self) -> None:
        private = [channel for channel in self._channels if channel.kind == "private"]
        while time.monotonic() < self._end:
            await asyncio.sleep(random.uniform(*ANOTHER_ID))
            self.tally.moved += 1
            await self._slack.change_channel_id(random.choice(private))

    async def _drop(self) -> None:
        while time.monotonic() < self._end:
            await asyncio.sleep(random.uniform(*DROPPING))
            self.tally.drops += 1
            self._slack.drops_events = True
            while (await self._slack.limit_events()).status != HTTPStatus.OK:  # noqa: ASYNC110 - until it is heard
                await asyncio.sleep(0.5)
            await asyncio.sleep(DROPPED_FOR)
            self._slack.drops_events = False

    async def _watch(self) -> None:
        begun = time.monotonic()
        while time.monotonic() < self._end:
            await asyncio.sleep(min(30, max(0.0, self._end - time.monotonic()) + 0.01))
            self.tally.largest = max(self.tally.largest, *(process.memory for process in self._processes))
            answered = sum(bool(self._slack.replies(share)) for share, _ in self.tally.shares)
            elapsed = time.monotonic() - begun
            print(
                f"{elapsed:4.0f} s: {self.tally.events} events ({self.tally.events / elapsed:.0f}/s), "
                f"{len(self.tally.shares)} recordings, {answered} answered, {self.tally.kills} kills",
                flush=True,
            )

    async def quiet(self) -> float:
        """Wait until every recording has a reply, or the time is over. Return the seconds."""
        begun = time.monotonic()
        while time.monotonic() - begun < DRAIN:
            if all(self._slack.replies(share) for share, _ in self.tally.shares) and not self.left_behind():
                break
            await asyncio.sleep(1)
        await asyncio.sleep(5)  # a second reply would arrive now
        return time.monotonic() - begun

    def verdict(self) -> Counter[str]:
        """Return how each recording ended."""
        return Counter(_end_of(self._slack.replies(share), words(number)) for share, number in self.tally.shares)

    def left_behind(self) -> int:
        """Return how many deleted recordings still have a reply."""
        return sum(bool(self._slack.replies(share)) for share in self.tally.deleted)

    def astray(self) -> int:
        """Return the number of the bot's messages outside the recordings' threads."""
        spoken = [message for channel in self._channels for message in self._slack.messages(channel.id)]
        shares = [*(share for share, _ in self.tally.shares), *self.tally.deleted]
        return len([message for message in spoken if message.by_bot]) - sum(
            len(self._slack.replies(share)) for share in shares
        )


def _end_of(replies: Sequence[Message], wanted: str) -> str:
    if not replies:
        return "lost"
    if len(replies) > 1:
        return "doubled"
    said = str(replies[0].blocks)
    if "recording number" not in said:
        return "failed with a sentence"
    return "replied" if wanted in said else "with another's words"


async def soak(*, minutes: float, database: str | None) -> int:
    """Run the test and print the result. Return 1 if a reply was doubled, lost or misplaced."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        contents, known = await voices(folder)

        def hear(heard: Heard) -> list[Segment]:
            return [Segment(start=0, end=heard.seconds, speaker=0, text=words(known[heard.sha256]))]

        slack = await stack.enter_async_context(Slack(retry_delays=(0.5, 1, 2, 4, 8, 16, 32, 64)))
        slack.scopes |= {"channels:history", "groups:history"}
        slack.subscriptions |= {"message", "channel_id_changed"}
        port = free_port()
        webhook = f"http://127.0.0.1:{port}/webhooks/gowajee?token={TOKEN}"
        botlhale = await stack.enter_async_context(Botlhale())
        gowajee = await stack.enter_async_context(Gowajee(webhook_url=webhook))
        botlhale.script = gowajee.script = hear
        slack.events_url = f"http://127.0.0.1:{port}/slack/events"
        environment = {
            "PATH": os.environ["PATH"],
            "LOG_LEVEL": "warning",
            "ALLOW_SLACK_CONNECT": "true",
            "HTTP_PORT": str(port),
            "SOONEST_LOOK": "0.5",
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_SIGNING_SECRET": slack.signing_secret,
            "SLACK_API_URL": slack.api_url,
            "SLACK_FILE_ORIGINS": slack.origin,
            "DATABASE_URL": database or "sqlite:///bot.db",
            "BOTLHALE_BASE_URL": botlhale.origin,
            "BOTLHALE_ORG_ID": botlhale.org_id,
            "BOTLHALE_REFRESH_TOKEN": botlhale.refresh_token,
            "GOWAJEE_BASE_URL": gowajee.origin,
            "GOWAJEE_API_KEY": gowajee.api_key,
            "GOWAJEE_WEBHOOK_ID": gowajee.webhook_id,
            "GOWAJEE_WEBHOOK_TOKEN": TOKEN,
        }
        roles = (
            [("web", "web", port), ("one", "worker", 0), ("two", "worker", 0)] if database else [("bot", None, port)]
        )
        processes = [
            Process(folder / name, environment=environment | {"HTTP_PORT": str(at)}, only=only)
            for name, only, at in roles
        ]
        kept = [asyncio.create_task(process.keep()) for process in processes]
        channels = [
            slack.channel(f"team-{number}", kind="private" if number < PRIVATE else "public")
            for number in range(CHANNELS)
        ]
        day = Soak(slack, processes=processes, channels=channels)
        troubles = ((slack, SLACK_FAULTS), (botlhale, PROVIDER_FAULTS), (gowajee, PROVIDER_FAULTS))
        for stand_in, kinds in troubles:
            stand_in.faults.persist(kinds, share=FAULTY)
        await day.busy(minutes * 60, contents=contents, port=port)
        for stand_in, _ in troubles:
            stand_in.faults.clear()
        drained = await day.quiet()
        for task in kept:
            task.cancel()
        await asyncio.gather(*kept, return_exceptions=True)
        left = [room for process in (name for name, _, _ in roles) for room in _rooms(folder / process)]
        return _report(day, drained=drained, left=len(left))


def _rooms(folder: Path) -> list[Path]:
    spool = folder / "threadscribe-spool"
    return list(spool.iterdir()) if spool.exists() else []


def _report(day: Soak, *, drained: float, left: int) -> int:
    ends, tally = day.verdict(), day.tally
    print(f"\nevents offered           {tally.events}\nkills                    {tally.kills}")
    print(
        f"largest process          {tally.largest / 2**20:.0f} MiB\nall answered after       {drained:.0f} s of quiet"
    )
    print(f"ids changed              {tally.moved}\ntimes of dropped events  {tally.drops}")
    print(f"accepted                 {len(tally.shares)}\ndeleted at once          {len(tally.deleted)}")
    for end in ("replied", "failed with a sentence", "with another's words", "doubled", "lost"):
        print(f"{end:25}{ends[end]}")
    print(f"{'left of deleted ones':25}{day.left_behind()}")
    print(f"{'in no thread':25}{day.astray()}\n{'left in the spool':25}{left}")
    wrong = ends["doubled"] or ends["lost"] or ends["with another's words"] or day.astray() or day.left_behind()
    return int(bool(wrong))


@click.command()
@click.option("--minutes", default=10.0, show_default=True)
@click.option("--database", help="postgresql://… of an empty database; without it SQLite.")
def main(minutes: float, database: str | None) -> None:
    """Run the soak."""
    sys.exit(asyncio.run(soak(minutes=minutes, database=database)))


if __name__ == "__main__":
    main()
