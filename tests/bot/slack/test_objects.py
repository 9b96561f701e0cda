"""What Slack's file objects tell, however little of it is there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.objects import Conversation, Person, SlackFile
from handlers.shared_files import Likelihood
from transcription.recording_kinds import SUFFIXES

ADDRESS = "https://files.slack.com/files-pri/T1-F1/x"


def file(**described: Any) -> SlackFile:
    return SlackFile.model_validate({"id": "F1"} | described)


@pytest.mark.parametrize(
    "signal",
    [
        {"subtype": "slack_audio"},
        {"subtype": "slack_video"},
        {"media_display_type": "audio"},
        {"media_display_type": "video"},
        {"mimetype": "audio/mp4"},
        {"mimetype": "video/quicktime"},
        {"mimetype": "audio"},
        {"filetype": "m4a"},
        {"filetype": "OGG"},
        {"name": "interview.MP3"},
        {"title": "interview.opus"},
        {"name": "archive.tar.webm"},
    ],
    ids=str,
)
def test_any_of_the_five_signals_is_enough_against_all_others(signal: dict[str, str]) -> None:
    others = {"mimetype": "text/plain", "filetype": "text", "subtype": "note", "name": "notes.txt", "title": "Notes"}
    assert file(**signal).likelihood is Likelihood.RECORDING
    assert file(**(others | {"media_display_type": "unknown"} | signal)).likelihood is Likelihood.RECORDING


@pytest.mark.parametrize(
    "described",
    [
        {"name": "plan.png", "mimetype": "image/png", "filetype": "png"},
        {"name": "talk.pdf", "title": "About audio"},
        {"mimetype": "application/audio"},
        {"name": "budget.xlsx", "title": "m4a"},
        {"name": "budget.xlsx", "mimetype": "application/octet-stream", "filetype": "binary"},
        {"name": "server.key", "title": "server", "mimetype": "application/octet-stream", "filetype": "binary"},
        {"name": "index.ts", "mimetype": "text/plain", "filetype": "typescript"},
        {"name": "notes", "mimetype": "text/plain", "filetype": "text"},
    ],
    ids=str,
)
def test_what_says_that_it_is_something_else_is_no_recording(described: dict[str, str]) -> None:
    assert file(**described).likelihood is Likelihood.OTHER


@pytest.mark.parametrize(
    "described",
    [
        {},
        {"name": "", "title": "", "mimetype": "", "filetype": ""},
        {"name": "mp3"},
        {"name": ".mp3"},
        {"name": "Meeting 29.11", "mimetype": "application/octet-stream", "filetype": "binary"},
        {"name": "index.ts", "mimetype": "video/mp2t", "filetype": "ts"},
        {"name": "00017.MTS", "mimetype": "application/octet-stream", "filetype": "binary"},
        {"name": "call.au", "mimetype": "audio/basic", "filetype": "auto"},
    ],
    ids=str,
)
def test_what_says_nothing_is_unclear(described: dict[str, str]) -> None:
    assert file(**described).likelihood is Likelihood.UNCLEAR


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
@pytest.mark.parametrize("described", [{}, {"mimetype": "application/octet-stream", "filetype": "binary"}], ids=str)
def test_every_listed_suffix_is_enough_where_slack_does_not_know_the_type(
    suffix: str, described: dict[str, str]
) -> None:
    assert file(name=f"Interview.{suffix.upper()}", **described).likelihood is Likelihood.RECORDING


@pytest.mark.parametrize("mode", ["quip", "canvas", "list", "snippet", "post", "email", "space", "external"])
def test_what_slack_makes_itself_is_no_recording_whatever_its_title(mode: str) -> None:
    made = file(mode=mode, title="Interview.m4a", mimetype="audio/mp4", filetype="m4a")
    assert made.is_elsewhere
    assert made.likelihood is Likelihood.OTHER


@pytest.mark.parametrize("access", ["access_denied", "file_not_found"])
def test_a_file_that_slack_calls_gone_is_no_recording(access: str) -> None:
    assert file(file_access=access, mode="file_access").likelihood is Likelihood.OTHER
    assert not file(file_access="check_file_info", mode="file_access").is_elsewhere


@given(st.dictionaries(st.sampled_from(["name", "title", "mimetype", "filetype", "subtype"]), st.none() | st.text()))
def test_no_name_or_type_that_people_or_slack_can_write_breaks_the_gate(described: dict[str, str | None]) -> None:
    assert file(**described).likelihood in Likelihood


@pytest.mark.parametrize(
    ("described", "is_described"),
    [
        ({}, False),
        ({"mimetype": "audio/mp4"}, False),
        ({"url_private": ADDRESS}, False),
        ({"url_private": ADDRESS, "mimetype": "audio/mp4"}, True),
        ({"url_private_download": ADDRESS, "filetype": "m4a"}, True),
        ({"url_private": ADDRESS, "subtype": "slack_audio"}, True),
    ],
)
def test_slack_has_looked_at_a_file_once_it_has_a_type_and_an_address(
    described: dict[str, str], *, is_described: bool
) -> None:
    assert file(**described).is_described is is_described


def test_the_address_for_downloads_is_preferred() -> None:
    assert file(url_private=ADDRESS, url_private_download=f"{ADDRESS}/download").address == f"{ADDRESS}/download"
    assert file(url_private=ADDRESS).address == ADDRESS
    assert file().address is None


@pytest.mark.parametrize(("mode", "elsewhere"), [("external", True), ("tombstone", True), ("hidden_by_limit", True)])
def test_a_file_of_which_slack_has_only_a_link_is_elsewhere(mode: str, *, elsewhere: bool) -> None:
    assert file(mode=mode).is_elsewhere is elsewhere
    assert not file(mode="hosted").is_elsewhere
    assert not file().is_elsewhere


def test_places_are_those_of_the_channel_public_and_private() -> None:
    shares = {
        "public": {"C1": [{"ts": "1.0"}, {"ts": "2.0", "thread_ts": "1.0"}], "C2": [{"ts": "3.0"}]},
        "private": {"G1": [{"ts": "4.0", "thread_ts": "0.5", "reply_count": 3}]},
    }
    shared = file(shares=shares)
    assert [(place.ts, place.root) for place in shared.places("C1")] == [("1.0", "1.0"), ("2.0", "1.0")]
    assert [place.root for place in shared.places("G1")] == ["0.5"]
    assert shared.places("C9") == ()
    assert file().places("C1") == ()


@pytest.mark.parametrize("kind", ["is_im", "is_mpim", "is_member"])
def test_the_bot_takes_part_where_it_is_a_member_or_where_one_asks_about_a_direct_message(kind: str) -> None:
    assert Conversation.model_validate({"id": "C1", kind: True}).has_us
    assert not Conversation.model_validate({"id": "C1"}).has_us


@pytest.mark.parametrize("kind", ["is_ext_shared", "is_pending_ext_shared"])
def test_a_conversation_shared_with_another_company_leaves_the_company(kind: str) -> None:
    assert Conversation.model_validate({"id": "C1", kind: True}).leaves_the_company
    assert not Conversation.model_validate({"id": "C1", "is_org_shared": True}).leaves_the_company


@pytest.mark.parametrize(
    ("said", "looks_after"),
    [
        ({"team_id": "T1", "is_admin": True}, True),
        ({"team_id": "T1", "is_owner": True}, True),
        ({"team_id": "T1"}, False),
        ({"team_id": "T2", "is_admin": True, "enterprise_user": {"teams": ["T1", "T2"]}}, False),
        ({"team_id": "T1", "is_admin": True, "is_stranger": True}, False),
        ({"is_owner": True}, False),
    ],
    ids=str,
)
def test_an_admin_of_another_workspace_looks_after_nothing_here(said: dict[str, Any], looks_after: bool) -> None:  # noqa: FBT001
    assert Person.model_validate(said).looks_after("T1") is looks_after
