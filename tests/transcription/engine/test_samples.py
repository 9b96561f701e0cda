"""The offline engine's promises on the project's own recordings, from the file to the turns."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import pytest

from sandbox.scoring import speaker_accuracy, word_errors, words
from sandbox.voices import SAMPLES, Sample
from tests.transcription.spoken import as_wav, decoded, truth_of
from transcription.engine.draft import Draft, drafted

MOST_WORD_ERRORS = 0.18
LEAST_SPEAKERS_RIGHT = 0.97


def heard_words(draft: Draft) -> list[str]:
    return [word for turn in draft.turns for word in words(turn.text)]


QUICK = {"note", "clip", "meeting"}
"""One, two and three voices; the others take their time."""


@functools.cache
def heard_in(name: str) -> Draft:
    with tempfile.TemporaryDirectory() as folder:
        return drafted(as_wav(decoded(SAMPLES[name].path), Path(folder) / "sample.wav"))


@pytest.mark.parametrize(
    "sample",
    [
        pytest.param(sample, id=name, marks=() if name in QUICK else pytest.mark.long)
        for name, sample in SAMPLES.items()
    ],
)
def test_a_sample_becomes_its_words_by_its_speakers(sample: Sample) -> None:
    draft = heard_in(sample.name)
    heard = [(str(turn.voice), turn.start / 100, turn.end / 100) for turn in draft.turns]
    assert word_errors(sample.words, heard_words(draft)) / len(sample.words) <= MOST_WORD_ERRORS
    assert len({turn.voice for turn in draft.turns}) == sample.speakers
    assert speaker_accuracy(truth_of(sample), heard) >= LEAST_SPEAKERS_RIGHT


def test_every_line_of_a_dialogue_is_a_turn_of_its_own() -> None:
    sample, draft = SAMPLES["clip"], heard_in("clip")
    assert [turn.voice for turn in draft.turns] == [0, 1, 0, 1]
    for turn, line in zip(draft.turns, sample.lines, strict=True):
        assert turn.start / 100 == pytest.approx(line.start, abs=0.2)
        assert turn.end / 100 == pytest.approx(line.end, abs=0.2)
        assert turn.text[0].isupper()
        assert turn.text.endswith(".")
