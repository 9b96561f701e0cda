"""Makes docs/thread.png: a thread as the sandbox Slack received it, drawn by Chromium. `python docs/picture.py`.

The words come from a real run of the bot with the Botlhale stand-in; only the frame around them is drawn here.
"""

from __future__ import annotations

import asyncio
import html
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from sandbox.botlhale import Botlhale
from sandbox.slack import Message, Slack
from tests.journeys.bench import botlhale_settings, recording, running, settings_of

OUT = Path(__file__).with_name("thread.png")

PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 20px 26px; width: 700px; background: #fff; color: #1d1c1d;
        font: 15px/1.46 "Lato", "DejaVu Sans", sans-serif; }}
.head {{ font-weight: 900; border-bottom: 1px solid #ddd; padding-bottom: 10px; margin-bottom: 14px; }}
.message {{ display: flex; gap: 10px; margin: 12px 0; }}
.face {{ flex: none; width: 36px; height: 36px; border-radius: 6px; color: #fff; font-weight: 700;
         display: grid; place-items: center; }}
.name {{ font-weight: 800; }} .app {{ background: #e8e8e8; color: #616061; font-size: 10px; padding: 1px 4px;
         border-radius: 3px; vertical-align: 1px; }}
.time, .small {{ color: #616061; font-size: 12px; }}
.file {{ border: 1px solid #ddd; border-radius: 8px; padding: 10px 14px; margin: 6px 0; width: 330px; }}
.wave {{ color: #4a154b; letter-spacing: 1px; }}
.reaction {{ display: inline-block; background: #e8f5fa; border: 1px solid #1d9bd1; border-radius: 12px;
             padding: 0 8px; font-size: 12px; }}
.replies {{ color: #616061; font-size: 13px; border-bottom: 1px solid #ddd; padding-bottom: 8px; }}
.button {{ display: inline-block; border: 1px solid #bbb; border-radius: 5px; padding: 3px 10px; margin: 6px 4px 0 0;
           font-weight: 700; font-size: 13px; }}
p {{ margin: 4px 0; white-space: pre-wrap; }}
</style>
<div class="head">Thread <span class="time">#project</span></div>
<div class="message"><div class="face" style="background:#2bac76">A</div><div>
<span class="name">Amara</span> <span class="time">10:02</span>
<div class="file"><b>Call with the customer.m4a</b><br><span class="wave">▶ ▂▅▇▃▆▂▇▅▃▂▆▇▅▂▃▇▆▃▂▅▇▃</span>
<span class="time">{length}</span></div>
<span class="reaction">✔ 1</span></div></div>
<div class="replies">1 reply</div>
<div class="message"><div class="face" style="background:#1f3a4d">T</div><div>
<span class="name">Threadscribe</span> <span class="app">APP</span> <span class="time">10:02</span>
{blocks}</div></div>"""


def drawn(blocks: Iterable[Mapping[str, Any]]) -> str:
    """The blocks of a message as HTML."""
    parts = []
    for block in blocks:
        if block["type"] == "context":
            parts.append(f'<p class="small">{html.escape(" ".join(e["text"] for e in block["elements"]))}</p>')
            continue
        if block["type"] == "actions":
            labels = [html.escape(button["text"]["text"]) for button in block["elements"]]
            parts.append("".join(f'<span class="button">{label}</span> ' for label in labels))
            continue
        texts = [part for section in block["elements"] for part in section["elements"]]
        inner = "".join(
            f"<b>{html.escape(part['text'])}</b>"
            if (part.get("style") or {}).get("bold")
            else html.escape(part["text"])
            for part in texts
        )
        parts.append(f"<p>{inner}</p>")
    return "".join(parts)


async def answered() -> Message:
    """The reply to a sample call."""
    async with Slack() as slack, Botlhale() as botlhale:
        with tempfile.TemporaryDirectory() as folder:
            settings = settings_of(slack, Path(folder), **botlhale_settings(botlhale))
            async with running(settings, slack):
                upload = recording("dialogue", title="Call with the customer")
                share = await slack.share(slack.channel("project"), [upload])
                return (await slack.wait_for_replies(share))[0]


def main() -> None:
    """Run the bot, draw the thread, take the picture."""
    reply = asyncio.run(answered())
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "thread.html"
        page.write_text(PAGE.format(blocks=drawn(reply.blocks), length="0:34"), encoding="utf-8")
        subprocess.run(  # noqa: S603 - our own page
            [
                "/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--disable-background-networking", "--disable-sync", f"--user-data-dir={folder}/profile",
                "--force-device-scale-factor=1.5", "--window-size=760,1060", f"--screenshot={OUT}", page.as_uri(),
            ],
            check=True, capture_output=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
