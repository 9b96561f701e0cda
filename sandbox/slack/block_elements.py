"""Validation of texts, interactive elements and their options: their fields and maximum lengths.

Source: https://docs.slack.dev/reference/block-kit/block-elements and …/composition-objects. Each rule yields one
complaint per fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Sized
from typing import Any, Literal

from sandbox.slack.values import Json

CHOICES = {"radio_buttons": 10, "checkboxes": 10, "overflow": 5}
"""Elements with options, and the maximum number of options of each."""

SELECTS = {"static_select", "multi_static_select"}
"""Elements with either options or groups of options."""

_SINGLE = {"static_select", "external_select", "users_select", "conversations_select", "channels_select"}
_CHOSEN = {
    *_SINGLE,
    *(f"multi_{kind}" for kind in _SINGLE),
    *("checkboxes", "radio_buttons", "datepicker", "timepicker", "datetimepicker"),
}
_TYPED = {"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "file_input"}
_PRESSED = {"button", "workflow_button", "overflow"}

KINDS = {"section": _CHOSEN | _PRESSED | {"image"}, "actions": _CHOSEN | _PRESSED, "input": _CHOSEN | _TYPED}
"""The elements that each kind of block may have."""

OPTIONS = 100
"""The maximum number of options of a select menu, of its groups, and of options of each group."""

STYLES = {"primary", "danger"}

FORMATTED = {"radio_buttons", "checkboxes"}
"""Elements whose options may have text in mrkdwn."""


def short(holder: Json, name: str, *, most: int) -> Iterator[str]:
    """Yield a complaint if a field is longer than `most` characters."""
    if len(str(holder.get(name, ""))) > most:
        yield f"{name} must be less than {most + 1} characters"


def few(items: Sized, *, least: int, most: int) -> Iterator[str]:
    """Yield a complaint if there are not between `least` and `most` items."""
    if not least <= len(items) <= most:
        yield f"must have between {least} and {most} items"


def different(items: list[Any], name: str) -> Iterator[str]:
    """Yield a complaint if two items have the same value in the field `name`."""
    values = [item[name] for item in items if isinstance(item, dict) and name in item]
    if len(values) != len(set(values)):
        yield f"{name} already exists"


def complaints_about_text(value: Any, *, most: int, plain: bool = False) -> Iterator[str]:
    """Yield what is wrong with a text object of at most `most` characters."""
    kinds = {"plain_text"} if plain else {"plain_text", "mrkdwn"}
    if not isinstance(value, dict) or value.get("type") not in kinds or not isinstance(value.get("text"), str):
        yield "invalid text object"
        return
    if not value["text"]:
        yield "must be more than 0 characters"
    yield from short(value, "text", most=most)
    only = "verbatim" if value["type"] == "plain_text" else "emoji"
    if only in value:
        yield f"invalid additional property: {only}"
    if not all(isinstance(value.get(name, True), bool) for name in ("emoji", "verbatim")):
        yield "must be a boolean"


def complaints_about_element(element: Any, *, inside: Literal["section", "actions", "input"]) -> Iterator[str]:
    """Yield what is wrong with one element of such a block."""
    if not isinstance(element, dict) or not isinstance(element.get("type"), str):
        yield "invalid element"
        return
    if element["type"] not in KINDS[inside]:
        yield f"unsupported type: {element['type']}"
        return
    yield from short(element, "action_id", most=255)
    if "placeholder" in element:
        yield from complaints_about_text(element["placeholder"], most=150, plain=True)
    if "confirm" in element:
        yield from _confirm(element["confirm"])
    match element["type"]:
        case "button":
            yield from _button(element)
        case "plain_text_input":
            yield from _typed(element)
        case kind if kind in SELECTS:
            yield from _select(element)
        case kind if kind in CHOICES:
            yield from _options(element.get("options"), most=CHOICES[kind], plain=kind not in FORMATTED)
            if kind == "overflow" and "initial_option" in element:
                yield "invalid additional property: initial_option"
            yield from _initial(element, element.get("options"))
        case _:
            pass


def _button(element: Json) -> Iterator[str]:
    yield from complaints_about_text(element.get("text"), most=75, plain=True)
    yield from short(element, "value", most=2_000)
    yield from short(element, "url", most=3_000)
    yield from short(element, "accessibility_label", most=75)
    if element.get("style", "primary") not in STYLES:
        yield "style must be primary or danger"


def _confirm(value: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        yield "invalid confirm object"
        return
    yield from complaints_about_text(value.get("title"), most=100, plain=True)
    yield from complaints_about_text(value.get("text"), most=300)
    for name in ("confirm", "deny"):
        yield from complaints_about_text(value.get(name), most=30, plain=True)
    if value.get("style", "primary") not in STYLES:
        yield "style must be primary or danger"


def _typed(element: Json) -> Iterator[str]:
    most, least = element.get("max_length", 3_000), element.get("min_length", 0)
    if not isinstance(most, int) or not 1 <= most <= 3_000:  # noqa: PLR2004 - published
        yield "max_length must be between 1 and 3000"
    elif not isinstance(least, int) or not 0 <= least <= most:
        yield "min_length must be between 0 and max_length"
    else:
        yield from short(element, "initial_value", most=most)


def _select(element: Json) -> Iterator[str]:
    if ("options" in element) == ("option_groups" in element):
        yield "must have exactly one of options and option_groups"
        return
    if "options" in element:
        yield from _options(element["options"], most=OPTIONS, plain=True)
        yield from _initial(element, element["options"])
        return
    groups = element["option_groups"]
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        yield "invalid option_groups"
        return
    yield from few(groups, least=1, most=OPTIONS)
    offered: list[Any] = []
    for group in groups:
        yield from complaints_about_text(group.get("label"), most=75, plain=True)
        yield from _options(group.get("options"), most=OPTIONS, plain=True)
        offered += group.get("options") or []
    yield from _initial(element, offered)


def _initial(element: Json, offered: Any) -> Iterator[str]:
    chosen = [element["initial_option"]] if "initial_option" in element else element.get("initial_options", [])
    if any(option not in (offered or []) for option in chosen):
        yield "initial_option must be one of the options"


def _options(options: Any, *, most: int, plain: bool) -> Iterator[str]:
    if not isinstance(options, list):
        yield "missing required field: options"
        return
    yield from few(options, least=1, most=most)
    for option in options:
        if not isinstance(option, dict) or not isinstance(option.get("value"), str):
            yield "invalid option"
            continue
        yield from complaints_about_text(option.get("text"), most=75, plain=plain)
        yield from short(option, "value", most=150)
        if "description" in option:
            yield from complaints_about_text(option["description"], most=75, plain=plain)
