"""The Block Kit blocks of a reply, and how much text fits into one message. Pure.

Text by others is always put into `rich_text` text elements. Slack does not parse these: formatting, mentions, links and
emoji are elements of their own there, which we never make. `mrkdwn` would have to be escaped and still formats `*`, `_`
and `:emoji:`; `plain_text` still gets links from some clients.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    Option,
    OverflowMenuElement,
    PlainTextObject,
    RichTextBlock,
    RichTextElementParts,
    RichTextSectionElement,
)

from transcription.cutting import pieces
from transcription.naming import time_mark
from transcription.paragraphs import Paragraph

SECTION = 3_000
"""Characters in one block, after escaping. Documented for sections; used for `rich_text`, whose limit is not
documented.
"""

MESSAGE = 10_700
"""Characters in all blocks of one message except buttons, after escaping and with `_ELEMENT` for each element.

Slack's limit (`msg_blocks_too_long`) is not documented; 11,341 were refused once and 13,297 accepted once:
https://github.com/slackapi/bolt-js/issues/2867, https://github.com/slackapi/bolt-js/issues/2509.
"""

_ELEMENT = 10  # what an element seems to count besides its text
_HEAVIEST = 5  # `&` becomes `&amp;`
_CRAMPED = 480  # so many of the heaviest characters fit a section, together with a name, a time and a language

_Text = RichTextElementParts.Text
_BOLD = RichTextElementParts.TextStyle(bold=True)


def weight(text: str) -> int:
    """Return how much `text` counts at most: escaped as Slack stores it, in UTF-16 units as its clients count."""
    escapes = text.count("&") * (_HEAVIEST - 1) + (text.count("<") + text.count(">")) * 3
    return len(text.encode("utf-16-le")) // 2 + escapes


def cost(paragraph: Paragraph) -> int:
    """Return how much of `SECTION` and `MESSAGE` a paragraph takes: a name and words, in an element of their own."""
    name, rest = _elements(paragraph)
    return weight(name) + weight(rest) + 3 * _ELEMENT


def sized(paragraphs: Iterable[Paragraph]) -> Iterator[Paragraph]:
    """Yield the paragraphs; one that is too long for a section after escaping is split."""
    for paragraph in paragraphs:
        if cost(paragraph) <= SECTION:
            yield paragraph
            continue
        for offset, piece in pieces(paragraph.text, limit=_CRAMPED):
            yield replace(paragraph, text=piece, language=None if offset else paragraph.language)


def fitting(paragraphs: Iterable[Paragraph], *, budget: int) -> tuple[Sequence[Paragraph], bool]:
    """Return the first paragraphs that fit into `budget`, and whether there are more: whole ones, at least one.

    No more of them are taken than are shown, but one.
    """
    found = list[Paragraph]()
    for paragraph in paragraphs:
        budget -= cost(paragraph)
        if budget < 0 and found:
            return found, True
        found.append(paragraph)
    return found, False


def body(paragraphs: Iterable[Paragraph]) -> Iterator[Block]:
    """Yield as few blocks as hold these sized paragraphs, each under its speaker in bold and its time."""
    held: list[Paragraph] = []
    room = SECTION
    for paragraph in paragraphs:
        needed = cost(paragraph)
        if held and needed > room:
            yield _paragraph_block(held)
            held, room = [], SECTION
        held.append(paragraph)
        room -= needed
    if held:
        yield _paragraph_block(held)


def line(*texts: str) -> Block:
    """Return a block of lines, which may hold text by others."""
    return _rich_text([_Text(text="\n".join(texts))])


def notice(first: str, *rest: str) -> Block:
    """Return a block with a line in bold and more lines, which may hold text by others."""
    return _rich_text([_Text(text=first, style=_BOLD)], *([_Text(text=each)] for each in rest))


def small_print(text: str) -> Block:
    """Return a small grey line. `text` must be safe (`handlers.plain_text`): context blocks have no rich text."""
    return ContextBlock(elements=[PlainTextObject(text=text, emoji=False)])


def buttons(*named: tuple[str, str, str], primary: str = "", menu: OverflowMenuElement | None = None) -> Block:
    """Return a row of buttons, each given by its label, its action id and its value, and perhaps a menu behind them.

    `primary`: the action id of the button that stands out.
    """
    elements = [
        ButtonElement(
            text=PlainTextObject(text=text, emoji=False),
            action_id=action,
            value=value,
            style="primary" if action == primary else None,
        )
        for text, action, value in named
    ]
    return ActionsBlock(elements=[*elements, *([menu] if menu else [])])


def overflow(action_id: str, options: Iterable[tuple[str, str]]) -> OverflowMenuElement:
    """Return a menu of at most five options, each given by its text and its value."""
    return OverflowMenuElement(
        action_id=action_id,
        options=[Option(text=PlainTextObject(text=text, emoji=False), value=value) for text, value in options],
    )


def _paragraph_block(paragraphs: Iterable[Paragraph]) -> Block:
    # A section for each: Slack begins it on a new line, with no empty line before it.
    return _rich_text(*map(_section, paragraphs))


def _section(paragraph: Paragraph) -> Sequence[_Text]:
    name, rest = _elements(paragraph)
    said = _Text(text=rest)
    return [_Text(text=name, style=_BOLD), said] if name else [said]  # Slack refuses an element without text


def _elements(paragraph: Paragraph) -> tuple[str, str]:
    """Return the speaker's name, "" if there is none, and the text behind and below it."""
    language = f"  ({paragraph.language})" if paragraph.language else ""
    mark = "" if paragraph.start is None else f"  {time_mark(paragraph.start)}"
    rest = f"{mark}{language}\n{paragraph.text}"
    return paragraph.speaker, rest if paragraph.speaker else rest.lstrip()


def _rich_text(*sections: Sequence[_Text]) -> Block:
    return RichTextBlock(elements=[RichTextSectionElement(elements=section) for section in sections])
