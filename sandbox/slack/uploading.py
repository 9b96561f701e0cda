"""Step two of an upload: accept the bytes at the address from `files.getUploadURLExternal`.

They are sent raw or as multipart, without a token
(https://docs.slack.dev/messaging/working-with-files#uploading_files).
"""

from __future__ import annotations

from aiohttp import web
from aiohttp.web_request import FileField

from sandbox.faults import Faults
from sandbox.slack.calls import CallLog
from sandbox.slack.context import Pending


class Uploads:
    """Accepts the bytes of pending uploads. Fault name: `upload`."""

    def __init__(self, uploads: dict[str, Pending], *, faults: Faults, log: CallLog) -> None:
        self._uploads = uploads
        self._faults = faults
        self._log = log

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Store the bytes. Their number must be the announced length."""
        content = await _content(request)
        pending = self._uploads.get(request.match_info["ticket"])
        named = {"file": pending.file_id if pending else None, "length": len(content)}
        with self._log.record("upload", named) as entry:

            async def act() -> web.StreamResponse:
                if pending is None or len(content) != pending.length:
                    entry.settle(ok=False, error="refused")
                    return web.Response(status=404 if pending is None else 400, text="refused")
                pending.content = content
                entry.settle(ok=True)
                return web.Response(text=f"OK - {len(content)}")

            response = await self._faults.apply("upload", request, act)
            entry.settle_unless_done(request, response)
            return response


async def _content(request: web.Request) -> bytes:
    if not request.content_type.startswith("multipart/"):
        return await request.read()
    for sent in (await request.post()).values():
        if isinstance(sent, FileField):
            return sent.file.read()
        return sent.encode() if isinstance(sent, str) else bytes(sent)
    return b""
