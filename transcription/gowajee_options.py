"""What an operator may ask of Gowajee, checked once at start. Pure.

Source: the parameter table of the vendor's page "Asynchronous API (Webhook Notification)" and its pages on
diarization, multichannel audio, raw audio and words boosting.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

Model = Literal["pulse", "cosmos", "astro"]

BOOSTING: Final[frozenset[Model]] = frozenset({"pulse", "cosmos"})
"""The models that take a vocabulary."""

Value = bool | int | tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class GowajeeOptions:
    """Wishes for every recording; an impossible set raises `ValueError`, which names the option.

    `num_speakers`, or `min_speakers` with `max_speakers`, or neither. `boost_score` is 1 to 20.
    `reference_speakers` are four to five seconds of each person's voice by name; they cannot ride along with a
    recording that is too large to be sent inline. `sample_rate`, `sample_width` (bytes) and `channels` describe
    audio without a header; recordings go as WAV, which needs none of them.
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

    def wished(self, *, speakers: tuple[int, int] | None, vocabulary: tuple[str, ...]) -> GowajeeOptions:
        """With what is wished for one recording: the fewest and most speakers where these can be told, more words."""
        wished = replace(self, boost_words=tuple(dict.fromkeys([*self.boost_words, *vocabulary])))
        if speakers is None or not self.diarization or self.reference_speakers:
            return wished
        if speakers[0] == speakers[1]:
            return replace(wished, num_speakers=speakers[0], min_speakers=None, max_speakers=None)
        return replace(wished, num_speakers=None, min_speakers=speakers[0], max_speakers=speakers[1])

    def check_model(self, model: Model) -> None:
        """Raise `ValueError` for a wish that `model` does not know."""
        if model != "pulse" and self.word_timestamps:
            raise ValueError(f"word_timestamps needs the model pulse, not {model}")
        if model != "pulse" and self.reference_speakers:
            raise ValueError(f"reference_speakers needs the model pulse, not {model}")
        if model not in BOOSTING and self.boost_words:
            raise ValueError(f"boost_words needs the model pulse or cosmos, not {model}")

    def in_json(self) -> str:
        """Write the wishes as the members of a JSON object, without its braces; "" where there are none."""
        return json.dumps(dict(self._named()), ensure_ascii=False)[1:-1]

    def in_form(self) -> list[tuple[str, str]]:
        """Write the wishes as form fields: `true`, decimal text, lists with commas."""
        return [(name, _text(value)) for name, value in self._named()]

    def _named(self) -> Iterator[tuple[str, Value]]:
        """Name what is asked for. What is off is left out, which every table documents as off."""
        wishes: tuple[tuple[str, Value | None], ...] = (
            ("getSpeakingRate", self.speaking_rate or None),
            ("getWordTimestamps", self.word_timestamps or None),
            ("boostWordList", self.boost_words or None),
            ("boostScore", self.boost_score),
            ("multichannels", self.multichannels or None),
            ("diarization", self.diarization or None),
            ("numSpeakers", self.num_speakers),
            ("minSpeakers", self.min_speakers),
            ("maxSpeakers", self.max_speakers),
            ("sampleRate", self.sample_rate),
            ("sampleWidth", self.sample_width),
            ("channels", self.channels),
        )
        return ((name, value) for name, value in wishes if value is not None)

    def _problems(self) -> Iterator[str]:
        yield from self._speaker_problems()
        if self.boost_score is not None and not self.boost_words:
            yield "boost_score needs boost_words"
        if self.boost_score is not None and not 1 <= self.boost_score <= 20:  # noqa: PLR2004 - the documented range
            yield "boost_score is between 1 and 20"
        if any(not word.strip() or "," in word for word in self.boost_words):
            yield "boost_words are words: not empty and without a comma"
        raw = (self.sample_rate, self.sample_width, self.channels)
        if len({value is None for value in raw}) > 1:
            yield "sample_rate, sample_width and channels go together"
        if any(value is not None and value < 1 for value in raw) or self.sample_width not in {None, 1, 2}:
            yield "sample_rate and channels are at least 1, sample_width is 1 or 2"

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
        if self.multichannels and self.diarization:
            yield "multichannels excludes diarization"
        if any(not name.strip() or not name.isprintable() or '"' in name for name in self.reference_speakers):
            yield "reference_speakers are named: printable, not empty and without a quotation mark"


def _text(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case tuple():
            return ",".join(value)
