"""Split a transcript into readable paragraphs. Pure, linear time.

Used by the message in the thread and by the text file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from transcription.cutting import joint, pieces, sentences
from transcription.naming import language_name, language_names, name_of, one_line, speaker_names
from transcription.transcript import Transcript, Turn

COMFORTABLE = 900
"""Characters: a longer paragraph is hard to read on a screen."""

LONGEST = 2_700
"""Maximum characters of a paragraph. With the speaker's name it must fit into a Slack section of 3,000."""

_ENOUGH = 600  # from this length on, the next turn begins a new paragraph

# Thai is written without spaces between words; its few spaces separate phrases. Text with fewer than one space per this
# many characters is kept whole as long as possible.
_LONGEST_WORDS = 15


@dataclass(frozen=True, kw_only=True, slots=True)
class Paragraph:
    """What one speaker said, short enough to be read. All text is one line.

    `start` is exact if the paragraph begins with a turn, and otherwise interpolated by characters; None if times are
    not wanted. `speaker` is "" if the whole transcript has no diarization. `language` is set only if it differs from
    the previous paragraph's.
    """

    speaker: str
    start: timedelta | None
    text: str
    language: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Run:
    """Consecutive turns of one speaker in one language (its name, or "" if unknown)."""

    language: str
    turns: list[Turn]
    told_apart: bool

    def takes(self, turn: Turn) -> bool:
        """Return whether `turn` continues this run.

        With diarization, two turns without a speaker are never treated as one person.
        """
        before, language = self.turns[-1].speaker, language_name(turn.language or "")
        one_voice = turn.speaker is not None and before is not None and turn.speaker.label == before.label
        return (one_voice or not self.told_apart) and language in {"", self.language}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Passage:
    """A part of a turn that is never split.

    `gap` is the text between it and the previous passage of the same turn; None for the first passage of a turn.
    """

    start: timedelta
    text: str
    gap: str | None


def paragraphs(transcript: Transcript) -> Iterator[Paragraph]:
    """Yield paragraphs: the turns of one speaker joined, and split after a turn or a sentence when they get long.

    Without diarization in the whole transcript, all turns are joined and no speaker is named.
    """
    names = speaker_names(transcript)
    mixed = len(language_names(transcript)) > 1
    before = ""
    for run in _runs(transcript.turns, told_apart=bool(names)):
        for passages in _divided(run.turns):
            yield Paragraph(
                speaker=name_of(run.turns[0].speaker, names=names),
                start=passages[0].start,
                text=_joined(passages),
                language=run.language if mixed and run.language not in {"", before} else None,
            )
            before = run.language or before


def moment_in(turn: Turn, *, offset: int, length: int) -> timedelta:
    """Return when the character at `offset` of `length` was said, assuming a constant speaking rate."""
    return turn.start + (turn.end - turn.start) * (offset / length)


def _runs(turns: tuple[Turn, ...], *, told_apart: bool) -> Iterator[_Run]:
    run: _Run | None = None
    for turn in turns:
        if run and run.takes(turn):
            run.turns.append(turn)
            continue
        if run:
            yield run
        run = _Run(language=language_name(turn.language or ""), turns=[turn], told_apart=told_apart)
    if run:
        yield run


def _divided(turns: list[Turn]) -> Iterator[list[_Passage]]:
    held: list[_Passage] = []
    size = 0
    for passage in (passage for turn in turns for passage in _passages(turn)):
        full = size + len(passage.text) > COMFORTABLE or (size >= _ENOUGH and passage.gap is None)
        if held and full:
            yield held
            held, size = [], 0
        held.append(passage)
        size += len(passage.text) + 1
    if held:
        yield held


def _joined(passages: list[_Passage]) -> str:
    """Return the text of the passages. Turns are joined with the separator that their script uses."""
    text = passages[0].text
    for passage in passages[1:]:
        text += (joint(text, passage.text) if passage.gap is None else passage.gap) + passage.text
    return text


def _passages(turn: Turn) -> Iterator[_Passage]:
    text = one_line(turn.text)
    limit = COMFORTABLE if text.count(" ") * _LONGEST_WORDS >= len(text) else LONGEST
    end: int | None = None
    for sentence_at, sentence in sentences(text):
        for at, piece in pieces(sentence, limit=limit):
            offset = sentence_at + at
            start = moment_in(turn, offset=offset, length=len(text))
            yield _Passage(start=start, text=piece, gap=None if end is None else text[end:offset])
            end = offset + len(piece)
