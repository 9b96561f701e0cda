"""What is still to be done for a job that has ended, in this order: forget it, show names, export, finish up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.worker.claim import Claim, Later
from bot.worker.steps.export import as_exported, export
from bot.worker.steps.finish import finish
from bot.worker.steps.forget import as_forgotten, forget
from bot.worker.steps.revise import as_shown, revise
from bot.worker.tools import Tools
from storage.job import Job


def step_after(job: Job) -> Callable[[Claim, Tools], Awaitable[Job | Later]]:
    """The next of these steps."""
    if job.forgotten == 1:
        return forget
    if job.naming != job.shown:
        return revise
    return export if job.exports != job.exported else finish


def without_it(job: Job) -> Job:
    """The job, that step not owed any more: it was tried for too long."""
    if job.forgotten == 1:
        return as_forgotten(job)
    return as_shown(job, None) if job.naming != job.shown else as_exported(job)
