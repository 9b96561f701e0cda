"""Correct the words of a turn: what of it is shown in one field, what changes, and which words are new. Pure.

A turn is corrected as one line, which is how every reply, file and search shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from transcription.cutting import is_unspaced, pieces
from transcription.naming import name_of, one_line, speaker_names
from transcription.paragraphs import moment_in
from transcription.transcript import Transcript, Turn

PART = 1_400
"""Characters of a turn that are corrected at once. Twice as many UTF-16 units fit into a field of 3,000."""

LONGEST_TERM = 80
MOST_TERMS = 10

_SENTENCE_ENDS = (".", "!", "?", "…", ":")
_AROUND = ".,;:!?…\"'()[]{}«»“”„‘’¿¡-–—"


@dataclass(frozen=True, kw_only=True, slots=True)
class TurnPart:
    """A part of a turn that is corrected at once: mostly all of it. `turn`: its index; `place`: offset in its line.

    `speaker` is "" without diarization.
    """

    turn: int
    place: int
    text: str
    start: timedelta
    speaker: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WordChange:
    """In the line of a turn, from the character `place` on, `before` becomes `after`."""

    place: int
    before: str
    after: str


def turn_parts(transcript: Transcript) -> Iterator[TurnPart]:
    """Yield everything that can be corrected, in order; a turn without words (any more) is one part without text."""
    names = speaker_names(transcript)
    for index, turn in enumerate(transcript.turns):
        yield from _parts(index, turn, names)


def turn_parts_of(transcript: Transcript, turn: int) -> list[TurnPart]:
    """Return the parts of one turn; none for an index that it does not have."""
    if not 0 <= turn < len(transcript.turns):
        return []
    return list(_parts(turn, transcript.turns[turn], speaker_names(transcript)))


def _parts(index: int, turn: Turn, names: Mapping[str, str]) -> Iterator[TurnPart]:
    text, speaker = one_line(turn.text), name_of(turn.speaker, names=dict(names))
    for place, part in pieces(text, limit=PART):
        start = moment_in(turn, offset=place, length=max(len(text), 1))
        yield TurnPart(turn=index, place=place, text=part, start=start, speaker=speaker)


def change_of(transcript: Transcript, part: TurnPart, *, said: str) -> WordChange | None:
    """Return what changes where a part is to say `said`; None for nothing.

    Where it is to say nothing, the space beside it goes, too.
    """
    after = one_line(said)
    if after == part.text:
        return None
    place, before = part.place, part.text
    if not after:
        line = one_line(transcript.turns[part.turn].text)
        end = place + len(before)
        if line[end : end + 1] == " ":
            before += " "
        elif place and line[place - 1] == " ":
            place, before = place - 1, f" {before}"
    return WordChange(place=place, before=before, after=after)


def mended(transcript: Transcript, turn: int, change: WordChange) -> str | None:
    """Return the line of a turn after the change; None where it does not say `before` there."""
    if not 0 <= turn < len(transcript.turns):
        return None
    line = one_line(transcript.turns[turn].text)
    end = change.place + len(change.before)
    if change.place < 0 or line[change.place : end] != change.before:
        return None
    return line[: change.place] + change.after + line[end:]


def differing_words(before: str, after: str) -> tuple[str, str]:
    """Return the words that differ, of both texts; with the ones beside them where one text has none of its own there.

    A text without words stays so.
    """
    old, new = before.split(), after.split()
    if not old or not new:
        return before, after
    most = min(len(old), len(new))
    begin = next((at for at in range(most) if old[at] != new[at]), most)
    end = next((at for at in range(most - begin) if old[-1 - at] != new[-1 - at]), most - begin)
    if begin + end == most:
        begin, end = max(begin - 1, 0), max(end - 1, 0)
    return " ".join(old[begin : len(old) - end]), " ".join(new[begin : len(new) - end])


def new_terms(before: str, after: str) -> list[str]:
    """Return the names and terms that are in `after` and were not in `before`, at most `MOST_TERMS`.

    A name or term is written with a capital letter or a digit, or in a script that has neither case nor spaces; what
    stands side by side is one. Words that were there before in another case are not new.
    """
    known = {_bare(word).casefold() for word in before.split()}
    found: dict[str, None] = {}
    run: list[str] = []
    for word in after.split():
        bare = _bare(word)
        # A list of words to expect is typed with commas between them, so none of them has one.
        is_new = bare and bare.casefold() not in known and _tells(bare) and "," not in bare
        if is_new:
            run.append(bare)
        if not is_new or word.endswith((*_SENTENCE_ENDS, ",", ";")):
            found[" ".join(run)] = None
            run = []
    found[" ".join(run)] = None
    return [term for term in found if term and len(term) <= LONGEST_TERM][:MOST_TERMS]


def _bare(word: str) -> str:
    return word.strip(_AROUND)


def _tells(word: str) -> bool:
    return any(character.isupper() or character.isdigit() or is_unspaced(character) for character in word)
