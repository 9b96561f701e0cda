"""A recording that takes its decoder over gets nothing of the bot: no token, no memory, no open file.

All as an ordinary user, since root may read everything.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.botlhale import Botlhale
from sandbox.ports import free_port
from sandbox.slack import Slack
from sandbox.voices import SAMPLES
from tests.bot.processes import Running, environment, for_slack
from tests.journeys.bench import botlhale_settings, only_reply, recording
from tests.security import prying
from tests.security.unprivileged import give, linux_only, new_environment, start

SECRET = "xapp-1-invented-for-this-test"

PARENT = """
import asyncio, sys
from datetime import timedelta
from pathlib import Path
from transcription.audio import convert
from transcription.dumps import forbid_dumps
if sys.argv[1] == "closed":
    forbid_dumps()
asyncio.run(convert(Path(sys.argv[2]), Path(sys.argv[3])))
"""
"""What has secrets in its environment and decodes a recording."""

pytestmark = linux_only


def landlock_version() -> int:
    """The newest ABI of this kernel; -1 without it."""
    return int(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1)) if sys.platform == "linux" else -1


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that others may enter, unlike pytest's own."""
    made = Path(tempfile.mkdtemp(prefix="threadscribe-unprivileged-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def python(folder: Path) -> str:
    return str(new_environment(folder / "python", at_start="tests.security.prying"))


def told_by_decoder(own: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((own / prying.REPORT).read_text(encoding="utf-8"))
    assert told["uid"] != 0
    return told


async def decode(python: str, own: Path, *, parent: str) -> dict[str, Any]:
    """What a decoder finds out about such a parent."""
    (own / ".env").write_text(SECRET, encoding="utf-8")
    (own / "bot.db").write_text(SECRET, encoding="utf-8")
    room = give(own / "room")
    source = room / "note.m4a"
    source.write_bytes(SAMPLES["note"].path.read_bytes())
    for path in (own / ".env", own / "bot.db", source):
        path.chmod(0o644)
    env = environment(TMPDIR=str(own), SLACK_APP_TOKEN=SECRET)
    process = await start(python, "-c", PARENT, parent, str(source), str(room / "note.wav"), folder=own, env=env)
    _, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return told_by_decoder(own)


async def test_a_decoder_reads_nothing_of_the_process_that_started_it(python: str, folder: Path) -> None:
    told = await decode(python, give(folder / "own"), parent="closed")
    assert set(told["found"]) == set(prying.attempts(0))
    assert set(told["found"].values()) == {"PermissionError"}


async def test_of_a_process_that_forbids_nothing_it_reads_every_secret(python: str, folder: Path) -> None:
    """Otherwise the test above would prove nothing on this machine."""
    told = await decode(python, give(folder / "own"), parent="open")
    assert SECRET in told["found"]["environ"]


@pytest.mark.skipif(landlock_version() < 4, reason="this kernel has no Landlock that knows of TCP (Linux 6.7)")
async def test_once_it_opens_a_recording_a_decoder_reaches_no_other_file_and_no_network(
    python: str, folder: Path
) -> None:
    told = await decode(python, give(folder / "own"), parent="closed")
    before, later = told["around"], told["around later"]
    assert SECRET in before["settings"], "which it could have read"
    assert {name for name, found in before.items() if not found.startswith("read")} == set()
    assert set(later) == set(before)
    assert set(later.values()) == {"PermissionError"}


async def test_a_bot_whose_decoder_pries_answers_and_gives_nothing_away(
    slack: Slack, python: str, folder: Path
) -> None:
    own, port = give(folder / "own"), free_port()
    metrics_token = "invented-metrics-token-0123456789"
    settings = for_slack(slack, HTTP_PORT=str(port), METRICS_TOKEN=metrics_token, TMPDIR=str(own), HOME=str(own))
    async with Botlhale() as botlhale:
        settings |= {name.upper(): value for name, value in botlhale_settings(botlhale).items()}
        metrics = await answered(slack, python, own, settings | {"SOONEST_LOOK": "0.1"}, token=metrics_token)
    told = told_by_decoder(own)
    assert set(told["found"].values()) == {"PermissionError"}
    for secret in (slack.bot_token, slack.app_token, metrics_token, botlhale.refresh_token):
        assert secret not in json.dumps(told)
    files = [line.split()[1] for line in metrics.splitlines() if line.startswith("process_open_fds ")]
    assert [float(count) > 0 for count in files] == [True], "although /proc/self is root's now"


async def answered(slack: Slack, python: str, own: Path, settings: dict[str, str], *, token: str) -> str:
    """Have a bot answer a recording; its metrics afterwards."""
    bot = Running(await start(python, "-m", "bot", "run", folder=own, env=settings))
    try:
        await bot.ready()
        await slack.until(lambda: slack.open_sockets)
        await only_reply(slack, await slack.share(slack.channel("general"), [recording()]))
        address = f"http://127.0.0.1:{settings['HTTP_PORT']}/metrics"
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession() as session, session.get(address, headers=headers) as answer:
            return await answer.text()
    finally:
        assert await bot.stop() == 0


PROBE = """
import ctypes, resource
from bot.__main__ import main
@main.command()
def probe():
    print(ctypes.CDLL(None).prctl(3), resource.getrlimit(resource.RLIMIT_CORE))
main(["probe"])
"""


async def test_every_command_closes_itself_before_it_begins(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROBE, cwd=tmp_path, env=environment(), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert out.decode() == "0 (0, 0)\n"
