"""Cancel, retry or rerun a recording: by buttons, a modal, and `/transcripts`.

Allowed are: the person who shared the recording, the person who asked for its transcript, the creator of the channel
and admins of the workspace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from slack_sdk.models.views import View

from handlers import words
from handlers.action_ids import CANCEL, RERUN, RETRY
from handlers.actor import Actor
from handlers.choices import Choice, fields, paragraph, read_options
from handlers.events import PressedAnywhere, Submitted
from handlers.interactions import Interactions
from handlers.modals import AboutJob
from handlers.responses import Declined, once_posted, still_in_work, write_with_retry
from handlers.slack import SlackForListeners
from storage import corrections, jobs, preferences, reruns
from storage.database import Database, Transaction
from storage.job import Job, JobId, Reason
from storage.options import TranscriptionOptions

_log = structlog.get_logger()

RERUN_FORM = "transcribe_again_form"

_NOT_RETRIED = frozenset({Reason.NOT_AUDIO, Reason.NO_SOUND, Reason.DUPLICATE, Reason.FILE_GONE})
"""Reasons that a retry cannot change."""


class RerunContext(AboutJob):
    """What the modal remembers: the job, and the number of its reruns when it was opened.

    `corrections`: how many corrections it says are discarded.
    """

    retried: int
    corrections: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class JobActions:
    """The actions. `choices`: the configured transcribers, the default one first.

    All raise `Declined` where the person may not do it, and `LeaseLost` while the worker keeps the job.
    """

    database: Database
    clock: Callable[[], datetime]
    slack_of: Callable[[Job], SlackForListeners]
    choices: Sequence[Choice]

    async def cancel(self, actor: Actor, job: JobId) -> str:
        """Cancel a job that is in progress; return the answer for the person."""
        await self._allowed(actor, job)
        answer, ended = await write_with_retry(self.database, lambda tx: self._cancel(tx, job, by=actor.user))
        if ended is not None:
            state = str(ended.state)
            _log.info("job_state_changed", job=job, state=state, provider=ended.provider, note="cancelled")
        return answer

    def _cancel(self, tx: Transaction, job: JobId, *, by: str) -> tuple[str, Job | None]:
        found = jobs.locked(tx, job)
        if found is None or found.forgotten:
            return words.DELETED_BEFORE, None
        ended = jobs.cancel(tx, found, now=self.clock(), by=by)
        if ended is None:
            return words.TOO_LATE_TO_CANCEL, None
        return (words.CANCELLED if ended.failure else words.RERUN_CANCELLED), ended

    async def retry(self, actor: Actor, job: JobId) -> str:
        """Retry a job that failed or got no reply; return the answer for the person."""
        await self._allowed(actor, job)
        return await once_posted(
            lambda: write_with_retry(self.database, lambda tx: self._retry(tx, job, by=actor.user))
        )

    def _retry(self, tx: Transaction, job: JobId, *, by: str) -> str:
        found = jobs.locked(tx, job)
        if found is None or found.forgotten:
            return words.DELETED_BEFORE
        if found.state.is_open:
            raise still_in_work(found)
        if found.failure is not None and found.failure.reason in _NOT_RETRIED:
            return words.NO_USE_TO_RETRY
        return words.RERUN_STARTED if reruns.retry(tx, found, now=self.clock(), by=by) else words.NOTHING_TO_RETRY

    async def ask_how(self, actor: Actor, job: JobId, *, trigger: str) -> None:
        """Open the modal with the options for a rerun. `trigger` is a Slack trigger id."""
        allowed = await self._allowed(actor, job)
        found, corrected = await once_posted(lambda: self._ended(job))
        defaults = await self.database.read(lambda tx: preferences.of_recording(tx, found.origin))
        await self.slack_of(allowed).open(trigger, self._form(found, defaults.options, corrected=corrected))

    async def _ended(self, job: JobId) -> tuple[Job, int]:
        """Return a job that can be done again, and how many corrections it has. Raises `Declined`."""
        found, corrected = await self.database.read(lambda tx: (jobs.get(tx, job), corrections.count(tx, job)))
        if found is None or found.forgotten:
            raise Declined(words.DELETED_BEFORE)
        if found.state.is_open:
            raise still_in_work(found)
        return found, corrected

    def _form(self, job: Job, usual: TranscriptionOptions, *, corrected: int) -> View:
        warning = [paragraph(words.corrections_replaced(corrected))] if corrected else []
        return View(
            type="modal",
            callback_id=RERUN_FORM,
            title=words.RERUN_TITLE,
            submit=words.RERUN_SUBMIT,
            close=words.DISMISS,
            private_metadata=RerunContext(job=job.id, retried=job.retried, corrections=corrected).dump(),
            blocks=[paragraph(_intro(job)), *warning, *fields(job.options, self.choices, usual=usual)],
        )

    async def save(self, submitted: Submitted) -> View | None:
        """Rerun with the entered options. Return the modal again where words were corrected since it was opened.

        Raises `Problems` for invalid input, `Declined` where a rerun is no longer possible, `LeaseLost`, and
        `ValueError` for a modal that is not of this bot.
        """
        context = RerunContext.load(submitted.view.private_metadata)
        job = JobId(context.job)
        shared = await self.database.read(lambda tx: jobs.get(tx, job))
        channel = shared.origin.channel if shared else None
        actor = replace(Actor.of(submitted), channel=channel)
        found = await self._allowed(actor, job)
        defaults = await self.database.read(lambda tx: preferences.of_recording(tx, found.origin))
        usual = defaults.options
        by = usual.transcriber or self.choices[0].name
        wanted = read_options(submitted.view.state.values, self.choices, usual=by)

        def work(tx: Transaction) -> View | None:
            now, corrected = jobs.locked(tx, job), corrections.count(tx, job)
            if now is None or now.retried != context.retried or now.state.is_open:
                raise Declined(words.STILL_IN_WORK)
            if corrected > context.corrections:
                return self._form(replace(now, options=wanted), usual, corrected=corrected)
            if reruns.rerun(tx, now, options=wanted, by=actor.user, now=self.clock()) is None:
                raise Declined(words.DELETED_BEFORE)
            return None

        return await write_with_retry(self.database, work)

    async def _allowed(self, actor: Actor, job: JobId) -> Job:
        found = await self.database.read(lambda tx: visible_job(tx, actor, job))
        if found is None:
            raise Declined(words.NO_SUCH_RECORDING)
        # Whether they are an admin is asked in their own workspace: their channel can have its home in another one.
        theirs = replace(found, origin=replace(found.origin, team=actor.team))
        if not actor.owns(found) and not await self.slack_of(theirs).looks_after(actor.user, found.origin.channel):
            raise Declined(words.NOT_YOURS_TO_CHANGE)
        return found


def _intro(job: Job) -> str:
    return words.RERUN_INTRO if job.failure is None else words.OTHER_WAY_INTRO


def visible_job(tx: Transaction, actor: Actor, job: JobId) -> Job | None:
    """Return a job that the actor may see; None for any other one."""
    found = jobs.get(tx, job)
    return found if found is not None and actor.sees(tx, found) else None


def register(interactions: Interactions, *, actions: JobActions) -> None:
    """Register the buttons and the modal."""

    async def ask_how(body: dict[str, Any]) -> None:
        await actions.ask_how(*pressed_job(body), trigger=str(body.get("trigger_id", "")))

    interactions.button(CANCEL, lambda body: actions.cancel(*pressed_job(body)))
    interactions.button(RETRY, lambda body: actions.retry(*pressed_job(body)))
    interactions.button(RERUN, ask_how)
    interactions.modal(RERUN_FORM, actions.save)


def pressed_job(body: object) -> tuple[Actor, JobId]:
    """Return who pressed a button, and the job that is its value."""
    pressed = PressedAnywhere.model_validate(body)
    return Actor.of(pressed), JobId(pressed.value)
