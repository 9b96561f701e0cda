"""What is counted and timed, by kinds of things and never by the things themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import generate_latest

from bot.metrics import Metrics
from bot.slack.errors import SlackNotAuthorised, SlackRefused
from bot.worker.retries import EXPECTED
from storage.database import StorageUnavailable
from storage.job import Failure, Job, JobId, JobState, Origin, Reason
from tests.bot.job_fixtures import NOON
from tests.bot.prometheus_text import Told
from transcription.errors import Failed, RateLimited, Unavailable

JOB = Job(
    id=JobId("abcdefgh23"),
    origin=Origin(team="T1", channel="C1", file="F1", occasion="1.0", user="U1", thread="1.0"),
    state=JobState.SUBMITTING,
    created_at=NOON,
    state_since=NOON,
    provider="botlhale",
    duration=timedelta(seconds=90),
)


def told(metrics: Metrics) -> Told:
    return Told.of(generate_latest(metrics.registry).decode())


def test_counters_that_alerts_look_at_begin_at_nought() -> None:
    said = told(Metrics(providers=["botlhale"]))
    assert said.value("threadscribe_jobs_given_up_total", reason="gave_up") == 0
    assert said.value("threadscribe_replies_total", provider="botlhale", outcome="failure") == 0
    assert said.value("threadscribe_socket_connections_total") == 0


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, "kept"), (401, "refused"), (413, "refused"), (500, "failed"), (503, "failed")]
)
def test_an_answer_is_timed_by_what_became_of_the_request(status: int, outcome: str) -> None:
    metrics = Metrics(expected=EXPECTED)
    metrics.acknowledged("event", status=status, after=0.2)
    said = told(metrics)
    labels = {"kind": "event", "outcome": outcome}
    assert said.value("threadscribe_acknowledgement_seconds_sum", **labels) == 0.2
    assert said.value("threadscribe_acknowledgement_seconds_bucket", **labels, le="0.1") == 0
    assert said.value("threadscribe_acknowledgement_seconds_bucket", **labels, le="0.25") == 1


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RateLimited("status: 429"), "RateLimited"),
        (Failed("failed"), "Failed"),
        (SlackRefused("files.info", "file_not_found"), "SlackRefused"),
        (SlackNotAuthorised("auth.test: invalid_auth"), "SlackNotAuthorised"),
        (StorageUnavailable("disk full"), "StorageUnavailable"),
        (ConnectionResetError("10.0.0.1"), "OSError"),
        (KeyError("a secret"), "bug"),
        (type("Invented", (Exception,), {})("x"), "bug"),
    ],
)
def test_errors_are_counted_by_their_kind_and_never_by_what_they_say(error: Exception, kind: str) -> None:
    metrics = Metrics(expected=EXPECTED)
    with pytest.raises(type(error)), metrics.provider_call("botlhale", "check"):
        raise error
    with pytest.raises(type(error)), metrics.slack_call("files.info"):
        raise error
    metrics.step_failed(JobState.SUBMITTED, error, given_up=False)
    said = told(metrics)
    assert (
        said.value("threadscribe_provider_call_errors_total", provider="botlhale", call="check", error=kind)
        == said.value("threadscribe_slack_call_errors_total", method="files.info", error=kind)
        == 1
    )
    assert said.value("threadscribe_steps_failed_total", state="submitted", error=kind, decision="again") == 1
    assert said.labels()["error"] == {kind}


def test_calls_are_timed_whether_they_fail_or_not() -> None:
    metrics = Metrics(expected=EXPECTED)
    with metrics.provider_call("botlhale", "submit"):
        pass
    with pytest.raises(Unavailable), metrics.provider_call("botlhale", "submit"):
        raise Unavailable("503")
    said = told(metrics)
    assert said.value("threadscribe_provider_call_seconds_count", provider="botlhale", call="submit") == 2
    assert said.total("threadscribe_provider_call_errors_total") == 1


def test_a_transcript_in_the_thread_is_a_reply_with_its_age_and_its_length() -> None:
    metrics, age = Metrics(), timedelta(seconds=12)
    submitted = replace(JOB, state=JobState.SUBMITTED)
    replied = replace(JOB, state=JobState.REPLIED)
    metrics.moved(JOB, submitted, age=age)
    metrics.moved(submitted, submitted, age=age)
    metrics.moved(replace(JOB, state=JobState.REPLYING), replied, age=age)
    said = told(metrics)
    assert said.value("threadscribe_replies_total", provider="botlhale", outcome="transcript") == 1
    assert said.total("threadscribe_replies_total") == 1
    assert said.value("threadscribe_share_to_reply_seconds_sum", provider="botlhale") == 12
    assert said.value("threadscribe_sent_audio_seconds_total", provider="botlhale") == 90
    assert said.total("threadscribe_jobs_given_up_total") == 0


def test_a_failure_is_counted_once_when_it_is_known_and_once_when_it_is_told() -> None:
    metrics, age = Metrics(), timedelta(seconds=12)
    ready = replace(JOB, state=JobState.READY, failure=Failure(reason=Reason.TOO_SLOW))
    metrics.moved(JOB, ready, age=age)
    replying, replied = replace(ready, state=JobState.REPLYING), replace(ready, state=JobState.REPLIED)
    metrics.moved(ready, replying, age=age)
    metrics.moved(replying, replied, age=age)
    said = told(metrics)
    assert said.value("threadscribe_jobs_given_up_total", reason="too_slow") == 1
    assert said.total("threadscribe_jobs_given_up_total") == 1
    assert said.value("threadscribe_replies_total", provider="botlhale", outcome="failure") == 1


def test_a_job_that_was_started_again_says_nothing_about_how_long_answers_take() -> None:
    metrics = Metrics(expected=EXPECTED)
    replying = replace(JOB, state=JobState.REPLYING, retried=1)
    metrics.moved(replying, replace(replying, state=JobState.REPLIED), age=timedelta(days=30))
    said = told(metrics)
    assert said.total("threadscribe_share_to_reply_seconds_count") == 0
    assert said.total("threadscribe_replies_total") == 1


def test_a_job_left_alone_has_a_reason_and_no_reply() -> None:
    metrics = Metrics(expected=EXPECTED)
    received = replace(JOB, state=JobState.RECEIVED, provider=None)
    alone = replace(received, state=JobState.ABANDONED, failure=Failure(reason=Reason.NOT_AUDIO))
    metrics.moved(received, alone, age=timedelta(seconds=1))
    said = told(metrics)
    assert said.value("threadscribe_jobs_given_up_total", reason="not_audio") == 1
    assert said.total("threadscribe_replies_total") == 0
