"""The offline engine with a real Whisper model: what people say, and nothing where nobody says anything."""

from __future__ import annotations

import json
import shutil
import wave
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest

from sandbox.scoring import words
from tests.transcription.embedded.test_embedded import answer, recording, sent
from tests.transcription.offline_model import PEOPLE, SENTENCES, real_model
from tests.transcription.spoken import Sound, decoded, noise, silence
from transcription import remarks
from transcription.embedded.local_model import LocalModel
from transcription.embedded.transcriber import Embedded
from transcription.engine.waveform import RATE
from transcription.errors import Lost, Refused, Unavailable
from transcription.hints import Hints
from transcription.models.catalog import BASE
from transcription.models.store import ModelStore
from transcription.transcriber import Audio, Handle, Inquiry
from transcription.transcript import Transcript

NOW = Inquiry(age=timedelta(0))


@pytest.fixture
def whisper(tmp_path: Path) -> Embedded:
    return Embedded(model=real_model(tmp_path / "models"))


def said(transcript: Transcript) -> str:
    return " ".join(turn.text for turn in transcript.turns)


def person(number: int) -> Sound:
    return decoded(PEOPLE / f"sense_and_sensibility_{number}.flac")


def tone(hertz: float, seconds: float = 20) -> Sound:
    return 0.1 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)


