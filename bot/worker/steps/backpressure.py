"""Backpressure around a step: a circuit breaker for what jobs depend on, and the line of jobs that wait for it.

A dependency is a provider, by its name, or Slack as the steps of one state need it in one workspace: a Slack that takes
no messages may still tell about files. `RateLimits` opens the circuit after failures in a row, or
because somebody asked for a pause; while it is open no job calls there.
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
"""A job that has to wait longer is due after this once more, and goes on waiting."""


def slack_dependency(job: Job) -> str:
    """Slack, as far as jobs in this one's state need it: what it limits, it limits for a workspace."""
    return f"slack {job.origin.team} {job.state}"


def paused(claim: Claim, tools: Tools, dependency: str | None = None) -> Later | None:
    """When the job may go on, if a dependency is paused: `dependency`, or by default those of its next step.

    None means now. A job that has waited for longer than is tried may always go on, to be given up.
    """
    job, now = claim.job, tools.clock()
    if claim.age > PATIENCE:
        return None
    for name in [dependency] if dependency else _dependencies(job, tools):
        until = tools.limits.paused_until(name, now=now)
        if until is not None:
            return wait_in_line(job, tools, name, span=until - now)
    return None


def wait_in_line(job: Job, tools: Tools, dependency: str, *, span: timedelta) -> Later:
    """Let the job wait for so long, and then for its turn among those that wait for the same."""
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
    """Around a call to the provider: note a failure, and the pause that the provider asks for."""
    try:
        yield
    except Unavailable as error:
        now = tools.clock()
        tools.limits.record_failure(provider, job.id, now=now)
        if error.retry_after is not None:
            tools.limits.pause(provider, until=now + error.retry_after)
        raise


def record_slack_outcome(job: Job, tools: Tools, error: Exception | None) -> None:
    """After a step of the job: note whether Slack answered it."""
    if error is None:
        tools.limits.record_success(slack_dependency(job))
    elif isinstance(error, SlackUnavailable) and not isinstance(error, Paused | SlackNotAuthorised):
        tools.limits.record_failure(slack_dependency(job), job.id, now=tools.clock())
