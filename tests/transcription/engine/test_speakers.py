"""How many voices the engine hears, and which is which."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from sandbox.scoring import speaker_accuracy
from sandbox.voices import SAMPLES, Sample
from tests.transcription.spoken import (
    Sound,
    as_wav,
    count,
    decoded,
    lines_of,
    noise,
    silence,
    spaced,
    stretches,
    truth_of,
    voices_in,
)
from transcription.engine.features import Floats, extract
from transcription.engine.segmentation import Span
from transcription.engine.speakers import NOBODY, Labels, labels
from transcription.engine.waveform import Waveform

VOICES = ("slt", "rms", "awb", "kal16")


def all_of(voice: str) -> list[Sound]:
    return [line for sample in SAMPLES.values() for line in lines_of(sample, voice=voice)]


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_every_moment_of_a_sample_belongs_to_its_speaker(sample: Sample, tmp_path: Path) -> None:
    voices = voices_in(as_wav(decoded(sample.path), tmp_path / "sample.wav"))
    assert count(voices) == sample.speakers
    assert speaker_accuracy(truth_of(sample), stretches(voices)) >= 0.97


@pytest.mark.parametrize("voice", VOICES)
def test_a_one_voice_note_is_never_split(voice: str, tmp_path: Path) -> None:
    lines = all_of(voice)
    assert lines
    for few in (1, 2, 5, len(lines)):
        assert count(voices_in(as_wav(spaced(lines[:few]), tmp_path / "note.wav"))) == 1


@pytest.mark.parametrize("voice", VOICES)
def test_a_one_voice_note_in_noise_is_not_split(voice: str, tmp_path: Path) -> None:
    clean = spaced(all_of(voice))
    noisy = clean + noise(len(clean) / 16_000, level=0.015)[: len(clean)]
    assert count(voices_in(as_wav(noisy, tmp_path / "note.wav"))) == 1


def test_one_voice_that_talks_for_long_stays_one(tmp_path: Path) -> None:
    lines = all_of("rms") * 12  # never quite the same: equal sounds would be groups of equal vectors
    chance = np.random.default_rng(3)
    noisy = [line + chance.normal(0, chance.uniform(0.0005, 0.005), len(line)) for line in lines]
    order = chance.permutation(len(noisy))
    assert count(voices_in(as_wav(spaced([noisy[at] for at in order]), tmp_path / "talk.wav"))) == 1


def test_two_voices_without_a_pause_between_them_are_told_apart(tmp_path: Path) -> None:
    sample = SAMPLES["dialogue"]
    pairs = zip(lines_of(sample, voice="slt"), lines_of(sample, voice="rms"), strict=True)
    lines = [line for pair in pairs for line in pair]
    edges = np.cumsum([0, *(len(line) for line in lines)]) / 16_000
    truth = [(f"voice {at % 2}", start, end) for at, (start, end) in enumerate(pairwise(edges))]
    voices = voices_in(as_wav(np.concatenate(lines), tmp_path / "hasty.wav"))
    assert count(voices) == 2
    assert speaker_accuracy(truth, stretches(voices)) >= 0.85  # a change without a pause is placed to 0.3 s


@pytest.mark.parametrize(
    ("name", "told", "found"),
    [
        ("dialogue", (1, 1), 1),
        ("meeting", (2, 2), 2),
        ("meeting", (3, 3), 3),
        ("note", (2, 2), 2),
        ("meeting", (1, 2), 2),
        ("meeting", (2, 5), 3),
        ("note", (2, 4), 2),
    ],
)
def test_a_known_number_of_speakers_is_honoured(name: str, told: tuple[int, int], found: int, tmp_path: Path) -> None:
    path = as_wav(decoded(SAMPLES[name].path), tmp_path / "sample.wav")
    assert count(voices_in(path, speakers=told)) == found


def test_voices_are_numbered_as_they_begin_to_speak(tmp_path: Path) -> None:
    voices = voices_in(as_wav(decoded(SAMPLES["meeting"].path), tmp_path / "meeting.wav"))
    assert list(dict.fromkeys(voices[voices != NOBODY].tolist())) == [0, 1, 2]


def test_where_nobody_speaks_there_is_nobody(tmp_path: Path) -> None:
    for sound in (silence(5), silence(0), noise(5, level=0.0001)):
        assert count(voices_in(as_wav(sound, tmp_path / "silence.wav"))) == 0


def test_noise_and_tones_are_survived(tmp_path: Path) -> None:
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(80_000) / 16_000)
    for sound in (noise(20), tone, np.sign(tone), np.ones(80_000)):
        for told in (None, (3, 3), (2, 4)):
            voices_in(as_wav(sound, tmp_path / "noise.wav"), speakers=told)


class Deaf:
    """An encoder to which everything is the same."""

    def vectors(self, waveform: Waveform, windows: Sequence[Span]) -> Floats:
        del waveform
        return np.tile(np.eye(1, 8, dtype=np.float32), (len(windows), 1))


def test_phrases_without_any_difference_are_one_voice(tmp_path: Path) -> None:
    spoken = [Span(0, 400), Span(450, 900)]
    with Waveform(as_wav(silence(10), tmp_path / "silence.wav")) as waveform:
        loudness = extract(waveform).loudness
        assert count(labels(waveform, loudness=loudness, phrases=spoken, encoder=Deaf())) == 1


class Knowing:
    """An encoder that hears a third person in between and two others everywhere else, a little hoarse at times."""

    def vectors(self, waveform: Waveform, windows: Sequence[Span]) -> Floats:
        del waveform
        found = np.array([self._heard(window) for window in windows])
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)

    def _heard(self, window: Span) -> Floats:
        chance = np.random.default_rng(window.start)
        frames = np.arange(window.start, window.end)
        who = np.where(frames < 2000, 2, np.where(frames < 2600, 0, 1))
        shares = np.bincount(who, minlength=3)[:3] / len(frames)
        return np.asarray(np.concatenate([0.7 * shares, [0.6], chance.uniform(0, 0.05, 4)]), np.float32)


def labelled(tmp_path: Path, phrases: Sequence[Span], *, told: tuple[int, int] | None = None) -> Labels:
    with Waveform(as_wav(silence(60), tmp_path / "silence.wav")) as waveform:
        loudness = extract(waveform).loudness
        return labels(waveform, loudness=loudness, phrases=phrases, speakers=told, encoder=Knowing())


def test_changes_are_found_at_pauses_and_inside_phrases(tmp_path: Path) -> None:
    spoken = [Span(100, 800), Span(850, 1900), Span(2050, 3300), Span(3400, 4500)]
    found = labelled(tmp_path, spoken)
    assert found[100:800].tolist() == [0] * 700
    assert set(found[850:1900].tolist()) == {0}
    assert set(found[2050:2560].tolist()) == {1}
    assert set(found[2640:3300].tolist()) == {2}
    assert found[3400] == 2
    assert set(found[800:850].tolist()) == {NOBODY}


def test_somebody_who_is_heard_once_and_briefly_is_nobody_new(tmp_path: Path) -> None:
    assert count(labelled(tmp_path, [Span(100, 1000), Span(1200, 1900), Span(2100, 2250)])) == 1
    assert count(labelled(tmp_path, [Span(100, 1000), Span(1200, 1900), Span(2100, 2250)], told=(2, 2))) == 2


class Silent:
    """An encoder that must not be asked."""

    def vectors(self, waveform: Waveform, windows: Sequence[Span]) -> Floats:
        raise AssertionError(f"{len(windows)} windows of {waveform.seconds} seconds")


def test_one_person_is_not_looked_for(tmp_path: Path) -> None:
    with Waveform(as_wav(silence(10), tmp_path / "silence.wav")) as waveform:
        loudness = extract(waveform).loudness
        found = labels(waveform, loudness=loudness, phrases=[Span(100, 900)], speakers=(1, 1), encoder=Silent())
    assert (count(found), int((found == 0).sum())) == (1, 800)
