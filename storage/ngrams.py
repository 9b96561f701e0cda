"""Text search by n-grams, without case and accents, for all languages. Pure.

Passages are stored folded (normalized), together with their grams for the index. A gram is three letters of a word, or
a whole word of one or two letters. In scripts without spaces, such as Thai, each letter and each pair is a gram too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_GRAM = 3

# Thai, Lao, Burmese, Korean (decomposed into letters by `folded`), Khmer, Japanese, Chinese.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_QUOTES = '["\u201c\u201d\u201e\u201f\u00ab\u00bb\u300c\u300d]'
# A phrase ends at the next quote, or at the end. As ’ is an apostrophe too, ‘ and ’ are quotes only around whole words.
_PHRASES = re.compile(f"{_QUOTES}(.*?)(?:{_QUOTES}|\\Z)|(?<!\\w)\u2018([^\u2018]*?)\u2019(?!\\w)", re.DOTALL)


class _Folding(dict[int, str]):
    """A cached table for `str.translate` that maps a character to its folded form."""

    def __missing__(self, code: int) -> str:
        self[code] = "".join(map(_kept, unicodedata.normalize("NFKD", chr(code)).casefold()))
        return self[code]


def _kept(character: str) -> str:
    category, mark = unicodedata.category(character), unicodedata.combining(character)
    # Drop accents and the vowel points of Hebrew and Arabic. Vowel and tone marks of e.g. Thai are kept as letters.
    if category == "Cf" or mark >= 200 or 10 <= mark <= 36:  # noqa: PLR2004 - classes of the Unicode standard
        return ""
    return character if category[0] in "LNM" else " "


_FOLDING = _Folding()


def folded(text: str) -> str:
    """Return letters and digits without case and accents, with one space between words and at both ends."""
    return f" {' '.join(text.translate(_FOLDING).split())} "


def terms(asked: str) -> tuple[str, ...]:
    """Return the folded search terms: each word, and each quoted phrase as one term."""
    found: list[str] = []
    # Split at phrases: words, then the two groups of the pattern, of which one is the phrase, then words again.
    for number, part in enumerate(_PHRASES.split(asked)):
        found += [folded(word).strip() for word in ((part or "").split() if number % 3 == 0 else [part or ""])]
    return tuple(dict.fromkeys(term for term in found if term))


def needle(term: str) -> str:
    """Return the string to find in folded text: the term, where a short word at its start or end must match whole."""
    before, after = _edges(term)
    return f"{before}{term}{after}"


def _edges(term: str) -> tuple[str, str]:
    words = term.split()
    return " " if _is_short(words[0]) else "", " " if _is_short(words[-1]) else ""


def _is_short(word: str) -> bool:
    return len(word) < _GRAM and not _UNSPACED.fullmatch(word)


def grams(text: str) -> set[str]:
    """Return the grams of a folded text. A text that contains a term has all grams of the term."""
    found: set[str] = set()
    for word in text.split():
        found.update([word[at : at + _GRAM] for at in range(max(len(word) - _GRAM, 0) + 1)])
    if not text.isascii():
        for run in _UNSPACED.findall(text):
            found.update(run, [run[at : at + 2] for at in range(len(run) - 1)])
    return found


def telling_grams(term: str) -> list[str]:
    """Return the grams of a term for the index query, without those that are part of another gram."""
    found = grams(term)
    return sorted(gram for gram in found if not any(gram in other for other in found - {gram}))


def spans(text: str, terms: Iterable[str]) -> list[tuple[int, int]]:
    """Return the positions of the terms in the original `text` as (start, end), sorted and merged where they touch."""
    letters, origins = [" "], [0]
    for at, character in enumerate(text):
        for letter in _FOLDING[ord(character)]:
            if letter != " " or letters[-1] != " ":
                letters.append(letter)
                origins.append(at)
    whole, found = "".join([*letters, " "]), list[tuple[int, int]]()
    for match in sorted(match.span() for term in terms for match in re.finditer(_pattern(term), whole)):
        begin, end = origins[match[0]], origins[match[1] - 1] + 1
        while end < len(text) and not _FOLDING[ord(text[end])]:
            end += 1  # a combining accent belongs to the letter before
        if found and begin <= found[-1][1]:
            begin, end = found[-1][0], max(end, found.pop()[1])
        found.append((begin, end))
    return found


def _pattern(term: str) -> str:
    before, after = _edges(term)
    return f"{before and '(?<= )'}{re.escape(term)}{after and '(?= )'}"
