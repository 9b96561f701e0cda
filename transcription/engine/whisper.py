"""Writes down what is said and when: Whisper, by faster-whisper (CTranslate2), chunk by chunk.

It writes capitals and punctuation, and knows when each word was said to about a third of a second. Where there is no
speech it invents some; so it hears phrases only (`segmentation`, `voice_activity`), and words outside them are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from faster_whisper import WhisperModel
from faster_whisper.transcribe import Segment

from transcription.engine.chunks import Chunk, FloatSamples, chunks
from transcription.engine.recognition import Word
from transcription.engine.segmentation import Span
from transcription.engine.waveform import FRAMES_PER_SECOND, Waveform

CERTAIN = 0.7
"""The probability from which a detected language is believed. Real English gave 0.96 and more, Afrikaans taken for
English 0.63."""

BEAM = 5
TEMPERATURES = (0.0, 0.4)
"""The second is tried once, by one sample, where the first gave a loop or nonsense: Whisper's own ladder of six steps
with five samples each takes thirty seconds of processor for a noise."""

PROMPT = "Hello. Welcome. Let us begin."
"""What a chunk is told to follow on where Whisper wrote it without a single full stop, as it does now and then."""

MANY = 20
"""Words in which there is no full stop by chance only."""

WORSE = 0.1
"""By how much more a text with full stops may be doubted than the one without."""

CLEAR = 0.6
"""The doubt up to which a chunk is worth hearing once more; real English is doubted by less than 0.45."""

REPETITIVE = 2.4
"""Whisper's own measure of a loop: how well the text of a segment can be compressed."""

SHORTEST = 0.01
"""Seconds that a segment counts at least."""

NEAR = 30
"""Frames (0.3 s) outside a phrase that a word may lie: its times are no better than that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What was said. `unsure`: `language` was neither told nor detected with certainty.

    `doubt` is the mean of the negative logarithm of each segment's probability per token, weighed by its length: 0.2
    to 0.5 for clear speech in a language that the model knows.
    """

    words: tuple[Word, ...]
    language: str
    unsure: bool
    doubt: float


class Whisper:
    """A model that is open. `folder` holds its files, verified; `threads` work on one chunk together."""

    def __init__(self, folder: Path, *, threads: int) -> None:
        self._model = WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
        )

    def hear(self, waveform: Waveform, *, phrases: Sequence[Span], language: str | None, otherwise: str) -> Heard:
        """Transcribe the phrases. A `language` that nobody told is detected; where that is uncertain it is `otherwise`.

        A model of English alone hears English.
        """
        parts = chunks(phrases, frames=waveform.frames)
        unsure = False
        if not self._model.model.is_multilingual:
            language = "en"
        elif language is None and parts:
            language = self._detected(waveform, parts[0])
            unsure = language is None
        language = language or otherwise
        words: list[Word] = []
        segments: list[Segment] = []
        for chunk in parts:
            for segment in self._written(chunk.sound(waveform), language=language):
                segments.append(replace(segment, tokens=[], words=None))
                words += _words(segment, chunk)
        return Heard(words=tuple(words), language=language, unsure=unsure, doubt=doubt_of(segments))

    def _detected(self, waveform: Waveform, chunk: Chunk) -> str | None:
        language, probability, _ = self._model.detect_language(chunk.sound(waveform))
        return language if probability >= CERTAIN else None

    def _written(self, sound: FloatSamples, *, language: str) -> Sequence[Segment]:
        """The segments of a chunk; where there is no full stop in many clear words it is heard once more."""
        first = self._segments(sound, language=language)
        if language != "en" or not _lacks_full_stops(first) or doubt_of(first) > CLEAR:
            return first
        second = self._segments(sound, language=language, prompt=PROMPT)
        good = second and not _lacks_full_stops(second) and doubt_of(second) <= doubt_of(first) + WORSE
        return second if good else first

    def _segments(self, sound: FloatSamples, *, language: str, prompt: str | None = None) -> Sequence[Segment]:
        segments, _ = self._model.transcribe(
            sound,
            language=language,
            beam_size=BEAM,
            best_of=1,
            temperature=TEMPERATURES,
            initial_prompt=prompt,
            condition_on_previous_text=False,
            word_timestamps=True,
            vad_filter=False,
        )
        return [segment for segment in segments if segment.compression_ratio <= REPETITIVE]


def doubt_of(segments: Sequence[Segment]) -> float:
    """The mean negative logarithm of the probability per token, by length; 0 where there is nothing."""
    lengths = [max(segment.end - segment.start, SHORTEST) for segment in segments]
    doubts = (-segment.avg_logprob * length for segment, length in zip(segments, lengths, strict=True))
    return sum(doubts) / sum(lengths) if lengths else 0.0


def _lacks_full_stops(segments: Sequence[Segment]) -> bool:
    text = " ".join(segment.text for segment in segments).strip()
    return len(text.split()) >= MANY and not re.search(r"[.?!]", text.rstrip(".?!"))


def _words(segment: Segment, chunk: Chunk) -> Iterator[Word]:
    for word in segment.words or ():
        start, end = (chunk.place(round(moment * FRAMES_PER_SECOND)) for moment in (word.start, word.end))
        place = Span(start, max(end, start + 1))
        if any(phrase.start - NEAR < place.end and place.start < phrase.end + NEAR for phrase in chunk.phrases):
            text = word.word.strip()
            if text:
                yield Word(text=text, place=place, follows=not word.word.startswith(" "))
