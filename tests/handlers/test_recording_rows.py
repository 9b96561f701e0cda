"""The list of recordings as a value: what is first, what is said of each, what can be done, within Slack's limits."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handlers import listing, words
from handlers.action_ids import RECORDING_MENU
from handlers.recording_rows import LISTED, ROOM, recordings, row
from sandbox.slack.limits import check_blocks
from storage.job import Failure, Job, JobId, JobState, Origin, Reason

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
VIEWER = listing.Viewer(
    now=NOON, provider_title=lambda _: "Botlhale AI", workspace_url="https://x.slack.com/", person="U1"
)
ORIGIN = Origin(team="T1", channel="C1", file="F1", occasion="1.0", user="U1", thread="1.0")
CANCEL, AGAIN, DIFFERENTLY, DETAILS, DELETE = ("Cancel", "Try again", "Transcribe differently…", "Details…", "Delete…")


def job(state: JobState = JobState.REPLIED, reason: Reason | None = None, **more: Any) -> Job:
    known: dict[str, Any] = {
        "id": JobId("abcdefgh23"),
        "origin": ORIGIN,
        "state": state,
        "created_at": NOON,
        "state_since": NOON,
        "title": "Monday",
        "provider": "p",
        "failure": Failure(reason=reason) if reason else None,
    }
    return Job(**known | more)


def said(shared: Job) -> str:
    return str(row(shared, VIEWER).to_dict()["text"]["text"])


def offered(shared: Job, viewer: listing.Viewer = VIEWER) -> list[str]:
    menu = row(shared, viewer).to_dict()["accessory"]
    assert (menu["type"], menu["action_id"]) == ("overflow", RECORDING_MENU)
    assert all(option["value"].startswith(f"{shared.id}:") for option in menu["options"])
    return [option["text"]["text"] for option in menu["options"]]


def test_a_row_is_the_title_then_state_length_age_and_link() -> None:
    at = int(NOON.timestamp())
    assert said(job(duration=3 * MINUTE)).split("\n") == [
        "*Monday*",
        (
            f"✅ Transcribed by Botlhale AI · 3 min · <!date^{at}^{{ago}}|{words.on(NOON)}> · "
            "<https://x.slack.com/archives/C1/p10?thread_ts=1.0&amp;cid=C1|Open thread>"
        ),
    ]


@pytest.mark.parametrize(
    ("shared", "begins"),
    [
        (job(JobState.RECEIVED), "⏳ Waiting"),
        (job(JobState.SUBMITTED), "⏳ Transcribing with Botlhale AI"),
        (job(JobState.REPLYING), "⏳ Posting the transcript"),
        (job(reason=Reason.PROVIDER_FAILED), "⚠️ Couldn't transcribe: "),
        (job(reason=Reason.REFUSED), "⚠️ Couldn't transcribe: "),
        (job(JobState.ABANDONED, Reason.GAVE_UP), "⚠️ Couldn't transcribe: "),
        (job(JobState.ABANDONED, Reason.NOT_AUDIO), "⏭️ Skipped: "),
        (job(JobState.ABANDONED, Reason.CANCELLED), "🚫 Cancelled"),
        (job(forgotten=2), "🗑️ Transcript deleted"),
    ],
)
def test_a_state_is_an_emoji_and_words(shared: Job, begins: str) -> None:
    assert said(shared).split("\n")[1].startswith(begins)


@pytest.mark.parametrize(
    ("shared", "options"),
    [
        (job(JobState.RECEIVED), [CANCEL, DETAILS]),
        (job(JobState.SUBMITTED), [CANCEL, DETAILS]),
        (job(JobState.SUBMITTED, shown_as="{}"), [CANCEL, DETAILS, DELETE]),  # transcribed again
        (job(JobState.READY), [DETAILS]),
        (job(), [DIFFERENTLY, DETAILS, DELETE]),
        (job(reason=Reason.REFUSED), [DIFFERENTLY, DETAILS]),
        (job(reason=Reason.PROVIDER_FAILED), [AGAIN, DIFFERENTLY, DETAILS]),
        (job(reason=Reason.GAVE_UP, forgotten=2), [DETAILS]),
        (job(forgotten=1), [DETAILS]),
        (job(JobState.ABANDONED, Reason.CANCELLED), [AGAIN, DIFFERENTLY, DETAILS]),
        (job(JobState.ABANDONED, Reason.NOT_A_MEMBER), [AGAIN, DIFFERENTLY, DETAILS]),
        (job(JobState.ABANDONED, Reason.ON_REQUEST), ["Transcribe", DIFFERENTLY, DETAILS]),
        (job(JobState.ABANDONED, Reason.FILE_GONE), [DETAILS]),
        (job(JobState.ABANDONED, Reason.DUPLICATE), [DETAILS]),
    ],
)
def test_the_menu_has_what_makes_sense(shared: Job, options: list[str]) -> None:
    assert offered(shared) == options


def test_only_its_sharer_is_offered_to_delete_a_transcript() -> None:
    assert DELETE not in offered(job(), replace(VIEWER, person="U2"))
    assert DELETE not in offered(job(requested_by="U2"), replace(VIEWER, person="U2"))


HOSTILE = [
    "<!channel> look",
    "<@U0SANDBOXBOT> hello",
    "<https://evil.example|Open thread>",
    "*bold* _it_ ~no~ `code`",
    "&lt;!here&gt; &amp;",
    "@here @everyone #general",
    "https://evil.example/x evil.example mailto:a@evil.example",
    ":tada: :house:",
    "\u202egnp.exe",
    "line\nbreak\r\n\t* list",
    "<!date^0^{ago}|now>",
    "*\n> quoted",
    "***",
    "\\*bold\\*",
    "|",
]


@pytest.mark.parametrize("title", HOSTILE)
def test_a_title_can_neither_format_nor_mention_nor_link(title: str) -> None:
    block = row(job(title=title), VIEWER).to_dict()
    text = block["text"]
    assert text["type"] == "mrkdwn"
    assert text["verbatim"] is True
    first, rest = text["text"].split("\n")
    shown = first.removeprefix("*").removesuffix("*")
    assert first == f"*{shown}*"
    assert shown
    assert not re.search(r"[<>*_~`@#|\\\u202e]|:[^\s\u2060]|&(?!amp;)|\.[a-z]", shown)
    assert re.findall(r"<([^|>]+)\|", rest) == [
        f"!date^{int(NOON.timestamp())}^{{ago}}",
        "https://x.slack.com/archives/C1/p10?thread_ts=1.0&amp;cid=C1",
    ]


@pytest.mark.parametrize("title", ["audio_message.m4a", "Call at 10:30 (2 of 3) – a&b.mp3", "2026-11-29 14.05.wav"])
def test_the_name_of_a_file_looks_as_it_is(title: str) -> None:
    first = said(job(title=title)).split("\n")[0]
    assert first.replace("\u2060", "").replace("&amp;", "&") == f"*{title}*"


@pytest.mark.parametrize("title", ["_it_", "a_ _b", "__init__", "x __y", "_"])
def test_an_underscore_at_the_edge_of_a_word_goes(title: str) -> None:
    assert "_" not in said(job(title=title)).split("\n")[0]


@pytest.mark.parametrize("title", ["***", "   ", "\u200b", "\u202e\u2066", "|", None])
def test_a_title_of_which_nothing_is_left_is_called_untitled(title: str | None) -> None:
    assert said(job(title=title)).startswith("*Untitled recording*\n")


def test_a_service_cannot_format_either() -> None:
    viewer = replace(VIEWER, provider_title=lambda _: "<!here> *x*")
    text = str(row(job(), viewer).to_dict()["text"]["text"])
    assert "<!here>" not in text
    assert "*x*" not in text


def test_no_id_is_shown() -> None:
    text, blocks = recordings([job(), job(JobState.SUBMITTED)], VIEWER, heading="Here", older=False)
    assert "abcdefgh23" not in text
    shown = [block.to_dict()["text"]["text"] for block in blocks if block.type == "section"]
    assert len(shown) == 2
    assert "abcdefgh23" not in str(shown)


def test_what_needs_attention_is_first_then_what_is_in_progress_then_the_newest() -> None:
    jobs = [
        job(title="Done late"),
        job(JobState.SUBMITTED, title="Moves late"),
        job(title="Done early"),
        job(reason=Reason.GAVE_UP, title="Failed late"),
        job(JobState.ABANDONED, Reason.CANCELLED, title="Cancelled"),
        job(JobState.RECEIVED, title="Moves early"),
        job(reason=Reason.REFUSED, title="Failed early"),
        job(title="Deleted", forgotten=2),
    ]
    text, blocks = recordings(jobs, VIEWER, heading="Recordings in this conversation", older=False)
    head, counts, *rows = [block.to_dict() for block in blocks]
    assert head["text"]["text"] == "Recordings in this conversation"
    told = "2 in progress · 2 need attention · 2 transcribed · 2 skipped, cancelled or deleted"
    assert counts["elements"][0]["text"] == told
    titles = [re.findall(r"^\*(.*)\*\n", one["text"]["text"])[0] for one in rows]
    assert titles == [
        "Failed late",
        "Failed early",
        "Moves late",
        "Moves early",
        "Done late",
        "Done early",
        "Cancelled",
        "Deleted",
    ]
    lines = text.split("\n")
    assert lines[0] == f"Recordings in this conversation: {told}"
    assert [line.partition(":")[0] for line in lines[1:]] == titles
    assert lines[1].startswith("Failed late: Couldn't transcribe: ")
    assert lines[1].endswith(" · just now")


@pytest.mark.parametrize(
    ("counted", "told"),
    [
        ({"in_progress": 2, "attention": 1, "transcribed": 12}, "2 in progress · 1 needs attention · 12 transcribed"),
        ({"attention": 2, "others": 1}, "2 need attention · 1 skipped, cancelled or deleted"),
        ({"transcribed": 1}, "1 transcribed"),
    ],
)
def test_nothing_is_counted_that_is_not_there(counted: dict[str, int], told: str) -> None:
    nothing = {"in_progress": 0, "attention": 0, "transcribed": 0, "others": 0}
    assert words.counts(**nothing | counted) == told


def test_forty_recordings_keep_to_the_limits_and_the_rest_is_told() -> None:
    long = "🎙️ <&> " * 20
    jobs = [job(reason=Reason.GAVE_UP, title=f"{n} {long}", duration=99 * MINUTE) for n in range(40)]
    text, blocks = recordings(jobs, VIEWER, heading=words.LIST_OWN, older=False)
    drawn = [block.to_dict() for block in blocks]
    rows = [block for block in drawn if block["type"] == "section"]
    assert 10 <= len(rows) <= LISTED
    assert len(json.dumps(rows)) <= ROOM
    assert len(json.dumps(drawn)) < 13_000
    assert len(text) < 4000
    check_blocks(drawn)
    assert f"{40 - len(rows)} more aren't shown here." in text
    assert "".join(part["text"] for part in drawn[-1]["elements"][0]["elements"]) == words.not_listed(40 - len(rows))
    assert [part["text"] for part in drawn[-1]["elements"][0]["elements"] if part.get("style")] == [
        "/transcripts search"
    ]


def test_what_is_older_than_what_was_looked_at_is_not_counted() -> None:
    text, _ = recordings([job()] * 3, VIEWER, heading=words.LIST_OWN, older=True)
    assert text.split("\n")[-1].startswith("Older ones aren't shown here.")
