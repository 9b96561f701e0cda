"""The job: one recording shared once, from the event to the reply. Values only; `storage.jobs` stores them.

`MOVES` is the state machine: it lists every allowed transition.
"""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NewType

from storage.options import NO_OPTIONS, TranscriptionOptions
from transcription.transcript import Report

JobId = NewType("JobId", str)
LeaseToken = NewType("LeaseToken", str)


class LeaseLost(Exception):
    """Another worker holds the job now. Work for it must stop."""


class JobState(enum.StrEnum):
    """The state of a job. The text after each says what is known if the process dies in this state."""

    RECEIVED = "received"
    """The row exists; nothing was sent."""

    SUBMITTING = "submitting"
    """The provider may have the audio or not."""

    SUBMITTED = "submitted"
    """The provider has the audio."""

    READY = "ready"
    """The outcome, a transcript or a failure, is known; the reply is not posted."""

    REPLYING = "replying"
    """The reply may be in the thread or not."""

    REPLIED = "replied"
    """The reply is posted and its timestamp known. Claimable until cleanup (reactions, spool) is done."""

    ABANDONED = "abandoned"
    """No reply is wanted or possible; the reason is stored. Claimable until cleanup is done."""

    @property
    def is_open(self) -> bool:
        """Return whether the state can still change."""
        return bool(MOVES[self])

    @property
    def can_be_cancelled(self) -> bool:
        """Return whether the job can be cancelled: no outcome is known yet."""
        return self in {JobState.RECEIVED, JobState.SUBMITTING, JobState.SUBMITTED}

    @property
    def acts(self) -> bool:
        """Return whether an external effect that must not happen twice is being done."""
        return self in {JobState.SUBMITTING, JobState.REPLYING}


MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.RECEIVED: frozenset({JobState.SUBMITTING, JobState.READY, JobState.ABANDONED}),
    JobState.SUBMITTING: frozenset({JobState.SUBMITTED, JobState.RECEIVED, JobState.READY, JobState.ABANDONED}),
    JobState.SUBMITTED: frozenset({JobState.READY, JobState.RECEIVED, JobState.ABANDONED}),
    JobState.READY: frozenset({JobState.REPLYING, JobState.REPLIED, JobState.ABANDONED}),
    JobState.REPLYING: frozenset({JobState.REPLIED, JobState.READY, JobState.ABANDONED}),
    JobState.REPLIED: frozenset(),
    JobState.ABANDONED: frozenset(),
}
"""Allowed transitions. `submitting → received`: the ticket expired and nothing was sent with it. `ready → replied`: a
rerun failed, and the existing reply stays."""


class Reason(enum.StrEnum):
    """Why a job ended without a transcript. `handlers.words` has the sentences."""

    # State abandoned: no reply is posted.
    NOT_AUDIO = "not_audio"
    NO_SOUND = "no_sound"
    DUPLICATE = "duplicate"
    NOT_A_MEMBER = "not_a_member"
    ON_REQUEST = "on_request"
    SHARED_CHANNEL = "shared_channel"
    FILE_GONE = "file_gone"
    CHANNEL_GONE = "channel_gone"
    CANCELLED = "cancelled"
    NOWHERE_TO_REPLY = "nowhere_to_reply"

    # A failure that is told in the thread.
    REFUSED = "refused"
    PROVIDER_FAILED = "provider_failed"
    GAVE_UP = "gave_up"
    TOO_SLOW = "too_slow"
    NO_DOWNLOAD = "no_download"


