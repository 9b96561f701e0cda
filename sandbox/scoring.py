"""Score a transcript against the known truth: word errors and speaker accuracy.

It uses only plain values, so it can score any engine and any provider.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import permutations

Stretch = tuple[str, float, float]
"""Speaker, start and end in seconds."""

_STEP = 0.01
_ONES = tuple(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "  # noqa: SIM905 - twenty-eight quoted words read worse
    "eighteen nineteen".split()
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def words(text: str) -> list[str]:
    """Return the words of a text: lower case, without punctuation, whole numbers below a million spelt out."""
    found = re.findall(r"\d+|[^\W\d_]+(?:'[^\W\d_]+)*", text.lower().replace("\u2019", "'"))
    return [word for token in found for word in (spelt(int(token)) if token.isdecimal() else [token])]


def spelt(number: int) -> list[str]:
    """Return the words of a number from 0 to 999,999 in American English (`one hundred five`)."""
    match number:
        case _ if number < len(_ONES):
            return [_ONES[number]]
        case _ if number < 100:  # noqa: PLR2004 - a hundred is a hundred
            return [_TENS[number // 10 - 2], *(spelt(number % 10) if number % 10 else [])]
        case _ if number < 1000:  # noqa: PLR2004 - a thousand is a thousand
            return [*spelt(number // 100), "hundred", *(spelt(number % 100) if number % 100 else [])]
        case _:
            return [*spelt(number // 1000), "thousand", *(spelt(number % 1000) if number % 1000 else [])]


def word_errors(truth: Sequence[str], heard: Sequence[str]) -> int:
    """Return the word edit distance: the insertions, deletions and replacements between the two (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for count, true in enumerate(truth, 1):
        above, row = row, [count]
        for at, word in enumerate(heard, 1):
            row.append(min(above[at] + 1, row[-1] + 1, above[at - 1] + (word != true)))
    return row[-1]


def word_error_rate(truth: str, heard: str) -> float:
    """Return the word error rate: 0 is perfect, more than 1 is possible."""
    return word_errors(words(truth), words(heard)) / max(1, len(words(truth)))


def speaker_accuracy(truth: Sequence[Stretch], heard: Sequence[Stretch]) -> float:
    """Return the share of time with the right speaker, counting only time in which both contain speech.

    Labels are matched one to one in the way that gives the highest accuracy; 1 if there is nothing to compare. For few
    speakers only: every matching is tried.
    """
    together: dict[tuple[str, str], int] = {}
    for pair in zip(_frames(truth, _length(truth, heard)), _frames(heard, _length(truth, heard)), strict=True):
        if pair[0] is not None and pair[1] is not None:
            together[pair[0], pair[1]] = together.get((pair[0], pair[1]), 0) + 1
    rows, columns = sorted({true for true, _ in together}), sorted({label for _, label in together})
    if not together:
        return 1.0
    size = max(len(rows), len(columns))
    matchings = permutations(range(size), len(rows))
    best = max(
        sum(together.get((rows[i], columns[j]), 0) for i, j in enumerate(chosen) if j < len(columns))
        for chosen in matchings
    )
    return best / sum(together.values())


def _length(*sides: Sequence[Stretch]) -> int:
    return max((round(end / _STEP) for side in sides for _, _, end in side), default=0)


def _frames(stretches: Sequence[Stretch], length: int) -> list[str | None]:
    frames: list[str | None] = [None] * length
    for who, start, end in stretches:
        first, last = round(start / _STEP), round(end / _STEP)
        frames[first:last] = [who] * (last - first)
    return frames
