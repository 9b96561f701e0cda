"""How large an answer about a recording can be, by the recording's length. Pure. See docs/decisions/0033.

The bytes are bounded before anything is parsed, the transcript's characters, turns and speakers afterwards. Of bytes
there may be four times as many as a provider can honestly answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from itertools import chain

from transcription.errors import AnswerTooLarge
from transcription.transcript import Turn

LONGEST_RECORDING = timedelta(minutes=400)
"""The longest recording that a provider takes; also stands for a length that is not known."""

BYTES = 256 * 2**10
"""Bytes of any answer besides those for each minute; an answer without a transcript has fewer."""

BYTES_A_MINUTE = 128 * 2**10

CHARACTERS_A_MINUTE = 3_000
"""People speak 1,000 to 1,500 characters a minute, and nobody twice that for long."""

TURNS_A_MINUTE = 120
SPEAKERS = 100

LABEL = 200
"""Characters of the label of a speaker, or of a language."""

FLOOR = timedelta(minutes=10)
"""A shorter recording may have as many characters and turns as one of this length.

Its length may be measured wrongly, if it is damaged, and what can be read in ten minutes harms nobody.
"""

_MINUTE = timedelta(minutes=1)


def most_bytes(length: timedelta | None) -> int:
    """Return the maximum bytes of an answer about a recording of this length."""
    return BYTES + round(BYTES_A_MINUTE * (_known(length) / _MINUTE))


def refuse_too_many(items: Collection[object], *, length: timedelta | None) -> None:
    """Raise `AnswerTooLarge` if a recording of this length cannot have so many turns."""
    if len(items) > TURNS_A_MINUTE * _minutes(length):
        raise AnswerTooLarge("more turns than the recording can have")


def most_characters(length: timedelta | None) -> float:
    """Return how many characters the transcript of a recording of this length can have."""
    return CHARACTERS_A_MINUTE * _minutes(length)


def refuse_too_much(turns: Collection[Turn], *, length: timedelta | None) -> None:
    """Raise `AnswerTooLarge` if a recording of this length cannot have so many turns, characters or speakers."""
    refuse_too_many(turns, length=length)
    if sum(len(turn.text) for turn in turns) > most_characters(length):
        raise AnswerTooLarge("more text than can be said in the recording")
    if len({turn.speaker for turn in turns}) > SPEAKERS + 1:  # one more, as nobody's turns count as one
        raise AnswerTooLarge("more speakers than the recording can have")
    if any(len(label) > LABEL for label in _labels(turns)):
        raise AnswerTooLarge("a longer name of a speaker or a language than there can be")


def _labels(turns: Iterable[Turn]) -> Iterable[str]:
    speakers = (turn.speaker.label for turn in turns if turn.speaker)
    return chain(speakers, (turn.language for turn in turns if turn.language))


def _known(length: timedelta | None) -> timedelta:
    return LONGEST_RECORDING if length is None else length


def _minutes(length: timedelta | None) -> float:
    return max(_known(length), FLOOR) / _MINUTE
