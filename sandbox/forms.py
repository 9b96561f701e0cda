"""Read request bodies for a stand-in: small bodies, and forms with their fields in the order of arrival."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, MultipartReader, web

from sandbox.provider_server import SEEN, Refusal

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One field of a form; `filename` is None for a field that is no file."""

    name: str
    filename: str | None
    content: bytes

    @property
    def text(self) -> str:
        """Return the field as text. Bytes that are not UTF-8 are rejected with 400."""
        try:
            return self.content.decode()
        except UnicodeDecodeError:
            raise Refusal(400) from None


class NotAForm(Exception):
    """The body is not a form, or a malformed one."""


async def read_body(request: web.Request, *, limit: int) -> bytes:
    """Return the complete body. More than `limit` bytes are rejected with 413."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise Refusal(413)
    return bytes(body)


async def read_form(request: web.Request, *, limit: int) -> list[Part]:
    """Return the fields of either kind of form. Raises `NotAForm`; more than `limit` bytes are rejected with 413."""
    match request.content_type:
        case "multipart/form-data":
            parts = await _read_multipart(request, limit=limit)
        case "application/x-www-form-urlencoded":
            body = await read_body(request, limit=limit)
            pairs = parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
            parts = [Part(name=name, filename=None, content=value.encode()) for name, value in pairs]
        case _:
            raise NotAForm
    request[SEEN].fields.extend(part.name for part in parts)
    return parts


async def open_multipart(request: web.Request) -> MultipartReader:
    """Open a multipart form. Raises `NotAForm` if it is not multipart or its boundary is missing."""
    if request.content_type != MULTIPART:
        raise NotAForm
    try:
        return await request.multipart()
    except ValueError:
        raise NotAForm from None


async def next_part(reader: MultipartReader) -> BodyPartReader | None:
    """Return the next field, or None after the last. Raises `NotAForm` for anything that no browser sends."""
    try:
        part = await reader.next()
    except ValueError:
        raise NotAForm from None
    if isinstance(part, MultipartReader) or (part is not None and not part.name):
        raise NotAForm
    return part


async def read_part(part: BodyPartReader, *, limit: int) -> bytes:
    """Return a complete field. More than `limit` bytes are rejected with 413."""
    content = bytearray()
    while chunk := await read_some(part):
        content += chunk
        if len(content) > limit:
            raise Refusal(413)
    return bytes(content)


async def read_some(part: BodyPartReader) -> bytes:
    """Return the next piece of a field, empty at its end. Raises `NotAForm` if the body ends too early."""
    try:
        return await part.read_chunk(1 << 16)
    except ValueError:
        raise NotAForm from None


async def _read_multipart(request: web.Request, *, limit: int) -> list[Part]:
    if request.content_length is not None and request.content_length > limit:
        raise Refusal(413)
    reader = await open_multipart(request)
    parts: list[Part] = []
    left = limit
    while (part := await next_part(reader)) is not None:
        content = await read_part(part, limit=left)
        left -= len(content)
        parts.append(Part(name=part.name or "", filename=part.filename, content=content))
    return parts
