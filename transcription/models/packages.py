"""Weights that were installed as Python packages: found by the lists of their files, never imported.

Such packages belong to strangers. Importing one would run its code with everything that the bot may do; reading a file
whose hash is known runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from transcription.models.catalog import Member, Model
from transcription.models.verification import Placed

Finder = Callable[[str], Distribution]
"""Gives a distribution by its name, or raises `PackageNotFoundError`."""


def installed(model: Model, *, find: Finder = distribution) -> Placed | None:
    """Say where the weight packages have the model's files; None where one of the packages is not installed.

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
