"""Turns any shared recording into plain WAV with PyAV: the part of `media_worker` that touches untrusted bytes.

Runs only in a process of its own with limits (see `isolation`). Nothing that a file says about itself is believed:
its name is not looked at, its length is counted in decoded samples.
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
"""Formats that hold their own data. Playlists and session descriptions name other files and are not among them."""

_KNOWS_LENGTH = {"mov,mp4,m4a,3gp,3g2,mj2", "ogg", "flac"}
"""Formats that write down how many samples there are; half a file of the others looks like a whole one."""

_RATES = range(4_000, 192_000 + 1)
"""Hz. A header of 1 Hz would turn a megabyte into eleven days."""

_MOST_CHANNELS = 16
_LAYOUTS = {1: "mono", 2: "stereo"}
_BLOCK = 48_000
"""Samples that are mixed at a time; one by one the small frames of most codecs take twice as long."""

_MOST_BAD_PACKETS = 2_000
"""In a row: some 40 seconds in which nothing could be decoded; what follows is not worth the wait."""


class Undecodable(Exception):
    """It opens and should have sound, but none of it can be decoded."""


class NoAudioTrack(Exception):
    """It opens, and there is nothing to be heard in it."""


class TooMuch(Exception):
    """More samples come out than were wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """What came out. `damaged`: something could not be decoded and was left out, or clearly less came than was due."""

    samples: int
    damaged: bool


def convert(source: BinaryIO, target: Path, *, sample_rate: int, most: int, stereo: bool = False) -> Decoded:
    """Write the best track of sound as WAV (PCM, 16-bit, `sample_rate` Hz), at most `most` samples a channel.

    It becomes mono, or with `stereo` keeps two channels where it has as many.

    Memory does not grow with the recording, but for an MP4's own index. What cannot be decoded is left out.

    Raises `NoAudioTrack`, `Undecodable`, `TooMuch`, av.FFmpegError where it is of no known kind, and an OSError that is
    no FFmpegError where the disk does not play along.
    """
    samples = 0
    with _open(source) as recording:
        track = _best_track(recording)
        channels = 2 if stereo and track.codec_context.layout.nb_channels > 1 else 1
        due = _due(recording, track)
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
        "fd:",  # FFmpeg never learns a name: it would look for patterns and suffixes in it
        mode="r",
        options={
            "fd": str(source.fileno()),
            "protocol_whitelist": "fd",  # a file that names another one gets nowhere
            "format_whitelist": _CONTAINERS,
            # Opening looks into every track; pictures are not worth the risk of decoding them.
            "codec_whitelist": ",".join(_audio_decoders()),
        },
        metadata_errors="replace",
    )


def _audio_decoders() -> Iterator[str]:
    for name in av.codecs_available:
        with suppress(UnknownCodecError):  # it only encodes
            if Codec(name, "r").type == "audio":
                yield name


def _best_track(recording: InputContainer) -> AudioStream:
    tracks = [stream for stream in recording.streams.audio if _is_plausible(stream.codec_context)]
    if not tracks:
        raise Undecodable if recording.streams.audio or not _shows_pictures(recording) else NoAudioTrack
    best = recording.streams.best("audio")
    track = next((track for track in tracks if best is not None and track.index == best.index), tracks[0])
    for stream in recording.streams:
        if stream.index != track.index:
            stream.discard = Discard.all
    track.codec_context.thread_count = 1
    return track


def _shows_pictures(recording: InputContainer) -> bool:
    """Whether it is a video without sound, and not one that broke off before its sound was told of."""
    try:
        return bool(recording.streams.video) and any(packet.size for packet in recording.demux(video=0))
    except av.FFmpegError:
        return False


def _is_plausible(sound: AudioCodecContext | AudioFrame | None) -> bool:
    # PyAV has no context where FFmpeg has no decoder, whatever its types say; decoding such a track once crashed.
    return sound is not None and sound.sample_rate in _RATES and 1 <= sound.layout.nb_channels <= _MOST_CHANNELS


def _due(recording: InputContainer, track: AudioStream) -> float:
    """Seconds that must come out of an unharmed recording; 0 where the container only guesses its length."""
    if recording.format.name not in _KNOWS_LENGTH or track.duration is None or track.time_base is None:
        return 0.0
    return float(track.duration * track.time_base) * 0.99 - 1.0


class _Decoder:
    """Gives the frames of one track; counts the places that it had to leave out."""

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
            except av.FFmpegError:  # the next call goes on behind the place
                self.bad_places += 1
            else:
                return


def _mixed(frames: Iterator[AudioFrame], sample_rate: int, *, layout: str) -> Iterator[AudioFrame]:
    """Give the same sound as 16-bit frames of one layout; a recording may change its format on the way."""
    waiting = resampler = None
    for frame in frames:
        frame.pts = None  # gaps and jumps in the time stamps of a file are not to be trusted
        if waiting is None or resampler is None or not _joins(frame, waiting):
            if not _is_plausible(frame):
                continue
            yield from _rest(waiting, resampler)
            waiting, resampler = AudioFifo(), AudioResampler(format="s16", layout=layout, rate=sample_rate)
            waiting.write(frame)
        if waiting.samples >= _BLOCK:
            yield from resampler.resample(waiting.read())
    yield from _rest(waiting, resampler)


def _joins(frame: AudioFrame, waiting: AudioFifo) -> bool:
    """Put it behind those that wait; False where it is not of their kind."""
    try:
        waiting.write(frame)
    except ValueError:
        return False
    return True


def _rest(waiting: AudioFifo | None, resampler: AudioResampler | None) -> list[AudioFrame]:
    if waiting is None or resampler is None:
        return []
    last = resampler.resample(waiting.read()) if waiting.samples else []
    # One that had nothing to change holds nothing back: PyAV then gives the None itself.
    rest: list[AudioFrame | None] = [*last, *resampler.resample(None)]
    return [frame for frame in rest if frame is not None]


@contextmanager
def _wav(target: Path, sample_rate: int, channels: int) -> Iterator[wave.Wave_write]:
    target.unlink(missing_ok=True)  # a dying child of an earlier try may still write to the old one
    with target.open("xb") as file, wave.open(file, "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(sample_rate)
        yield wav
