"""Renders a job's outcome as one `Reply`, within Slack's limits and safe against text by others. Pure.

The worker calls `render` when a reply is owed and posts the result unchanged. The sentences are in `handlers.words`,
the blocks and their limits in `bot.rendering.blocks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal, assert_never

from slack_sdk.models.blocks import Block

from bot.rendering.blocks import MESSAGE, body, buttons, fitting, line, sized, small_print, weight
from bot.rendering.file_names import stem
from bot.slack.uploads import Attachment
from handlers import words
from handlers.action_ids import EXPORT, NAME_SPEAKERS, RERUN, RETRY, UNDO_NAMING
from handlers.plain_text import harmless, spoken
from storage.job import WORTH_A_TRY, Failure
from transcription.exports import as_text, as_vtt
from transcription.naming import UNKNOWN_SPEAKER, counted, in_words, shortened, speaker_names, summary
from transcription.naming import named as with_names
from transcription.paragraphs import Paragraph, paragraphs
from transcription.transcript import Transcript

ReplyForm = Literal["auto", "file", "message"]
"""`auto`: files if the transcript does not fit into a message. `file`: always files, after Slack refused the blocks as
too long. `message`: no files, as much as fits, after Slack did not share the files.
"""

OPENING = 2_500
"""Characters of a long transcript that the message shows (as `blocks.cost` counts), in whole paragraphs."""

LONGEST_TEXT = 3_000
"""Characters of top-level text; Slack asks for at most 4,000. https://docs.slack.dev/reference/methods/chat.postMessage
"""

_TITLE_LENGTH = 80
_NOTE_LENGTH = 300
_SENTENCE_LENGTH = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What is posted: `blocks` to be seen, `text` for screen readers and notifications, files if it is long.

    `text` is safe in a field that Slack parses (see `handlers.plain_text`).
    """

    text: str
    blocks: tuple[dict[str, object], ...]
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """The job and its speakers' names: `names` by label, of the naming `version` (0 if there is none)."""

    job: str
    names: Mapping[str, str]
    version: int = 0
    buttons: bool = True


def render(
    outcome: Transcript | Failure,
    *,
    title: str | None = None,
    provider: str | None = None,
    form: ReplyForm = "auto",
    time_marks: bool = True,
    named: Named | None = None,
    files: bool = True,
) -> Reply:
    """Return the reply to a recording. `provider` is the display name of its transcriber.

    `time_marks`: show when each passage was spoken. With `named` the speakers have these names, and there are buttons
    to name speakers, to export and to rerun. Without `files` a long transcript's files are left out: its message costs
    what it shows, they cost what the whole transcript has.
    """
    match outcome:
        case Failure():
            return _sentence(
                _apology(outcome, provider=provider),
                title=title,
                last=_tries(named, worth_one=outcome.reason in WORTH_A_TRY),
            )
        case Transcript():
            outcome = with_names(outcome, named.names if named else {})
            told = sized(paragraphs(outcome))
            first = next(told, None)
            if first is None:
                return _sentence(words.NO_SPEECH, title=title, note=outcome.note, last=_tries(named))
            shown = (each if time_marks else replace(each, start=None) for each in chain([first], told))
            last = _buttons(outcome, named)
            reply, has_files = _transcript(outcome, shown, title=title, provider=provider, form=form, last=last)
            if not (files and has_files):
                return reply
            return replace(reply, attachments=_attachments(outcome, title=title, time_marks=time_marks))
        case _:
            assert_never(outcome)


def _apology(failure: Failure, *, provider: str | None) -> str:
    # A sentence of which a screen reader would speak nothing is replaced by our own.
    heard = failure if spoken(failure.sentence or "") else replace(failure, sentence=None)
    return words.apology(heard, provider=provider)


def _sentence(sentence: str, *, title: str | None, note: str | None = None, last: Sequence[Block] = ()) -> Reply:
    """Return a reply of one sentence, with the recording's title because a message can carry several recordings."""
    lines = [shortened(sentence, limit=_SENTENCE_LENGTH), *([words.about(_short(title))] if title else [])]
    foot = _small_print(note=note)
    return Reply(
        text=" ".join(map(spoken, lines)), blocks=_dicts([line(*lines), *([small_print(foot)] if foot else []), *last])
    )


