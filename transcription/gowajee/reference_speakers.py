"""Whether a recording had to be sent to Gowajee without the reference voices that are set up. Pure."""

from __future__ import annotations

from datetime import timedelta

from transcription.gowajee.options import SENT_RATE, SENT_WIDTH, GowajeeOptions
from transcription.transcript import Transcript

HEADER = 44
"""Bytes before the sound in a WAV that we make."""


def is_without_voices(
    transcript: Transcript, options: GowajeeOptions, *, length: timedelta | None, largest_inline: int
) -> bool:
    """Whether voices should have gone along with this recording of `length` and could not.

    They go beside the sound, and a larger recording goes as an address; how voices are written there is published
    nowhere. Where its channels told who speaks, none were to go.
    """
    if not (options.reference_speakers and transcript.turns):
        return False
    by_channel = any(speaker.label.startswith("channel-") for speaker in transcript.speakers)
    seconds = (transcript.duration if length is None else length).total_seconds()
    return not by_channel and HEADER + round(seconds * SENT_RATE) * SENT_WIDTH > largest_inline
