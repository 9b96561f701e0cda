"""The child process that `large` starts to render the reply to one long transcript.

The request has the arguments of `reply.render`, with the transcript's stored JSON. It is answered with the reply and
the contents of its files.
"""

from __future__ import annotations

from typing import Any

from transcription.isolation import serve_with_bytes


def work(request: dict[str, Any], stored: bytes) -> tuple[dict[str, object], bytes]:
    """Answer one request."""
    from bot.rendering.reply import Named, ReplyContext, render  # noqa: PLC0415 - heavy, so only after the limits stand
    from storage.transcripts import BODY  # noqa: PLC0415 - same

    given = {"named": Named(**request["named"]), "context": ReplyContext(**request["context"])}
    reply = render(BODY.validate_json(stored), **(request | given))
    attachments = [{"name": each.name, "title": each.title, "size": len(each.content)} for each in reply.attachments]
    contents = b"".join(each.content for each in reply.attachments)
    return {"text": reply.text, "blocks": list(reply.blocks), "attachments": attachments}, contents


if __name__ == "__main__":
    serve_with_bytes(work)
