"""The demo's page with the real bot in its own process: share, name, search, kill it, deliver a webhook twice."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import av

from bot.cli.demo_page import demo_page
from handlers.action_ids import EXPORT, NAME_SPEAKERS
from sandbox.botlhale import Botlhale
from sandbox.gowajee import Gowajee
from sandbox.page import Stage
from sandbox.slack import Slack
from sandbox.voices import SAMPLES
from tests.sandbox.page_client import PageClient, State, channel_named, replies, visiting

SAID = "The driver could not find the address"


@asynccontextmanager
async def opened(transcriber: str = "gowajee", mode: str = "socket") -> AsyncIterator[tuple[PageClient, Stage, str]]:
    async with demo_page(transcriber=transcriber, mode=mode) as (page, stage), visiting(page.address) as client:
        yield client, stage, channel_named(await client.state(), "general")


async def answered(client: PageClient, channel: str, ts: str) -> State:
    """The bot's reply, once the reaction says that all is done."""
    state = await client.until(
        lambda state: replies(state, channel, ts) and "white_check_mark" in _root(state, channel, ts)["reactions"]
    )
    [reply] = replies(state, channel, ts)
    return reply


def _root(state: State, channel: str, ts: str) -> State:
    return next(message for message in state["messages"][channel] if message["ts"] == ts)


def element(blocks: list[State], action_id: str) -> State:
    """A control of a message as the page sends it."""
    found = [
        {"block_id": block.get("block_id", ""), **one}
        for block in blocks
        for one in block.get("elements", [])
        if one.get("action_id") == action_id
    ]
    assert len(found) == 1, action_id
    return found[0]


def webm(sample: str) -> bytes:
    """A sample as a browser records it: WebM with Opus, without a length."""
    buffer = io.BytesIO()
    with av.open(str(SAMPLES[sample].path)) as source, av.open(buffer, "w", format="webm") as target:
        stream = target.add_stream("libopus", rate=48_000)
        resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000)
        for frame in source.decode(audio=0):
            for piece in resampler.resample(frame):
                target.mux(stream.encode(piece))
        target.mux(stream.encode())
    return buffer.getvalue()


async def test_a_voice_note_of_the_browser_is_answered_in_its_thread_and_the_wire_shows_how() -> None:
    await _answered_and_shown("socket")


async def test_the_same_over_signed_http() -> None:
    await _answered_and_shown("http")


async def _answered_and_shown(mode: str) -> None:
    async with opened(mode=mode) as (client, stage, general):
        shared = await client.share(
            general, webm("note"), name="audio_message.webm", kind="audio/webm;codecs=opus", ms="10000"
        )
        reply = await answered(client, general, shared["ts"])
        assert SAID in str(reply["blocks"])
        lines = await client.lines()
        kinds = {line["kind"] for line in lines}
        assert {"event", "call", "file", "provider", "webhook", "job", "log"} <= kinds
        events = [line for line in lines if line["kind"] == "event" and line["title"] == "file_shared"]
        assert [(line["from"], line["to"], line["status"]) for line in events] == [("slack", "bot", "acknowledged")]
        assert events[0]["ms"] is not None
        states = [line["title"] for line in lines if line["kind"] == "job" and line["status"] != "duplicate"]
        assert states == ["submitting", "submitted", "ready", "replying", "replied"]
        await _no_token_is_shown(client, stage, lines)


async def _no_token_is_shown(client: PageClient, stage: Stage, lines: list[State]) -> None:
    slack, providers = stage.slack, stage.providers
    gowajee = providers.gowajee
    assert gowajee.webhook_token is not None
    secrets = [slack.bot_token, slack.app_token, gowajee.api_key, gowajee.webhook_token]
    for line in lines:
        shown = str(await client.get(f"wire/{line['number']}"))
        assert not [secret for secret in secrets if secret in shown], line


async def test_nobody_else_speaks_to_the_stand_ins_beside_it() -> None:
    """Neither with what stands in the source, nor under the name of another site."""
    async with opened() as (_, stage, _), opened() as (_, other, _), aiohttp.ClientSession() as session:
        slack, gowajee, botlhale = stage.slack, stage.providers.gowajee, stage.providers.botlhale

        async def asked(token: str, **headers: str) -> tuple[int, str]:
            named = {"Authorization": f"Bearer {token}", **headers}
            async with session.post(f"{slack.api_url}conversations.list", headers=named) as answer:
                return answer.status, await answer.text()

        assert '"ok": true' in (await asked(slack.bot_token))[1]
        for token in (Slack().bot_token, other.slack.bot_token):
            assert "invalid_auth" in (await asked(token))[1]
        assert (await asked(slack.bot_token, Host="evil.example"))[0] == 403
        drawn = [slack.signing_secret, slack.app_token, slack.client_secret, gowajee.api_key, botlhale.refresh_token]
        theirs = other.slack, other.providers.gowajee, other.providers.botlhale
        for one, two, three in ((Slack(), Gowajee(), Botlhale()), theirs):
            known = {one.signing_secret, one.app_token, one.client_secret, two.api_key, three.refresh_token}
            assert not known & set(drawn)
        assert gowajee.webhook_token != other.providers.gowajee.webhook_token


