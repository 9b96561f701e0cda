"""What counts as a recording: the one list of file kinds, for what is picked up and for what is decoded. Pure.

Of a name only the suffix says something, and some suffixes are also those of other things: there the first bytes decide
(`begins_like_a_recording`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

HEAD = 65_536
"""The number of first bytes that are looked at."""

Begins = Callable[[bytes], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordingKind:
    """One format. `demuxer` is FFmpeg's name of it; `begins` returns whether a file of it can have these first bytes.

    `shared`: suffixes of it that other things have as well.
    """

    demuxer: str
    suffixes: frozenset[str]
    begins: Begins
    shared: frozenset[str] = frozenset()


def _starts(*magic: bytes, at: int = 0) -> Begins:
    return lambda head: any(head.startswith(each, at) for each in magic)


def _form(*outer: bytes, inner: frozenset[bytes]) -> Begins:
    return lambda head: head[:4] in outer and head[8:12] in inner


def _transport_stream(head: bytes) -> bool:
    """Packets of 188 bytes begin with 0x47; a camcorder puts four bytes in front of each."""
    return any(len(head) > 4 * size and set(head[first::size]) == {0x47} for first, size in ((0, 188), (4, 192)))


_LAYER_2, _LAYER_3 = 2, 1
_SECOND = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_BIT_RATES = {
    (True, _LAYER_2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, _LAYER_3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, _LAYER_2): _SECOND,
    (False, _LAYER_3): _SECOND,
}
"""In kbit/s, by whether it is MPEG-1, and by the layer."""

_SYNC = 0x7FF
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


def _mpeg_frame(header: bytes) -> int:
    """Return the size of an MP2 or MP3 frame, 0 for anything else. Source: ISO/IEC 11172-3 and 13818-3, 2.4.1.3."""
    word = int.from_bytes(header[:4], "big")
    version, layer, bits, rate = word >> 19 & 3, word >> 17 & 3, word >> 12 & 15, word >> 10 & 3
    first = version == 3  # noqa: PLR2004 - MPEG-1
    per_second, hertz = _BIT_RATES.get((first, layer), ()), _RATES.get(version, ())
    if word >> 21 != _SYNC or not 0 < bits < len(per_second) or rate >= len(hertz):
        return 0
    samples = 576 if layer == _LAYER_3 and not first else 1152
    return samples // 8 * per_second[bits] * 1000 // hertz[rate] + (word >> 9 & 1)


def _adts_frame(header: bytes) -> int:
    """Return the size of an AAC frame, 0 if this is not its header. Source: ISO/IEC 13818-7, 6.2."""
    if len(header) < 6 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:  # noqa: PLR2004 - the format's own
        return 0
    return (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5


def _frames(size: Callable[[bytes], int]) -> Begins:
    """Formats of bare frames: three of them must follow each other."""

    def begins(head: bytes) -> bool:
        at = 0
        for _ in range(3):
            step = size(head[at : at + 8])
            if step == 0:
                return False
            at += step
        return True

    return begins


_is_mp3, _is_adts = _frames(_mpeg_frame), _frames(_adts_frame)

KINDS = (
    RecordingKind(
        demuxer="mov",
        suffixes=frozenset(
            {"m4a", "mp4", "mov", "qta", "qt", "m4b", "m4v", "f4v", "f4a", "3gp", "3gpp", "3g2", "3gp2", "3ga"}
        ),
        begins=_starts(b"ftyp", b"moov", b"mdat", b"wide", b"skip", b"free", at=4),
    ),
    RecordingKind(
        demuxer="mp3",
        suffixes=frozenset({"mp3", "mp2", "mpga", "mpa"}),
        begins=lambda head: head.startswith(b"ID3") or _is_mp3(head),
    ),
    RecordingKind(
        demuxer="ogg", suffixes=frozenset({"ogg", "oga", "ogv", "ogx", "opus", "spx"}), begins=_starts(b"OggS")
    ),
    RecordingKind(
        demuxer="matroska", suffixes=frozenset({"webm", "weba", "mkv", "mka"}), begins=_starts(b"\x1a\x45\xdf\xa3")
    ),
    RecordingKind(
        demuxer="wav",
        suffixes=frozenset({"wav", "wave", "bwf", "rf64"}),
        begins=_form(b"RIFF", b"RF64", b"BW64", inner=frozenset({b"WAVE"})),
    ),
    RecordingKind(demuxer="w64", suffixes=frozenset({"w64"}), begins=_starts(b"riff\x2e\x91\xcf\x11")),
    RecordingKind(demuxer="flac", suffixes=frozenset({"flac"}), begins=_starts(b"fLaC")),
    RecordingKind(demuxer="aac", suffixes=frozenset({"aac", "adts"}), begins=_is_adts),
    RecordingKind(demuxer="amr", suffixes=frozenset({"amr", "awb"}), begins=_starts(b"#!AMR")),
    RecordingKind(
        demuxer="asf", suffixes=frozenset({"wma", "wmv", "asf"}), begins=_starts(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11")
    ),
    RecordingKind(demuxer="caf", suffixes=frozenset({"caf"}), begins=_starts(b"caff")),
    RecordingKind(
        demuxer="aiff",
        suffixes=frozenset({"aif", "aiff", "aifc", "aiffc"}),
        begins=_form(b"FORM", inner=frozenset({b"AIFF", b"AIFC"})),
    ),
    RecordingKind(demuxer="avi", suffixes=frozenset({"avi"}), begins=_form(b"RIFF", inner=frozenset({b"AVI "}))),
    RecordingKind(demuxer="flv", suffixes=frozenset({"flv"}), begins=_starts(b"FLV\x01")),
    RecordingKind(
        demuxer="mpeg", suffixes=frozenset({"mpg", "mpeg", "m2p", "vob"}), begins=_starts(b"\x00\x00\x01\xba")
    ),
    RecordingKind(
        demuxer="mpegts",
        suffixes=frozenset({"m2ts", "m2t"}),
        begins=_transport_stream,
        shared=frozenset({"ts", "mts"}),  # TypeScript
    ),
    RecordingKind(demuxer="ac3", suffixes=frozenset({"ac3"}), begins=_starts(b"\x0b\x77")),
    RecordingKind(demuxer="eac3", suffixes=frozenset({"eac3", "ec3"}), begins=_starts(b"\x0b\x77")),
    RecordingKind(demuxer="wv", suffixes=frozenset({"wv"}), begins=_starts(b"wvpk")),
    RecordingKind(demuxer="tta", suffixes=frozenset({"tta"}), begins=_starts(b"TTA1")),
    RecordingKind(
        demuxer="au",
        suffixes=frozenset(),
        begins=_starts(b".snd"),
        shared=frozenset({"au", "snd"}),  # of several programs' own files
    ),
)
"""Formats that contain their own data. Playlists and session descriptions refer to other files and are left out."""

DEMUXERS = tuple(kind.demuxer for kind in KINDS)
SUFFIXES = frozenset[str]().union(*(kind.suffixes for kind in KINDS))
SHARED_SUFFIXES = frozenset[str]().union(*(kind.shared for kind in KINDS))

SHARED_TYPES = frozenset(
    {"video/mp2t", "video/vnd.dlna.mpeg-tts", "model/vnd.mts", "text/vnd.trolltech.linguist", "audio/basic"}
)
"""Types that are derived from a shared suffix alone."""

_SUFFIX = re.compile(r"\.(?=\d*[a-z])[a-z0-9]{1,8}", re.IGNORECASE)
"""A dot, then letters and digits: the last part of "Meeting 29.11" is none."""


def suffix_of(name: str) -> str:
    """Return the suffix of a file's name in lower case and without its dot, or ""."""
    suffix = PurePath(name.strip()).suffix
    return suffix[1:].lower() if _SUFFIX.fullmatch(suffix) else ""


def begins_like_a_recording(head: bytes) -> bool:
    """Return whether a file with these first bytes (`HEAD` of them are enough) can be a recording of some kind."""
    return any(kind.begins(head) for kind in KINDS)
