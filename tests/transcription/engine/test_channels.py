"""Two people with a channel each, and recordings with two channels that are nothing of the kind."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from sandbox.scoring import speaker_accuracy
from sandbox.voices import SAMPLES, Sample
from tests.transcription.spoken import Sound, count, decoded, noise, silence, stretches, truth_of, voices_in
from transcription.engine.channels import channel_labels, sides
from transcription.engine.features import extract
from transcription.engine.labels import NOBODY, Labels
from transcription.engine.segmentation import phrases
from transcription.engine.waveform import RATE, Waveform

CALL = SAMPLES["call"]


def stereo(left: Sound, right: Sound, path: Path) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        both = np.stack([left, right], axis=1)
        file.writeframes((np.clip(both, -1, 1) * 32_767).astype("<i2").tobytes())
    return path


def parted(sample: Sample) -> tuple[Sound, Sound]:
    """The first voice alone and the others alone, each at its time."""
    sound = decoded(sample.path)
    first = np.zeros(len(sound))
    for line in sample.lines:
        if line.voice == sample.lines[0].voice:
            first[int(line.start * RATE) : int(line.end * RATE)] = 1
    return sound * first, sound * (1 - first)


def told(path: Path) -> Labels | None:
    with Waveform(path) as waveform:
        spoken = phrases(waveform, loudness=extract(waveform).loudness)
        return channel_labels(*sides(waveform), phrases=spoken)


def hiss(sound: Sound) -> Sound:
    """The noise of a line, -60 dB of full scale."""
    return noise(len(sound) / RATE, level=0.001)[: len(sound)]


@pytest.mark.parametrize("crosstalk", [0.0, 0.1])
@pytest.mark.parametrize("quieter", [1.0, 0.3])
def test_a_call_is_told_by_its_channels(crosstalk: float, quieter: float, tmp_path: Path) -> None:
    one, other = parted(CALL)
    other = other * quieter
    line = hiss(one)
    path = stereo(one + crosstalk * other + line, other + crosstalk * one + line[::-1], tmp_path / "call.wav")
    found = told(path)
    assert found is not None
    assert speaker_accuracy(truth_of(CALL), stretches(found)) >= 0.99
    np.testing.assert_array_equal(voices_in(path), found)


def test_who_speaks_first_is_the_first_on_whichever_side(tmp_path: Path) -> None:
    one, other = parted(CALL)
    for left, right in ((one, other), (other, one)):
        found = told(stereo(left, right, tmp_path / "call.wav"))
        assert found is not None
        assert found[found != NOBODY][0] == 0


@pytest.mark.parametrize(
    "mixed",
    [
        pytest.param(lambda one, other: (one + other, one + other), id="the same on both"),
        pytest.param(lambda one, other: (one + other, 0 * one), id="one dead side"),
        pytest.param(lambda one, other: (one + other, 0.05 * (one + other)), id="one quiet side"),
        pytest.param(lambda one, other: (one + 0.4 * other, other + 0.4 * one), id="two people in a room"),
        pytest.param(lambda one, other: (one + 0.25 * other, other + 0.25 * one), id="a stage"),
    ],
)
def test_other_recordings_are_not(mixed: object, tmp_path: Path) -> None:
    assert callable(mixed)
    left, right = mixed(*parted(CALL))
    line = hiss(left)
    assert told(stereo(left + line, right + line[::-1], tmp_path / "stereo.wav")) is None


def test_where_both_talk_all_the_time_the_channels_do_not_tell(tmp_path: Path) -> None:
    one = decoded(SAMPLES["note"].path)
    other = decoded(SAMPLES["second_note"].path)[: len(one)]
    assert told(stereo(one[: len(other)], other, tmp_path / "both.wav")) is None


def test_three_people_on_two_channels_are_told_by_their_voices(tmp_path: Path) -> None:
    path = stereo(*parted(SAMPLES["meeting"]), tmp_path / "meeting.wav")
    assert count(voices_in(path)) == 2
    assert count(voices_in(path, speakers=(3, 3))) == 3
    assert count(voices_in(path, speakers=(1, 1))) == 1


def test_silence_on_both_sides_is_nobody(tmp_path: Path) -> None:
    assert told(stereo(silence(3), silence(3), tmp_path / "silence.wav")) is None
    assert told(stereo(silence(0), silence(0), tmp_path / "nothing.wav")) is None


def test_two_channels_are_mixed_to_one(tmp_path: Path) -> None:
    left, right = np.full(1600, 0.5), np.full(1600, 0.25)
    with Waveform(stereo(left, right, tmp_path / "two.wav")) as waveform:
        assert (waveform.channels, waveform.length, waveform.seconds) == (2, 1600, 0.1)
        assert waveform.read(10, 30).tolist() == [12287] * 20
        assert waveform.read_channels(10, 11).tolist() == [[16383, 8191]]
        assert sum(len(block) for block in waveform.blocks(700)) == 1600
        assert len(waveform.read(1590, 5000)) == 10


def test_two_channels_that_cancel_each_other_are_heard(tmp_path: Path) -> None:
    sound = 0.5 * np.sin(np.arange(RATE) * 0.1)
    with Waveform(stereo(sound, -sound, tmp_path / "two.wav")) as waveform:
        assert np.abs(waveform.read(0, RATE) / 32_768 - sound).max() < 0.001


def test_speech_on_one_side_keeps_its_level_for_the_recogniser(tmp_path: Path) -> None:
    sound = 0.5 * np.sin(np.arange(RATE) * 0.1)
    with Waveform(stereo(0 * sound, sound, tmp_path / "two.wav")) as waveform:
        assert np.abs(waveform.read(0, RATE) / 32_768 - sound).max() < 0.01


def test_a_file_of_two_channels_that_is_cut_short_gives_what_is_there(tmp_path: Path) -> None:
    path = stereo(silence(1), silence(1), tmp_path / "cut.wav")
    path.write_bytes(path.read_bytes()[: 44 + 4 * 100 + 2])
    with Waveform(path) as waveform:
        assert len(waveform.read(0, waveform.length)) == 100
        left, right = sides(waveform)
        assert len(left) == len(right) == 1


def test_three_channels_are_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "three.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(3)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(bytes(600))
    with pytest.raises(ValueError, match="3"):
        Waveform(path)
