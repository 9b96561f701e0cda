"""Make text of other people safe for a message's top-level `text`, which screen readers and notifications use. Pure.

Thread replies and command answers use it. Slack parses that field, and the parameters against parsing do not exclude
every case, so all characters that Slack could parse are removed. The message's blocks show the text unchanged.
"""

from __future__ import annotations

import re

from transcription.naming import one_line

# Mentions, channels, formatting, quotes and code: https://docs.slack.dev/messaging/formatting-message-text.
_MARKUP = re.compile(r"[#*<>@\[\]\\^_`{|}~]")
# `:name:` is an emoji, `scheme:rest` an address. A colon before a space is harmless.
_TIGHT_COLON = re.compile(r":(?=\S)")
# `example.com` becomes a link; 3.14 does not.
_TIGHT_DOT = re.compile(r"\.(?=[^\W\d])|(?<!\d)\.(?=\d)")


def harmless(text: str) -> str:
    """Return `text` as one line without mentions, links, emoji or formatting."""
    return one_line(_TIGHT_DOT.sub(". ", _TIGHT_COLON.sub(" ", _MARKUP.sub(" ", one_line(text)))))


# Within a word of ASCII an underscore formats nothing, and names of files have many.
_LOOSE_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_OTHER_MARKUP = re.compile(r"[#*<>@\[\]\\^`{|}~]")
_WORD_JOINER = "\u2060"


def legible(text: str) -> str:
    """Return `text` made harmless for plain text that people look at: a context line, an option.

    "note_2.m4a" and "10:30" look as they were: an invisible word joiner keeps Slack from seeing an address or an emoji.
    """
    line = _OTHER_MARKUP.sub(" ", _LOOSE_UNDERSCORE.sub(" ", one_line(text)))
    return one_line(_TIGHT_DOT.sub(f".{_WORD_JOINER}", _TIGHT_COLON.sub(f":{_WORD_JOINER}", line)))


def shown(text: str) -> str:
    """Return `text` made legible and escaped, for a section (with `verbatim`) that people look at."""
    return legible(text).replace("&", "&amp;")


def spoken(text: str) -> str:
    """Return `text` made harmless and escaped, for a field that Slack parses."""
    return harmless(text).replace("&", "&amp;")
