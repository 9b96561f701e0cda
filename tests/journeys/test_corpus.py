"""Every item of the corpus, shared with a bot in a process of its own whose memory and disk are watched."""

import asyncio
import contextlib
import hashlib
import io
import signal
import sys
import wave
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Row, connect

import pytest

from sandbox.botlhale import Botlhale
from sandbox.script import BOTLHALE_LINES, Heard, Segment, invent
from sandbox.slack import Channel, Message, Share, Slack, Upload
from tests.bot.processes import for_slack
from tests.corpus.items import LARGE, LONG, SMALL, End, Item
from tests.corpus.processes import children, needs_proc, peak_memory, written_in
from tests.journeys.bench import botlhale_settings, only_reply, recording, words_of

MEGABYTE = 2**20
BOT_GROWS = 32 * MEGABYTE
"""What the bot may need more for any recording than for a voice note; measured: 10."""

DECODER = 128 * MEGABYTE
"""What a decoder may need for any of the corpus; measured: 47. Its hard limit is a gigabyte of address space."""

pytestmark = needs_proc


class Apart:
    """A bot in a process of its own: what its database tells, and the most that it and its decoders ever used."""

    def __init__(self, pid: int, folder: Path) -> None:
        self.pid = pid
        self.spool = folder / "threadscribe-spool"
        self.decoders = 0
        self.disk = 0
        self._database = f"file:{folder}/threadscribe.db"

    @property
    def memory(self) -> int:
        """Bytes."""
        return peak_memory(self.pid)

    def jobs(self) -> dict[str, Row]:
        """Every job by its file."""
        with contextlib.closing(connect(f"{self._database}?mode=ro", uri=True)) as database:
            database.row_factory = Row
            return {row["file"]: row for row in database.execute("SELECT * FROM jobs")}

    async def ended(self, count: int) -> dict[str, Row]:
        """The jobs, once there are so many and nothing is due; the provider's time passes at once."""
        async with asyncio.timeout(300):
            while True:
                found = self.jobs()
                if len(found) >= count and all(job["due_at"] is None for job in found.values()):
                    return found
                self._time_passes(found)
                await asyncio.sleep(0.2)

    async def watch(self) -> None:
        """Look at disk and decoders until cancelled."""
        while True:
            self.decoders = max([self.decoders, *map(peak_memory, children(self.pid))])
            self.disk = max(self.disk, written_in(self.spool))
            await asyncio.sleep(0.1)

    def _time_passes(self, found: Mapping[str, Row]) -> None:
        if not any(job["state"] == "submitted" and job["due_at"] for job in found.values()):
            return
        with contextlib.closing(connect(f"{self._database}?mode=rw", uri=True)) as database, database:
            database.execute("UPDATE jobs SET due_at = 1 WHERE state = 'submitted' AND lease IS NULL")


@asynccontextmanager
async def bot_apart(slack: Slack, botlhale: Botlhale, folder: Path) -> AsyncIterator[Apart]:
    settings = {name.upper(): str(value) for name, value in botlhale_settings(botlhale).items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "run",
        cwd=folder,
        env=for_slack(slack, SOONEST_LOOK="0.1", **settings),
        stderr=asyncio.subprocess.DEVNULL,
    )
    apart = Apart(process.pid, folder)
    watching = asyncio.create_task(apart.watch())
    try:
        await slack.until(lambda: slack.open_sockets, within=30)
        yield apart
    finally:
        watching.cancel()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            assert await process.wait() == 0


@pytest.fixture
async def botlhale() -> AsyncIterator[Botlhale]:
    async with Botlhale() as running:
        running.script = hears
        yield running


@pytest.fixture
async def apart(slack: Slack, botlhale: Botlhale, tmp_path: Path) -> AsyncIterator[Apart]:
    (tmp_path / "bot").mkdir()
    async with bot_apart(slack, botlhale, tmp_path / "bot") as running:
        yield running


def hears(heard: Heard) -> list[Segment]:
    """What Botlhale says to the corpus: nothing in digital silence, two people in anything else."""
    if heard.seconds < 60 and heard.sha256 == hashlib.sha256(silence(heard.seconds)).hexdigest():
        return []
    return invent(min(heard.seconds, 60.0), BOTLHALE_LINES)


