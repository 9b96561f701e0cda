"""The follow-up steps of a job that has ended, in this order: forget, show names and corrections, export, finish."""

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
    """Return the next follow-up step of the job."""
    if job.forgotten == 1:
        return forget
    if job.owes_an_edit:
        return revise
    return export if job.exports != job.exported else finish


def without_it(job: Job) -> Job:
    """Return the job without its next follow-up step, which was retried for too long."""
    if job.forgotten == 1:
        return as_forgotten(job)
    return as_shown(job) if job.owes_an_edit else as_exported(job)
