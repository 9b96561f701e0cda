"""Validation of single Block Kit blocks: their fields and maximum lengths.

Source: https://docs.slack.dev/reference/block-kit/blocks. Each rule yields one complaint per fault.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from sandbox.slack.block_elements import complaints_about_element, complaints_about_text, different, few, short
from sandbox.slack.values import Json

CHILDREN = frozenset(
    {"actions", "context", "divider", "file", "header", "image", "input", "rich_text", "section", "table", "video"}
)
"""The kinds of blocks inside a container (https://docs.slack.dev/reference/block-kit/blocks/container-block)."""

SECTIONS = {"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"}

WIDTHS = {"narrow", "standard", "wide", "full"}


def complaints_about(block: Json, *, children: Collection[str] = ()) -> Iterator[str]:
    """Yield what is wrong with one block. A container may have `children`; with none, it is not supported."""
    rule = RULES.get(str(block.get("type")))
    if block.get("type") == "container" and children:
        yield from _container(block, children)
    elif rule is None:
        yield f"unsupported type: {block.get('type')}"
        return
    else:
        yield from rule(block)
    yield from short(block, "block_id", most=255)


def _container(block: Json, children: Collection[str]) -> Iterator[str]:
    if "title" not in block and "rich_text_title" not in block:
        yield "missing required field: title or rich_text_title"
    if "title" in block:
        yield from complaints_about_text(block["title"], most=150, plain=True)
    if "rich_text_title" in block:
        yield from _rich_text(block["rich_text_title"])
    if "subtitle" in block:
        yield from complaints_about_text(block["subtitle"], most=150)
    yield from _form_of_container(block)
    inner = block.get("child_blocks")
    if not isinstance(inner, list) or not all(isinstance(child, dict) for child in inner):
        yield "missing required field: child_blocks"
        return
    yield from few(inner, least=1, most=10)
    for child in inner:
        if child.get("type") in children:
            yield from complaints_about(child)
        else:
            yield f"unsupported type in a container: {child.get('type')}"


def _form_of_container(block: Json) -> Iterator[str]:
    if block.get("width", "standard") not in WIDTHS:
        yield "invalid width"
    collapsible = block.get("is_collapsible", False)
    if block.get("default_collapsed") and not collapsible:
        yield "default_collapsed requires is_collapsible"
    if block.get("has_header_divider") and collapsible:
        yield "has_header_divider does not go with is_collapsible"


def _section(block: Json) -> Iterator[str]:
    fields = block.get("fields", [])
    if "text" not in block and not fields:
        yield "missing required field: text or fields"
    if "text" in block:
        yield from complaints_about_text(block["text"], most=3_000)
    yield from few(fields, least=0, most=10)
    for value in fields:
        yield from complaints_about_text(value, most=2_000)
    if "accessory" in block:
        yield from complaints_about_element(block["accessory"], inside="section")


def _header(block: Json) -> Iterator[str]:
    yield from complaints_about_text(block.get("text"), most=150, plain=True)


def _context(block: Json) -> Iterator[str]:
    elements = block.get("elements", [])
    yield from few(elements, least=1, most=10)
    for element in elements:
        if isinstance(element, dict) and element.get("type") == "image":
            yield from _image(element)
        else:
            yield from complaints_about_text(element, most=3_000)


def _actions(block: Json) -> Iterator[str]:
    elements = block.get("elements", [])
    yield from few(elements, least=1, most=25)
    yield from different(elements, "action_id")
    for element in elements:
        yield from complaints_about_element(element, inside="actions")


def _image(block: Json) -> Iterator[str]:
    if not isinstance(block.get("alt_text"), str):
        yield "missing required field: alt_text"
    if not isinstance(block.get("image_url"), str) and not isinstance(block.get("slack_file"), dict):
        yield "missing required field: image_url or slack_file"


def _input(block: Json) -> Iterator[str]:
    yield from complaints_about_text(block.get("label"), most=2_000, plain=True)
    yield from complaints_about_element(block.get("element"), inside="input")
    if "hint" in block:
        yield from complaints_about_text(block["hint"], most=2_000, plain=True)


def _rich_text(block: Any) -> Iterator[str]:
    if not isinstance(block, dict) or not isinstance(block.get("elements"), list):
        yield "missing required field: elements"
        return
    for section in block["elements"]:
        if section.get("type") not in SECTIONS:
            yield f"unsupported type: {section.get('type')}"
        for part in section.get("elements", []):
            if part.get("type") == "date":
                yield from _date(part)
            elif part.get("type") == "text" and not part.get("text"):
                yield "must be more than 0 characters"


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
