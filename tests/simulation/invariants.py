"""Invariants: check every commit, message and webhook, and fail at once when a promise is broken.

They read the shared database and know what really happened at Slack and at the provider.
"""

from __future__ import annotations

import enum
import json
import re
import sqlite3
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping

from bot.timeouts import REQUEST_TIMEOUT
from bot.worker.claim import HEARTBEAT, LEASE
from storage.job import MOVES, JobState
from storage.timestamps import moment
from tests.simulation.host import Host
from tests.simulation.pretended_providers import CAPABILITIES, Provider
from tests.simulation.pretended_slack import PretendedSlack, Reply
from tests.simulation.shared_database import Disk
from tests.simulation.virtual_time import VirtualTime

Generation = tuple[str, int]
"""A job and how often an operator started it again."""


class Violation(AssertionError):
    """A promise is broken."""


class Gap(enum.StrEnum):
    """Ways in which a promise may be broken that have a name, so that a long run can count and go on."""

    OVERLAP = "it was looked for while it was under way"
    ANEW = "transcript files were shared anew while the first ones were still to be shown"
    LEASE = "posted although the lease may end before the answer"
    EARLY = "left alone before its time, because a clock was wrong"


class Witness:
    """`doubles` counts, by cause, the second messages that the README admits to. `tolerated` gaps are counted only."""

    def __init__(
        self,
        *,
        time: VirtualTime,
        disk: Disk,
        slack: PretendedSlack,
        provider: Provider,
        tolerated: frozenset[Gap] = frozenset(),
    ) -> None:
        self.tolerated = tolerated
        self.gaps: Counter[Gap] = Counter()
        self._time = time
        self._disk = disk
        self._slack = slack
        self.doubles: Counter[str] = Counter()
        self.replies: dict[Generation, list[Reply]] = defaultdict(list)
        self.journal: deque[str] = deque(maxlen=12000)
        self.broken: Violation | None = None
        self.moved_at: dict[str, float] = {}
        """When a job came to its state, in virtual seconds."""
        self._rows: dict[str, sqlite3.Row] = {}
        self._noted: dict[str, Generation] = {}
        self._holders: dict[str, Host] = {}
        self._affirmed: dict[str, float] = {}
        self._arrivals: Counter[Generation] = Counter()
        self._astray: dict[tuple[str, str], float] = {}
        disk.on_commit = self._committed
        slack.on_reply = self._replied
        slack.on_change = self._changed
        provider.on_arrival = self._arrived

    def tell(self, what: str) -> None:
        """Note something for whoever reads a failure."""
        self.journal.append(f"{self._time.now:10.3f} {what}")

    def fail(self, what: str) -> Violation:
        """The error to raise. Kept as well: the worker takes whatever is raised in its hands for a failed try."""
        violation = Violation("\n".join([what, *self.journal]))
        self.broken = self.broken or violation
        return violation

    def report(self, gap: Gap | None, what: str) -> None:
        """Raise what is broken, or count it where it is a gap that is tolerated."""
        if gap not in self.tolerated:
            raise self.fail(f"{what} ({gap})" if gap else what)
        self.gaps[gap] += 1

    def jobs(self) -> dict[str, sqlite3.Row]:
        """Every job's row, as last committed."""
        return {row["id"]: row for row in self._disk.connection.execute("SELECT * FROM jobs ORDER BY rowid")}

    def sending(self, host: Host, job: str) -> int:
        """A recording is being sent for this job. How often the job was started again."""
        self.tell(f"{host.name} sends the recording of {job}")
        return int(self.jobs()[job]["retried"])

    def acting(self, host: Host, *, mark: str, files: tuple[str, ...]) -> None:
        """A reply with this mark or these files is being sent."""
        job, _ = self._owner(mark, files)
        self.tell(f"{host.name} posts for {job}")
        row = self.jobs()[job]
        lease = row["lease"]
        if self._holders.get(lease) is not host:
            self.report(Gap.LEASE, f"{host.name} posts for {job}, which is not in its hands")
        elif self._is_stale(lease) and self._ends_soon(row):
            self.report(Gap.LEASE, f"{host.name} posts for {job} although its lease may end before the answer")

    def _is_stale(self, lease: str) -> bool:
        return self._time.now - self._affirmed[lease] > (LEASE - REQUEST_TIMEOUT).total_seconds()

    def _ends_soon(self, row: sqlite3.Row) -> bool:
        """Whether the lease ends before an answer would be there, by the clock that all machines go by.

        A clock that stands still affirms a lease without a trace in its row.
        """
        return moment(row["due_at"]) - self._disk.clock() < REQUEST_TIMEOUT

    def check_hands(self, believers: Mapping[Host, Iterable[str]]) -> None:
        """Nobody goes on for long with a job that was taken by somebody else."""
        rows, astray = self.jobs(), set()
        for host, held in believers.items():
            for job in held:
                row = rows.get(job)
                if row is not None and self._holders.get(row["lease"]) not in {None, host}:
                    astray.add((host.name, job))
                    since = max(self._astray.setdefault((host.name, job), self._time.now), host.unfrozen_at)
                    patience = 2 * HEARTBEAT.total_seconds() + host.delays.slow[1]
                    if self._time.now - since > patience:
                        raise self.fail(f"{host.name} still believes to have {job}")
        self._astray = {pair: since for pair, since in self._astray.items() if pair in astray}

    def _committed(self, by: Host | None) -> None:
        for row in self._disk.connection.execute(
            "SELECT id, state, retried, lease, due_at, reply_intent, sendings, failure_reason FROM jobs ORDER BY rowid"
        ):
            before = self._rows.get(row["id"])
            if before is not None and tuple(before) == tuple(row):
                continue
            self._rows[row["id"]] = row
            who = by.name if by else "operator"
            self.tell(f"{who}: {' '.join(str(value) for value in row)}")
            self._check_move(before, row)
            if before is None or before["state"] != row["state"]:
                self.moved_at[row["id"]] = self._time.now
            if by is not None and row["lease"]:
                self._holders.setdefault(row["lease"], by)
                if before is None or before["due_at"] != row["due_at"]:
                    self._affirmed[row["lease"]] = self._time.now
            self._note(row)

    def _check_move(self, before: sqlite3.Row | None, row: sqlite3.Row) -> None:
        state = JobState(row["state"])
        if before is None:
            fine = state is JobState.RECEIVED
        elif row["retried"] > before["retried"]:
            fine = not JobState(before["state"]).is_open and state is JobState.RECEIVED
        else:
            fine = row["state"] == before["state"] or state in MOVES[JobState(before["state"])]
        if not fine:
            raise self.fail(f"{row['id']} moved from {before and before['state']} to {state}")

    def _note(self, row: sqlite3.Row) -> None:
        intent = json.loads(row["reply_intent"] or "{}")
        for key in [intent.get("mark"), *(file for file, _ in intent.get("files", ()))]:
            if key:
                self._noted.setdefault(key, (row["id"], row["retried"]))

    def _owner(self, mark: str, files: tuple[str, ...]) -> Generation:
        owners = {self._noted.get(key) for key in ([mark] if mark else files)}
        owner = owners.pop() if len(owners) == 1 else None
        if owner is None:
            raise self.fail("a reply that nobody has noted")
        return owner

    def _replied(self, reply: Reply) -> None:
        owner = self._owner(reply.mark, reply.files)
        self.tell(f"there is a reply of {owner[0]} in {reply.thread}")
        row = self.jobs()[owner[0]]
        if (reply.channel, reply.thread) != (row["channel"], row["thread"]):
            raise self.fail(f"a reply of {owner[0]} in the wrong thread")
        self._check_words(reply, row)
        earlier = self.replies[owner]
        if earlier:
            first, second = sorted([earlier[-1], reply], key=lambda one: one.sent_at)
            excuse = self._excuse(first)
            if excuse is None:
                self.report(_gap(first, second), f"a second reply of {owner[0]}")
            else:
                self.doubles[excuse] += 1
        earlier.append(reply)

    def _changed(self, reply: Reply, by: Host) -> None:
        self.tell(f"{by.name}: the reply in {reply.thread} is changed")
        rows = [row for row in self.jobs().values() if (row["channel"], row["reply_ts"]) == (reply.channel, reply.ts)]
        if len(rows) != 1:
            raise self.fail(f"the reply in {reply.thread} was changed, and belongs to {len(rows)} jobs")
        self._check_words(reply, rows[0])

    def _check_words(self, reply: Reply, row: sqlite3.Row) -> None:
        recording = self._slack.recordings[row["file"]]
        told = reply.text + "".join(self._slack.uploads[file] for file in reply.files)
        said = set(re.findall(r"spoken\d+x", told))
        if said - {json.loads(recording.sound)["words"]}:
            raise self.fail(f"somebody else's words in the reply of {row['id']}")
        if not said and f"Note {row['file']}" not in told:
            raise self.fail(f"neither words nor title in the reply of {row['id']}")

    def _excuse(self, first: Reply) -> str | None:
        """Why the sender of the first message could not know that it was there, where it may not look."""
        if self._slack.history or first.files:
            return None
        sender = first.by
        if not sender.is_alive:
            return "killed"
        if sender.loop.is_frozen or sender.unfrozen_at >= first.sent_at:
            return "frozen"
        if not first.answered:
            return "connection"
        return "database" if sender.storage_failed_at >= first.sent_at else None

    def _arrived(self, job: str, generation: int) -> None:
        self.tell(f"the recording of {job} arrived")
        self._arrivals[job, generation] += 1
        if self._arrivals[job, generation] > CAPABILITIES.sendings:
            raise self.fail(f"the recording of {job} arrived too often")


def _gap(first: Reply, second: Reply) -> Gap | None:
    if first.files and second.files and not set(first.files) & set(second.files):
        return Gap.ANEW
    looked_too_soon = second.looked_at is not None and second.looked_at < first.taken_at
    return Gap.OVERLAP if looked_too_soon else None
