"""The corpus of bad and unusual input files: mistakes, damage and attacks.

Each item makes one file and states the expected result of sharing it: its transcript, one sentence that explains why
there is none, or no reply. `tests/journeys/test_corpus.py` shares all of them with a real bot.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.corpus import files
from tests.corpus.files import Make
from tests.transcription.recordings import Kind, wav_header

End = Literal["transcript", "sentence", "alone"]
"""`alone`: no word and no reaction."""

LONGEST = 400 * 60
"""Seconds that Botlhale AI takes; the corpus is shared with a bot that uses it."""

LARGEST = 2**30
"""Bytes that the bot takes by default."""

INCOMPLETE = (
    "This recording is incomplete: its end is missing, so it couldn't be read. Export it again from the app that "
    "recorded it, and share the new file."
)
REMARK = "Parts of this recording couldn't be read, so some words may be missing."


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One file of the corpus.

    `make` gives its bytes and may use an empty folder; a file of `size` bytes goes on with zeros that take no room.
    `says` stands in the reply. `seconds` is the length of a transcript's recording. `disk` is how many bytes the bot
    may write, at most.
    """

    make: Make
    end: End
    says: str = ""
    name: str = "voice.m4a"
    mimetype: str = "audio/mp4"
    seconds: float | None = None
    size: int | None = None
    disk: int = 2**26

    def write(self, folder: Path) -> Path:
        """Make the file in an empty folder."""
        content = self.make(folder)
        made = folder / "shared"
        with made.open("wb") as file:
            file.write(content)
            file.truncate(self.size or len(content))
        return made


def refused(make: Make, says: str = "couldn't be read") -> Item:
    return Item(make=make, end="sentence", says=says)


def heard(make: Make, *, seconds: float | None = None, says: str = "") -> Item:
    return Item(make=make, end="transcript", seconds=seconds, says=says)


def alone(make: Make, name: str, mimetype: str) -> Item:
    return Item(make=make, end="alone", name=name, mimetype=mimetype)


AAC = files.encoded(Kind(suffix=".aac", codec="aac", container="adts"))
AMR = files.encoded(Kind(suffix=".amr", codec="libopencore_amrnb", rate=8_000, bit_rate=12_200))
FLAC = files.encoded(Kind(suffix=".flac", codec="flac"))
M4A = files.encoded(Kind(suffix=".m4a", codec="aac"))
M4A_INDEX_FIRST = files.encoded(Kind(suffix=".m4a", codec="aac", options={"movflags": "faststart"}))
MP3 = files.encoded(Kind(suffix=".mp3", codec="libmp3lame", rate=44_100, bit_rate=64_000))
MP3_OTHERWISE = files.encoded(Kind(suffix=".mp3", codec="libmp3lame", rate=22_050, layout="stereo"))
OGG = files.encoded(Kind(suffix=".ogg", codec="libopus"))
WAV = files.encoded(Kind(suffix=".wav", codec="pcm_s16le", rate=16_000))
WEBM = files.encoded(Kind(suffix=".webm", codec="libopus"))

PAGE = b"<!DOCTYPE html><html><head><title>Sign in to Slack</title></head><body>" + b"<p>hello</p>" * 5_000
TEXT = b"Dear all, the minutes of our meeting are below.\n" * 500
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
PLAYLIST = b"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXTINF:4.0,\nother.wav\n#EXT-X-ENDLIST\n"
SESSION = (
    b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\na=rtpmap:0 PCMU/8000\n"
)
MANIFEST = (
    b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><BaseURL>other.wav</BaseURL>'
    b"</Period></MPD>"
)
ONE_PIXEL = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
NO_NOTES = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x04\0\xff\x2f\0"

NO_RECORDING: dict[str, Item] = {
    "nothing": refused(lambda _: b"", "is empty"),
    "one byte": refused(lambda _: b"R"),
    "zeros": refused(lambda _: bytes(100_000)),
    "noise": refused(lambda _: random.Random(1).randbytes(200_000)),
    "text": refused(lambda _: TEXT),
    "text in UTF-16": refused(lambda _: TEXT.decode().encode("utf-16")),
    "a page instead of the file": refused(lambda _: PAGE),
    "JSON": refused(lambda _: b'{"ok": false, "error": "not_authed"}'),
    "a document": refused(lambda _: PDF),
    "a program": refused(lambda _: b"MZ\x90\x00" + random.Random(2).randbytes(4_000)),
    "a song without a sound": refused(lambda _: NO_NOTES),
    "a zip archive": refused(lambda folder: files.zipped("voice.wav", WAV(folder))),
    "a tar archive": refused(lambda folder: files.tarred("voice.wav", WAV(folder))),
    "a gzip archive": refused(lambda folder: files.gzipped(WAV(folder))),
    "a 7z archive": refused(lambda _: b"7z\xbc\xaf\x27\x1c\0\x04" + random.Random(3).randbytes(4_000)),
    "a rar archive": refused(lambda _: b"Rar!\x1a\x07\x01\0" + random.Random(4).randbytes(4_000)),
    "a PNG": refused(lambda _: files.png(side=64)),
    "a JPEG": refused(files.jpeg),
    "a GIF": refused(lambda _: ONE_PIXEL),
    "a drawing": refused(lambda _: files.svg_of_entities(levels=1)),
    "a playlist that names another file": refused(lambda _: PLAYLIST),
    "a playlist that names an address": refused(lambda _: PLAYLIST.replace(b"other.wav", b"http://127.0.0.1:9/a.ts")),
    "a list of files to join": refused(lambda _: b"ffconcat version 1.0\nfile other.wav\n"),
    "a description of a session": refused(lambda _: SESSION),
    "a manifest of a stream": refused(lambda _: MANIFEST),
    "a video without sound, as a voice note": refused(files.film, "This file has no sound"),
    "a WAV without a sound": refused(lambda _: wav_header(claims=0), "This file has no sound"),
}

