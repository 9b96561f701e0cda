"""The providers' door: slow senders, replays, and that no secret is ever compared so that time tells of it."""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from bot.web.server import Listening, make_server
from handlers import webhooks
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.slack import Slack
from storage.database import Database
from tests.bot.job_fixtures import NOON, new_database
from tests.journeys.bench import WEBHOOK_TOKEN, Bench, gowajee_settings, only_reply, recording, words_of
from tests.security.raw_client import head, slowly
from transcription.errors import BadSignature
from transcription.transcriber import Callback, Handle

ROOT = Path(__file__).parents[2]
OURS = ("bot", "handlers", "storage", "transcription")
SECRET = {"token", "tokens", "secret", "secrets", "signature", "digest", "password", "credential", "bearer", "hmac"}
DOORS = {"bot/web/hosting.py", "handlers/metrics.py", "transcription/gowajee/transcriber.py"}
"""Where somebody outside shows a secret of ours. Slack's signature is compared by slack_sdk."""


class OneToken:
    """A provider that lets in whoever shows `?token=good`."""

    def authenticate(self, *, query: object, headers: object) -> None:
        del headers
        if "good" not in str(query):
            raise BadSignature("no")

    def admit(self, callback: Callback) -> Handle:
        return Handle(callback.body.decode())

    @property
    def can_be_asked(self) -> bool:
        return True

    @property
    def facts(self) -> Mapping[str, str]:
        return {}

    def recall(self, facts: Mapping[str, str]) -> None:
        del facts


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with new_database(tmp_path / "bot.db") as opened:
        yield opened


async def test_a_body_that_never_ends_is_not_waited_for(database: Database) -> None:
    server = make_server()
    soon = timedelta(seconds=0.2)
    webhooks.register(server, providers={"one": OneToken()}, database=database, clock=lambda: NOON, patience=soon)
    listening = await Listening.start(server, host="127.0.0.1", port=0)
    try:
        begun = head("/webhooks/one?token=good", Content_Length="100", Connection="close") + b"{"
        assert (await slowly(listening.port, begun)).startswith(b"HTTP/1.1 408 ")
    finally:
        await listening.stop()


async def test_a_webhook_that_is_played_again_after_the_reply_changes_nothing(bench: Bench, slack: Slack) -> None:
    port = free_port()
    async with Gowajee(webhook_url=f"http://127.0.0.1:{port}/webhooks/gowajee?token={WEBHOOK_TOKEN}") as gowajee:
        await bench.start(**gowajee_settings(gowajee), http_port=port, soonest_look=600.0)
        share = await slack.share(slack.channel("general"), [recording()])
        first = await only_reply(slack, share)
        await bench.ended()
        (job,) = gowajee.jobs
        assert [await gowajee.call_back(job) for _ in range(3)] == [200] * 3
        await bench.ended()
        assert words_of(await only_reply(slack, share)) == words_of(first)
        await bench.stop()


# --- how secrets are compared ---------------------------------------------------------------------------------------


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def is_secret(node: ast.expr) -> bool:
    """Whether a name in it says so; what a dictionary is asked for by a text is not looked at."""
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    names |= {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
    return any(SECRET & set(name.lower().split("_")) for name in names)


def compares_a_secret(tree: ast.Module) -> list[int]:
    """The lines; to ask whether there is one (`is None`) tells nothing of it."""
    by_value = ast.Eq | ast.NotEq | ast.In | ast.NotIn
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and any(isinstance(operator, by_value) for operator in node.ops)
        and any(map(is_secret, [node.left, *node.comparators]))
    ]


@pytest.mark.parametrize(
    "code", ["shown == self._token", "signature != wanted", "given in webhook_tokens", "x == settings.api_secret.get()"]
)
def test_the_look_for_comparisons_sees_them(code: str) -> None:
    assert compares_a_secret(ast.parse(code)) == [1]


@pytest.mark.parametrize("code", ["token is None", "'token' in body", "compare_digest(token, x)", "tokenised == 1"])
def test_the_look_for_comparisons_leaves_others_alone(code: str) -> None:
    assert compares_a_secret(ast.parse(code)) == []


def test_no_secret_is_compared_by_anything_that_stops_at_the_first_difference() -> None:
    found = {name: lines for name, tree in modules() if (lines := compares_a_secret(tree))}
    assert found == {}


def test_every_door_compares_in_a_time_that_tells_nothing() -> None:
    compare = {
        name
        for name, tree in modules()
        if any(isinstance(node, ast.Attribute) and node.attr == "compare_digest" for node in ast.walk(tree))
    }
    assert compare == DOORS