def music(seconds: float = 20) -> Sound:
    """Plucked notes of a scale, each with its overtones."""
    random = np.random.default_rng(1)
    played = np.zeros(round((seconds + 1) * RATE))
    at = np.arange(round(0.75 * RATE)) / RATE
    for start in range(0, round(seconds * RATE), RATE // 2):
        hertz = 220 * 2 ** (int(random.integers(0, 13)) / 12)
        note = sum(np.sin(2 * np.pi * hertz * part * at) / part for part in range(1, 5))
        played[start : start + len(at)] += 0.15 * note * np.exp(-3 * at)
    return played


@pytest.mark.parametrize("number", [1, 2])
async def test_a_person_is_written_down_with_capitals_and_full_stops(
    whisper: Embedded, tmp_path: Path, number: int
) -> None:
    transcript = await answer(whisper, await sent(whisper, recording(tmp_path / "p", person(number))))
    sentence = SENTENCES[f"sense_and_sensibility_{number}"]
    missed = set(words(sentence)) - set(words(said(transcript)))
    assert len(missed) <= 2, missed
    assert said(transcript)[0].isupper()
    assert said(transcript)[-1] in ".?!"
    assert transcript.languages == ("en",)
    assert len(transcript.speakers) == 1
    assert "Whisper tiny.en" in (transcript.note or "")
    assert "transcribed as English" in (transcript.note or "")


async def test_two_people_with_a_channel_each_are_two_even_with_one_voice(whisper: Embedded, tmp_path: Path) -> None:
    assert whisper.capabilities.stereo
    left = np.concatenate([person(1), silence(len(person(2)) / RATE), person(1)])
    right = np.concatenate([silence(len(person(1)) / RATE), person(2), silence(len(person(1)) / RATE)])
    audio = recording(tmp_path / "p", left)
    with wave.open(str(audio.path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        both = np.stack([left, right[: len(left)]], axis=1)
        file.writeframes((np.clip(both, -1, 1) * 32_767).astype("<i2").tobytes())
    transcript = await answer(whisper, await sent(whisper, replace(audio, channels=2)))
    assert [turn.speaker and turn.speaker.label for turn in transcript.turns] == ["voice_1", "voice_2", "voice_1"]


QUIET: dict[str, Callable[[], Sound]] = {
    "silence": lambda: silence(20),
    "a whisper of noise": lambda: noise(20, level=0.003),
    "noise": lambda: noise(20, level=0.05),
    "hum": lambda: tone(50),
    "a tone": lambda: tone(440),
    "a beating tone": lambda: tone(440) * (1 + np.sign(tone(2))) / 2,
    "music": music,
}


@pytest.mark.parametrize("name", QUIET)
async def test_where_nobody_speaks_nothing_is_written(whisper: Embedded, tmp_path: Path, name: str) -> None:
    transcript = await answer(whisper, await sent(whisper, recording(tmp_path / "quiet", QUIET[name]())))
    assert said(transcript) == ""


@pytest.mark.parametrize("after", [silence(40), noise(40, level=0.02)], ids=["silence", "noise"])
async def test_after_the_last_word_none_is_added(whisper: Embedded, tmp_path: Path, after: Sound) -> None:
    sound = np.concatenate([person(1), after])
    transcript = await answer(whisper, await sent(whisper, recording(tmp_path / "p", sound)))
    assert transcript.turns
    assert max(turn.end for turn in transcript.turns) <= timedelta(seconds=len(person(1)) / RATE + 0.5)


def doubting(folder: Path, *, by: str | None, doubt: float, language: str = "en", unsure: bool = False) -> Handle:
    """A result as the engine's process leaves it."""
    turns = [{"voice": 0, "start": 0, "end": 900, "text": "Thank you very much."}]
    result = {"milliseconds": 900, "turns": turns, "by": by, "doubt": doubt, "language": language, "unsure": unsure}
    (folder / "engine.json").write_text(json.dumps(result))
    return Handle(str(folder))


@pytest.mark.parametrize(("by", "doubt"), [("tiny.en", 0.7), ("base", 1.0), ("", 1.0)])
async def test_what_the_model_itself_doubts_is_told_and_not_published(tmp_path: Path, by: str, doubt: float) -> None:
    with pytest.raises(Refused) as caught:
        await Embedded().check(doubting(tmp_path, by=by, doubt=doubt), NOW)
    assert caught.value.sentence == remarks.UNKNOWN_LANGUAGE


@pytest.mark.parametrize(("by", "doubt"), [("tiny.en", 0.5), ("base", 0.7), (None, 1.0)])
async def test_what_it_hears_badly_in_a_language_that_it_knows_is_published(
    tmp_path: Path, by: str | None, doubt: float
) -> None:
    transcript = await Embedded().check(doubting(tmp_path, by=by, doubt=doubt), NOW)
    assert isinstance(transcript, Transcript)
    assert said(transcript) == "Thank you very much."


@pytest.mark.parametrize(("unsure", "told"), [(True, True), (False, False)])
async def test_a_language_that_was_only_assumed_is_told(tmp_path: Path, *, unsure: bool, told: bool) -> None:
    handle = doubting(tmp_path, by="base", doubt=0.3, language="af", unsure=unsure)
    transcript = await Embedded().check(handle, NOW)
    assert isinstance(transcript, Transcript)
    assert transcript.languages == ("af",)
    assert ("couldn't be detected, so Afrikaans was assumed" in (transcript.note or "")) is told


async def test_a_model_of_many_languages_detects_the_one_that_is_spoken(tmp_path: Path) -> None:
    engine = Embedded(language="fr", model=real_model(tmp_path / "models", BASE))
    transcript = await answer(engine, await sent(engine, recording(tmp_path / "p", person(2))))
    assert transcript.languages == ("en",)
    assert "respectable" in said(transcript)
    assert "Whisper base" in (transcript.note or "")
    assert "assumed" not in (transcript.note or "")


@pytest.mark.parametrize(
    ("language", "who"),
    [("zu-ZA", "Botlhale AI does"), ("tn", "Botlhale AI does"), ("th", "Gowajee does"), ("fr-CA", "larger Whisper")],
)
async def test_a_language_that_the_model_lacks_is_refused_with_what_has_it(
    whisper: Embedded, tmp_path: Path, language: str, who: str
) -> None:
    audio = replace(recording(tmp_path / "p", person(1)), hints=Hints(language=language))
    with pytest.raises(Refused) as caught:
        await whisper.prepare(audio)
    assert who in caught.value.sentence


async def test_what_it_offers_is_what_the_model_understands(whisper: Embedded) -> None:
    assert whisper.capabilities.offers == ("en",)
    assert whisper.capabilities.model == "tiny.en"


def without(folder: Path, *, wanted: str) -> Embedded:
    def find(name: str) -> object:
        raise PackageNotFoundError(name)

    store = ModelStore(folder, find_package=find)  # type: ignore[arg-type]  # it never returns
    return Embedded(model=LocalModel(store, configured=wanted))


async def test_a_model_that_was_chosen_and_is_missing_waits_for_the_operator(whisper: Embedded, tmp_path: Path) -> None:
    del whisper  # skips where the engine is not installed
    engine = without(tmp_path / "none", wanted="base")
    with pytest.raises(Unavailable, match="base"):
        await engine.prepare(recording(tmp_path / "p", person(1)))


async def test_a_model_that_is_damaged_is_not_opened(whisper: Embedded, tmp_path: Path) -> None:
    del whisper
    folder = tmp_path / "none" / "base"
    folder.mkdir(parents=True)
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / name).write_bytes(b"{}")
    engine = without(tmp_path / "none", wanted="base")
    with pytest.raises(Unavailable):
        await engine.prepare(recording(tmp_path / "p", person(1)))


async def test_where_no_model_is_here_the_last_resort_says_so(tmp_path: Path) -> None:
    engine = without(tmp_path / "none", wanted="auto")
    audio: Audio = recording(tmp_path / "p", person(2))
    transcript = await answer(engine, await sent(engine, audio))
    assert transcript.note == remarks.A_TRIAL


async def test_an_unknown_model_that_cannot_be_opened_waits_for_the_operator(whisper: Embedded, tmp_path: Path) -> None:
    """Nobody knows its hash. That it is damaged shows when it is opened, and is no fault of the recording."""
    del whisper
    model = await real_model(tmp_path / "models").find()
    assert model is not None
    folder = tmp_path / "mine"
    shutil.copytree(model.folder, folder)
    weights = (folder / "model.bin").read_bytes()
    (folder / "model.bin").write_bytes(weights[:1_000_000])
    engine = Embedded(model=LocalModel(ModelStore(tmp_path / "models"), configured=str(folder), threads=1))
    audio = recording(tmp_path / "p", person(2))
    with pytest.raises(Lost):
        await answer(engine, await sent(engine, audio))
    for _ in range(2):
        with pytest.raises(Unavailable, match="cannot be opened"):
            await engine.prepare(audio)
    (folder / "model.bin").write_bytes(weights)
    assert "respectable" in said(await answer(engine, await sent(engine, audio)))
