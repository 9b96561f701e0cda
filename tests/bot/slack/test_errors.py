"""What Slack's answers mean, asked of a Slack that really gives them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.downloads import Downloads
from bot.slack.errors import SlackNotAuthorised, SlackRefused, SlackUnavailable, translate
from bot.slack.tokens import StaticToken
from bot.slack.workspace import Workspace
from sandbox.faults import Fault, answer, hang_up_after, hang_up_before, rate_limited
from sandbox.slack import Slack


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


def workspace_at(api_url: str, session: aiohttp.ClientSession, *, token: str) -> Workspace:
    client = AsyncWebClient(base_url=api_url, retry_handlers=[], session=session)
    lasting = StaticToken(SecretStr(token))
    downloads = Downloads(session=session, token=lasting)
    return Workspace(client=client, session=session, token=lasting, downloads=downloads)


async def refusal(slack: Slack, session: aiohttp.ClientSession) -> Exception:
    with pytest.raises((SlackUnavailable, SlackRefused)) as caught:
        await workspace_at(slack.api_url, session, token=slack.bot_token).identify()
    return caught.value


@pytest.mark.parametrize(
    "word",
    [
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "missing_scope",
        "no_permission",
    ],
)
async def test_a_token_or_scope_that_is_missing_is_the_operators_problem_and_nothing_was_done(
    slack: Slack, session: aiohttp.ClientSession, word: str
) -> None:
    slack.refuse("auth.test", word)
    error = await refusal(slack, session)
    assert isinstance(error, SlackNotAuthorised)
    assert not error.maybe_done
    assert word in str(error)


@pytest.mark.parametrize("word", ["fatal_error", "internal_error", "request_timeout", "service_unavailable"])
async def test_slacks_own_breakdowns_are_temporary_and_may_have_taken_effect(
    slack: Slack, session: aiohttp.ClientSession, word: str
) -> None:
    slack.refuse("auth.test", word)
    error = await refusal(slack, session)
    assert type(error) is SlackUnavailable
    assert error.maybe_done


@pytest.mark.parametrize(
    "word", ["channel_not_found", "is_archived", "restricted_action", "invalid_blocks", "brand_new"]
)
async def test_any_other_word_is_final_and_kept(slack: Slack, session: aiohttp.ClientSession, word: str) -> None:
    slack.refuse("auth.test", word)
    error = await refusal(slack, session)
    assert isinstance(error, SlackRefused)
    assert error.code == word
    assert str(error) == f"auth.test: {word}"


@pytest.mark.parametrize("word", ["org_login_required", "team_access_not_granted", "two_factor_setup_required"])
async def test_what_slack_or_the_operator_will_mend_is_not_final(
    slack: Slack, session: aiohttp.ClientSession, word: str
) -> None:
    slack.refuse("auth.test", word)
    assert isinstance(await refusal(slack, session), SlackUnavailable)


async def test_too_many_calls_are_temporary_with_the_wait_that_slack_asks_for(
    slack: Slack, session: aiohttp.ClientSession
) -> None:
    slack.faults.arm("auth.test", rate_limited(7))
    error = await refusal(slack, session)
    assert isinstance(error, SlackUnavailable)
    assert error.retry_after == timedelta(seconds=7)
    assert not error.maybe_done


@pytest.mark.parametrize(
    "fault",
    [
        answer(500),
        answer(502, b"<html>Bad gateway</html>", Content_Type="text/html"),
        answer(503, b"", Retry_After="soon"),
        answer(500, b"{half", Content_Type="application/json"),
        answer(200, b"{half", Content_Type="application/json"),
        answer(200, b"<html>Maintenance</html>", Content_Type="text/html"),
        answer(200, b"[]", Content_Type="application/json"),
        answer(200, b'{"ok":true}', Content_Type="application/json"),
        hang_up_before(),
        hang_up_after(),
    ],
    ids=["500", "502", "503", "half a 500", "half a 200", "page", "list", "nothing in it", "cut before", "cut after"],
)
async def test_an_answer_that_is_none_is_temporary(slack: Slack, session: aiohttp.ClientSession, fault: Fault) -> None:
    slack.faults.arm("auth.test", fault)
    error = await refusal(slack, session)
    assert type(error) is SlackUnavailable
    assert error.retry_after is None


async def test_a_wait_that_comes_with_a_503_is_honoured(slack: Slack, session: aiohttp.ClientSession) -> None:
    slack.faults.arm("auth.test", answer(503, b"", Retry_After="20"))
    error = await refusal(slack, session)
    assert isinstance(error, SlackUnavailable)
    assert error.retry_after == timedelta(seconds=20)


async def test_a_call_whose_answer_was_cut_may_have_taken_effect(slack: Slack, session: aiohttp.ClientSession) -> None:
    slack.faults.arm("auth.test", hang_up_after())
    error = await refusal(slack, session)
    assert isinstance(error, SlackUnavailable)
    assert error.maybe_done


async def test_a_connection_that_never_stood_has_done_nothing(session: aiohttp.ClientSession) -> None:
    async with Slack() as gone:
        address = gone.api_url
    with pytest.raises(SlackUnavailable) as caught:
        await workspace_at(address, session, token="xoxb-very-secret").identify()
    assert not caught.value.maybe_done
    assert "very-secret" not in str(caught.value)


async def test_nothing_is_asked_twice(slack: Slack, session: aiohttp.ClientSession) -> None:
    slack.faults.arm("auth.test", answer(500))
    await refusal(slack, session)
    assert len(slack.calls) == 1


def understood(retry_after: str) -> SlackUnavailable:
    response = type("Answer", (), {"status_code": 429, "headers": {"Retry-After": retry_after}, "data": None})()
    refused: Exception = SlackApiError("ratelimited", response)  # type: ignore[no-untyped-call]  # slack_sdk's
    error = translate("chat.postMessage", refused)
    assert isinstance(error, SlackUnavailable)
    return error


@pytest.mark.parametrize("written", ["", "-1", "1.5", "soon", "Wed, 21 Oct 2026 07:28:00 GMT", "1e3"])
def test_a_wait_that_cannot_be_read_is_left_to_backoff(written: str) -> None:
    assert understood(written).retry_after is None


@pytest.mark.parametrize("written", ["315360000", "99999999999999999999", "²"])
def test_a_wait_beyond_reason_is_cut_to_a_day(written: str) -> None:
    wait = understood(written).retry_after
    assert wait is None or wait <= timedelta(days=1)
