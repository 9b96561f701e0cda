"""Where Slack takes no message at the `response_url` of a request, the request itself is answered all the same."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from handlers import words
from handlers.action_ids import EXPORT
from sandbox import faults
from sandbox.ports import free_port
from sandbox.slack import CommandAnswer, Slack
from tests.journeys.bench import Bench
from tests.journeys.installing import many_settings

MODES = pytest.mark.parametrize("mode", ["http", "socket"])


def way_in(slack: Slack, mode: str) -> dict[str, Any]:
    return {"slack_signing_secret": slack.signing_secret, "slack_app_token": None} if mode == "http" else {}


def unreachable() -> str:
    return f"http://127.0.0.1:{free_port()}"


def taken(answer: CommandAnswer) -> bool:
    """Whether the request was acknowledged within the three seconds that Slack waits."""
    return answer.status == 200


async def pressed(slack: Slack) -> CommandAnswer:
    """A button whose answer is a sentence."""
    channel = slack.channel("general")
    return await slack.choose(slack.message(channel.id, slack.say(channel, "Hello")), EXPORT)


@MODES
async def test_an_unreachable_address_is_logged_once_and_the_request_is_acknowledged(
    bench: Bench, slack: Slack, mode: str
) -> None:
    await bench.start(**way_in(slack, mode))
    slack.response_origin = unreachable()
    with capture_logs() as log:
        assert taken(await pressed(slack))
    assert [line["event"] for line in log if line["event"] in {"response_url_failed", "listener_failed"}] == [
        "response_url_failed"
    ]
    assert not [line for line in log if "/respond/" in str(line)], "whoever has the address can write there"


@MODES
@pytest.mark.parametrize("fault", [faults.answer(404), faults.answer(500), faults.hang_up_before()], ids=str)
async def test_an_address_that_takes_nothing_is_logged_once_and_the_request_is_acknowledged(
    bench: Bench, slack: Slack, mode: str, fault: faults.Fault
) -> None:
    await bench.start(**way_in(slack, mode))
    slack.faults.arm("response_url", fault, times=2)
    with capture_logs() as log:
        assert taken(await pressed(slack))
    assert [line["event"] for line in log if line["event"] in {"response_url_failed", "listener_failed"}] == [
        "response_url_failed"
    ]


@MODES
async def test_an_address_that_does_not_answer_is_not_waited_for(bench: Bench, slack: Slack, mode: str) -> None:
    await bench.start(**way_in(slack, mode))
    slack.faults.arm("response_url", faults.slow(60))
    assert taken(await pressed(slack))


@MODES
async def test_a_workspace_that_never_installed_it_is_answered_wherever_its_response_url_leads(
    bench: Bench, slack: Slack, mode: str
) -> None:
    await bench.start(**many_settings(slack, http=mode == "http"))
    slack.response_origin = unreachable()
    answer = await slack.command("/transcripts")
    assert taken(answer)
    assert [message["text"] for message in answer.messages] == [words.ELSEWHERE]
    assert taken(await pressed(slack))
