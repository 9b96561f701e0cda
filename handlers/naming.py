"""Name the speakers of a transcript: a button under it, a message shortcut, the modal that they open, and undo.

Names are stored here; the worker then updates the reply in place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slack_sdk.models.views import View

from handlers import words
from handlers.action_ids import NAME_SPEAKERS, UNDO_NAMING
from handlers.events import Interaction, Pressed, Submitted
from handlers.interactions import Act, Interactions
from handlers.naming_modal import FORM, SPEAKERS_ON_PAGE, NameEntry, NamingContext, form, name_entries, pages, voices
from handlers.responses import Declined, ScopeNotGranted, is_theirs, job_under, jobs_on, once_posted, still_in_work
from handlers.slack import SlackForListeners
from handlers.suggestions import EARLIER, suggestions
from storage import jobs, namings, transcripts
from storage.database import Database, Transaction
from storage.job import Job, JobId, JobState
from transcription.naming import NAME_LENGTH, shortened, speaker_names
from transcription.transcript import Transcript


@dataclass(frozen=True, kw_only=True, slots=True)
class _Named:
    """A job with its transcript and the newest naming of its speakers."""

    job: Job
    transcript: Transcript
    naming: namings.Naming | None

    @property
    def names(self) -> Mapping[str, str]:
        return self.naming.names if self.naming else {}

    @property
    def version(self) -> int:
        return self.naming.version if self.naming else 0


def register(
    interactions: Interactions,
    *,
    database: Database,
    clock: Callable[[], datetime],
    slack_of: Callable[[Job], SlackForListeners],
) -> Act:
    """Register the buttons, the shortcut and the modal. `slack_of` returns the Slack calls of a job's workspace.

    Return what undoes a naming, for the menu under the transcript.
    """
    actions = NamingActions(database, clock=clock, slack_of=slack_of)
    interactions.button(NAME_SPEAKERS, lambda body: once_posted(lambda: actions.open(body, find=_under)))
    interactions.shortcut(NAME_SPEAKERS, lambda body: once_posted(lambda: actions.open(body, find=_on_message)))
    interactions.modal(FORM, actions.save)

    async def undo(body: dict[str, Any]) -> None:
        await once_posted(lambda: actions.undo(body))

    interactions.button(UNDO_NAMING, undo)
    return undo


class NamingActions:
    """What the listeners do; `body` is the payload from Slack."""

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime], slack_of: Callable[[Job], SlackForListeners]
    ) -> None:
        self._database = database
        self._clock = clock
        self._slack_of = slack_of

    async def open(self, body: object, *, find: Callable[[Transaction, Pressed], _Named]) -> None:
        """Open the modal for the job that `find` returns. Raises `Declined` where there is nothing to name."""
        pressed = Pressed.model_validate(body)
        found = await self._database.read(lambda tx: find(tx, pressed))
        await self._slack_of(found.job).open(pressed.trigger_id, await self._form(found))

    async def undo(self, body: object) -> None:
        """Restore the naming before the newest one; without one, remove all names. Raises `Declined`."""
        pressed = Pressed.model_validate(body)

        def work(tx: Transaction) -> None:
            found = _under(tx, pressed)
            before = namings.before_newest(tx, found.job.id)
            seen = pressed.value.partition(":")[2]
            if seen != str(found.version):
                raise Declined(words.CHANGED_MEANWHILE)
            names = before.names if before else {}
            namings.add(tx, found.job, names=names, seen=found.version, by=pressed.user.id, now=self._clock())

        try:
            await self._database.write(work)
        except namings.NamingOutdated:
            raise Declined(words.CHANGED_MEANWHILE) from None

    async def save(self, submitted: Submitted) -> View | None:
        """Store the entered names. Return the modal again where somebody else has saved meanwhile.

        Raises `Declined` where there is no transcript (any more), and `ValueError` for a modal that is not of this bot.
        """
        context = NamingContext.load(submitted.view.private_metadata)
        found = await self._database.read(lambda tx: _of(tx, jobs.get(tx, JobId(context.job)), submitted))
        if found is None:
            raise Declined(words.STILL_IN_WORK if await self._is_at_work(context.job) else words.NOTHING_TO_NAME)
        if found.job.retried != context.made:
            return await self._form(found, notice=words.VOICES_CHANGED)
        names = await self._names(found, name_entries(submitted.view.state.values), context)
        if names == found.names:
            return await self._next(found, context)
        by, now = submitted.user.id, self._clock()
        try:
            await self._database.write(
                lambda tx: namings.add(tx, found.job, names=names, seen=context.version, by=by, now=now)
            )
        except namings.NamingOutdated as outdated:
            newer = _Named(job=found.job, transcript=found.transcript, naming=outdated.newest)
            numbers = speaker_names(found.transcript)
            changed = [(numbers[label], name) for label, name in newer.names.items() if label in numbers]
            return await self._form(newer, page=context.page, notice=words.named_meanwhile(changed))
        saved = await self._database.read(lambda tx: _of(tx, jobs.get(tx, found.job.id), submitted))
        return await self._next(saved, context) if saved else None

    async def _next(self, found: _Named, context: NamingContext) -> View | None:
        """Return the next page of the modal; None behind the last one."""
        page = context.page + 1
        return await self._form(found, page=page) if page < pages(found.transcript) else None

    async def _is_at_work(self, job: str) -> bool:
        found = await self._database.read(lambda tx: jobs.get(tx, JobId(job)))
        return found is not None and found.state.is_open

    async def _form(self, found: _Named, *, page: int = 0, notice: str | None = None) -> View:
        """Return a page of the modal, for a person who is in the conversation. Slack is asked for suggestions."""
        job, slack, where = found.job, self._slack_of(found.job), found.job.origin
        earlier = await self._database.read(
            lambda tx: namings.given_in(tx, team=where.team, channel=where.channel, limit=EARLIER)
        )
        suggested = await suggestions(job, slack, earlier=earlier)
        return form(
            NamingContext(job=job.id, version=found.version, made=job.retried, page=page, most=SPEAKERS_ON_PAGE),
            found.transcript,
            names=found.names,
            pick_people=slack.may_read_people,
            suggested=suggested,
            notice=notice,
        )

    async def _names(self, found: _Named, wished: Mapping[int, NameEntry], context: NamingContext) -> dict[str, str]:
        """Return names by label: as entered for the speakers on the page, unchanged for the others."""
        names = dict(found.names)
        shown = voices(found.transcript, page=context.page, most=context.most)
        asked = {voice.label: wished[row] for row, voice in enumerate(shown) if row in wished}
        # Concurrently: Slack waits three seconds for the response to a modal.
        slack = self._slack_of(found.job)
        given = await asyncio.gather(
            *(_name(slack, wish, before=names.get(label, "")) for label, wish in asked.items())
        )
        for label, name in zip(asked, given, strict=True):
            names.pop(label, None)
            if name:
                names[label] = name
        return names


async def _name(slack: SlackForListeners, wish: NameEntry, *, before: str) -> str:
    """Return the entered name: what was typed, else of the person, else the suggestion.

    The name `before`, which the form showed, was not typed now: so it gives way to what was chosen, or is kept.
    """
    typed = shortened(wish.typed, limit=NAME_LENGTH)
    if typed and typed != before:
        return typed
    if wish.person is None:
        return shortened(wish.suggested, limit=NAME_LENGTH) or typed
    try:
        return shortened(await slack.name_of(wish.person), limit=NAME_LENGTH)
    except ScopeNotGranted:
        raise Declined(words.TYPE_THE_NAME) from None


def _under(tx: Transaction, pressed: Pressed) -> _Named:
    """Return the job whose reply is the message with the button. Raises `Declined`."""
    return _with_speakers(tx, [job_under(tx, pressed)], pressed)


def _on_message(tx: Transaction, pressed: Pressed) -> _Named:
    """Return the job of a message: of its recording, or of the transcript in it. Raises `Declined`."""
    return _with_speakers(tx, jobs_on(tx, pressed), pressed)


def _with_speakers(tx: Transaction, found: list[Job], pressed: Pressed) -> _Named:
    for job in found:
        named = _of(tx, job, pressed)
        if named is not None and named.transcript.speakers:
            return named
    in_work = [job for job in found if job.state.is_open]
    raise still_in_work(*in_work) if in_work else Declined(words.NOTHING_TO_NAME)


def _of(tx: Transaction, job: Job | None, payload: Interaction) -> _Named | None:
    if job is None or job.state is not JobState.REPLIED or not is_theirs(tx, job, payload):
        return None
    transcript = transcripts.get(tx, job.id)
    if transcript is None or job.failure is not None:
        return None
    return _Named(job=job, transcript=transcript, naming=namings.newest(tx, job.id))
