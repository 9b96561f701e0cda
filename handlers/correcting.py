"""Correct the words of a transcript: an option of the menu under it, and the modal with undo and history.

Everybody in the conversation may. Corrections are stored here; the worker then updates the reply in place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from slack_sdk.models.views import View

from handlers import words
from handlers.actor import Actor
from handlers.choices import Choice, Problems
from handlers.correctable import Correctable, correctable, correctable_under, passages_with
from handlers.correcting_modal import (
    FIND,
    FORM,
    LONGEST_CORRECTION,
    MENDED,
    MOST_LISTED,
    PASSAGE,
    REMEMBER,
    UNDO,
    CorrectionContext,
    chosen_passage,
    context_of,
    entered_words,
    field_id,
    first_page,
    is_ticked,
    last_page,
    words_to_find,
)
from handlers.events import Pressed, Submitted
from handlers.interactions import Act, Interactions
from handlers.responses import TRIES, Declined, SlackNotReached, once_posted
from handlers.slack import SlackForListeners
from storage import corrections, jobs, vocabularies
from storage.corrections import CorrectionDraft, CorrectionOutdated, NoWordsLeft, TooManyCorrections
from storage.database import Database, Transaction
from storage.job import Job, JobId, JobState, LeaseLost
from storage.ngrams import terms
from storage.preferences import PreferencesOutdated
from storage.timestamps import stored
from transcription.correcting import TurnPart, change_of, new_terms, turn_parts, turn_parts_of
from transcription.naming import NAME_LENGTH, shortened

NAME_WITHIN = 0.8
"""Seconds in which Slack tells the name of whoever corrects; without it nobody is named. Slack waits three seconds."""


def register(
    interactions: Interactions,
    *,
    database: Database,
    clock: Callable[[], datetime],
    slack_of: Callable[[Job], SlackForListeners],
    choices: Sequence[Choice],
) -> Act:
    """Register the modal. Return what opens it, for the menu under a transcript.

    `slack_of` returns the Slack calls of a job's workspace. `choices`: the configured transcribers.
    """
    actions = CorrectActions(database, clock=clock, slack_of=slack_of, choices=choices)
    interactions.modal(FORM, actions.save)
    return lambda body: once_posted(lambda: actions.open(body))


class CorrectActions:
    """What the listeners do; `body` is the payload from Slack."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime],
        slack_of: Callable[[Job], SlackForListeners],
        choices: Sequence[Choice],
    ) -> None:
        self._database = database
        self._clock = clock
        self._slack_of = slack_of
        self._takes_words = any(choice.vocabulary for choice in choices)

    async def open(self, body: object) -> None:
        """Open the modal for the transcript in the message. Raises `Declined` where there is none."""
        pressed = Pressed.model_validate(body)
        found = await self._database.read(lambda tx: correctable_under(tx, pressed))
        await self._slack_of(found.job).open(pressed.trigger_id, _first(found))

    async def save(self, submitted: Submitted) -> View | None:
        """Store what was entered, or return the next page; the same page where somebody else was quicker.

        Raises `Problems`, `Declined` where there is no transcript (any more), and `ValueError` for a modal that is not
        of this bot.
        """
        context = CorrectionContext.load(submitted.view.private_metadata)
        found = await self._database.read(lambda tx: correctable(tx, context.job, submitted))
        if found is None:
            raise await self._nothing(context.job)
        if stored(found.made_at) != context.made:
            return _first(found, notice=words.WORDS_REPLACED)
        if context.page == "mend":
            return await self._mend(submitted, context, found)
        if context.undoes and is_ticked(submitted.view.state.values, UNDO):
            return await self._undo(submitted, context, found)
        passages = await self._passages(submitted, found)
        return await self._last(submitted, found, passages[0]) if len(passages) == 1 else _first(found, passages)

    async def _passages(self, submitted: Submitted, found: Correctable) -> Sequence[TurnPart]:
        """Return the passage that was chosen, or those that have the words to be found. Raises `Problems`."""
        state = submitted.view.state.values
        field, where, wanted = field_id(state, FIND, PASSAGE), chosen_passage(state), terms(words_to_find(state))
        if where is not None:
            parts = [part for part in turn_parts_of(found.transcript, where[0]) if part.place == where[1]]
            if parts:
                return parts
        if not wanted:
            raise Problems({field: words.CORRECTING_NOT_CHOSEN})
        # In the database's threads for what takes its time: a long transcript is folded whole.
        passages = await self._database.search(lambda _: passages_with(wanted, found.transcript))
        if not passages:
            raise Problems({field: words.CORRECTING_NOT_FOUND})
        return passages

    async def _mend(self, submitted: Submitted, context: CorrectionContext, found: Correctable) -> View | None:
        state, turn = submitted.view.state.values, context.turn
        said, field = entered_words(state), field_id(state, MENDED)
        if len(said) > LONGEST_CORRECTION:
            raise Problems({field: words.CORRECTING_TOO_LONG})
        part = next((one for one in turn_parts_of(found.transcript, turn) if _is_of(context, one)), None)
        if found.versions.get(turn, 0) != context.seen:
            return await self._again(submitted, context, said)
        if part is None:
            raise Declined(words.NOTHING_TO_CORRECT)
        change = change_of(found.transcript, part, said=said)
        if change is None:
            return None
        expected = list[str]()
        if is_ticked(state, REMEMBER) and await self._may_remember(submitted, found):
            expected = new_terms(part.text, change.after)

        def draft(tx: Transaction, job: Job) -> CorrectionDraft | None:
            return corrections.draft(tx, job, change, turn=turn, seen=context.seen, of=found.made_at)

        try:
            await self._store(submitted, found, draft, expected)
        except CorrectionOutdated:
            return await self._again(submitted, context, said)
        except NoWordsLeft:
            raise Problems({field: words.CORRECTING_NO_WORDS_LEFT}) from None
        except TooManyCorrections:
            raise Problems({field: words.CORRECTING_TOO_OFTEN}) from None
        return None

    async def _undo(self, submitted: Submitted, context: CorrectionContext, found: Correctable) -> View | None:
        def draft(tx: Transaction, job: Job) -> CorrectionDraft | None:
            return corrections.draft_undo(tx, job, version=context.undoes, of=found.made_at)

        try:
            await self._store(submitted, found, draft)
        except CorrectionOutdated:
            newer = await self._database.read(lambda tx: correctable(tx, found.job.id, submitted))
            if newer is None:
                raise await self._nothing(found.job.id) from None
            return _first(newer, notice=words.CORRECTED_ELSEWHERE)
        return None

    async def _store(
        self,
        submitted: Submitted,
        found: Correctable,
        draft: Callable[[Transaction, Job], CorrectionDraft | None],
        expected: Sequence[str] = (),
    ) -> None:
        """Store a correction, and the words that are expected from now on.

        It is worked out beside the database's writes, which a long transcript would hold up, and again where another
        turn was corrected meanwhile. Raises what `draft` raises, `Declined`, and `LeaseLost` where others are quicker
        again and again.
        """
        by, name = submitted.user.id, await self._name(found.job, submitted.user.id)

        def drafted(tx: Transaction) -> tuple[Job, CorrectionDraft] | None:
            job = jobs.get(tx, found.job.id)
            made = draft(tx, job) if job and job.state is JobState.REPLIED and not job.forgotten else None
            return (job, made) if job and made else None

        for _ in range(TRIES):
            ready = await self._database.read(drafted)
            if ready is None:
                raise await self._nothing(found.job.id)

            def work(tx: Transaction, ready: tuple[Job, CorrectionDraft] = ready) -> bool:
                job, made = ready
                is_kept = corrections.add(tx, job, made, by=by, name=name, now=self._clock())
                if is_kept and expected:
                    vocabularies.expect(tx, job.origin, expected, by=by, now=self._clock())
                return is_kept

            try:
                if await self._database.write(work):
                    return
            except PreferencesOutdated:  # somebody changed the settings at this moment
                continue
        raise LeaseLost(found.job.id)

    async def _name(self, job: Job, person: str) -> str:
        """Return what a person is called; "" where Slack does not say it in time."""
        slack = self._slack_of(job)
        if not slack.may_read_people:
            return ""
        try:
            async with asyncio.timeout(NAME_WITHIN):
                return shortened(await slack.name_of(person), limit=NAME_LENGTH)
        except (SlackNotReached, TimeoutError):
            return ""

    async def _may_remember(self, submitted: Submitted, found: Correctable) -> bool:
        """Return whether there is a list of words to expect here that this person may add to."""
        origin = found.job.origin
        if not self._takes_words or origin.channel.startswith("D"):
            return False
        has_room, locked = await self._database.read(lambda tx: vocabularies.room(tx, origin))
        if not locked:
            return has_room
        theirs = replace(found.job, origin=replace(origin, team=Actor.of(submitted).team))
        return has_room and await self._slack_of(theirs).is_admin(submitted.user.id)

    async def _last(
        self, submitted: Submitted, found: Correctable, part: TurnPart, *, notice: str | None = None, unsaved: str = ""
    ) -> View:
        """Return the page with the words of a part."""
        context = CorrectionContext(
            job=found.job.id,
            made=stored(found.made_at),
            page="mend",
            turn=part.turn,
            place=part.place,
            length=len(part.text),
            seen=found.versions.get(part.turn, 0),
        )
        remembers = await self._may_remember(submitted, found)
        return last_page(context, part, remembers=remembers, notice=notice, unsaved=unsaved)

    async def _again(self, submitted: Submitted, context: CorrectionContext, said: str) -> View:
        """Return the page with what somebody else has made of these words, and what was entered."""
        found = await self._database.read(lambda tx: correctable(tx, context.job, submitted))
        parts = turn_parts_of(found.transcript, context.turn) if found else []
        if found is None or not parts:
            raise await self._nothing(context.job)
        part = [one for one in parts if one.place <= context.place or one is parts[0]][-1]
        return await self._last(submitted, found, part, notice=words.CORRECTED_MEANWHILE, unsaved=said)

    async def _nothing(self, job: str) -> Declined:
        found = await self._database.read(lambda tx: jobs.get(tx, JobId(job)))
        is_at_work = found is not None and found.state.is_open
        return Declined(words.STILL_IN_WORK if is_at_work else words.NOTHING_TO_CORRECT)


def _first(found: Correctable, passages: Sequence[TurnPart] | None = None, *, notice: str | None = None) -> View:
    """Return a first page: a list of these passages, or of all. Where they are too many, there is a field to find some.

    Without `passages`, such a page lists none.
    """
    listed = list(islice(turn_parts(found.transcript), MOST_LISTED + 1)) if passages is None else passages
    are_many = len(listed) > MOST_LISTED
    context = context_of(found.job.id, found.made_at, page="find" if are_many else "choose", newest=found.newest)
    if are_many and passages is None:
        listed = []
    elif are_many:
        notice = words.CORRECTING_MORE_FOUND
    return first_page(context, listed, found.history, newest=found.newest, notice=notice)


def _is_of(context: CorrectionContext, part: TurnPart) -> bool:
    return (part.place, len(part.text)) == (context.place, context.length)
