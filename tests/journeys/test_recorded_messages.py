"""Messages and an App Home as commit cbb210c has posted them: whatever is renamed, every button of theirs still works.

`recorded/cbb210c.json` holds what a bot of that commit posted to the sandbox, with the ids of its jobs.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sandbox.script import Segment
from sandbox.slack import Slack
from sandbox.slack.values import Json, Message, Share
from storage.job import JobState
from tests.journeys.bench import Bench, eventually, only_reply, quiet, recording, words_of

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "recorded" / "cbb210c.json").read_text("utf-8"))

TALK = [
    Segment(start=0, end=4, speaker=0, text="Good morning, shall we begin?"),
    Segment(start=4, end=6, speaker=1, text="Yes, the delivery is on Wednesday."),
]


def buttons(blocks: object) -> list[tuple[str, str]]:
    """The action and the value of every button."""
    found = re.findall(r'"action_id": "([^"]+)"[^}]*\}, "type": "button"(?:, "value": "([^"]*)")?', json.dumps(blocks))
    return sorted(set(found))


def of_job(blocks: object, recorded: str, now: str) -> list[Json]:
    """The blocks as that commit would have posted them about a job of today."""
    changed: list[Json] = json.loads(json.dumps(blocks).replace(recorded, now))
    return changed


async def answered(bench: Bench, name: str) -> tuple[Share, Message]:
    """A recording whose reply looks as that commit has posted it."""
    share = await bench.slack.share(bench.slack.channel("general", people=("amara", "thandi")), [recording()])
    [job] = await bench.ended()
    reply = await only_reply(bench.slack, share)
    recorded = RECORDED[name]
    return share, bench.slack.rewrite(reply, of_job(recorded["blocks"], recorded["job"], job.id))


def test_every_kind_of_button_was_recorded() -> None:
    of_each = {name: {action for action, _ in buttons(kind["blocks"])} for name, kind in RECORDED.items()}
    assert of_each == {
        "transcript": {"name_speakers", "export_transcript", "transcribe_again"},
        "named": {"name_speakers", "undo_naming", "export_transcript", "transcribe_again"},
        "failed": {"retry_recording", "transcribe_again"},
        "progress": {"cancel_recording"},
        "home": {"my_settings", "workspace_settings", "cancel_recording", "retry_recording"},
    }


@pytest.mark.parametrize("name", ["transcript", "named"])
@pytest.mark.parametrize("action", ["name_speakers", "export_transcript", "transcribe_again"])
async def test_a_button_under_a_transcript_opens_its_form(bench: Bench, slack: Slack, name: str, action: str) -> None:
    bench.botlhale.script = TALK
    await bench.start()
    _, reply = await answered(bench, name)
    await slack.press(reply, action)
    [form] = slack.modals.values()
    assert form["callback_id"] == f"{action}_form"


async def test_the_naming_is_undone_from_there(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = TALK
    await bench.start()
    share, reply = await answered(bench, "transcript")
    await slack.press(reply, "name_speakers")
    [form] = slack.modals.values()
    first = next(block["label"]["text"] for block in form["blocks"] if block["type"] == "input")
    await slack.send(form, {first: "Thandi"})
    await bench.ended()
    named = await only_reply(slack, share)
    assert "Thandi" in words_of(named)
    [job] = await bench.jobs()
    recorded = RECORDED["named"]
    await slack.press(slack.rewrite(named, of_job(recorded["blocks"], recorded["job"], job.id)), "undo_naming")
    await bench.ended()
    assert "Thandi" not in words_of(await only_reply(slack, share))


@pytest.mark.parametrize("action", ["retry_recording", "transcribe_again"])
async def test_what_failed_is_tried_again_from_there(bench: Bench, slack: Slack, action: str) -> None:
    bench.botlhale.script = TALK
    await bench.start()
    bench.botlhale.fail_next()
    share, reply = await answered(bench, "failed")
    await slack.press(reply, action)
    if action == "transcribe_again":
        [form] = slack.modals.values()
        await slack.send(form, {})
    await bench.ended()
    assert "Wednesday" in words_of(await only_reply(slack, share))


async def test_what_is_in_work_is_cancelled_from_its_progress(bench: Bench, slack: Slack) -> None:
    bench.botlhale.hold = True
    await bench.start()
    share = await slack.share(slack.channel("general"), [quiet(301)])
    await eventually(lambda: slack.replies(share))
    [job] = await bench.jobs()
    recorded = RECORDED["progress"]
    told = slack.rewrite(slack.replies(share)[0], of_job(recorded["blocks"], recorded["job"], job.id))
    await slack.press(told, "cancel_recording")
    [ended] = await bench.ended()
    assert ended.failure is not None


async def the_home_is_of_then(bench: Bench, slack: Slack, **jobs: str) -> None:
    """Somebody has the App Home open that a bot of that commit has shown them."""
    slack.open_home()
    amara = slack.user("amara")
    await slack.until(lambda: amara in slack.homes)
    await slack.quiet()
    blocks: Any = RECORDED["home"]["blocks"]
    for name, recorded in RECORDED["home"]["jobs"].items():
        blocks = of_job(blocks, recorded, jobs.get(name, recorded))
    slack.homes[amara]["blocks"] = blocks
    assert bench.bot is not None


@pytest.mark.parametrize("action", ["my_settings", "workspace_settings"])
async def test_settings_are_opened_from_the_app_home(bench: Bench, slack: Slack, action: str) -> None:
    slack.scopes.add("users:read")
    slack.admins.add(slack.user("amara"))
    await bench.start()
    await the_home_is_of_then(bench, slack)
    await slack.press_at_home(action)
    [form] = slack.modals.values()
    assert form["callback_id"] == "settings_form"


async def test_what_is_in_work_is_cancelled_and_tried_again_from_the_app_home(bench: Bench, slack: Slack) -> None:
    bench.botlhale.hold = True
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording()])
    job = await bench.waits(JobState.SUBMITTED)
    await the_home_is_of_then(bench, slack, work=job.id, failed=job.id)
    assert (await slack.press_at_home("cancel_recording", value=job.id)).status == 200
    await bench.ended()
    bench.botlhale.hold = False
    bench.botlhale.release()
    await the_home_is_of_then(bench, slack, work=job.id, failed=job.id)
    assert (await slack.press_at_home("retry_recording", value=job.id)).status == 200
    assert (await only_reply(slack, share)).text.startswith("Transcript")
