"""Split long text into pieces at the best places: sentence ends, then spaces, then character boundaries.

Pure, linear time.

Used for paragraphs, for subtitles and for Slack's length limits. Input text is one line with single spaces, as
`naming.one_line` returns it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_SENTENCE_END = re.compile("(?<=[.!?…؟۔।]) |(?<=[.!?…][\"'”’»)]) |(?<=[。！？])")
# Letters and marks of Thai, Lao, Burmese, Khmer, Japanese and Chinese, and full-width signs. Numbers are not included
# (two numbers without a space are another number), nor is the Thai repetition sign.
_UNSPACED = re.compile(
    "[\u0e01-\u0e2e\u0e30-\u0e3a\u0e40-\u0e45\u0e47-\u0e4e\u0e81-\u0ec5\u0ec8-\u0ece\u1000-\u103f\u1780-\u17d3"
    "\u3001-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff01-\uff0f\uff1a-\uff20]"
)
_FLAG_HALVES = "".join(map(chr, range(0x1F1E6, 0x1F200)))
_NEARBY = 64  # No visible character is longer; a longer run is not readable text.


def pieces(text: str, *, limit: int) -> Iterator[tuple[int, str]]:
    """Split `text` into pieces of at most `limit` characters; yield each with its offset.

    A piece ends after a sentence if one ends in the last two thirds of it, else at a space there, else between two
    visible characters (never inside an emoji or a letter with marks). Only the space at a cut is dropped.
    """
    start = 0
    while len(text) - start > limit:
        end = _cut(text, start=start, limit=limit)
        yield start, text[start:end]
        start = end + (text[end] == " ")
    yield start, text[start:]


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Split `text` into sentences; yield each with its offset, without the space between them."""
    start = 0
    for end in _SENTENCE_END.finditer(text):
        yield start, text[start : end.start()]
        start = end.end()
    if start < len(text):
        yield start, text[start:]


def visible_characters(text: str) -> Iterator[str]:
    """Split `text` into visible characters, each with its marks; a run longer than any real one is split, too."""
    start = 0
    for at in range(1, len(text)):
        if at - start >= _NEARBY or not _is_inside_character(text, start=start, at=at):
            yield text[start:at]
            start = at
    if text:
        yield text[start:]


def is_unspaced(character: str) -> bool:
    """Return whether `character` belongs to a script that is written without spaces between words."""
    return bool(_UNSPACED.match(character))


def joint(before: str, after: str) -> str:
    """Return the separator for joining two texts: a space, or "" if both are in a script without spaces."""
    return "" if is_unspaced(before[-1:]) and is_unspaced(after[:1]) else " "


def _cut(text: str, *, start: int, limit: int) -> int:
    window = text[start : start + limit + 1]
    earliest = limit // 3
    ends = [end.start() for end in _SENTENCE_END.finditer(window, earliest) if end.start() <= limit]
    at = ends[-1] if ends else window.rfind(" ", earliest)
    return start + at if at > 0 else _between_characters(text, start=start, end=start + limit)


def _between_characters(text: str, *, start: int, end: int) -> int:
    """Return the last position at or before `end` that does not split a visible character.

    A visible character can be several code points: a letter with its marks, an emoji.

    The standard library has no grapheme clusters. This covers marks, joined emoji, flags, Hangul and Thai.
    """
    furthest = max(start, end - _NEARBY)
    at = end
    while at > furthest and _is_inside_character(text, start=start, at=at):
        at -= 1
    return at if at > furthest else end


def _is_inside_character(text: str, *, start: int, at: int) -> bool:
    before, after = text[at - 1], text[at]
    if "\u200d" in {before, after} or unicodedata.category(after).startswith("M"):
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\u1160" <= after <= "\u11ff":
        return True  # a skin tone, or the second or third part of a Hangul syllable
    if "เ" <= before <= "ไ" or "\u0ec0" <= before <= "\u0ec4" or after in "ะาำๅະາຳ":
        return True  # Thai and Lao vowels that are written before or after their consonant
    if before in "\u17d2\u1039":
        return True  # what is stacked under a Khmer or Burmese letter
    if before not in _FLAG_HALVES or after not in _FLAG_HALVES:
        return False
    without_flags = text[start:at].rstrip(_FLAG_HALVES)
    return (at - start - len(without_flags)) % 2 == 1
