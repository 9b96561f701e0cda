"""Find model weights that were installed as Python packages, by their file lists, without importing them.

These packages are third-party. Importing one would run its code with all rights of the bot; reading a file with a known
hash runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from transcription.models.catalog import Member, Model
from transcription.models.verification import Placed

Finder = Callable[[str], Distribution]
"""A function that returns a distribution by name, or raises `PackageNotFoundError`."""


def installed(model: Model, *, find: Finder = distribution) -> Placed | None:
    """Return the model's files in the weight packages; None if one of the packages is not installed.

    A file that its package does not list, or lists elsewhere, counts as missing when the model is verified.
    """
    if not model.packaged:
        return None
    parts: dict[str, tuple[Path, ...]] = {}
    for name, members in model.packaged.items():
        try:
            places = [_place(member, find(member.distribution)) for member in members]
        except PackageNotFoundError:
            return None
        if None not in places:
            parts[name] = tuple(place for place in places if place is not None)
    return Placed(model, parts)


def _place(member: Member, found: Distribution) -> Path | None:
    for listed in found.files or ():
        if listed.as_posix() == member.path:
            return Path(str(found.locate_file(listed)))
    return None
