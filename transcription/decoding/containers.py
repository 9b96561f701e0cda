"""Opens a recording of any allowed format, and selects the tracks of sound in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec import Codec
from av.codec.codec import UnknownCodecError
from av.container import InputContainer
from av.stream import Discard, Disposition

from transcription.decoding.errors import NoAudioTrack, Undecodable
from transcription.decoding.ogg import MOST_LINKS, Section, links
from transcription.recording_kinds import DEMUXERS

_KNOWS_SAMPLES = {"mov,mp4,m4a,3gp,3g2,mj2", "ogg", "flac"}
"""Formats that store the number of samples. A truncated file of another format looks complete."""

_STATES_LENGTH = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "asf", "flv", "wav", "w64", "flac", "caf", "aiff"}
"""Formats whose header states a length. FFmpeg derives that of the others from the time stamps of the file."""

_RATES = range(4_000, 192_000 + 1)
"""Allowed sample rates in Hz. With a header of 1 Hz, one megabyte would become eleven days of audio."""

_MOST_CHANNELS = 16

_SEARCHED_BYTES = 2**27
_SEARCHED_SECONDS = 3_600
"""How far tracks of sound are searched for, in bytes and in seconds, if they do not show at the beginning."""

MOST_TRACKS = 32
"""Tracks that are mixed; a recorder has one for each person."""

_FOR_OTHERS = Disposition.visual_impaired | Disposition.hearing_impaired | Disposition.comment | Disposition.dub
"""A film's tracks that say the same otherwise."""

_NO_LANGUAGE = {None, "", "und", "mul", "zxx", "mis"}


@dataclass(kw_only=True, slots=True)
class MediaPart:
    """What is opened at once: a whole file, or one of several joined Ogg files.

    `searched`: its tracks of sound are not found at its beginning, for example because it begins with pictures only.
    """

    source: BinaryIO
    section: Section | None = None
    searched: bool = False


def parts_of(source: BinaryIO) -> list[MediaPart]:
    """Return the parts to decode, one after the other."""
    begins = links(source)
    if len(begins) < 2:  # noqa: PLR2004 - nothing is joined here
        return [MediaPart(source=source)]
    ends = [*begins[1:], os.fstat(source.fileno()).st_size]
    joined = (Section(source, start=start, end=end) for start, end in zip(begins, ends, strict=True))
    return [MediaPart(source=source, section=section) for section in joined][:MOST_LINKS]


def channels_in(part: MediaPart) -> list[int]:
    """Return how many channels each track has. Tracks that begin late are searched for.

    Raises `NoAudioTrack`, `Undecodable`, or `av.FFmpegError`.
    """
    try:
        with opened(part) as recording:
            return [track.codec_context.layout.nb_channels for track in tracks_of(recording)]
    except (NoAudioTrack, Undecodable):
        if part.searched:
            raise
    part.searched = True
    return channels_in(part)


def opened(part: MediaPart) -> InputContainer:
    """Open a recording. Raises `av.FFmpegError` if its format is not allowed."""
    source, section = part.source, part.section
    options = {
        "fd": str(source.fileno()),
        "protocol_whitelist": "fd",  # a file that refers to another file cannot open it
        "format_whitelist": ",".join(DEMUXERS),
        # Opening a file decodes part of each track; video decoders are not worth the risk.
        "codec_whitelist": ",".join(audio_decoders()),
    }
    if part.searched:
        options |= {"probesize": str(_SEARCHED_BYTES), "analyzeduration": str(_SEARCHED_SECONDS * av.time_base)}
    if section is not None:
        section.seek(0)
        del options["fd"]
    else:
        os.lseek(source.fileno(), 0, os.SEEK_SET)
    # Without a name, FFmpeg cannot interpret patterns or suffixes in it.
    return av.open(section or "fd:", mode="r", options=options, metadata_errors="replace")


def tracks_of(recording: InputContainer) -> list[AudioStream]:
    """Select the tracks of sound and make FFmpeg skip everything else.

    Tracks that cannot be decoded are ignored. Of a film in several languages, only the language that a player would
    choose is taken.

    Raises `NoAudioTrack`, or `Undecodable` if there should be one.
    """
    tracks = [stream for stream in recording.streams.audio if is_plausible(stream.codec_context)]
    if not tracks:
        raise Undecodable if recording.streams.audio or not _is_video_only(recording) else NoAudioTrack
    best = recording.streams.best("audio")
    first = next((track for track in tracks if best is not None and track.index == best.index), tracks[0])
    taken = [track for track in tracks if _goes_with(track, first)][:MOST_TRACKS]
    for stream in recording.streams:
        if all(stream.index != track.index for track in taken):
            stream.discard = Discard.all
    for track in taken:
        track.codec_context.thread_count = 1
    return taken


def stated_length(recording: InputContainer) -> float | None:
    """Return the seconds that the header states, None if the format has no such field."""
    if recording.format.name not in _STATES_LENGTH or not recording.duration:
        return None
    return recording.duration / av.time_base


def least_seconds(recording: InputContainer, track: AudioStream) -> float:
    """Return the least seconds that an intact track must yield; 0 if the format only estimates them."""
    if recording.format.name not in _KNOWS_SAMPLES or track.duration is None or track.time_base is None:
        return 0.0
    # FFmpeg counts the duration of an Ogg file from zero, wherever it begins.
    duration = track.duration - ((track.start_time or 0) if recording.format.name == "ogg" else 0)
    return float(duration * track.time_base) * 0.99 - 1.0


def is_plausible(sound: AudioCodecContext | AudioFrame | None) -> bool:
    """Return whether the rate and the number of channels are those of real sound."""
    # PyAV has no codec context if FFmpeg has no decoder, despite PyAV's types. Decoding such a track once crashed.
    return sound is not None and sound.sample_rate in _RATES and 1 <= sound.layout.nb_channels <= _MOST_CHANNELS


def _goes_with(track: AudioStream, first: AudioStream) -> bool:
    """Return whether a track belongs to the same sound as the first one, and is no other version of it."""
    if track.index == first.index:
        return True
    spoken = {each for each in (track.language, first.language) if each not in _NO_LANGUAGE}
    return len(spoken) < 2 and not track.disposition & _FOR_OTHERS  # noqa: PLR2004 - two languages


def _is_video_only(recording: InputContainer) -> bool:
    """Return whether the file is a video without audio.

    A file that is cut off before its audio track is declared does not count.
    """
    try:
        return bool(recording.streams.video) and any(packet.size for packet in recording.demux(video=0))
    except av.FFmpegError:
        return False


def audio_decoders() -> Iterator[str]:
    """Yield the names of all decoders that may run."""
    for name in av.codecs_available:
        with suppress(UnknownCodecError):  # an encoder only
            if Codec(name, "r").type == "audio":
                yield name
