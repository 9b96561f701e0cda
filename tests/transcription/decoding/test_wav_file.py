"""A WAV that is written at any place of it."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from transcription.decoding.wav_file import new_wav


def written(path: Path, parts: list[tuple[int, list[int]]], *, channels: int = 1) -> list[int]:
    with new_wav(path, rate=16_000, channels=channels) as wav:
        for at, samples in parts:
            wav.write(np.array(samples, "<i2").tobytes(), at=at)
    with wave.open(str(path)) as read:
        assert (read.getnchannels(), read.getframerate(), read.getsampwidth()) == (channels, 16_000, 2)
        return list(np.frombuffer(read.readframes(read.getnframes()), "<i2"))


@pytest.mark.parametrize(
    ("parts", "samples"),
    [
        ([], []),
        ([(0, [1, 2]), (2, [3])], [1, 2, 3]),
        ([(3, [4])], [0, 0, 0, 4]),
        ([(0, [1]), (3, [4])], [1, 0, 0, 4]),
        ([(0, [1, 2, 3]), (1, [10, 20])], [1, 12, 23]),
        ([(0, [1, 2]), (1, [10, 20, 30])], [1, 12, 20, 30]),
        ([(2, [5]), (0, [1, 1, 1, 1])], [1, 1, 6, 1]),
        ([(0, [30_000, -30_000]), (0, [30_000, -30_000])], [32_767, -32_768]),
    ],
)
def test_what_stands_at_a_place_is_added_and_what_is_between_is_silence(
    parts: list[tuple[int, list[int]]], samples: list[int], tmp_path: Path
) -> None:
    assert written(tmp_path / "out.wav", parts) == samples


def test_two_channels_stand_side_by_side(tmp_path: Path) -> None:
    assert written(tmp_path / "out.wav", [(1, [1, 2, 3, 4])], channels=2) == [0, 0, 1, 2, 3, 4]
