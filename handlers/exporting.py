"""A transcript as a file to take along: a button under it, a shortcut on a message, the form that these open.

What is asked for here is delivered by the worker.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from handlers import words
from handlers.action_ids import EXPORT
from handlers.events import Pressed, Submitted
from handlers.export_modal import FORM, FORMAT, ExportContext, chosen, form
from handlers.responses import Declined, job_under, respond_with, sentence_for
from handlers.slack import SlackForListeners
from storage import exports, job_lists, jobs, transcripts
from storage.database import Database, Transaction
from storage.exports import ExportRequest, Recipient
from storage.job import Job, JobId, JobState


def register(
    app: AsyncApp, *, database: Database, clock: Callable[[], datetime], slack_of: Callable[[Job], SlackForListeners]
) -> None:
    """Listen for the button, the shortcut and the form."""
    desk = ExportActions(database, clock=clock, slack_of=slack_of)

    @app.action(EXPORT)
    async def pressed_button(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        await respond_with(lambda: desk.open(body, find=_under), respond)

    @app.shortcut(EXPORT)
    async def chose_shortcut(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        await respond_with(lambda: desk.open(body, find=_on_message), respond)

    @app.view(FORM)
    async def sent(ack: AsyncAck, body: dict[str, Any]) -> None:
        sentence = await sentence_for(lambda: desk.save(body))
        await (ack(response_action="errors", errors={FORMAT: sentence}) if sentence else ack())


class ExportActions:
    """What the listeners do; `body` is Slack's payload."""

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime], slack_of: Callable[[Job], SlackForListeners]
    ) -> None:
        self._database = database
        self._clock = clock
        self._slack_of = slack_of

    async def open(self, body: object, *, find: Callable[[Transaction, Pressed], Job]) -> None:
        """Show the form."""
        pressed = Pressed.model_validate(body)
        job = await self._database.read(lambda tx: find(tx, pressed))
        context, slack = ExportContext(job=job.id, channel=job.origin.channel), self._slack_of(job)
        view = form(context, title=job.title, alone=slack.may_write_to_people)
        await slack.open(pressed.trigger_id, view)

    async def save(self, body: object) -> None:
        """Keep what was asked for, once for each form. Raises `Declined`."""
        try:
            submitted = Submitted.model_validate(body)
            context = ExportContext.load(submitted.view.private_metadata)
            kind, recipient = chosen(submitted.view.state.values)
        except ValueError:
            return  # not a form of ours: nothing to keep
        job = await self._database.read(lambda tx: jobs.get(tx, JobId(context.job)))
        if job is None or (job.origin.team, job.origin.channel) != (submitted.team.id, context.channel):
            raise Declined(words.NOTHING_TO_EXPORT)
        if recipient is Recipient.PERSON and not self._slack_of(job).may_write_to_people:
            raise Declined(words.EXPORT_THREAD_ONLY)
        if not await self._is_there(submitted.user.id, job):
            raise Declined(words.NOT_IN_CONVERSATION)
        if job.state.is_open:
            raise Declined(words.STILL_IN_WORK)
        wish = ExportRequest(format=kind, recipient=recipient, by=submitted.user.id, request=submitted.view.id)
        now = self._clock()
        try:
            kept = await self._database.write(lambda tx: exports.add(tx, job.id, wish, now=now))
        except exports.TooMany:
            raise Declined(words.EXPORTED_OFTEN) from None
        if not kept:
            raise Declined(words.NOTHING_TO_EXPORT)

    async def _is_there(self, person: str, job: Job) -> bool:
        """Whether they are still where the recording is; a direct message with us nobody can leave."""
        team, channel = job.origin.team, job.origin.channel
        return channel.startswith("D") or await self._slack_of(job).is_in(person, channel, team=team)


def _under(tx: Transaction, pressed: Pressed) -> Job:
    """What a button is about: the transcript in the very message that it is under."""
    return _with_transcript(tx, [job_under(tx, pressed)])


def _on_message(tx: Transaction, pressed: Pressed) -> Job:
    """What a message is about: the transcript that it is, or that of the recording that it carries."""
    here = job_lists.on_message(tx, team=pressed.team.id, channel=pressed.channel.id, ts=pressed.message.ts)
    return _with_transcript(tx, here)


def _with_transcript(tx: Transaction, found: list[Job]) -> Job:
    for job in found:
        if job.state.is_open:
            raise Declined(words.STILL_IN_WORK)
        if job.state is JobState.REPLIED and job.failure is None:
            transcript = transcripts.get(tx, job.id)
            if transcript is not None and transcript.turns:
                return job
    raise Declined(words.NOTHING_TO_EXPORT)
