"""The search modal: opened from the App Home and by a global shortcut, and searched in again and again.

It is what `/transcripts search` is, for a telephone. Nothing is stored: each search asks Slack where the person is, so
that a modal that stayed open shows nothing more of a conversation that they were taken out of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slack_sdk.models.blocks import Block, DividerBlock, InputBlock, PlainTextInputElement, PlainTextObject
from slack_sdk.models.views import View

from handlers import search, words
from handlers.action_ids import SEARCH
from handlers.actor import Actor
from handlers.choices import typed
from handlers.events import PressedAnywhere, Submitted
from handlers.interactions import Interactions
from handlers.listing import Viewer
from handlers.slack import SlackForListeners
from storage.database import Database

FORM = "search_transcripts_form"
_WORDS = "search_words"
_LONGEST = 300  # characters


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchForm:
    """Opens the modal and answers in it."""

    database: Database
    slack_of: Callable[[Actor], SlackForListeners]
    viewer_of: Callable[[Actor], Viewer]

    async def open(self, body: object) -> None:
        """Open the empty modal. Raises `SlackNotReached`."""
        pressed = PressedAnywhere.model_validate(body)
        await self.slack_of(Actor.of(pressed)).open(pressed.trigger_id, form())

    async def search(self, submitted: Submitted) -> View:
        """Return the modal with what was found. Raises what `search.find` raises."""
        actor, what = Actor.of(submitted), typed(submitted.view.state.values, _WORDS)
        slack, viewer = self.slack_of(actor), self.viewer_of(actor)
        found = await search.find(actor, what, database=self.database, slack=slack, viewer=viewer)
        return form(what, found.blocks)


def form(what: str = "", found: Sequence[Block] = ()) -> View:
    """Return the modal with `what` typed in, and the blocks of what was `found`."""
    field = PlainTextInputElement(
        action_id=_WORDS,
        placeholder=PlainTextObject(text=words.SEARCH_PLACEHOLDER, emoji=False),
        initial_value=what or None,
        max_length=_LONGEST,
        # Not with results: the keyboard of a telephone would cover them.
        focus_on_load=not found,
    )
    return View(
        type="modal",
        callback_id=FORM,
        title=words.SEARCH_BUTTON,
        submit=words.SEARCH_SUBMIT,
        close=words.CLOSE,
        blocks=[
            InputBlock(block_id=_WORDS, label=words.SEARCH_WORDS, hint=words.SEARCH_HINT, element=field),
            *([DividerBlock(), *found] if found else []),
        ],
    )


def register(interactions: Interactions, *, search_form: SearchForm) -> None:
    """Register the button, the global shortcut and the modal."""
    # What is found is of many recordings: `search.find` asks Slack where the person is.
    interactions.button(SEARCH, search_form.open, about_a_job=False)
    interactions.shortcut(SEARCH, search_form.open, about_a_job=False)
    interactions.modal(FORM, search_form.search, about_a_job=False)
