"""Makes the pictures of the README's tour: what the sandbox Slack received, drawn by Chromium. `docs/picture.py`.

The words come from a real run of the bot with the Botlhale stand-in; only the frame around them is drawn here, and how
long ago something was, as Slack's clients do.
"""

from __future__ import annotations

import asyncio
import html
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bot.app import Bot
from handlers.action_ids import NAME_SPEAKERS
from sandbox.botlhale import Botlhale
from sandbox.slack import Message, Slack
from storage import job_lists
from storage.database import Transaction
from tests.journeys.bench import botlhale_settings, recording, running, settings_of

FOLDER = Path(__file__).parent

STYLE = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; padding: 20px 26px; width: 700px; background: #fff; color: #1d1c1d;
        font: 15px/1.46 "Lato", "DejaVu Sans", sans-serif; }
.head { font-weight: 900; border-bottom: 1px solid #ddd; padding-bottom: 10px; margin-bottom: 14px; }
.message { display: flex; gap: 10px; margin: 12px 0; }
.face { flex: none; width: 36px; height: 36px; border-radius: 6px; color: #fff; font-weight: 700;
         display: grid; place-items: center; }
.name { font-weight: 800; } .app { background: #e8e8e8; color: #616061; font-size: 10px; padding: 1px 4px;
         border-radius: 3px; vertical-align: 1px; }
.time, .small { color: #616061; font-size: 12px; }
.file { border: 1px solid #ddd; border-radius: 8px; padding: 10px 14px; margin: 6px 0; width: 330px; }
.wave { color: #4a154b; letter-spacing: 1px; }
.reaction { display: inline-block; background: #e8f5fa; border: 1px solid #1d9bd1; border-radius: 12px;
             padding: 0 8px; font-size: 12px; }
.replies { color: #616061; font-size: 13px; border-bottom: 1px solid #ddd; padding-bottom: 8px; }
.button { display: inline-block; border: 1px solid #bbb; border-radius: 5px; padding: 3px 10px; margin: 6px 4px 0 0;
           font-weight: 700; font-size: 13px; }
p { margin: 4px 0; white-space: pre-wrap; }
h2 { font-size: 18px; margin: 18px 0 6px; } .link { color: #1264a3; }
.modal { border: 1px solid #ccc; border-radius: 10px; padding: 4px 22px 16px; width: 480px; margin: 0 auto;
          box-shadow: 0 6px 24px #0003; }
.modal .head { padding-top: 12px; } .label { font-weight: 700; margin: 12px 0 3px; }
.field { border: 1px solid #999; border-radius: 5px; padding: 5px 10px; min-height: 22px; color: #1d1c1d; }
.many { min-height: 60px; } .choice { float: right; color: #616061; } .hint { color: #616061; font-size: 12px; }
.send { text-align: right; } .send .button:last-child { background: #007a5a; color: #fff; border-color: #007a5a; }
.tabs { color: #616061; font-weight: 400; font-size: 13px; margin-left: 14px; } .tabs b { color: #1d1c1d; }
</style>"""

THREAD = """<div class="head">Thread <span class="time">#project</span></div>
<div class="message"><div class="face" style="background:#2bac76">A</div><div>
<span class="name">Amara</span> <span class="time">10:02</span>
<div class="file"><b>Call with the customer.m4a</b><br><span class="wave">▶ ▂▅▇▃▆▂▇▅▃▂▆▇▅▂▃▇▆▃▂▅▇▃</span>
<span class="time">{length}</span></div>
<span class="reaction">✔ 1</span></div></div>
<div class="replies">1 reply</div>
<div class="message"><div class="face" style="background:#1f3a4d">T</div><div>
<span class="name">Threadscribe</span> <span class="app">APP</span> <span class="time">10:02</span>
{blocks}</div></div>"""

HOME = """<div class="head">Threadscribe <span class="tabs"><b>Home</b> &nbsp; Messages</span></div>
{blocks}"""

MODAL = """<div class="modal"><div class="head">{title}</div>{blocks}
<div class="send"><span class="button">{close}</span><span class="button">{submit}</span></div></div>"""

ANSWER = """<div class="head">project <span class="time">/transcripts search {asked}</span></div>
<div class="message"><div class="face" style="background:#1f3a4d">T</div><div>
<span class="name">Threadscribe</span> <span class="app">APP</span> <span class="time">Only visible to you</span>
{blocks}</div></div>"""

ASKED = "delivery"
"""What is searched for in the call."""

AGES = {"Call with the customer": 95, "Voice note from the train": 1500}
"""Minutes since the recordings on the page were shared."""


def drawn(blocks: Iterable[Mapping[str, Any]]) -> str:
    """The blocks of a message or a view as HTML."""
    return "".join(map(_drawn, blocks))


def _drawn(block: Mapping[str, Any]) -> str:
    match block["type"]:
        case "header":
            return f"<h2>{html.escape(block['text']['text'])}</h2>"
        case "context":
            return f'<p class="small">{html.escape(" ".join(e["text"] for e in block["elements"]))}</p>'
        case "actions":
            labels = [html.escape(button["text"]["text"]) for button in block["elements"]]
            return "".join(f'<span class="button">{label}</span> ' for label in labels)
        case "section":
            return f"<p>{html.escape(block['text']['text'])}</p>"
        case "input":
            return _field(block)
    return f"<p>{''.join(_text(part) for section in block['elements'] for part in section['elements'])}</p>"


def _field(block: Mapping[str, Any]) -> str:
    element, hint = block["element"], block.get("hint", {}).get("text", "")
    chosen = element.get("initial_option", {}).get("text", {}).get("text", "")
    content = html.escape(chosen or element.get("initial_value", ""))
    arrow = "" if element["type"] == "plain_text_input" else '<span class="choice">▾</span>'
    kind = "field many" if element.get("multiline") else "field"
    label = f'<div class="label">{html.escape(block["label"]["text"])}</div>'
    told = f'<div class="hint">{html.escape(hint)}</div>' if hint else ""
    return f'{label}<div class="{kind}">{arrow}{content}</div>{told}'


def modal(view: Mapping[str, Any]) -> str:
    """A form as HTML."""
    words = {name: html.escape(view[name]["text"]) for name in ("title", "submit", "close")}
    return MODAL.format(blocks=drawn(view["blocks"]), **words)


def _text(part: Mapping[str, Any]) -> str:
    match part:
        case {"type": "date", "timestamp": int(at), "format": str(template)}:
            return html.escape(template.format(ago=_ago(round(time.time() - at) // 60)))
        case {"type": "link", "text": str(text)}:
            return f'<span class="link">{html.escape(text)}</span>'
        case {"text": str(text), "style": {"bold": True}}:
            return f"<b>{html.escape(text)}</b>"
    return html.escape(part["text"])


def _ago(minutes: int) -> str:
    count, unit = (minutes // 1440, "day") if minutes >= 1440 else (minutes // 60, "hour")  # noqa: PLR2004 - a day
    if count == 0:
        count, unit = minutes, "minute"
    return f"{count} {unit}{'' if count == 1 else 's'} ago" if count else "just now"


@dataclass(frozen=True, kw_only=True)
class Tour:
    """What people saw: blocks of messages and of a page, forms."""

    reply: Message
    naming: Mapping[str, Any]
    settings: Mapping[str, Any]
    found: Sequence[Mapping[str, Any]]
    home: Sequence[Mapping[str, Any]]


async def taken() -> Tour:
    """A sample call and two other recordings; somebody names, sets, searches and opens their page."""
    async with Slack() as slack, Botlhale() as botlhale:
        slack.scopes.add("users:read")
        with tempfile.TemporaryDirectory() as folder:
            settings = settings_of(slack, Path(folder), **botlhale_settings(botlhale))
            async with running(settings, slack) as bot:
                project = slack.channel("project")
                botlhale.fail_next()
                train = await slack.share(project, [recording("note", title="Voice note from the train")])
                await slack.wait_for_replies(train)
                call = await slack.share(project, [recording("dialogue", title="Call with the customer")])
                [reply] = await slack.wait_for_replies(call)
                await _replied(bot)
                naming = await _form(slack, slack.press(reply, NAME_SPEAKERS))
                wishes = await _form(slack, slack.command("/transcripts", "settings", channel=project))
                answer = await slack.command("/transcripts", f"search {ASKED}", channel=project)
                botlhale.hold = True
                await slack.share(project, [recording("meeting", title="Monday's meeting")])
                await slack.until(lambda: len(botlhale.uploads) == len(AGES) + 1)
                await bot.tools.database.write(_let_time_pass)
                await asyncio.sleep(1)
                slack.open_home()
                await slack.until(lambda: slack.homes)
                page = slack.homes[slack.user("amara")]["blocks"]
                found = answer.messages[0]["blocks"]
                return Tour(reply=reply, naming=naming, settings=wishes, found=found, home=page)


async def _form(slack: Slack, opening: Awaitable[object]) -> Mapping[str, Any]:
    await opening
    await slack.until(lambda: slack.modals)
    [form] = slack.modals.values()
    slack.modals.clear()
    return form


async def _replied(bot: Bot) -> None:
    """Wait until every reply is noted: before, a button says that its recording is still in progress."""
    for _ in range(200):
        jobs = await bot.tools.database.read(lambda tx: job_lists.newest(tx, limit=10))
        if not any(job.state.is_open for job in jobs):
            return
        await asyncio.sleep(0.05)


def _let_time_pass(tx: Transaction) -> None:
    for title, minutes in AGES.items():
        tx.run(
            "UPDATE jobs SET created_at = created_at - :span WHERE title = :title", span=minutes * 60_000, title=title
        )


def photograph(page: str, name: str, *, height: int) -> None:
    """Have Chromium draw it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(STYLE + page, encoding="utf-8")
        subprocess.run(  # noqa: S603 - our own page
            [
                "/usr/bin/chromium",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--disable-background-networking",
                "--disable-sync",
                f"--user-data-dir={folder}/profile",
                "--force-device-scale-factor=1.5",
                f"--window-size=760,{height}",
                f"--screenshot={FOLDER / name}",
                file.as_uri(),
            ],
            check=True,
            capture_output=True,
        )


def main() -> None:
    """Run the bot, draw what was seen, take the pictures."""
    tour = asyncio.run(taken())
    photograph(THREAD.format(blocks=drawn(tour.reply.blocks), length="0:34"), "thread.png", height=1010)
    photograph(modal(tour.naming), "naming.png", height=530)
    photograph(modal(tour.settings), "settings.png", height=630)
    photograph(ANSWER.format(asked=ASKED, blocks=drawn(tour.found)), "search.png", height=240)
    photograph(HOME.format(blocks=drawn(tour.home)), "home.png", height=1000)


if __name__ == "__main__":
    main()
