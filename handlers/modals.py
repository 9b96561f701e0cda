"""What all modals share: what a modal remembers while it is open, and how Slack is answered when it is submitted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from slack_bolt.async_app import AsyncAck
from slack_sdk.models.views import View

from handlers import words
from handlers.choices import Problems, paragraph
from handlers.events import Submitted
from handlers.responses import Declined, SlackNotReached
from storage.database import StorageUnavailable
from storage.job import LeaseLost


class UnknownForm(ValueError):
    """A modal that no release of this bot has opened."""


class FormContext(BaseModel):
    """The private metadata of a modal, as JSON. A modal that is open during an update is read by the next release.

    So a field keeps its name, and a new one has a default.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    def dump(self) -> str:
        """Return it as JSON for `private_metadata`."""
        return self.model_dump_json()

    @classmethod
    def load(cls, text: str) -> Self:
        """Read what `dump` returned. Raises `UnknownForm` for anything else."""
        try:
            return cls.model_validate_json(text)
        except ValueError:  # pydantic's, and Python's own for half a character
            raise UnknownForm("private metadata of another form") from None


class AboutJob(FormContext):
    """The context of a modal about one recording."""

    job: str


async def answer_submission(
    ack: AsyncAck, body: dict[str, Any], save: Callable[[Submitted], Awaitable[View | None]]
) -> None:
    """Pass a submitted modal to `save` and answer Slack: close the modal, show the view that it returns, or errors.

    An error stands under its field (`Problems`), or under the first one (`Declined`, and what can be tried again); in
    place of a modal without fields. A modal that is not of this bot (`UnknownForm`) is closed, and nothing is stored.
    """
    try:
        shown = await save(_submitted(body))
    except Problems as problems:
        await ack(response_action="errors", errors=problems.by_field)
    except Declined as declined:
        await _refuse(ack, body, str(declined))
    except (StorageUnavailable, SlackNotReached, LeaseLost):
        await _refuse(ack, body, words.NOT_NOW)
    except UnknownForm:
        await ack()
    else:
        await (ack() if shown is None else ack(response_action="update", view=shown))


def told(title: str, sentence: str) -> View:
    """Return a modal that only tells something."""
    return View(type="modal", title=title, close=words.CLOSE, blocks=[paragraph(sentence)])


async def _refuse(ack: AsyncAck, body: dict[str, Any], sentence: str) -> None:
    field = _first_field(body)
    if field:
        await ack(response_action="errors", errors={field: sentence})
    else:
        await ack(response_action="update", view=told(_title(body), sentence))


def _title(body: dict[str, Any]) -> str:
    match body:
        case {"view": {"title": {"text": str(title)}}} if title:
            return title
    return words.NAME


def _submitted(body: dict[str, Any]) -> Submitted:
    try:
        return Submitted.model_validate(body)
    except ValidationError:
        raise UnknownForm("a submitted form of another shape") from None


def _first_field(body: dict[str, Any]) -> str:
    """Return the block id of the first field."""
    blocks = body.get("view", {}).get("blocks", [])
    fields = (block.get("block_id") for block in blocks if block.get("type") == "input")
    return str(next(fields, None) or next(iter(body.get("view", {}).get("state", {}).get("values", {})), ""))
