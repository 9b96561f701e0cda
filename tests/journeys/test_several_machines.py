"""Several machines on one PostgreSQL database: the work is shared, and whoever falls away or stands still does no harm.

Every machine is a `threadscribe run` of its own. Where a lease has to end nobody waits for its minute: see
`Ledger.time_passes`.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bot.worker.claim import LEASE
from bot.worker.loop import LONGEST_SLEEP
from handlers import words
from sandbox import faults
from sandbox.botlhale import Botlhale
from sandbox.script import Segment
from sandbox.slack import Share, Slack
from storage.job import Job, JobState
from tests.bot.processes import for_slack, threadscribe
from tests.journeys.bench import botlhale_settings, eventually, only_reply, recording, tone
from tests.journeys.fleet import LARGEST_INLINE, Fleet, Provider, fleet_at_work
from tests.journeys.machines import ENOUGH, Ledger, Machine, at_work, slack_settings
from tests.journeys.wires import Part
from tests.postgresql import Server, new_folder, programs

pytestmark = pytest.mark.asyncio(loop_scope="module")

BEYOND_ITS_LEASE = LEASE + timedelta(seconds=1)
BEYOND_DOUBT = timedelta(minutes=3)
"""After so long Gowajee's webhook is no longer waited for (`transcription.gowajee.transcriber.UNCERTAIN`)."""

