"""The export modal: choose a file format and who gets the file. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    Option,
    PlainTextObject,
    RadioButtonsElement,
    RichTextBlock,
    RichTextSectionElement,
)
from slack_sdk.models.blocks import RichTextElementParts as Parts
from slack_sdk.models.views import View

from handlers import words
from handlers.modals import AboutJob
from storage.exports import Recipient
from transcription.formats import Format

FORM = "export_transcript_form"
FORMAT, RECIPIENT = "format", "recipient"


class ExportContext(AboutJob):
    """What the modal remembers: the job and its conversation."""

    channel: str


def form(context: ExportContext, *, title: str | None, alone: bool) -> View:
    """Return the modal. `title` is the recording's; `alone`: the file can be sent to one person (`im:write`)."""
    about = [words.quoted(title)] if title else []
    kinds = [(kind, *words.file_kind(kind)) for kind in Format]
    # The first choice is preselected: a file for one person disturbs nobody else.
    people = [(who, *words.recipient(who)) for who in (Recipient.PERSON, Recipient.THREAD)]
    return View(
        type="modal",
        callback_id=FORM,
        private_metadata=context.dump(),
        title=words.EXPORT_TITLE,
        submit=words.EXPORT_SUBMIT,
        close=words.DISMISS,
        blocks=[
            _lines(*about, words.EXPORT_AS_NOW),
            _choice(FORMAT, words.EXPORT_FORMAT, kinds),
            _choice(RECIPIENT, words.EXPORT_RECIPIENT, people) if alone else _lines(words.EXPORT_THREAD_ONLY),
        ],
    )


def _choice(name: str, label: str, options: Sequence[tuple[str, str, str]]) -> Block:
    shown = [
        Option(value=str(value), text=PlainTextObject(text=text, emoji=False), description=description)
        for value, text, description in options
    ]
    return InputBlock(
        block_id=name, label=label, element=RadioButtonsElement(action_id=name, options=shown, initial_option=shown[0])
    )


def _lines(*texts: str) -> Block:
    return RichTextBlock(elements=[RichTextSectionElement(elements=[Parts.Text(text="\n".join(texts))])])


def chosen_export(state: Mapping[str, object]) -> tuple[Format, Recipient]:
    """Return the chosen format and recipient; the thread where the modal does not ask for a recipient.

    Raises `ValueError` for a value that the modal does not offer.
    """
    recipient = _option(state, RECIPIENT)
    return Format(_option(state, FORMAT) or ""), Recipient(recipient) if recipient else Recipient.THREAD


def _option(state: Mapping[str, object], name: str) -> str | None:
    match state.get(name):
        case {**fields}:
            match fields.get(name):
                case {"selected_option": {"value": str(value)}}:
                    return value
    return None
