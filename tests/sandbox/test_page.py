"""The demo's page: who may speak to its server, what is served, and what people do on it. Its bot is a script here."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.page import BotProcess, PageServer, Providers, Stage
from sandbox.page.server import ASSETS
from sandbox.ports import free_port
from sandbox.slack import Slack
from sandbox.voices import SAMPLES
from sandbox.wire_log import WireLog
from tests.sandbox.page_client import PageClient, channel_named, visiting

LARGEST = 100_000

MANIFEST: dict[str, Any] = {
    "display_information": {"name": "Scribe"},
    "features": {
        "slash_commands": [{"command": "/transcripts", "description": "d"}],
        "shortcuts": [{"name": "Transcribe", "type": "message", "callback_id": "transcribe"}],
    },
    "oauth_config": {"scopes": {"bot": ["files:read", "chat:write"]}},
    "settings": {"event_subscriptions": {"bot_events": ["file_shared", "message.channels"]}},
}

SCRIPT = """
import sys, time
sys.stderr.write('no json\\n{"event": "ready", "level": "info"}\\n')
sys.stderr.write('{"event": "job_state_changed", "job": "j1", "state": "submitted", "level": "info"}\\n')
sys.stderr.flush()
time.sleep(600)
"""


STARTS_ONCE = f"""
import pathlib
pathlib.Path("started").touch(exist_ok=False)
{SCRIPT}
"""


@asynccontextmanager
async def a_page(folder: Path, *, script: str = SCRIPT) -> AsyncIterator[tuple[PageServer, Stage]]:
    log = WireLog()
    async with Slack() as slack, Providers(webhook_url="http://127.0.0.1:9/", log=log) as providers:
        slack.wire_log, slack.ack_timeout = log, 0.2
        bot = BotProcess([sys.executable, "-c", script], environment={}, folder=folder, log=log)
        stage = Stage(slack, bot=bot, providers=providers, log=log, folder=folder, manifest=MANIFEST)
        slack.retry_delays = ()
        async with stage, bot, PageServer(stage) as page:
            yield page, stage


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[PageClient]:
    async with a_page(tmp_path) as (server, _), visiting(server.address) as client:
        yield client


async def status(client: PageClient, path: str, *, method: str = "GET", **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.session.request(method, path, headers=named) as answer:
        return answer.status


async def test_it_is_served_on_loopback_only(page: PageClient) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{20,}/", page.address)


@pytest.mark.parametrize("host", ["bank.example", "bank.example:80", "127.0.0.1.bank.example", "[::2]", "localhost.x"])
async def test_a_name_that_is_not_loopback_is_refused(page: PageClient, host: str) -> None:
    assert await status(page, page.address, Host=host) == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "[::1]:80", "127.0.0.1"])
async def test_each_name_of_loopback_will_do(page: PageClient, host: str) -> None:
    assert await status(page, page.address, Host=host) == 200


async def test_the_stand_ins_beside_it_are_for_this_machine_only_too(tmp_path: Path) -> None:
    async with a_page(tmp_path) as (page, stage), aiohttp.ClientSession() as session:
        slack, botlhale, gowajee = stage.slack, stage.providers.botlhale, stage.providers.gowajee
        for origin in (slack.origin, slack.elsewhere, botlhale.origin, botlhale.storage_origin, gowajee.origin):
            for host, refused in (("bank.example", True), ("127.0.0.1.bank.example:80", True), ("localhost", False)):
                async with session.get(origin, headers={"Host": host}) as answer:
                    assert (answer.status == 403) is refused, (origin, host)
        assert page.address


async def test_a_ticket_leads_to_the_page_once(tmp_path: Path) -> None:
    async with a_page(tmp_path) as (page, _), aiohttp.ClientSession() as session:
        invitation = page.invite()
        assert page.address.rsplit("/", 2)[1] not in invitation
        async with session.get(f"{invitation}/") as answer:
            assert answer.status == 404, "a ticket is no token"
        async with session.get(invitation, headers={"Host": "bank.example"}) as answer:
            assert answer.status == 403
        async with session.get(invitation, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, page.address.removeprefix(_origin(page)))
        async with session.get(invitation) as answer:
            assert answer.status == 404


def _origin(page: PageServer) -> str:
    return f"http://127.0.0.1:{page.port}"


@pytest.mark.parametrize("path", ["", "assets/app.js", "events", "manifest", "wire/1", "files/F1"])
async def test_without_its_token_there_is_nothing(page: PageClient, path: str) -> None:
    origin = page.address.rsplit("/", 2)[0]
    assert await status(page, f"{origin}/{path}") == 404
    assert await status(page, f"{origin}/another-token/{path}") == 404


@pytest.mark.parametrize("headers", [{"Origin": "http://bank.example"}, {"Sec_Fetch_Site": "cross-site"}])
async def test_another_site_may_do_nothing(page: PageClient, headers: dict[str, str]) -> None:
    assert await status(page, f"{page.address}kill", method="POST", **headers) == 403


@pytest.mark.parametrize(
    "path", ["", "assets/app.js", "manifest", "nothing", "assets/nothing.js", "assets/..%2fserver.py"]
)
async def test_every_answer_keeps_scripts_and_other_sites_out(page: PageClient, path: str) -> None:
    async with page.session.get(page.address + path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert {"default-src 'none'", "script-src 'self'", "connect-src 'self'"} <= set(policy.split("; "))
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_the_assets_are_small_and_local() -> None:
    files = sorted(path for path in ASSETS.iterdir() if path.is_file())
    assert sum(path.stat().st_size for path in files) <= LARGEST
    html = (ASSETS / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", html), (
        "nothing inline: the policy forbids it"
    )
    named = set(re.findall(r'(?:src|href)="assets/([\w.-]+)"', html))
    for path in files:
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r'from "\./([\w.-]+)"', text))
        assert "innerHTML" not in text
        assert "insertAdjacentHTML" not in text
        assert not re.search(r"""(?:import|src=|url\()\s*["']?(?:https?:)?//""", text), path.name
    assert named == {path.name for path in files} - {"index.html"}


async def test_a_file_is_shared_and_can_be_played(page: PageClient) -> None:
    general = channel_named(await page.state(), "general")
    content = SAMPLES["note"].path.read_bytes()
    answer = await page.share(general, content, name="../../note.m4a", kind="audio/mp4", ms="10000")
    assert answer["ok"]
    state = await page.state()
    [message] = [one for one in state["messages"][general] if one["ts"] == answer["ts"]]
    [file] = message["files"]
    assert (file["name"], file["mimetype"], file["size"], file["ms"]) == ("note.m4a", "audio/mp4", len(content), 10000)
    async with page.session.get(f"{page.address}files/{file['id']}", headers={"Range": "bytes=0-99"}) as part:
        assert (part.status, await part.read()) == (206, content[:100])


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/javascript", "video/x; text/html"])
async def test_a_file_that_could_run_in_the_page_is_only_handed_over(page: PageClient, kind: str) -> None:
    general = channel_named(await page.state(), "general")
    answer = await page.share(general, b"<script>alert(1)</script>", name="x.html", kind=kind)
    async with page.session.get(f"{page.address}files/{answer['files'][0]}") as got:
        assert got.content_type in {"application/octet-stream", "video/x"}
        if got.content_type == "application/octet-stream":
            assert got.headers["Content-Disposition"] == "attachment"


async def test_what_people_say_is_there_and_only_their_own_can_be_deleted(page: PageClient) -> None:
    before = await page.state()
    general = channel_named(before, "general")
    [theirs] = before["messages"][general]
    said = await page.ask("say", channel=general, text="<b>Hello</b>")
    assert [one["text"] for one in (await page.state())["messages"][general]] == [theirs["text"], "<b>Hello</b>"]
    assert not (await page.ask("delete", channel=general, ts=theirs["ts"]))["ok"]
    assert (await page.ask("delete", channel=general, ts=said["ts"]))["ok"]
    assert [one["ts"] for one in (await page.state())["messages"][general]] == [theirs["ts"]]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("say", {"channel": "C1", "text": "x"}),
        ("say", {}),
        ("sample", {"channel": "C1", "sample": "note"}),
        ("use", {"place": {"kind": "ephemeral", "channel": "C1", "ts": "1"}, "action": {}}),
        ("submit", {"view": "V1", "values": {}}),
        ("react", {"channel": "C1", "ts": "1", "name": "eyes"}),
        ("delete", {"channel": "C1", "ts": "1"}),
    ],
)
async def test_what_is_not_there_is_said_in_a_sentence(page: PageClient, name: str, given: dict[str, object]) -> None:
    assert await page.ask(name, **given) == {"ok": False, "error": "That is not there any more."}


