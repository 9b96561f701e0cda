"""The sentences: there is one for everything that can happen, and each can be read aloud."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from handlers import words
from storage.job import Failure, JobState, Reason

LEFT_ALONE = {
    Reason.NOT_AUDIO,
    Reason.NO_SOUND,
    Reason.DUPLICATE,
    Reason.NOT_A_MEMBER,
    Reason.ON_REQUEST,
    Reason.SHARED_CHANNEL,
    Reason.FILE_GONE,
    Reason.CHANNEL_GONE,
    Reason.CANCELLED,
    Reason.NOWHERE_TO_REPLY,
}
EVERY_WORD = {name: value for name, value in vars(words).items() if name.isupper() and isinstance(value, str)}
"""Everything that is always said in the same words."""

SENTENCES = [
    *(text for text in EVERY_WORD.values() if text.endswith(".")),
    *(paragraph for _, paragraph in words.HELP_SECTIONS),
    words.HELP_LINES[0],
    words.not_listed(1),
    words.used(timedelta(minutes=9), by=None, limit=timedelta(hours=5), until=date(2026, 12, 1)),
    words.used(timedelta(hours=1), by="Gowajee", limit=None, until=date(2026, 12, 1)),
    words.in_progress("Stand-up", length="2 min", provider="Gowajee", sent=True),
    words.on_hold(None),
    words.held_up_by_account("Gowajee"),
    words.held_up_by_credit("Gowajee"),
    words.held_up_by_connection("Gowajee"),
    words.not_transcribed(None),
    words.not_heard(None),
    words.delete_question(None, here=True),
    words.rerun_failed("Botlhale AI took too long.", title="Stand-up"),
    words.not_in_that_language("Gowajee"),
    words.too_many_words(200),
    words.SEARCH_FOR_WHAT,
    words.SEARCH_TOO_LONG,
    words.nothing_found("zebra"),
    words.NOT_ALL_SEARCHED,
    words.said_more_often(1).strip(),
    words.said_more_often(2).strip(),
    *(words.apology(Failure(reason=reason), provider=name) for reason in Reason for name in (None, "Gowajee")),
]

LABEL = 75
"""Characters of a button at most: what is no sentence is short."""


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_sentence_is_a_sentence(sentence: str) -> None:
    assert not sentence[0].islower()
    assert sentence.endswith(".")
    assert "  " not in sentence


@pytest.mark.parametrize("name", EVERY_WORD)
def test_what_is_no_sentence_is_a_label(name: str) -> None:
    text = EVERY_WORD[name]
    assert text.endswith(".") or (len(text) <= LABEL and "." not in text)


@pytest.mark.parametrize(
    "sentence", [*SENTENCES, *EVERY_WORD.values(), *map(words.ending, Reason), *map(words.standing, JobState)]
)
def test_nothing_is_said_in_codes_or_jargon(sentence: str) -> None:
    said = re.sub("/transcripts [a-z]+", "", sentence)  # what one types is typed as it is
    assert not re.search(r"[_*`<>{}~]|\b[A-Z]{3,}\b", said)
    assert not re.search(r"(?i)\b(job|token|error|failed|invalid|timeout|provider|null|none|api|scope)\b", said)


@pytest.mark.parametrize("reason", Reason)
def test_the_list_says_why_each_recording_has_no_transcript(reason: Reason) -> None:
    phrase = words.ending(reason)
    assert phrase.startswith(("Skipped: ", "Cancelled") if reason in LEFT_ALONE else "Couldn't transcribe: ")


def test_no_two_reasons_in_the_thread_sound_the_same() -> None:
    told = [words.apology(Failure(reason=reason)) for reason in Reason if reason not in LEFT_ALONE]
    assert len(set(told)) == len(told)


@pytest.mark.parametrize("reason", sorted(set(Reason) - {Reason.REFUSED, Reason.CANCELLED}))
def test_the_thread_begins_with_what_the_list_says(reason: Reason) -> None:
    why = words.ending(reason, provider="Gowajee").partition(": ")[2]
    assert words.apology(Failure(reason=reason), provider="Gowajee").lower().startswith(why.lower())


@pytest.mark.parametrize("reason", sorted(set(Reason) - LEFT_ALONE))
def test_what_a_button_does_nobody_is_told_to_do(reason: Reason) -> None:
    assert not re.search(r"(?i)\bshare\b|\bretry\b", words.apology(Failure(reason=reason)))


def test_the_refusing_side_speaks_for_itself() -> None:
    failure = Failure(reason=Reason.REFUSED, sentence="This recording is longer than 400 minutes.")
    assert words.apology(failure, provider="Botlhale AI") == "This recording is longer than 400 minutes."


def test_a_shared_channel_is_named_as_the_reason() -> None:
    assert words.ending(Reason.SHARED_CHANNEL).startswith("Skipped: this channel is shared with another company;")


def test_states_are_said_in_words() -> None:
    assert [words.standing(state, provider="Botlhale AI") for state in JobState] == [
        "Waiting",
        "Sending to Botlhale AI",
        "Transcribing with Botlhale AI",
        "Posting the transcript",
        "Posting the transcript",
        "Posted in its thread",
        "Ended without a transcript",
    ]
    assert words.standing(JobState.SUBMITTED) == "Transcribing"


UNTIL = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("whose", "begins"),
    [
        (words.OWN_LIMIT, "You've reached your monthly limit of 5 hours."),
        (words.CHANNEL_LIMIT, "This conversation has reached its monthly limit of 5 hours."),
        (words.WORKSPACE_LIMIT, "This workspace has reached its monthly limit of 5 hours."),
    ],
)
def test_a_limit_that_is_reached_is_said_to_be(whose: str, begins: str) -> None:
    five = timedelta(hours=5)
    said = words.over_the_limit(whose, used=five, limit=five, duration=timedelta(minutes=1), until=UNTIL)
    assert said == f"{begins} It resets on 1 December. An admin can raise it."


def test_a_limit_that_is_not_reached_is_not_said_to_be() -> None:
    five, long = timedelta(hours=5), timedelta(hours=6)
    left = words.over_the_limit(words.OWN_LIMIT, used=five / 2, limit=five, duration=long, until=UNTIL)
    assert left == (
        "This recording is 6 hours long, and your monthly limit of 5 hours has only 2 hours 30 minutes left. "
        "It resets on 1 December. An admin can raise it."
    )
    alone = words.over_the_limit(words.CHANNEL_LIMIT, used=timedelta(0), limit=five, duration=long, until=UNTIL)
    assert alone == (
        "This recording is 6 hours long, more than this conversation's monthly limit of 5 hours. An admin can raise it."
    )


def test_help_names_every_command_and_no_id() -> None:
    for told in (" ".join(words.HELP_LINES), " ".join(paragraph for _, paragraph in words.HELP_SECTIONS)):
        for command in ("/transcripts lists", "/transcripts search", "/transcripts settings", "/invite @Threadscribe"):
            assert command in told
        assert " ID" not in told


@pytest.mark.parametrize("name", EVERY_WORD)
def test_nobody_is_told_to_type_an_id(name: str) -> None:
    assert not re.search(r"\bIDs?\b|/transcripts (status|cancel|retry|delete)", EVERY_WORD[name])
