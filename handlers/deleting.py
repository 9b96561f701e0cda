"""Delete the transcript of a recording: the form that confirms it, and `/transcripts delete`. Only its sharer may.

The words go at once; the worker then removes the reply and its files from Slack. The recording stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slack_sdk.models.views import View

from handlers import words
from handlers.actor import Actor
from handlers.choices import paragraph
from handlers.events import PressedAnywhere, Submitted
from handlers.interactions import Interactions
from handlers.job_actions import visible_job
from handlers.membership import Membership
from handlers.modals import AboutJob, told
from handlers.plain_text import legible
from handlers.responses import Declined
from handlers.slack import SlackForListeners
from storage import forgetting, jobs
from storage.database import Database, Transaction
from storage.job import Job, JobId, Reason

DELETE_FORM = "delete_transcript_form"


@dataclass(frozen=True, kw_only=True, slots=True)
class Deletions:
    """Asks before a deletion, and does it. All raise `Declined` and `SlackNotReached`."""

    database: Database
    clock: Callable[[], datetime]
    membership: Membership
    slack_of: Callable[[Actor], SlackForListeners]

    async def ask(self, body: dict[str, Any]) -> None:
        """Open the form that confirms: the act of a menu. It asks by itself who is in the conversation."""
        pressed = PressedAnywhere.model_validate(body)
        actor, here = Actor.of(pressed), bool(body.get("message"))
        job = await self._required(actor, JobId(pressed.value.partition(":")[0]))
        if job is None:
            raise Declined(words.NO_SUCH_RECORDING)
        if job.origin.user != actor.user:
            raise Declined(words.NOT_YOURS)
        if job.forgotten:
            raise Declined(words.DELETED_BEFORE)
        await self.slack_of(actor).open(pressed.trigger_id, _form(job, here=here))

    async def save(self, submitted: Submitted) -> View:
        """Delete what the form asked about; return what the person is told instead of the form."""
        job = JobId(AboutJob.load(submitted.view.private_metadata).job)
        return told(words.DELETE_TITLE, await self.delete(Actor.of(submitted), job))

    async def delete(self, actor: Actor, job_id: JobId) -> str:
        """Delete the transcript of a recording that the actor shared; return the answer for them."""
        await self._required(actor, job_id)
        return await self.database.write(lambda tx: self._delete(tx, actor, job_id))

    def _delete(self, tx: Transaction, actor: Actor, job_id: JobId) -> str:
        job = jobs.locked(tx, job_id)
        if job is None or not actor.sees(tx, job):
            return words.NO_SUCH_RECORDING
        if job.origin.user != actor.user:
            return words.NOT_YOURS
        request = forgetting.ForgetRequest(by=actor.user, why="at their wish", reason=Reason.CANCELLED)
        return words.DELETED if forgetting.forget(tx, job, request, now=self.clock()) else words.DELETED_BEFORE

    async def _required(self, actor: Actor, job_id: JobId) -> Job | None:
        """Return a job that the actor sees, if they are in its conversation.

        Where the bot is not there either, their being there is no matter: no thread changes, and the words are their
        sharer's.
        """
        job = await self.database.read(lambda tx: visible_job(tx, actor, job_id))
        if job is None:
            return None
        try:
            await self.membership.require(actor, [job], sentence=words.NOT_IN_CONVERSATION_TO_DELETE)
        except Declined:
            if await self.slack_of(actor).objection(job.origin.channel) is not Reason.NOT_A_MEMBER:
                raise
        return job


def register(interactions: Interactions, *, deletions: Deletions) -> None:
    """Register the form. Menus offer `DELETE`, and the command is registered in `handlers.commands`."""
    interactions.modal(DELETE_FORM, deletions.save, about_a_job=False)


def _form(job: Job, *, here: bool) -> View:
    return View(
        type="modal",
        callback_id=DELETE_FORM,
        private_metadata=AboutJob(job=job.id).dump(),
        title=words.DELETE_TITLE,
        submit=words.DELETE_SUBMIT,
        close=words.DELETE_CLOSE,
        blocks=[paragraph(words.delete_question(legible(job.title or ""), here=here))],
    )