def silence(seconds: float) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(16_000)
        wav.writeframes(bytes(2 * round(seconds * 16_000)))
    return target.getvalue()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a share, as the people in the channel see it."""

    end: End
    said: str
    reactions: frozenset[str]


EXPECTED_REACTIONS: dict[End, frozenset[str]] = {
    "transcript": frozenset({"white_check_mark"}),
    "sentence": frozenset({"warning"}),
    "alone": frozenset(),
}


async def shared(slack: Slack, item: Item, *, folder: Path, channel: Channel) -> Share:
    await asyncio.to_thread(folder.mkdir)
    content = await asyncio.to_thread(item.write, folder)
    filetype = item.name.rpartition(".")[2]
    return await slack.share(
        channel, [Upload(content=content, name=item.name, mimetype=item.mimetype, filetype=filetype)]
    )


def seen(slack: Slack, share: Share, job: Row) -> Outcome:
    replies = [message for message in slack.messages(share.channel.id) if message.by_bot]
    assert len(replies) <= 1, "one reply and nothing else"
    assert all(reply.thread_ts == share.ts for reply in replies)
    told = " ".join(f"{reply.text} {words_of(reply)}" for reply in replies)
    failed = job["failure_reason"] is not None or "No speech found in " in told
    end: End = "alone" if not replies else "sentence" if failed else "transcript"
    return Outcome(end=end, said=told, reactions=frozenset(slack.message(share.channel.id, share.ts).reactions))


def mismatch(item: Item, outcome: Outcome, job: Row) -> str | None:
    """What is not as the item wants it."""
    if outcome.end != item.end or item.says not in outcome.said:
        return f"{outcome.end}, {job['state']} {job['failure_reason']}: {outcome.said[:200]!r}"
    silent = "No speech found in " in outcome.said
    if outcome.end == "sentence" and not silent and "share" not in outcome.said.lower():
        return f"does not say what to do: {outcome.said[:200]!r}"
    if outcome.reactions != EXPECTED_REACTIONS["transcript" if silent else item.end]:
        return f"reactions {set(outcome.reactions)}"
    if item.seconds is not None and abs(job["duration"] / 1000 - item.seconds) > 0.1:
        return f"{job['duration']} ms"
    return None


async def answers_a_good_one(slack: Slack, name: str) -> Message:
    share = await slack.share(slack.channel(name), [recording()])
    reply = await only_reply(slack, share)
    await slack.until(lambda: set(slack.root(share).reactions) == {"white_check_mark"})
    return reply


async def test_every_item_ends_as_it_must_and_the_bot_goes_on(
    slack: Slack, botlhale: Botlhale, apart: Apart, tmp_path: Path
) -> None:
    await answers_a_good_one(slack, "before")
    needed = apart.memory
    shares = {
        name: await shared(slack, item, folder=tmp_path / f"item {number}", channel=slack.channel(f"item-{number}"))
        for number, (name, item) in enumerate(SMALL.items())
    }
    jobs = await apart.ended(1 + len(SMALL))
    found = {name: (jobs[share.file_ids[0]], share) for name, share in shares.items()}
    wrong = {name: mismatch(SMALL[name], seen(slack, share, job), job) for name, (job, share) in found.items()}
    assert {name: problem for name, problem in wrong.items() if problem} == {}
    assert len(botlhale.uploads) == 1 + sum(job["failure_reason"] is None for job, _ in found.values())
    assert list(apart.spool.iterdir()) == []
    await answers_a_good_one(slack, "after")
    assert apart.memory - needed < BOT_GROWS
    assert 0 < apart.decoders < DECODER


@pytest.mark.parametrize(
    "items",
    [pytest.param(LARGE, id="large", marks=pytest.mark.long), pytest.param(LONG, id="long", marks=pytest.mark.long)],
)
async def test_the_largest_and_longest_cost_little_memory_and_no_more_disk_than_they_must(
    slack: Slack, apart: Apart, tmp_path: Path, items: dict[str, Item]
) -> None:
    await answers_a_good_one(slack, "before")
    needed = apart.memory
    for number, (name, item) in enumerate(items.items()):
        apart.disk = 0
        share = await shared(slack, item, folder=tmp_path / f"item {number}", channel=slack.channel(f"item-{number}"))
        job = (await apart.ended(2 + number))[share.file_ids[0]]
        assert mismatch(item, seen(slack, share, job), job) is None, name
        assert (item.end == "transcript") <= (apart.disk > 0), "it was watched"
        assert apart.disk <= item.disk, name
        assert list(apart.spool.iterdir()) == []
        assert apart.memory - needed < BOT_GROWS, name
        assert apart.decoders < DECODER, name
    await answers_a_good_one(slack, "after")
