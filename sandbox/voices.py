"""The sample recordings: invented everyday talk with known words and known speakers.

Tests measure the offline engine with them, the stand-ins return their lines, and the demo shares them. The recordings
and the times of their lines are committed; `python -m sandbox.voices` makes both again (needs flite).
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sandbox.scoring import words
from sandbox.synthesis import NoSynthesiser, encode, mix, speak

FOLDER = Path(__file__).parent / "samples"
_PLACES = FOLDER / "places.json"
_PAUSES = (0.25, 0.7)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """The words of one voice; `start` and `end` are true times in seconds from the beginning."""

    voice: str
    text: str
    start: float
    end: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One recording: `script` is the lines with their voices; `file` is its name in the samples folder."""

    name: str
    file: str
    script: tuple[tuple[str, str], ...]

    @property
    def path(self) -> Path:
        """Return the path of the recording."""
        return FOLDER / self.file

    @property
    def lines(self) -> tuple[Line, ...]:
        """Return the script with its true times, in order."""
        places = zip(self.script, _places()[self.name], strict=True)
        return tuple(Line(voice=voice, text=text, start=start, end=end) for (voice, text), (start, end) in places)

    @property
    def words(self) -> list[str]:
        """Return all words, lower case, without punctuation."""
        return [word for _, text in self.script for word in words(text)]

    @property
    def speakers(self) -> int:
        """Return the number of voices."""
        return len({voice for voice, _ in self.script})


_ALL = (
    Sample(
        name="note",
        file="note.m4a",
        script=(
            ("rms", "Hello, this is a message about the delivery on Wednesday."),
            ("rms", "The driver could not find the address and came back to the warehouse."),
            ("rms", "Please call the customer and ask for the right street."),
            ("rms", "We will try again on Friday morning before ten o'clock."),
        ),
    ),
    Sample(
        name="second_note",
        file="second_note.ogg",
        script=(
            ("awb", "I just came out of the meeting with the bank."),
            ("awb", "They are happy with the numbers, but they want to see a plan for next year."),
            ("awb", "I will write the first draft tonight and send it to you in the morning."),
            ("awb", "Please read it and tell me what is missing."),
        ),
    ),
    Sample(
        name="dialogue",
        file="dialogue.m4a",
        script=(
            ("slt", "The customer called this morning and asked about the new price."),
            ("rms", "What did they say?"),
            ("slt", "They are happy with the price, but they are worried about the delivery time."),
            ("rms", "How long will it take to repair the machine?"),
            ("slt", "They told us that it will take about two weeks."),
            ("rms", "That is a long time. I think we should call the customer and explain the problem."),
            ("slt", "I can do that this afternoon, before the meeting."),
            ("rms", "Yes, please do that, and call me back when you know more."),
            ("slt", "And what about the training next Monday?"),
            ("rms", "We can move it to the end of the month."),
        ),
    ),
    Sample(
        name="clip",
        file="clip.mp4",
        script=(
            ("kal16", "The water pump is working again and the pressure is back to normal."),
            ("slt", "Thank you, that is good news. Did you check the temperature?"),
            ("kal16", "Yes, I checked it this morning and it looks fine."),
            ("slt", "Please check it every morning for the next five days."),
        ),
    ),
    Sample(
        name="call",
        file="call.m4a",
        script=(
            ("awb", "We have a new customer in the north of the country."),
            ("slt", "That is great news. What do they want to buy?"),
            ("awb", "They want to start with a small order, because they do not know us yet."),
            ("slt", "I think we should give them a better price for the first three months."),
            ("awb", "That sounds like a good plan, I will write to them today."),
            ("slt", "Please send me the letter before the end of the week."),
            ("awb", "Of course. Do you want to talk to them as well?"),
            ("slt", "Yes, I have some time on Friday morning."),
        ),
    ),
    Sample(
        name="meeting",
        file="meeting.ogg",
        script=(
            ("rms", "Welcome to the monthly meeting, we have three things to talk about today."),
            ("rms", "The first one is the new building, the second is the money, and the last is the summer party."),
            ("slt", "The builders say that the new building will be ready in September."),
            ("awb", "How many people will move into the new building?"),
            ("slt", "Twenty five people at first, and maybe ten more next year."),
            ("rms", "The budget looks better than last month, because we sold more in the spring."),
            ("awb", "But we still spend too much money on travel."),
            ("rms", "Yes, please take the train when you can."),
            ("slt", "And what about the summer party?"),
            ("awb", "It will be on the last Friday of the month, in the garden behind the old building."),
            ("slt", "Somebody has to bring the music and the food."),
            ("awb", "I can take care of the food, if someone helps me."),
            ("rms", "Great, then we are finished early today. Thank you very much."),
        ),
    ),
)

SAMPLES: Mapping[str, Sample] = {sample.name: sample for sample in _ALL}
"""All samples by name."""


@cache
def _places() -> dict[str, list[tuple[float, float]]]:
    return {
        name: [(start, end) for start, end in places]
        for name, places in json.loads(_PLACES.read_text(encoding="utf-8")).items()
    }


def make(folder: Path) -> None:
    """Make all recordings and `places.json` in `folder`. Raises `NoSynthesiser` without flite."""
    folder.mkdir(exist_ok=True)
    places = {sample.name: _record(sample, folder) for sample in SAMPLES.values()}
    rows = [f"  {json.dumps(name)}: {json.dumps(where)}" for name, where in places.items()]
    (folder / _PLACES.name).write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


def _record(sample: Sample, folder: Path) -> list[tuple[float, float]]:
    """Make one recording and return the times of its lines."""
    chance = random.Random(sample.name)
    pauses = [chance.uniform(*_PAUSES) for _ in sample.script]
    sound, places = mix([speak(voice, text) for voice, text in sample.script], pauses=pauses)
    encode(sound, folder / sample.file)
    return [(round(start, 3), round(end, 3)) for start, end in places]


def main() -> None:
    """Make the samples in this folder again."""
    try:
        make(FOLDER)
    except NoSynthesiser as missing:
        sys.exit(str(missing))


if __name__ == "__main__":
    main()
