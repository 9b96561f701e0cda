"""The subtitle files, read back by two strangers: what we write is what they show."""

from __future__ import annotations

import html
import io
import re
from datetime import timedelta

import pysubs2
import pytest
import webvtt
from hypothesis import assume, given

from tests.transcription.test_cues import TALKS, shown, squeezed, thoroughly
from transcription.cues import cues
from transcription.subtitles import as_srt, as_vtt
from transcription.transcript import Speaker, Transcript, Turn

ESCAPED = str.maketrans("‹›❴❵∖∶", "<>{}\\:")
"""Back from what stands in SubRip for signs that players take for markup."""

TWO_TIMES = re.compile(r"\d\d:\d\d\.\d\d.*\d\d:\d\d\.\d\d")

Read = list[tuple[int, int, str]]


def written(talk: Transcript, *, named: bool) -> Read:
    """What the files should say, without spaces."""
    texts = (squeezed("".join(shown(cue) if named else cue.lines())).translate(ESCAPED) for cue in cues(talk))
    return [(cue.start, cue.end, text) for cue, text in zip(cues(talk), texts, strict=True)]


def by_pysubs2(document: str, form: str) -> Read:
    events = pysubs2.SSAFile.from_string(document, format_=form)
    # `plaintext` would drop what WebVTT may have as it is: words in braces. `text` has its own sign for a new line.
    texts = (event.plaintext if form == "srt" else event.text.replace("\\N", "\n") for event in events)
    return [(event.start, event.end, text) for event, text in zip(events, texts, strict=True)]


def by_webvtt(document: str, form: str) -> Read:
    read = webvtt.from_buffer(io.StringIO(document), form, strict=form == "vtt")
    return [(milliseconds(caption.start), milliseconds(caption.end), caption.text) for caption in read.captions]


def milliseconds(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return round((int(hours) * 60 + int(minutes)) * 60_000 + float(seconds) * 1_000)


def plain(read: Read, *, escaped: bool) -> Read:
    return [(a, b, squeezed(html.unescape(text) if escaped else text).translate(ESCAPED)) for a, b, text in read]


SAID = (
    "Dumela <b>mma</b> {now} --> later & so on, C:\\new \\N {\\an8}<i>.",
    "It was 1984",
    "x" * 40 + " 1984",
    "2",
    "00:00:01,000 --> 00:00:02,000 and 00:00:01.000 --> 00:00:02.000",
    "今回は生産性の向上を図る企業を応援してくれるこんな補助金があるそうで少し説明をしながら話をしていきたい",
    "&amp; &lt;v x&gt; NOTE STYLE WEBVTT",
    "x" * 40 + " 1985",
)
TALK = Transcript(
    duration=timedelta(seconds=80),
    note="NOTE --> a <draft>",
    turns=tuple(
        Turn(
            start=timedelta(seconds=number * 10),
            end=timedelta(seconds=number * 10 + 9),
            text=text,
            speaker=Speaker(label=str(number % 2), name="Anna & <Co> {x}" if number % 2 else "2"),
        )
        for number, text in enumerate(SAID)
    ),
)


def test_both_strangers_read_back_every_word_and_time_of_subrip() -> None:
    document = as_srt(TALK)
    assert plain(by_pysubs2(document, "srt"), escaped=False) == written(TALK, named=True)
    assert plain(by_webvtt(document, "srt"), escaped=False) == written(TALK, named=True)


def test_both_strangers_read_back_every_word_and_time_of_webvtt() -> None:
    # pysubs2 reads "\\N" as a new line and a line with two times as the beginning of a cue. In WebVTT both are words.
    turns = tuple(turn for turn in TALK.turns if "\\N" not in turn.text and not TWO_TIMES.search(turn.text))
    talk = Transcript(duration=TALK.duration, turns=turns, note=TALK.note)
    assert len(turns) == len(SAID) - 2
    assert plain(by_pysubs2(as_vtt(talk), "vtt"), escaped=True) == written(talk, named=False)
    assert plain(by_webvtt(as_vtt(TALK), "vtt"), escaped=True) == written(TALK, named=False)


def test_a_strict_reader_finds_the_speakers_and_the_note() -> None:
    read = webvtt.WebVTT.from_string(as_vtt(TALK), strict=True)
    assert {html.unescape(caption.voice or "") for caption in read.captions} == {"Anna & <Co> {x}", "2"}
    assert [html.unescape(note) for note in read.header_comments] == ["NOTE --> a <draft>"]


def test_subrip_has_signs_that_look_like_what_players_take_for_markup() -> None:
    assert as_srt(Transcript(duration=TALK.duration, turns=TALK.turns[:1])) == (
        "1\n00:00:00,000 --> 00:00:06,000\n2: Dumela ‹b›mma‹/b›\n❴now❵ --› later & so on,\n\n"
        "2\n00:00:06,142 --> 00:00:09,000\n2: C:∖new ∖N ❴∖an8❵‹i›.\n"
    )


@pytest.mark.parametrize("form", ["srt", "vtt"])
def test_both_files_have_the_same_times(form: str) -> None:
    document = as_srt(TALK) if form == "srt" else as_vtt(TALK)
    assert [(a, b) for a, b, _ in by_webvtt(document, form)] == [(cue.start, cue.end) for cue in cues(TALK)]


@given(TALKS)
@thoroughly
def test_both_strangers_read_back_any_subrip_file(talk: Transcript) -> None:
    assume(talk.turns)  # a file without cues is empty, which webvtt-py takes for no SubRip at all
    assert plain(by_pysubs2(as_srt(talk), "srt"), escaped=False) == written(talk, named=True)
    assert plain(by_webvtt(as_srt(talk), "srt"), escaped=False) == written(talk, named=True)


@given(TALKS)
@thoroughly
def test_both_strangers_read_back_any_webvtt_file(talk: Transcript) -> None:
    assert plain(by_webvtt(as_vtt(talk), "vtt"), escaped=True) == written(talk, named=False)
    assume("\\" not in as_vtt(talk) and not any(TWO_TIMES.search(turn.text) for turn in talk.turns))
    assert plain(by_pysubs2(as_vtt(talk), "vtt"), escaped=True) == written(talk, named=False)