async def test_an_app_that_does_not_respond_is_told_as_slack_tells_it(page: PageClient) -> None:
    general = channel_named(await page.state(), "general")
    answer = await page.ask("command", channel=general, text="/transcripts help")
    assert not answer["ok"]
    assert "didn't respond" in answer["error"]


@pytest.mark.parametrize("text", ["/remind me", "/transcript", "/"])
async def test_a_command_that_the_app_does_not_have_is_told_and_not_sent(page: PageClient, text: str) -> None:
    general = channel_named(await page.state(), "general")
    answer = await page.ask("command", channel=general, text=text)
    assert answer == {"ok": False, "error": f"{text.partition(' ')[0]} isn't a command here. Try /transcripts."}


async def test_who_kills_the_bot_twice_at_once_has_one_bot_afterwards(page: PageClient) -> None:
    before = (await page.state())["bot"]["pid"]
    killed = await asyncio.gather(page.ask("kill"), page.ask("kill"))
    assert [one["pid"] for one in killed if one["pid"]] == [before]
    after = await page.until(lambda state: state["bot"]["state"] == "running" and not state["held"])
    assert after["bot"]["kills"] == 1
    lines = await page.lines()
    started = {line["about"] for line in lines if line["kind"] == "log" and line["title"] == "ready"}
    assert started == {f"process {before}", f"process {after['bot']['pid']}"}


