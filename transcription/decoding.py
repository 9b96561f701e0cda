"""Decode any shared recording to plain WAV with PyAV: the part of `media_worker` that handles untrusted bytes.

Runs only in a separate process with limits (see `isolation`). Nothing that the file says about itself is trusted: its
name is ignored, and its length is counted in decoded samples.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.codec import Codec
from av.codec.codec import UnknownCodecError
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard

_CONTAINERS = "mov,mp3,ogg,matroska,wav,w64,flac,aac,amr,asf,caf,aiff,mpegts"
"""Formats that contain their own data. Playlists and session descriptions refer to other files and are excluded."""

_KNOWS_LENGTH = {"mov,mp4,m4a,3gp,3g2,mj2", "ogg", "flac"}
"""Formats that store the number of samples. A truncated file of another format looks complete."""

_RATES = range(4_000, 192_000 + 1)
"""Allowed sample rates in Hz. With a header of 1 Hz, one megabyte would become eleven days of audio."""

_MOST_CHANNELS = 16
_LAYOUTS = {1: "mono", 2: "stereo"}
_BLOCK = 48_000
"""Samples that are resampled at once. Resampling the small frames of most codecs one by one takes twice as long."""

_MOST_BAD_PACKETS = 2_000
"""Consecutive packets that cannot be decoded, about 40 seconds of audio. Then decoding stops."""


class Undecodable(Exception):
    """The file opens and should contain audio, but no audio can be decoded."""


class NoAudioTrack(Exception):
    """The file opens, but it contains no audio."""


class TooMuch(Exception):
    """The file contains more samples than allowed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """The decoded audio. `damaged`: a part could not be decoded, or clearly less came out than the file declares."""

    samples: int
    damaged: bool


def convert(source: BinaryIO, target: Path, *, sample_rate: int, most: int, stereo: bool = False) -> Decoded:
    """Write the best audio track as WAV (PCM, 16-bit, `sample_rate` Hz), with at most `most` samples per channel.

    The output is mono. With `stereo`, two channels are kept if the source has two or more.

    Memory use does not grow with the recording, except for the index of an MP4. Parts that cannot be decoded are left
    out.

    Raises `NoAudioTrack`, `Undecodable` or `TooMuch`; `av.FFmpegError` if the format is unknown; and an OSError other
    than FFmpegError if the disk fails.
    """
    samples = 0
    with _open(source) as recording:
        track = _best_track(recording)
        channels = 2 if stereo and track.codec_context.layout.nb_channels > 1 else 1
        due = _least_seconds(recording, track)
        decoder = _Decoder(recording, track)
        with _wav(target, sample_rate, channels) as wav:
            for frame in _mixed(decoder.frames(), sample_rate, layout=_LAYOUTS[channels]):
                samples += frame.samples
                if samples > most:
                    raise TooMuch
                wav.writeframesraw(memoryview(frame.planes[0])[: 2 * channels * frame.samples])
    if samples == 0:
        raise Undecodable if decoder.bad_places or due > 0 else NoAudioTrack
    return Decoded(samples=samples, damaged=decoder.bad_places > 0 or samples / sample_rate < due)


def _open(source: BinaryIO) -> InputContainer:
    return av.open(
        "fd:",  # without a name, FFmpeg cannot interpret patterns or suffixes in it
        mode="r",
        options={
            "fd": str(source.fileno()),
            "protocol_whitelist": "fd",  # a file that refers to another file cannot open it
            "format_whitelist": _CONTAINERS,
            # Opening a file decodes part of each track; video decoders are not worth the risk.
            "codec_whitelist": ",".join(_audio_decoders()),
        },
        metadata_errors="replace",
    )


def _audio_decoders() -> Iterator[str]:
    for name in av.codecs_available:
        with suppress(UnknownCodecError):  # an encoder only
            if Codec(name, "r").type == "audio":
                yield name