LONG = [Segment(start=n / 10, end=(n + 1) / 10, speaker=n % 2, text=f"Sentence {n} of many." * 3) for n in range(400)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_fleet(postgresql: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    url = await asyncio.to_thread(postgresql.new_database)
    async with fleet_at_work(url, tmp_path_factory.mktemp("fleet")) as fleet:
        yield fleet


@pytest_asyncio.fixture(loop_scope="module")
async def fleet(whole_fleet: Fleet) -> AsyncIterator[Fleet]:
    yield whole_fleet
    await whole_fleet.recover()


async def test_the_work_is_shared_and_each_of_twenty_recordings_is_answered_once(fleet: Fleet) -> None:
    before = fleet.submissions()
    shares = [share for _ in range(10) for share in await fleet.share(times=2)]
    jobs = await fleet.answered_once(*shares)
    for job in jobs:
        assert job.state is JobState.REPLIED
        assert job.failure is None
        assert (
            sum(len(machine.logged("job_state_changed", job=job.id, state="replied")) for machine in fleet.machines)
            == 1
        )
    for provider, worker in fleet.workers.items():
        assert any(worker.logged("job_state_changed", job=job.id) for job in jobs), (
            f"the worker of {provider} did nothing"
        )
    assert {job.provider for job in jobs} == {"botlhale", "gowajee"}
    assert fleet.submissions() - before == len(shares)
    assert left_in_spools(fleet, *jobs) == []


async def test_the_page_of_who_looks_moves_although_another_machine_does_the_work(fleet: Fleet) -> None:
    amara = fleet.slack.user("amara")
    fleet.slack.open_home()
    await fleet.slack.until(lambda: amara in fleet.slack.homes)
    [share] = await fleet.share()
    [job] = await fleet.answered_once(share)
    thread = f"thread_ts={share.ts}"
    await fleet.slack.until(lambda: thread in str(fleet.slack.homes[amara]["blocks"]))
    assert job.id in str(fleet.slack.homes[amara]["blocks"])


def left_in_spools(fleet: Fleet, *jobs: Job) -> list[str]:
    """Where something of these jobs lies still."""
    return [str(machine.room(job)) for machine in fleet.machines for job in jobs if machine.room(job).exists()]


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Where a worker stands still: with the request that `begins` so, or with its answer, in the wire.

    `submissions` is how often a provider has the recording in the end; `span` how long the worker stands still.
    """

    provider: Provider
    wire: str
    begins: str
    part: Part = "answer"
    submissions: int = 1
    span: timedelta = BEYOND_ITS_LEASE
    seconds: int = 1
    script: list[Segment] | None = None


TRANSCRIBE = "POST /v1/speech-to-text/pulse/transcribe/async?"

TELLING = frozenset({"downloading", "sending it", "posting the reply", "sharing the reply as files"})
"""The moments that are always tried; the others are left to the long run."""

MOMENTS = {
    "downloading": Moment(provider="botlhale", wire="slack", begins="GET /files-pri/"),
    "asking where to send it": Moment(provider="botlhale", wire="botlhale", begins="POST /asr/async/upload "),
    # Two are documented (`Capabilities.sendings`): nobody can know that the first was still under way.
    "sending it": Moment(
        provider="gowajee", wire="gowajee", begins=TRANSCRIBE, part="request", submissions=2, span=BEYOND_DOUBT
    ),
    # Of another length than the one that was sent twice: its webhook must not fit both.
    "about to hear that it was sent": Moment(provider="gowajee", wire="gowajee", begins=TRANSCRIBE, seconds=6),
    "holding the transcript, Botlhale": Moment(provider="botlhale", wire="botlhale", begins="GET /asr/async/getdata?"),
    "holding the transcript, Gowajee": Moment(
        provider="gowajee", wire="gowajee", begins="GET /v1/speech-to-text/job/status?"
    ),
    "posting the reply": Moment(provider="gowajee", wire="slack", begins="POST /api/chat.postMessage "),
    "sharing the reply as files": Moment(
        provider="botlhale", wire="slack", begins="POST /api/files.completeUploadExternal ", script=LONG
    ),
}


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(moment, id=name, marks=[] if name in TELLING else [pytest.mark.long])
        for name, moment in MOMENTS.items()
    ],
)
async def test_a_machine_that_stands_still_beyond_its_lease_does_no_harm(fleet: Fleet, moment: Moment) -> None:
    frozen, other, before = fleet.workers[moment.provider], fleet.other(moment.provider), fleet.submissions()
    held = fleet.wires[moment.wire].hold(moment.begins, moment.part)
    fleet.botlhale.script = moment.script
    async with other.frozen():
        (share,) = await fleet.share(seconds=moment.seconds)
        await held.came()
        (job,) = await fleet.ledger.held(share)
        await frozen.freeze()
    await fleet.ledger.time_passes(job, span=moment.span)
    await fleet.ledger.ended(share)
    frozen.thaw()
    held.let_go.set()
    await it_learns_that_it_lost(frozen, job.id)
    await fleet.gowajee.settled()
    await fleet.answered_once(share)
    assert fleet.submissions() - before == moment.submissions
    await it_goes_on_working(fleet, moment.provider)


async def test_a_machine_that_stands_still_in_the_middle_of_a_transaction_holds_nobody_up(fleet: Fleet) -> None:
    """The server ends such a transaction by itself after a minute (`storage.postgresql`); here it is told to."""
    frozen, other, before = fleet.workers["botlhale"], fleet.other("botlhale"), fleet.submissions()
    keeping = "INSERT INTO transcripts"
    async with other.frozen(), fleet.ledger.locked("transcripts"):
        (share,) = await fleet.share()
        await fleet.ledger.stuck(keeping)
        (job,) = await fleet.ledger.held(share)
        await frozen.freeze()
    await fleet.ledger.end_idle_transaction(keeping)
    await fleet.ledger.time_passes(job)
    await fleet.ledger.ended(share)
    frozen.thaw()
    await it_learns_that_it_lost(frozen, job.id)
    await fleet.answered_once(share)
    assert fleet.submissions() - before == 1
    await it_goes_on_working(fleet, "botlhale")


async def test_of_an_answer_of_16_megabytes_no_machine_loses_its_lease_and_it_ends(fleet: Fleet) -> None:
    """It used to hold up whoever read it for longer than a lease: each took it over from the other, without end."""
    turns = [{"start": 0, "end": 900, "transcription": "a " * (8 * 10**6), "speaker": "speaker_0"}]
    body = json.dumps({"status": "complete", "audio_length": "1.0", "timestamps": turns}).encode()
    fleet.botlhale.faults.arm(
        fleet.botlhale.result_call, faults.answer(200, body, Content_Type="application/json"), times=99
    )
    async with fleet.workers["gowajee"].frozen():
        (share,) = await fleet.share()
        await fleet.ledger.waits(share, JobState.SUBMITTED)
    (honest,) = await fleet.share()
    async with asyncio.timeout(ENOUGH):
        while any(job.due_at is not None for job in await fleet.ledger.jobs(share)):
            await fleet.ledger.time_passes(*await fleet.ledger.jobs(share), span=timedelta(seconds=20))
            await asyncio.sleep(0.1)
    (job,) = await fleet.ledger.jobs(share)
    assert job.failure is not None
    assert job.failure.sentence == words.ANSWER_TOO_LARGE
    assert not [line for machine in fleet.workers.values() for line in machine.logged("lease_lost", job=job.id)]
    fleet.botlhale.faults.clear()
    await fleet.answered_once(share, honest)


async def it_learns_that_it_lost(machine: Machine, job: str) -> None:
    await eventually(lambda: machine.logged("lease_lost", job=job))
    assert len(machine.logged("lease_lost", job=job)) == 1
    assert machine.logged("job_dropped") == []


async def it_goes_on_working(fleet: Fleet, provider: Provider) -> None:
    async with fleet.other(provider).frozen():
        (job,) = await fleet.answered_once(*await fleet.share())
    assert fleet.workers[provider].logged("job_state_changed", job=job.id, state="replied")


async def test_what_a_killed_machine_had_in_hand_is_finished_by_another(fleet: Fleet) -> None:
    killed, before = fleet.workers["botlhale"], fleet.submissions()
    held = fleet.wires["botlhale"].hold("POST /asr/async/upload ", "answer", times=3)
    async with fleet.other("botlhale").frozen():
        shares = [share for _ in range(3) for share in await fleet.share()]
        await held.came()
        jobs = await fleet.ledger.held(*shares)
        await killed.end(signal.SIGKILL)
    await fleet.ledger.time_passes(*jobs)
    await fleet.answered_once(*shares)
    assert fleet.submissions() - before == 3
    assert len(left_in_spools(fleet, *jobs)) == 3
    await killed.start()
    assert left_in_spools(fleet, *jobs) == []


async def test_a_webhook_at_one_machine_wakes_a_worker_at_another(fleet: Fleet) -> None:
    """Its next look at the provider is ten minutes away, and the next by itself at the database `LONGEST_SLEEP`.

    It looks at the database when it lets go of the job that it has sent. So if nobody woke it, a transcript could never
    be there sooner than `LONGEST_SLEEP` after the submission, in none of the rounds.
    """
    fleet.gowajee.hold = True
    waited = []
    before = sum(seen.call == "GET job/status" for seen in fleet.gowajee.requests)
    async with fleet.other("gowajee").frozen():
        for _ in range(3):
            (share,) = await fleet.share(seconds=10)
            job = await fleet.ledger.waits(share, JobState.SUBMITTED)
            await fleet.ledger.put_off(job, timedelta(minutes=10))
            fleet.gowajee.release(job.handle)
            await fleet.answered_once(share)
            came = await fleet.ledger.history(job)
            waited.append(came[JobState.READY] - came[JobState.SUBMITTED])
    assert min(waited) < LONGEST_SLEEP
    assert sum(seen.call == "GET job/status" for seen in fleet.gowajee.requests) - before == 3


async def test_a_large_recording_is_fetched_from_the_machine_that_has_it(fleet: Fleet) -> None:
    async with fleet.other("gowajee").frozen():
        (share,) = await fleet.share(seconds=LARGEST_INLINE / 32_000 + 1)
        (job,) = await fleet.answered_once(share)
    assert fleet.gowajee.jobs[job.handle or ""].sent_as == "url"
    assert job.failure is None


async def test_in_a_rolling_restart_nothing_is_lost_and_nothing_doubled(fleet: Fleet) -> None:
    before = fleet.submissions()
    async with trickle(fleet) as shares:
        for machine in (fleet.webs[0], fleet.workers["gowajee"]):
            await more(shares)
            assert await machine.end(signal.SIGTERM) == 0
            await machine.start()
    jobs = await fleet.answered_once(*shares)
    assert [job.failure for job in jobs] == [None] * len(shares)
    assert fleet.submissions() - before == len(shares)


@asynccontextmanager
async def trickle(fleet: Fleet) -> AsyncIterator[list[Share]]:
    shares: list[Share] = []

    async def go_on() -> None:
        while True:
            shares.extend(await fleet.share())
            await asyncio.sleep(0.3)
            await fleet.slack.until(lambda: sum(not fleet.slack.replies(share) for share in shares) < 4)

    task = asyncio.create_task(go_on())
    try:
        yield shares
    finally:
        task.cancel()


async def more(shares: list[Share]) -> None:
    so_far = len(shares)
    await eventually(lambda: len(shares) > so_far + 1)


async def test_the_operators_commands_work_beside_the_machines(fleet: Fleet) -> None:
    (job,) = await fleet.answered_once(*await fleet.share())
    listed, examined = await asyncio.gather(
        fleet.webs[0].command("jobs", "list", "--all"), fleet.workers["botlhale"].command("doctor")
    )
    assert (listed.code, examined.code) == (0, 0), listed.err + examined.out + examined.err
    assert job.id in listed.out
    assert "the database answers" in examined.out


async def test_two_whole_machines_share_the_sockets_and_answer_each_recording_once(
    postgresql: Server, tmp_path: Path
) -> None:
    url = await asyncio.to_thread(postgresql.new_database)
    async with Slack() as slack, Botlhale() as botlhale, Ledger.open(url) as ledger:
        slack.subscriptions.add("message")
        slack.scopes.add("channels:history")
        settings = slack_settings(slack, mode="socket") | botlhale_settings(botlhale) | {"database_url": url}
        machines = [Machine(tmp_path / name, **settings) for name in ("north", "south")]
        async with at_work(*machines):
            assert slack.open_sockets >= 2
            sound = recording(content=tone(seconds=1), name="tone.wav", mimetype="audio/wav", filetype="wav")
            shares: list[Share] = []
            while not all(machine.logged("job_state_changed", state="replied") for machine in machines):
                more = [await slack.share(slack.channel(f"channel-{len(shares) + n}"), [sound]) for n in range(8)]
                shares += more
                await slack.quiet()
                for event in {delivery.event_id for delivery in slack.deliveries}:
                    await slack.redeliver(event)  # the next socket gets it
                await ledger.ended(*more)
            jobs = await ledger.ended(*shares)
            for share in shares:
                await only_reply(slack, share)
        assert [upload.received for upload in botlhale.uploads.values()] == [1] * len(shares)
        assert sorted(str(job.state) for job in jobs if job.message_ts) == ["replied"] * len(shares)
        assert [machine.spool() for machine in machines] == [[], []]


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server that may be stopped."""
    folder, found = new_folder(), programs()
    assert found is not None
    server = Server(folder, bin_folder=found)
    server.prepare()
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.usefixtures("postgresql")
async def test_every_role_tells_the_truth_about_its_readiness_and_goes_on_when_the_database_is_back(
    own_server: Server, tmp_path: Path
) -> None:
    url = await asyncio.to_thread(own_server.new_database)
    async with Slack(retry_delays=(0.2,) * 100) as slack, Botlhale() as botlhale:
        settings = botlhale_settings(botlhale) | {"database_url": url}
        by_http, by_socket = slack_settings(slack, mode="http"), slack_settings(slack, mode="socket")
        web = Machine(tmp_path / "web", only="web", **by_http, **settings)
        worker = Machine(tmp_path / "worker", only="worker", **by_http, **settings)
        whole = Machine(tmp_path / "whole", **by_socket, **settings)
        working = ["slack", "worker", "spool"]
        machines = {web: ["slack"], worker: working, whole: [*working, "socket"]}
        slack.events_url = f"http://127.0.0.1:{web.port}/slack/events"
        async with at_work(*machines):
            await all_answer(machines, 200, database=True)
            await asyncio.to_thread(own_server.stop)
            await all_answer(machines, 503, database=False)
            share = await slack.share(slack.channel("general"), [recording()])
            await eventually(lambda: slack.deliveries)
            assert {delivery.status for delivery in slack.deliveries} == {500}
            await asyncio.to_thread(own_server.start)
            await all_answer(machines, 200, database=True)
            await only_reply(slack, share)


async def all_answer(machines: dict[Machine, list[str]], status: int, *, database: bool) -> None:
    wanted = {machine: dict.fromkeys(checks, True) | {"database": database} for machine, checks in machines.items()}
    await asyncio.gather(*(answers(machine, status, checks) for machine, checks in wanted.items()))


async def answers(machine: Machine, status: int, checks: dict[str, bool]) -> None:
    async with asyncio.timeout(60):
        while await machine.readiness() != (status, checks):  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.1)


async def test_one_role_alone_on_a_sqlite_file_is_refused(tmp_path: Path) -> None:
    async with Slack() as slack:
        ended = await threadscribe("run", "--only", "worker", folder=tmp_path, env=for_slack(slack))
    assert ended.code == 2
    assert "a SQLite file has one process; for --only worker set it to postgresql://" in ended.err


STOPPED = 90.0
"""Seconds; longer than a lease by half."""


@pytest.mark.long
@pytest.mark.parametrize("provider", ["botlhale", "gowajee"])
async def test_a_worker_that_is_stopped_for_ninety_seconds_beside_another_doubles_nothing(
    fleet: Fleet, provider: Provider
) -> None:
    """Nothing is put forward here: the minute of the lease and the rest of the time really pass."""
    before = fleet.submissions()
    async with trickle(fleet) as shares:
        await more(shares)
        await eventually(fleet.workers[provider].decodes)
        async with fleet.workers[provider].frozen():
            await asyncio.sleep(STOPPED)
            assert len(shares) > 4, "the other goes on working"
        await more(shares)
    jobs = await fleet.answered_once(*shares)
    assert [job.failure for job in jobs] == [None] * len(shares)
    # Gowajee may have got a recording whose sending was under way once more: nobody could know of it.
    assert len(shares) <= fleet.submissions() - before <= len(shares) + 1
