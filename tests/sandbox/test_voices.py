"""The sample recordings are what they say they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from sandbox.scoring import speaker_accuracy, spelt, word_error_rate, word_errors, words
from sandbox.voices import FOLDER, SAMPLES, Sample, make

each_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)


def seconds(path: Path) -> float:
    with av.open(str(path)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


@each_sample
def test_a_sample_is_there_and_small(sample: Sample) -> None:
    assert 10_000 < sample.path.stat().st_size <= 150_000


@each_sample
def test_every_line_has_its_place_within_the_recording(sample: Sample) -> None:
    lines = sample.lines
    assert [(line.voice, line.text) for line in lines] == list(sample.script)
    assert lines[0].start > 0
    assert all(line.end - line.start > 0.5 for line in lines)
    assert all(0.2 <= other.start - one.end <= 0.8 for one, other in pairwise(lines))
    assert lines[-1].end < seconds(sample.path)


def test_there_is_a_note_a_dialogue_a_clip_and_a_meeting() -> None:
    assert {name: sample.speakers for name, sample in SAMPLES.items()} == {
        "note": 1,
        "second_note": 1,
        "dialogue": 2,
        "clip": 2,
        "call": 2,
        "meeting": 3,
    }
    assert {sample.path.suffix for sample in SAMPLES.values()} == {".m4a", ".mp4", ".ogg"}


def test_only_the_clip_has_a_picture() -> None:
    for sample in SAMPLES.values():
        with av.open(str(sample.path)) as container:
            assert len(container.streams.video) == (sample.name == "clip")
            assert len(container.streams.audio) == 1


def test_the_words_of_a_sample_are_plain() -> None:
    assert SAMPLES["note"].words[:5] == ["hello", "this", "is", "a", "message"]
    assert all(word.replace("'", "").isalpha() for sample in SAMPLES.values() for word in sample.words)


def test_the_voices_are_different_voices() -> None:
    """Some synthesisers silently speak two voices alike; long-term spectra tell."""
    spectra = {voice: spectrum_of(voice) for voice in ("slt", "rms", "awb", "kal16")}
    for one, other in combinations(spectra, 2):
        assert np.sqrt(np.mean((spectra[one] - spectra[other]) ** 2)) > 3, (one, other)


def spectrum_of(voice: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The mean spectrum of everything that a voice says, in dB without its level."""
    pieces = []
    for sample in SAMPLES.values():
        resampler = av.AudioResampler(format="flt", layout="mono", rate=16_000)
        with av.open(str(sample.path)) as container:
            parts = [part.to_ndarray()[0] for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        sound = np.concatenate(parts)
        pieces += [
            sound[int(line.start * 16_000) : int(line.end * 16_000)] for line in sample.lines if line.voice == voice
        ]
    whole = np.concatenate(pieces)
    frames = whole[: len(whole) // 512 * 512].reshape(-1, 512) * np.hanning(512)
    decibels = 10 * np.log10(np.mean(np.abs(np.fft.rfft(frames, axis=1)) ** 2, axis=0))[4:220]
    return np.asarray(decibels - decibels.mean(), np.float64)


def test_without_the_synthesiser_the_maker_says_what_is_missing(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "sandbox.voices"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 1
    assert made.stderr.startswith("flite is not on the PATH")
    assert "Traceback" not in made.stderr


def test_words_are_compared_without_case_punctuation_and_digits() -> None:
    assert words("Hello, it's 25 o\u2019clock: 1300!") == [
        "hello",
        "it's",
        "twenty",
        "five",
        "o'clock",
        "one",
        "thousand",
        "three",
        "hundred",
    ]
    assert word_error_rate("Twenty five boxes.", "25 boxes") == 0


@pytest.mark.parametrize(
    ("number", "spelling"),
    [
        (0, "zero"),
        (19, "nineteen"),
        (40, "forty"),
        (105, "one hundred five"),
        (999_000, "nine hundred ninety nine thousand"),
    ],
)
def test_numbers_are_spelt(number: int, spelling: str) -> None:
    assert " ".join(spelt(number)) == spelling


@pytest.mark.parametrize(
    ("heard", "errors"), [("a b c", 0), ("a c", 1), ("a x b c", 1), ("x y z", 3), ("", 3), ("b c a", 2)]
)
def test_word_errors_are_what_it_takes_to_mend_them(heard: str, errors: int) -> None:
    assert word_errors(["a", "b", "c"], heard.split()) == errors


def test_speakers_are_right_whatever_they_are_called() -> None:
    truth = [("ann", 0.0, 1.0), ("bob", 1.0, 2.0)]
    assert speaker_accuracy(truth, [("2", 0.0, 1.0), ("1", 1.0, 2.0)]) == 1
    assert speaker_accuracy(truth, [("1", 0.0, 2.0)]) == 0.5
    assert speaker_accuracy(truth, [("1", 0.0, 1.0), ("2", 1.0, 1.5), ("3", 1.5, 2.0)]) == 0.75
    assert speaker_accuracy(truth, []) == 1
    assert speaker_accuracy(truth, [("1", 5.0, 6.0)]) == 1


def test_the_samples_are_what_the_maker_makes(tmp_path: Path) -> None:
    if shutil.which("flite") is None:
        if os.environ.get("REQUIRE_FLITE"):
            pytest.fail("flite is required here and missing")
        pytest.skip("flite is not installed (apt-get install flite)")
    make(tmp_path)
    assert (tmp_path / "places.json").read_text() == (FOLDER / "places.json").read_text()
    made = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    kept = {path.name: path.stat().st_size for path in FOLDER.iterdir()}
    assert made.keys() == kept.keys()
    assert all(abs(made[name] - kept[name]) < 2_000 for name in made)
