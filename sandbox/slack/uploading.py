"""Step two of an upload: the bytes come to the address that `files.getUploadURLExternal` gave.

Raw or multipart, without a token (https://docs.slack.dev/messaging/working-with-files#uploading_files).
"""

from __future__ import annotations

from aiohttp import web
from aiohttp.web_request import FileField

from sandbox.faults import Faults
from sandbox.slack.calls import CallLog
from sandbox.slack.context import Pending


class Uploads:
    """Takes the bytes of pending uploads; armed faults are keyed `upload`."""

    def __init__(self, uploads: dict[str, Pending], *, faults: Faults, log: CallLog) -> None:
        self._uploads = uploads
        self._faults = faults
        self._log = log

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Keep the bytes; as many as announced, or they are refused."""
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

            response = await self._faults.meet("upload", request, act)
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
