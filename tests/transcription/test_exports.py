"""The files: every word in each of them, and each as its format demands."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transcription.exports import as_json, as_srt, as_text, as_vtt
from transcription.transcript import Speaker, Transcript, Turn, in_order

ANNA = Speaker(label="speaker_0", name="Anna & <Co>")
BEN = Speaker(label="speaker_1")


def turn(text: str, *, at: float, to: float, by: Speaker | None = None, lang: str | None = None) -> Turn:
    return Turn(start=timedelta(seconds=at), end=timedelta(seconds=to), text=text, speaker=by, language=lang)


TALK = Transcript(
    duration=timedelta(seconds=134, milliseconds=250),
    note="A draft.",
    turns=(
        turn("Dumela <b>mma</b> {now} --> later & so on.", at=7.25, to=9.5, by=ANNA, lang="tn-ZA"),
        turn("Le kae?", at=10, to=12, by=BEN, lang="tn-ZA"),
        turn("Fine.", at=3723, to=3723, lang="en-ZA"),
    ),
)


def test_text_has_a_first_line_and_a_paragraph_for_each_passage() -> None:
    assert as_text(TALK) == (
        "2 minutes 14 seconds · 2 speakers · Setswana, English\n"
        "A draft.\n\n"
        "Anna & <Co>  0:07  (Setswana)\n"
        "Dumela <b>mma</b> {now} --> later & so on.\n\n"
        "Speaker 2  0:10\n"
        "Le kae?\n\n"
        "Unknown speaker  1:02:03  (English)\n"
        "Fine.\n"
    )


def test_webvtt_escapes_what_it_would_read_as_markup() -> None:
    assert as_vtt(TALK) == (
        "WEBVTT\n\n"
        "NOTE\nA draft.\n\n"
        "00:00:07.250 --> 00:00:09.500\n"
        "<v Anna &amp; &lt;Co&gt;>Dumela &lt;b&gt;mma&lt;/b&gt; {now} --&gt; later &amp; so on.\n\n"
        "00:00:10.000 --> 00:00:12.000\n"
        "<v Speaker 2>Le kae?\n\n"
        "00:02:13.250 --> 00:02:14.250\n"
        "<v Unknown speaker>Fine.\n"
    )


def test_subrip_keeps_every_word_visible() -> None:
    assert as_srt(TALK) == (
        "1\n00:00:07,250 --> 00:00:09,500\n"
        "Anna & ‹Co›: Dumela ‹b›mma‹/b›\n❴now❵ --› later & so on.\n\n"
        "2\n00:00:10,000 --> 00:00:12,000\n"
        "Speaker 2: Le kae?\n\n"
        "3\n00:02:13,250 --> 00:02:14,250\n"
        "Unknown speaker: Fine.\n"
    )


def test_where_voices_were_not_told_apart_no_file_names_anybody() -> None:
    talk = Transcript(
        duration=timedelta(seconds=20), turns=(turn("Sawubona.", at=0, to=5), turn("Unjani?", at=5, to=9))
    )
    assert as_text(talk) == "20 seconds · speakers not separated\n\n0:00\nSawubona. Unjani?\n"
    assert as_text(talk, time_marks=False) == "20 seconds · speakers not separated\n\nSawubona. Unjani?\n"
    assert as_srt(talk).splitlines()[:3] == ["1", "00:00:00,000 --> 00:00:05,000", "Sawubona."]
    assert as_vtt(talk).splitlines()[2:4] == ["00:00:00.000 --> 00:00:05.000", "Sawubona."]


def test_json_has_a_stable_shape() -> None:
    assert json.loads(as_json(TALK)) == {
        "version": 1,
        "duration": 134.25,
        "note": "A draft.",
        "languages": [{"code": "tn-ZA", "name": "Setswana"}, {"code": "en-ZA", "name": "English"}],
        "speakers": [{"label": "speaker_0", "name": "Anna & <Co>"}, {"label": "speaker_1", "name": "Speaker 2"}],
        "turns": [
            {
                "start": 7.25,
                "end": 9.5,
                "speaker": "speaker_0",
                "language": "tn-ZA",
                "confidence": None,
                "text": "Dumela <b>mma</b> {now} --> later & so on.",
            },
            {
                "start": 10.0,
                "end": 12.0,
                "speaker": "speaker_1",
                "language": "tn-ZA",
                "confidence": None,
                "text": "Le kae?",
            },
            {"start": 3723.0, "end": 3723.0, "speaker": None, "language": "en-ZA", "confidence": None, "text": "Fine."},
        ],
    }


def test_no_cue_starts_before_the_one_above_it_even_when_people_talk_at_once() -> None:
    talk = Transcript(
        duration=timedelta(seconds=20),
        turns=(turn("word " * 80, at=0, to=20, by=ANNA), turn("No!", at=5, to=6, by=BEN)),
    )
    starts = [start for start, _, _ in cues_of(as_vtt(talk))]
    assert starts == sorted(starts)


def test_nothing_said_is_an_empty_but_valid_file() -> None:
    silence = Transcript(duration=timedelta(seconds=3), turns=())
    assert as_vtt(silence) == "WEBVTT\n"
    assert as_srt(silence) == ""
    assert as_text(silence) == "3 seconds · speakers not separated\n"


def test_a_confidence_that_is_no_number_is_left_out() -> None:
    odd = Turn(start=timedelta(), end=timedelta(), text="x", confidence=float("nan"))
    assert json.loads(as_json(Transcript(duration=timedelta(), turns=(odd,))))["turns"][0]["confidence"] is None


def test_half_characters_do_not_stop_a_file_from_being_written() -> None:
    odd = Transcript(duration=timedelta(), turns=(turn("a\ud800b", at=0, to=0, by=Speaker(label="\udfff")),))
    for written in (as_text(odd), as_json(odd), as_srt(odd), as_vtt(odd)):
        assert "a\ufffdb" in written.encode().decode()


# --- anything that a provider may answer ----------------------------------------------------------------------------

ANYTHING = st.text(st.characters(exclude_categories=["Cs"]))
SAID = st.one_of(ANYTHING, st.sampled_from(["-->", "<v x>", "\r\n\r\n", "word " * 200, "ก" * 999, "👩🏽‍🚀" * 200]))
SPEAKERS = st.one_of(st.none(), st.builds(Speaker, label=ANYTHING, name=st.one_of(st.none(), SAID)))


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    turns, now = [], timedelta()
    for text, speaker, length in draw(st.lists(st.tuples(SAID, SPEAKERS, st.integers(0, 90_000_000)), max_size=8)):
        end = now + timedelta(milliseconds=length)
        turns.append(Turn(start=now, end=end, text=text, speaker=speaker, language=draw(st.one_of(st.none(), SAID))))
        now = end
    return Transcript(turns=in_order(turns, duration=now), duration=now, note=draw(st.one_of(st.none(), SAID)))


def squashed(text: str) -> str:
    return "".join(re.sub("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]", "", text).split())


def milliseconds(clock: str) -> int:
    hours, minutes, seconds, thousandths = map(int, re.split("[:.,]", clock))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths


def cues_of(document: str) -> list[tuple[int, int, str]]:
    """Read WebVTT as strictly as it is written."""
    head, *blocks = document.removesuffix("\n").split("\n\n")
    assert head == "WEBVTT"
    cues = []
    for block in blocks:
        first, _, payload = block.partition("\n")
        if first == "NOTE":
            assert "-->" not in payload
            continue
        times = re.fullmatch(r"(\d\d+:\d\d:\d\d\.\d{3}) --> (\d\d+:\d\d:\d\d\.\d{3})", first)
        voice = re.fullmatch(r"(?:<v ([^<>\n]+)>)?([^<>\n]+(?:\n[^<>\n]+)?)", payload)
        assert times, first
        assert voice, payload
        assert not re.search(r"&(?!amp;|lt;|gt;)", payload)
        cues.append((milliseconds(times[1]), milliseconds(times[2]), html.unescape(voice[2])))
    return cues


@given(transcripts())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_webvtt_file_is_valid_and_loses_no_word(talk: Transcript) -> None:
    cues = cues_of(as_vtt(talk))
    assert all(start < end for start, end, _ in cues)
    assert [start for start, _, _ in cues] == sorted(start for start, _, _ in cues)
    assert squashed("".join(text for _, _, text in cues)) == squashed("".join(turn.text for turn in talk.turns))


@given(transcripts())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_subrip_file_is_numbered_and_has_two_lines_to_a_cue_at_most(talk: Transcript) -> None:
    blocks = as_srt(talk).removesuffix("\n").split("\n\n") if as_srt(talk) else []
    for number, block in enumerate(blocks, start=1):
        first, times, *lines = block.split("\n")
        assert first == str(number)
        assert re.fullmatch(r"\d\d+:\d\d:\d\d,\d{3} --> \d\d+:\d\d:\d\d,\d{3}", times)
        assert len(lines) in {1, 2}
        assert not set("".join(lines)) & set("<>{}\\")


@given(transcripts())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_json_file_can_be_read_back(talk: Transcript) -> None:
    document = json.loads(as_json(talk))
    assert [squashed(turn["text"]) for turn in document["turns"]] == [squashed(turn.text) for turn in talk.turns]
    assert document["duration"] == talk.duration.total_seconds()
