"""Renders the sandbox Slack's messages as text for a terminal, for the demo. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

Block = Mapping[str, Any]

_MARK = re.compile(r"<[^<>|]*\|([^<>]*)>")


def thread(title: str, root: str, replies: Iterable[RenderableType]) -> Panel:
    """Render a thread under its root message."""
    parts: list[RenderableType] = [Text(root, style="cyan"), *replies]
    return Panel(Group(*parts), title=title, title_align="left")


def message(blocks: Iterable[Block], *, files: Iterable[str] = ()) -> Text:
    """Render one message from its blocks and its files."""
    lines = [_block(block) for block in blocks]
    lines += [Text(f"▤ {name}", style="magenta") for name in files]
    return Text("\n").join([Text("Threadscribe", style="bold green"), *lines, Text()])


def _block(block: Block) -> Text:
    match block.get("type"):
        case "rich_text":
            sections = [Text().join(map(_element, section["elements"])) for section in block["elements"]]
            return Text("\n").join(sections)
        case "actions":
            return Text("  ".join(f"[ {_label(element)} ]" for element in block["elements"]), style="bold blue")
        case "context":
            return Text(" ".join(str(element.get("text", "")) for element in block["elements"]), style="dim")
        case "section":
            return _row(str(block["text"]["text"]))
        case _:
            return Text(str((block.get("text") or {}).get("text", "")))


def _row(marked: str) -> Text:
    """Render a recording in a list: its title in bold, then what stands beside it, without Slack's marks."""
    first, _, rest = marked.partition("\n")
    told = html.unescape(_MARK.sub(lambda mark: mark[1], rest))
    return Text("\n").join([Text(html.unescape(first.strip("*")), style="bold"), *([Text(told)] if told else [])])


def _label(element: Block) -> str:
    """Return what a button says; the menu has no words of its own."""
    return str((element.get("text") or {}).get("text", "…"))


def _element(part: Block) -> Text:
    bold = (part.get("style") or {}).get("bold")
    style = "bold" if bold else "underline" if part.get("type") == "link" else ""
    return Text(str(part.get("text") or part.get("fallback", "")), style=style)


def said(blocks: Iterable[Block]) -> list[tuple[str, str]]:
    """Return each paragraph's speaker (in bold) and words, without its time mark."""
    paragraphs: list[tuple[str, str]] = []
    for block in blocks:
        parts = [part for section in block.get("elements", ()) for part in section.get("elements", ())]
        for name, rest in pairwise(parts):
            if (name.get("style") or {}).get("bold"):
                paragraphs.append((str(name["text"]), str(rest["text"]).partition("\n")[2].strip()))
    return paragraphs
