"""The modal that corrects a transcript: find a passage, choose it, mend its words. Pure.

Text of other people is in `rich_text` and in input fields, which Slack does not parse, and made harmless in options.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from slack_sdk.models.blocks import (
    Block,
    CheckboxesElement,
    DividerBlock,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    RichTextBlock,
    RichTextSectionElement,
    StaticSelectElement,
)
from slack_sdk.models.blocks import RichTextElementParts as Parts
from slack_sdk.models.views import View

from handlers import words
from handlers.choices import chosen, typed
from handlers.modals import AboutJob
from handlers.plain_text import harmless, legible
from storage.corrections import Correction
from storage.timestamps import stored
from transcription.correcting import TurnPart, differing_words
from transcription.naming import shortened, time_mark

FORM = "correct_transcript_form"
FIND, PASSAGE, MENDED, UNDO, REMEMBER = "find", "passage", "mended", "undo", "remember"

MOST_LISTED = 100
"""Passages to choose from; Slack allows so many options."""

SHOWN = 10
"""Corrections that the history shows."""

LONGEST_CORRECTION = 3_000
"""Characters of the field; Slack allows no more."""

_OPTION = 75
_QUOTED = 120
_SPEAKER = 24

_TICKED = "yes"
_DIGITS = 9


class CorrectionContext(AboutJob):
    """What the modal remembers: the job and its transcript, made at `made` (milliseconds since 1970).

    `page`: what it asks for. `undoes`: the correction that it offers to take back, 0 for none. On the last page the
    `length` characters from `place` on in the turn `turn` are mended, of which the person saw version `seen`.
    """

    made: int
    page: Literal["find", "choose", "mend"] = "choose"
    undoes: int = 0
    turn: int = 0
    place: int = 0
    length: int = 0
    seen: int = 0

    @property
    def stamp(self) -> str:
        """Return what is different in every form: Slack keeps the entered value of a block id that it has seen."""
        return f"{self.page}.{self.made}.{self.undoes}.{self.turn}.{self.place}.{self.length}.{self.seen}"


def first_page(
    context: CorrectionContext,
    passages: Sequence[TurnPart],
    history: Sequence[Correction],
    *,
    newest: Correction | None,
    notice: str | None = None,
) -> View:
    """Return the modal that asks what to correct: by a list of passages, and for words to find if the page is "find".

    `newest`: the correction that can be taken back, which `context` remembers.
    """
    optional = bool(context.undoes) or (context.page == "find" and bool(passages))
    blocks = [
        *([_line(notice)] if notice else []),
        *([_find(context, optional=optional)] if context.page == "find" else []),
        *([_choose(context, passages, optional=optional)] if passages else []),
        *([_undo(context, newest)] if newest else []),
        *_history(history),
    ]
    return _view(context, blocks, submit=words.CORRECTING_NEXT)


def last_page(
    context: CorrectionContext, part: TurnPart, *, remembers: bool, notice: str | None = None, unsaved: str = ""
) -> View:
    """Return the modal with the words of a passage. `remembers`: offer to keep new words for the conversation.

    `unsaved`: what the person has entered before, to be copied from there.
    """
    head = f"{part.speaker}  " if part.speaker else ""
    blocks: list[Block] = [
        *([_line(notice)] if notice else []),
        *([_line(words.your_words(unsaved))] if unsaved else []),
        _line(time_mark(part.start), bold=head),
        InputBlock(
            block_id=f"{MENDED}:{context.stamp}",
            optional=True,
            label=words.CORRECTING_MENDED,
            hint=words.CORRECTING_MENDED_HINT,
            element=PlainTextInputElement(
                action_id=MENDED, multiline=True, max_length=LONGEST_CORRECTION, initial_value=part.text or None
            ),
        ),
    ]
    if remembers:
        blocks.append(
            _tick(
                REMEMBER,
                context,
                label=words.CORRECTING_REMEMBER,
                text=words.CORRECTING_REMEMBER_OPTION,
                description=words.CORRECTING_REMEMBER_HINT,
            )
        )
    return _view(context, blocks, submit=words.CORRECTING_SUBMIT)


def _view(context: CorrectionContext, blocks: Sequence[Block], *, submit: str) -> View:
    return View(
        type="modal",
        callback_id=FORM,
        private_metadata=context.dump(),
        title=words.CORRECTING_TITLE,
        submit=submit,
        close=words.DISMISS,
        blocks=blocks,
    )


def _find(context: CorrectionContext, *, optional: bool) -> Block:
    return InputBlock(
        block_id=f"{FIND}:{context.stamp}",
        optional=optional,
        label=words.CORRECTING_FIND,
        hint=words.CORRECTING_FIND_HINT,
        element=PlainTextInputElement(action_id=FIND, max_length=LONGEST_CORRECTION // 10),
    )


def _choose(context: CorrectionContext, passages: Sequence[TurnPart], *, optional: bool) -> Block:
    options = [_option(f"{part.turn}:{part.place}", _listed(part)) for part in passages[:MOST_LISTED]]
    return InputBlock(
        block_id=f"{PASSAGE}:{context.stamp}",
        optional=optional,
        label=words.CORRECTING_PASSAGE,
        element=StaticSelectElement(
            action_id=PASSAGE, options=options, placeholder=PlainTextObject(text=words.CORRECTING_CHOOSE, emoji=False)
        ),
    )


def _listed(part: TurnPart) -> str:
    speaker = shortened(harmless(part.speaker), limit=_SPEAKER)
    return words.passage_option(speaker, time_mark(part.start), legible(part.text[:_QUOTED]))


def _undo(context: CorrectionContext, newest: Correction) -> Block:
    told = words.correction_undone(*(shortened(legible(text), limit=_SPEAKER) for text in _differing(newest)))
    return _tick(UNDO, context, label=words.CORRECTING_UNDO, text=words.CORRECTING_UNDO_OPTION, description=told)


def _tick(name: str, context: CorrectionContext, *, label: str, text: str, description: str) -> Block:
    return InputBlock(
        block_id=f"{name}:{context.stamp}",
        optional=True,
        label=label,
        element=CheckboxesElement(action_id=name, options=[_option(_TICKED, text, description=description)]),
    )


def _option(value: str, text: str, *, description: str = "") -> Option:
    told = PlainTextObject(text=_short(description), emoji=False) if description else None
    return Option(value=value, text=PlainTextObject(text=_short(text), emoji=False), description=told)


def _short(text: str) -> str:
    # Slack may count a character beyond the first plane as two, and refuse the whole form.
    limit = _OPTION - sum(character > "\uffff" for character in text[:_OPTION])
    return shortened(text, limit=limit)


def _history(history: Sequence[Correction]) -> Iterator[Block]:
    if not history:
        return
    yield DividerBlock()
    yield _line("", bold=words.CORRECTING_BEFORE)
    yield RichTextBlock(
        elements=[RichTextSectionElement(elements=list(_entry(correction))) for correction in history[:SHOWN]]
    )


def _entry(correction: Correction) -> Iterator[Any]:
    """Yield who changed what and when, on a line of its own."""
    before, after = (shortened(text, limit=_QUOTED) or words.WITHOUT_WORDS for text in _differing(correction))
    yield Parts.User(user_id=correction.by)
    yield Parts.Text(text=" · ")
    yield _moment(correction.at)
    yield Parts.Text(text=" · ")
    yield Parts.Text(text=before, style=Parts.TextStyle(strike=True))
    yield Parts.Text(text=f" → {after}\n")


def _differing(correction: Correction) -> tuple[str, str]:
    return differing_words(correction.change.before, correction.change.after)


def _moment(at: datetime) -> Parts.Date:
    return Parts.Date(
        timestamp=int(at.timestamp()), format="{date_short_pretty} {time}", fallback=f"{at:%Y-%m-%d %H:%M} UTC"
    )


def _line(text: str, *, bold: str = "") -> Block:
    strong = [Parts.Text(text=bold, style=Parts.TextStyle(bold=True))] if bold else []
    plain = [Parts.Text(text=text)] if text else []
    return RichTextBlock(elements=[RichTextSectionElement(elements=[*strong, *plain])])


def context_of(
    job: str, made_at: datetime, *, page: Literal["find", "choose"], newest: Correction | None
) -> CorrectionContext:
    """Return the context of a first page."""
    return CorrectionContext(job=job, made=stored(made_at), page=page, undoes=newest.version if newest else 0)


def chosen_passage(state: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the turn and the place of the passage that was chosen; None for none, or for what was never offered."""
    turn, _, place = (chosen(state, PASSAGE) or "").partition(":")
    if not all(part.isascii() and part.isdigit() and len(part) <= _DIGITS for part in (turn, place)):
        return None
    return int(turn), int(place)


def words_to_find(state: Mapping[str, Any]) -> str:
    """Return the words to be found."""
    return typed(state, FIND)


def entered_words(state: Mapping[str, Any]) -> str:
    """Return the words that the passage is to have."""
    return typed(state, MENDED)


def is_ticked(state: Mapping[str, Any], name: str) -> bool:
    """Return whether the box of this name was ticked."""
    for block_id, entered in state.items():
        if str(block_id).partition(":")[0] == name and isinstance(entered, Mapping):
            field = entered.get(name)
            picked = field.get("selected_options") if isinstance(field, Mapping) else None
            return isinstance(picked, list) and bool(picked)
    return False


def field_id(state: Mapping[str, Any], *names: str) -> str:
    """Return the block id of the first field with one of these names; "" without one."""
    return next((str(block_id) for block_id in state if str(block_id).partition(":")[0] in names), "")
