"""People search in a form, from their App Home or from anywhere: what they find is what they may see at that moment."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from handlers import words
from handlers.action_ids import SEARCH
from handlers.search_modal import FORM
from sandbox import faults
from sandbox.slack import CommandAnswer, Slack
from tests.journeys.bench import Bench
from tests.journeys.test_command import MODES, answered, asked
from tests.journeys.test_home import opened, texts_of
from tests.journeys.test_search import begun


async def form_of(slack: Slack, *, user: str = "amara") -> dict[str, Any]:
    """The form that the shortcut opens, without anything found yet."""
    slack.modals.clear()
    await slack.choose_anywhere(SEARCH, user=slack.user(user))
    return only(slack)


def only(slack: Slack) -> dict[str, Any]:
    [form] = slack.modals.values()
    return form


async def search(slack: Slack, what: str, *, user: str = "amara") -> CommandAnswer:
    """Type that into the form that is open, and send it."""
    return await slack.send(only(slack), {words.SEARCH_WORDS: what}, user=slack.user(user))


async def found(slack: Slack, what: str, *, user: str = "amara") -> str:
    """What stands under the field once that was searched; the form is still open, and holds the words."""
    answer = await search(slack, what, user=user)
    assert answer.body["response_action"] == "update", answer.body  # type: ignore[index]
    field, *others = only(slack)["blocks"]
    assert field["element"]["initial_value"] == what
    return "".join(texts_of(others))


def error_of(answer: CommandAnswer) -> str:
    assert isinstance(answer.body, dict)
    assert answer.body["response_action"] == "errors"
    [error] = answer.body["errors"].values()
    return str(error)


@MODES
async def test_it_is_opened_from_anywhere_and_searched_in_again_and_again(
    bench: Bench, slack: Slack, mode: dict[str, Any]
) -> None:
    await begun(bench, **mode)
    channel = slack.channel("general")
    share = await answered(bench, slack, channel, title="Monday")
    form = await form_of(slack)
    assert [form[name]["text"] for name in ("title", "submit", "close")] == ["Search transcripts", "Search", "Close"]
    [field] = form["blocks"]
    assert (field["label"]["text"], field["hint"]["text"]) == (words.SEARCH_WORDS, words.SEARCH_HINT)
    assert field["element"]["placeholder"]["text"] == words.SEARCH_PLACEHOLDER
    assert "initial_value" not in field["element"]

    assert await found(slack, "zebra") == "No results for “zebra” in conversations you're in."
    said = await found(slack, "SECOND deliv")
    assert said.startswith("1 recording mentions “SECOND deliv”Monday")
    assert "Speaker 2 at 0:04: Yes, the second delivery is on Wednesday." in said
    elements = only(slack)["blocks"][-1]["elements"][0]["elements"]
    assert [each["text"] for each in elements if each.get("style", {}).get("bold")] == ["Monday", "second", "deliv"]
    [link] = [each["url"] for each in elements if each["type"] == "link"]
    assert f"archives/{channel.id}/p{share.ts.replace('.', '')}" in link
    assert "Good morning" in await found(slack, "“good morning”")
    # The command says the same.
    command = await asked(slack, "search SECOND deliv", channel=channel)
    assert command.splitlines()[0] == "1 recording mentions “SECOND deliv”"


async def test_a_button_in_the_app_home_opens_it(bench: Bench, slack: Slack) -> None:
    await begun(bench)
    await answered(bench, slack, slack.channel("general"))
    await opened(slack)
    await slack.press_at_home(SEARCH)
    assert only(slack)["callback_id"] == FORM
    assert "1 recording mentions “delivery”" in await found(slack, "delivery")


async def test_who_is_taken_out_while_it_is_open_finds_nothing_more_of_that_conversation(
    bench: Bench, slack: Slack
) -> None:
    await begun(bench)
    amara, ben = slack.user("amara"), slack.user("ben")
    secret = slack.channel("secret", kind="private", people=("amara", "ben"))
    await answered(bench, slack, secret, title="Secret", user=amara)
    await form_of(slack, user="ben")
    assert "Secret" in await found(slack, "delivery", user="ben")
    secret.members.remove(ben)
    assert await found(slack, "delivery", user="ben") == words.nothing_found("delivery")
    secret.members.add(ben)
    assert "Secret" in await found(slack, "delivery", user="ben")


async def test_ones_own_direct_messages_are_found_and_nobody_elses(bench: Bench, slack: Slack) -> None:
    await begun(bench)
    slack.channel("general", people=("amara", "ben"))
    await answered(
        bench, slack, slack.channel("", kind="im", people=("amara",)), title="Mine", user=slack.user("amara")
    )
    await form_of(slack)
    assert "Mine" in await found(slack, "delivery")
    await form_of(slack, user="ben")
    assert await found(slack, "delivery", user="ben") == words.nothing_found("delivery")


async def test_what_cannot_be_answered_is_said_under_the_field(bench: Bench, slack: Slack) -> None:
    await begun(bench)
    await answered(bench, slack, slack.channel("general"))
    await form_of(slack)
    assert error_of(await search(slack, '"" * - <')) == words.SEARCH_NO_WORDS
    assert error_of(await search(slack, "one two three four five six seven eight nine ten eleven")) == (
        words.SEARCH_TOO_LONG
    )
    assert error_of(await search(slack, "x" * 200)) == words.SEARCH_TOO_LONG
    slack.refuse("users.conversations", "internal_error")
    assert error_of(await search(slack, "second")) == words.NOT_NOW
    slack.faults.arm("users.conversations", faults.slow(5))
    assert error_of(await search(slack, "second")) == words.NOT_NOW
    assert "second" in await found(slack, "second")


async def test_while_others_search_whoever_has_to_wait_is_told(bench: Bench, slack: Slack) -> None:
    await begun(bench)
    await answered(bench, slack, slack.channel("general"))
    assert bench.bot is not None
    await form_of(slack)
    go_on = threading.Event()
    others = [asyncio.create_task(bench.bot.tools.database.search(lambda _: go_on.wait(60))) for _ in range(10)]
    assert error_of(await search(slack, "second")) == words.SEARCH_SLOW
    go_on.set()
    await asyncio.gather(*others)
    assert "second" in await found(slack, "second")


async def test_nothing_that_was_said_or_typed_can_mention_link_or_format(bench: Bench, slack: Slack) -> None:
    await begun(bench)
    await answered(bench, slack, slack.channel("general"), title="<!here> *x*")
    await form_of(slack)
    for typed in ("bold", "<!channel>", "evil", ":tada:", "<@U1>", "*nobody*"):
        await found(slack, typed)
        field, *others = only(slack)["blocks"]
        assert field["element"]["type"] == "plain_text_input"
        assert {block["type"] for block in others} == {"divider", "rich_text"}  # elements that Slack does not parse
