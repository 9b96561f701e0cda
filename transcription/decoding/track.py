"""Decodes one track of sound, packet by packet, into 16-bit samples of one rate, each at its place in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import cast

import av
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.packet import Packet
from av.stream import Stream

from transcription.decoding.containers import is_plausible
from transcription.decoding.timeline import Timeline

Place = tuple[int, memoryview]
"""The number of the first sample, and interleaved samples (16-bit). What is between two places is silence."""

MOST_BAD_PACKETS = 2_000
"""Consecutive packets that cannot be decoded, about 40 seconds of audio. Then decoding stops."""

FrameListener = Callable[[AudioFrame, float], None]
"""Hears a frame with one or two channels, which begins at so many seconds of the recording."""

_LAYOUTS = {1: "mono", 2: "stereo"}
_BLOCK = 48_000
"""Samples that are resampled at once. Resampling the small frames of most codecs one by one takes twice as long."""


class Track:
    """A track that is being decoded into `channels` (1 or 2). `least`: the seconds that an intact one must yield."""

    def __init__(
        self,
        stream: AudioStream,
        *,
        channels: int,
        rate: int,
        timeline: Timeline,
        least: float,
        listen: FrameListener | None,
    ) -> None:
        self._channels = channels
        self._listen = listen
        self._length = 0
        self.bad_places = 0
        self._stream = stream
        self._rate = rate
        self._timeline = timeline
        self._least = least
        self._seconds = 0.0
        self._silence = 0.0
        self._begin: float | None = None
        self._bad_in_a_row = 0
        self._waiting: AudioFifo | None = None
        self._resampler: AudioResampler | None = None

    @property
    def gave_up(self) -> bool:
        """Return whether too many packets in a row could not be decoded."""
        return self._bad_in_a_row >= MOST_BAD_PACKETS

    @property
    def is_whole(self) -> bool:
        """Return whether about as much came out as the file declares; the silence before the first frame is no part."""
        due = self._least - self._timeline.ignored
        return self._length / self._rate - (self._begin or 0.0) >= due

    @property
    def declares_sound(self) -> bool:
        """Return whether the file states a length for the track."""
        return self._least > 0

    def decode(self, packet: Packet[Stream]) -> Sequence[Place]:
        """Decode a packet; return what is ready. A packet that cannot be decoded is left out and counted."""
        try:
            frames = self._stream.decode(packet)
        except av.FFmpegError:
            self.bad_places += 1
            self._bad_in_a_row += 1
            return ()
        self._bad_in_a_row = 0
        ready: list[Place] = []
        for frame in frames:
            if not self._appended(frame):
                ready += self._begun(frame)
            if self._waiting is not None and self._waiting.samples >= _BLOCK:
                ready += self._placed(self._resampled())
        return ready

    def finish(self) -> Iterator[Place]:
        """Yield what is left."""
        rest = self._flushed()
        self._waiting = self._resampler = None
        yield from self._placed(rest)

    def _appended(self, frame: AudioFrame) -> bool:
        """Append the frame to the buffer. Return False if silence belongs before it, or if its format is another."""
        self._silence = self._timeline.silence_before(frame.time, at=self._seconds)
        frame.pts = None  # the buffer accepts only time stamps without gaps and jumps
        if self._waiting is None or self._silence:
            return False
        try:
            self._waiting.write(frame)
        except ValueError:
            return False
        self._seconds += frame.samples / frame.sample_rate
        return True

    def _begun(self, frame: AudioFrame) -> Iterator[Place]:
        """Begin a new buffer with the frame, behind the silence that belongs before it."""
        if not is_plausible(frame):
            return
        yield from self.finish()
        if self._begin is None:
            self._begin = self._silence
        self._length += round(self._silence * self._rate)
        self._seconds += self._silence + frame.samples / frame.sample_rate
        self._waiting = AudioFifo()
        self._waiting.write(frame)
        self._resampler = AudioResampler(format="s16", layout=_LAYOUTS[self._channels], rate=self._rate)

    def _flushed(self) -> list[AudioFrame]:
        if self._waiting is None or self._resampler is None:
            return []
        last = self._resampled() if self._waiting.samples else []
        # A resampler that had nothing to change buffers nothing: PyAV then returns a list with None.
        rest: list[AudioFrame | None] = [*last, *self._resampler.resample(None)]
        return [frame for frame in rest if frame is not None]

    def _resampled(self) -> list[AudioFrame]:
        """Resample what is in the buffer, and let it be heard."""
        if self._waiting is None or self._resampler is None:
            return []
        frame = cast("AudioFrame", self._waiting.read())  # there is something in it, or nobody would call
        frames = self._resampler.resample(frame)
        if self._listen is not None:
            for heard in frames if frame.layout.nb_channels > 2 else [frame]:  # noqa: PLR2004 - left and right
                self._listen(heard, self._length / self._rate)
        return frames

    def _placed(self, frames: list[AudioFrame]) -> Iterator[Place]:
        for frame in frames:
            at = self._length
            self._length += frame.samples
            yield at, memoryview(frame.planes[0])[: 2 * self._channels * frame.samples]
