"""Renders a job's outcome as one `Reply`, within Slack's limits and safe against text by others. Pure.

The worker calls `render` when a reply is owed and posts the result unchanged. The sentences are in `handlers.words`,
the blocks and their limits in `bot.rendering.blocks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal, assert_never

from slack_sdk.models.blocks import Block

from bot.rendering.blocks import MESSAGE, body, fitting, line, notice, sized, small_print, weight
from bot.rendering.controls import under_failure, under_transcript
from bot.rendering.file_names import stem
from bot.rendering.folding import CONTAINER, folded_body
from bot.slack.uploads import Attachment
from handlers import words
from handlers.plain_text import harmless, legible, spoken
from storage.job import WORTH_A_TRY, Failure
from transcription.exports import as_text, as_vtt
from transcription.naming import UNKNOWN_SPEAKER, counted, short_length, shortened, speaker_names, summary
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

    @property
    def is_folded(self) -> bool:
        """Whether a part of the message is folded."""
        return any(block["type"] == CONTAINER for block in self.blocks)


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """The job and its speakers' names: `names` by label, of the naming `version` (0 if there is none).

    `in_direct_message`: where its settings are those of one person.
    """

    job: str
    names: Mapping[str, str]
    version: int = 0
    buttons: bool = True
    in_direct_message: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyContext:
    """What stands around a transcript's words.

    `place`: the sentence that says where the sound goes, in a conversation's first transcript, "" in others.
    `edited_by`: the names of the people who corrected words, "" without corrections. `fold`: the workspace is known to
    take the collapsible container.
    """

    place: str = ""
    edited_by: str = ""
    fold: bool = False


def render(
    outcome: Transcript | Failure,
    *,
    title: str | None = None,
    provider: str | None = None,
    form: ReplyForm = "auto",
    time_marks: bool = True,
    named: Named | None = None,
    context: ReplyContext = ReplyContext(),
    files: bool = True,
    uncharged: bool = False,
) -> Reply:
    """Return the reply to a recording. `provider` is the display name of its transcriber.

    `time_marks`: show when each passage was spoken. With `named` the speakers have these names, and there are buttons
    and a menu. Without `files` a long transcript's files are left out: its message costs what it shows, they cost what
    the whole transcript has. `uncharged`: its sharer has a limit, of which a failure takes nothing.
    """
    match outcome:
        case Failure():
            told, worth_one = _apology(outcome, provider=provider, uncharged=uncharged), outcome.reason in WORTH_A_TRY
            return _notice(words.not_transcribed, told, title=title, last=_tries(named, worth_one=worth_one))
        case Transcript():
            is_unnamed = not (named and named.names) and not all(speaker.name for speaker in outcome.speakers)
            outcome = with_names(outcome, named.names if named else {})
            told_by_turn = sized(paragraphs(outcome))
            first = next(told_by_turn, None)
            if first is None:
                foot = _small_print(note=outcome.note)
                return _notice(words.not_heard, words.NO_SPEECH, title=title, foot=foot, last=_tries(named))
            shown = (each if time_marks else replace(each, start=None) for each in chain([first], told_by_turn))
            last = _controls(outcome, named, is_unnamed=is_unnamed)
            reply, has_files = _transcript(
                outcome, shown, title=title, provider=provider, form=form, context=context, last=last
            )
            if not (files and has_files):
                return reply
            return replace(reply, attachments=_attachments(outcome, title=title, time_marks=time_marks))
        case _:
            assert_never(outcome)


def _apology(failure: Failure, *, provider: str | None, uncharged: bool) -> str:
    # A sentence of which a screen reader would speak nothing is replaced by our own.
    heard = failure if spoken(failure.sentence or "") else replace(failure, sentence=None)
    return words.apology(heard, provider=provider, uncharged=uncharged)


def _notice(
    about: Callable[[str | None], str], sentence: str, *, title: str | None, foot: str = "", last: Sequence[Block] = ()
) -> Reply:
    """Return a reply without a transcript: a line in bold about the recording with this title, and why."""
    told = shortened(sentence, limit=_SENTENCE_LENGTH)
    blocks = [notice(about(title), told), *([small_print(foot)] if foot else []), *last]
    return Reply(text=" ".join(map(spoken, [about(harmless(title or "")), told])), blocks=_dicts(blocks))


def _transcript(
    transcript: Transcript,
    told: Iterable[Paragraph],
    *,
    title: str | None,
    provider: str | None,
    form: ReplyForm,
    context: ReplyContext,
    last: Sequence[Block],
) -> tuple[Reply, bool]:
    """Return the reply without its files, and whether it has some."""
    name = legible(_short(title or ""))
    head = " · ".join([*([name] if name else []), harmless(summary(transcript, short=True))])
    foot = _small_print(provider=provider, edited_by=context.edited_by, note=transcript.note)
    place = harmless(context.place)
    room = MESSAGE - weight(head) - weight(foot) - weight(place)
    shown, cut = fitting(told, budget=room)
    in_files = form == "file" or (cut and form == "auto")
    if in_files:
        shown, _ = fitting(shown, budget=OPENING)
    more = words.IN_FILES if in_files else words.CUT_SHORT if cut else ""
    end = [*([line(more)] if more else []), *(small_print(each) for each in (foot, place) if each)]
    text = _aloud(transcript, shown, title=harmless(_short(title or "")), ending=more, place=spoken(place))
    told_in = folded_body(shown, room=room) if context.fold else body(shown)
    return Reply(text=text, blocks=_dicts([small_print(head), *told_in, *end, *last])), in_files


def _controls(transcript: Transcript, named: Named | None, *, is_unnamed: bool) -> Sequence[Block]:
    if named is None or not named.buttons:
        return []
    has_speakers = bool(transcript.speakers)
    return [
        under_transcript(
            named.job,
            version=named.version,
            has_speakers=has_speakers,
            is_unnamed=is_unnamed,
            in_direct_message=named.in_direct_message,
        )
    ]


def _tries(named: Named | None, *, worth_one: bool = False) -> Sequence[Block]:
    return [under_failure(named.job, is_worth_a_try=worth_one)] if named and named.buttons else []


def _aloud(transcript: Transcript, shown: Sequence[Paragraph], *, title: str, ending: str, place: str) -> str:
    """Return the message for screen readers, which read this text and not the blocks.

    It holds the words as far as they fit, without times, with a speaker's name only where the speaker changes. `title`
    is harmless, `place` is what follows all else.
    """
    speakers, length = len(speaker_names(transcript)), short_length(transcript.duration)
    counts = counted(speakers, "speaker") if speakers else None
    lines = [words.headline(spoken(title), length=length, speakers=counts)]
    room = LONGEST_TEXT - len(lines[0]) - max(len(ending), len(words.GOES_ON)) - len(place) - 3
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
    return "\n".join([*lines, *filter(None, [ending, place])])


def _attachments(transcript: Transcript, *, title: str | None, time_marks: bool) -> tuple[Attachment, ...]:
    name = stem(title)
    text = as_text(transcript, time_marks=time_marks).encode()
    return (
        Attachment(name=f"{name}.txt", title=words.text_file(name), content=text),
        Attachment(name=f"{name}.vtt", title=words.subtitle_file(name), content=as_vtt(transcript).encode()),
    )


def _small_print(*, provider: str | None = None, edited_by: str = "", note: str | None = None) -> str:
    parts = [
        words.done_by(_short(provider)) if provider else "",
        words.edited_by(shortened(edited_by, limit=_NOTE_LENGTH)) if edited_by else "",
        shortened(note or "", limit=_NOTE_LENGTH),
    ]
    return harmless(" · ".join(filter(None, map(harmless, parts))))


def _short(title: str) -> str:
    return shortened(title, limit=_TITLE_LENGTH)


def _dicts(blocks: Sequence[Block]) -> tuple[dict[str, object], ...]:
    return tuple(block.to_dict() for block in blocks)
