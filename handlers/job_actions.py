"""Cancel, try again, transcribe in another way: by buttons, in a form, and by `/transcripts`.

Whoever shared the recording may, whoever asked for its transcript, and who looks after the channel or the workspace.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.models.views import View

from handlers import words
from handlers.action_ids import AGAIN, CANCEL, RETRY
from handlers.choices import Choice, Problems, fields, line, read
from handlers.events import PressedAnywhere, Submitted
from handlers.responses import Refused, answered, patiently, politely
from storage import jobs, preferences, reruns
from storage.database import Database, Transaction
from storage.job import Job, JobId, Reason

AGAIN_FORM = "transcribe_again_form"

_FOR_ANOTHER_REASON = frozenset({Reason.NOT_AUDIO, Reason.NO_SOUND, Reason.DUPLICATE, Reason.FILE_GONE})
"""Left alone, and no try would change that."""


class Screens(Protocol):
    """What Slack shows to a person, and knows of one. Raises `NotNow`."""

    async def open(self, trigger: str, view: View) -> None:
        """Show a form to whoever pulled the trigger, which counts once and for three seconds."""
        ...

    async def looks_after(self, person: str, channel: str) -> bool:
        """Whether somebody is an admin of the workspace, or made the channel."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """Who wants something, and from where: a channel, or (None) a place of their own."""

    team: str
    user: str
    channel: str | None

    def sees(self, job: Job) -> bool:
        """Whether they may know of it: it is in the channel from which they ask, or of their own."""
        if job.origin.team != self.team:
            return False
        return job.origin.channel == self.channel if self.channel else self.owns(job)

    def owns(self, job: Job) -> bool:
        """Whether they shared it, or asked for it."""
        return self.user in {job.origin.user, job.requested_by, job.begun_by}


@dataclass(frozen=True, kw_only=True, slots=True)
class Steering:
    """What can be done to a recording. `choices`: the transcribers that are set up, the usual one first."""

    database: Database
    clock: Callable[[], datetime]
    screens_of: Callable[[Job], Screens]
    choices: Sequence[Choice]

    async def cancel(self, asker: Asker, job: JobId) -> str:
        """End what is still in work; what the person reads."""
        await self._allowed(asker, job)
        return await patiently(self.database, lambda tx: self._cancel(tx, job, by=asker.user))

    def _cancel(self, tx: Transaction, job: JobId, *, by: str) -> str:
        found = jobs.locked(tx, job)
        ended = found and jobs.cancel(tx, found, now=self.clock(), by=by)
        if ended is None:
            return words.TOO_LATE_TO_CANCEL
        return words.CANCELLED if ended.failure else words.CANCELLED_AGAIN

    async def retry(self, asker: Asker, job: JobId) -> str:
        """Begin again what failed or was left alone; what the person reads. Raises `LeaseLost`."""
        await self._allowed(asker, job)
        return await patiently(self.database, lambda tx: self._retry(tx, job, by=asker.user))

    def _retry(self, tx: Transaction, job: JobId, *, by: str) -> str:
        found = jobs.locked(tx, job)
        if found is None or found.forgotten:
            return words.NOTHING_TO_RETRY
        if found.state.is_open:
            return words.STILL_IN_WORK
        if found.failure is None or found.failure.reason in _FOR_ANOTHER_REASON:
            return words.NOTHING_TO_RETRY
        return words.STARTED_AGAIN if reruns.retry(tx, found, now=self.clock(), by=by) else words.NOTHING_TO_RETRY

    async def ask_how(self, asker: Asker, job: JobId, *, trigger: str) -> None:
        """Show the form in which somebody says how it is to be done again."""
        found = await self._allowed(asker, job)
        if found.state.is_open:
            raise Refused(words.STILL_IN_WORK)
        if found.forgotten:
            raise Refused(words.DELETED_BEFORE)
        await self.screens_of(found).open(trigger, self._form(found))

    def _form(self, job: Job) -> View:
        return View(
            type="modal", callback_id=AGAIN_FORM, title=words.AGAIN_TITLE, submit=words.AGAIN_SUBMIT,
            close=words.CLOSE, private_metadata=json.dumps({"job": job.id, "retried": job.retried}),
            blocks=[line(words.AGAIN_INTRO), *fields(job.wanted, self.choices)],
        )  # fmt: skip

    async def save(self, submitted: Submitted) -> str | None:
        """Begin again as was entered; a sentence where that cannot be done any more. Raises `Problems`, `LeaseLost`."""
        match json.loads(submitted.view.private_metadata):
            case {"job": str(name), "retried": int(retried)}:
                job = JobId(name)
            case _:
                raise ValueError("not a form of ours")
        anywhere = await self.database.read(lambda tx: jobs.get(tx, job))
        channel = anywhere.origin.channel if anywhere else None
        asker = Asker(team=submitted.team.id, user=submitted.user.id, channel=channel)
        found = await self._allowed(asker, job)
        general = await self.database.read(lambda tx: preferences.of_recording(tx, found.origin))
        usual = general.wanted.transcriber or self.choices[0].name
        wanted = read(submitted.view.state.values, self.choices, usual=usual)

        def work(tx: Transaction) -> str | None:
            now = jobs.locked(tx, job)
            if now is None or now.retried != retried or now.state.is_open:
                return words.STILL_IN_WORK
            begun = reruns.anew(tx, now, wanted=wanted, by=asker.user, now=self.clock())
            return None if begun else words.DELETED_BEFORE

        return await patiently(self.database, work)

    async def _allowed(self, asker: Asker, job: JobId) -> Job:
        found = await self.database.read(lambda tx: jobs.get(tx, job))
        if found is None or not asker.sees(found):
            raise Refused(words.no_such_recording(job))
        if not asker.owns(found) and not await self.screens_of(found).looks_after(asker.user, found.origin.channel):
            raise Refused(words.NOT_YOURS_TO_STEER)
        return found


def register(app: AsyncApp, *, steering: Steering) -> None:
    """Listen for the buttons and the form."""

    @app.action(CANCEL)
    async def cancel(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        await politely(lambda: steering.cancel(*_pressed(body)), respond)

    @app.action(RETRY)
    async def retry(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        await politely(lambda: steering.retry(*_pressed(body)), respond)

    @app.action(AGAIN)
    async def ask_how(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        trigger = str(body.get("trigger_id", ""))
        await politely(lambda: steering.ask_how(*_pressed(body), trigger=trigger), respond)

    @app.view(AGAIN_FORM)
    async def sent(ack: AsyncAck, body: dict[str, Any]) -> None:
        first = str(next(iter(body.get("view", {}).get("state", {}).get("values", {})), ""))
        try:
            submitted = Submitted.model_validate(body)
            sentence = await answered(lambda: steering.save(submitted))
        except Problems as problems:
            await ack(response_action="errors", errors=problems.by_field)
        except ValueError:
            await ack()  # not a form of ours: nothing to keep
        else:
            await (ack(response_action="errors", errors={first: sentence}) if sentence else ack())


def _pressed(body: object) -> tuple[Asker, JobId]:
    pressed = PressedAnywhere.model_validate(body)
    channel = pressed.channel.id if pressed.channel else None
    return Asker(team=pressed.team.id, user=pressed.user.id, channel=channel), JobId(pressed.value)
