"""Slack's events and commands, signed and posted to a whole bot, with parts of them not as documented.

What is right, since Slack repeats whatever is not answered with 200, for a day where Delayed Events are on:

- An event that names a file and a conversation is a recording that somebody may wait for. It is stored and
  acknowledged whatever else in it is odd: a name that is missing costs the name, a moment that is none the moment.
- An event that names no file or no conversation can be answered nowhere, now or after any number of repeats. It is to
  be acknowledged and told to the operator, so that Slack does not repeat it for ever; nothing of it is stored. Its
  recording is not lost by that: Slack tells of every file in `file_shared` and, with history scopes, in `message`.
- Where in a thread a recording belongs decides where its words are shown. A message whose place is odd is therefore
  not stored by guess; the file's own `file_shared` event asks Slack for the place.
- A repeat helps against a full disk, and against nothing that is in the event itself. Only the disk is a 500.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.app import Bot, open_bot
from bot.slack.objects import SlackFile
from handlers.events import Command, Pressed, Submitted
from handlers.naming_modal import NamingContext, name_entries
from handlers.shared_files import Likelihood
from sandbox.slack import Slack
from storage.database import Row
from tests.bot.web.test_server import signed
from tests.fuzz.strategies import TEXT, Beside, Json, changed, tries, written
from tests.journeys.bench import settings_of


class Whole:
    """A bot in HTTP mode without its worker, and the Slack that it belongs to."""

    def __init__(self, beside: Beside, stack: AsyncExitStack) -> None:
        self._beside = beside
        self._stack = stack
        # A connection whose body was not read is closed, whenever the client learns of it.
        self._client = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0))
        self.slack = Slack()

    async def start(self, folder: Path) -> None:
        await self._stack.enter_async_context(self.slack)
        secret = {"slack_signing_secret": self.slack.signing_secret, "slack_app_token": None}
        self._bot: Bot = await self._stack.enter_async_context(open_bot(settings_of(self.slack, folder, **secret)))
        self.address = f"http://127.0.0.1:{self._bot.listening.port}/slack/events"

    def post(self, body: bytes, **headers: str) -> httpx.Response:
        signature = signed(body, secret=self.slack.signing_secret, at=time.time())
        return self._client.post(self.address, content=body, headers=signature | headers)

    def event(self, event: Json) -> int:
        envelope = {
            "type": "event_callback",
            "team_id": self.slack.team_id,
            "api_app_id": self.slack.app_id,
            "event_id": "Ev1",
            "event_time": 1,
            "event": event,
            "authorizations": [],
        }
        return self.post(written(envelope).encode()).status_code

    def stored(self) -> list[Row]:
        """The jobs that were stored since this was last asked."""

        async def take() -> list[Row]:
            rows = await self._bot.tools.database.read(lambda tx: list(tx.all("SELECT * FROM jobs ORDER BY file")))
            await self._bot.tools.database.write(lambda tx: tx.run("DELETE FROM jobs"))
            return rows

        return self._beside.do(take())

    def close(self) -> None:
        self._client.close()
        self._beside.do(self._stack.aclose())


@pytest.fixture(scope="module")
def whole(beside: Beside, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    made = Whole(beside, AsyncExitStack())
    beside.do(made.start(tmp_path_factory.mktemp("whole")))
    yield made
    made.close()


SHARED: Json = {
    "type": "file_shared",
    "file_id": "F1",
    "channel_id": "C1",
    "user_id": "U1",
    "event_ts": "1700000000.000100",
    "file": {"id": "F1"},
}
MESSAGE: Json = {
    "type": "message",
    "subtype": "file_share",
    "channel": "C1",
    "user": "U1",
    "ts": "1700000000.000100",
    "thread_ts": "1700000000.000000",
    "channel_type": "channel",
    "event_ts": "1700000000.000100",
    "files": [{"id": "F1", "title": "Monday", "name": "monday.m4a"}, {"id": "F2", "file_access": "check_file_info"}],
}
STAMP = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")


def as_sent(event: Json) -> Json:
    """The event as it arrives; None where it nests too deep for anybody's JSON."""
    try:
        return json.loads(written(event))
    except RecursionError:
        return None


def kept_text(value: object) -> str:
    """What every database can keep of a text; "" of anything else."""
    return re.sub("[\ud800-\udfff]", "\ufffd", value.replace("\x00", "")) if isinstance(value, str) else ""


def assert_storable(rows: list[Row]) -> None:
    for row in rows:
        for column in row.keys():  # noqa: SIM118 - a row is no mapping
            if isinstance(row[column], str):
                assert row[column] == kept_text(row[column]), column


