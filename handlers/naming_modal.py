"""The form in which people say who the speakers are: one row for each, with what helps to recognise the voice. Pure.

What was said and what people typed stands in `rich_text` and in plain input fields, which Slack does not parse.
"""

from __future__ import annotations

import json
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
from transcription.naming import NAME_LENGTH, in_words, shortened, speaker_names
from transcription.transcript import Transcript

FORM = "name_speakers_form"
TYPED, PICKED = "typed", "picked"

MOST = 25
"""Speakers in one form, those who talk most; Slack takes 100 blocks, and a form with more is no form."""

_FIRST_WORDS = 90


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """A speaker as the form shows them: `number` is what the thread calls them while they have no name."""

    label: str
    number: str
    talked: timedelta
    first_words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NamingContext:
    """What the form carries from when it is opened to when it is sent: of which job, and which naming it showed.

    `made`: how often the recording had been done again, since then the voices may be others.
    """

    job: str
    version: int
    made: int = 0

    def dump(self) -> str:
        """As Slack keeps it for us."""
        return json.dumps({"job": self.job, "version": self.version, "made": self.made})

    @classmethod
    def load(cls, text: str) -> NamingContext:
        """As it was dumped. Raises `ValueError` where it was not."""
        match json.loads(text):
            case {"job": str(job), "version": int(version), "made": int(made)}:
                return cls(job=job, version=version, made=made)
            case {"job": str(job), "version": int(version)}:  # by the release before
                return cls(job=job, version=version)
        raise ValueError("not a form of ours")


def voices(transcript: Transcript) -> list[Voice]:
    """The speakers of a transcript that nobody has named, those who talk most first if there are too many."""
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
    loudest = {voice.label for voice in islice(sorted(found, key=lambda voice: voice.talked, reverse=True), MOST)}
    return [voice for voice in found if voice.label in loudest]


def form(
    context: NamingContext,
    shown: Sequence[Voice],
    *,
    names: Mapping[str, str],
    pick_people: bool,
    notice: str | None = None,
) -> View:
    """The form. `pick_people` where we may learn what people are called; `notice` stands above the rows."""
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
    # A field that Slack has shown before keeps what was entered there: in another version, or for other voices, it is
    # another field.
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


def first_field(body: Mapping[str, Any]) -> str:
    """The id of the form's first field, under which a sentence can stand."""
    view = body.get("view")
    blocks = view.get("blocks", []) if isinstance(view, Mapping) else []
    ids = [str(block["block_id"]) for block in blocks if block.get("type") == "input" and "block_id" in block]
    return ids[0] if ids else f"{TYPED}:0:0"


@dataclass(frozen=True, kw_only=True, slots=True)
class NameEntry:
    """What somebody entered for one speaker: a name, or a person whose name it is to be."""

    typed: str = ""
    person: str | None = None


def name_entries(state: Mapping[str, Any]) -> dict[int, NameEntry]:
    """What was entered, by the number of the row. What is not as Slack sends it counts as nothing."""
    found: dict[int, NameEntry] = {}
    for block_id, fields in state.items():
        kind, _, rest = str(block_id).partition(":")
        number = rest.partition(":")[0]
        field = fields.get(kind) if isinstance(fields, Mapping) else None
        if not (number.isascii() and number.isdigit() and isinstance(field, Mapping)):
            continue
        wish = found.get(int(number), NameEntry())
        value, person = field.get("value"), field.get("selected_user")
        if kind == TYPED and isinstance(value, str):
            wish = NameEntry(typed=value.strip(), person=wish.person)
        if kind == PICKED and isinstance(person, str):
            wish = NameEntry(typed=wish.typed, person=person)
        found[int(number)] = wish
    return found
