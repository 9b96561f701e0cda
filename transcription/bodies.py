"""What is sent to a provider: bodies of a known length, read from disk while they are sent.

Storage behind a presigned form accepts no chunked encoding and a recording may be hundreds of megabytes, so a body
is a row of pieces whose length is known before the first byte is read. Memory stays at one block.
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
"""Bytes of one block on the wire: sending costs least with this, and five times as much with blocks of 64 KiB."""

READ_FOR_BASE64 = BLOCK // 4 * 3
"""Bytes that become one block in base64; a multiple of three, so that blocks can be joined."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FromDisk:
    """The first `size` bytes of a file, `in_base64` (RFC 4648, section 4) or as they are."""

    path: Path
    size: int
    in_base64: bool = False

    @property
    def length(self) -> int:
        """Bytes on the wire."""
        return -(-self.size // 3) * 4 if self.in_base64 else self.size

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Read block by block, each in a thread. Raises `Unavailable` if the file is not what was measured."""
        step = READ_FOR_BASE64 if self.in_base64 else BLOCK
        try:
            for offset in range(0, self.size, step):
                yield await asyncio.to_thread(self._block, offset, min(self.size - offset, step))
        except OSError as error:
            raise Unavailable(f"the recording cannot be read ({type(error).__name__})") from error

    def _block(self, offset: int, size: int) -> bytes:
        # Opened anew each time, so that nothing stays open of a sending that is called off.
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
        """The headers that frame it; a stated length keeps the client from chunked encoding."""
        length = sum(len(piece) if isinstance(piece, bytes) else piece.length for piece in self.pieces)
        return {"Content-Type": self.content_type, "Content-Length": str(length)}

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Give the bytes; may be called once per sending."""
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
    """Measure a recording before anything is sent.

    Raises `TicketExpired` if it is no longer on disk: the job starts again and fetches it.
    """
    try:
        found = await asyncio.to_thread(path.stat)
    except OSError as error:
        raise TicketExpired(f"the recording is not on disk ({type(error).__name__})") from error
    return FromDisk(path=path, size=found.st_size, in_base64=in_base64)


def multipart(fields: Sequence[tuple[str, str]], files: Sequence[FilePart] = ()) -> Body:
    """Frame fields and then files, in the order given, as `multipart/form-data` (RFC 7578)."""
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
    """Escape as browsers do (HTML standard, "multipart/form-data encoding algorithm")."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def urlencoded(fields: Mapping[str, str]) -> Body:
    """Frame fields as `application/x-www-form-urlencoded`."""
    return Body(content_type="application/x-www-form-urlencoded", pieces=(urlencode(fields).encode(),))
