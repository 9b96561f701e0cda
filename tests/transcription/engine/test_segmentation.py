"""Where the engine hears speech."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from sandbox.voices import SAMPLES, Sample
from tests.transcription.spoken import as_wav, decoded, lines_of, noise, phrases_in, silence, spaced
from transcription.engine.segmentation import PAUSE

EDGE = 8
"""Frames by which a phrase may be longer than the line, for the codec and the voice detector."""


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_no_phrase_reaches_over_two_lines(sample: Sample, tmp_path: Path) -> None:
    found = phrases_in(as_wav(decoded(sample.path), tmp_path / "sample.wav"))
    for phrase in found:
        assert any(
            line.start * 100 - EDGE <= phrase.start and phrase.end <= line.end * 100 + EDGE for line in sample.lines
        )
    spoken = sum(line.end - line.start for line in sample.lines) * 100
    assert sum(len(phrase) for phrase in found) >= 0.9 * spoken


def test_phrases_are_in_order_with_pauses_between_them(tmp_path: Path) -> None:
    found = phrases_in(as_wav(decoded(SAMPLES["meeting"].path), tmp_path / "meeting.wav"))
    assert all(other.start - one.end >= PAUSE for one, other in pairwise(found))


def test_a_pause_of_a_fifth_of_a_second_parts_two_phrases(tmp_path: Path) -> None:
    lines = lines_of(SAMPLES["note"], voice="rms")[:2]
    apart = phrases_in(as_wav(spaced(lines, pause=0.2), tmp_path / "apart.wav"))
    together = phrases_in(as_wav(spaced([lines[0]], pause=0.2), tmp_path / "one.wav"))
    assert len(apart) > len(together)


def test_speech_in_steady_noise_is_still_found(tmp_path: Path) -> None:
    clean = decoded(SAMPLES["note"].path)
    noisy = clean + noise(len(clean) / 16_000, level=0.008)[: len(clean)]
    found = phrases_in(as_wav(noisy, tmp_path / "noisy.wav"))
    assert len(found) >= 4
    assert sum(len(phrase) for phrase in found) >= 800


def test_a_quiet_recording_is_heard_like_a_loud_one(tmp_path: Path) -> None:
    loud = phrases_in(as_wav(decoded(SAMPLES["note"].path), tmp_path / "loud.wav"))
    quiet = phrases_in(as_wav(decoded(SAMPLES["note"].path) / 10, tmp_path / "quiet.wav"))
    assert abs(sum(len(phrase) for phrase in loud) - sum(len(phrase) for phrase in quiet)) < 100


def test_silence_and_a_click_are_not_speech(tmp_path: Path) -> None:
    click = silence(2)
    click[16_000:16_200] = 0.9
    for sound in (silence(2), silence(0), click, noise(3, level=0.0002)):
        assert phrases_in(as_wav(sound, tmp_path / "nothing.wav")) == []
