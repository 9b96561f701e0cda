"""The modal for speaker names keeps to what Slack takes, however many speakers and suggestions there are."""

from __future__ import annotations

import json
from datetime import timedelta

from handlers.naming_modal import SPEAKERS_ON_PAGE, NamingContext, form
from handlers.suggestions import Suggestion
from sandbox.slack.limits import VIEW_BLOCKS
from transcription.transcript import Speaker, Transcript, Turn

LARGEST_VIEW = 250_000
"""Bytes. https://docs.slack.dev/reference/methods/views.open"""


def test_many_speakers_with_many_long_suggestions_fit_into_a_form() -> None:
    speakers = [Speaker(label=f"speaker_{number}") for number in range(SPEAKERS_ON_PAGE)]
    turns = tuple(
        Turn(start=timedelta(seconds=number), end=timedelta(seconds=number + 1), text="ก" * 90, speaker=speaker)
        for number, speaker in enumerate(speakers)
    )
    transcript = Transcript(turns=turns, duration=timedelta(minutes=1))
    suggested = [
        Suggestion(name=f"{number:02}{'สมชาย' * 6}", why="Named in this conversation before") for number in range(26)
    ]
    context = NamingContext(job="j", version=0, most=SPEAKERS_ON_PAGE)
    view = form(context, transcript, names={}, pick_people=True, suggested=suggested).to_dict()
    assert len(json.dumps(view)) < LARGEST_VIEW
    assert len(view["blocks"]) <= VIEW_BLOCKS
    assert suggested[0].name in json.dumps(view, ensure_ascii=False), "the first ones are offered"
