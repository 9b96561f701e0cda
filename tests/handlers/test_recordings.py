"""A hosted recording is served to whoever has its address, as downloaders ask for it, and to nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from bot.web.hosting import Hosting
from bot.web.server import Listening, make_server
from handlers import recordings
from transcription.transcriber import Audio

SOUND = b"RIFF" + bytes(range(256)) * 100
JOB = "abcdefgh23"


class Place:
    """The route on a real port, and the path of one recording."""

    def __init__(self, root: str, path: str, file: Path) -> None:
        self.root = root
        self.path = path
        self._file = file

    def address(self, path: str | None = None) -> URL:
        return URL(self.root + (path or self.path), encoded=True)

    def signature(self) -> str:
        return self.path.split("/")[3]

    def remove(self) -> None:
        self._file.unlink()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    audio = stored(tmp_path / "spool" / f"job-{JOB}")
    hosting = Hosting(public_url="https://bot.example", secret="known to nobody", folder=tmp_path / "spool")
    server = make_server()
    recordings.register(server, find=hosting.find)
    listening = await Listening.start(server, host="127.0.0.1", port=0)
    path = hosting.address(audio).removeprefix("https://bot.example")
    yield Place(f"http://127.0.0.1:{listening.port}", path, audio.path)
    await listening.stop()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


def stored(room: Path) -> Audio:
    room.mkdir(parents=True)
    (room / "audio.wav").write_bytes(SOUND)
    (room / "original").write_bytes(b"private")
    (room.parent / "beside.wav").write_bytes(b"private")
    return Audio(key=JOB, path=room / "audio.wav", duration=timedelta(seconds=1), sample_rate=16_000)


async def test_the_whole_recording_is_sent_as_wav_and_kept_by_nobody_on_the_way(
    place: Place, session: aiohttp.ClientSession
) -> None:
    async with session.get(place.address()) as response:
        assert response.status == 200
        assert response.content_type == "audio/wav"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Accept-Ranges"] == "bytes"
        assert await response.read() == SOUND


async def test_a_downloader_may_ask_how_large_it_is_first(place: Place, session: aiohttp.ClientSession) -> None:
    async with session.head(place.address()) as response:
        assert response.status == 200
        assert response.headers["Content-Length"] == str(len(SOUND))
        assert await response.read() == b""


@pytest.mark.parametrize(
    ("asked", "sent"),
    [("bytes=0-9", SOUND[:10]), ("bytes=100-", SOUND[100:]), ("bytes=-7", SOUND[-7:]), ("bytes=5-999999", SOUND[5:])],
)
async def test_a_part_is_sent_where_a_part_is_asked_for(
    place: Place, session: aiohttp.ClientSession, asked: str, sent: bytes
) -> None:
    async with session.get(place.address(), headers={"Range": asked}) as response:
        assert response.status == 206
        assert response.headers["Content-Range"].endswith(f"/{len(SOUND)}")
        assert response.content_type == "audio/wav"
        assert await response.read() == sent


async def test_a_part_beyond_the_end_is_refused(place: Place, session: aiohttp.ClientSession) -> None:
    async with session.get(place.address(), headers={"Range": "bytes=999999-"}) as response:
        assert response.status == 416


@pytest.mark.parametrize(
    "path",
    [
        "/recordings/{job}/{forged}/audio.wav",
        "/recordings/zzzzzzzz23/{signature}/audio.wav",
        "/recordings/{job}/{signature}/original",
        "/recordings/{job}/{signature}/",
        "/recordings/{job}/{signature}/..%2fbeside.wav",
        "/recordings/{job}/{signature}/%2e%2e%2fbeside.wav",
        "/recordings/{job}/{signature}/..%5cbeside.wav",
        "/recordings/..%2f{job}/{signature}/audio.wav",
        "/recordings/{job}/{signature}/audio.wav%00",
        "/recordings/{job}/%ff%fe/audio.wav",
        "/recordings/%2e%2e/{signature}/beside.wav",
        "/recordings/",
    ],
)
async def test_any_other_address_is_not_there(place: Place, session: aiohttp.ClientSession, path: str) -> None:
    filled = path.format(job=JOB, signature=place.signature(), forged="0" * 64)
    async with session.get(place.address(filled)) as response:
        assert response.status == 404
        assert b"private" not in await response.read()


async def test_a_recording_cannot_be_replaced_or_removed_from_outside(
    place: Place, session: aiohttp.ClientSession
) -> None:
    for method in ("POST", "PUT", "DELETE"):
        async with session.request(method, place.address()) as response:
            assert response.status == 405


async def test_when_the_job_is_done_the_address_is_not_there_any_more(
    place: Place, session: aiohttp.ClientSession
) -> None:
    place.remove()
    async with session.get(place.address()) as response:
        assert response.status == 404
