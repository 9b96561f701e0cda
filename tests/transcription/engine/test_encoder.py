"""The speaker encoder against its original, and its weights.

`ge2e_reference.npz` is what PyTorch 2.2 and librosa 0.11 make of the sample `note` with the published checkpoint: the
vectors of some windows (frames), and the beginning of the first window's spectrogram.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from sandbox.voices import SAMPLES
from tests.transcription.spoken import Sound, as_wav, decoded, silence
from transcription.engine.encoder import GE2E
from transcription.engine.features import Floats
from transcription.engine.mel import WINDOW, mel_spectrogram
from transcription.engine.segmentation import Span
from transcription.engine.waveform import Waveform
from transcription.engine.weights import GE2E as FILE
from transcription.engine.weights import SHAPES, weights

SIZE = 2_850_934
SHA256 = "ee27ab075086563f788ebf9c765b6700ebf780ee140c16dafdd09016dff7dae1"

NOTE = decoded(SAMPLES["note"].path)


def reference(name: str) -> Floats:
    with np.load(Path(__file__).parents[1] / "samples" / "ge2e_reference.npz", allow_pickle=False) as file:
        return np.asarray(file[name])


def vectors(sound: Sound, folder: Path, *windows: Span) -> Floats:
    with Waveform(as_wav(sound, folder / "sound.wav")) as waveform:
        return GE2E().vectors(waveform, windows)


def test_the_weights_are_the_ones_that_were_converted() -> None:
    content = FILE.read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (SIZE, SHA256)


def test_their_licence_is_beside_them() -> None:
    assert "Apache License" in FILE.with_name("LICENSE").read_text(encoding="utf-8")
    assert "Resemble.AI" in FILE.with_name("NOTICE").read_text(encoding="utf-8")


@pytest.mark.parametrize("spoilt", ["missing", "short", "wide"])
def test_other_weights_are_refused(spoilt: str, tmp_path: Path) -> None:
    found = {name: array.astype(np.float16) for name, array in weights().items()}
    match spoilt:
        case "missing":
            del found["linear.bias"]
        case "short":
            found["linear.bias"] = found["linear.bias"][1:]
        case _:
            found["linear.bias"] = found["linear.bias"].astype(np.float64)
    np.savez(tmp_path / "weights.npz", allow_pickle=False, **found)
    with pytest.raises(ValueError, match="does not hold"):
        weights(tmp_path / "weights.npz")


def test_every_weight_is_a_number() -> None:
    assert set(weights()) == set(SHAPES)
    assert all(np.isfinite(array).all() for array in weights().values())


def test_the_vectors_are_the_originals(tmp_path: Path) -> None:
    windows = [Span(int(start), int(end)) for start, end in reference("windows")]
    likeness = np.sum(vectors(NOTE, tmp_path, *windows) * reference("vectors"), axis=1)
    assert likeness.min() >= 0.9999


def test_the_spectrogram_is_the_originals() -> None:
    expected = reference("mels")
    samples = np.concatenate([np.zeros(WINDOW // 2), NOTE])[: (len(expected) - 1) * 160 + WINDOW].astype(np.float32)
    np.testing.assert_allclose(mel_spectrogram(samples), expected, rtol=2e-3, atol=1e-5)


def test_a_window_has_one_vector_whatever_it_is_computed_with(tmp_path: Path) -> None:
    many = [Span(at, at + 30 + at % 170) for at in range(0, 1400, 13)]
    together = vectors(NOTE, tmp_path, *many)
    for at in (0, 50, len(many) - 1):
        np.testing.assert_allclose(vectors(NOTE, tmp_path, many[at])[0], together[at], atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-4)


def test_quiet_speech_is_raised_and_loud_speech_left_alone(tmp_path: Path) -> None:
    window = Span(400, 560)
    quiet, quieter, loud = (vectors(NOTE * level, tmp_path, window)[0] for level in (0.2, 0.05, 1.0))
    assert quiet @ quieter >= 0.999
    assert loud @ quiet < 0.9999


def test_silence_and_what_is_beyond_the_end_have_a_vector(tmp_path: Path) -> None:
    found = vectors(silence(1), tmp_path, Span(0, 100), Span(90, 250), Span(500, 510))
    assert np.isfinite(found).all()
