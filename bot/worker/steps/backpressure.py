"""Backpressure: a circuit breaker for each dependency, and the waiting line of the jobs that need it.

A dependency is a provider, by its name, or Slack for the jobs of one workspace in one state: a Slack that takes no
messages may still answer about files. `RateLimits` opens the circuit (pauses the dependency) after failures in a row or
because the dependency asks for it; while it is open no job calls there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from bot.slack.errors import SlackNotAuthorised, SlackUnavailable
from bot.slack.pauses import Paused
from bot.worker.claim import Claim, Later
from bot.worker.rate_limits import Waiting
from bot.worker.retries import PATIENCE
from bot.worker.tools import Tools
from storage.claiming import FARTHEST
from storage.job import Job, JobState
from transcription.errors import Unavailable

LONGEST_WAIT = FARTHEST - timedelta(minutes=1)
"""A job that has to wait longer becomes due after this time, is checked, and goes on waiting."""


def slack_dependency(job: Job) -> str:
    """Return the name of Slack as a dependency of jobs in this workspace and state: Slack limits per workspace."""
    return f"slack {job.origin.team} {job.state}"


def paused(claim: Claim, tools: Tools, dependency: str | None = None) -> Later | None:
    """Return when the job is due if a dependency is paused: `dependency`, or by default those of its next step.

    None means now. A job older than `PATIENCE` never waits for a paused dependency: its next failure ends it.
    """
    job, now = claim.job, tools.clock()
    if claim.observed > PATIENCE:
        return None
    for name in [dependency] if dependency else _dependencies(job, tools):
        until = tools.limits.paused_until(name, now=now)
        if until is not None:
            return wait_in_line(job, tools, name, span=until - now)
    return None


def wait_in_line(job: Job, tools: Tools, dependency: str, *, span: timedelta) -> Later:
    """Return a wait of `span`, then for the job's turn among the jobs that wait for the same dependency."""
    now, origin = tools.clock(), job.origin
    waiting = Waiting(job=job.id, team=origin.team, channel=origin.channel, since=job.created_at)
    turn = tools.limits.due_in_line(dependency, waiting, until=now + span)
    return Later(due=min(turn, now + LONGEST_WAIT))


def _dependencies(job: Job, tools: Tools) -> list[str]:
    match job.state:
        case JobState.SUBMITTING | JobState.SUBMITTED:
            return [tools.transcriber_of(job).name]
        case JobState.RECEIVED if (
            job.duration is not None and not job.retried
        ):  # its audio is here: all that is left is to send it
            return [slack_dependency(job), tools.transcriber_for(job.options).name]
        case _:
            return [slack_dependency(job)]


@contextmanager
def calling(job: Job, tools: Tools, provider: str) -> Iterator[None]:
    """Wrap a call to the provider: record a failure, and the pause that the provider asks for."""
    try:
        yield
    except Unavailable as error:
        now = tools.clock()
        tools.limits.record_failure(provider, job.id, now=now)
        if error.retry_after is not None:
            tools.limits.pause(provider, until=now + error.retry_after)
        raise


def record_slack_outcome(job: Job, tools: Tools, error: Exception | None) -> None:
    """Record after a step of the job whether Slack answered."""
    if error is None:
        tools.limits.record_success(slack_dependency(job))
    elif isinstance(error, SlackUnavailable) and not isinstance(error, Paused | SlackNotAuthorised):
        tools.limits.record_failure(slack_dependency(job), job.id, now=tools.clock())
