"""A Word document opens whole whatever characters somebody says, is called, or gives a recording as its title."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from datetime import UTC, datetime, timedelta
from xml.parsers import expat

import docx
import pytest

from transcription.formats import Format, written
from transcription.transcript import Speaker, Transcript, Turn

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML may hold, not even as a reference: https://www.w3.org/TR/xml/#charsets."""

REFERENCE = re.compile(r"&#(x?)([0-9a-fA-F]+);")

WRITING = {"R", "AL", "AN", "LRE", "LRO", "RLE", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "BN", "B", "S", "WS"}
"""The classes of the bidirectional algorithm that are not a plain letter from left to right."""


def _is_odd(code: int) -> bool:
    character = chr(code)
    no_character = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return no_character or unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


ODD = [chr(code) for code in range(0x110000) if _is_odd(code)]
TURNING = [chr(code) for code in range(0x3000) if unicodedata.bidirectional(chr(code)) in WRITING]
CLOSES = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"
"""Marks that reorder what follows until they are closed."""


def document(characters: list[str]) -> bytes:
    """Each character between two words of its own, in a text, a name, a remark and the title."""
    turns = tuple(
        Turn(
            start=timedelta(seconds=number),
            end=timedelta(seconds=number + 1),
            text=f"before{number}{character}after{number}",
            speaker=Speaker(label=f"s{number % 5}", name=f"Name{number % 5}{character}end"),
            language=f"x{character}",
        )
        for number, character in enumerate(characters)
    )
    some = "".join(characters[:100])
    talk = Transcript(turns=turns, duration=timedelta(seconds=len(turns)), note=f"Remark{some}end")
    return written(talk, Format.WORD, title=f"Title{some}end", at=NOON)


def strictly_read(made: bytes) -> dict[str, str]:
    """Every XML part of it, read by a parser that forgives nothing; fails if one cannot be or holds what it may not."""
    with zipfile.ZipFile(io.BytesIO(made)) as unpacked:
        assert unpacked.testzip() is None
        found = {name: unpacked.read(name) for name in unpacked.namelist() if name.endswith((".xml", ".rels"))}
    for name, content in found.items():
        expat.ParserCreate().Parse(content, True)  # noqa: FBT003 - its own
        text = content.decode("utf-8")
        assert not FORBIDDEN.search(text), name
        referred = [chr(int(digits, 16 if base else 10)) for base, digits in REFERENCE.findall(text)]
        assert not FORBIDDEN.search("".join(referred)), name
    return {name: content.decode() for name, content in found.items()}


@pytest.mark.parametrize("part", range(4))
def test_it_opens_whole_whatever_control_or_direction_character_is_in_it(part: int) -> None:
    characters = [*ODD, *TURNING][part::4]
    parts = strictly_read(made := document(characters))
    read = "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(made)).paragraphs)
    words = [word for number in range(len(characters)) for word in (f"before{number}", f"after{number}")]
    assert [word for word in words if word not in read] == []
    assert read.startswith("Title")
    assert "end" in read.splitlines()[0]
    assert not set(CLOSES) & set("".join(parts.values())), "none reorders what stands behind it"


def test_what_is_written_from_right_to_left_is_kept_letter_for_letter() -> None:
    said = ["שלום לכולם, 42 דקות", "مرحبا بالجميع ١٢٣", "English \u05d0\u05d1 \u200fmixed\u200e 3%"]
    turns = tuple(
        Turn(start=timedelta(seconds=number), end=timedelta(seconds=number + 1), text=text, speaker=Speaker(label="a"))
        for number, text in enumerate(said)
    )
    made = written(Transcript(turns=turns, duration=timedelta(seconds=3)), Format.WORD, title="מפגש", at=NOON)
    strictly_read(made)
    read = docx.Document(io.BytesIO(made))
    assert read.core_properties.title == "מפגש"
    assert " ".join(said) in "\n".join(paragraph.text for paragraph in read.paragraphs)


def test_the_strict_look_at_a_document_sees_what_is_wrong() -> None:
    spoilt = io.BytesIO()
    with zipfile.ZipFile(spoilt, "w") as packed:
        packed.writestr("word/document.xml", "<t>&#xFFFE;</t>")
    with pytest.raises((expat.ExpatError, AssertionError)):
        strictly_read(spoilt.getvalue())