class HandleFrom(enum.StrEnum):
    """Where the handle (the provider's id of the job) came from. None for handles stored by an older release."""

    ANSWER = "answer"
    """The provider's response to the submission."""

    WEBHOOK = "webhook"
    """A webhook about an unknown job that matches this one. The provider confirmed the id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """The outcome without a transcript. `sentence` is shown to people where the refusing side gave one."""

    reason: Reason
    sentence: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a recording was shared.

    `occasion` distinguishes sharings of one file in one channel: the timestamp of the message with the file, or the
    event's own timestamp until the message is known. `thread` is the timestamp of the thread's root message; None until
    the job is located.
    """

    team: str
    channel: str
    file: str
    occasion: str
    user: str
    enterprise: str | None = None
    thread: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One row, frozen. `storage.jobs` changes it and returns a new value.

    `ticket`: what `Transcriber.prepare` returned. `handle`: the provider's id of the submitted job.
    `attempts`: failed attempts of this step in a row. `failing_since`: when the first of them failed.
    `tickets` and `sendings`: numbers of tickets used and of submissions sent in this run. `retried`: number of reruns.
    `due_at`: when it can be claimed; with a lease, when the lease ends; None for never.
    `under_way_since`: in a state that acts, since when an unanswered request may be on its way.
    `misses`: missed polls in this state. `leases_lost`: how often in a row the step outlived its lease,
    and `losing_since` when for the first time.
    `naming`: newest version of the speaker names, 0 for none; `shown`: the version in the reply.
    `corrections` and `corrections_shown`: the same of corrected words.
    `exports`: number of export requests; `exported`: number of the last one that is done.
    `forgotten`: 1 while its traces in Slack are to be removed, 2 once they are.
    `options`: the options for transcription and reply. `requested_by`: who asked for it, if it was not automatic.
    `begun_by`: the person who started this run, if any.
    `shown_as`: during a rerun, how the transcript that the thread still shows was made. `begun_at`: start of this run,
    if a person started it; `spent`: length charged for earlier runs in the same month.
    `progress`: the progress message.
    `waited`: how long the provider has been working, as far as known, counted up to `waited_until`. `report`: what the
    provider says about its work. `observed`: how long somebody was awake to see the job in its state, counted up to
    `observed_until`. `channel_was`: the id that the conversation had before it changed; None once it is
    checked that the job may go on there.
    """

    id: JobId
    origin: Origin
    state: JobState
    created_at: datetime
    state_since: datetime
    title: str | None = None
    provider: str | None = None
    duration: timedelta | None = None
    damaged: bool = False
    ticket: str | None = None
    handle: str | None = None
    attempts: int = 0
    tickets: int = 0
    sendings: int = 0
    retried: int = 0
    due_at: datetime | None = None
    lease: LeaseToken | None = None
    reply_intent: str | None = None
    reply_ts: str | None = None
    failure: Failure | None = None
    message_ts: str | None = None
    under_way_since: datetime | None = None
    misses: int = 0
    naming: int = 0
    shown: int = 0
    corrections: int = 0
    corrections_shown: int = 0
    exports: int = 0
    exported: int = 0
    forgotten: int = 0
    options: TranscriptionOptions = NO_OPTIONS
    requested_by: str | None = None
    begun_by: str | None = None
    shown_as: str | None = None
    begun_at: datetime | None = None
    spent: timedelta = timedelta(0)
    progress: str | None = None
    handle_from: HandleFrom | None = None
    failing_since: datetime | None = None
    waited: timedelta = timedelta(0)
    waited_until: datetime | None = None
    observed: timedelta = timedelta(0)
    observed_until: datetime | None = None
    report: Report | None = None
    channel_was: str | None = None
    leases_lost: int = 0
    losing_since: datetime | None = None

    @property
    def owes_an_edit(self) -> bool:
        """Return whether the reply does not show the newest names or the newest words."""
        return self.naming != self.shown or self.corrections != self.corrections_shown


def as_before(job: Job) -> Job:
    """Return the job as it was before a rerun that failed: with the transcript that the thread still shows."""
    shown = json.loads(job.shown_as or "{}")
    return replace(
        job,
        state=JobState.REPLIED,
        failure=None,
        ticket=None,
        handle=None,
        handle_from=None,
        shown_as=None,
        provider=shown.get("provider"),
        options=TranscriptionOptions.load(shown.get("wanted")),
        spent=job.spent - (job.duration or timedelta(0)),  # the shown transcript counts by its length again
    )


WORTH_A_TRY = frozenset({Reason.PROVIDER_FAILED, Reason.GAVE_UP, Reason.TOO_SLOW, Reason.NO_DOWNLOAD})
"""Failures after which a retry may succeed."""


_UNRESOLVED = "event:"


def unresolved(event_ts: str) -> str:
    """Return the occasion of a `file_shared` event, whose message is not known yet."""
    return _UNRESOLVED + event_ts


def is_resolved(occasion: str) -> bool:
    """Return whether the occasion is the timestamp of a message."""
    return not occasion.startswith(_UNRESOLVED)


def seconds(occasion: str) -> float:
    """Return the time of an occasion by Slack's clock, in seconds since 1970; 0 if it is malformed."""
    try:
        return float(occasion.removeprefix(_UNRESOLVED))
    except ValueError:
        return 0.0
