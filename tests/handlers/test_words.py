"""The sentences: there is one for everything that can happen, and each can be read aloud."""

from __future__ import annotations

import re

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
    words.headline(length="2 minutes", speakers="2 speakers"),
    words.made_by("Gowajee"),
    words.overview(waiting=0, shown=1),
    words.overview(waiting=2, shown=15),
    words.no_such_recording("abc123"),
    words.in_progress("2 minutes", provider="Gowajee", sent=True),
    words.rerun_failed("Share it again."),
    words.not_in_that_language("Gowajee"),
    words.too_many_words(200),
    words.SEARCH_FOR_WHAT,
    words.SEARCH_TOO_LONG,
    words.NOTHING_FOUND,
    words.NOT_ALL_SEARCHED,
    words.found(shown=1, more=False),
    words.found(shown=10, more=True),
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
    assert phrase.startswith(("skipped: ", "cancelled") if reason in LEFT_ALONE else "not transcribed: ")


def test_no_two_reasons_in_the_thread_sound_the_same() -> None:
    told = [words.apology(Failure(reason=reason)) for reason in Reason if reason not in LEFT_ALONE]
    assert len(set(told)) == len(told)


@pytest.mark.parametrize("reason", sorted(set(Reason) - LEFT_ALONE))
def test_the_thread_says_what_to_do_next(reason: Reason) -> None:
    assert re.search(r"Retry|Share", words.apology(Failure(reason=reason)))


def test_the_refusing_side_speaks_for_itself() -> None:
    failure = Failure(reason=Reason.REFUSED, sentence="This recording is longer than 400 minutes.")
    assert words.apology(failure, provider="Botlhale AI") == "This recording is longer than 400 minutes."


def test_a_shared_channel_is_named_as_the_reason() -> None:
    assert words.ending(Reason.SHARED_CHANNEL).startswith("skipped: this channel is shared with another company;")


def test_states_are_said_in_words() -> None:
    assert [words.standing(state, provider="Botlhale AI") for state in JobState] == [
        "waiting",
        "being sent to Botlhale AI",
        "being transcribed by Botlhale AI",
        "done, reply on its way to the thread",
        "done, reply on its way to the thread",
        "reply posted in its thread",
        "ended without a reply",
    ]
    assert words.standing(JobState.SUBMITTED) == "being transcribed"


def test_help_names_every_command() -> None:
    for command in ("/transcripts lists", "/transcripts status", "/transcripts help"):
        assert command in words.HELP


def test_a_number_that_nobody_gave_is_repeated_without_harm() -> None:
    assert "<" not in words.no_such_recording("<!channel>" * 99)
    assert len(words.no_such_recording("&" * 999)) < 400


def test_a_list_begins_with_how_many_are_in_work() -> None:
    assert words.overview(waiting=1, shown=3) == "3 recordings, 1 in progress."
    assert words.overview(waiting=0, shown=1) == "1 recording, all done."
