"""What becomes of a job after an error: the whole table, and bounds that hold for everything."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.errors import SlackNotAuthorised, SlackRefused, SlackUnavailable
from bot.worker.retries import (
    BUGS,
    FIRST,
    LARGE_ANSWERS,
    LONGEST,
    MISUNDERSTANDINGS,
    OPERATOR,
    PATIENCE,
    GiveUp,
    LeasesLost,
    Retry,
    backoff,
    decide,
    may_have_it,
)
from handlers import words
from storage.database import StorageUnavailable
from storage.job import Failure, JobState, Reason
from transcription.errors import (
    AnswerTooLarge,
    Failed,
    Misunderstood,
    NoSound,
    NoSpeech,
    NotAuthorised,
    QuotaSpent,
    RateLimited,
    Refused,
    TimedOut,
    TooLong,
    Unavailable,
    UnsupportedAudio,
)

NEW, OLD = timedelta(minutes=1), PATIENCE + timedelta(seconds=1)
SENTENCE = "Please share it again."

BACKED_OFF: list[Exception] = [
    Unavailable("away"),
    TimedOut("slow"),
    RateLimited("busy"),
    Misunderstood("odd"),
    SlackUnavailable("away"),
    StorageUnavailable("locked"),
    OSError("disk full"),
    ValueError("a bug"),
]
OPERATORS: list[Exception] = [NotAuthorised("401"), QuotaSpent("402"), SlackNotAuthorised("missing_scope")]

chances = st.floats(min_value=0, max_value=1)
tries = st.integers(min_value=0, max_value=10_000)
waits = st.timedeltas(min_value=timedelta(0), max_value=PATIENCE)


@st.composite
def errors(draw: st.DrawFn) -> Exception:
    known = [
        *BACKED_OFF,
        *OPERATORS,
        Refused("no", sentence=SENTENCE),
        Failed("no"),
        SlackRefused("chat.postMessage", "is_archived"),
    ]
    wait = draw(waits)
    asked: list[Exception] = [
        Unavailable("away", retry_after=wait),
        RateLimited("busy", retry_after=wait),
        SlackUnavailable("ratelimited", retry_after=wait),
    ]
    return draw(st.sampled_from([*known, *asked]))


@pytest.mark.parametrize("error", BACKED_OFF, ids=lambda error: type(error).__name__)
def test_what_may_pass_by_itself_is_tried_again_with_backoff(error: Exception) -> None:
    assert decide(error, attempts=2, age=NEW, chance=1) == Retry(wait=timedelta(seconds=8))


@pytest.mark.parametrize("error", OPERATORS, ids=lambda error: type(error).__name__)
def test_what_only_the_operator_can_mend_is_tried_slowly_with_an_alarm(error: Exception) -> None:
    assert decide(error, attempts=0, age=NEW, chance=0) == Retry(wait=OPERATOR / 2, alarm=True)
    assert decide(error, attempts=99, age=NEW, chance=1) == Retry(wait=OPERATOR, alarm=True)


@pytest.mark.parametrize("kind", [Refused, UnsupportedAudio, NoSound, TooLong, NoSpeech])
def test_a_refusal_is_final_and_keeps_its_sentence(kind: type[Refused]) -> None:
    decision = decide(kind("no", sentence=SENTENCE), attempts=0, age=NEW, chance=0)
    assert decision == GiveUp(failure=Failure(reason=Reason.REFUSED, sentence=SENTENCE))


@pytest.mark.parametrize(
    ("error", "reason"),
    [(Failed("no"), Reason.PROVIDER_FAILED), (SlackRefused("chat.postMessage", "is_archived"), Reason.GAVE_UP)],
    ids=["failed", "refused by Slack"],
)
def test_what_is_final_ends_the_job_at_once(error: Exception, reason: Reason) -> None:
    assert decide(error, attempts=0, age=timedelta(0), chance=0) == GiveUp(failure=Failure(reason=reason))


def test_an_answer_that_is_not_understood_is_not_asked_for_many_times() -> None:
    error = Misunderstood("odd", body=b"secret words")
    assert isinstance(decide(error, attempts=MISUNDERSTANDINGS - 1, age=NEW, chance=0), Retry)
    ended = decide(error, attempts=MISUNDERSTANDINGS, age=NEW, chance=0)
    assert ended == GiveUp(failure=Failure(reason=Reason.PROVIDER_FAILED))


@pytest.mark.parametrize("error", [Misunderstood("odd"), Unavailable("away")], ids=["odd", "away"])
def test_once_the_recording_may_have_arrived_no_answer_ends_it_within_a_day(error: Exception) -> None:
    """An answer that made no sense used to end it after half a minute, when it was paid for."""
    assert isinstance(decide(error, attempts=10_000, age=PATIENCE, chance=1, sent=True), Retry)
    assert isinstance(decide(error, attempts=10_000, age=OLD, chance=1, sent=True), GiveUp)
    assert decide(Misunderstood("odd"), attempts=10_000, age=NEW, chance=1, sent=True) == Retry(wait=LONGEST)


@pytest.mark.parametrize(
    ("state", "sendings", "expected"),
    [
        (JobState.RECEIVED, 0, False),
        (JobState.RECEIVED, 1, False),
        (JobState.SUBMITTING, 0, False),
        (JobState.SUBMITTING, 1, True),
        (JobState.SUBMITTED, 1, True),
        (JobState.READY, 1, False),
    ],
)
def test_the_provider_may_have_a_recording_from_its_sending_to_its_answer(
    state: JobState, sendings: int, *, expected: bool
) -> None:
    assert may_have_it(state, sendings=sendings) is expected


def test_a_bug_of_ours_is_tried_a_few_times_and_a_known_trouble_for_longer() -> None:
    assert isinstance(decide(KeyError("x"), attempts=BUGS - 1, age=NEW, chance=0), Retry)
    assert decide(KeyError("x"), attempts=BUGS, age=NEW, chance=0) == GiveUp(failure=Failure(reason=Reason.GAVE_UP))
    for error in (Unavailable("x"), SlackUnavailable("x"), StorageUnavailable("x"), OSError("x")):
        assert isinstance(decide(error, attempts=1000, age=NEW, chance=0), Retry)


def test_a_token_that_stays_refused_for_a_day_is_told_as_a_missing_download() -> None:
    ended = decide(SlackNotAuthorised("missing_scope"), attempts=300, age=OLD, chance=0)
    assert ended == GiveUp(failure=Failure(reason=Reason.NO_DOWNLOAD))


@pytest.mark.parametrize("error", [*BACKED_OFF, *OPERATORS], ids=lambda error: type(error).__name__)
def test_nothing_is_tried_for_longer_than_patience_lasts(error: Exception) -> None:
    assert isinstance(decide(error, attempts=0, age=PATIENCE, chance=0), Retry)
    assert isinstance(decide(error, attempts=0, age=OLD, chance=0), GiveUp)


@given(wait=waits, attempts=tries, chance=chances)
def test_retry_after_is_honoured_and_not_shortened(wait: timedelta, attempts: int, chance: float) -> None:
    for error in (RateLimited("x", retry_after=wait), SlackUnavailable("x", retry_after=wait)):
        decision = decide(error, attempts=attempts, age=NEW, chance=chance)
        assert isinstance(decision, Retry)
        assert wait <= decision.wait <= wait + timedelta(seconds=1)


@given(attempts=tries, chance=chances)
def test_backoff_is_full_jitter_between_a_tenth_and_the_whole_of_its_ceiling(attempts: int, chance: float) -> None:
    ceiling = min(FIRST * 2 ** min(attempts, 20), LONGEST)
    assert ceiling * 0.1 <= backoff(attempts, chance=chance) <= ceiling


@given(attempts=tries)
def test_backoff_never_grows_shorter_with_more_tries(attempts: int) -> None:
    assert backoff(attempts, chance=1) <= backoff(attempts + 1, chance=1) <= LONGEST


@given(error=errors(), attempts=tries, age=st.timedeltas(timedelta(0), timedelta(days=400)), chance=chances)
def test_every_error_gets_a_decision_that_waits_neither_backwards_nor_for_ever(
    error: Exception, attempts: int, age: timedelta, chance: float
) -> None:
    decision = decide(error, attempts=attempts, age=age, chance=chance)
    if isinstance(decision, Retry):
        assert timedelta(0) <= decision.wait <= PATIENCE + timedelta(seconds=1)
        assert age <= PATIENCE
    else:
        assert (decision.failure.sentence is not None) == isinstance(error, Refused)


def test_an_answer_that_is_too_large_is_final_after_three_tries_even_where_it_may_be_billed() -> None:
    for sent in (False, True):
        for attempts in range(LARGE_ANSWERS - 1):
            assert isinstance(decide(AnswerTooLarge("large"), attempts=attempts, age=NEW, chance=0.5, sent=sent), Retry)
        given_up = decide(AnswerTooLarge("large"), attempts=LARGE_ANSWERS - 1, age=NEW, chance=0.5, sent=sent)
        assert given_up == GiveUp(failure=Failure(reason=Reason.PROVIDER_FAILED, sentence=words.ANSWER_TOO_LARGE))


def test_the_last_time_an_answer_that_is_too_large_is_asked_for_minutes_later() -> None:
    """So that a gateway's page of maintenance, which is large as well, does not end a job that was paid for."""
    for chance in (0.0, 1.0):
        again = decide(AnswerTooLarge("large"), attempts=1, age=NEW, chance=chance, sent=True)
        assert isinstance(again, Retry)
        assert timedelta(minutes=2) <= again.wait <= timedelta(minutes=5)


def test_a_step_that_lost_its_leases_is_given_up() -> None:
    given_up = decide(LeasesLost("10 in a row"), attempts=10, age=NEW, chance=0.5)
    assert given_up == GiveUp(failure=Failure(reason=Reason.GAVE_UP))
