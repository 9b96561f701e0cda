"""The world of one simulation run: machines, processes, Slack, a provider, a database, and their faults.

Its methods are the rules of the state machine. After each of them, `check` verifies the invariants; `settle` ends all
faults, after which every recording must be finished.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.settings.model import Settings
from storage import claiming, exports, forgetting, job_lists, jobs, namings, reruns, transcripts
from storage.database import Transaction
from storage.job import Job, JobId, JobState, LeaseLost, Reason
from tests.simulation.faults import POSSIBLE, Call, Fault, Faults
from tests.simulation.host import Delays, Host
from tests.simulation.invariants import Gap, Witness
from tests.simulation.pretended_providers import Provider, Work, sound_of, webhook_about
from tests.simulation.pretended_slack import SLACKS_ZERO, PretendedSlack, Sharing
from tests.simulation.process import Process, Surroundings
from tests.simulation.shared_database import Disk
from tests.simulation.virtual_time import VirtualTime

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

SLACK_WAITS = 3.0
"""Seconds until Slack takes an event for not heard."""

SLACK_TELLS_AGAIN = (1, 60, 300, *[3600] * 24)
"""Seconds between Slack's tries, with Delayed Events on."""

PROVIDER_CALLS_AGAIN = (5, 30, 300)

QUIET = timedelta(days=4)
"""How long a quiet world may take until every recording has come to its end."""

SAME_MOMENT = 2.0
"""Seconds between a message and the event about it."""

PATIENCE = 120
"""Seconds for which a recording is waited for at least."""

CHANNELS = ("C1", "C2")
SHARED = "file_share"


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """What kind of world a run is in. With several machines they share a server's database, otherwise one owns it."""

    seed: int = 0
    machines: int = 2
    history: bool = False
    provider: str = "botlhale"
    delays: Delays = field(default_factory=Delays)
    possible: dict[Call, tuple[Fault, ...]] = field(default_factory=lambda: POSSIBLE)