async def test_a_bot_that_does_not_start_again_is_seen_to_have_stopped(tmp_path: Path) -> None:
    async with a_page(tmp_path, script=STARTS_ONCE) as (server, _), visiting(server.address) as page:
        await page.ask("kill")
        after = await page.until(lambda state: state["bot"]["state"] == "stopped" and not state["held"])
        assert after["bot"]["pid"] is None


async def test_a_demo_that_ends_while_the_bot_is_killed_starts_no_other(tmp_path: Path) -> None:
    async with a_page(tmp_path) as (_, stage):
        before = asyncio.all_tasks()
        killing = asyncio.create_task(stage.kill())
        await asyncio.sleep(0)
        await stage.__aexit__(None, None, None)
        assert await killing is not None
        assert not asyncio.all_tasks() - before, "nothing starts another one"
    assert stage.bot.pid is None


async def test_the_killed_bot_is_another_process_afterwards(page: PageClient) -> None:
    before = (await page.state())["bot"]
    assert before["state"] == "running"
    killed = await page.ask("kill")
    assert killed["pid"] == before["pid"]
    down = await page.state()
    assert (down["bot"]["state"], down["bot"]["pid"], down["held"]) == ("killed", None, True)
    assert (await page.ask("kill"))["pid"] is None, "there is none to kill"
    after = await page.until(lambda state: state["bot"]["state"] == "running" and not state["held"])
    assert after["bot"]["pid"] not in {None, before["pid"]}
    assert after["bot"]["kills"] == 1


async def test_a_bot_that_cannot_start_is_an_error(tmp_path: Path) -> None:
    bot = BotProcess([sys.executable, "-c", ""], environment={}, folder=tmp_path, log=WireLog())
    with pytest.raises(OSError, match="before it was ready"):
        await bot.start()
    await bot.stop()


async def test_a_bot_that_ends_by_itself_is_seen_to_have_stopped(tmp_path: Path) -> None:
    script = """import sys; sys.stderr.write('{"event": "ready"}\\n')"""
    changes: list[str] = []
    bot = BotProcess([sys.executable, "-c", script], environment={}, folder=tmp_path, log=WireLog())
    bot.watch(lambda: changes.append(bot.state))
    async with bot:
        pass
    assert changes[:2] == ["starting", "running"]
    assert changes[-1] == "stopped"


async def test_the_switch_for_the_webhook_stays_as_it_is_put(page: PageClient) -> None:
    await page.ask("webhook", twice=True)
    assert (await page.state())["webhook_twice"] is True
    await page.ask("webhook", twice=False)
    assert (await page.state())["webhook_twice"] is False


async def test_what_the_bot_logs_is_on_the_wire_with_its_bytes(page: PageClient) -> None:
    lines = await page.lines(lambda all_: any(line["kind"] == "job" for line in all_))
    [job] = [line for line in lines if line["kind"] == "job"]
    assert (job["title"], job["about"]) == ("submitted", "j1")
    whole = await page.get(f"wire/{job['number']}")
    assert '"job": "j1"' in whole["sent"]["body"]
    assert await status(page, f"{page.address}wire/999999") == 404


async def test_the_page_is_told_when_the_demo_ends(tmp_path: Path) -> None:
    heard: list[str] = []
    async with aiohttp.ClientSession() as session:
        async with a_page(tmp_path) as (server, _):
            stream = PageClient(server.address, session).events()
            heard.append((await anext(stream))[0])
        with_rest = [name async for name, _ in stream]
    assert heard == ["state"]
    assert with_rest[-1] == "ended"


async def test_a_port_that_is_taken_is_an_error(tmp_path: Path) -> None:
    port = free_port()
    async with a_page(tmp_path) as (_, stage), PageServer(stage, port=port):
        with pytest.raises(OSError, match="address already in use"):
            async with PageServer(stage, port=port):
                pass
