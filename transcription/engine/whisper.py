"""Speech recognition with Whisper, by faster-whisper (CTranslate2), chunk by chunk.

Whisper writes capitals and punctuation, and its word times are accurate to about a third of a second. It invents text
where there is no speech, so it receives only phrases (`segmentation`, `voice_activity`), and words outside them are
dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from faster_whisper import WhisperModel
from faster_whisper.transcribe import Segment

from transcription.engine.chunks import Chunk, FloatSamples, chunks
from transcription.engine.recognition import Word
from transcription.engine.segmentation import Span
from transcription.engine.waveform import FRAMES_PER_SECOND, RATE, Waveform

CERTAIN = 0.7
"""The minimum probability of a detected language.

Real English scored 0.96 and more; Afrikaans detected as English, 0.63.
"""

BEAM = 5
TEMPERATURES = (0.0, 0.4)
"""Decoding temperatures.

The second is tried once, with one sample, if the first gave a loop or nonsense. Whisper's default of six temperatures
with five samples each takes thirty seconds of processor time for a noise.
"""

PROMPT = "Hello. Welcome. Let us begin."
"""The prompt for a second attempt at a chunk that Whisper wrote without punctuation, as sometimes happens."""

MANY = 20
"""Words: so many in a row should contain a comma or a full stop."""

WORSE = 0.1
"""How much higher the doubt of the text with full stops may be than that of the one without."""

CLEAR = 0.6
"""The maximum doubt of a chunk for which a second attempt is worthwhile. Real English has less than 0.45."""

REPETITIVE = 2.4
"""The compression ratio above which a segment counts as a loop (Whisper's own measure)."""

TOKENS_A_SECOND = 12
"""The limit for a chunk, and as many for two seconds more. Measured speech has three to seven; a loop would go on to
448."""

MEASURED = frozenset({"cs", "en", "es", "fr", "it", "ja", "nl", "ru"})
"""The languages in which that rate was measured. A script that the tokenizer splits finely needs more (Thai 11, Amharic
22 a second), and a limit would cut off what somebody said."""

SHORTEST = 0.01
"""The minimum weight of a segment, in seconds."""

LEFT = 0.2
"""Seconds of the last phrase that may be left when nothing more is transcribed: less than a word."""

NEAR = 30
"""Frames (0.3 s) that a word may lie outside a phrase, because word times are not more precise than that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """The recognised words. `unsure`: `language` was neither given nor detected with certainty.

    `doubt` is the mean of the negative log probability per token of each segment, weighted by the segment's length. It
    is 0.2 to 0.5 for clear speech in a language that the model knows.
    """

    words: tuple[Word, ...]
    language: str
    unsure: bool
    doubt: float


class Whisper:
    """An open model. `folder` contains its verified files; `threads` work on one chunk together."""

    def __init__(self, folder: Path, *, threads: int) -> None:
        self._model = WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
        )

    def hear(self, waveform: Waveform, *, phrases: Sequence[Span], language: str | None, otherwise: str) -> Heard:
        """Transcribe the phrases. If `language` is None it is detected; if that is uncertain, `otherwise` is used.

        An English-only model always uses English.
        """
        parts = chunks(phrases, frames=waveform.frames)
        unsure = False
        if not self._model.model.is_multilingual:
            language = "en"
        elif language is None and parts:
            language, unsure = self._detected(waveform, parts[0], otherwise=otherwise)
        language = language or otherwise
        words: list[Word] = []
        segments: list[Segment] = []
        for chunk in parts:
            for segment in self._transcribed(chunk, waveform, language=language):
                segments.append(replace(segment, tokens=[], words=None))
                words += _words(segment, chunk)
        return Heard(words=tuple(words), language=language, unsure=unsure, doubt=doubt_of(segments))

    def _detected(self, waveform: Waveform, chunk: Chunk, *, otherwise: str) -> tuple[str, bool]:
        language, probability, _ = self._model.detect_language(chunk.sound(waveform))
        return believed(language, probability, otherwise=otherwise)

    def _transcribed(self, chunk: Chunk, waveform: Waveform, *, language: str) -> Sequence[Segment]:
        """Return the segments of a chunk. If its words are clear but endless, transcribe once more with a prompt."""
        sound, end = chunk.sound(waveform), chunk.spoken / FRAMES_PER_SECOND
        first = self._segments(sound, end=end, language=language)
        if language != "en" or not is_endless(_text(first)) or doubt_of(first) > CLEAR:
            return first
        second = self._segments(sound, end=end, language=language, prompt=PROMPT)
        good = second and not is_endless(_text(second)) and doubt_of(second) <= doubt_of(first) + WORSE
        return second if good else first

    def _segments(
        self, sound: FloatSamples, *, end: float, language: str, prompt: str | None = None
    ) -> Sequence[Segment]:
        segments, _ = self._model.transcribe(
            sound,
            language=language,
            beam_size=BEAM,
            best_of=1,
            temperature=TEMPERATURES,
            initial_prompt=prompt,
            condition_on_previous_text=False,
            max_new_tokens=token_limit(len(sound), language=language),
            word_timestamps=True,
            vad_filter=False,
        )
        return [segment for segment in spoken(segments, end=end) if segment.compression_ratio <= REPETITIVE]


def believed(language: str, probability: float, *, otherwise: str) -> tuple[str, bool]:
    """Return the detected language, or `otherwise` and true where the detection is not certain."""
    return (language, False) if probability >= CERTAIN else (otherwise, True)


def token_limit(samples: int, *, language: str) -> int | None:
    """Return how many tokens a chunk of this many samples may have; None where the language's rate is not known."""
    return round((samples / RATE + 2) * TOKENS_A_SECOND) if language in MEASURED else None


def doubt_of(segments: Sequence[Segment]) -> float:
    """Return the mean negative log probability per token, weighted by length; 0 without segments."""
    lengths = [max(segment.end - segment.start, SHORTEST) for segment in segments]
    doubts = (-segment.avg_logprob * length for segment, length in zip(segments, lengths, strict=True))
    return sum(doubts) / sum(lengths) if lengths else 0.0


def spoken(segments: Iterable[Segment], *, end: float) -> Iterator[Segment]:
    """Yield the segments of a chunk, and ask for none behind its last phrase, which ends after `end` seconds.

    For the pause there, faster-whisper would transcribe another window: that takes as long as half a minute of speech,
    and the result is invented.
    """
    for segment in segments:
        yield segment
        if segment.end > end - LEFT:
            return


def is_endless(text: str) -> bool:
    """Return whether a text has no full stop before its end, and `MANY` words in a row without any punctuation."""
    if re.search(r"[.?!]", text.strip().rstrip(".?!")):
        return False
    return any(len(part.split()) >= MANY for part in re.split("[,;:.?!]", text))


def _text(segments: Sequence[Segment]) -> str:
    return " ".join(segment.text for segment in segments)


def _words(segment: Segment, chunk: Chunk) -> Iterator[Word]:
    for word in segment.words or ():
        start, end = (chunk.place(round(moment * FRAMES_PER_SECOND)) for moment in (word.start, word.end))
        place = Span(start, max(end, start + 1))
        if any(phrase.start - NEAR < place.end and place.start < phrase.end + NEAR for phrase in chunk.phrases):
            text = word.word.strip()
            if text:
                yield Word(text=text, place=place, follows=not word.word.startswith(" "))
