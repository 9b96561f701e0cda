"""The transcription options of Gowajee, validated once at start. Pure.

Source: the parameter table of the vendor's page "Asynchronous API (Webhook Notification)" and its pages on diarization,
multichannel audio, raw audio and words boosting.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

ModelName = Literal["pulse", "cosmos", "astro"]

SENT_RATE: Final = 16_000
"""Sample rate in Hz of every recording that is sent."""

SENT_WIDTH: Final = 2
"""Bytes per sample of every recording that is sent."""

SENT: Final = "recordings are sent as WAV at 16000 Hz with 2 bytes per sample"
"""Part of an error message for operators: what the parameters for raw audio may describe."""

BOOSTING: Final[frozenset[ModelName]] = frozenset({"pulse", "cosmos"})
"""The models that support a vocabulary."""

OptionValue = bool | int | tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class GowajeeOptions:
    """Options for every recording. Raises `ValueError` for an impossible combination; the message names the option.

    Set `num_speakers`, or `min_speakers` with `max_speakers`, or neither. `boost_score` is 1 to 20 and is sent only
    together with words, whether they come from the settings or from the user. `multichannels` applies to recordings
    with two channels; others use `diarization`. `reference_speakers` maps each person's name to a voice sample of four
    to five seconds; they cannot be sent with a recording that is too large for an inline upload. `sample_rate`,
    `sample_width` (bytes) and `channels` describe audio without a header. Recordings are sent as WAV, which needs none
    of them, so they may only confirm the WAV's format.
    """

    diarization: bool = True
    num_speakers: int | None = None
    min_speakers: int | None = None
    max_speakers: int | None = None
    speaking_rate: bool = False
    word_timestamps: bool = False
    boost_words: tuple[str, ...] = ()
    boost_score: int | None = None
    multichannels: bool = False
    reference_speakers: Mapping[str, Path] = field(default_factory=dict)
    sample_rate: int | None = None
    sample_width: int | None = None
    channels: int | None = None

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise ValueError(problem)

    def wished(
        self, *, speakers: tuple[int, int] | None, vocabulary: tuple[str, ...], channels: int = 1
    ) -> GowajeeOptions:
        """Return the options for one recording, with its speaker limits, vocabulary and channels.

        Only the returned options may be sent, because they are correct for this recording.
        """
        words = tuple(dict.fromkeys([*self.boost_words, *vocabulary]))
        described = channels if self.channels is not None else None
        wished = replace(self, boost_words=words, channels=described, multichannels=False)
        if not (self.multichannels and channels > 1):
            return wished.counting(speakers)
        return replace(
            wished,
            multichannels=True,
            diarization=False,
            reference_speakers={},
            num_speakers=None,
            min_speakers=None,
            max_speakers=None,
        )

    def without_voices(self, *, speakers: tuple[int, int] | None) -> GowajeeOptions:
        """Return the options without voice samples, for a recording that is too large for them.

        The speaker limits `speakers` are used instead.
        """
        return replace(self, reference_speakers={}).counting(speakers)

    def counting(self, speakers: tuple[int, int] | None) -> GowajeeOptions:
        """Return the options with these speaker limits instead of the configured ones.

        They are unchanged if `speakers` is None, without diarization, or with voice samples.
        """
        if speakers is None or not self.diarization or self.reference_speakers:
            return self
        if speakers[0] == speakers[1]:
            return replace(self, num_speakers=speakers[0], min_speakers=None, max_speakers=None)
        return replace(self, num_speakers=None, min_speakers=speakers[0], max_speakers=speakers[1])

    def check_model(self, model: ModelName) -> None:
        """Raise `ValueError` for an option that `model` does not support."""
        if model != "pulse" and self.word_timestamps:
            raise ValueError(f"word_timestamps needs the model pulse, not {model}")
        if model != "pulse" and self.reference_speakers:
            raise ValueError(f"reference_speakers needs the model pulse, not {model}")
        if model not in BOOSTING and (self.boost_words or self.boost_score is not None):
            name = "boost_words" if self.boost_words else "boost_score"
            raise ValueError(f"{name} needs the model pulse or cosmos, not {model}")

    def in_json(self) -> str:
        """Return the options as members of a JSON object, without its braces; "" if there are none."""
        return json.dumps(dict(self._named()), ensure_ascii=False)[1:-1]

    def in_form(self) -> list[tuple[str, str]]:
        """Return the options as form fields: `true`, decimal text, comma-separated lists."""
        return [(name, _text(value)) for name, value in self._named()]

    def _named(self) -> Iterator[tuple[str, OptionValue]]:
        """Yield the options that are set. An option that is off is omitted, which is documented as off."""
        hints: tuple[tuple[str, OptionValue | None], ...] = (
            ("getSpeakingRate", self.speaking_rate or None),
            ("getWordTimestamps", self.word_timestamps or None),
            ("boostWordList", self.boost_words or None),
            ("boostScore", self.boost_score if self.boost_words else None),
            ("multichannels", self.multichannels or None),
            ("diarization", self.diarization or None),
            ("numSpeakers", self.num_speakers),
            ("minSpeakers", self.min_speakers),
            ("maxSpeakers", self.max_speakers),
            ("sampleRate", self.sample_rate),
            ("sampleWidth", self.sample_width),
            ("channels", self.channels),
        )
        return ((name, value) for name, value in hints if value is not None)

    def _problems(self) -> Iterator[str]:
        yield from self._speaker_problems()
        if self.boost_score is not None and not 1 <= self.boost_score <= 20:  # noqa: PLR2004 - the documented range
            yield "boost_score is between 1 and 20"
        if any(not word.strip() or "," in word for word in self.boost_words):
            yield "boost_words are words: not empty and without a comma"
        raw = (self.sample_rate, self.sample_width, self.channels)
        if len({value is None for value in raw}) > 1:
            yield "sample_rate, sample_width and channels go together"
        if self.sample_rate not in {None, SENT_RATE} or self.sample_width not in {None, SENT_WIDTH}:
            yield f"sample_rate is {SENT_RATE} and sample_width {SENT_WIDTH}, or none of them is set: {SENT}"
        if self.channels not in {None, 1, 2}:
            yield "channels is 1 or 2"

    def _speaker_problems(self) -> Iterator[str]:
        pair = (self.min_speakers, self.max_speakers)
        counted = self.num_speakers is not None or pair != (None, None)
        if self.num_speakers is not None and pair != (None, None):
            yield "num_speakers excludes min_speakers and max_speakers"
        if self.num_speakers is not None and self.num_speakers < 1:
            yield "num_speakers is at least 1"
        match pair:
            case (int(fewest), int(most)) if not 1 <= fewest <= most:
                yield "min_speakers is at least 1 and at most max_speakers"
            case (None, int()) | (int(), None):
                yield "min_speakers and max_speakers go together"
        if (counted or self.reference_speakers) and not self.diarization:
            yield "num_speakers, min_speakers, max_speakers and reference_speakers need diarization"
        if counted and self.reference_speakers:
            yield "reference_speakers exclude num_speakers, min_speakers and max_speakers"
        if any(not name.strip() or not name.isprintable() or '"' in name for name in self.reference_speakers):
            yield "reference_speakers are named: printable, not empty and without a quotation mark"


def _text(value: OptionValue) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case tuple():
            return ",".join(value)
