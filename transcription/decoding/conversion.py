"""Converts a recording: decodes its tracks, mixes them into a WAV, and tells whether it is whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO, Protocol

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from transcription.decoding.containers import (
    MediaPart,
    channels_in,
    least_seconds,
    opened,
    parts_of,
    stated_length,
    tracks_of,
)
from transcription.decoding.errors import NoAudioTrack, TooMuch, Undecodable
from transcription.decoding.timeline import Timeline
from transcription.decoding.track import MOST_BAD_PACKETS, FrameListener, Place, Track
from transcription.decoding.wav_file import WavFile, new_wav


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """The decoded audio. `damaged`: a part could not be decoded, or clearly less came out than the file declares."""

    samples: int
    damaged: bool


class _Mixer(Protocol):
    inputs: list[int]
    outputs: int

    def listener(self, number: int) -> FrameListener | None: ...

    def share(self, number: int, place: Place) -> bytes | memoryview: ...

    def better(self) -> _Mixer | None: ...


class _OneChannel:
    """Passes on a single track with a single channel. NumPy is imported only where there is something to mix."""

    outputs = 1

    def __init__(self) -> None:
        self.inputs = [1]

    def listener(self, number: int) -> None:
        del number

    def share(self, number: int, place: Place) -> memoryview:
        del number
        return place[1]

    def better(self) -> None:
        return None


def convert(source: BinaryIO, target: Path, *, sample_rate: int, most: int, stereo: bool = False) -> Decoded:
    """Write the sound of all tracks as WAV (PCM, 16-bit, `sample_rate` Hz), with at most `most` samples per channel.

    The output is mono. With `stereo`, two channels may come out (`transcription.mixing`). Sound stands at its place on
    the recording's own clock, and what was not captured is silence. Parts that cannot be decoded are left out.

    The recording is decoded once, and a second time if its levels then ask for another mix. Memory use does not grow
    with the recording, except for the index of an MP4 and the levels of several channels or tracks.

    Raises `NoAudioTrack`, `Undecodable` or `TooMuch`; `av.FFmpegError` if the format is unknown; and an OSError other
    than FFmpegError if the disk fails.
    """
    parts = parts_of(source)
    channels = _channels(parts)
    mixer = _mixer(channels, rate=sample_rate, stereo=stereo)
    while True:
        with new_wav(target, rate=sample_rate, channels=mixer.outputs) as wav:
            decoding = _Decoding(wav, mixer=mixer, rate=sample_rate, most=most)
            for part in parts:
                decoding.add(part)
        better = mixer.better()
        if better is None:
            return decoding.result()
        mixer = better


def _channels(parts: Sequence[MediaPart]) -> list[int]:
    """Return how many channels each track has: the most that it has in any part."""
    found = channels_in(parts[0])
    for part in parts[1:]:
        with suppress(*_ALL_FAULTS):
            found = [max(pair) for pair in zip_longest(found, channels_in(part), fillvalue=1)]
    return found


_ALL_FAULTS = (av.FFmpegError, NoAudioTrack, Undecodable)


def _mixer(channels: Sequence[int], *, rate: int, stereo: bool) -> _Mixer:
    if list(channels) == [1]:
        return _OneChannel()
    from transcription.decoding.mixer import Mixer  # noqa: PLC0415 - NumPy takes a tenth of a second

    return Mixer(channels, rate=rate, stereo=stereo)


class _Decoding:
    """One pass over a recording, part by part; each begins where the one before has ended."""

    def __init__(self, wav: WavFile, *, mixer: _Mixer, rate: int, most: int) -> None:
        self._wav = wav
        self._mixer = mixer
        self._rate = rate
        self._most = most
        self._begin = 0
        self._length = 0
        self._damaged = False
        self._should_have_sound = False

    def add(self, part: MediaPart) -> None:
        """Decode a part. One behind the first that cannot be opened is left out."""
        try:
            with opened(part) as recording:
                self._decode(recording)
        except _ALL_FAULTS:
            if self._begin == 0:
                raise
            self._damaged = True
        self._begin = self._length

    def result(self) -> Decoded:
        """Return what came out. Raises `Undecodable` or `NoAudioTrack` if it is nothing."""
        if self._length == 0:
            raise Undecodable if self._should_have_sound else NoAudioTrack
        return Decoded(samples=self._length, damaged=self._damaged)

    def _decode(self, recording: InputContainer) -> None:
        origin, length = (recording.start_time or 0) / av.time_base, stated_length(recording)
        streams = tracks_of(recording)[: len(self._mixer.inputs)]
        tracks = {
            stream.index: Track(
                stream,
                channels=self._mixer.inputs[number],
                listen=self._mixer.listener(number),
                rate=self._rate,
                timeline=Timeline(origin=origin, length=length),
                least=least_seconds(recording, stream),
            )
            for number, stream in enumerate(streams)
        }
        numbers = {index: number for number, index in enumerate(tracks)}
        packets = _Packets(recording, streams)
        for packet in packets:
            index = packet.stream.index
            track = tracks[index]
            for place in track.decode(packet):
                self._write(numbers[index], place)
            if track.gave_up:
                packets.leave_out(index)
        for index, track in tracks.items():
            for place in track.finish():
                self._write(numbers[index], place)
        bad = packets.bad_places > 0 or any(track.bad_places > 0 for track in tracks.values())
        self._damaged |= bad or not all(track.is_whole for track in tracks.values())
        self._should_have_sound |= bad or any(track.declares_sound for track in tracks.values())

    def _write(self, number: int, place: Place) -> None:
        at, samples = place
        at += self._begin
        end = at + len(samples) // (2 * self._mixer.inputs[number])
        if end > self._most:
            raise TooMuch
        self._length = max(self._length, end)
        self._wav.write(self._mixer.share(number, (at, samples)), at=at)


class _Packets:
    """The packets of the tracks. What cannot be read is skipped and counted."""

    def __init__(self, recording: InputContainer, tracks: Sequence[AudioStream]) -> None:
        self._recording = recording
        self._tracks = list(tracks)
        self.bad_places = 0

    def leave_out(self, index: int) -> None:
        """Read no more packets of the track with this index."""
        self._tracks = [track for track in self._tracks if track.index != index]

    def __iter__(self) -> Iterator[Packet[Stream]]:
        while self._tracks and self.bad_places < MOST_BAD_PACKETS:
            tracks = self._tracks
            try:
                for packet in self._recording.demux(*tracks):
                    yield packet
                    if tracks is not self._tracks:
                        break
                else:
                    return
            except av.FFmpegError:  # the next call continues behind the bad place
                self.bad_places += 1
