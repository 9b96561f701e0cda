"""Everything that can be wrong with a model, as one tree. Every message is a sentence for the operator.

ModelError
├── UnknownModel      no model has this name
├── MissingModel      it is not on this machine, or not all of it
├── DamagedModel      a file is not what it should be; nothing may open it
├── UnpinnedModel     nobody published its hashes, so it is not installed
├── CannotStore       the disk is full or may not be written
└── FetchError        it could not be fetched
    ├── Unreachable   temporary: the network, or a server that has no time
    ├── Interrupted   the connection broke in the middle; what came is kept
    ├── NotOffered    the server or folder does not have it, or sends it elsewhere than we go
    └── WrongContent  what came is not the model; it is not kept
"""

from __future__ import annotations

from collections.abc import Sequence


class ModelError(Exception):
    """The root."""


class UnknownModel(ModelError):
    """No model has this name."""

    def __init__(self, name: str, *, known: Sequence[str]) -> None:
        super().__init__(f"there is no model {name!r}; known by name are {', '.join(known)}")


class MissingModel(ModelError):
    """It is not on this machine, or not all of it."""


class DamagedModel(ModelError):
    """A file is not what it should be."""


class UnpinnedModel(ModelError):
    """Nobody published the hashes of its files."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is not installed: the hashes of its files are not known, so nobody could tell whether they are "
            "genuine; put it into a folder yourself and set EMBEDDED_MODEL to that folder"
        )


class CannotStore(ModelError):
    """The disk is full or may not be written."""


class FetchError(ModelError):
    """It could not be fetched."""


class Unreachable(FetchError):
    """The network, or a server that has no time."""


class Interrupted(FetchError):
    """The connection broke in the middle; what came is kept."""


class NotOffered(FetchError):
    """The server or folder does not have it, or sends it elsewhere than we go."""


class WrongContent(FetchError):
    """What came is not the model; it is not kept."""