CUT: dict[str, Item] = {
    "m4a cut before its index": refused(files.start(M4A, share=0.5), INCOMPLETE),
    "an index cut in the middle": refused(files.start(M4A_INDEX_FIRST, share=0.01), INCOMPLETE),
    "only the head of an ogg": refused(lambda folder: OGG(folder)[:60]),
    "only the head of a webm": refused(lambda folder: WEBM(folder)[:60]),
    "a video cut before its sound": Item(
        make=lambda folder: files.before_the_sound(files.talkie(folder)),
        end="sentence",
        says=INCOMPLETE,
        name="clip.mp4",
        mimetype="video/mp4",
    ),
    "a video cut before its list of tracks": Item(
        make=files.start(files.talkie, share=0.01),
        end="sentence",
        says=INCOMPLETE,
        name="clip.mp4",
        mimetype="video/mp4",
    ),
    "m4a without its beginning": refused(lambda folder: M4A(folder)[8_000:]),
    "half an m4a with its index first": heard(files.start(M4A_INDEX_FIRST, share=0.5), says=REMARK),
    "half a flac": heard(files.start(FLAC, share=0.5), says=REMARK),
    "half an mp3": heard(files.start(MP3, share=0.5)),
    "half an ogg": heard(files.start(OGG, share=0.5)),
    "half a webm": heard(files.start(WEBM, share=0.5)),
    "half a wav": heard(files.start(WAV, share=0.5), seconds=1.5),
    "half an aac": heard(files.start(AAC, share=0.5)),
    "half an amr": heard(files.start(AMR, share=0.5)),
    "an mp3 without its beginning": heard(lambda folder: MP3(folder)[9_000:]),
    "a hole in the middle": heard(lambda folder: files.with_hole(MP3(folder)), says=REMARK),
}

BROKEN: dict[str, Item] = {
    "noise behind an MP3's tag": refused(lambda _: b"ID3\x04\0\0\0\0\0\0" + random.Random(5).randbytes(100_000)),
    "a tag that claims 256 MB": refused(lambda _: b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(1_000)),
    "a WAV of 1 Hz": refused(lambda _: wav_header(rate=1) + bytes(1_000_000)),
    "a WAV of 4 GHz": refused(lambda _: wav_header(rate=4_000_000_000) + bytes(100_000)),
    "a WAV of 65,535 channels": refused(lambda _: wav_header(channels=65_535) + bytes(500_000)),
    "a WAV of 17 channels": refused(lambda _: wav_header(channels=17) + bytes(340_000)),
    "a WAV of 0 channels": refused(lambda _: wav_header(channels=0) + bytes(1_000)),
    "a WAV of a codec that does not exist": refused(lambda _: wav_header(kind=0x7777) + bytes(1_000)),
    "four thousand million samples": refused(lambda folder: files.mp4_with_absurd_table(M4A(folder))),
    "boxes in boxes in boxes": refused(lambda _: files.mp4_of_boxes_in_boxes(depth=5_000)),
    "a WAV that declares 100 hours": heard(files.wav_that_declares_100_hours, seconds=3),
    "a FLAC that declares 100 hours": heard(lambda _: files.flac(seconds=3, declared=360_000), seconds=3, says=REMARK),
    "an M4A that declares 100 hours": heard(lambda folder: files.mp4_of_100_hours(M4A(folder)), seconds=3),
    "a WebM that declares 100 hours": heard(lambda folder: files.matroska_of_100_hours(WEBM(folder)), seconds=3),
    "an Ogg that declares 100 hours": heard(lambda folder: files.ogg_of_100_hours(OGG(folder)), seconds=3, says=REMARK),
    "an MP3 that declares 100 hours": heard(lambda folder: files.mp3_of_100_hours(MP3(folder)), seconds=3),
}

