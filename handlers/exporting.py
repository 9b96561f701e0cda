"""Export a transcript as a file: a button under it, a message shortcut, and the modal that they open.

The request is stored here; the worker makes and delivers the file.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from handlers import words
from handlers.action_ids import EXPORT
from handlers.events import Pressed, Submitted
from handlers.export_modal import FORM, ExportContext, chosen_export, form
from handlers.interactions import Interactions
from handlers.responses import Declined, is_theirs, job_under, jobs_on, once_posted, still_in_work
from handlers.slack import SlackForListeners
from storage import exports, jobs, transcripts
from storage.database import Database, Transaction
from storage.exports import ExportRequest, Recipient
from storage.job import Job, JobId, JobState


def register(
    interactions: Interactions,
    *,
    database: Database,
    clock: Callable[[], datetime],
    slack_of: Callable[[Job], SlackForListeners],
) -> None:
    """Register the button, the shortcut and the modal. `slack_of` returns the Slack calls of a job's workspace."""
    actions = ExportActions(database, clock=clock, slack_of=slack_of)
    interactions.button(EXPORT, lambda body: once_posted(lambda: actions.open(body, find=_under)))
    interactions.shortcut(EXPORT, lambda body: once_posted(lambda: actions.open(body, find=_on_message)))
    interactions.modal(FORM, actions.save)


class ExportActions:
    """What the listeners do; `body` is the payload from Slack."""

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime], slack_of: Callable[[Job], SlackForListeners]
    ) -> None:
        self._database = database
        self._clock = clock
        self._slack_of = slack_of

    async def open(self, body: object, *, find: Callable[[Transaction, Pressed], Job]) -> None:
        """Open the modal for the job that `find` returns. Raises `Declined` where there is no transcript."""
        pressed = Pressed.model_validate(body)
        job = await self._database.read(lambda tx: find(tx, pressed))
        context, slack = ExportContext(job=job.id, channel=job.origin.channel), self._slack_of(job)
        view = form(context, title=job.title, alone=slack.may_write_to_people)
        await slack.open(pressed.trigger_id, view)

    async def save(self, submitted: Submitted) -> None:
        """Store the export request, once for each modal. Raises `Declined`, and `ValueError` for a modal of others."""
        context = ExportContext.load(submitted.view.private_metadata)
        kind, recipient = chosen_export(submitted.view.state.values)
        job = await self._database.read(lambda tx: _of(tx, context, submitted))
        if recipient is Recipient.PERSON and not self._slack_of(job).may_write_to_people:
            raise Declined(words.EXPORT_THREAD_ONLY)
        if job.state.is_open:
            raise Declined(words.STILL_IN_WORK)
        request = ExportRequest(format=kind, recipient=recipient, by=submitted.user.id, request=submitted.view.id)
        now = self._clock()
        try:
            kept = await self._database.write(lambda tx: exports.add(tx, job.id, request, now=now))
        except exports.TooMany:
            raise Declined(words.EXPORTED_OFTEN) from None
        if not kept:
            raise Declined(words.NOTHING_TO_EXPORT)


def _of(tx: Transaction, context: ExportContext, submitted: Submitted) -> Job:
    """Return the job of the modal. Raises `Declined`."""
    job = jobs.get(tx, JobId(context.job))
    if job is None or job.origin.channel != context.channel or not is_theirs(tx, job, submitted):
        raise Declined(words.NOTHING_TO_EXPORT)
    return job


def _under(tx: Transaction, pressed: Pressed) -> Job:
    """Return the job whose reply is the message with the button. Raises `Declined`."""
    return _with_transcript(tx, [job_under(tx, pressed)])


def _on_message(tx: Transaction, pressed: Pressed) -> Job:
    """Return the job of a message: of its recording, or of the transcript in it. Raises `Declined`."""
    return _with_transcript(tx, jobs_on(tx, pressed))


def _with_transcript(tx: Transaction, found: list[Job]) -> Job:
    for job in found:
        if job.state.is_open:
            raise still_in_work(job)
        if job.state is JobState.REPLIED and job.failure is None:
            transcript = transcripts.get(tx, job.id)
            if transcript is not None and transcript.turns:
                return job
    raise Declined(words.NOTHING_TO_EXPORT)
