"""Lists of jobs for answers to `/transcripts` and for the App Home. Pure.

An answer is built once, as lines of `Piece`s. From these come the blocks (rich text, in which text of other people
cannot mention, link or format) and the plain text for screen readers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from slack_sdk.models.blocks import Block, RichTextBlock, RichTextElementParts, RichTextSectionElement

from handlers import words
from handlers.plain_text import spoken
from storage.job import Job, JobState
from transcription.naming import in_words, shortened

_TITLE_LENGTH = 60
History = Sequence[tuple[datetime, JobState, str | None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Viewer:
    """The context of a list: the time now, how to get a job's provider title, and the workspace's URL for links."""

    now: datetime
    provider_title: Callable[[Job], str]
    workspace_url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A run of text; a link where `url` is given.

    With `moment` the text is its age. Blocks then show it as a Slack date, which stays correct while the message is on
    the screen.
    """

    text: str
    url: str | None = None
    bold: bool = False
    moment: datetime | None = None


RichLine = Sequence[Piece]

_DOT = Piece(text=" · ")


def overview(jobs: Sequence[Job], viewer: Viewer) -> list[RichLine]:
    """Return a list of recordings with their status. `jobs` are newest first."""
    if not jobs:
        return [[Piece(text=words.NO_RECORDINGS)]]
    waiting = sum(job.state.is_open for job in jobs)
    return [[Piece(text=words.overview(waiting=waiting, shown=len(jobs)))], *(entry(job, viewer) for job in jobs)]


def status(job: Job, history: History, viewer: Viewer) -> list[RichLine]:
    """Return one recording with its history."""
    return [entry(job, viewer), *(_event(job, event, viewer) for event in history)]


def as_text(lines: Iterable[RichLine]) -> str:
    """Return the lines as text for a field that Slack parses."""
    # Sanitize whole lines: two harmless pieces together can form markup.
    return "\n".join(spoken("".join(piece.text for piece in line)) for line in lines)


def as_blocks(lines: Iterable[RichLine]) -> list[Block]:
    """Return the lines as blocks, one for each line."""
    return [
        RichTextBlock(elements=[RichTextSectionElement(elements=[_element(piece) for piece in line])]) for line in lines
    ]


def _element(piece: Piece) -> RichTextElementParts.Text | RichTextElementParts.Link | RichTextElementParts.Date:
    if piece.url:
        return RichTextElementParts.Link(url=piece.url, text=piece.text)
    if piece.moment:
        # https://docs.slack.dev/reference/block-kit/block-elements/date-element
        at = int(piece.moment.timestamp())
        return RichTextElementParts.Date(timestamp=at, format="{ago}", fallback=words.on(piece.moment))
    style = RichTextElementParts.TextStyle(bold=True) if piece.bold else None
    return RichTextElementParts.Text(text=piece.text, style=style)


def entry(job: Job, viewer: Viewer) -> RichLine:
    """Return title, status, age, link to the thread and ID of a recording."""
    details = [_where_it_stands(job, viewer), words.long(in_words(job.duration)) if job.duration else None]
    told = _shared(job, viewer, f": {' · '.join(filter(None, details))}")
    return [*told, *_to_thread(job, viewer), _DOT, Piece(text=words.number(job.id))]


def heading(job: Job, viewer: Viewer) -> RichLine:
    """Return title, age and link to the thread of a recording."""
    return [*_shared(job, viewer), *_to_thread(job, viewer)]


def _shared(job: Job, viewer: Viewer, details: str = "") -> RichLine:
    return [
        Piece(text=title(job), bold=True),
        Piece(text=f"{details} · {words.SHARED} "),
        Piece(text=_ago(job.created_at, viewer), moment=job.created_at),
    ]


def _to_thread(job: Job, viewer: Viewer) -> RichLine:
    link = _thread_link(job, viewer)
    return [_DOT, Piece(text=words.OPEN_THREAD, url=link)] if link else []


def title(job: Job) -> str:
    """Return the recording's title as one short line. It is text of other people."""
    given = job.title or ""
    # A title of invisible characters cannot be read, and Slack refuses an empty text.
    seen = any(character.isprintable() and not character.isspace() for character in given)
    return shortened(given, limit=_TITLE_LENGTH) if seen else words.UNTITLED


def _event(job: Job, event: tuple[datetime, JobState, str | None], viewer: Viewer) -> RichLine:
    at, state, note = event
    said = words.standing(state, provider=viewer.provider_title(job) if job.provider else None)
    trouble = f" ({words.TROUBLE})" if note and state.is_open and state is not JobState.READY else ""
    return [Piece(text=f"{_ago(at, viewer)}: {said}{trouble}")]


def _where_it_stands(job: Job, viewer: Viewer) -> str:
    provider = viewer.provider_title(job) if job.provider else None
    if job.forgotten:
        return words.REMOVED
    if job.failure is not None and not job.state.is_open:
        return words.ending(job.failure.reason)
    if job.state is JobState.REPLIED and provider:
        return words.done_by(provider)
    return words.standing(job.state, provider=provider)


def _ago(moment: datetime, viewer: Viewer) -> str:
    seconds = max((viewer.now - moment).total_seconds(), 0)
    minute, hour, day = 60, 3600, 86400
    if seconds < minute:
        return words.JUST_NOW
    rough = day if seconds >= 2 * day else hour if seconds >= 2 * hour else minute
    return words.ago(in_words(timedelta(seconds=seconds // rough * rough)))


def _thread_link(job: Job, viewer: Viewer) -> str | None:
    thread = job.origin.thread
    if not (thread and viewer.workspace_url):
        return None
    place = f"{viewer.workspace_url}archives/{job.origin.channel}/p{thread.replace('.', '')}"
    return f"{place}?thread_ts={thread}&cid={job.origin.channel}"
