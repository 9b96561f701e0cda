"""Subtitle cues: what can be read at a glance, in the time that it is shown, and no word lost."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transcription.cue_times import TimeSpan, placed, separate
from transcription.cues import Cue, cues, name_before
from transcription.naming import one_line
from transcription.transcript import Speaker, Transcript, Turn, in_order
from transcription.word_breaks import LINE, columns, words_of


def turn(text: str, *, at: float, to: float, by: str | None = None, lang: str | None = None) -> Turn:
    speaker = Speaker(label=by, name=by) if by else None
    return Turn(start=timedelta(seconds=at), end=timedelta(seconds=to), text=text, speaker=speaker, language=lang)


def recording(*turns: Turn, seconds: float) -> Transcript:
    duration = timedelta(seconds=seconds)
    return Transcript(turns=in_order(turns, duration=duration), duration=duration)


def times(talk: Transcript) -> list[tuple[int, int]]:
    return [(cue.start, cue.end) for cue in cues(talk)]


def shown(cue: Cue) -> list[str]:
    """The lines of a cue as SubRip has them, with the name."""
    name = name_before(cue.speaker)
    first, *second = cue.lines(lead=columns(name))
    return [(name + first).rstrip(" "), *second]


def lines(talk: Transcript) -> list[list[str]]:
    return [shown(cue) for cue in cues(talk)]


def words(text: str, *, longest: int = 1_000, language: str | None = None) -> list[str]:
    return [text[word.start : word.end] for word in words_of(text, longest=longest, language=language)]


# --- what is read ----------------------------------------------------------------------------------------------------

SPEECH = (
    "Good morning everybody, and thank you for coming on such short notice. We have three things to discuss today: the "
    "budget, the new office in Durban, and what happened to the driver. Fine?"
)


def test_a_turn_is_cut_after_sentences_and_clauses_and_its_lines_are_of_like_length() -> None:
    assert lines(recording(turn(SPEECH, at=0, to=16, by="Anna"), seconds=16)) == [
        ["Anna: Good morning everybody, and thank", "you for coming on such short notice."],
        ["Anna: We have three things", "to discuss today: the budget,"],
        ["Anna: the new office in Durban,", "and what happened to the driver. Fine?"],
    ]


def test_what_fits_on_a_line_stays_on_one() -> None:
    assert lines(recording(turn("x" * 20 + " " + "y" * 21, at=0, to=3), seconds=3)) == [["x" * 20 + " " + "y" * 21]]


def test_no_word_is_alone_on_the_second_line() -> None:
    said = "Yes, it is an extraordinarily-long-hyphenated-word"
    assert lines(recording(turn(said, at=0, to=5), seconds=5)) == [
        ["Yes, it is", "an extraordinarily-long-hyphenated-word"]
    ]


def test_a_sentence_that_needs_two_cues_is_shared_out_between_them() -> None:
    said = " ".join(["seven77"] * 12) + "."
    assert [len(cue.words) for cue in cues(recording(turn(said, at=0, to=9), seconds=9))] == [6, 6]


def test_slow_speech_is_cut_by_time() -> None:
    talk = recording(turn("one two three four five six seven eight nine ten", at=0, to=60), seconds=60)
    assert len(cues(talk)) == 10
    assert all(end - start <= 7_000 for start, end in times(talk))


def test_a_word_that_takes_longer_than_a_cue_stays_whole() -> None:
    talk = recording(turn("Well, yes.", at=0, to=30), seconds=30)
    assert [(cue.start, cue.end, cue.text) for cue in cues(talk)] == [(0, 15_000, "Well,"), (18_000, 30_000, "yes.")]


def test_a_word_wider_than_a_cue_is_broken_between_visible_characters() -> None:
    made = cues(recording(turn("👩🏽‍🚀" * 50, at=0, to=5), seconds=5))
    assert len(made) > 1
    assert all(not line.replace("👩🏽‍🚀", "") and columns(line) <= LINE for cue in made for line in cue.lines())


def test_a_name_that_is_too_long_is_shortened_and_a_wide_one_counts_twice() -> None:
    assert name_before("") == ""
    assert name_before("Nkosazana Dlamini-Zuma") == "Nkosazana Dlamini-Zuma: "
    assert name_before("Nkosazana Clarice Dlamini-Zuma") == "Nkosazana Clarice Dlamini-Z…: "
    assert name_before("名" * 15) == "名" * 13 + "…: "


def test_a_line_that_is_a_number_cannot_be_taken_for_the_next_cues() -> None:
    (cue,) = cues(recording(turn("x" * 40 + " 1984", at=0, to=2), seconds=2))
    assert cue.lines() == ["x" * 40, "\u00a01984"]


@pytest.mark.parametrize(
    ("text", "wide"), [("abc", 3), ("日本", 4), ("ｱ", 1), ("กำ", 2), ("e\u0301", 1), ("\u200d", 0)]
)
def test_wide_characters_take_two_columns_and_marks_none(text: str, wide: int) -> None:
    assert columns(text) == wide


# --- scripts without spaces ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language", "parts"),
    [
        ("今回は生産性の向上を図る。企業を", "ja", ["今回は", "生産性の", "向上を", "図る。", "企業を"]),
        ("「はい。」と言った", None, ["「はい。」と", "言った"]),
        ("首先请张经理介绍，谢谢大家。", "zh-CN", ["首先", "请", "张", "经理", "介绍，", "谢谢", "大家。"]),
        ("วันนี้เราจะมาคุยกัน OK ครับ", "th", ["วัน", "นี้", "เรา", "จะ", "มา", "คุย", "กัน", "OK", "ครับ"]),
        ("ພາສາລາວ ດີ", "lo", ["ພາສາລາວ", "ດີ"]),
        ("two words", "ja", ["two", "words"]),
        ("", None, []),
    ],
)
def test_scripts_without_spaces_are_divided_by_words(text: str, language: str | None, parts: list[str]) -> None:
    assert words(text, language=language) == parts


def test_traditional_chinese_has_a_model_of_its_own() -> None:
    assert "".join(words("請問這個項目的進展情況", language="zh-TW")) == "請問這個項目的進展情況"


def test_a_latin_word_among_others_is_not_torn() -> None:
    assert all("Threadscribe" in part for part in words("このThreadscribeを使う", language="ja") if "cribe" in part)


def test_a_script_without_a_model_is_cut_between_visible_characters_where_it_must_be() -> None:
    khmer = "ខ្ញុំស្រលាញ់ភាសាខ្មែរណាស់"
    assert words(khmer, longest=100) == [khmer]
    torn = words(khmer, longest=5)
    assert torn[0] == "ខ្ញុំ"
    assert "".join(torn) == khmer


# --- when it is shown ------------------------------------------------------------------------------------------------


def test_a_short_turn_is_shown_for_a_second_where_the_next_leaves_room() -> None:
    talk = recording(turn("Yes.", at=1, to=1.2), turn("No.", at=1.7, to=1.8), turn("Oh.", at=5, to=5.1), seconds=5.5)
    assert times(talk) == [(1_000, 1_700), (1_700, 2_700), (5_000, 5_500)]


def test_a_turn_without_length_is_shown_in_the_silence_around_it() -> None:
    assert times(recording(turn("Right.", at=4, to=4), seconds=9)) == [(4_000, 5_000)]
    talk = recording(turn("Right.", at=4, to=4), turn("So he came.", at=4.2, to=7), seconds=9)
    assert times(talk) == [(3_200, 4_200), (4_200, 7_000)]


def test_a_turn_without_length_between_others_takes_half_a_second_of_them() -> None:
    talk = recording(turn("First.", at=0, to=4), turn("Right.", at=4, to=4), turn("Last.", at=4, to=8), seconds=8)
    assert times(talk) == [(0, 3_500), (3_500, 4_000), (4_000, 8_000)]


def test_turns_behind_the_end_are_shown_before_it() -> None:
    talk = recording(
        turn("Bye then.", at=18, to=20), turn("Bye.", at=20.1, to=21), turn("Bye!", at=22, to=23), seconds=20
    )
    assert times(talk) == [(18_000, 19_000), (19_000, 19_500), (19_500, 20_000)]


def test_people_who_speak_at_once_are_shown_at_once_and_nobody_else_is() -> None:
    talk = recording(
        turn("I was going to say", at=0, to=4), turn("No!", at=2, to=2.1), turn("Well.", at=4, to=5), seconds=5
    )
    assert times(talk) == [(0, 4_000), (2_000, 3_000), (4_000, 5_000)]


def test_a_recording_without_length_has_its_words_all_the_same() -> None:
    assert times(recording(turn("Yes.", at=0, to=0), turn("No.", at=0, to=0), seconds=0)) == [(0, 500), (500, 1_000)]
    assert cues(recording(seconds=0)) == []


def test_a_recording_too_short_for_its_turns_shows_each_for_less() -> None:
    spans = [span for span, _ in placed([TimeSpan(start=0, end=0)] * 4, counts=[1] * 4, duration=400)]
    assert all(0 <= one.start < one.end <= two.start for one, two in pairwise(spans))
    assert spans[-1].end == 400


def test_more_cues_than_milliseconds_share_them() -> None:
    spans = placed([TimeSpan(start=0, end=0)] * 9, counts=[1] * 9, duration=3)
    assert all(0 <= span.start < span.end <= 3 for span, _ in spans)
    apart = separate([TimeSpan(start=0, end=1)] * 9, within=TimeSpan(start=0, end=3))
    assert all(0 <= span.start < span.end <= 3 for span in apart)


# --- anything that a provider may answer -----------------------------------------------------------------------------

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    st.lists(
        st.sampled_from(["so", "No.", "extraordinarily,", "1984", "今回は", "ครับ", "x" * 50, "-->"]), max_size=60
    ).map(" ".join),
    st.sampled_from(
        ["กำ" * 200, "今回は生産性の向上を図る。" * 9, "👩🏽‍🚀" * 60, "1" * 200, "\u0301" * 300, "ខ្ញុំ" * 90]
    ),
)
NAMES = st.one_of(st.none(), st.builds(Speaker, label=st.text(max_size=3), name=st.one_of(st.none(), TEXTS)))
TURNS = st.builds(
    Turn,
    start=st.integers(0, 60_000).map(lambda at: timedelta(milliseconds=at)),
    end=st.integers(0, 90_000).map(lambda at: timedelta(milliseconds=at)),
    text=TEXTS,
    speaker=NAMES,
)
DURATIONS = st.integers(2_000, 60_000).map(lambda length: timedelta(milliseconds=length))
TALKS = st.builds(
    lambda turns, duration: Transcript(turns=in_order(turns, duration=duration), duration=duration),
    st.lists(TURNS, max_size=7),
    DURATIONS,
)
thoroughly = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def squeezed(text: str) -> str:
    return "".join(text.split())


def apart(one: Turn, two: Turn) -> bool:
    start, end = (round(moment / timedelta(milliseconds=1)) for moment in (two.start, one.end))
    return end <= start


@given(TALKS)
@thoroughly
def test_no_word_is_lost_or_said_twice(talk: Transcript) -> None:
    made = "".join(squeezed(cue.text) for cue in cues(talk))
    assert sorted(made) == sorted("".join(squeezed(one_line(turn.text)) for turn in talk.turns))
    for turn in talk.turns:
        alone = cues(Transcript(turns=(turn,), duration=talk.duration))
        assert "".join(squeezed(cue.text) for cue in alone) == squeezed(one_line(turn.text))


@given(TALKS)
@thoroughly
def test_no_cue_is_wider_than_two_lines_with_its_name_or_without(talk: Transcript) -> None:
    for cue in cues(talk):
        for written in (shown(cue), cue.lines()):
            assert len(written) in {1, 2}
            assert all(line and columns(line) <= LINE for line in written)
        assert squeezed("".join(cue.lines())) == squeezed(cue.text)


@given(TALKS)
@thoroughly
def test_every_cue_is_short_and_inside_the_recording_in_order(talk: Transcript) -> None:
    made = cues(talk)
    assert all(0 <= cue.start < cue.end <= talk.duration / timedelta(milliseconds=1) for cue in made)
    assert [cue.start for cue in made] == sorted(cue.start for cue in made)
    assert all(cue.end - cue.start <= 7_000 or len(cue.words) == 1 for cue in made)


@given(st.lists(st.tuples(TEXTS.filter(one_line), st.integers(0, 3_000), st.integers(0, 20_000)), max_size=6))
@thoroughly
def test_turns_one_after_another_never_overlap_and_last_a_second_where_there_is_room(
    said: list[tuple[str, int, int]],
) -> None:
    turns, now = [], 0
    for text, pause, length in said:
        start, now = now + pause, now + pause + length
        turns.append(turn(text, at=start / 1_000, to=now / 1_000))
    made = cues(recording(*turns, seconds=max(now, 2_000) / 1_000))
    assert all(one.end <= two.start for one, two in pairwise(made))
    assert all(one.end - one.start >= min(1_000, two.start - one.start) for one, two in pairwise(made))


@given(TALKS)
@thoroughly
def test_cues_overlap_only_where_their_turns_did(talk: Transcript) -> None:
    numbered = tuple(
        Turn(start=turn.start, end=turn.end, text=turn.text, speaker=Speaker(label=str(number), name=f"<{number}>"))
        for number, turn in enumerate(talk.turns)
    )
    made = cues(Transcript(turns=numbered, duration=talk.duration))
    for one, two in combinations(made, 2):
        first, second = sorted(int(cue.speaker.strip("<>")) for cue in (one, two))
        if one.start < two.end and two.start < one.end:
            assert not apart(numbered[first], numbered[second])


@given(st.text(max_size=300).map(one_line), st.integers(1, 90))
@thoroughly
def test_words_know_their_place_and_are_no_wider_than_a_line(text: str, longest: int) -> None:
    found = list(words_of(text, longest=longest))
    assert "".join(text[word.start : word.end] for word in found) == text.replace(" ", "")
    assert all(word.right - word.left == columns(text[word.start : word.end]) <= LINE for word in found)
    assert all(one.end <= two.start and one.right <= two.left for one, two in pairwise(found))