class World:
    """`folder` takes the machines' spools. Gaps that are `tolerated` end no run."""

    def __init__(self, kind: Kind, folder: Path, *, tolerated: frozenset[Gap] = frozenset()) -> None:
        self.kind = kind
        self.rng = random.Random(kind.seed)
        self.time = VirtualTime()
        self.faults = Faults(self.rng, possible=kind.possible)
        self.clock_offsets = [timedelta(0)] * kind.machines
        self.server_offset = timedelta(0)
        self.disk = Disk(shared=kind.machines > 1, clock=lambda: self._true_time() + self.server_offset)
        self.slack = PretendedSlack(time=self.time, rng=self.rng, history=kind.history)
        self.slack.knows_unfinished_files = kind.seed % 2 == 1
        self.provider = Provider(time=self.time, rng=self.rng, name=kind.provider)
        self.provider.call_back = self._call_back
        self.witness = Witness(
            time=self.time, disk=self.disk, slack=self.slack, provider=self.provider, tolerated=tolerated
        )
        self.processes: list[Process | None] = [None] * kind.machines
        self.webhook_troubles: list[str] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._folder = folder
        self._count = 0
        self._count_names = 0
        self.hints: dict[str, JobId] = {}
        """Who wanted a file, and of which job."""
        self._settings = Settings(_env_file=None, transcriber=kind.provider)

    # Rules.

    def start(self, machine: int) -> None:
        """Start a process on a machine that has none."""
        if self.processes[machine] is not None:
            return
        self._count += 1
        host = Host(f"p{self._count}", time=self.time, faults=self.faults, delays=self.kind.delays, rng=self.rng)
        around = Surroundings(
            disk=self.disk, slack=self.slack, provider=self.provider, witness=self.witness, settings=self._settings
        )
        self.witness.tell(f"start {host.name}")
        host.loop.set_exception_handler(lambda _, context: self.witness.tell(f"{host.name}: {context['message']}"))
        self.processes[machine] = Process(
            host, around, spool=self.spool(machine), wall=lambda: self._true_time() + self.clock_offsets[machine]
        )

    def crash(self, machine: int) -> None:
        """Kill the process of a machine."""
        if process := self.processes[machine]:
            self.witness.tell(f"kill {process.host.name}")
            process.host.crash()

    def stop(self, machine: int) -> None:
        """Ask the process of a machine to stop in good order."""
        if (process := self.processes[machine]) and process.host.hears:
            self.witness.tell(f"stop {process.host.name}")
            process.host.loop.deliver(process.worker.stop)

    def freeze(self, machine: int, seconds: float) -> None:
        """Give a process no turn for so long."""
        if process := self.processes[machine]:
            self.witness.tell(f"freeze {process.host.name} for {seconds}")
            process.host.freeze(seconds)

    def share(
        self, *, seconds: float = 10.0, long: bool = False, lag: float = 0.5, in_thread: bool = False, voice: int = 0
    ) -> Sharing:
        """Somebody shares a new recording; Slack tells of it once or, where it may be read, twice."""
        number = len(self.slack.recordings) + 1
        channel = CHANNELS[number % len(CHANNELS)]
        thread = self.slack.stamp() if in_thread else None
        sound = sound_of(number, seconds=seconds + voice / 100, long=long)
        return self._shared(self.slack.share(f"F{number}", sound=sound, channel=channel, thread=thread, lag=lag))

    def share_existing(self, index: int, *, lag: float = 0.5) -> Sharing | None:
        """Somebody shares a recording once more, in the same channel."""
        if not self.slack.recordings:
            return None
        known = list(self.slack.recordings.values())[index % len(self.slack.recordings)]
        if self.time.now - float(known.sharings[-1].visible_from) < 120:
            return None
        channel = known.sharings[0].channel
        return self._shared(self.slack.share(known.file, sound=known.sound, channel=channel, thread=None, lag=lag))

    def repeat_event(self, index: int) -> None:
        """Slack tells of something once more."""
        if self.events:
            name, event = self.events[index % len(self.events)]
            self._tell(name, event)

    def arm(self, call: Call, fault: Fault) -> None:
        """The next call of this kind goes wrong."""
        self.faults.arm(call, fault)

    def bring_weather(self, chance: float) -> None:
        """From now on so many of all calls go wrong."""
        self.faults.weather = chance

    def slow_down(self, partner: str, *seconds: float) -> None:
        """From now on every call of this partner takes between the least and the most of so many seconds."""
        self.witness.tell(f"{partner} takes {seconds} for each call")
        self.faults.takes[partner] = (min(seconds), max(seconds))

    def spoil_webhook(self, how: str) -> None:
        """The provider's next webhook is lost, comes twice or late."""
        self.webhook_troubles.append(how)

    def lose_a_sharing(self) -> None:
        """Slack takes the next transcript files and never shows them."""
        self.slack.loses_shares += 1

    def cut_off(self, machine: int, partner: str, seconds: float) -> None:
        """A process cannot reach a partner for so long."""
        if process := self.processes[machine]:
            process.host.cut_off_until[partner] = self.time.now + seconds

    def step_clock(self, machine: int, seconds: float) -> None:
        """Somebody sets a machine's clock."""
        self.witness.tell(f"the clock of machine {machine} goes by {seconds}")
        self.clock_offsets[machine] += timedelta(seconds=seconds)

    def step_servers_clock(self, seconds: float) -> None:
        """Somebody sets the clock of the database's server."""
        self.witness.tell(f"the server's clock goes by {seconds}")
        self.server_offset += timedelta(seconds=seconds)

    def spoil_work(self, outcome: str) -> None:
        """The provider loses a recording, fails, or never finishes."""
        waiting = [work for work in self.provider.works.values() if work.outcome == "done"]
        if waiting:
            work = self.rng.choice(waiting)
            if outcome == "stuck":
                work.ready_at = None
            else:
                work.outcome = outcome

    def operate(self, index: int, action: str) -> None:
        """An operator retries, hurries or cancels a job."""
        found = list(self.witness.jobs())
        job = self.disk.run(lambda tx: jobs.get(tx, JobId(found[index % len(found)]))) if found else None
        if job is not None:
            acts: dict[str, Callable[[Transaction], object]] = {
                "retry": lambda tx: reruns.retry(tx, job, now=self._true_time() + self.server_offset),
                "hurry": lambda tx: claiming.hurry(tx, job, now=self._true_time() + self.server_offset),
                "cancel": lambda tx: jobs.cancel(tx, job, now=self._true_time() + self.server_offset),
            }
            self.witness.tell(f"{action} {job.id}")
            try:
                self.disk.run(acts[action])
            except LeaseLost:
                self.witness.tell("too busy")

    def name_speaker(self, index: int) -> None:
        """Somebody says who speaks in a recording that was answered."""
        self._count_names += 1
        name = f"Person{self._count_names}x"

        def work(tx: Transaction, job: Job) -> None:
            newest = namings.newest(tx, job.id)
            seen = newest.version if newest else 0
            namings.add(tx, job, names={"A": name}, seen=seen, by="U1", now=self._true_time() + self.server_offset)

        self._do_to(index, work, what=f"name {name}")

    def export(self, index: int) -> None:
        """Somebody wants the transcript of a recording that was answered as a file; everybody wants one only."""
        person = f"U{len(self.hints) + 1}"

        def work(tx: Transaction, job: Job) -> None:
            wish = exports.ExportRequest(format="txt", recipient=exports.Recipient.PERSON, by=person, request=person)
            if exports.add(tx, job.id, wish, now=self._true_time() + self.server_offset):
                self.hints[person] = job.id

        self._do_to(index, work, what=f"export for {person}")

    def delete_file(self, index: int) -> None:
        """Somebody deletes a recording."""

        def work(tx: Transaction, job: Job) -> None:
            now = self._true_time() + self.server_offset
            forgetting.file_deleted(
                tx, team=job.origin.team, enterprise=job.origin.enterprise, file=job.origin.file, now=now
            )

        self._do_to(index, work, what="delete")

    def _do_to(self, index: int, work: Callable[[Transaction, Job], None], *, what: str) -> None:
        found = list(self.witness.jobs())
        if not found:
            return
        job_id = JobId(found[index % len(found)])
        self.witness.tell(f"{what}: {job_id}")

        def act(tx: Transaction) -> None:
            job = jobs.get(tx, job_id)
            if job is not None:
                work(tx, job)

        self.disk.run(act)

    # Time and judgement.

    def go_on(self, seconds: float, *, until: Callable[[], bool] = lambda: False) -> None:
        """Let time pass. Where nothing can happen it is skipped, as if the machines slept."""
        end = self.time.now + seconds
        while self.time.now < end and not until():
            idle = min(self._idle_for(), end - self.time.now)
            if idle > 10:
                self.time.skip(idle - 1)
            self.time.go_on(min(5.0, end - self.time.now), until=until)
            self._sweep_up()

    def go_to(self, call: Call) -> None:
        """Let time pass until a call of this kind is just under way, at most ten minutes."""
        made = self.faults.made[call]
        self.go_on(600, until=lambda: self.faults.made[call] > made)

    def check(self) -> None:
        """Raise what was broken so far."""
        self._sweep_up()
        self.witness.check_hands({process.host: process.holds() for process in self._hearing()})
        if self.witness.broken:
            raise self.witness.broken

    def settle(self) -> None:
        """No more faults: every recording comes to its end, with the one reply that is owed."""
        self._calm_down()
        deadline = self.time.now + QUIET.total_seconds()
        while unfinished := self._unfinished():
            if self.time.now > deadline:
                raise self.witness.fail(f"without an end: {unfinished}")
            if not self._hearing():  # it was just stopping
                self.start(0)
            self.go_on(60)
            self.check()
        for machine in range(self.kind.machines):
            if self.disk.shared:
                self.start(machine)
        self.go_on(2 * 3600)
        self.check()
        self._check_ends()

    def close(self) -> None:
        """End every process."""
        for process in self.processes:
            if process is not None:
                process.host.crash()
        self.time.go_on(1)
        self.disk.connection.close()

    def spool(self, machine: int) -> Path:
        """Where a machine keeps recordings while they are in work."""
        return self._folder / f"machine-{machine}"

    # Inside.

    def _true_time(self) -> datetime:
        return NOON + timedelta(seconds=self.time.now)

    def _hearing(self) -> list[Process]:
        return [process for process in self.processes if process is not None and process.host.hears]

    def _sweep_up(self) -> None:
        for machine, process in enumerate(self.processes):
            if process is None:
                continue
            if process.life.done() and process.host.is_alive:
                if not process.life.cancelled() and (error := process.life.exception()):
                    raise self.witness.fail(f"{process.host.name} ended by itself: {error!r}")
                process.host.crash()
            if not process.host.is_alive:
                self.processes[machine] = None

    def _idle_for(self) -> float:
        if any(row["lease"] for row in self.witness.jobs().values()):
            return 0
        if any(process.host.calls_under_way for process in self._hearing()):
            return 0
        due = self.disk.run(claiming.next_due)
        waits = [(due - process.clock()).total_seconds() for process in self._hearing()] if due else []
        if self.time.next_errand is not None:
            waits.append(self.time.next_errand - self.time.now)
        return min(waits, default=3600.0)

    def _shared(self, sharing: Sharing) -> Sharing:
        self.witness.tell(f"{sharing.file} is shared in {sharing.thread}")
        about = {"file_id": sharing.file, "channel_id": sharing.channel, "user_id": "U1"}
        event_ts = f"{float(sharing.ts) + self.rng.choice([0.0, 0.3, 1.0]):.6f}"
        self._tell_first("file_shared", {**about, "event_ts": event_ts})
        if self.slack.history:
            file = {"id": sharing.file, "title": f"Note {sharing.file}"}
            message = {
                "subtype": "file_share",
                "channel": sharing.channel,
                "user": "U1",
                "ts": sharing.ts,
                "files": [file],
            }
            in_thread = {} if sharing.thread == sharing.ts else {"thread_ts": sharing.thread}
            self._tell_first("message", message | in_thread)
        return sharing

    def _tell_first(self, name: str, event: dict[str, Any]) -> None:
        self.events.append((name, event))
        self.time.at(self.rng.uniform(0.05, 2), lambda: self._tell(name, event))

    def _tell(self, name: str, event: dict[str, Any], *, tries: int = 0) -> None:
        hearing = self._hearing()
        task = self.rng.choice(hearing).hear(name, event) if hearing else None

        def look() -> None:
            if not _succeeded(task) and tries < len(SLACK_TELLS_AGAIN):
                self.time.at(
                    SLACK_TELLS_AGAIN[tries] + self.rng.random(), lambda: self._tell(name, event, tries=tries + 1)
                )

        self.time.at(SLACK_WAITS, look)

    def _call_back(self, work: Work) -> None:
        if self.kind.provider != "gowajee":
            return
        trouble = self.webhook_troubles.pop() if self.webhook_troubles else ""
        if trouble == "lost":
            return
        self.time.at(self.rng.uniform(60, 7200) if trouble == "late" else 0, lambda: self._webhook(work))
        if trouble == "twice":
            self.time.at(self.rng.choice([0, 0.1, 400]), lambda: self._webhook(work))

    def _webhook(self, work: Work, *, tries: int = 0) -> None:
        hearing = self._hearing()
        task = self.rng.choice(hearing).take_webhook(webhook_about(work)) if hearing else None

        def look() -> None:
            if not (_succeeded(task) and task and task.result().status == 200) and tries < len(PROVIDER_CALLS_AGAIN):
                self.time.at(PROVIDER_CALLS_AGAIN[tries], lambda: self._webhook(work, tries=tries + 1))

        self.time.at(SLACK_WAITS, look)

    def _calm_down(self) -> None:
        self.faults.clear()
        self.slack.loses_shares = 0
        self.webhook_troubles.clear()
        for machine, process in enumerate(self.processes):
            if process is not None:
                process.host.cut_off_until.clear()
                process.host.thaw()
                if self.rng.random() < 0.5:
                    self.crash(machine)
        self._sweep_up()
        if not self._hearing():
            self.start(self.rng.randrange(self.kind.machines))

    def _unfinished(self) -> list[str]:
        rows = self.witness.jobs().values()
        waiting = [str(row["id"]) for row in rows if row["due_at"] is not None or JobState(row["state"]).is_open]
        untold = [sharing.file for sharing in self._sharings() if not self._jobs_of(sharing)]
        return waiting + untold

    def _sharings(self) -> list[Sharing]:
        return [sharing for recording in self.slack.recordings.values() for sharing in recording.sharings]

    def _jobs_of(self, sharing: Sharing) -> list[Job]:
        found = self.disk.run(lambda tx: job_lists.newest(tx, limit=1000))
        here = [job for job in found if (job.origin.channel, job.origin.file) == (sharing.channel, sharing.file)]
        located = [job for job in here if job.origin.occasion == sharing.ts]
        return located or [job for job in here if _may_be_of(job, sharing)]

    def _check_ends(self) -> None:
        for sharing in self._sharings():
            self._check_end(sharing)
        for person, job in self.hints.items():
            self._check_export(person, job)
        for machine in range(self.kind.machines):
            left = list(self.spool(machine).glob("*")) if self.processes[machine] is not None else []
            if left:
                raise self.witness.fail(f"recordings left on machine {machine}: {len(left)}")
        if self.slack.history and self.slack.reports:
            raise self.witness.fail(f"messages about progress are left: {self.slack.reports}")

    def _check_end(self, sharing: Sharing) -> None:
        owned = self._jobs_of(sharing)
        if len(owned) != 1:
            raise self.witness.fail(f"{len(owned)} jobs for {sharing.file} in {sharing.thread}")
        [job] = owned
        if job.forgotten:
            self._check_forgotten(job)
            return
        self._check_names(job)
        there = {(reply.channel, reply.ts) for reply in self.slack.replies}
        if job.state is JobState.REPLIED and (job.origin.channel, job.reply_ts) not in there:
            raise self.witness.fail(f"{job.id} has replied, and there is no reply")
        if job.state is JobState.ABANDONED and not self._may_be_silent(job):
            waited = self.witness.moved_at[job.id] + SLACKS_ZERO - float(sharing.ts)
            gap = Gap.EARLY if waited < PATIENCE else None
            self.witness.report(gap, f"{job.id} was left alone: {job.failure and job.failure.reason}")

    def _check_forgotten(self, job: Job) -> None:
        """Nothing is left of it, in Slack or in the database."""
        if job.forgotten != 2:
            raise self.witness.fail(f"{job.id} is still to be forgotten")
        if self.disk.run(lambda tx: transcripts.get(tx, job.id)) is not None or job.title is not None:
            raise self.witness.fail(f"{job.id} is forgotten, and its words are not")
        left = [one for one in self.slack.replies if (one.channel, one.ts) == (job.origin.channel, job.reply_ts)]
        if left and (job.origin.channel, job.origin.thread) not in self.slack.turned_down:
            raise self.witness.fail(f"{job.id} is forgotten, and its reply is not")

    def _check_export(self, person: str, job_id: JobId) -> None:
        """A file that was wanted came once, unless Slack lost it every time; none is left of what is forgotten."""
        job = self.disk.run(lambda tx: jobs.get(tx, job_id))
        came = [letter for letter in self.slack.letters if letter.channel == f"D{person}"]
        if job is None or job.exports != job.exported:
            raise self.witness.fail(f"{person} still waits for a file of {job_id}")
        if (f"D{person}", "") in self.slack.turned_down:
            return
        told = self.disk.run(lambda tx: job_lists.history(tx, job_id))
        lost = not came and any(note == "not exported: never shared" for _, _, note in told)
        if len(came) != (0 if job.forgotten else 1) and not lost:
            raise self.witness.fail(f"{len(came)} files came to {person}, of {job_id}")
        if any(not letter.files for letter in came):
            raise self.witness.fail(f"a letter to {person} has lost its file")

    def _check_names(self, job: Job) -> None:
        """The reply shows the newest naming, and no file of an older one is left."""
        if job.naming != job.shown:
            raise self.witness.fail(f"{job.id} is named and does not show it")
        naming = self.disk.run(lambda tx: namings.newest(tx, job.id))
        shown = [one for one in self.slack.replies if (one.channel, one.ts) == (job.origin.channel, job.reply_ts)]
        if naming is None or not shown or (job.origin.channel, job.origin.thread) in self.slack.turned_down:
            return
        told = shown[0].text + "".join(self.slack.uploads[file] for file in shown[0].files)
        if set(re.findall(r"Person\d+x", told)) != set(naming.names.values()):
            raise self.witness.fail(f"the reply of {job.id} does not show who speaks")

    def _may_be_silent(self, job: Job) -> bool:
        match job.failure and str(job.failure.reason):
            case "cancelled":
                return True
            case "nowhere_to_reply":
                return (job.origin.channel, job.origin.thread) in self.slack.turned_down
            case _:
                return False


def _may_be_of(job: Job, sharing: Sharing) -> bool:
    """Whether the job ended before it was located, and its event is this sharing's."""
    event = job.origin.occasion.removeprefix("event:")
    return not _is_duplicate(job) and abs(float(event) - float(sharing.ts)) < SAME_MOMENT


def _is_duplicate(job: Job) -> bool:
    return job.failure is not None and job.failure.reason is Reason.DUPLICATE


def _succeeded(task: asyncio.Task[Any] | None) -> bool:
    return task is not None and task.done() and not task.cancelled() and task.exception() is None
