"""The modal for speaker names: one row for each speaker, with talking time and first words. Pure.

Text of other people is only in `rich_text` blocks and plain input fields, which Slack does not parse, and, made
harmless, in the texts of options.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    DividerBlock,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    RichTextBlock,
    RichTextSectionElement,
    StaticSelectElement,
    UserSelectElement,
)
from slack_sdk.models.blocks import RichTextElementParts as Parts
from slack_sdk.models.views import View

from handlers import words
from handlers.modals import AboutJob
from handlers.plain_text import harmless
from handlers.suggestions import Suggestion
from transcription.naming import NAME_LENGTH, short_length, shortened, speaker_names
from transcription.transcript import Transcript

FORM = "name_speakers_form"
TYPED, PICKED, SUGGESTED = "typed", "picked", "suggested"

SPEAKERS_ON_PAGE = 24
"""Speakers on a page of the modal; those who talk most are on the first.

Slack allows 100 blocks in a modal: a row has up to four, and a few lines stand before them.
"""

_ON_PAGE_BEFORE = 25
_BLOCKS = 100
_ROW = 4
_SUGGESTIONS_SIZE = 150_000  # bytes of JSON; Slack takes 250 kB in all
_FIRST_WORDS = 90
_OPTION = 75

_NAME = "name:"
_NOTHING = "nothing"


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
    from 0. `most`: the speakers on a page, which releases before this field did not write.
    """

    version: int
    made: int = 0
    page: int = 0
    most: int = _ON_PAGE_BEFORE

    @property
    def stamp(self) -> str:
        """Return what is different in every form: Slack keeps the entered value of a block id that it has seen."""
        return f"{self.made}.{self.version}" + (f".{self.page}" if self.page else "")


def voices(transcript: Transcript, *, page: int, most: int = SPEAKERS_ON_PAGE) -> list[Voice]:
    """Return the speakers on a page, without given names, in order of appearance; none behind the last page.

    The pages go by how much somebody talks.
    """
    found = _all_voices(transcript)
    by_talk = sorted(found, key=lambda voice: voice.talked, reverse=True)
    here = {voice.label for voice in islice(by_talk, page * most, (page + 1) * most)}
    return [voice for voice in found if voice.label in here]


