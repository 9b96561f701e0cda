"""The Word document: every word in it, headings to find one's way by, and nothing that Word would act on."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import docx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transcription.formats import Format, written
from transcription.naming import one_line
from transcription.transcript import Speaker, Transcript, Turn

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
HARMLESS = {
    "document",
    "body",
    "p",
    "pPr",
    "pStyle",
    "r",
    "rPr",
    "b",
    "i",
    "t",
    "sectPr",
    "pgSz",
    "pgMar",
    "cols",
    "docGrid",
}
"""All that may stand in the document: paragraphs and text, their looks, the page."""

HOSTILE = [
    "]]><w:fldSimple w:instr='HYPERLINK x'/>",
    '{ HYPERLINK "https://evil.example" }',
    "&lt;script&gt; & <w:p>",
    "a\tb\nc\rd\x0b\x0ce",
    "\x00\x01\x1f\x7f\x85\ufffe\uffff\ud83d",
    "https://evil.example",
    "\u202eabc\u2066",
]


def said(*texts: str, language: str | None = "tn-ZA", note: str | None = None) -> Transcript:
    turns = tuple(
        Turn(
            start=timedelta(seconds=10 * number),
            end=timedelta(seconds=10 * number + 5),
            text=text,
            speaker=Speaker(label=f"s{number % 2}", name="Anna & <Co>" if number % 2 == 0 else None),
            language=language,
        )
        for number, text in enumerate(texts)
    )
    return Transcript(turns=turns, duration=timedelta(seconds=134), note=note)


def document(transcript: Transcript, *, title: str = "Standup") -> bytes:
    return written(transcript, Format.WORD, title=title, at=NOON)


def parts(made: bytes) -> dict[str, ET.Element]:
    """The document as another program unpacks it."""
    with zipfile.ZipFile(io.BytesIO(made)) as unpacked:
        assert unpacked.testzip() is None
        names = [name for name in unpacked.namelist() if name.endswith((".xml", ".rels"))]
        return {name: ET.fromstring(unpacked.read(name)) for name in names}  # noqa: S314 - our own


def paragraphs(made: bytes) -> list[tuple[str, str]]:
    """Style and text of each, read past the library that wrote them."""
    found = []
    for paragraph in parts(made)["word/document.xml"].iter(f"{W}p"):
        style = paragraph.find(f"{W}pPr/{W}pStyle")
        text = "".join(run.text or "" for run in paragraph.iter(f"{W}t"))
        found.append((style.get(f"{W}val", "") if style is not None else "", text))
    return found


def test_it_has_a_title_a_summary_a_remark_and_a_heading_for_each_passage() -> None:
    made = document(said("Dumela, mma.", "Le kae?", note="A draft."), title="Standup <b>")
    assert paragraphs(made) == [
        ("Heading1", "Standup <b>"),
        ("", "2 minutes 14 seconds · 2 speakers · Setswana"),
        ("", "A draft."),
        ("Heading2", "Anna & <Co>  0:00"),
        ("", "Dumela, mma."),
        ("Heading2", "Speaker 2  0:10"),
        ("", "Le kae?"),
    ]


def test_without_time_marks_a_heading_says_who_speaks_and_no_more() -> None:
    made = written(said("Dumela, mma."), Format.WORD, title="Standup", at=NOON, time_marks=False)
    assert ("Heading2", "Anna & <Co>") in paragraphs(made)


def test_where_voices_were_not_told_apart_a_heading_says_when_and_there_is_none_without_time_marks() -> None:
    turns = [Turn(start=timedelta(seconds=at), end=timedelta(seconds=at + 5), text="Hm.") for at in (0, 5)]
    talk = Transcript(turns=tuple(turns), duration=timedelta(seconds=10))
    assert paragraphs(document(talk))[2:] == [("Heading2", "0:00"), ("", "Hm. Hm.")]
    bare = paragraphs(written(talk, Format.WORD, title="Standup", at=NOON, time_marks=False))
    assert bare[2:] == [("", "Hm. Hm.")]


def test_it_says_what_it_is_when_it_was_made_and_by_whom() -> None:
    properties = docx.Document(io.BytesIO(document(said("Hello.")))).core_properties
    assert (properties.title, properties.author, properties.comments) == ("Standup", "Threadscribe", "")
    assert properties.created == properties.modified == NOON


@pytest.mark.parametrize(
    ("language", "read_as"), [("tn-ZA", {"tn-ZA"}), ("th", {"th"}), ("no code", {None}), (None, {None})]
)
def test_it_is_read_aloud_in_its_own_language(language: str | None, read_as: set[str | None]) -> None:
    styles = parts(document(said("Dumela.", language=language)))["word/styles.xml"]
    found = {each.get(f"{W}{name}") for each in styles.iter(f"{W}lang") for name in ("val", "eastAsia", "bidi")}
    assert found == read_as


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_text_a_name_or_a_title_is_more_than_text(text: str) -> None:
    transcript = said(f"{text} word", note=text)
    named = Transcript(
        turns=tuple(
            Turn(start=turn.start, end=turn.end, text=turn.text, speaker=Speaker(label="a", name=f"{text} name"))
            for turn in transcript.turns
        ),
        duration=transcript.duration,
        note=text,
    )
    unpacked = parts(document(named, title=f"{text} title"))
    assert {each.tag.removeprefix(W) for each in unpacked["word/document.xml"].iter()} <= HARMLESS
    links = [each for name, part in unpacked.items() if name.endswith(".rels") for each in part]
    assert not [each for each in links if each.get("TargetMode") == "External"]
    assert not [name for name in unpacked if "vba" in name.lower()]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(max_size=60), min_size=1, max_size=3), st.text(max_size=400))
def test_every_word_of_any_text_is_in_it(texts: list[str], title: str) -> None:
    made = paragraphs(document(said(*texts), title=title))
    shown = Counter(" ".join(text for _, text in made).split())
    wanted = Counter(one_line(" ".join(texts)).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd").split())
    assert not wanted - shown


def test_a_long_meeting_is_all_in_it() -> None:
    texts = [f"Sentence number {number} of a long meeting." for number in range(600)]
    assert [text for style, text in paragraphs(document(said(*texts))) if not style][1:] == texts
