"""`blocks.validate`: tell whether Slack would take blocks, a message or a view.

Source: https://docs.slack.dev/reference/methods/blocks.validate.
"""

from __future__ import annotations

from typing import Any

from sandbox.slack.arguments import Arguments
from sandbox.slack.context import Context, Method, Methods
from sandbox.slack.limits import MESSAGE_BLOCKS, VIEW_BLOCKS, complaints_about_blocks
from sandbox.slack.refusal import Denied
from sandbox.slack.values import Json


async def validate(context: Context, sent: Arguments) -> Json:
    """Check exactly one of `blocks`, `message` and `view`. Raises `invalid_blocks` and the like, with the faults."""
    given = {name: sent.value(name, malformed="invalid_arguments") for name in ("blocks", "message", "view")}
    given = {name: value for name, value in given.items() if value is not None}
    if len(given) != 1:
        raise Denied("invalid_arguments")
    [(name, value)] = given.items()
    errors = _faults(context, _blocks_of(name, value), most=VIEW_BLOCKS if name == "view" else MESSAGE_BLOCKS)
    if errors:
        raise Denied(f"invalid_{name}", errors=errors)
    if name == "view":
        try:
            context.dialogs.check(value, kind=str(value.get("type")))
        except Denied as denied:
            raise Denied("invalid_view", errors=[_fault("", denied.error)]) from denied
    return {}


def _blocks_of(name: str, value: Any) -> list[Json]:
    blocks = value if name == "blocks" else value.get("blocks", []) if isinstance(value, dict) else None
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise Denied(f"invalid_{name}", errors=[_fault("/blocks", "must be an array of blocks")])
    return blocks


def _faults(context: Context, blocks: list[Json], *, most: int) -> list[Json]:
    found = complaints_about_blocks(blocks, most=most, children=context.options.container_children)
    return [_fault(pointer, complaint) for pointer, complaint in found]


def _fault(pointer: str, complaint: str) -> Json:
    return {"pointer": pointer, "code": "failed_constraint", "message": complaint}


METHODS: Methods = {"blocks.validate": Method(act=validate)}
