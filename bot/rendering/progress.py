"""Renders the message about a recording that is in progress or on hold, with a button to cancel. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from slack_sdk.models.blocks import RichTextBlock, RichTextElementParts, RichTextSectionElement

from bot.rendering.blocks import buttons, line
from handlers import words
from handlers.action_ids import CANCEL
from handlers.plain_text import harmless, spoken
from storage.job import JobId
from transcription.naming import short_length


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """How far a recording is: whether the provider has it, when its transcript is expected, and whether it is late."""

    sent: bool
    expected: datetime | None = None
    late: bool = False


def on_hold(job: JobId, why: str, *, title: str | None) -> tuple[str, Sequence[dict[str, object]]]:
    """Return the text for screen readers, and the blocks, of a recording that waits for somebody to mend something."""
    blocks = [line(f"{words.on_hold(title)} {why}"), buttons((words.CANCEL, CANCEL, job))]
    return spoken(f"{words.on_hold(harmless(title or ''))} {why}"), [block.to_dict() for block in blocks]


def progress_report(
    job: JobId, stage: Stage, *, title: str | None, length: timedelta, provider: str
) -> tuple[str, Sequence[dict[str, object]]]:
    """Return the text for screen readers, and the blocks, which show the time in the reader's time zone."""
    begun = partial(words.in_progress, length=short_length(length), provider=provider, sent=stage.sent)
    late = [words.TAKES_LONGER] if stage.late else []
    text, parts = RichTextElementParts.Text, [RichTextElementParts.Text(text="\n".join([begun(title), *late]))]
    heard = " ".join(map(spoken, [begun(harmless(title or "")), *late]))
    if stage.expected is not None:
        at = f"{stage.expected:%H:%M} UTC"
        date = RichTextElementParts.Date(timestamp=int(stage.expected.timestamp()), format="{time}", fallback=at)
        before, after = words.EXPECTED_AT
        heard = f"{heard} {before} {at}{after}"
        parts = [*parts, text(text=f"\n{before} "), date, text(text=after)]  # type: ignore[list-item]
    section = RichTextBlock(elements=[RichTextSectionElement(elements=parts)])
    return heard, [block.to_dict() for block in (section, buttons((words.CANCEL, CANCEL, job)))]
