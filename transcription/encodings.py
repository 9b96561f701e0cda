"""Read the body of an answer up to a bound, decoding it in small steps.

Each step decodes to at most `_STEP` bytes, so that some kilobytes of gzip can neither fill the memory nor occupy the
event loop.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

import httpx

ENCODINGS: Final = frozenset({"gzip", "deflate", "identity"})
"""Accepted Content-Encodings, and only one of them per answer."""

_STEP = 2**18
_GZIP, _ZLIB, _RAW = zlib.MAX_WBITS | 16, zlib.MAX_WBITS, -zlib.MAX_WBITS


async def beginning(answer: httpx.Response, *, most: int) -> bytes:
    """Return the decoded body, at most its first `most` bytes; nothing is read that is not needed.

    Raises `httpx.DecodingError` if it has an unexpected encoding, or is not encoded as its headers say.
    """
    blocks, _ = await _blocks(answer, most=most)
    return b"".join(blocks)


async def whole(answer: httpx.Response, *, most: int) -> bytes | None:
    """Return the decoded body, or None if it has more than `most` bytes. Raises `httpx.DecodingError`."""
    blocks, left = await _blocks(answer, most=most + 1)
    return b"".join(blocks) if left > 0 else None


async def _blocks(answer: httpx.Response, *, most: int) -> tuple[list[bytes], int]:
    """Return the first `most` bytes in blocks, and how many more there may be."""
    names = [name.lower() for name in answer.headers.get_list("Content-Encoding", split_commas=True)]
    if len(names) > 1 or not ENCODINGS.issuperset(names):
        raise httpx.DecodingError("encoded in a way that was not asked for")
    blocks, left = list[bytes](), most
    async for block in _decoded(answer, names[0] if names else "identity"):
        blocks.append(block[:left])
        left -= len(blocks[-1])
        if left <= 0:
            break
    return blocks, left


async def _decoded(answer: httpx.Response, name: str) -> AsyncIterator[bytes]:
    if answer.is_stream_consumed:  # a transport that gives whole answers has decoded it
        yield answer.content
        return
    if name == "identity":
        async for block in answer.aiter_raw():
            yield block
        return
    decoder: zlib._Decompress | None = None
    ended = True
    try:
        async for block in answer.aiter_raw():
            if decoder is None:
                decoder = zlib.decompressobj(_GZIP if name == "gzip" else _form(block))
            for piece in _steps(decoder, block):
                yield piece
                await asyncio.sleep(0)  # others may act in between
            ended = decoder.eof
    except zlib.error:
        raise httpx.DecodingError("not encoded as its headers say") from None
    if not ended:
        raise httpx.DecodingError("the encoded answer was cut off")


def _steps(decoder: zlib._Decompress, block: bytes) -> Iterator[bytes]:
    piece = decoder.decompress(block, _STEP)
    while piece:
        yield piece
        piece = decoder.decompress(decoder.unconsumed_tail, _STEP)


def _form(first: bytes) -> int:
    """Return which "deflate" begins so: with the header of zlib, as RFC 9110 says, or without, as some servers send."""
    return (
        _ZLIB if len(first) > 1 and first[0] & 0x0F == zlib.DEFLATED and (first[0] << 8 | first[1]) % 31 == 0 else _RAW
    )
