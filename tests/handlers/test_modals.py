"""What all modals share: what they remember, and how Slack is answered when one is submitted."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.models.views import View

from handlers import words
from handlers.choices import Problems
from handlers.events import Submitted
from handlers.export_modal import ExportContext
from handlers.job_actions import RerunContext
from handlers.modals import FormContext, UnknownForm, answer_submission
from handlers.naming_modal import NamingContext
from handlers.preferences_modal import PreferencesContext
from handlers.responses import Declined, SlackNotReached
from storage.database import StorageUnavailable
from storage.job import LeaseLost

BODY: dict[str, Any] = {
    "type": "view_submission",
    "user": {"id": "U1"},
    "team": {"id": "T1"},
    "view": {"id": "V1", "private_metadata": "{}", "state": {"values": {"first": {}, "second": {}}}},
}


class Ack:
    """Notes what Slack is answered."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []

    async def __call__(self, **said: Any) -> None:
        self.said.append(said)


async def answered(outcome: View | Exception | None, body: dict[str, Any] = BODY) -> dict[str, Any]:
    async def save(submitted: Submitted) -> View | None:
        assert submitted.user.id == "U1"
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    ack = Ack()
    await answer_submission(ack, body, save)  # type: ignore[arg-type] # all that is used of it
    [said] = ack.said
    return said


async def test_what_is_saved_closes_the_modal() -> None:
    assert await answered(None) == {}


async def test_a_view_takes_the_place_of_the_modal() -> None:
    view = View(type="modal", title="Again", blocks=[])
    assert await answered(view) == {"response_action": "update", "view": view}


@pytest.mark.parametrize(
    ("error", "errors"),
    [
        (Problems({"second": "Too many."}), {"second": "Too many."}),
        (Declined("Not yours."), {"first": "Not yours."}),
        (StorageUnavailable("disk"), {"first": words.NOT_NOW}),
        (SlackNotReached("503"), {"first": words.NOT_NOW}),
        (LeaseLost("job"), {"first": words.NOT_NOW}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_an_error_stands_under_a_field(error: Exception, errors: dict[str, str]) -> None:
    assert await answered(error) == {"response_action": "errors", "errors": errors}


@pytest.mark.parametrize("error", [Declined("Not yours."), StorageUnavailable("disk")], ids=["declined", "away"])
@pytest.mark.parametrize("title", [{"type": "plain_text", "text": "Delete transcript"}, None, "odd"])
async def test_an_error_takes_the_place_of_a_modal_without_fields(error: Exception, title: object) -> None:
    view = {"id": "V1", "private_metadata": "{}", "title": title, "state": {"values": {}}}
    said = await answered(error, BODY | {"view": view})
    assert said["response_action"] == "update"
    shown = said["view"].to_dict()
    assert shown["title"]["text"] == ("Delete transcript" if isinstance(title, dict) else "Threadscribe")
    assert [block["text"]["text"] for block in shown["blocks"]] == [
        str(error) if isinstance(error, Declined) else words.NOT_NOW
    ]


async def test_a_modal_of_somebody_else_is_closed() -> None:
    assert await answered(UnknownForm("not ours")) == {}
    ack = Ack()

    async def never(submitted: Submitted) -> None:
        raise AssertionError(submitted)

    await answer_submission(ack, {"view": []}, never)  # type: ignore[arg-type] # all that is used of it
    assert ack.said == [{}]


async def test_a_fault_of_the_bot_closes_nothing_silently() -> None:
    """Whoever called is told (`handlers.listener`); a validation error of something else is not a foreign modal."""
    with pytest.raises(ValueError, match="a row"):
        await answered(ValueError("a row that cannot be read"))


@pytest.mark.parametrize(
    ("context", "stored"),
    [
        (ExportContext(job="j", channel="C1"), '{"job":"j","channel":"C1"}'),
        (RerunContext(job="j", retried=2, corrections=1), '{"job":"j","retried":2,"corrections":1}'),
        (NamingContext(job="j", version=3, most=24), '{"job":"j","version":3,"made":0,"page":0,"most":24}'),
        (PreferencesContext(kind="channel", whose="C1", version=0), '{"kind":"channel","whose":"C1","version":0}'),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, FormContext) else "",
)
def test_what_a_modal_remembers_keeps_its_form(context: FormContext, stored: str) -> None:
    """A modal may be open while the bot is updated, and back."""
    assert context.dump() == stored
    assert type(context).load(stored) == context


def test_releases_before_count_no_reruns_in_a_naming_and_show_25_speakers_on_a_page() -> None:
    assert NamingContext.load('{"job": "j", "version": 1}') == NamingContext(job="j", version=1, made=0, most=25)


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", '{"job": 1, "channel": "C1"}', '{"job": "j", "channel": null}', "\ud800"]
)
def test_anything_else_is_no_modal_of_ours(text: str) -> None:
    with pytest.raises(UnknownForm):
        ExportContext.load(text)
