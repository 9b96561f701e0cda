"""Divide a transcript into subtitle cues that people can watch. Pure, linear time but for one sort of the turns.

A cue has at most two lines of `LINE` columns, its speaker's name included, and lasts at most 7 s unless a single word
is longer. It ends after a sentence where it can, else after a clause, else between words, and then a sentence that
needs two cues is shared out between them. Times within a turn are interpolated by characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from transcription.cue_times import TimeSpan, placed, separate
from transcription.cutting import visible_characters
from transcription.line_breaks import CLAUSE_ENDS, SENTENCE_ENDS, ends_in, mark, second_line
from transcription.naming import name_of, one_line, speaker_names
from transcription.transcript import Transcript
from transcription.word_breaks import LINE, WordSpan, columns, words_of

NAME = 28
"""Columns of a speaker's name before a cue: a longer one would leave no room for what was said."""

_MILLISECOND = timedelta(milliseconds=1)
_LONGEST = 7_000  # milliseconds
_SHORTEST = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Cue:
    """What is shown of one turn at one time. `start` and `end` in milliseconds; `end` is later than `start`.

    `text` is one line; `words` are its words, with offsets in the turn's text.
    """

    start: int
    end: int
    speaker: str
    text: str
    words: tuple[WordSpan, ...]

    def lines(self, *, lead: int = 0) -> list[str]:
        """Return the text as one or two lines, the first one short enough for `lead` columns before it.

        The first is empty if nothing fits beside them. A second line of a number alone begins with a no-break space,
        as readers take it for the number of the next cue.
        """
        at = second_line(self.words, text=self.text, lead=lead)
        if at is None:
            return [self.text]
        offset = self.words[at].start - self.words[0].start
        second = self.text[offset:]
        return [self.text[:offset].rstrip(" "), f"\u00a0{second}" if second.isdecimal() else second]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Passage:
    """A turn with what its cues are made of. `lead` is the columns of the name before each cue."""

    text: str
    span: TimeSpan
    speaker: str
    lead: int
    words: Sequence[WordSpan]


def name_before(speaker: str) -> str:
    """Return what stands before the text of a cue that names its speaker, a space at its end; "" without a speaker."""
    if columns(speaker) <= NAME:
        return f"{speaker}: " if speaker else ""
    kept, width = "", 0
    for character in visible_characters(speaker):
        width += columns(character)
        if width >= NAME:
            break
        kept += character
    return f"{kept.rstrip()}…: "


def cues(transcript: Transcript) -> list[Cue]:
    """Return all words of a transcript as cues, sorted by start.

    Cues overlap only where their turns did. Each lasts at least 1 s where the next cue leaves room, and lies within the
    recording. A turn without length gets a share of the time before and after it.
    """
    passages = list(_passages(transcript))
    divided = [list(_divided(passage)) for passage in passages]
    duration = transcript.duration // _MILLISECOND
    spans = placed([passage.span for passage in passages], counts=list(map(len, divided)), duration=duration)
    made = [
        cue
        for passage, parts, (span, limit) in zip(passages, divided, spans, strict=True)
        for cue in _timed(passage, parts, span=span, limit=limit)
    ]
    return sorted(made, key=lambda cue: cue.start)


def _passages(transcript: Transcript) -> Iterator[_Passage]:
    names = speaker_names(transcript)
    for turn in transcript.turns:
        text = one_line(turn.text)
        if not text:
            continue
        speaker = name_of(turn.speaker, names=names)
        span = TimeSpan(start=turn.start // _MILLISECOND, end=max(turn.start, turn.end) // _MILLISECOND)
        longest = len(text) * _LONGEST // max(span.end - span.start, 1)
        words = list(words_of(text, language=turn.language, longest=longest))
        lead = columns(name_before(speaker))
        yield _Passage(text=text, span=span, speaker=speaker, lead=lead, words=words)


def _divided(passage: _Passage) -> Iterator[tuple[int, int]]:
    """Yield the words of each cue, as the indices of the first one and of the one after the last."""
    first, count = 0, len(passage.words)
    while first < count:
        reach = _reach(passage, first)
        last = reach if reach == count else _cut(passage, first=first, reach=reach)
        yield first, last
        first = last


def _reach(passage: _Passage, first: int) -> int:
    """Return the index after the last word that fits into a cue which begins with the word `first`."""
    words, span, length = passage.words, passage.span, len(passage.text)
    begin, line, second = span.at(words[first].start, of=length), words[first].left - passage.lead, False
    for at in range(first, len(words)):
        if words[at].right - line > LINE:
            if second:
                return at
            second, line = True, words[at].left - mark(passage.text, words[at])
        if at > first and span.at(words[at].end, of=length) - begin > _LONGEST:
            return at
    return len(words)


def _cut(passage: _Passage, *, first: int, reach: int) -> int:
    """Return the index of the word that begins the next cue: the best one after `first` and up to `reach`."""
    words = passage.words
    left, right = words[first].left, words[reach - 1].right
    for ends, share in ((SENTENCE_ENDS, 1 / 3), (CLAUSE_ENDS, 1 / 2)):
        for at in range(reach, first, -1):
            if words[at - 1].right - left < (right - left) * share:
                break
            if ends_in(passage.text, words[at - 1], ends):
                return at
    return _shared(passage, first=first, reach=reach)


def _shared(passage: _Passage, *, first: int, reach: int) -> int:
    """Return where to cut so that the rest of a sentence which needs one more cue is as long as this one."""
    words = passage.words
    left, width = words[first].left, words[reach - 1].right - words[first].left
    # Words may have no width.
    for at in range(reach, min(2 * reach - first + LINE, len(words))):
        right = words[at].right
        if right - left > 2 * width:
            return reach
        if ends_in(passage.text, words[at], SENTENCE_ENDS):
            break
    else:
        right = words[-1].right
    enough = [at for at in range(first + 1, reach + 1) if right - words[at].left <= width]
    return min(enough, key=lambda at: abs((words[at - 1].right - left) - (right - words[at].left)), default=reach)


def _timed(passage: _Passage, parts: list[tuple[int, int]], *, span: TimeSpan, limit: int) -> Iterator[Cue]:
    """Yield the cues of a turn that is shown during `span`; the last of them may last until `limit`."""
    length = len(passage.text)
    groups = [tuple(passage.words[first:last]) for first, last in parts]
    natural = [
        TimeSpan(start=span.at(words[0].start, of=length), end=span.at(words[-1].end, of=length)) for words in groups
    ]
    apart = separate(natural, within=span)
    limits = [after.start for _, after in pairwise(apart)] + [limit]
    for words, shown, latest in zip(groups, apart, limits, strict=True):
        yield Cue(
            start=shown.start,
            end=max(shown.end, min(shown.start + _SHORTEST, latest)),
            speaker=passage.speaker,
            text=passage.text[words[0].start : words[-1].end],
            words=words,
        )