def _transcript(
    transcript: Transcript,
    told: Iterable[Paragraph],
    *,
    title: str | None,
    provider: str | None,
    form: ReplyForm,
    last: Sequence[Block],
) -> tuple[Reply, bool]:
    """Return the reply without its files, and whether it has some."""
    head = " · ".join([summary(transcript), *([_short(title)] if title else [])])
    foot = _small_print(provider=provider, note=transcript.note)
    shown, cut = fitting(told, budget=MESSAGE - weight(head) - weight(foot))
    in_files = form == "file" or (cut and form == "auto")
    if in_files:
        shown, _ = fitting(shown, budget=OPENING)
    more = words.IN_FILES if in_files else words.CUT_SHORT if cut else ""
    last = [*([line(more)] if more else []), *([small_print(foot)] if foot else []), *last]
    text = _aloud(transcript, shown, ending=more)
    return Reply(text=text, blocks=_dicts([line(head), *body(shown), *last])), in_files


def _buttons(transcript: Transcript, named: Named | None) -> Sequence[Block]:
    if named is None or not named.buttons:
        return []
    change = (words.NAME_SPEAKERS, NAME_SPEAKERS, named.job)
    undo = (words.UNDO_NAMING, UNDO_NAMING, f"{named.job}:{named.version}")
    again = (words.RERUN, RERUN, named.job)
    export = (words.EXPORT, EXPORT, named.job)
    return [buttons(*([change] if transcript.speakers else []), *([undo] if named.version else []), export, again)]


def _tries(named: Named | None, *, worth_one: bool = False) -> Sequence[Block]:
    """Return the buttons to retry, if that is worth it, and to rerun with other options."""
    if named is None or not named.buttons:
        return []
    again = (words.RERUN, RERUN, named.job)
    return [buttons(*([(words.RETRY, RETRY, named.job)] if worth_one else []), again)]


def _aloud(transcript: Transcript, shown: Sequence[Paragraph], *, ending: str) -> str:
    """Return the message for screen readers, which read this text and not the blocks.

    It holds the words as far as they fit, without times, with a speaker's name only where the speaker changes.
    """
    speakers = len(speaker_names(transcript))
    length = in_words(transcript.duration)
    lines = [words.headline(length=length, speakers=counted(speakers, "speaker") if speakers else None)]
    room = LONGEST_TEXT - len(lines[0]) - len(words.IN_FILES) - 2
    before = ""
    for paragraph in shown:
        changed = paragraph.speaker != before or paragraph.speaker == UNKNOWN_SPEAKER
        name = spoken(paragraph.speaker).rstrip(": ") if changed else ""
        said = ": ".join(filter(None, [name, spoken(paragraph.text)]))
        room -= len(said) + 1
        if room < 0:
            ending = ending or words.GOES_ON
            break
        lines.append(said)
        before = paragraph.speaker
    return "\n".join([*lines, ending] if ending else lines)


def _attachments(transcript: Transcript, *, title: str | None, time_marks: bool) -> tuple[Attachment, ...]:
    name = stem(title)
    text = as_text(transcript, time_marks=time_marks).encode()
    return (
        Attachment(name=f"{name}.txt", title=words.text_file(name), content=text),
        Attachment(name=f"{name}.vtt", title=words.subtitle_file(name), content=as_vtt(transcript).encode()),
    )


def _small_print(*, provider: str | None = None, note: str | None = None) -> str:
    named = provider and provider in (note or "")  # a note that names its transcriber says enough
    parts = [words.made_by(_short(provider))] if provider and not named else []
    return harmless(" ".join([*parts, *([shortened(note, limit=_NOTE_LENGTH)] if note else [])]))


def _short(title: str) -> str:
    return shortened(title, limit=_TITLE_LENGTH)


def _dicts(blocks: Sequence[Block]) -> tuple[dict[str, object], ...]:
    return tuple(block.to_dict() for block in blocks)
