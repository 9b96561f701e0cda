"""Say where a cue's line may end well: after sentences, after clauses, in the middle. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from transcription.word_breaks import LINE, WordSpan

SENTENCE_ENDS = ".!?…؟۔।。！？"
CLAUSE_ENDS = ",;:،؛，、；：–—"

_QUOTES = "\"'”’»)」』）"


def second_line(words: Sequence[WordSpan], *, text: str, lead: int) -> int | None:
    """Return the index of the word that begins the second line of a cue; None if one line is enough.

    `text` is the cue's, and `lead` is how many columns before it are taken.
    """
    left, right = words[0].left, words[-1].right
    if lead + right - left <= LINE:
        return None
    base = words[0].start
    costs: dict[int, float] = {}
    for at in range(0 if lead else 1, len(words)):
        above = lead + (words[at - 1].right - left if at else -1)
        below = right - words[at].left + mark(text, words[at], base=base)
        if above <= LINE and below <= LINE:
            costs[at] = abs(above - below) + _awkward(words, text=text, at=at, base=base)
    return min(costs, key=lambda at: costs[at])


def _awkward(words: Sequence[WordSpan], *, text: str, at: int, base: int) -> float:
    """Return how much worse than a break after a sentence it is to break before the word `at`, in columns."""
    if not at:
        return 3 * LINE
    lonely = 2 * LINE if at == len(words) - 1 and len(words) > 2 else 0  # noqa: PLR2004 - of two words one is alone
    if ends_in(text, words[at - 1], SENTENCE_ENDS, base=base):
        return lonely
    return lonely + (LINE / 6 if ends_in(text, words[at - 1], CLAUSE_ENDS, base=base) else LINE / 3)


def ends_in(text: str, word: WordSpan, signs: str, *, base: int = 0) -> bool:
    """Return whether a word ends in one of the signs, or in quotes after it. `text` begins at the offset `base`."""
    last = text[word.start - base : word.end - base].rstrip(_QUOTES)
    return last[-1:] in signs if last else False


def mark(text: str, word: WordSpan, *, base: int = 0) -> int:
    """Return the columns of what `Cue.lines` puts before a second line that begins with a number."""
    return int(text[word.start - base : word.end - base].isdecimal())
