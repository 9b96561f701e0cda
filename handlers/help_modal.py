"""Help: a modal from the App Home, and a short answer to `/transcripts help`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slack_sdk.models.blocks import Block, HeaderBlock, PlainTextObject
from slack_sdk.models.views import View

from handlers import words
from handlers.action_ids import HELP
from handlers.actor import Actor
from handlers.events import PressedAnywhere
from handlers.interactions import Interactions
from handlers.listing import as_blocks, with_commands
from handlers.slack import OpensForms


def register(interactions: Interactions, *, slack_of: Callable[[Actor], OpensForms]) -> None:
    """Register the button that opens the help."""

    async def show(body: dict[str, Any]) -> None:
        pressed = PressedAnywhere.model_validate(body)
        await slack_of(Actor.of(pressed)).open(pressed.trigger_id, _form())

    interactions.button(HELP, show, about_a_job=False)


def answer() -> tuple[str, list[Block]]:
    """Return the answer to the command as text and as blocks."""
    return "\n".join(words.HELP_LINES), as_blocks(map(with_commands, words.HELP_LINES))


def _form() -> View:
    blocks: list[Block] = []
    for heading, paragraph in words.HELP_SECTIONS:
        blocks += [HeaderBlock(text=PlainTextObject(text=heading, emoji=False)), *as_blocks([with_commands(paragraph)])]
    return View(type="modal", title=words.HELP_TITLE, close=words.CLOSE, blocks=blocks)