@given(event=changed(SHARED).map(lambda event: {**event, "type": "file_shared"} if isinstance(event, dict) else SHARED))
@tries(150)
def test_a_shared_file_that_is_named_with_its_conversation_is_stored_whatever_else_is_odd(
    whole: Whole, event: Json
) -> None:
    status, arrived, rows = whole.event(event), as_sent(event), whole.stored()
    assert_storable(rows)
    named = arrived and kept_text(arrived.get("file_id")) and kept_text(arrived.get("channel_id"))
    if not named or arrived.get("user_id") == whole.slack.bot_user_id:
        assert rows == []
        return
    assert status == 200
    (row,) = rows
    assert (row["file"], row["channel"]) == (kept_text(arrived["file_id"]), kept_text(arrived["channel_id"]))
    assert row["occasion"] == "event:" + (arrived["event_ts"] if is_stamp(arrived.get("event_ts")) else "")


def is_stamp(value: object) -> bool:
    return isinstance(value, str) and STAMP.fullmatch(value) is not None


def is_placed(event: Json) -> bool:
    threaded = event.get("thread_ts") is None or is_stamp(event["thread_ts"])
    return bool(kept_text(event.get("channel"))) and is_stamp(event.get("ts")) and threaded


@given(event=changed(MESSAGE).map(lambda event: {**event, "type": "message"} if isinstance(event, dict) else MESSAGE))
@tries(150)
def test_of_a_message_every_file_that_is_named_is_stored_in_its_thread_and_none_by_guess(
    whole: Whole, event: Json
) -> None:
    status, arrived, rows = whole.event(event), as_sent(event), whole.stored()
    assert_storable(rows)
    if arrived is None or arrived.get("subtype") != "file_share" or not is_placed(arrived):
        assert rows == []
        return
    files = arrived["files"] if isinstance(arrived.get("files"), list) else []
    named = {kept_text(file["id"]) for file in files if isinstance(file, dict) and kept_text(file.get("id"))}
    assert status == 200
    assert {row["file"] for row in rows} == named
    assert {row["thread"] for row in rows} <= {arrived.get("thread_ts") or arrived["ts"]}
    assert {row["occasion"] for row in rows} <= {arrived["ts"]}


FILE: Json = {
    "id": "F1",
    "name": "voice.m4a",
    "title": "Voice",
    "mimetype": "audio/mp4",
    "filetype": "m4a",
    "size": 49_965,
    "subtype": "slack_audio",
    "mode": "hosted",
    "url_private": "https://files.slack.com/files-pri/T1-F1/voice.m4a",
    "url_private_download": "https://files.slack.com/files-pri/T1-F1/download/voice.m4a",
    "media_display_type": "audio",
    "shares": {
        "public": {"C1": [{"ts": "1700000000.000100", "thread_ts": "1700000000.000000"}, {"ts": "1700000001.000100"}]},
        "private": {"G1": [{"ts": "1700000000.000100"}]},
    },
}


@given(described=changed(FILE))
@tries(300)
def test_a_file_is_described_by_what_can_be_read_of_it(described: Json) -> None:
    arrived = as_sent(described)
    try:
        file = SlackFile.model_validate(arrived)
    except ValidationError:
        assert not isinstance(arrived, dict) or not kept_text(arrived.get("id")), "only the id is needed"
        return
    assert all(text == kept_text(text) for text in (file.id, file.name or "", file.title or "", file.address or ""))
    assert {file.is_described, file.is_voice, file.is_elsewhere} <= {True, False}
    assert file.likelihood in Likelihood
    assert file.size >= 0
    for place in (*file.places("C1"), *file.places("G1")):
        assert STAMP.fullmatch(place.ts)
        assert STAMP.fullmatch(place.root)


# --- commands ---------------------------------------------------------------------------------------------------------

COMMAND = {
    "command": "/transcripts",
    "text": "",
    "user_id": "U1",
    "channel_id": "C1",
    "channel_name": "general",
    "user_name": "amara",
    "trigger_id": "1.2.3",
    "response_url": "http://127.0.0.1:9/response",
}
ASKED = st.one_of(
    TEXT, st.tuples(st.sampled_from(("status", "STATUS ", "list", " help", "status  status")), TEXT).map(" ".join)
)


def assert_harmless_answer(answer: httpx.Response) -> None:
    assert answer.status_code == 200
    said = answer.json()
    assert said["response_type"] == "ephemeral"
    assert 1 <= len(said["text"]) <= 4_000
    assert len(said.get("blocks") or []) <= 50
    assert not re.search(r"<[!@#]|<http|\x00|\u202e|[\ud800-\udfff]", said["text"])


@given(text=ASKED, channel=st.sampled_from(("general", "directmessage", "")))
@tries(150)
def test_whatever_is_asked_of_the_command_is_answered_to_that_person_alone(
    whole: Whole, text: str, channel: str
) -> None:
    asked = COMMAND | {"text": text, "channel_name": channel, "team_id": whole.slack.team_id}
    form = urlencode(asked, errors="replace").encode()
    assert_harmless_answer(whole.post(form, **{"Content-Type": "application/x-www-form-urlencoded"}))


