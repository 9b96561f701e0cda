"""Rows of recordings in the list of `/transcripts` and in the App Home: state, length, age, link and menu. Pure.

A row is a section, since rich text has no menu beside it. So what other people wrote goes through
`handlers.plain_text`, and nothing of it can format, mention or link.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote

from slack_sdk.models.blocks import (
    Block,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    Option,
    OverflowMenuElement,
    PlainTextObject,
    SectionBlock,
)

from handlers import words
from handlers.action_ids import CANCEL, DELETE, DETAILS, RECORDING_MENU, RERUN, RETRY
from handlers.listing import Viewer, age, as_blocks, outcome, thread_link, title, with_commands
from handlers.plain_text import shown, spoken
from storage.job import WORTH_A_TRY, Job, JobState, Reason
from transcription.naming import short_length

LISTED = 15
"""Recordings in a list at most."""

ROOM = 12_000
"""Characters of a list's blocks as JSON: Slack refuses messages that are much larger."""

_ADDRESS = 1_000

_WORTH_A_TRY = WORTH_A_TRY | {Reason.CANCELLED, Reason.NOT_A_MEMBER, Reason.ON_REQUEST}
# Another service or language changes nothing here.
_NEVER = frozenset({Reason.NOT_AUDIO, Reason.NO_SOUND, Reason.DUPLICATE, Reason.FILE_GONE, Reason.CHANNEL_GONE})


def needs_attention(job: Job) -> bool:
    """Return whether a recording should have a transcript and has none."""
    failure = None if job.state.is_open or job.forgotten else job.failure
    return failure is not None and failure.reason in WORTH_A_TRY | {Reason.REFUSED}


def in_progress(job: Job) -> bool:
    """Return whether a recording still moves."""
    return job.state.is_open and not job.forgotten


def has_transcript(job: Job) -> bool:
    """Return whether a transcript of the recording is in its thread, also while it is transcribed again."""
    posted = job.state is JobState.REPLIED and job.failure is None
    return not job.forgotten and (posted or job.shown_as is not None)


def row(job: Job, viewer: Viewer) -> Block:
    """Return one recording, with what can be done with it in a menu."""
    link, at = _address(thread_link(job, viewer) or ""), int(job.created_at.timestamp())
    told = [
        f"{_emoji(job)} {spoken(outcome(job, viewer))}",
        *([short_length(job.duration)] if job.duration else []),
        f"<!date^{at}^{{ago}}|{words.on(job.created_at)}>",
        *([f"<{link}|{words.OPEN_THREAD}>"] if link else []),
    ]
    # With verbatim Slack makes no links and mentions of what only looks like some.
    name = shown(title(job)) or words.UNTITLED
    text = MarkdownTextObject(text=f"*{name}*\n{' · '.join(told)}", verbatim=True)
    options = [
        Option(text=PlainTextObject(text=each), value=f"{job.id}:{verb}") for each, verb in _choices(job, viewer)
    ]
    return SectionBlock(text=text, accessory=OverflowMenuElement(action_id=RECORDING_MENU, options=options))


def _address(url: str) -> str:
    address = quote(url, safe=":/?=&%", errors="replace").replace("&", "&amp;")
    return address if len(address) <= _ADDRESS else ""  # a section holds 3,000 characters, and Slack's are short


def _choices(job: Job, viewer: Viewer) -> Iterator[tuple[str, str]]:
    """Yield what can be done with a recording, and the action id for it."""
    ended = not job.state.is_open and not job.forgotten
    reason = job.failure.reason if ended and job.failure else None
    if in_progress(job) and job.state.can_be_cancelled:
        yield words.CANCEL, CANCEL
    if reason in _WORTH_A_TRY:
        yield words.TRANSCRIBE if reason is Reason.ON_REQUEST else words.RETRY, RETRY
    if ended and reason not in _NEVER:
        yield words.RERUN_OPTION, RERUN
    yield words.DETAILS_OPTION, DETAILS
    if has_transcript(job) and job.origin.user == viewer.person:
        yield words.DELETE_OPTION, DELETE


def _emoji(job: Job) -> str:
    if job.forgotten:
        return "🗑️"
    if job.state.is_open:
        return "⏳"
    if needs_attention(job):
        return "⚠️"
    if job.failure is None and job.state is JobState.REPLIED:
        return "✅"
    return "🚫" if job.failure and job.failure.reason is Reason.CANCELLED else "⏭️"


def _plainly(job: Job, viewer: Viewer) -> str:
    """Return one recording for screen readers and notifications."""
    length = [short_length(job.duration)] if job.duration else []
    told = " · ".join([outcome(job, viewer), *length, age(job.created_at, viewer)])
    return f"{spoken(title(job)) or words.UNTITLED}: {spoken(told)}"


def recordings(jobs: Sequence[Job], viewer: Viewer, *, heading: str, older: bool) -> tuple[str, list[Block]]:
    """Return a list of recordings as text and as blocks. `jobs` are newest first; `older`: there are more of them.

    What needs attention is first, then what is in progress.
    """
    if not jobs:
        return words.NO_RECORDINGS, as_blocks([with_commands(words.NO_RECORDINGS)])
    ordered = sorted(jobs, key=lambda job: 0 if needs_attention(job) else 1 if in_progress(job) else 2)
    counts = words.counts(
        in_progress=sum(map(in_progress, jobs)),
        attention=sum(map(needs_attention, jobs)),
        transcribed=sum(has_transcript(job) and not in_progress(job) for job in jobs),
        others=sum(_is_left(job) for job in jobs),
    )
    begin: list[Block] = [
        HeaderBlock(text=PlainTextObject(text=heading, emoji=False)),
        ContextBlock(elements=[PlainTextObject(text=counts, emoji=False)]),
    ]
    rows = list(_fitting(ordered[:LISTED], lambda job: row(job, viewer)))
    left = len(jobs) - len(rows)
    end = [words.not_listed(left if not older else None)] if left or older else []
    lines = [f"{heading}: {counts}", *(_plainly(job, viewer) for job in ordered[: len(rows)]), *end]
    return "\n".join(lines), [*begin, *rows, *as_blocks(map(with_commands, end))]


def _is_left(job: Job) -> bool:
    return not (in_progress(job) or needs_attention(job) or has_transcript(job))


def _fitting(jobs: Sequence[Job], drawn: Callable[[Job], Block]) -> Iterator[Block]:
    """Yield as many rows as there is room for."""
    left = ROOM
    for job in jobs:
        block = drawn(job)
        left -= len(json.dumps(block.to_dict()))
        if left < 0:
            return
        yield block