BOMBS: dict[str, Item] = {
    "20 MB in a gzip": refused(lambda _: files.gzipped(bytes(20_000_000))),
    "a zip of zips of zips": refused(lambda _: files.zip_of_zips(size=10_000_000, depth=4)),
    "100 million pixels": refused(lambda _: files.png(side=10_000)),
    "a billion laughs": refused(lambda _: files.svg_of_entities(levels=9)),
    "an index that unpacks to 2 GB": refused(lambda _: files.mp4_with_compressed_index(declared=2**31 - 1)),
}

UNUSUAL: dict[str, Item] = {
    "an Ogg that is called M4A": heard(OGG, seconds=3),
    "an M4A that is called MP3": Item(make=M4A, end="transcript", name="voice.mp3", mimetype="audio/mpeg", seconds=3),
    "a video that is called WAV": Item(make=files.talkie, end="transcript", name="voice.wav", mimetype="audio/wav"),
    "a video": Item(make=files.talkie, end="transcript", name="clip.mp4", mimetype="video/mp4", seconds=3),
    "eight channels": heard(files.encoded(Kind(suffix=".wav", codec="pcm_s16le", layout="7.1")), seconds=3),
    "eight channels without names": heard(files.nameless_channels, seconds=3),
    "192 kHz": heard(files.encoded(Kind(suffix=".wav", codec="pcm_s16le", rate=192_000)), seconds=3),
    "192 kHz, eight channels": heard(
        files.encoded(Kind(suffix=".flac", codec="flac", rate=192_000, layout="7.1")), seconds=3
    ),
    "a tenth of a second": heard(files.encoded(Kind(suffix=".wav", codec="pcm_s16le"), seconds=0.1), seconds=0.1),
    "another rate and more channels on the way": heard(lambda folder: MP3(folder) + MP3_OTHERWISE(folder), seconds=6),
    "silence": Item(make=files.silence, end="sentence", says="No speech found in "),
}

LEFT_ALONE: dict[str, Item] = {
    "a video without sound": alone(files.film, "clip.mp4", "video/mp4"),
    "a screen recording without sound": alone(files.film, "screen.mov", "video/quicktime"),
    "a report": alone(lambda _: PDF, "report.pdf", "application/pdf"),
    "minutes": alone(lambda _: TEXT, "minutes.txt", "text/plain"),
    "a site": alone(lambda _: PAGE, "site.html", "text/html"),
    "a photo": alone(files.jpeg, "photo.jpg", "image/jpeg"),
    "an archive": alone(lambda folder: files.zipped("voice.wav", WAV(folder)), "all.zip", "application/zip"),
    "a recording that is said to be a text": alone(WAV, "notes.txt", "text/plain"),
    "a file without an ending": alone(lambda _: TEXT, "README", ""),
}

SMALL: dict[str, Item] = NO_RECORDING | CUT | BROKEN | BOMBS | UNUSUAL | LEFT_ALONE

_WAV_OF_THE_LONGEST = 2 * 16_000 * LONGEST + 2**22
TOO_LONG = "longer than 400 minutes"

LARGE: dict[str, Item] = {
    "a gigabyte": Item(
        make=lambda folder: files.padded(files.talkie(folder), size=LARGEST),
        size=LARGEST,
        end="transcript",
        name="clip.mp4",
        mimetype="video/mp4",
        seconds=3,
        disk=LARGEST + 2**22,
    ),
    "a gigabyte and a byte": Item(
        make=files.talkie, size=LARGEST + 1, end="sentence", says="larger than 1,024 MB", disk=2**16
    ),
    "400 minutes": Item(
        make=lambda _: files.flac(seconds=LONGEST), end="transcript", seconds=LONGEST, disk=_WAV_OF_THE_LONGEST
    ),
    "a day in 300 KB": Item(
        make=lambda _: files.flac(seconds=24 * 3_600), end="sentence", says=TOO_LONG, disk=_WAV_OF_THE_LONGEST
    ),
}

LONG: dict[str, Item] = {
    "a gigabyte of zeros": Item(
        make=lambda _: b"", size=LARGEST, end="sentence", says="couldn't be read", disk=LARGEST + 2**22
    ),
    "a gigabyte of sound": Item(
        make=lambda _: wav_header(rate=192_000, channels=8, claims=LARGEST - 44) + b"\1" * 16,
        size=LARGEST,
        end="transcript",
        name="studio.wav",
        mimetype="audio/wav",
        seconds=349.525,
        disk=LARGEST + 2**24,
    ),
    "400 minutes and a second": Item(
        make=lambda _: files.flac(seconds=LONGEST + 1), end="sentence", says=TOO_LONG, disk=_WAV_OF_THE_LONGEST
    ),
    "400 minutes of a voice note": Item(
        make=files.long_voice_note(seconds=LONGEST), end="transcript", seconds=LONGEST, disk=2**28 + _WAV_OF_THE_LONGEST
    ),
}
"""The same ends by longer ways: minutes of work."""