@given(asked=changed({**COMMAND, "team_id": "T1"}))
@tries(200)
def test_a_command_as_it_comes_over_a_socket_is_read_or_refused_as_a_whole(asked: Json) -> None:
    arrived = as_sent(asked)
    try:
        command = Command.model_validate(arrived)
    except ValidationError:
        ids = (
            [arrived.get(name) for name in ("user_id", "channel_id", "team_id")] if isinstance(arrived, dict) else [""]
        )
        assert not all(map(kept_text, ids)), "only the ids are needed"
        return
    assert command.text == kept_text(command.text)
    assert command.in_direct_message in {True, False}


# --- buttons and forms ------------------------------------------------------------------------------------------------

PRESSED: Json = {
    "type": "block_actions",
    "user": {"id": "U1"},
    "channel": {"id": "C1"},
    "message": {"ts": "1700000000.000100"},
    "team": {"id": "T1"},
    "trigger_id": "1.2.3",
    "actions": [{"action_id": "name_speakers", "value": "abc:1"}],
}
SENT: Json = {
    "type": "view_submission",
    "user": {"id": "U1"},
    "team": {"id": "T1"},
    "view": {
        "private_metadata": '{"job": "abc", "version": 1}',
        "state": {"values": {"typed:0:1": {"typed": {"value": "Thandi"}}, "picked:1:1": {"picked": {}}}},
    },
}


@given(pressed=changed(PRESSED))
@tries(200)
def test_a_button_that_was_pressed_is_read_or_refused(pressed: Json) -> None:
    arrived = as_sent(pressed)
    try:
        read = Pressed.model_validate(arrived)
    except ValidationError:
        return
    assert STAMP.fullmatch(read.message.ts)
    assert read.value == kept_text(read.value)


@given(sent=changed(SENT))
@tries(200)
def test_a_form_that_was_sent_gives_names_or_nothing(sent: Json) -> None:
    arrived = as_sent(sent)
    try:
        read = Submitted.model_validate(arrived)
        context = NamingContext.load(read.view.private_metadata)
    except ValueError:
        return
    assert isinstance(context.version, int)
    for row, wish in name_entries(read.view.state.values).items():
        assert row >= 0
        assert wish.typed == kept_text(wish.typed)


def _actions(sent: object) -> list[Json]:
    """Buttons as Slack sends them, with whatever value."""
    actions = [each for each in sent if isinstance(each, dict)] if isinstance(sent, list) else []
    return [each | {"action_id": "name_speakers", "block_id": "b", "type": "button"} for each in actions or [{}]]


@given(
    kind=st.sampled_from(("block_actions", "view_submission", "message_action")), payload=changed({**PRESSED, **SENT})
)
@tries(100)
def test_whatever_is_pressed_or_sent_breaks_nothing(whole: Whole, kind: str, payload: Json) -> None:
    arrived = as_sent(payload)
    if not isinstance(arrived, dict):
        return
    # What Bolt itself reads is as Slack signs it.
    body = arrived | {"type": kind, "callback_id": "name_speakers", "team": {"id": whole.slack.team_id}}
    body |= {"user": PRESSED["user"], "channel": PRESSED["channel"]}
    body.pop("view", None)
    if kind == "view_submission":
        view = arrived["view"] if isinstance(arrived.get("view"), dict) else SENT["view"]
        body["view"] = {**view, "type": "modal", "callback_id": "name_speakers_form"}
    body["actions"] = _actions(body.get("actions"))
    form = urlencode({"payload": json.dumps(body)}, errors="replace").encode()
    assert whole.post(form, **{"Content-Type": "application/x-www-form-urlencoded"}).status_code < 500


# --- what is no event -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["file_id", "channel_id"])
def test_an_event_that_can_never_be_answered_is_not_asked_for_again(whole: Whole, missing: str) -> None:
    assert whole.event({key: value for key, value in SHARED.items() if key != missing}) == 200
    assert whole.stored() == []


NO_EVENTS = {"half": b"{half", "a list": b"[]", "a deep one": b'{"event":' + b"[" * 3_000 + b"]" * 3_000 + b"}"}


@pytest.mark.parametrize("name", NO_EVENTS)
def test_a_signed_body_that_is_no_event_is_no_breakdown(whole: Whole, name: str) -> None:
    assert 400 <= whole.post(NO_EVENTS[name]).status_code < 500


@pytest.mark.parametrize("name", NO_EVENTS)
def test_a_strangers_body_is_refused_unread(whole: Whole, name: str) -> None:
    assert whole.post(NO_EVENTS[name], **{"X-Slack-Signature": "v0=" + "0" * 64}).status_code == 401


def test_a_strangers_body_that_is_not_packed_as_it_says_is_no_breakdown(whole: Whole) -> None:
    headers = {"X-Slack-Signature": "v0=" + "0" * 64, "Content-Encoding": "gzip"}
    assert whole.post(b"not packed", **headers).status_code in {400, 401}
