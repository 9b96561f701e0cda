"""What is told of jobs in answers to `/transcripts`, as rich text. Pure.

An answer is built once, as lines of `Piece`s. From these come the blocks (rich text, in which text of other people
cannot mention, link or format) and the plain text for screen readers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from slack_sdk.models.blocks import Block, RichTextBlock, RichTextElementParts, RichTextSectionElement

from handlers import words
from handlers.plain_text import spoken
from storage.job import Job, JobState
from storage.job_lists import BY_PEOPLE
from transcription.naming import in_words, short_length, shortened

_TITLE_LENGTH = 60
# What people type is shown as code.
_COMMAND = re.compile(r"(/invite @Threadscribe|/transcripts(?: (?:help|list|search|settings|where)\b)?)")
_PERSON = re.compile(r"[UW][A-Z0-9]{2,}")
History = Sequence[tuple[datetime, JobState, str | None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Viewer:
    """The context of a list: the time now, how to get a job's provider title, and the workspace's URL for links.

    `person`: who looks at it; what only the sharer of a recording may do is offered to nobody else.
    """

    now: datetime
    provider_title: Callable[[Job], str]
    workspace_url: str
    person: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A run of text; a link where `url` is given, and a person where `person` is their id.

    With `moment` the text is its age. Blocks then show it as a Slack date in this `format`; an age stays correct while
    the message is on the screen.
    """

    text: str
    url: str | None = None
    bold: bool = False
    code: bool = False
    moment: datetime | None = None
    format: str = "{ago}"
    person: str | None = None


RichLine = Sequence[Piece]

_DOT = Piece(text=" · ")


def status(job: Job, history: History, viewer: Viewer) -> list[RichLine]:
    """Return one recording with its history."""
    length = [short_length(job.duration)] if job.duration else []
    told = _shared(job, viewer, f": {' · '.join([outcome(job, viewer), *length])}")
    return [[*told, *_to_thread(job, viewer)], *story(job, history, viewer)]


def story(job: Job, history: History, viewer: Viewer, *, form: str = "{ago}") -> list[RichLine]:
    """Return the history of a recording; `form` is a format of Slack's dates.

    Two states with the same words are told once. A job that failed never had a transcript to post.
    """
    told: list[tuple[str, RichLine]] = []
    for at, state, note in history:
        if job.failure is not None and state in {JobState.READY, JobState.REPLYING}:
            continue
        said = _event(state, note)
        if not told or told[-1][0] != said:
            told.append((said, [Piece(text=age(at, viewer), moment=at, format=form), Piece(text=f": {said}")]))
    return [line for _, line in told]


def with_commands(text: str) -> RichLine:
    """Return a sentence of our own with the commands in it as code."""
    return [Piece(text=part, code=bool(number % 2)) for number, part in enumerate(_COMMAND.split(text)) if part]


def sentence(text: str) -> list[Block]:
    """Return a sentence of our own as blocks where it names a command, and none where its text is enough."""
    line = with_commands(text)
    return as_blocks([line]) if any(piece.code for piece in line) else []


def as_text(lines: Iterable[RichLine]) -> str:
    """Return the lines as text for a field that Slack parses."""
    # Sanitize whole lines: two harmless pieces together can form markup.
    return "\n".join(spoken("".join(piece.text for piece in line)) for line in lines)


def as_blocks(lines: Iterable[RichLine]) -> list[Block]:
    """Return the lines as blocks, one for each line."""
    return [
        RichTextBlock(elements=[RichTextSectionElement(elements=[_element(piece) for piece in line])]) for line in lines
    ]


def _element(
    piece: Piece,
) -> RichTextElementParts.Text | RichTextElementParts.Link | RichTextElementParts.Date | RichTextElementParts.User:
    if piece.url:
        return RichTextElementParts.Link(url=piece.url, text=piece.text)
    if piece.moment:
        # https://docs.slack.dev/reference/block-kit/block-elements/date-element
        at = int(piece.moment.timestamp())
        return RichTextElementParts.Date(timestamp=at, format=piece.format, fallback=words.on(piece.moment))
    if piece.person and _PERSON.fullmatch(piece.person):
        return RichTextElementParts.User(user_id=piece.person)
    styled = piece.bold or piece.code
    style = RichTextElementParts.TextStyle(bold=piece.bold or None, code=piece.code or None) if styled else None
    return RichTextElementParts.Text(text=piece.text, style=style)


def heading(job: Job, viewer: Viewer) -> RichLine:
    """Return title, age and link to the thread of a recording."""
    told = [Piece(text=title(job), bold=True), _DOT, Piece(text=age(job.created_at, viewer), moment=job.created_at)]
    return [*told, *_to_thread(job, viewer)]


def _shared(job: Job, viewer: Viewer, details: str = "") -> RichLine:
    return [
        Piece(text=title(job), bold=True),
        Piece(text=f"{details} · {words.SHARED} "),
        Piece(text=age(job.created_at, viewer), moment=job.created_at),
    ]


def _to_thread(job: Job, viewer: Viewer) -> RichLine:
    link = thread_link(job, viewer)
    return [_DOT, Piece(text=words.OPEN_THREAD, url=link)] if link else []


def title(job: Job) -> str:
    """Return the recording's title as one short line. It is text of other people."""
    given = job.title or ""
    # A title of invisible characters cannot be read, and Slack refuses an empty text.
    seen = any(character.isprintable() and not character.isspace() for character in given)
    return shortened(given, limit=_TITLE_LENGTH) if seen else words.UNTITLED


def _event(state: JobState, note: str | None) -> str:
    # Without the service: it is that of the newest run, and what is told here may be of another one.
    said = words.standing(state)
    is_trouble = note and state.is_open and state is not JobState.READY and not note.startswith(BY_PEOPLE)
    trouble = f" ({words.TROUBLE})" if is_trouble else ""
    return f"{said}{trouble}"


def outcome(job: Job, viewer: Viewer) -> str:
    """Return where a recording stands, in words."""
    provider = viewer.provider_title(job) if job.provider else None
    if job.forgotten:
        return words.REMOVED
    if job.failure is not None and not job.state.is_open:
        return words.ending(job.failure.reason, provider=provider)
    if job.state is JobState.REPLIED and provider:
        return words.done_by(provider)
    return words.standing(job.state, provider=provider)


def age(moment: datetime, viewer: Viewer) -> str:
    """Return how long ago a moment was, roughly."""
    seconds = max((viewer.now - moment).total_seconds(), 0)
    minute, hour, day = 60, 3600, 86400
    if seconds < minute:
        return words.JUST_NOW
    rough = day if seconds >= 2 * day else hour if seconds >= 2 * hour else minute
    return words.ago(in_words(timedelta(seconds=seconds // rough * rough)))


def thread_link(job: Job, viewer: Viewer) -> str | None:
    """Return the address of a recording's thread; None where it is not known."""
    thread = job.origin.thread
    if not (thread and viewer.workspace_url):
        return None
    place = f"{viewer.workspace_url}archives/{job.origin.channel}/p{thread.replace('.', '')}"
    return f"{place}?thread_ts={thread}&cid={job.origin.channel}"
