"""Slack's limits for messages and views, and the error codes for exceeding them.

Single blocks are checked by `block_kit`. The limit for the total text of all blocks is undocumented; it was observed
near 13,200 characters (https://github.com/slackapi/bolt-js/issues/2509).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from sandbox.slack.block_kit import complaints_about
from sandbox.slack.refusal import Denied
from sandbox.slack.values import Json

TEXT_CUT = 40_000
UPDATE_TEXT = 4_000
TOTAL_OVER_BLOCKS = 13_200
MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
METADATA_BYTES = 8 * 1024
MARKDOWN_TOTAL = 12_000


def check_blocks(
    value: Any, *, most: int = MESSAGE_BLOCKS, total: int | None = TOTAL_OVER_BLOCKS, children: Collection[str] = ()
) -> list[Json]:
    """Return the blocks of a message. Raises `invalid_blocks…` or `msg_blocks_too_long`.

    A container may have `children`; with none, the workspace takes no containers.
    """
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(block, dict) for block in value):
        raise Denied("invalid_blocks_format")
    found = complaints_about_blocks(value, most=most, children=children)
    complaints = [f"{complaint} [json-pointer:{pointer}]" for pointer, complaint in found]
    if complaints:
        raise Denied("invalid_blocks", errors=complaints, response_metadata={"messages": complaints})
    if total is not None and sum(len(text) for text in _texts(value)) > total:
        raise Denied("msg_blocks_too_long")
    return value


def complaints_about_blocks(
    blocks: list[Json], *, most: int = MESSAGE_BLOCKS, children: Collection[str] = ()
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the blocks: a JSON pointer, and the complaint."""
    for complaint in _complaints(blocks, most=most):
        yield "/blocks", complaint
    for number, block in enumerate(blocks):
        for complaint in complaints_about(block, children=children):
            yield f"/blocks/{number}", complaint


def check_metadata(value: Any) -> Json | None:
    """Return the metadata of a message: an event type and a payload, together at most 8 kB."""
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("event_type"), str):
        raise Denied("invalid_metadata_format")
    if not isinstance(value.get("event_payload"), dict):
        raise Denied("invalid_metadata_format")
    if len(json.dumps(value).encode()) > METADATA_BYTES:
        raise Denied("metadata_too_large")
    return value


def _complaints(blocks: list[Json], *, most: int) -> Iterator[str]:
    # Slack shows a markdown block as one inner block per paragraph, and those count.
    markdown = [
        block["text"] for block in blocks if block.get("type") == "markdown" and isinstance(block.get("text"), str)
    ]
    inner = sum(len([part for part in text.split("\n\n") if part.strip()]) - 1 for text in markdown)
    if len(blocks) + inner > most:
        yield f"no more than {most} items allowed"
    if sum(len(text) for text in markdown) > MARKDOWN_TOTAL:
        yield "markdown text must be less than 12001 characters"
    inside = [
        child for block in blocks if block.get("type") == "container" for child in block.get("child_blocks") or []
    ]
    ids = [block["block_id"] for block in [*blocks, *inside] if "block_id" in block]
    if len(ids) != len(set(ids)):
        yield "block_id already exists"


def _texts(value: Any) -> Iterator[str]:
    """Yield every visible text inside blocks."""
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "text" and isinstance(item, str):
                yield item
            else:
                yield from _texts(item)
