"""Find out whether a recording was sent to Gowajee without the configured voice samples. Pure."""

from __future__ import annotations

from datetime import timedelta

from transcription.gowajee.options import SENT_RATE, SENT_WIDTH, GowajeeOptions
from transcription.transcript import Transcript

HEADER = 44
"""Bytes before the audio in a WAV that we write."""


def is_without_voices(
    transcript: Transcript, options: GowajeeOptions, *, length: timedelta | None, largest_inline: int
) -> bool:
    """Return whether the configured voice samples could not be sent with this recording of `length`.

    They are sent next to the audio. A larger recording is sent as an address, and how to send voice samples with an
    address is not documented. If the channels identified the speakers, no samples were needed.
    """
    if not (options.reference_speakers and transcript.turns):
        return False
    by_channel = any(speaker.label.startswith("channel-") for speaker in transcript.speakers)
    seconds = (transcript.duration if length is None else length).total_seconds()
    return not by_channel and HEADER + round(seconds * SENT_RATE) * SENT_WIDTH > largest_inline
