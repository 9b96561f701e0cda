"""Validation of single Block Kit blocks: their fields and maximum lengths.

Source: https://docs.slack.dev/reference/block-kit/blocks and …/block-elements. Each rule yields one complaint per
fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from typing import Any

from sandbox.slack.values import Json

SELECTS = {"static_select": 100, "multi_static_select": 100, "radio_buttons": 10, "checkboxes": 10, "overflow": 5}
"""Elements with options, and the maximum number of options of each."""


def complaints_about(block: Json) -> Iterator[str]:
    """Yield what is wrong with one block."""
    rule = RULES.get(str(block.get("type")))
    if rule is None:
        yield f"unsupported type: {block.get('type')}"
        return
    yield from _short(block, "block_id", most=255)
    yield from rule(block)


def _short(holder: Json, name: str, *, most: int) -> Iterator[str]:
    if len(str(holder.get(name, ""))) > most:
        yield f"{name} must be less than {most + 1} characters"


def _few(items: Sized, *, least: int, most: int) -> Iterator[str]:
    if not least <= len(items) <= most:
        yield f"must have between {least} and {most} items"


def _different(items: list[Any], name: str) -> Iterator[str]:
    values = [item[name] for item in items if isinstance(item, dict) and name in item]
    if len(values) != len(set(values)):
        yield f"{name} already exists"


def _text(value: Any, *, most: int, plain: bool = False) -> Iterator[str]:
    kinds = {"plain_text"} if plain else {"plain_text", "mrkdwn"}
    if not isinstance(value, dict) or value.get("type") not in kinds or not isinstance(value.get("text"), str):
        yield "invalid text object"
    elif not value["text"]:
        yield "must be more than 0 characters"
    else:
        yield from _short(value, "text", most=most)


def _section(block: Json) -> Iterator[str]:
    fields = block.get("fields", [])
    if "text" not in block and not fields:
        yield "missing required field: text or fields"
    if "text" in block:
        yield from _text(block["text"], most=3_000)
    yield from _few(fields, least=0, most=10)
    for value in fields:
        yield from _text(value, most=2_000)
    if "accessory" in block:
        yield from _element(block["accessory"])


def _header(block: Json) -> Iterator[str]:
    yield from _text(block.get("text"), most=150, plain=True)


def _context(block: Json) -> Iterator[str]:
    elements = block.get("elements", [])
    yield from _few(elements, least=1, most=10)
    for element in elements:
        if isinstance(element, dict) and element.get("type") == "image":
            yield from _image(element)
        else:
            yield from _text(element, most=3_000)


def _actions(block: Json) -> Iterator[str]:
    elements = block.get("elements", [])
    yield from _few(elements, least=1, most=25)
    yield from _different(elements, "action_id")
    for element in elements:
        yield from _element(element)


def _element(element: Any) -> Iterator[str]:
    if not isinstance(element, dict) or not isinstance(element.get("type"), str):
        yield "invalid element"
        return
    yield from _short(element, "action_id", most=255)
    kind = element["type"]
    if kind == "button":
        yield from _text(element.get("text"), most=75, plain=True)
        yield from _short(element, "value", most=2_000)
        yield from _short(element, "url", most=3_000)
    elif kind in SELECTS and "option_groups" not in element:
        yield from _options(element.get("options"), most=SELECTS[kind])
        if "initial_option" in element and element["initial_option"] not in (element.get("options") or []):
            yield "initial_option must be one of the options"


def _options(options: Any, *, most: int) -> Iterator[str]:
    if not isinstance(options, list):
        yield "missing required field: options"
        return
    yield from _few(options, least=1, most=most)
    for option in options:
        if not isinstance(option, dict) or not isinstance(option.get("value"), str):
            yield "invalid option"
            continue
        yield from _text(option.get("text"), most=75)
        yield from _short(option, "value", most=150)
        if "description" in option:
            yield from _text(option["description"], most=75)


def _image(block: Json) -> Iterator[str]:
    if not isinstance(block.get("alt_text"), str):
        yield "missing required field: alt_text"
    if not isinstance(block.get("image_url"), str) and not isinstance(block.get("slack_file"), dict):
        yield "missing required field: image_url or slack_file"


def _input(block: Json) -> Iterator[str]:
    yield from _text(block.get("label"), most=2_000, plain=True)
    yield from _element(block.get("element"))
    if "hint" in block:
        yield from _text(block["hint"], most=2_000, plain=True)


def _rich_text(block: Json) -> Iterator[str]:
    if not isinstance(block.get("elements"), list):
        yield "missing required field: elements"
        return
    for section in block["elements"]:
        for part in section.get("elements", []):
            if part.get("type") == "date":
                yield from _date(part)


def _date(part: Json) -> Iterator[str]:
    # https://docs.slack.dev/reference/block-kit/block-elements/date-element
    if not isinstance(part.get("timestamp"), int):
        yield "must provide an integer"
    if not isinstance(part.get("format"), str) or not part["format"]:
        yield "missing required field: format"


def _markdown(block: Json) -> Iterator[str]:
    if not isinstance(block.get("text"), str) or not block["text"]:
        yield "missing required field: text"


def _unchecked(_block: Json) -> Iterator[str]:
    yield from ()


RULES: dict[str, Callable[[Json], Iterator[str]]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "image": _image,
    "input": _input,
    "rich_text": _rich_text,
    "markdown": _markdown,
    "divider": _unchecked,
    "video": _unchecked,
    "file": _unchecked,
    "table": _unchecked,
    "context_actions": _unchecked,
}