def pages(transcript: Transcript) -> int:
    """Return how many pages the modal has."""
    return max(-(-len(transcript.speakers) // SPEAKERS_ON_PAGE), 1)


def _all_voices(transcript: Transcript) -> list[Voice]:
    talked: dict[str, timedelta] = {}
    first: dict[str, str] = {}
    for turn in transcript.turns:
        if turn.speaker is not None:
            label = turn.speaker.label
            talked[label] = talked.get(label, timedelta(0)) + turn.end - turn.start
            if not first.get(label):  # words of a turn can be removed
                first[label] = turn.text
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
    suggested: Sequence[Suggestion] = (),
    notice: str | None = None,
) -> View:
    """Return a page of the modal; `notice` stands before its rows. `pick_people`: offer to choose a person."""
    shown, last = voices(transcript, page=context.page), pages(transcript) - 1
    offered = _fitting(_options(suggested), rows=len(shown))
    told = [notice] if notice else []
    if last:
        first = context.page * SPEAKERS_ON_PAGE + 1
        told.append(words.naming_page(first, first + len(shown) - 1, of=len(transcript.speakers)))
    counts = words.which_name_counts(suggestions=bool(offered), people=pick_people)
    told.append(" ".join(filter(None, [words.NAMING_HINT, counts])))
    ways = _Ways(version=context.stamp, pick=pick_people, suggested=offered)
    apart = [DividerBlock()] if len(told) + len(shown) * (_ROW + 1) <= _BLOCKS else []
    return View(
        type="modal",
        callback_id=FORM,
        private_metadata=context.dump(),
        title=words.NAMING_TITLE,
        submit=words.NAMING_CONTINUE if context.page < last else words.NAMING_SUBMIT,
        close=words.DISMISS,
        blocks=[
            *(_lines(text) for text in told),
            *(
                block
                for index, voice in enumerate(shown)
                for block in [*apart, *ways.row(index, voice, names.get(voice.label, ""))]
            ),
        ],
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ways:
    """The ways to name each speaker: `suggested` options, if any, typing and, with `pick`, choosing a person."""

    version: str
    pick: bool
    suggested: Sequence[Option]

    def row(self, index: int, voice: Voice, name: str) -> Iterator[Block]:
        """Yield the row of a speaker. Each label tells the speaker, for screen readers."""
        heading = words.talked_for(voice.number, short_length(voice.talked))
        yield _lines(words.first_words(voice.first_words), bold=heading)
        if self.suggested:
            nothing = Option(value=_NOTHING, text=PlainTextObject(text=words.NO_SUGGESTION, emoji=False))
            choose = PlainTextObject(text=words.NO_SUGGESTION, emoji=False)
            options = [nothing, *self.suggested]
            suggestions = StaticSelectElement(action_id=SUGGESTED, placeholder=choose, options=options)
            yield self._field(SUGGESTED, index, words.suggestion_for(voice.number), suggestions)
        typed = PlainTextInputElement(action_id=TYPED, max_length=NAME_LENGTH, initial_value=name or None)
        yield self._field(TYPED, index, words.name_of(voice.number), typed)
        if self.pick:
            yield self._field(PICKED, index, words.person_for(voice.number), UserSelectElement(action_id=PICKED))

    def _field(
        self,
        kind: str,
        index: int,
        label: str,
        element: StaticSelectElement | PlainTextInputElement | UserSelectElement,
    ) -> Block:
        return InputBlock(block_id=f"{kind}:{index}:{self.version}", optional=True, label=label, element=element)


def _options(suggested: Sequence[Suggestion]) -> list[Option]:
    """Return an option for each suggestion whose text looks like no other one's."""
    found: dict[str, Option] = {}
    for each in suggested:
        text = shortened(harmless(each.name), limit=_OPTION)
        # Slack may count a character beyond the first plane as two, and refuse the whole form.
        if 0 < len(text.encode("utf-16-le")) // 2 <= _OPTION:
            shown = PlainTextObject(text=text, emoji=False)
            why = PlainTextObject(text=each.why, emoji=False)
            found.setdefault(text.casefold(), Option(value=f"{_NAME}{each.name}", text=shown, description=why))
    return list(found.values())


def _fitting(options: Sequence[Option], *, rows: int) -> list[Option]:
    """Return as many of the first options as a form with so many rows has room for: each row has all of them."""
    found, room = list[Option](), _SUGGESTIONS_SIZE // max(rows, 1)
    for option in options:
        room -= len(json.dumps(option.to_dict()))
        if room < 0:
            break
        found.append(option)
    return found


def _lines(text: str, *, bold: str = "") -> Block:
    strong = [Parts.Text(text=f"{bold}\n", style=Parts.TextStyle(bold=True))] if bold else []
    return RichTextBlock(elements=[RichTextSectionElement(elements=[*strong, Parts.Text(text=text)])])


@dataclass(frozen=True, kw_only=True, slots=True)
class NameEntry:
    """What was entered for one speaker: a typed name, a chosen person whose name is used, or a suggested name."""

    typed: str = ""
    person: str | None = None
    suggested: str = ""


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
        value, person, option = field.get("value"), field.get("selected_user"), field.get("selected_option")
        if kind == TYPED and isinstance(value, str):
            entry = replace(entry, typed=value.strip())
        if kind == PICKED and isinstance(person, str):
            entry = replace(entry, person=person)
        if kind == SUGGESTED and isinstance(option, Mapping):
            entry = replace(entry, suggested=_suggested(option.get("value")))
        found[int(number)] = entry
    return found


def _suggested(value: object) -> str:
    return value.removeprefix(_NAME) if isinstance(value, str) and value.startswith(_NAME) else ""
