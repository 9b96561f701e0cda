"""The retry policy: decides for an error whether and when a step is retried, or the job given up. Pure."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.slack.errors import SlackNotAuthorised, SlackNotInstalled, SlackRefused, SlackUnavailable
from handlers import words
from storage.database import StorageUnavailable
from storage.job import Failure, JobState, Reason
from transcription.errors import (
    AnswerTooLarge,
    Failed,
    Misunderstood,
    NotAuthorised,
    QuotaSpent,
    Refused,
    TranscriptionError,
    Unavailable,
)

FIRST = timedelta(seconds=2)
LONGEST = timedelta(minutes=5)
OPERATOR = timedelta(minutes=5)
"""Longest wait between retries of a problem that only the operator can solve."""

PATIENCE = timedelta(hours=24)
"""How long one step of a job is retried."""

MISUNDERSTANDINGS = 5
"""Retries, about a minute, of an undocumented answer while nothing was sent: such an answer seldom changes.

Once the provider may have the recording, it may be billed, so only `PATIENCE` ends the retries.
"""

LARGE_ANSWERS = 3
"""Tries in a row of an answer that is too large to be one. After a mistake on the way the next one may be right."""


class LeasesLost(Exception):
    """The step outlived its lease too often: it would go on for ever."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    """Retry the same step after `wait`; with `alarm` it is logged as an error, for the operator."""

    wait: timedelta
    alarm: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class GiveUp:
    """End the job with this failure."""

    failure: Failure


Decision = Retry | GiveUp

EXPECTED = (TranscriptionError, SlackUnavailable, SlackRefused, StorageUnavailable, LeasesLost, OSError)
"""Any other error is a bug: it is retried `BUGS` times, because a restart or an update may fix it."""

BUGS = 5


def decide(error: Exception, *, attempts: int, age: timedelta, chance: float, sent: bool = False) -> Decision:
    """Return what to do after `error`: retry the step or give up the job.

    `attempts`: failed tries of this step before this one; of `AnswerTooLarge`, those in a row that failed so. `age`:
    time since the step was reached. `chance`: a random number from 0 to 1 (full jitter). `sent`: the provider may have
    the recording.
    """
    failure = _failure(error, attempts=attempts, age=age, sent=sent)
    return GiveUp(failure=failure) if failure else _again(error, attempts=attempts, chance=chance)


def may_have_it(state: JobState, *, sendings: int) -> bool:
    """Return whether the provider may have the recording of a job in this state."""
    return state is JobState.SUBMITTED or (state is JobState.SUBMITTING and sendings > 0)


def _failure(  # noqa: PLR0911 - one arm for each kind of error
    error: Exception, *, attempts: int, age: timedelta, sent: bool
) -> Failure | None:
    match error:
        case Refused():
            return Failure(reason=Reason.REFUSED, sentence=error.sentence)
        case Failed():
            return Failure(reason=Reason.PROVIDER_FAILED)
        case Misunderstood() if age > PATIENCE or (attempts >= MISUNDERSTANDINGS and not sent):
            return Failure(reason=Reason.PROVIDER_FAILED)
        case AnswerTooLarge() if attempts >= LARGE_ANSWERS - 1:
            return Failure(reason=Reason.PROVIDER_FAILED, sentence=words.ANSWER_TOO_LARGE)
        case SlackRefused() | LeasesLost():
            return Failure(reason=Reason.GAVE_UP)
        case SlackUnavailable() if age > PATIENCE:
            return Failure(reason=Reason.NO_DOWNLOAD)
        case _:
            hopeless = age > PATIENCE or (not isinstance(error, EXPECTED) and attempts >= BUGS)
            return Failure(reason=Reason.GAVE_UP) if hopeless else None


def _again(error: Exception, *, attempts: int, chance: float) -> Retry:
    match error:
        case SlackNotInstalled():
            return Retry(wait=OPERATOR * (0.5 + chance / 2))
        case NotAuthorised() | QuotaSpent() | SlackNotAuthorised():
            return Retry(wait=OPERATOR * (0.5 + chance / 2), alarm=True)
        case AnswerTooLarge() if attempts > 0:
            return Retry(wait=LONGEST * (0.5 + chance / 2))  # a few tries should last longer than a page of maintenance
        case Unavailable() | SlackUnavailable() if error.retry_after is not None:
            return Retry(wait=error.retry_after + timedelta(seconds=chance))
        case Unavailable(fault=fault) | SlackUnavailable(fault=fault) if fault is not None and fault.is_about_trust:
            # Somebody has to look at it, but often over there: it may be mended at any moment.
            return Retry(wait=backoff(attempts, chance=chance), alarm=True)
        case _:
            return Retry(wait=backoff(attempts, chance=chance))


def backoff(attempts: int, *, chance: float) -> timedelta:
    """Return an exponential backoff with full jitter: a tenth to all of min(2 s x 2^attempts, 5 min)."""
    ceiling: timedelta = min(FIRST * (1 << min(attempts, 16)), LONGEST)
    return ceiling * max(0.1, chance)


def describe(error: Exception) -> str:
    """Return what may be logged of an error: of an unexpected one only its class and its place in the code."""
    match error:
        case OSError(strerror=str(strerror)):
            return f"{type(error).__name__}: {strerror}"
        case _ if isinstance(error, EXPECTED):
            return f"{type(error).__name__}: {error}"[:200]
        case _:
            last = traceback.extract_tb(error.__traceback__)[-1]
            return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
