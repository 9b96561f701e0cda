"""Cancel, try again, transcribe in another way: by buttons, in a form, and by `/transcripts`.

Whoever shared the recording may, whoever asked for its transcript, and who looks after the channel or the workspace.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.models.views import View

from handlers import words
from handlers.action_ids import AGAIN, CANCEL, RETRY
from handlers.actor import Actor
from handlers.choices import Choice, Problems, fields, line, read
from handlers.events import PressedAnywhere, Submitted
from handlers.responses import Declined, respond_with, sentence_for, write_with_retry
from handlers.slack import SlackForListeners
from storage import jobs, preferences, reruns
from storage.database import Database, Transaction
from storage.job import Job, JobId, Reason

AGAIN_FORM = "transcribe_again_form"

_FOR_ANOTHER_REASON = frozenset({Reason.NOT_AUDIO, Reason.NO_SOUND, Reason.DUPLICATE, Reason.FILE_GONE})
"""Left alone, and no try would change that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobActions:
    """What can be done to a recording. `choices`: the transcribers that are set up, the usual one first."""

    database: Database
    clock: Callable[[], datetime]
    slack_of: Callable[[Job], SlackForListeners]
    choices: Sequence[Choice]

    async def cancel(self, actor: Actor, job: JobId) -> str:
        """End what is still in work; what the person reads."""
        await self._allowed(actor, job)
        return await write_with_retry(self.database, lambda tx: self._cancel(tx, job, by=actor.user))

    def _cancel(self, tx: Transaction, job: JobId, *, by: str) -> str:
        found = jobs.locked(tx, job)
        ended = found and jobs.cancel(tx, found, now=self.clock(), by=by)
        if ended is None:
            return words.TOO_LATE_TO_CANCEL
        return words.CANCELLED if ended.failure else words.CANCELLED_AGAIN

    async def retry(self, actor: Actor, job: JobId) -> str:
        """Begin again what failed or was left alone; what the person reads. Raises `LeaseLost`."""
        await self._allowed(actor, job)
        return await write_with_retry(self.database, lambda tx: self._retry(tx, job, by=actor.user))

    def _retry(self, tx: Transaction, job: JobId, *, by: str) -> str:
        found = jobs.locked(tx, job)
        if found is None or found.forgotten:
            return words.NOTHING_TO_RETRY
        if found.state.is_open:
            return words.STILL_IN_WORK
        if found.failure is None or found.failure.reason in _FOR_ANOTHER_REASON:
            return words.NOTHING_TO_RETRY
        return words.STARTED_AGAIN if reruns.retry(tx, found, now=self.clock(), by=by) else words.NOTHING_TO_RETRY

    async def ask_how(self, actor: Actor, job: JobId, *, trigger: str) -> None:
        """Show the form in which somebody says how it is to be done again."""
        found = await self._allowed(actor, job)
        if found.state.is_open:
            raise Declined(words.STILL_IN_WORK)
        if found.forgotten:
            raise Declined(words.DELETED_BEFORE)
        await self.slack_of(found).open(trigger, self._form(found))

    def _form(self, job: Job) -> View:
        return View(
            type="modal",
            callback_id=AGAIN_FORM,
            title=words.AGAIN_TITLE,
            submit=words.AGAIN_SUBMIT,
            close=words.CLOSE,
            private_metadata=json.dumps({"job": job.id, "retried": job.retried}),
            blocks=[line(words.AGAIN_INTRO), *fields(job.options, self.choices)],
        )

    async def save(self, submitted: Submitted) -> str | None:
        """Begin again as was entered; a sentence where that cannot be done any more. Raises `Problems`, `LeaseLost`."""
        match json.loads(submitted.view.private_metadata):
            case {"job": str(name), "retried": int(retried)}:
                job = JobId(name)
            case _:
                raise ValueError("not a form of ours")
        anywhere = await self.database.read(lambda tx: jobs.get(tx, job))
        channel = anywhere.origin.channel if anywhere else None
        actor = replace(Actor.of(submitted), channel=channel)
        found = await self._allowed(actor, job)
        general = await self.database.read(lambda tx: preferences.of_recording(tx, found.origin))
        usual = general.options.transcriber or self.choices[0].name
        wanted = read(submitted.view.state.values, self.choices, usual=usual)

        def work(tx: Transaction) -> str | None:
            now = jobs.locked(tx, job)
            if now is None or now.retried != retried or now.state.is_open:
                return words.STILL_IN_WORK
            begun = reruns.rerun(tx, now, options=wanted, by=actor.user, now=self.clock())
            return None if begun else words.DELETED_BEFORE

        return await write_with_retry(self.database, work)

    async def _allowed(self, actor: Actor, job: JobId) -> Job:
        found = await self.database.read(lambda tx: jobs.get(tx, job))
        if found is None or not actor.sees(found):
            raise Declined(words.no_such_recording(job))
        if not actor.owns(found) and not await self.slack_of(found).looks_after(actor.user, found.origin.channel):
            raise Declined(words.NOT_YOURS_TO_STEER)
        return found


def register(app: AsyncApp, *, steering: JobActions) -> None:
    """Listen for the buttons and the form."""

    @app.action(CANCEL)
    async def cancel(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        await respond_with(lambda: steering.cancel(*_pressed(body)), respond)

    @app.action(RETRY)
    async def retry(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        await respond_with(lambda: steering.retry(*_pressed(body)), respond)

    @app.action(AGAIN)
    async def ask_how(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        trigger = str(body.get("trigger_id", ""))
        await respond_with(lambda: steering.ask_how(*_pressed(body), trigger=trigger), respond)

    @app.view(AGAIN_FORM)
    async def sent(ack: AsyncAck, body: dict[str, Any]) -> None:
        first = str(next(iter(body.get("view", {}).get("state", {}).get("values", {})), ""))
        try:
            submitted = Submitted.model_validate(body)
            sentence = await sentence_for(lambda: steering.save(submitted))
        except Problems as problems:
            await ack(response_action="errors", errors=problems.by_field)
        except ValueError:
            await ack()  # not a form of ours: nothing to keep
        else:
            await (ack(response_action="errors", errors={first: sentence}) if sentence else ack())


def _pressed(body: object) -> tuple[Actor, JobId]:
    pressed = PressedAnywhere.model_validate(body)
    return Actor.of(pressed), JobId(pressed.value)
