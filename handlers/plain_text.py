"""The words of others for a message's top-level `text`, which screen readers and notifications use. Pure.

Replies in threads and answers to commands pass through here on their way out.

Slack parses that field, and parameters against parsing only lower the risk. So nothing that could be parsed is left
in it: what remains is what a voice would say. The message's blocks show every character as it is.
"""

from __future__ import annotations

import re

from transcription.naming import one_line

# Mentions, channels, formatting, quotes and code: https://docs.slack.dev/messaging/formatting-message-text.
_MARKUP = re.compile(r"[#*<>@\[\]\\^_`{|}~]")
# `:name:` is an emoji and `scheme:rest` an address; a colon before a space is only a colon.
_TIGHT_COLON = re.compile(r":(?=\S)")
# `example.com` becomes a link; 3.14 does not.
_TIGHT_DOT = re.compile(r"\.(?=[^\W\d])|(?<!\d)\.(?=\d)")


def harmless(text: str) -> str:
    """`text` as one line without anything that Slack could take for a mention, a link, an emoji or formatting."""
    return one_line(_TIGHT_DOT.sub(". ", _TIGHT_COLON.sub(" ", _MARKUP.sub(" ", one_line(text)))))


def spoken(text: str) -> str:
    """`text` made harmless and escaped, for a field that Slack parses."""
    return harmless(text).replace("&", "&amp;")
