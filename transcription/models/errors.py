"""Errors of the offline engine's models, as one tree. Every message is a sentence for the operator.

ModelError
├── UnknownModel      no model has this name
├── MissingModel      the model or a part of it is not on this machine
├── DamagedModel      a file has the wrong content; it must not be opened
├── UnpinnedModel     its hashes are not published, so it is not installed
├── CannotStore       the disk is full or not writable
└── FetchError        the download failed
    ├── Unreachable   temporary: the network, or a busy server
    ├── Interrupted   the connection broke; the received part is kept
    ├── NotOffered    the source does not have it, or redirects to a forbidden address
    └── WrongContent  the received file is not the model; it is discarded
"""

from __future__ import annotations

from collections.abc import Sequence


class ModelError(Exception):
    """The base class."""


class UnknownModel(ModelError):
    """No model has this name."""

    def __init__(self, name: str, *, known: Sequence[str]) -> None:
        super().__init__(f"there is no model {name!r}; known by name are {', '.join(known)}")


class MissingModel(ModelError):
    """The model or a part of it is not on this machine."""


class DamagedModel(ModelError):
    """A file has the wrong content."""


class UnpinnedModel(ModelError):
    """The hashes of the model's files are not published."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is not installed: the hashes of its files are not known, so nobody could tell whether they are "
            "genuine; put it into a folder yourself and set EMBEDDED_MODEL to that folder"
        )


class CannotStore(ModelError):
    """The disk is full or not writable."""


class FetchError(ModelError):
    """The model could not be downloaded or copied."""


class Unreachable(FetchError):
    """The network failed, or the server is busy."""


class Interrupted(FetchError):
    """The connection broke. The received part is kept."""


class NotOffered(FetchError):
    """The source does not have the file, or redirects to a forbidden address."""


class WrongContent(FetchError):
    """The received file is not the model. It is discarded."""