def _best_track(recording: InputContainer) -> AudioStream:
    tracks = [stream for stream in recording.streams.audio if _is_plausible(stream.codec_context)]
    if not tracks:
        raise Undecodable if recording.streams.audio or not _is_video_only(recording) else NoAudioTrack
    best = recording.streams.best("audio")
    track = next((track for track in tracks if best is not None and track.index == best.index), tracks[0])
    for stream in recording.streams:
        if stream.index != track.index:
            stream.discard = Discard.all
    track.codec_context.thread_count = 1
    return track


def _is_video_only(recording: InputContainer) -> bool:
    """Return whether the file is a video without audio.

    A file that is cut off before its audio track is declared does not count.
    """
    try:
        return bool(recording.streams.video) and any(packet.size for packet in recording.demux(video=0))
    except av.FFmpegError:
        return False


def _is_plausible(sound: AudioCodecContext | AudioFrame | None) -> bool:
    # PyAV has no codec context if FFmpeg has no decoder, despite PyAV's types. Decoding such a track once crashed.
    return sound is not None and sound.sample_rate in _RATES and 1 <= sound.layout.nb_channels <= _MOST_CHANNELS


def _least_seconds(recording: InputContainer, track: AudioStream) -> float:
    """Return the least seconds that an intact recording must yield; 0 if the container only estimates its length."""
    if recording.format.name not in _KNOWS_LENGTH or track.duration is None or track.time_base is None:
        return 0.0
    return float(track.duration * track.time_base) * 0.99 - 1.0


class _Decoder:
    """An iterator over the frames of one track that counts the places it had to skip."""

    def __init__(self, recording: InputContainer, track: AudioStream) -> None:
        self._recording = recording
        self._track = track
        self.bad_places = 0

    def frames(self) -> Iterator[AudioFrame]:
        bad_in_a_row = 0
        for packet in self._packets():
            try:
                frames = self._track.decode(packet)
            except av.FFmpegError:
                self.bad_places += 1
                bad_in_a_row += 1
                if bad_in_a_row == _MOST_BAD_PACKETS:
                    return
            else:
                bad_in_a_row = 0
                yield from frames

    def _packets(self) -> Iterator[Packet[AudioStream]]:
        for _ in range(_MOST_BAD_PACKETS):
            try:
                yield from self._recording.demux(self._track)
            except av.FFmpegError:  # the next call continues behind the bad place
                self.bad_places += 1
            else:
                return


def _mixed(frames: Iterator[AudioFrame], sample_rate: int, *, layout: str) -> Iterator[AudioFrame]:
    """Yield the audio as 16-bit frames of one layout and rate. The format of the source may change midway."""
    waiting = resampler = None
    for frame in frames:
        frame.pts = None  # timestamps of a file may have gaps and jumps
        if waiting is None or resampler is None or not _was_appended(frame, waiting):
            if not _is_plausible(frame):
                continue
            yield from _flushed(waiting, resampler)
            waiting, resampler = AudioFifo(), AudioResampler(format="s16", layout=layout, rate=sample_rate)
            waiting.write(frame)
        if waiting.samples >= _BLOCK:
            yield from resampler.resample(waiting.read())
    yield from _flushed(waiting, resampler)


def _was_appended(frame: AudioFrame, waiting: AudioFifo) -> bool:
    """Append the frame to the buffer. Return False if its format differs."""
    try:
        waiting.write(frame)
    except ValueError:
        return False
    return True


def _flushed(waiting: AudioFifo | None, resampler: AudioResampler | None) -> list[AudioFrame]:
    if waiting is None or resampler is None:
        return []
    last = resampler.resample(waiting.read()) if waiting.samples else []
    # A resampler that had nothing to change buffers nothing: PyAV then returns a list with None.
    rest: list[AudioFrame | None] = [*last, *resampler.resample(None)]
    return [frame for frame in rest if frame is not None]


@contextmanager
def _wav(target: Path, sample_rate: int, channels: int) -> Iterator[wave.Wave_write]:
    target.unlink(missing_ok=True)  # a dying child process of an earlier try may still write to the old file
    with target.open("xb") as file, wave.open(file, "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(sample_rate)
        yield wav
