"""The modal for speaker names: one row for each speaker, with talking time and first words. Pure.

Text of other people is only in `rich_text` blocks and plain input fields, which Slack does not parse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    PlainTextInputElement,
    RichTextBlock,
    RichTextSectionElement,
    UserSelectElement,
)
from slack_sdk.models.blocks import RichTextElementParts as Parts
from slack_sdk.models.views import View

from handlers import words
from handlers.modals import FormContext
from transcription.naming import NAME_LENGTH, in_words, shortened, speaker_names
from transcription.transcript import Transcript

FORM = "name_speakers_form"
TYPED, PICKED = "typed", "picked"

MOST = 25
"""Speakers in the modal at most: those who talk most. Slack allows 100 blocks in a modal."""

_FIRST_WORDS = 90


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """A speaker in the modal. `number` is the default name in the thread, such as "Speaker 1"."""

    label: str
    number: str
    talked: timedelta
    first_words: str


class NamingContext(FormContext):
    """What the modal remembers: the job and the `version` of the naming that it shows.

    `made`: the number of reruns when it was opened. After another rerun the speakers may be different.
    """

    job: str
    version: int
    made: int = 0


def voices(transcript: Transcript) -> list[Voice]:
    """Return the speakers of a transcript without given names, in order of appearance.

    If there are more than `MOST`, only those who talk most.
    """
    talked: dict[str, timedelta] = {}
    first: dict[str, str] = {}
    for turn in transcript.turns:
        if turn.speaker is not None:
            label = turn.speaker.label
            talked[label] = talked.get(label, timedelta(0)) + turn.end - turn.start
            first.setdefault(label, turn.text)
    found = [
        Voice(label=label, number=number, talked=talked[label], first_words=shortened(first[label], limit=_FIRST_WORDS))
        for label, number in speaker_names(transcript).items()
    ]
    talked_most = {voice.label for voice in islice(sorted(found, key=lambda voice: voice.talked, reverse=True), MOST)}
    return [voice for voice in found if voice.label in talked_most]


def form(
    context: NamingContext,
    shown: Sequence[Voice],
    *,
    names: Mapping[str, str],
    pick_people: bool,
    notice: str | None = None,
) -> View:
    """Return the modal. `pick_people`: offer to choose a person (`users:read`). `notice` stands above the rows."""
    blocks = [
        *([_lines(notice)] if notice else []),
        *(
            block
            for index, voice in enumerate(shown)
            for block in _row(
                index, voice, names.get(voice.label, ""), version=f"{context.made}.{context.version}", pick=pick_people
            )
        ),
    ]
    return View(
        type="modal",
        callback_id=FORM,
        private_metadata=context.dump(),
        title=words.NAMING_TITLE,
        submit=words.NAMING_SUBMIT,
        close=words.NAMING_CLOSE,
        blocks=blocks,
    )


def _row(index: int, voice: Voice, name: str, *, version: str, pick: bool) -> Iterator[Block]:
    # Slack keeps the entered value of a block id that it has seen, so the id contains the version.
    yield _lines(
        f"{words.talked_for(in_words(voice.talked))} {words.begins_with(voice.first_words)}", bold=voice.number
    )
    yield InputBlock(
        block_id=f"{TYPED}:{index}:{version}",
        optional=True,
        label=words.name_of(voice.number),
        element=PlainTextInputElement(action_id=TYPED, max_length=NAME_LENGTH, initial_value=name or None),
    )
    if pick:
        yield InputBlock(
            block_id=f"{PICKED}:{index}:{version}",
            optional=True,
            label=words.NAMING_PICK,
            element=UserSelectElement(action_id=PICKED),
        )


def _lines(text: str, *, bold: str = "") -> Block:
    strong = [Parts.Text(text=f"{bold}  ", style=Parts.TextStyle(bold=True))] if bold else []
    return RichTextBlock(elements=[RichTextSectionElement(elements=[*strong, Parts.Text(text=text)])])


@dataclass(frozen=True, kw_only=True, slots=True)
class NameEntry:
    """What was entered for one speaker: a typed name, or a chosen person whose name is used."""

    typed: str = ""
    person: str | None = None


def name_entries(state: Mapping[str, Any]) -> dict[int, NameEntry]:
    """Return what was entered by row number. Malformed parts are ignored."""
    found: dict[int, NameEntry] = {}
    for block_id, fields in state.items():
        kind, _, rest = str(block_id).partition(":")
        number = rest.partition(":")[0]
        field = fields.get(kind) if isinstance(fields, Mapping) else None
        if not (number.isascii() and number.isdigit() and isinstance(field, Mapping)):
            continue
        entry = found.get(int(number), NameEntry())
        value, person = field.get("value"), field.get("selected_user")
        if kind == TYPED and isinstance(value, str):
            entry = NameEntry(typed=value.strip(), person=entry.person)
        if kind == PICKED and isinstance(person, str):
            entry = NameEntry(typed=entry.typed, person=person)
        found[int(number)] = entry
    return found
