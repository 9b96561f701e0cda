"""Request bodies for providers: their length is known in advance, and files are read from disk while they are sent.

The storage behind a presigned form does not accept chunked encoding, and a recording can be hundreds of megabytes. So a
body is a sequence of pieces whose total length is known before the first byte is read. At most one block is in memory.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from transcription.errors import TicketExpired, Unavailable

BLOCK = 2**20
"""Bytes per block on the wire. This size is the cheapest to send; blocks of 64 KiB cost five times as much."""

READ_FOR_BASE64 = BLOCK // 4 * 3
"""Bytes that base64 turns into one block. A multiple of three, so that the encoded blocks can be concatenated."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FromDisk:
    """The first `size` bytes of a file, raw or with `in_base64` encoded in base64 (RFC 4648, section 4)."""

    path: Path
    size: int
    in_base64: bool = False

    @property
    def length(self) -> int:
        """Return the number of bytes on the wire."""
        return -(-self.size // 3) * 4 if self.in_base64 else self.size

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the content block by block; each block is read in a thread.

        Raises `Unavailable` if the file changed in size.
        """
        step = READ_FOR_BASE64 if self.in_base64 else BLOCK
        try:
            for offset in range(0, self.size, step):
                yield await asyncio.to_thread(self._block, offset, min(self.size - offset, step))
        except OSError as error:
            raise Unavailable(f"the recording cannot be read ({type(error).__name__})") from error

    def _block(self, offset: int, size: int) -> bytes:
        # Open the file for each block, so that a cancelled request leaves no open file.
        with self.path.open("rb", buffering=0) as file:
            file.seek(offset)
            block = file.read(size)
        if len(block) < size:
            raise OSError("the file became shorter")
        return base64.b64encode(block) if self.in_base64 else block


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """A request body: its media type and its pieces in order."""

    content_type: str
    pieces: tuple[bytes | FromDisk, ...]

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers for this body. With a Content-Length the HTTP client does not use chunked encoding."""
        length = sum(len(piece) if isinstance(piece, bytes) else piece.length for piece in self.pieces)
        return {"Content-Type": self.content_type, "Content-Length": str(length)}

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of the body. Call it once per request."""
        for piece in self.pieces:
            if isinstance(piece, bytes):
                yield piece
                continue
            async with aclosing(piece.chunks()) as blocks:
                async for block in blocks:
                    yield block


@dataclass(frozen=True, kw_only=True, slots=True)
class FilePart:
    """A file in a multipart body."""

    name: str
    filename: str
    content: FromDisk
    content_type: str = "audio/wav"


async def measured(path: Path, *, in_base64: bool = False) -> FromDisk:
    """Return the file as a body piece, with its size measured now.

    Raises `TicketExpired` if the recording is no longer on disk: the job then starts again and downloads it.
    """
    try:
        found = await asyncio.to_thread(path.stat)
    except OSError as error:
        raise TicketExpired(f"the recording is not on disk ({type(error).__name__})") from error
    return FromDisk(path=path, size=found.st_size, in_base64=in_base64)


def multipart(fields: Sequence[tuple[str, str]], files: Sequence[FilePart] = ()) -> Body:
    """Encode the fields and then the files, in the given order, as `multipart/form-data` (RFC 7578)."""
    boundary = secrets.token_hex(16)
    pieces: list[bytes | FromDisk] = []
    for name, value in fields:
        pieces.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n'.encode())
        pieces.append(f"{value}\r\n".encode())
    for file in files:
        described = f'form-data; name="{_quoted(file.name)}"; filename="{_quoted(file.filename)}"'
        head = f"--{boundary}\r\nContent-Disposition: {described}\r\nContent-Type: {file.content_type}\r\n\r\n"
        pieces += [head.encode(), file.content, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return Body(content_type=f"multipart/form-data; boundary={boundary}", pieces=tuple(pieces))


def _quoted(text: str) -> str:
    """Escape a name as browsers do (HTML standard, "multipart/form-data encoding algorithm")."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def urlencoded(fields: Mapping[str, str]) -> Body:
    """Encode the fields as `application/x-www-form-urlencoded`."""
    return Body(content_type="application/x-www-form-urlencoded", pieces=(urlencode(fields).encode(),))
