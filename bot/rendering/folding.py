"""Folds the end of a long transcript: its first turns are open, the rest is one container that people open. Pure.

Source: https://docs.slack.dev/reference/block-kit/blocks/container-block
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from slack_sdk.models.blocks import Block, ContainerBlock, PlainTextObject

from bot.rendering.blocks import MESSAGE, body, cost, fitting, weight
from handlers import words
from transcription.naming import UNKNOWN_SPEAKER
from transcription.paragraphs import Paragraph

CONTAINER = "container"
"""The block's type."""

CHILDREN = 10
"""Blocks in a container, at most."""

SCREENFUL = 1_200
"""A transcript up to this cost (`blocks.cost`) is shown whole: a phone shows about thirty lines of forty characters."""

OPEN = SCREENFUL // 2
"""What a longer one shows open: half a screen, so that a thread with several of them can be read down."""

WORTH = 300
"""A shorter rest is not folded: opening it would take longer than reading past it."""


def folded_body(paragraphs: Sequence[Paragraph], *, room: int) -> Iterator[Block]:
    """Yield the blocks of these sized paragraphs, the end of a long transcript in a container.

    `room`: what the message has left for these blocks. If the container's title does not fit too, nothing is folded:
    folding changes no word of a message.
    """
    opened, _ = fitting(paragraphs, budget=OPEN)
    rest = paragraphs[len(opened) :]
    total, hidden = sum(map(cost, paragraphs)), sum(map(cost, rest))
    title = words.show_more(_turns(rest, after=opened[-1]))
    children = list(body(rest))
    if total <= SCREENFUL or hidden < WORTH or total + weight(title) > room or len(children) > CHILDREN:
        yield from body(paragraphs)
        return
    yield from body(opened)
    yield ContainerBlock(
        title=PlainTextObject(text=title, emoji=False),
        child_blocks=children,
        is_collapsible=True,
        default_collapsed=True,
    )


def folded_sample() -> Sequence[Mapping[str, object]]:
    """Return blocks like those of a folded transcript, with words of our own, to ask Slack about."""
    said = Paragraph(speaker="Speaker 1", start=timedelta(0), text="word " * 60)
    return [block.to_dict() for block in folded_body([said] * 5, room=MESSAGE)]


def _turns(rest: Sequence[Paragraph], *, after: Paragraph) -> int:
    """Return how many turns begin in `rest`, as people see them: a long one has several paragraphs."""
    before, count = after.speaker, 0
    for paragraph in rest:
        count += paragraph.speaker != before or paragraph.speaker == UNKNOWN_SPEAKER
        before = paragraph.speaker
    return count
