"""Fake models of some kilobytes, as files, as installed packages and as wheels."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from transcription.models.catalog import ENGLISH, GIB, Member, Model, ModelFile

LOUD = 'raise SystemExit("somebody imported a package of weights")\n'
"""What the package does to whoever imports it."""


@dataclass(frozen=True)
class Invented:
    """A model and what is in its files."""

    model: Model
    contents: Mapping[str, bytes]

    def put(self, folder: Path, **changed: bytes | None) -> Path:
        """Write the files below `folder`; `changed` ones with other contents, or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in {
            **self.contents,
            **{key.replace("_", "."): value for key, value in changed.items()},
        }.items():
            if content is not None:
                (folder / name).write_bytes(content)
        return folder

    def members(self) -> dict[str, dict[str, bytes]]:
        """For each distribution that holds it, its files by their paths."""
        found: dict[str, dict[str, bytes]] = {name: {} for name in self.model.distributions}
        for name, members in self.model.packaged.items():
            content, share = self.contents[name], -(-len(self.contents[name]) // len(members))
            for number, member in enumerate(members):
                found[member.distribution][member.path] = content[number * share : (number + 1) * share]
        return found


def invent(name: str = "little", *, size: int = 200_000, packages: int = 0, fill: bytes = b"w") -> Invented:
    """Make a model whose weights have `size` bytes; with `packages`, it lies in so many of them."""
    unique = hashlib.sha256(fill + name.encode()).digest()
    contents = {
        "config.json": b'{"alignment_heads": []}',
        "tokenizer.json": b'{"model": "' + name.encode() + b'"}',
        "vocabulary.txt": b"one\ntwo\n",
        "model.bin": (unique * (size // len(unique) + 1))[:size],
    }
    files = tuple(
        ModelFile(name=file, size=len(content), sha256=hashlib.sha256(content).hexdigest())
        for file, content in contents.items()
    )
    made = Model(
        name=name,
        repository=f"somebody/{name}",
        revision="0" * 40,
        licence="MIT",
        files=files,
        languages=ENGLISH,
        address_space=GIB,
        packaged=_packaged(name, packages),
    )
    return Invented(made, contents)


def unpinned(made: Invented) -> Invented:
    """The same without the hash of its weights."""
    files = tuple(replace(file, sha256=None) if file.name == "model.bin" else file for file in made.model.files)
    return Invented(replace(made.model, files=files), made.contents)


def _packaged(name: str, packages: int) -> dict[str, tuple[Member, ...]]:
    if not packages:
        return {}
    of = [Member(distribution=f"{name}-weights-{n}", path=f"{name}_weights_{n}/data/") for n in range(packages)]

    def member(number: int, file: str) -> Member:
        return replace(of[number], path=of[number].path + file)

    together = {file: (member(0, file),) for file in ("config.json", "tokenizer.json", "vocabulary.txt")}
    if packages == 1:
        return {**together, "model.bin": (member(0, "model.bin"),)}
    return {**together, "model.bin": tuple(member(n, f"model.bin.part{n}") for n in range(packages))}


def plant(made: Invented, site: Path) -> None:
    """Install the model's packages below `site`, as pip does; importing one ends the process."""
    for distribution, members in made.members().items():
        package = distribution.replace("-", "_")
        everything = {f"{package}/__init__.py": LOUD.encode(), **members, **_metadata(distribution)}
        for path, content in everything.items():
            (site / path).parent.mkdir(parents=True, exist_ok=True)
            (site / path).write_bytes(content)
        record = site / f"{package}-1.0.dist-info" / "RECORD"
        record.write_text("".join(_line(path, content) for path, content in everything.items()), encoding="utf-8")


def wheels(made: Invented, folder: Path) -> list[Path]:
    """Pack the model's packages as wheels."""
    folder.mkdir(parents=True, exist_ok=True)
    packed = []
    for distribution, members in made.members().items():
        wheel = folder / f"{distribution.replace('-', '_')}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in {**members, **_metadata(distribution)}.items():
                archive.writestr(path, content)
        packed.append(wheel)
    return packed


def _metadata(distribution: str) -> dict[str, bytes]:
    text = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
    return {f"{distribution.replace('-', '_')}-1.0.dist-info/METADATA": text.encode()}


def _line(path: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    return f"{path},sha256={digest},{len(content)}\n"
