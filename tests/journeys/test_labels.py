"""A label that ends in "…" asks something before it acts, and no other does but those that name what they open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from handlers import words
from sandbox.script import Segment
from sandbox.slack import CommandAnswer, Message, Slack
from tests.journeys.bench import Bench, eventually, recording, tone

TALK = [
    Segment(start=0, end=1, speaker=0, text="Good morning, shall we begin?"),
    Segment(start=1, end=2, speaker=1, text="Yes, the delivery is on Wednesday."),
]

NAME_WHAT_THEY_OPEN = {
    words.NAME_SPEAKERS,
    words.EXPORT,
    words.SEARCH_BUTTON,
    words.MY_SETTINGS_BUTTON,
    words.OWN_SETTINGS,
    words.CHANNEL_SETTINGS,
    words.HELP_TITLE,
}
"""Buttons that are as good as the title of their form: the copy table has them without "…"."""

ACT_AT_ONCE = {words.RETRY, words.CANCEL, words.UNDO_NAMING, words.SHOW_MORE}


@dataclass(frozen=True, kw_only=True)
class Control:
    """A button, or a menu with the text of one of its options."""

    action_id: str
    text: str
    option: str | None


def controls(blocks: Sequence[Any]) -> Iterator[Control]:
    """Every control in the blocks, once."""
    seen = set[str]()
    for block in blocks:
        for element in [*block.get("elements", []), *([block["accessory"]] if "accessory" in block else [])]:
            if element.get("type") == "button":
                found = [Control(action_id=element["action_id"], text=element["text"]["text"], option=None)]
            elif element.get("type") == "overflow":
                texts = [option["text"]["text"] for option in element["options"]]
                found = [Control(action_id=element["action_id"], text=text, option=text) for text in texts]
            else:
                continue
            yield from (each for each in found if each.text not in seen)
            seen |= {each.text for each in found}


Press = Callable[[Control], Awaitable[CommandAnswer]]


async def opening(slack: Slack, blocks: Sequence[Any], press: Press) -> dict[str, bool]:
    """Press every control that does not act at once; return whether each opened a form."""
    opened: dict[str, bool] = {}
    for control in controls(blocks):
        if control.text in ACT_AT_ONCE:
            assert "…" not in control.text
            continue
        slack.modals.clear()
        answer = await press(control)
        assert answer.status == 200, control.text
        with suppress(TimeoutError):
            await slack.until(lambda: slack.modals, within=2)
        opened[control.text] = bool(slack.modals)
    slack.modals.clear()
    return opened


async def _in_message(slack: Slack, message: Message, control: Control) -> CommandAnswer:
    return await slack.press(message, control.action_id, option=control.option)


async def _in_list(slack: Slack, answer: CommandAnswer, channel: str, row: int, control: Control) -> CommandAnswer:
    return await slack.press_in_answer(answer, control.action_id, channel_id=channel, option=control.option, number=row)


async def test_a_label_with_three_dots_opens_a_form_and_no_other_does(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general", people=("amara", "thandi"))
    bench.botlhale.script = TALK
    done = await slack.share(channel, [recording(name="a.wav", content=tone(hertz=440), filetype="wav")])
    await bench.ended()
    bench.botlhale.fail_next()
    failed = await slack.share(channel, [recording(name="b.wav", content=tone(hertz=450), filetype="wav")])
    await bench.ended(2)

    opened: dict[str, bool] = {}
    for share in (done, failed):
        (reply,) = slack.replies(share)
        opened |= await opening(slack, reply.blocks, partial(_in_message, slack, reply))
    answer = await slack.command("/transcripts", "", channel=channel)
    assert isinstance(answer.body, dict)
    rows = [block for block in answer.body["blocks"] if "accessory" in block]
    for number, row in enumerate(rows):
        opened |= await opening(slack, [row], partial(_in_list, slack, answer, channel.id, number))
    slack.open_home()
    await eventually(lambda: slack.homes)
    (home,) = slack.homes.values()
    opened |= await opening(
        slack,
        [block for block in home["blocks"] if block["type"] == "actions"],
        lambda it: slack.press_at_home(it.action_id, option=it.option),
    )

    assert {text for text, opens in opened.items() if text.endswith("…")} >= {
        words.RERUN_OPTION,
        words.OTHER_WAY,
        words.CORRECT,
        words.DELETE_TRANSCRIPT,
        words.DETAILS_OPTION,
        words.DELETE_OPTION,
    }, "it sees them"
    assert {text for text, opens in opened.items() if text.endswith("…") and not opens} == set()
    assert {text for text, opens in opened.items() if opens and not text.endswith("…")} <= NAME_WHAT_THEY_OPEN
    assert set(opened) <= {text for text, opens in opened.items() if opens}, "what else acts at once is named here"
    assert all(len(text) <= 30 for text in opened)
