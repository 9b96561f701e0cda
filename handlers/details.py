"""The details of one recording, in a modal: who shared it, what happened to it, and its id for support."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from slack_sdk.models.blocks import Block, DividerBlock, HeaderBlock, PlainTextObject
from slack_sdk.models.views import View

from handlers import words
from handlers.actor import Actor
from handlers.job_actions import visible_job
from handlers.listing import History, Piece, RichLine, Viewer, age, as_blocks, outcome, story, thread_link, title
from handlers.responses import Declined
from handlers.slack import OpensForms
from storage import job_lists
from storage.database import Database, Transaction
from storage.job import Job, JobId
from transcription.naming import short_length

HISTORY_LINES = 20
"""Latest history entries shown for a recording; Slack allows 50 blocks in a message."""

_WHEN = "{date_short_pretty} at {time}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Details:
    """Opens the details of recordings."""

    database: Database
    slack_of: Callable[[Job], OpensForms]
    viewer_of: Callable[[Actor], Viewer]

    async def open(self, actor: Actor, job_id: JobId, *, trigger: str) -> None:
        """Show a recording that the person sees. Raises `Declined`. `trigger` is a Slack trigger id."""

        def look(tx: Transaction) -> tuple[Job, History] | None:
            job = visible_job(tx, actor, job_id)
            return (job, job_lists.history(tx, job_id)[-HISTORY_LINES:]) if job else None

        found = await self.database.read(look)
        if found is None:
            raise Declined(words.NO_SUCH_RECORDING)
        job, history = found
        await self.slack_of(job).open(trigger, form(job, history, self.viewer_of(actor)))


def form(job: Job, history: History, viewer: Viewer) -> View:
    """Return the modal."""
    return View(
        type="modal",
        title=words.DETAILS_TITLE,
        close=words.CLOSE,
        blocks=[
            *as_blocks([[Piece(text=title(job), bold=True)], *_facts(job, viewer)]),
            _heading(words.DETAILS_HISTORY),
            *as_blocks(story(job, history, viewer, form=_WHEN)),
            DividerBlock(),
            *as_blocks([[Piece(text=words.DETAILS_ID), Piece(text=job.id, code=True)]]),
        ],
    )


def _facts(job: Job, viewer: Viewer) -> Iterator[RichLine]:
    yield [Piece(text=outcome(job, viewer))]
    when = Piece(text=age(job.created_at, viewer), moment=job.created_at, format=_WHEN)
    person = job.origin.user
    by = [Piece(text=words.SHARED_BY), Piece(text=person, person=person), Piece(text=", ")] if person else []
    yield [*(by or [Piece(text=f"{words.SHARED.capitalize()} ")]), when]
    if job.provider:
        yield [Piece(text=words.transcribed_with(viewer.provider_title(job)))]
    if job.duration:
        yield [Piece(text=words.lasts(short_length(job.duration)))]
    if link := thread_link(job, viewer):
        yield [Piece(text=words.OPEN_THREAD, url=link)]


def _heading(text: str) -> Block:
    return HeaderBlock(text=PlainTextObject(text=text, emoji=False))
