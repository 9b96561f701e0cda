"""Make the files of the corpus: encoder output, containers with false headers, and decompression bombs."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import wave
import zipfile
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np

from tests.transcription.recordings import Kind, encode, silent_film, voice, wav_header

Make = Callable[[Path], bytes]
"""Gives a file's bytes; may use an empty folder and leaves nothing in it."""

_HUNDRED_HOURS = 100 * 3_600
"""Seconds."""

_BLOCK = 65_535
"""Samples; the most that one FLAC frame holds."""


# --- what encoders make ---------------------------------------------------------------------------------------------


def encoded(kind: Kind, *, seconds: float = 3.0) -> Make:
    """The tests' voice as that kind of file; made once."""
    made: list[bytes] = []

    def make(folder: Path) -> bytes:
        if not made:
            made.append(_taken(encode(folder / f"made{kind.suffix}", kind, seconds=seconds)))
        return made[0]

    return make


_TALKIE = encoded(Kind(suffix=".mp4", codec="aac", video="mpeg4", options={"movflags": "faststart"}))


def film(folder: Path) -> bytes:
    """A video without any sound."""
    return _taken(silent_film(folder / "made.mp4"))


def talkie(folder: Path) -> bytes:
    """A video with sound."""
    return _TALKIE(folder)


def silence(folder: Path) -> bytes:
    """Two seconds in which nothing is to be heard."""
    kind = Kind(suffix=".flac", codec="flac", rate=16_000)
    return _taken(encode(folder / "made.flac", kind, sound=np.zeros(32_000)))


def nameless_channels(folder: Path) -> bytes:
    """Eight channels of which nobody says where they belong."""
    with wave.open(str(folder / "made.wav"), "wb") as wav:
        wav.setnchannels(8)
        wav.setsampwidth(2)
        wav.setframerate(48_000)
        wav.writeframes(np.repeat((voice(3.0, 48_000) * 20_000).astype("<i2"), 8).tobytes())
    return _taken(folder / "made.wav")


