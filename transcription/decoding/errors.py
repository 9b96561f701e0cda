"""Why a recording cannot be decoded."""

from __future__ import annotations


class Undecodable(Exception):
    """The file opens and should contain audio, but no audio can be decoded."""


class NoAudioTrack(Exception):
    """The file opens, but it contains no audio."""


class TooMuch(Exception):
    """The file contains more samples than allowed."""
