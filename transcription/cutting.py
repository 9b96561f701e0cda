"""Long text in pieces, cut where it hurts least. Pure, linear in the text's length.

For paragraphs, for subtitles, and for whatever must fit a limit of Slack's. All text here is one line with single
spaces, as `naming.one_line` leaves it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_SENTENCE_END = re.compile("(?<=[.!?…؟۔।]) |(?<=[.!?…][\"'”’»)]) |(?<=[。！？])")
# Letters and marks of Thai, Lao, Burmese, Khmer, Japanese and Chinese, and the last two's full width signs. Numbers are
# not among them (two of them without a space are another number), nor is the Thai sign for a repetition.
_UNSPACED = re.compile(
    "[\u0e01-\u0e2e\u0e30-\u0e3a\u0e40-\u0e45\u0e47-\u0e4e\u0e81-\u0ec5\u0ec8-\u0ece\u1000-\u103f\u1780-\u17d3"
    "\u3001-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff01-\uff0f\uff1a-\uff20]"
)
_FLAG_HALVES = "".join(map(chr, range(0x1F1E6, 0x1F200)))
_NEARBY = 64  # no drawn character is longer; beyond it, the text is not one that anybody reads


def pieces(text: str, *, limit: int) -> Iterator[tuple[int, str]]:
    """`text` in pieces of at most `limit` characters, each with its offset.

    Cut after a sentence if one ends in the last two thirds, else at a space there, else between two characters that
    are not drawn as one. The space at a cut is left out; nothing else is.
    """
    start = 0
    while len(text) - start > limit:
        end = _cut(text, start=start, limit=limit)
        yield start, text[start:end]
        start = end + (text[end] == " ")
    yield start, text[start:]


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """`text` in sentences, each with its offset, without the space between them."""
    start = 0
    for end in _SENTENCE_END.finditer(text):
        yield start, text[start : end.start()]
        start = end.end()
    if start < len(text):
        yield start, text[start:]


def joint(before: str, after: str) -> str:
    """What belongs between two texts that are read on as one: a space, and nothing where neither script has any."""
    unspaced = _UNSPACED.match(before[-1:]) and _UNSPACED.match(after[:1])
    return "" if unspaced else " "


def _cut(text: str, *, start: int, limit: int) -> int:
    window = text[start : start + limit + 1]
    earliest = limit // 3
    ends = [end.start() for end in _SENTENCE_END.finditer(window, earliest) if end.start() <= limit]
    at = ends[-1] if ends else window.rfind(" ", earliest)
    return start + at if at > 0 else _between_characters(text, start=start, end=start + limit)


def _between_characters(text: str, *, start: int, end: int) -> int:
    """The last place at or before `end` that divides no character as it is drawn (a letter with its marks, an emoji).

    The standard library knows no grapheme clusters; this covers marks, joined emoji, flags, Hangul and Thai.
    """
    furthest = max(start, end - _NEARBY)
    at = end
    while at > furthest and _drawn_as_one(text, start=start, at=at):
        at -= 1
    return at if at > furthest else end


def _drawn_as_one(text: str, *, start: int, at: int) -> bool:
    before, after = text[at - 1], text[at]
    if "\u200d" in {before, after} or unicodedata.category(after).startswith("M"):
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\u1160" <= after <= "\u11ff":
        return True  # a skin tone; the second or third part of a Hangul syllable
    if "เ" <= before <= "ไ" or after in "ะาำๅຳ":
        return True  # Thai (and Lao) vowels that are written before or after their consonant
    if before not in _FLAG_HALVES or after not in _FLAG_HALVES:
        return False
    without_flags = text[start:at].rstrip(_FLAG_HALVES)
    return (at - start - len(without_flags)) % 2 == 1
