"""How loud the engine finds every 10 ms."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from tests.transcription.spoken import as_wav, noise, silence
from transcription.engine.features import SILENCE_DB, extract
from transcription.engine.waveform import Waveform


def test_there_is_one_frame_for_every_ten_milliseconds_begun(tmp_path: Path) -> None:
    for seconds, frames in ((1.0, 100), (0.305, 31), (0.001, 1), (0, 0)):
        with Waveform(as_wav(noise(seconds), tmp_path / "noise.wav")) as waveform:
            assert extract(waveform).loudness.shape == (frames,)


def test_the_blocks_leave_no_seam(tmp_path: Path) -> None:
    sound = noise(31)
    with Waveform(as_wav(sound, tmp_path / "whole.wav")) as waveform:
        whole = extract(waveform)
    with Waveform(as_wav(sound[29 * 16_000 :], tmp_path / "end.wav")) as waveform:
        end = extract(waveform)
    np.testing.assert_allclose(whole.loudness[2900:], end.loudness, atol=1e-3)


def test_loudness_is_in_decibels_of_full_scale(tmp_path: Path) -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    for sound, expected in ((tone, -3.0), (tone / 10, -23.0), (silence(1), SILENCE_DB)):
        with Waveform(as_wav(sound, tmp_path / "tone.wav")) as waveform:
            assert np.median(extract(waveform).loudness) == pytest.approx(expected, abs=0.2)


def test_a_file_that_is_cut_short_gives_what_is_there(tmp_path: Path) -> None:
    path = as_wav(noise(2), tmp_path / "cut.wav")
    path.write_bytes(path.read_bytes()[:32_045])
    with Waveform(path) as waveform:
        assert len(waveform.read(0, waveform.length)) == 16_000
        assert np.isfinite(extract(waveform).loudness).all()


def test_another_rate_is_not_taken_for_the_engines(tmp_path: Path) -> None:
    path = tmp_path / "telephone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(1600))
    with pytest.raises(ValueError, match="8000"):
        Waveform(path)
