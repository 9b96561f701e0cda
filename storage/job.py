"""A job is one sharing of one recording, from the event to the reply. Values only; `storage.jobs` keeps them.

The states and the moves between them are the product's backbone: what may follow what is this table and nothing
else.
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
    """Somebody else has the job now: whatever was being done for it must stop."""


class JobState(enum.StrEnum):
    """Where a job stands. The comment after each says what an interrupted process leaves behind."""

    RECEIVED = "received"
    """The row exists; nobody outside has been told."""

    SUBMITTING = "submitting"
    """The provider may or may not have the audio."""

    SUBMITTED = "submitted"
    """The provider has the audio."""

    READY = "ready"
    """The outcome is known, a transcript or a failure: a reply is owed."""

    REPLYING = "replying"
    """The reply may or may not be in the thread."""

    REPLIED = "replied"
    """Done; the reply's timestamp is known. Until it is tidied up (reactions, spool) it is still claimable."""

    ABANDONED = "abandoned"
    """No reply is wanted or possible; the reason is kept. Until it is tidied up it is still claimable."""

    @property
    def is_open(self) -> bool:
        """Whether anything is still to be done."""
        return bool(MOVES[self])

    @property
    def can_be_cancelled(self) -> bool:
        """Whether no reply is owed yet."""
        return self in {JobState.RECEIVED, JobState.SUBMITTING, JobState.SUBMITTED}

    @property
    def acts(self) -> bool:
        """Whether something that must not happen twice is being done outside."""
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
"""What may follow what. `submitting → received`: the ticket expired and nothing was sent with it. `ready → replied`: it
was done again in vain, and the reply is as it was."""


class Reason(enum.StrEnum):
    """Why a job ended without a transcript. A code, so that the words stay in one place."""

    # Left alone without a word (abandoned).
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

    # Told in the thread (a failure).
    REFUSED = "refused"
    PROVIDER_FAILED = "provider_failed"
    GAVE_UP = "gave_up"
    TOO_SLOW = "too_slow"
    NO_DOWNLOAD = "no_download"


class HandleFrom(enum.StrEnum):
    """Who told us the provider's id for a job. None where an earlier release noted the id: nobody knows."""

    ANSWER = "answer"
    """The provider itself, in its answer to our submission."""

    WEBHOOK = "webhook"
    """A webhook about no job that we knew, which fits this one and whose id the provider knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """The outcome when there is no transcript. `sentence` is for the user where only the refusing side knows it."""

    reason: Reason
    sentence: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a recording was shared.

    `occasion` tells this sharing of the file from another one in the same channel: the timestamp of the message
    that carries it, or the event's own until that is known. `thread` is the timestamp of the thread's root; it is
    None until the job is located.
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
    """One row, frozen. Changes go through `storage.jobs` and give a new value.

    `under_way_since`: in a state that acts, since when a request whose answer nobody has may be on its way.
    `misses`: how often, in this state, something was looked for outside that was not there (yet).
    `naming`: the version of the speakers' names that counts, 0 for none; `shown`: the one that the reply shows.
    `exports`: how many files people have asked for; `exported`: up to which number they are done with.
    `forgotten`: 1 while it is to be removed what the job has left, 2 once it is.
    `options`: how it is to be transcribed and shown. `requested_by`: who asked for it, where it was not by itself.
    `begun_by`: who began this try, if a person did.
    `shown_as`: while it is done again, how the transcript was made that its thread still shows. `begun_at`: when this
    try was begun, if it is not the first; `spent`: the length that earlier ones have cost in the same month.
    `progress`: the message that tells how far it is.
    `failing_since`: since when the tries of this step have failed, one after the other. `waited`: for how long the
    provider has been at work as far as anybody knows, counted up to `waited_until`. `report`: what it says of its work.
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
    report: Report | None = None


def as_before(job: Job) -> Job:
    """The job with the transcript that its thread still shows, where doing it again came to nothing."""
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
        spent=job.spent - (job.duration or timedelta(0)),  # what is shown counts by its length again
    )


WORTH_A_TRY = frozenset({Reason.PROVIDER_FAILED, Reason.GAVE_UP, Reason.TOO_SLOW, Reason.NO_DOWNLOAD})
"""Failures after which another try may well succeed."""


_UNRESOLVED = "event:"


def unresolved(event_ts: str) -> str:
    """The occasion of a `file_shared` event: which message carries the file is not known yet."""
    return _UNRESOLVED + event_ts


def is_resolved(occasion: str) -> bool:
    """Whether the occasion is a message's timestamp."""
    return not occasion.startswith(_UNRESOLVED)


def seconds(occasion: str) -> float:
    """When it happened by Slack's clock, in seconds since 1970; of a message or of an event."""
    try:
        return float(occasion.removeprefix(_UNRESOLVED))
    except ValueError:
        return 0.0
