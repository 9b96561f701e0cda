"""What Gowajee accepts and supports, by its model. Pure."""

from __future__ import annotations

from datetime import timedelta

from transcription import remarks
from transcription.gowajee.options import BOOSTING, ModelName
from transcription.transcriber import Capabilities, PollSchedule

LONGEST = timedelta(hours=5)
"""The longest recording that any model accepts."""


def capabilities_of(model: ModelName, *, largest: int | None, stereo: bool) -> Capabilities:
    """Return the capabilities of a model; `largest` is the size of a recording that can be sent."""
    return Capabilities(
        poll_schedule=PollSchedule(
            first=1.0,
            every=0.25,
            soonest=timedelta(seconds=15),
            latest=timedelta(seconds=120),
            patience=4,
            patience_floor=timedelta(minutes=60),
            called=True,
        ),
        model=model,
        longest=LONGEST,
        largest=largest,
        stereo=stereo,
        speaker_hints=True,
        place=remarks.TO_GOWAJEE,
        vocabulary=model in BOOSTING,
    )
