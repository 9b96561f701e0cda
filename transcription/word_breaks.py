"""Divide a line of text into words, each with its place in columns, for subtitles. Pure, linear time.

Words end at spaces. Thai, Japanese and Chinese have none: there BudouX's models divide, Japanese and Chinese into short
phrases, at which a reader expects a line to end. Lao, Khmer and Burmese have no model and stay whole between spaces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from transcription.cutting import is_unspaced, visible_characters

if TYPE_CHECKING:
    from budoux import Parser

LINE = 42
"""Columns of a line of a subtitle: what broadcasters take as readable at a glance."""

_KANA = re.compile("[\u3041-\u30ff]")
_THAI = re.compile("[\u0e01-\u0e5b]")
_CHINESE = re.compile("[\u3400-\u9fff]")
_TRADITIONAL = re.compile("hant|tw|hk|mo|yue", re.IGNORECASE)
_AFTER_A_SENTENCE = "。！？，、"
_CLOSING = frozenset({"Pe", "Pf", "Po", "Lm"})
_OPENING = frozenset({"Ps", "Pi"})
_SMALL_KANA = frozenset("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ")


@dataclass(frozen=True, kw_only=True, slots=True)
class WordSpan:
    """A part of a line that a cue and a line of it may begin with. `start` and `end` are offsets in characters.

    `left` and `right` are columns, counted from the beginning of the whole line.
    """

    start: int
    end: int
    left: int
    right: int


def columns(text: str) -> int:
    """Return how many columns `text` takes: wide characters take two, marks and invisible ones none."""
    return len(text) if text.isascii() else sum(map(_width, text))


def words_of(text: str, *, longest: int, language: str | None = None) -> Iterator[WordSpan]:
    """Yield the words of `text`, which is one line. None is wider than `LINE`: a wider one is divided into characters.

    So is text of more than `longest` characters in a script without spaces and without a model, as that is no word.
    `language`, as a provider writes it, tells the two ways apart in which Chinese is written.
    """
    model = _han_model(text, language or "")
    offset = column = 0
    for spaced in text.split(" "):
        for part in _parts(spaced, model=model, longest=longest):
            width = columns(part)
            yield WordSpan(start=offset, end=offset + len(part), left=column, right=column + width)
            offset, column = offset + len(part), column + width
        offset, column = offset + 1, column + 1


@cache
def _width(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _parts(spaced: str, *, model: str, longest: int) -> Iterator[str]:
    """Yield the parts of what stands between two spaces; nothing for an empty text."""
    name = _model(spaced, han=model)
    undivided = len(spaced) > longest and not name and any(map(is_unspaced, spaced))
    for part in _phrases(spaced, name) if name else [spaced]:
        if undivided or columns(part) + part.isdecimal() > LINE:  # a number may have a space before it (`Cue.lines`)
            yield from _narrow(part)
        elif part:
            yield part


def _narrow(part: str) -> Iterator[str]:
    for character in visible_characters(part):
        # Marks without end on one letter are no text; they may be torn.
        yield from [character] if columns(character) <= LINE else character


def _model(spaced: str, *, han: str) -> str:
    """Return the name of the model that divides a text without spaces, `han` if it is Chinese characters, or ""."""
    if spaced.isascii():
        return ""
    if _THAI.search(spaced):
        return "thai"
    return han if _KANA.search(spaced) or _CHINESE.search(spaced) else ""


def _phrases(spaced: str, name: str) -> list[str]:
    """Return the phrases of a text without spaces, as the model of that name divides it."""
    ends = {0, len(spaced)}
    offset = 0
    for phrase in _parser(name).parse(spaced):
        offset += len(phrase)
        ends.add(offset)
    ends.update(at for at in range(1, len(spaced)) if spaced[at - 1] in _AFTER_A_SENTENCE)
    kept = sorted(at for at in ends if at in {0, len(spaced)} or _may_break(spaced[at - 1], spaced[at]))
    return _untorn([spaced[start:end] for start, end in pairwise(kept)])


def _may_break(before: str, after: str) -> bool:
    """Return whether a line may end between the two: not in a Latin word, nor before a closing sign."""
    if not (is_unspaced(before) or is_unspaced(after)):
        return False
    closes = unicodedata.category(after) in _CLOSING or after in _SMALL_KANA
    return not closes and unicodedata.category(before) not in _OPENING


def _untorn(phrases: list[str]) -> list[str]:
    """Join phrases between which a visible character would be torn."""
    joined = phrases[:1]
    for phrase in phrases[1:]:
        near = joined[-1][-1] + phrase[0]
        if len(list(visible_characters(near))) == 1:
            joined[-1] += phrase
        else:
            joined.append(phrase)
    return joined


def _han_model(text: str, language: str) -> str:
    """Return the model for Chinese characters: they are Japanese where there is kana beside them."""
    if text.isascii() or _KANA.search(text) or language.lower().startswith("ja"):
        return "japanese"
    return "traditional_chinese" if _TRADITIONAL.search(language) else "simplified_chinese"


@cache
def _parser(name: str) -> Parser:
    import budoux

    match name:
        case "thai":
            return budoux.load_default_thai_parser()
        case "japanese":
            return budoux.load_default_japanese_parser()
        case "traditional_chinese":
            return budoux.load_default_traditional_chinese_parser()
        case _:
            return budoux.load_default_simplified_chinese_parser()
