"""What counts as a recording: everything that is one, and nothing else, whatever Slack makes of its type."""

import mimetypes
from pathlib import Path
from typing import Any

import pytest

from sandbox.slack import Channel, Share, Slack, Upload
from storage.job import Job, JobState, Reason
from tests.journeys.bench import Bench, recording, silent
from tests.transcription.kinds import SUFFIXES, example

HEAD = "bytes=0-65535"
TYPESCRIPT = b"import { App } from '@slack/bolt';\nexport const app = new App({});\n" * 2_000
GROUPS = [sorted(SUFFIXES)[first::6] for first in range(6)]
UNKNOWN: dict[str, Any] = {"mimetype": "application/octet-stream", "filetype": "binary"}


def as_slack_types_it(suffix: str) -> dict[str, Any]:
    kind, _ = mimetypes.MimeTypes().guess_type(f"a.{suffix}")  # without this machine's own list
    return {"mimetype": kind, "filetype": suffix} if kind else UNKNOWN


@pytest.mark.parametrize("first", [0, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("suffixes", GROUPS, ids=" ".join)
async def test_a_recording_of_every_kind_is_answered(
    bench: Bench, slack: Slack, first: int, suffixes: list[str], tmp_path: Path
) -> None:
    """In turn as Slack types it and as of unknown type: `first` 0 and 1 together do both for every kind."""
    await bench.start()
    channel = slack.channel("general")
    shares = {}
    for number, suffix in enumerate(suffixes, start=first):
        content = example(suffix, tmp_path).read_bytes()
        typed = UNKNOWN if number % 2 else as_slack_types_it(suffix)
        upload = Upload(content=content, name=f"Recording.{suffix.upper()}", **typed)
        shares[suffix] = await slack.share(channel, [upload])
    await bench.ended_at_last(len(shares))
    await slack.quiet()
    assert [suffix for suffix, share in shares.items() if len(slack.replies(share)) != 1] == []
    states = {job.state for job in await bench.jobs()}
    assert states == {JobState.REPLIED}


async def left_alone(bench: Bench, slack: Slack, channel: Channel, share: Share) -> Job:
    """The job, of which nothing was said or shown."""
    [job] = await bench.ended_at_last()
    await slack.quiet()
    assert silent(slack, channel)
    assert not slack.message(channel.id, share.ts).reactions
    assert not [call for call in slack.calls if call.method == "reactions.add"]
    assert job.state is JobState.ABANDONED
    assert job.failure is not None
    assert job.failure.reason is Reason.NOT_AUDIO
    return job


def ranges(slack: Slack) -> list[str | None]:
    return [call.args.get("range") for call in slack.calls if call.method == "download"]


@pytest.mark.parametrize(
    ("typed", "fetched"),
    [
        ({"mimetype": "text/plain", "filetype": "typescript"}, []),
        ({"mimetype": "video/mp2t", "filetype": "ts"}, [HEAD]),
        (UNKNOWN, [HEAD]),
    ],
    ids=["text", "a transport stream", "unknown"],
)
@pytest.mark.parametrize("ignores_range", [False, True], ids=["", "whole"])
async def test_of_a_typescript_file_no_more_than_the_beginning_is_read(
    bench: Bench, slack: Slack, typed: dict[str, Any], fetched: list[str], *, ignores_range: bool
) -> None:
    await bench.start()
    channel = slack.channel("general")
    upload = Upload(content=TYPESCRIPT, name="index.ts", ignores_range=ignores_range, **typed)
    await left_alone(bench, slack, channel, await slack.share(channel, [upload]))
    assert ranges(slack) == fetched
    assert list((bench.folder / "threadscribe-spool").iterdir()) == []


@pytest.mark.parametrize("name", ["server.key", "backup.zip", "report.pdf"])
async def test_not_one_byte_is_read_of_what_is_something_else(bench: Bench, slack: Slack, name: str) -> None:
    await bench.start()
    channel = slack.channel("general")
    await left_alone(bench, slack, channel, await slack.share(channel, [Upload(content=b"x", name=name, **UNKNOWN)]))
    assert ranges(slack) == []


async def test_a_recording_without_any_suffix_is_recognised_by_its_beginning(bench: Bench, slack: Slack) -> None:
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording(name="Meeting 29.11", title="Meeting", **UNKNOWN)])
    await slack.wait_for_replies(share)
    assert ranges(slack) == [HEAD, None]


PAGE = b"<!DOCTYPE html><html><body><h1>Interview with Thandi.m4a</h1></body></html>"
SLACKS_OWN = {
    "canvas": ("quip", "quip", "application/vnd.slack-docs"),
    "list": ("list", "list", "application/vnd.slack-list"),
    "snippet": ("snippet", "shell", "text/plain"),
    "post": ("space", "space", "text/plain"),
    "email": ("email", "email", "text/html"),
}


@pytest.mark.parametrize("kind", SLACKS_OWN)
async def test_what_slack_makes_itself_is_left_alone_whatever_its_title(bench: Bench, slack: Slack, kind: str) -> None:
    mode, filetype, mimetype = SLACKS_OWN[kind]
    await bench.start()
    channel = slack.channel("general")
    upload = Upload(
        content=PAGE, name="Interview with Thandi.m4a", filetype=filetype, mimetype=mimetype, extra={"mode": mode}
    )
    await left_alone(bench, slack, channel, await slack.share(channel, [upload], html_instead=True))
    assert ranges(slack) == []


@pytest.mark.parametrize(
    "gone",
    [{"mode": "tombstone"}, {"mode": "hidden_by_limit"}, {"mode": "file_access", "file_access": "access_denied"}],
    ids=str,
)
async def test_a_file_that_the_event_calls_gone_is_not_asked_for(
    bench: Bench, slack: Slack, gone: dict[str, str]
) -> None:
    slack.subscriptions = {"message"}
    slack.scopes.add("channels:history")
    await bench.start()
    channel = slack.channel("general")
    await slack.share(channel, [recording(extra=gone)])
    await slack.quiet()
    assert await bench.jobs() == []
    assert [call for call in slack.calls if call.method == "files.info"] == []
    assert silent(slack, channel)


async def test_a_file_of_the_bots_own_is_left_alone_where_the_event_does_not_say_whose_it_is(
    bench: Bench, slack: Slack
) -> None:
    bot = await bench.start()
    channel = slack.channel("general")
    assert bot.tools is not None
    share = await slack.share(channel, [recording()], user=slack.bot_user_id)
    await slack.quiet()
    shared = {"type": "file_shared", "file_id": share.file_ids[0], "channel_id": channel.id, "event_ts": share.ts}
    await slack.deliver(shared)
    await left_alone(bench, slack, channel, share)
    assert ranges(slack) == []