async def test_naming_by_the_form_changes_the_reply() -> None:
    async with opened("botlhale") as (client, _, general):
        shared = await client.ask("sample", channel=general, sample="dialogue")
        reply = await answered(client, general, shared["ts"])
        place = {"kind": "message", "channel": general, "ts": reply["ts"]}
        await client.ask("use", place=place, action=element(reply["blocks"], NAME_SPEAKERS))
        [view] = (await client.until(lambda state: state["modals"]))["modals"]
        values: dict[str, Any] = {}
        for block in view["blocks"]:
            if block["type"] == "input" and block["element"]["type"] == "plain_text_input":
                field = {"type": "plain_text_input", "value": "Naledi" if not values else None}
                values[block["block_id"]] = {block["element"]["action_id"]: field}
        answer = await client.ask("submit", view=view["id"], values=values)
        assert (answer["outcome"], answer["errors"]) == ("closed", {})
        state = await client.until(lambda state: "Naledi" in str(replies(state, general, shared["ts"])))
        assert not state["modals"]


async def test_a_form_that_is_refused_stays_open_with_sentences_and_can_be_closed() -> None:
    async with opened("botlhale") as (client, _, general):
        assert (await client.ask("command", channel=general, text="/transcripts settings"))["ok"]
        [view] = (await client.until(lambda state: state["modals"]))["modals"]
        values = {}
        for block in view["blocks"]:
            if block["type"] == "input":
                one = block["element"]
                chosen = {"selected_option": one.get("initial_option")}
                typed = {"value": "many" if one["action_id"] == "speakers" else None}
                entered = typed if one["type"] == "plain_text_input" else chosen
                values[block["block_id"]] = {one["action_id"]: {"type": one["type"], **entered}}
        answer = await client.ask("submit", view=view["id"], values=values)
        assert answer["outcome"] == "refused"
        assert list(answer["errors"].values())
        assert (await client.state())["modals"]
        await client.ask("close", view=view["id"])
        assert not (await client.state())["modals"]


async def test_a_command_is_answered_for_this_person_alone_until_they_dismiss_it() -> None:
    async with opened("botlhale") as (client, _, general):
        shared = await client.ask("sample", channel=general, sample="note")
        await answered(client, general, shared["ts"])
        await client.ask("command", channel=general, text="/transcripts search driver")
        state = await client.until(lambda state: state["ephemerals"])
        [found] = state["ephemerals"]
        assert found["channel"] == general
        assert "driver" in str(found["blocks"])
        await client.ask("dismiss", ts=found["ts"])
        assert not (await client.state())["ephemerals"]


async def test_the_home_opens_and_the_shortcuts_are_those_of_the_manifest() -> None:
    async with opened("botlhale") as (client, stage, general):
        shared = await client.ask("sample", channel=general, sample="note")
        reply = await answered(client, general, shared["ts"])
        await client.ask("home", tab="home")
        state = await client.until(lambda state: state["home"] and "About the delivery" in str(state["home"]["blocks"]))
        names = [one["callback_id"] for one in state["shortcuts"]]
        assert names == [one["callback_id"] for one in (await client.get("manifest"))["features"]["shortcuts"]]
        await client.ask("shortcut", callback_id=EXPORT, channel=general, ts=reply["ts"])
        [view] = (await client.until(lambda state: state["modals"]))["modals"]
        assert view["type"] == "modal"
        assert stage.slack.modals


async def test_a_bot_that_is_killed_while_the_provider_works_loses_nothing_and_replies_once() -> None:
    async with opened() as (client, stage, general):
        stage.providers.hold()
        shared = await client.ask("sample", channel=general, sample="note")
        await client.lines(lambda lines: any(line["title"] == "submitted" for line in lines))
        before = (await client.state())["bot"]["pid"]
        assert (await client.ask("kill"))["pid"] == before
        reply = await answered(client, general, shared["ts"])
        assert SAID in str(reply["blocks"])
        state = await client.state()
        assert state["bot"]["pid"] not in {None, before}
        await stage.slack.quiet()
        assert len(replies(await client.state(), general, shared["ts"])) == 1
        assert len(stage.providers.gowajee.jobs) == 1, "it was sent once"


async def test_what_is_shared_while_there_is_no_bot_is_answered_by_the_next_one() -> None:
    async with opened() as (client, _, general):
        await client.ask("kill")
        shared = await client.ask("sample", channel=general, sample="note")
        assert SAID in str((await answered(client, general, shared["ts"]))["blocks"])


async def test_a_webhook_that_is_delivered_twice_makes_one_reply() -> None:
    async with opened() as (client, stage, general):
        await client.ask("webhook", twice=True)
        shared = await client.ask("sample", channel=general, sample="note")
        await answered(client, general, shared["ts"])
        lines = await client.lines(lambda lines: sum(line["kind"] == "webhook" for line in lines) >= 2)
        webhooks = [line for line in lines if line["kind"] == "webhook"]
        assert [(line["from"], line["status"]) for line in webhooks] == [("gowajee", "200")] * 2
        await stage.slack.quiet()
        assert len(replies(await client.state(), general, shared["ts"])) == 1
