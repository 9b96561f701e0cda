"""The modal for speaker names: one row for each speaker, with talking time and first words. Pure.

Text of other people is only in `rich_text` blocks and plain input fields, which Slack does not parse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from handlers.modals import AboutJob
from transcription.naming import NAME_LENGTH, in_words, shortened, speaker_names
from transcription.transcript import Transcript

FORM = "name_speakers_form"
TYPED, PICKED = "typed", "picked"

MOST = 25
"""Speakers on a page of the modal; those who talk most are on the first. Slack allows 100 blocks in a modal."""

_FIRST_WORDS = 90


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """A speaker in the modal. `number` is the default name in the thread, such as "Speaker 1"."""

    label: str
    number: str
    talked: timedelta
    first_words: str


class NamingContext(AboutJob):
    """What the modal remembers: the job and the `version` of the naming that it shows.

    `made`: the number of reruns when it was opened. After another rerun the speakers may be different. `page` counts
    from 0.
    """

    version: int
    made: int = 0
    page: int = 0

    @property
    def stamp(self) -> str:
        """Return what is different in every form: Slack keeps the entered value of a block id that it has seen."""
        return f"{self.made}.{self.version}" + (f".{self.page}" if self.page else "")


def voices(transcript: Transcript, *, page: int) -> list[Voice]:
    """Return the speakers on a page, without given names, in order of appearance; none behind the last page.

    The pages go by how much somebody talks.
    """
    found = _all_voices(transcript)
    by_talk = sorted(found, key=lambda voice: voice.talked, reverse=True)
    here = {voice.label for voice in islice(by_talk, page * MOST, (page + 1) * MOST)}
    return [voice for voice in found if voice.label in here]


def pages(transcript: Transcript) -> int:
    """Return how many pages the modal has."""
    return max(-(-len(transcript.speakers) // MOST), 1)


def _all_voices(transcript: Transcript) -> list[Voice]:
    talked: dict[str, timedelta] = {}
    first: dict[str, str] = {}
    for turn in transcript.turns:
        if turn.speaker is not None:
            label = turn.speaker.label
            talked[label] = talked.get(label, timedelta(0)) + turn.end - turn.start
            first.setdefault(label, turn.text)
    return [
        Voice(label=label, number=number, talked=talked[label], first_words=shortened(first[label], limit=_FIRST_WORDS))
        for label, number in speaker_names(transcript).items()
    ]


def form(
    context: NamingContext,
    transcript: Transcript,
    *,
    names: Mapping[str, str],
    pick_people: bool,
    notice: str | None = None,
) -> View:
    """Return a page of the modal. `pick_people`: offer to choose a person (`users:read`). `notice`: words above."""
    shown, last = voices(transcript, page=context.page), pages(transcript) - 1
    told = [notice] if notice else []
    if last:
        first = context.page * MOST + 1
        told.append(words.naming_page(first, first + len(shown) - 1, of=len(transcript.speakers)))
    blocks = [
        *map(_lines, told),
        *(
            block
            for index, voice in enumerate(shown)
            for block in _row(index, voice, names.get(voice.label, ""), version=context.stamp, pick=pick_people)
        ),
    ]
    return View(
        type="modal",
        callback_id=FORM,
        private_metadata=context.dump(),
        title=words.NAMING_TITLE,
        submit=words.NAMING_CONTINUE if context.page < last else words.NAMING_SUBMIT,
        close=words.NAMING_CLOSE,
        blocks=blocks,
    )


def _row(index: int, voice: Voice, name: str, *, version: str, pick: bool) -> Iterator[Block]:
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