def jpeg(_: Path) -> bytes:
    """A grey picture."""
    codec = av.CodecContext.create("mjpeg", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt, codec.time_base = 64, 64, "yuvj420p", Fraction(1)
    return b"".join(bytes(packet) for packet in [*codec.encode(av.VideoFrame(64, 64, "yuvj420p")), *codec.encode(None)])


def long_voice_note(*, seconds: int) -> Make:
    """So many seconds of a tone as a phone would record them, made a minute at a time."""

    def make(folder: Path) -> bytes:
        with av.open(str(folder / "made.m4a"), "w") as target:
            audio = target.add_stream("aac", rate=16_000, layout="mono")
            audio.bit_rate = 24_000
            minute = (voice(60, 16_000) * 20_000).astype(np.int16)[np.newaxis]
            for number in range(seconds // 60):
                frame = av.AudioFrame.from_ndarray(minute, format="s16", layout="mono")
                frame.sample_rate, frame.time_base, frame.pts = 16_000, Fraction(1, 16_000), number * 960_000
                target.mux(audio.encode(frame))
            target.mux(audio.encode(None))
        return _taken(folder / "made.m4a")

    return make


def _taken(made: Path) -> bytes:
    content = made.read_bytes()
    made.unlink()
    return content


# --- what mishaps make of it ----------------------------------------------------------------------------------------


def start(make: Make, *, share: float) -> Make:
    """The beginning of it: what is there when a connection breaks."""

    def cut(folder: Path) -> bytes:
        content = make(folder)
        return content[: int(len(content) * share)]

    return cut


def before_the_sound(content: bytes) -> bytes:
    """An MP4 with its whole index and nothing of what that tells of."""
    return content[: content.index(b"mdat") + 4]


def with_hole(content: bytes) -> bytes:
    """A thousand bytes of nonsense in the middle."""
    middle = len(content) // 2
    return content[:middle] + b"\xaa" * 1_000 + content[middle + 1_000 :]


# --- containers that lie about a length -----------------------------------------------------------------------------


def wav_that_declares_100_hours(_: Path) -> bytes:
    """Three seconds behind a header of a hundred hours."""
    sound = (voice(3.0, 8_000) * 100 + 128).astype(np.uint8).tobytes()
    return wav_header(rate=8_000, bits=8, claims=8_000 * _HUNDRED_HOURS) + sound


def mp4_of_100_hours(content: bytes) -> bytes:
    """An MP4 whose every header of a length (movie, track, media; version 0) tells that one."""
    changed = bytearray(content)
    for kind, scale_at, length_at in ((b"mvhd", 16, 20), (b"mdhd", 16, 20), (b"tkhd", None, 24)):
        for at in _places(content, kind):
            scale = int.from_bytes(content[at + scale_at : at + scale_at + 4]) if scale_at else 1_000
            changed[at + length_at : at + length_at + 4] = min(_HUNDRED_HOURS * scale, 2**32 - 2).to_bytes(4)
    return bytes(changed)


def matroska_of_100_hours(content: bytes) -> bytes:
    """A Matroska file with another `Duration` (element 4489, eight bytes, milliseconds)."""
    at = content.index(b"\x44\x89\x88") + 3
    return content[:at] + struct.pack(">d", _HUNDRED_HOURS * 1_000.0) + content[at + 8 :]


def ogg_of_100_hours(content: bytes) -> bytes:
    """An Ogg whose last page says how much (at 48 kHz) was before it."""
    at = content.rindex(b"OggS")
    page = bytearray(content[at:])
    page[6:14], page[22:26] = struct.pack("<q", _HUNDRED_HOURS * 48_000), bytes(4)
    page[22:26] = _checksum(page, bits=32, polynomial=0x04C1_1DB7).to_bytes(4, "little")
    return content[:at] + bytes(page)


def mp3_of_100_hours(content: bytes) -> bytes:
    """An MP3 whose first frame counts as many frames."""
    at = next(at for mark in (b"Info", b"Xing") for at in _places(content, mark))
    return content[: at + 8] + struct.pack(">I", _HUNDRED_HOURS * 44_100 // 1_152) + content[at + 12 :]


def _places(content: bytes, mark: bytes) -> Iterator[int]:
    at = content.find(mark)
    while at >= 0:
        yield at
        at = content.find(mark, at + 1)


# --- containers that unpack to far more -----------------------------------------------------------------------------


def flac(*, seconds: float, declared: float | None = None) -> bytes:
    """A FLAC (16 kHz, mono) of one unchanging sample: 14 bytes for four seconds, 13 KB for an hour.

    `declared` is the length that the header tells. The format is RFC 9639.
    """
    samples = round(seconds * 16_000)
    told = samples if declared is None else round(declared * 16_000)
    info = struct.pack(">HH", _BLOCK, _BLOCK) + bytes(6) + (16_000 << 44 | 15 << 36 | told).to_bytes(8) + bytes(16)
    lengths = (min(_BLOCK, samples - at) for at in range(0, samples, _BLOCK))
    return b"fLaC\x80\0\0\x22" + info + b"".join(_flac_frame(number, length) for number, length in enumerate(lengths))


def _flac_frame(number: int, samples: int) -> bytes:
    # Of a length told in 16 bits, at the file's rate, mono, 16 bits deep; its number goes beyond where surrogates are.
    head = b"\xff\xf8\x70\x08" + chr(number).encode("utf-8", "surrogatepass") + struct.pack(">H", samples - 1)
    frame = head + _checksum(head, bits=8, polynomial=0x07).to_bytes(1) + b"\x00\x00\x01"
    return frame + _checksum(frame, bits=16, polynomial=0x8005).to_bytes(2)


def _checksum(content: bytes | bytearray, *, bits: int, polynomial: int) -> int:
    value, top = 0, 1 << (bits - 1)
    for byte in content:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = ((value << 1) ^ polynomial if value & top else value << 1) & ((top << 1) - 1)
    return value


_FTYP = struct.pack(">I", 24) + b"ftypM4A \0\0\0\0M4A mp42"


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def mp4_with_compressed_index(*, declared: int) -> bytes:
    """An M4A with an index in zlib, which says that it unpacks to `declared` bytes."""
    packed = _box(b"cmvd", struct.pack(">I", declared) + zlib.compress(bytes(2**20)))
    return _FTYP + _box(b"moov", _box(b"cmov", _box(b"dcom", b"zlib") + packed))


def mp4_of_boxes_in_boxes(*, depth: int) -> bytes:
    """An index in an index in an index."""
    content = b""
    for _ in range(depth):
        content = _box(b"moov", content)
    return _FTYP + content


def mp4_with_absurd_table(content: bytes) -> bytes:
    """An MP4 that says to have four thousand million samples."""
    at = content.index(b"stsz") + 12
    return content[:at] + b"\xff\xff\xff\xf0" + content[at + 4 :]


def padded(content: bytes, *, size: int) -> bytes:
    """An MP4 that goes on with free space to `size` bytes, which are not given here."""
    return content + struct.pack(">I4sQ", 1, b"free", size - len(content))


def gzipped(content: bytes) -> bytes:
    """An archive without a name; of zeros, a thousandth of them."""
    return gzip.compress(content)


def zipped(name: str, content: bytes) -> bytes:
    """An archive of one file."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return target.getvalue()


def zip_of_zips(*, size: int, depth: int) -> bytes:
    """An archive of an archive of an archive of zeros."""
    content = bytes(size)
    for level in range(depth):
        content = zipped(f"{level}.zip", content)
    return content


def tarred(name: str, content: bytes) -> bytes:
    """An archive of one file, as it is."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return target.getvalue()


def png(*, side: int) -> bytes:
    """A black square; the compressed pixels of a large one are next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj()
    pixels = b"".join(packer.compress(bytes(1 + side // 8)) for _ in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def svg_of_entities(*, levels: int) -> bytes:
    """A drawing whose text grows ten times longer at every level but the first: nine are a billion laughs."""
    names = [f"a{level}" for level in range(levels)]
    entities = "".join(f'<!ENTITY {after} "{f"&{before};" * 10}">' for before, after in pairwise(names))
    return f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a0 "ha">{entities}]><svg>&{names[-1]};</svg>'.encode()
