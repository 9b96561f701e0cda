"""Render the reply to a long transcript in a process of its own (`transcription.apart`).

One of 400 minutes takes a second. The event loop only hands over the stored JSON, and gets what is posted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from bot.rendering.reply import Named, Reply, ReplyContext, ReplyForm
from bot.slack.uploads import Attachment
from transcription.apart import Apart

LONG = 64 * 2**10
"""Characters of a stored transcript, about half an hour, from which it is rendered in a process."""

_RENDERER = "bot.rendering.reply_worker"


async def render_apart(
    apart: Apart,
    stored: str,
    *,
    title: str | None,
    provider: str | None,
    form: ReplyForm,
    time_marks: bool,
    named: Named,
    context: ReplyContext,
    files: bool,
) -> Reply:
    """Return what `reply.render` returns for this stored transcript. Raises `Crashed` and `Unavailable`."""
    request: Mapping[str, object] = {
        "title": title,
        "provider": provider,
        "form": form,
        "time_marks": time_marks,
        "named": asdict(named),
        "context": asdict(context),
        "files": files,
    }
    answer, contents = await apart.do(_RENDERER, request, stored.encode())
    match answer:
        case {"text": str(text), "blocks": list(blocks), "attachments": list(attachments)}:
            return Reply(text=text, blocks=tuple(blocks), attachments=tuple(_attachments(attachments, contents)))
        case _:
            raise ValueError("the process gave another answer")


def _attachments(told: list[dict[str, str]], contents: bytes) -> list[Attachment]:
    found, start = list[Attachment](), 0
    for each in told:
        end = start + int(each["size"])
        found.append(Attachment(name=each["name"], title=each["title"], content=contents[start:end]))
        start = end
    return found
