"""Relay or convert a recording as the bot does, in a separate process that prints its cost.

`python -m benchmarks.relay send PORT BYTES` downloads this many bytes as from Slack and uploads them as to a provider's
storage, without a conversion. `python -m benchmarks.relay convert FILE` only converts.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import statistics
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from pydantic import SecretStr

from benchmarks.measuring import folder, memory_of
from bot.provider_client import new_client
from bot.slack.downloads import Downloads
from bot.slack.tokens import StaticToken
from bot.web.session import new_session
from transcription import audio
from transcription.botlhale.form import UploadForm
from transcription.botlhale.storage import store
from transcription.errors import TooLong
from transcription.transcriber import Audio

TICK = 0.002
"""Interval in seconds of the timer that measures delays of the event loop."""


async def send(port: int, size: int) -> None:
    """Relay once."""
    origin = f"http://127.0.0.1:{port}"
    with folder() as base:
        async with new_session() as session, new_client() as client:
            downloads = Downloads(session=session, token=StaticToken(SecretStr("xoxb-relay")), origins=(origin,))
            await _relay(downloads, client, origin, base, size=1000)  # so that everything is imported and connected
            idle = await _delays(asyncio.sleep(0.5))
            before, spent = memory_of(os.getpid()), _cpu()
            began = time.perf_counter()
            busy = await _delays(_relay(downloads, client, origin, base, size=size))
            passed = time.perf_counter() - began
    print(
        json.dumps(
            {
                "rate": size / passed / 2**20,
                "cpu": _cpu() - spent,
                "idle": idle,
                "lag": busy,
                "growth": (memory_of(os.getpid(), "VmHWM") - before) / 2**20,
            }
        )
    )


async def _relay(downloads: Downloads, client: httpx.AsyncClient, origin: str, base: Path, *, size: int) -> None:
    recording = base / "recording.wav"
    await downloads.fetch(f"{origin}/{size}", recording, largest=size)
    sound = Audio(key="relay", path=recording, duration=timedelta(hours=1), sample_rate=16_000)
    form = UploadForm(url=f"{origin}/", fields=(("key", "relay.wav"),), made_at=datetime.now(UTC), expires_in=3600)
    await store(client, audio=sound, form=form)


async def _delays(work: object) -> float:
    """Return the 99th percentile of a timer's delay while `work` runs, in milliseconds."""
    late: list[float] = []

    async def tick() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(TICK)
            late.append(time.perf_counter() - began - TICK)

    ticking = asyncio.create_task(tick())
    await work  # type: ignore[misc]  # a coroutine
    ticking.cancel()
    with suppress(asyncio.CancelledError):
        await ticking
    return statistics.quantiles(late, n=100)[98] * 1000


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def convert(source: Path) -> None:
    """Convert once. The codec runs in its own process, so the measured growth is only the bot's."""
    with folder() as base:
        with suppress(TooLong):  # so that everything is imported
            await audio.convert(source, base / "w.wav", sample_rate=16_000, longest=timedelta(seconds=1), stereo=False)
        before = memory_of(os.getpid())
        await audio.convert(source, base / "recording.wav", sample_rate=16_000, longest=None, stereo=False)
    print(json.dumps({"growth": (memory_of(os.getpid(), "VmHWM") - before) / 2**20}))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["send", port, size]:
            asyncio.run(send(int(port), int(size)))
        case ["convert", path]:
            asyncio.run(convert(Path(path)))
