"""The load of the soak test: recordings that are shared, and what else Slack and strangers send meanwhile."""

from __future__ import annotations

import asyncio
import hashlib
import math
import random
import struct
import tempfile
import time
import wave
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp

from sandbox.slack import Channel, Share, Slack, Upload
from transcription.audio import convert

EVENTS, RECORDINGS = 50.0, 3.0
"""Per second."""

CHANNELS, VOICES = 60, 40
PRIVATE = 20
"""So many of the channels are private, and get new ids."""

DELETED = 0.05
"""The share of recordings that are deleted at once."""

TOKEN = "soak-webhook-token-0123456789"  # noqa: S105 - invented


@dataclass(kw_only=True)
class Offered:
    """What was shared, and how many events there were."""

    shares: list[tuple[Share, int]] = field(default_factory=list)
    deleted: list[Share] = field(default_factory=list)
    events: int = 0


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


class Load:
    """Shares one of `contents` in one of `channels`, and much else; `port` is where the bot listens."""

    def __init__(self, slack: Slack, *, channels: Sequence[Channel], contents: Sequence[bytes], port: int) -> None:
        self.offered = Offered()
        self._slack = slack
        self._channels = channels
        self._contents = contents
        self._port = port

    async def run(self, *, until: float) -> None:
        """Generate it until then, by `time.monotonic`."""
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            group.create_task(_at(RECORDINGS, self._share, until=until))
            group.create_task(_at(EVENTS - 2 * RECORDINGS, lambda: self._noise(session), until=until))

    async def _share(self) -> None:
        number = random.randrange(len(self._contents))
        upload = Upload(content=self._contents[number], name="note.wav", mimetype="audio/wav", filetype="wav")
        late = random.choice([0, 0, 0, 2])
        # A deletion of which Slack does not tell is none that the bot could know of.
        deleted = random.random() < DELETED and not self._slack.drops_events
        share = await self._slack.share(random.choice(self._channels), [upload], late_shares=late)
        if deleted:
            self._slack.delete_message(share.channel, share.ts)
            self.offered.deleted.append(share)
        else:
            self.offered.shares.append((share, number))
        self.offered.events += 2  # Slack sends two events for a recording

    async def _noise(self, session: aiohttp.ClientSession) -> None:
        self.offered.events += 1
        channel = random.choice(self._channels)
        match random.randrange(10):
            case 0 if told := [one.event_id for one in self._slack.deliveries[-200:] if one.event_id]:
                await self._slack.redeliver(random.choice(told))
            case 1:
                await self._slack.command("/transcripts", channel=channel)
            case 2:
                picture = Upload(content=b"\x89PNG", name="picture.png", mimetype="image/png", filetype="png")
                await self._slack.share(channel, [picture])
            case 3:
                forged = {"X-Slack-Signature": "v0=forged", "X-Slack-Request-Timestamp": str(int(time.time()))}
                await self._post(session, f"http://127.0.0.1:{self._port}/slack/events", headers=forged)
            case 4:
                await self._post(session, f"http://127.0.0.1:{self._port}/webhooks/gowajee?token=forged")
            case 5:
                await self._post(session, f"http://127.0.0.1:{self._port}/webhooks/gowajee?token={TOKEN}")
            case _:
                self._slack.say(channel, "Nothing to transcribe here.")

    async def _post(self, session: aiohttp.ClientSession, url: str, headers: dict[str, str] | None = None) -> None:
        with suppress(aiohttp.ClientError):
            async with session.post(url, json={"nonsense": random.random()}, headers=headers) as answer:
                await answer.read()


async def _at(rate: float, act: Callable[[], Awaitable[None]], *, until: float) -> None:
    begun: set[asyncio.Task[None]] = set()
    due = time.monotonic()
    while (now := time.monotonic()) < until:
        due = max(due + 1 / rate, now - 1)
        task = asyncio.ensure_future(act())
        begun.add(task)
        task.add_done_callback(begun.discard)
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    await asyncio.gather(*begun, return_exceptions=True)
