"""The transcripts that the providers' stand-ins return.

A test can set its own script. Without one, a recording with the length of a sample recording (`sandbox.voices`) gets
that sample's lines, and any other recording gets invented turns of two speakers.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

SAMPLE_TOLERANCE = 0.15
# Every sample ends with this much silence after its last line (`sandbox.synthesis`); codecs round it slightly.
SILENCE_BEHIND = 0.5
SHORTEST, LONGEST = 3.0, 6.0

BOTLHALE_LINES = (
    ("tn-ZA", "Dumelang, re simolola kopano ya gompieno."),
    ("zu-ZA", "Sanibonani, ngiyabonga ngokuza nonke."),
    ("en-ZA", "Let us look at the numbers from last week."),
    ("tn-ZA", "Ke a leboga, potso ya me e ka ga madi."),
    ("zu-ZA", "Sizoqhubeka kusasa ekuseni."),
    ("en-ZA", "I will send the report this afternoon."),
)
GOWAJEE_LINES = (
    ("th-TH", "สวัสดีค่ะ วันนี้เรามาเริ่มประชุมกันเลยนะคะ"),
    ("th-TH", "ขอบคุณครับ ผมขอสรุปยอดขายของสัปดาห์ที่แล้ว"),
    ("th-TH", "มีใครมีคำถามเพิ่มเติมไหมคะ"),
    ("th-TH", "เดี๋ยวผมส่งรายงานให้ช่วงบ่ายครับ"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """One stretch of speech: seconds from the start, and the speaker's index (None: the provider could not tell)."""

    start: float
    end: float
    speaker: int | None
    text: str
    language: str = "en-ZA"


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """The recording that a script is called with; `name` is the provider's id of it."""

    name: str
    seconds: float
    sha256: str


Script = Sequence[Segment] | Callable[[Heard], Sequence[Segment]]


class Line(Protocol):
    """One spoken line of a sample; times in seconds."""

    @property
    def voice(self) -> str:
        """Return the speaker."""

    @property
    def text(self) -> str:
        """Return the words."""

    @property
    def start(self) -> float:
        """Return the start in seconds."""

    @property
    def end(self) -> float:
        """Return the end in seconds."""


class Sample(Protocol):
    """A sample recording with a known transcript."""

    @property
    def lines(self) -> Sequence[Line]:
        """Return its lines."""


def play(script: Script | None, heard: Heard, *, lines: Sequence[tuple[str, str]]) -> Sequence[Segment]:
    """Return the transcript: the script's, else that of a matching sample, else turns invented from `lines`."""
    if script is None:
        return recall(heard.seconds, _samples()) or invent(heard.seconds, lines)
    return script(heard) if callable(script) else script


def recall(seconds: float, samples: Iterable[Sample]) -> list[Segment]:
    """Return the lines of the sample that is `seconds` long; an empty list if there is none."""
    lengths = {_length(sample): sample for sample in samples}
    nearest = min(lengths, key=lambda length: abs(length - seconds), default=-1.0)
    if abs(nearest - seconds) > SAMPLE_TOLERANCE:
        return []
    lines = lengths[nearest].lines
    voices = list(dict.fromkeys(line.voice for line in lines))
    return [Segment(start=line.start, end=line.end, speaker=voices.index(line.voice), text=line.text) for line in lines]


def invent(seconds: float, lines: Sequence[tuple[str, str]]) -> list[Segment]:
    """Return turns of two alternating speakers, 3 to 6 s each, that cover `seconds`. Deterministic for each length."""
    cuts = _cuts(seconds)
    return [
        Segment(
            start=start,
            end=end,
            speaker=turn % 2,
            language=lines[turn % len(lines)][0],
            text=lines[turn % len(lines)][1],
        )
        for turn, (start, end) in enumerate(pairwise(cuts))
    ]


def _length(sample: Sample) -> float:
    return sample.lines[-1].end + SILENCE_BEHIND


def _cuts(seconds: float) -> list[float]:
    if seconds <= 0:
        return []
    dice = random.Random(round(seconds * 1000))
    cuts = [0.0]
    while seconds - cuts[-1] > SHORTEST + LONGEST:
        cuts.append(round(cuts[-1] + dice.uniform(SHORTEST, LONGEST), 2))
    rest = seconds - cuts[-1]
    if rest > LONGEST:
        cuts.append(round(cuts[-1] + rest / 2, 2))
    return [*cuts, seconds]


def _samples() -> Iterable[Sample]:
    # Imported only when needed: a stand-in must start without the samples.
    samples: Mapping[str, Sample] = importlib.import_module("sandbox.voices").SAMPLES
    return samples.values()
