"""The reply: what it says, that it always fits Slack's limits, and that nobody can use it against its readers."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.rendering.reply import Named, Reply, ReplyContext, render
from bot.slack.api import POSTING
from handlers.action_ids import (
    CHANNEL_SETTINGS,
    CORRECT,
    DELETE,
    EXPORT,
    NAME_SPEAKERS,
    RERUN,
    RETRY,
    TRANSCRIPT_MENU,
    UNDO_NAMING,
)
from storage.job import Failure, Reason
from transcription.transcript import Speaker, Transcript, Turn, in_order

ANNA = Speaker(label="speaker_0")
BEN = Speaker(label="speaker_1")
HOSTILE = (
    "<!channel> <!here|here> <@U1> <#C1> <https://evil.example|x> https://evil.example mailto:a@b.example example.com "
    "*bold* _italic_ ~gone~ `code` ```block``` :smile: :+1: @here #general > quote &lt;!channel&gt; & "
)


def turn(
    text: str, *, at: float = 0, to: float | None = None, by: Speaker | None = ANNA, lang: str | None = None
) -> Turn:
    end = timedelta(seconds=at + 5 if to is None else to)
    return Turn(start=timedelta(seconds=at), end=end, text=text, speaker=by, language=lang)


def transcript(*turns: Turn, seconds: float = 134, note: str | None = None) -> Transcript:
    return Transcript(turns=turns, duration=timedelta(seconds=seconds), note=note)


# --- an independent reader of replies -------------------------------------------------------------------------------


def texts(value: object) -> Iterator[str]:
    match value:
        case {"text": str(text)}:
            yield text
        case dict():
            for inside in value.values():
                yield from texts(inside)
        case list() | tuple():
            for inside in value:
                yield from texts(inside)


def escaped_units(text: str) -> int:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return sum(2 if ord(character) > 0xFFFF else 1 for character in escaped)


def on_the_wire(reply: Reply) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = json.loads(json.dumps(reply.blocks))
    return blocks


def sections(reply: Reply) -> list[list[dict[str, Any]]]:
    """The elements of every section of rich text: each begins a line of its own."""
    found = [section for block in on_the_wire(reply) if block["type"] == "rich_text" for section in block["elements"]]
    assert {section["type"] for section in found} <= {"rich_text_section"}
    return [section["elements"] for section in found]


def elements(reply: Reply) -> list[dict[str, Any]]:
    return [element for section in sections(reply) for element in section]


def told(reply: Reply) -> list[tuple[str, str, str]]:
    """Every paragraph as (speaker, time and language, words); the speaker is "" where there is none."""
    paragraphs = []
    for *before, rest in sections(reply):
        mark, _, said = rest["text"].partition("\n")
        name = before[0]["text"] if before else ""
        if name or re.match(r"\d+:\d\d", mark):
            paragraphs.append((name, mark.strip(), said))
    return paragraphs


def first_line(reply: Reply) -> str:
    assert reply.blocks[0]["type"] == "context"
    return next(texts(reply.blocks[0]))


def squashed(text: str) -> str:
    seen = re.sub("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]", "", text)
    return "".join(seen.split())


def assert_fits(reply: Reply) -> None:
    assert 1 <= len(reply.blocks) <= 40
    for block in reply.blocks:
        assert 1 <= sum(map(escaped_units, texts(block))) <= 3_000
    assert sum(map(escaped_units, texts(reply.blocks))) <= 11_000
    assert 1 <= len(reply.text) <= 4_000
    json.dumps(reply.blocks, ensure_ascii=False).encode()
    for attachment in reply.attachments:
        assert 1 <= len(attachment.name.encode()) <= 200
        assert not re.search(r"[/\\\x00-\x1f\u202a-\u202e\u2066-\u2069]", attachment.name + attachment.title)


def assert_nothing_to_parse(text: str) -> None:
    assert not re.search(r"[<>*_~`@#|]", text)
    assert not re.search(r":\S", text), "an emoji or an address"
    assert not re.search(r"[^\W\d]\.\w|\.[^\W\d]", text), "a host name"


def apart(text: str) -> str:
    """A plain text as Slack reads it: a word joiner separates, and an underscore within a word formats nothing."""
    return re.sub(r"(?<=[A-Za-z0-9])_(?=[A-Za-z0-9])", "", text.replace("\u2060", " "))


def assert_harmless(reply: Reply) -> None:
    assert {block["type"] for block in reply.blocks} <= {"rich_text", "context"}
    for element in elements(reply):
        assert element["type"] == "text"
        assert element.keys() <= {"type", "text", "style"}
        assert element.get("style", {"bold": True}) == {"bold": True}
    for block in on_the_wire(reply):
        if block["type"] == "context":
            (small,) = block["elements"]
            assert small["type"] == "plain_text"
            assert small["emoji"] is False
            assert_nothing_to_parse(apart(small["text"]))
    assert_nothing_to_parse(reply.text)
    assert not re.search(r"&(?!amp;)", reply.text)


def assert_every_word(reply: Reply, of: Transcript) -> None:
    words = squashed("".join(turn.text for turn in of.turns))
    if not reply.attachments:
        assert squashed("".join(said for _, _, said in told(reply))) == words
        return
    document = next(file for file in reply.attachments if file.name.endswith(".txt")).content.decode()
    paragraphs = document.removesuffix("\n").split("\n\n")[1:]
    assert squashed("".join(paragraph.partition("\n")[2] for paragraph in paragraphs)) == words
    assert words.startswith(squashed("".join(said for _, _, said in told(reply))))


# --- what it says ---------------------------------------------------------------------------------------------------


def test_a_conversation_is_shown_under_its_speakers_and_times() -> None:
    talk = transcript(
        turn("Dumela mma.", at=7, lang="tn-ZA"),
        turn("Le kae?", at=12, lang="tn-ZA"),
        turn("Ke teng.", at=3723, by=BEN, lang="tn-ZA"),
    )
    reply = render(talk, title="Call with the customer", provider="Botlhale AI")
    assert first_line(reply) == "Call with the customer · 2 min · 2 speakers · Setswana"
    assert told(reply) == [("Speaker 1", "0:07", "Dumela mma. Le kae?"), ("Speaker 2", "1:02:03", "Ke teng.")]
    assert list(texts(reply.blocks))[-1] == "Transcribed by Botlhale AI"
    assert reply.attachments == ()


def test_turns_stand_close_together() -> None:
    reply = render(transcript(turn("One."), turn("Two.", at=5, by=BEN), turn("Three.", at=9)))
    assert len(sections(reply)) == 3
    assert not [text for text in texts(reply.blocks) if text.endswith("\n") or "\n\n" in text]


def test_a_known_name_takes_the_place_of_the_number_and_numbers_stay() -> None:
    anna = Speaker(label="speaker_0", name="Anna")
    reply = render(transcript(turn("One.", by=anna), turn("Two.", at=9, by=BEN)))
    assert [speaker for speaker, _, _ in told(reply)] == ["Anna", "Speaker 2"]


def test_unknown_speakers_are_never_taken_for_one_person() -> None:
    reply = render(transcript(turn("One.", by=None), turn("Two.", at=9, by=None), turn("Three.", at=12)))
    unknown = "Unknown speaker"
    assert told(reply) == [(unknown, "0:00", "One."), (unknown, "0:09", "Two."), ("Speaker 1", "0:12", "Three.")]


def test_where_voices_were_not_told_apart_sentences_are_paragraphs_without_a_name() -> None:
    reply = render(transcript(*(turn(f"Sentence {n} of this talk.", at=n, by=None) for n in range(60))))
    assert "speakers not separated" in first_line(reply)
    assert {speaker for speaker, _, _ in told(reply)} == {""}
    assert [mark for _, mark, _ in told(reply)] == ["0:00", "0:24", "0:48"]
    assert told(reply)[0][2].startswith("Sentence 0 of this talk. Sentence 1 of this talk. ")
    assert reply.text.splitlines()[1].startswith("Sentence 0 of this talk. Sentence 1 of this talk. ")
    assert "Unknown" not in str(reply)


def test_without_times_either_a_paragraph_is_its_words_and_no_more() -> None:
    reply = render(transcript(turn("One.", by=None), turn("Two.", at=9, by=None)), time_marks=False)
    assert [element["text"] for element in elements(reply)] == ["One. Two."]


def test_a_change_of_language_begins_a_paragraph_where_voices_were_not_told_apart() -> None:
    talk = transcript(turn("Sawubona.", by=None, lang="zu-ZA"), turn("Hello.", at=9, by=None, lang="en-ZA"))
    assert told(render(talk)) == [("", "0:00  (isiZulu)", "Sawubona."), ("", "0:09  (English)", "Hello.")]


def test_a_change_of_language_is_noted_where_it_happens() -> None:
    talk = transcript(
        turn("Sawubona.", lang="zu-ZA"),
        turn("Ngiyaphila.", at=5, by=BEN, lang="zu-ZA"),
        turn("Well, hello.", at=9, by=BEN, lang="English"),
        turn("Hello.", at=12, lang="English"),
    )
    assert [mark for _, mark, _ in told(render(talk))] == ["0:00  (isiZulu)", "0:05", "0:09  (English)", "0:12"]


def test_a_turn_without_a_language_goes_on_with_the_one_before() -> None:
    talk = transcript(turn("Ee.", lang="tn-ZA"), turn("Mm.", at=5), turn("Yes.", at=9, lang="en-ZA"))
    assert [said for _, _, said in told(render(talk))] == ["Ee. Mm.", "Yes."]


def test_a_language_that_nobody_knows_is_shown_as_given() -> None:
    assert first_line(render(transcript(turn("x", lang="qya-ME")))).endswith(" · qya-ME")


def test_a_long_monologue_is_divided_at_sentence_ends() -> None:
    sentence = "This is a sentence of about sixty characters, give or take. "
    reply = render(transcript(turn(sentence * 60, at=10, to=310)))
    paragraphs = told(reply)
    assert len(paragraphs) > 3
    assert all(said.endswith("take.") and len(said) <= 900 for _, _, said in paragraphs)
    assert [mark for _, mark, _ in paragraphs][:2] == ["0:10", "1:25"]


def test_words_without_punctuation_are_divided_between_words() -> None:
    talk = transcript(turn(" ".join(f"word{number}" for number in range(600)), to=300))
    reply = render(talk)
    assert all(len(said) <= 900 for _, _, said in told(reply))
    assert " ".join(said for _, _, said in told(reply)) == talk.turns[0].text


def test_thai_is_divided_between_turns_and_not_inside_one() -> None:
    phrase = "สวัสดีครับวันนี้เราจะมาคุยกันเรื่องการประชุม" * 12
    said = [said for _, _, said in told(render(transcript(*(turn(phrase, at=at) for at in range(0, 60, 10)))))]
    assert said == [phrase] * 6


@pytest.mark.parametrize("by", [ANNA, None])
def test_thai_sentences_are_joined_without_a_space_that_nobody_wrote(by: Speaker | None) -> None:
    talk = transcript(turn("สวัสดีครับ", by=by), turn("วันนี้ ประชุม", at=5, by=by), turn("OK ครับ", at=9, by=by))
    assert [said for _, _, said in told(render(talk))] == ["สวัสดีครับวันนี้ ประชุม OK ครับ"]


def test_thai_without_speakers_is_divided_between_turns_and_not_inside_one() -> None:
    phrase = "สวัสดีครับวันนี้เราจะมาคุยกันเรื่องการประชุม" * 4
    said = [said for _, _, said in told(render(transcript(*(turn(phrase, at=at, by=None) for at in range(10)))))]
    assert said == [phrase * 4, phrase * 4, phrase * 2]


def test_a_long_transcript_shows_its_opening_and_attaches_the_rest() -> None:
    talk = transcript(
        *(turn(f"Sentence {n} is said here by somebody.", at=n, by=(ANNA, BEN)[n % 2]) for n in range(900))
    )
    reply = render(talk, title="../weekly stand-up.m4a", provider="Gowajee")
    assert [file.name for file in reply.attachments] == ["weekly stand-up.txt", "weekly stand-up.vtt"]
    assert "The whole transcript is in the attached files." in list(texts(reply.blocks))
    assert reply.text.endswith("The whole transcript is in the attached files.")
    assert sum(len(said) for _, _, said in told(reply)) <= 2_500
    assert_every_word(reply, talk)


def test_ten_minutes_of_conversation_are_one_message() -> None:
    said = "We should look at the numbers again before we tell anybody what they are, I think. "
    reply = render(transcript(*(turn(said, at=n * 7, by=(ANNA, BEN)[n % 2]) for n in range(80)), seconds=600))
    assert reply.attachments == ()
    assert len(told(reply)) == 80


def test_files_can_be_asked_for_when_slack_refused_the_blocks() -> None:
    reply = render(transcript(turn("Short.")), form="file")
    assert [file.name for file in reply.attachments] == ["recording.txt", "recording.vtt"]
    assert told(reply) == [("Speaker 1", "0:00", "Short.")]


def test_a_remark_about_the_transcript_stands_in_small_print() -> None:
    reply = render(transcript(turn("Hm."), note="A draft: *expect* mistakes."), provider="the built-in engine")
    assert reply.blocks[-1]["type"] == "context"
    assert list(texts(reply.blocks[-1])) == ["Transcribed by the built-in engine · A draft: expect mistakes."]


def test_who_corrected_words_is_small_print_and_where_the_sound_goes_is_the_last_line() -> None:
    context = ReplyContext(edited_by="Amara *A*", place="Audio from here goes to Gowajee. Type /transcripts settings.")
    reply = render(transcript(turn("Hm."), note="A draft."), provider="Gowajee", context=context)
    assert [next(texts(block)) for block in reply.blocks[-2:]] == [
        "Transcribed by Gowajee · Edited by Amara A · A draft.",
        context.place,
    ]
    assert reply.text.endswith(f"\nSpeaker 1: Hm.\n{context.place}")


@pytest.mark.parametrize("turns", [(), (turn(" \x00 "),)])
def test_silence_is_said_with_what_helps(turns: tuple[Turn, ...]) -> None:
    reply = render(transcript(*turns), title="Voice note from the train")
    [bold], [help_] = sections(reply)
    assert bold == {"type": "text", "text": "No speech found in “Voice note from the train”.", "style": {"bold": True}}
    assert help_["text"].startswith("If someone does speak in it, try another language")
    assert reply.text == f"{bold['text']} {help_['text']}"


def test_a_failure_is_a_bold_line_with_the_title_and_a_sentence() -> None:
    reply = render(Failure(reason=Reason.PROVIDER_FAILED), title="Voice note from the train", provider="Botlhale AI")
    [bold], [why] = sections(reply)
    assert (bold["text"], bold["style"]) == ("Couldn't transcribe “Voice note from the train”.", {"bold": True})
    assert why["text"] == "Botlhale AI couldn't process it."
    assert reply.text == "Couldn't transcribe “Voice note from the train”. Botlhale AI couldn't process it."


@pytest.mark.parametrize("title", [None, "", " ", "\u200b", "\x00"])
def test_what_has_no_title_is_this_recording(title: str | None) -> None:
    reply = render(Failure(reason=Reason.TOO_SLOW), title=title, provider="Botlhale AI")
    assert reply.text == "Couldn't transcribe this recording. Botlhale AI took too long."
    assert next(texts(reply.blocks)) == "Couldn't transcribe this recording."


@pytest.mark.parametrize(
    ("reason", "is_said"),
    [
        (Reason.PROVIDER_FAILED, True),
        (Reason.GAVE_UP, True),
        (Reason.TOO_SLOW, True),
        (Reason.REFUSED, False),
        (Reason.NO_DOWNLOAD, False),
    ],
)
def test_that_nothing_was_charged_is_said_of_what_the_provider_failed_at(reason: Reason, *, is_said: bool) -> None:
    nothing = "Nothing was charged to your limit."
    assert (nothing in render(Failure(reason=reason), uncharged=True).text) == is_said
    assert nothing not in render(Failure(reason=reason)).text


# --- for those who hear it ------------------------------------------------------------------------------------------


def test_screen_readers_get_the_words_of_a_short_transcript() -> None:
    reply = render(
        transcript(turn("Shall we begin?"), turn("Yes.", at=5, by=BEN), turn("At 10:30, R&D.", at=9, by=BEN))
    )
    assert reply.text == (
        "Transcript (2 min, 2 speakers)\nSpeaker 1: Shall we begin?\nSpeaker 2: Yes. At 10 30, R&amp;D."
    )


def test_a_notification_begins_with_the_title() -> None:
    reply = render(transcript(turn("Hi."), seconds=34), title="Call with *the* customer")
    assert reply.text.splitlines()[0] == "Transcript: Call with the customer (34 sec, 1 speaker)"
    assert render(transcript(turn("Hi.", by=None), seconds=34)).text.splitlines()[0] == "Transcript (34 sec)"


def test_screen_readers_are_told_when_the_message_holds_more() -> None:
    reply = render(transcript(*(turn("A sentence of ordinary length is said. " * 5, at=n) for n in range(0, 300, 10))))
    assert not reply.attachments
    assert reply.text.endswith("The transcript continues in the message.")


# --- against misuse -------------------------------------------------------------------------------------------------


def test_nothing_in_a_transcript_can_mention_link_or_format() -> None:
    villain = Speaker(label="<!channel>", name=HOSTILE)
    talk = transcript(
        turn(HOSTILE, by=villain, lang="<!here>"), turn(HOSTILE, at=6, by=BEN, lang=HOSTILE), note=HOSTILE
    )
    reply = render(talk, title=HOSTILE, provider=HOSTILE)
    assert_harmless(reply)
    assert_fits(reply)
    assert told(reply)[0][2] == " ".join(HOSTILE.split()), "and yet every character is shown"


def test_nothing_in_a_failure_can_mention_link_or_format() -> None:
    reply = render(Failure(reason=Reason.REFUSED, sentence=HOSTILE * 90), title=HOSTILE, provider=HOSTILE)
    assert_harmless(reply)
    assert_fits(reply)


@pytest.mark.parametrize("sentence", ["", " \x00", "<#>"])
def test_a_failure_is_never_told_in_an_empty_sentence(sentence: str) -> None:
    reply = render(Failure(reason=Reason.TOO_SLOW, sentence=sentence))
    assert reply.text == "Couldn't transcribe this recording. The transcription service took too long."


def test_slack_is_asked_to_add_nothing_by_itself() -> None:
    assert POSTING == {
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


ANYTHING = st.text(st.characters(exclude_categories=["Cs"]))
THAI = st.text("สวัสดีครับะาำเแโใไ่้๊๋์ ๆ")
MANNERS = st.sampled_from(
    ["&<>" * 400, "🇿🇦👩🏽‍🚀" * 300, "שלום עולם \u202e" * 80, "x" * 6_000, "e\u0301" * 2_000, "One. Two! " * 400]
)
SAID = st.one_of(ANYTHING, THAI, MANNERS, st.sampled_from(HOSTILE.split()), st.just(HOSTILE))
SPEAKERS = st.one_of(
    st.none(),
    st.builds(Speaker, label=st.sampled_from("abc")),
    st.builds(Speaker, label=ANYTHING, name=st.one_of(st.none(), ANYTHING, st.just("&" * 99))),
)
LANGUAGES = st.one_of(st.none(), st.sampled_from(["zu-ZA", "en-ZA", "English", "th", "&" * 99]), ANYTHING)


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    drawn = draw(st.lists(st.tuples(SAID, SPEAKERS, LANGUAGES, st.integers(0, 90_000)), max_size=12))
    drawn *= draw(st.sampled_from([1, 1, 1, 2, 10, 300]))
    turns, now = [], timedelta()
    for text, speaker, language, length in drawn:
        end = now + timedelta(milliseconds=length)
        turns.append(Turn(start=now, end=end, text=text, speaker=speaker, language=language))
        now = end
    note = draw(st.one_of(st.none(), SAID))
    return Transcript(turns=in_order(turns, duration=now), duration=now, note=note)


OUTCOMES = st.one_of(
    transcripts(), st.builds(Failure, reason=st.sampled_from(Reason), sentence=st.one_of(st.none(), SAID))
)


@given(outcome=OUTCOMES, title=st.one_of(st.none(), SAID), provider=st.one_of(st.none(), SAID), forced=st.booleans())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_every_reply_fits_is_harmless_and_loses_no_word(
    outcome: Transcript | Failure, title: str | None, provider: str | None, *, forced: bool
) -> None:
    reply = render(outcome, title=title, provider=provider, form="file" if forced else "auto")
    assert_fits(reply)
    assert_harmless(reply)
    if isinstance(outcome, Transcript) and any(squashed(turn.text) for turn in outcome.turns):
        assert_every_word(reply, outcome)


def test_sixty_thousand_words_take_no_longer_per_word_than_six_thousand() -> None:
    def seconds(turns: int) -> float:
        talk = transcript(
            *(turn("one two three four five six, " * 5, at=n, by=(ANNA, BEN)[n % 2]) for n in range(turns))
        )
        began = time.process_time()
        render(talk)
        return time.process_time() - began

    few = min(seconds(200) for _ in range(5))
    assert seconds(2_000) < max(few, 0.005) * 40


# --- what can be done with it ---------------------------------------------------------------------------------------


def controls(outcome: Transcript | Failure, **more: Any) -> list[dict[str, Any]]:
    named = Named(**({"job": "j" * 10, "names": {}} | more))
    [row] = [block for block in on_the_wire(render(outcome, named=named)) if block["type"] == "actions"]
    elements: list[dict[str, Any]] = row["elements"]
    return elements


def options(outcome: Transcript, **more: Any) -> list[tuple[str, str]]:
    *_, menu = controls(outcome, **more)
    assert (menu["type"], menu["action_id"]) == ("overflow", TRANSCRIPT_MENU)
    assert all(len(option["value"]) <= 150 and len(option["text"]["text"]) <= 75 for option in menu["options"])
    assert all(option["text"]["emoji"] is False for option in menu["options"])
    return [(option["text"]["text"], option["value"]) for option in menu["options"]]


@pytest.mark.parametrize(("by", "offered"), [(ANNA, [NAME_SPEAKERS, EXPORT]), (None, [EXPORT])])
def test_a_transcript_is_exported_and_named_where_it_has_speakers(by: Speaker | None, offered: list[str]) -> None:
    assert [button["action_id"] for button in controls(transcript(turn("Hi.", by=by)))[:-1]] == offered


@pytest.mark.parametrize(
    ("names", "by", "primary"),
    [
        ({}, ANNA, [NAME_SPEAKERS]),
        ({"speaker_0": "Anna"}, ANNA, []),
        ({}, Speaker(label="speaker_0", name="Anna"), []),
        ({}, None, []),
    ],
)
def test_naming_stands_out_until_there_are_names(names: dict[str, str], by: Speaker | None, primary: list[str]) -> None:
    buttons = controls(transcript(turn("Hi.", by=by)), names=names, version=len(names))
    assert [button["action_id"] for button in buttons if button.get("style") == "primary"] == primary


def test_the_menu_holds_the_rest() -> None:
    talk = transcript(turn("Hi."))
    job = "j" * 10
    assert options(talk) == [
        ("Transcribe differently…", f"{job}:{RERUN}"),
        ("Correct…", f"{job}:{CORRECT}"),
        ("Channel settings", f"{job}:{CHANNEL_SETTINGS}"),
        ("Delete transcript…", f"{job}:{DELETE}"),
    ]
    undo = ("Undo names", f"{job}:{UNDO_NAMING}:12")
    assert options(talk, version=12) == [*options(talk)[:2], undo, *options(talk)[2:]]
    assert [text for text, _ in options(talk, in_direct_message=True)][2] == "My settings"


@pytest.mark.parametrize(
    ("outcome", "offered"),
    [
        (Failure(reason=Reason.PROVIDER_FAILED), [("Try again", RETRY, True), ("Try another way…", RERUN, False)]),
        (Failure(reason=Reason.NO_DOWNLOAD), [("Try again", RETRY, True), ("Try another way…", RERUN, False)]),
        (Failure(reason=Reason.REFUSED), [("Try another way…", RERUN, False)]),
        (transcript(), [("Try another way…", RERUN, False)]),
    ],
)
def test_what_has_no_transcript_is_tried_again_where_that_can_help(
    outcome: Transcript | Failure, offered: list[tuple[str, str, bool]]
) -> None:
    assert [
        (button["text"]["text"], button["action_id"], button.get("style") == "primary") for button in controls(outcome)
    ] == offered


def test_no_control_is_shown_where_slack_takes_none() -> None:
    named = Named(job="j", names={}, buttons=False)
    for outcome in (transcript(turn("Hi.")), transcript(), Failure(reason=Reason.GAVE_UP)):
        assert "actions" not in {block["type"] for block in render(outcome, named=named).blocks}


def test_what_has_no_words_is_not_offered_as_a_file() -> None:
    for outcome in (transcript(), Failure(reason=Reason.GAVE_UP)):
        assert EXPORT not in str(on_the_wire(render(outcome, named=Named(job="j", names={}))))
