from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import av
import pytest

from sandbox.botlhale import Botlhale
from sandbox.slack import Slack
from tests.journeys.bench import Bench
from tests.journeys.forkserver import Nursery


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as running:
        yield running


@pytest.fixture(params=[False, True], ids=["not found", "without shares"])
def either_way(slack: Slack, request: pytest.FixtureRequest) -> None:
    """What Slack says of a file that was handed over and is not shared yet: it documents neither."""
    slack.knows_unfinished_files = request.param


@pytest.fixture
async def bench(slack: Slack, tmp_path: Path) -> AsyncIterator[Bench]:
    async with Botlhale() as botlhale:
        bench = Bench(slack, botlhale, tmp_path)
        yield bench
        await bench.stop()


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    started = Nursery()
    yield started
    started.close()


@pytest.fixture(scope="session")
def silent_video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("video") / "silent.mp4"
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        for _ in range(10):
            frame = av.VideoFrame(32, 32, "yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path.read_bytes()
