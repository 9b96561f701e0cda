"""Before and around a step: nobody knocks at a door that is known to be shut, and what waits for it waits in turn.

Doors are the providers, by their names, and Slack as the steps of one state need it in one workspace (`slack_for`): a
Slack that takes no messages may still tell about files.
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
"""A job that has to wait longer looks again after this, and goes on waiting."""


def slack_for(job: Job) -> str:
    """Slack, as far as jobs in this one's state need it: what it limits, it limits for a workspace."""
    return f"slack {job.origin.team} {job.state}"


def held_back(claim: Claim, tools: Tools, door: str | None = None) -> Later | None:
    """When the job may go on, if not now: through `door`, or by default through those that its next step needs.

    Whoever has waited for longer than is tried may go, to be given up.
    """
    job, now = claim.job, tools.clock()
    if claim.age > PATIENCE:
        return None
    for name in [door] if door else _doors(job, tools):
        until = tools.limits.paused_until(name, now=now)
        if until is not None:
            return wait_for(job, tools, name, span=until - now)
    return None


def wait_for(job: Job, tools: Tools, door: str, *, span: timedelta) -> Later:
    """Let the job wait for so long, and then for its turn."""
    now, origin = tools.clock(), job.origin
    waiting = Waiting(job=job.id, team=origin.team, channel=origin.channel, since=job.created_at)
    turn = tools.limits.turn_after(door, waiting, until=now + span)
    return Later(due=min(turn, now + LONGEST_WAIT))


def _doors(job: Job, tools: Tools) -> list[str]:
    match job.state:
        case JobState.SUBMITTING | JobState.SUBMITTED:
            return [tools.transcriber_of(job).name]
        case JobState.RECEIVED if (
            job.duration is not None and not job.retried
        ):  # its audio is here: all that is left is to send it
            return [slack_for(job), tools.transcriber_for(job.wanted).name]
        case _:
            return [slack_for(job)]


@contextmanager
def asking(job: Job, tools: Tools, provider: str) -> Iterator[None]:
    """Around a call to the provider: it is noted whether anybody still gets an answer there."""
    try:
        yield
    except Unavailable as error:
        now = tools.clock()
        tools.limits.unanswered(provider, job.id, now=now)
        if error.retry_after is not None:
            tools.limits.pause(provider, until=now + error.retry_after)
        raise


def note_slack(job: Job, tools: Tools, error: Exception | None) -> None:
    """After a step of the job: note whether anybody still gets an answer from Slack."""
    if error is None:
        tools.limits.answered(slack_for(job))
    elif isinstance(error, SlackUnavailable) and not isinstance(error, Paused | SlackNotAuthorised):
        tools.limits.unanswered(slack_for(job), job.id, now=tools.clock())
