"""A bot of many workspaces, killed wherever it keeps an installation, a state or a token: the recording is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from sandbox.slack import Ids, Slack
from tests.journeys.checkpoints import checkpoints
from tests.journeys.forkserver import Nursery
from tests.journeys.installing import KEY, browser, many_settings
from tests.journeys.test_killed_everywhere import OF_MANY, Death, Life, Way, life_of, one_reply

NEW_KEY = "YW5vdGhlciBzZXQgb2YgdGhpcnR5LXR3byBieXRlcyE="

RECORD = "write bot.oauth.token_rotation:RotatedToken._record"


class ManyLife(Life):
    """The app is installed once the bot runs, by somebody who tries again where it dies."""

    place = ""
    done: Callable[[], Awaitable[bool]] | None = None
    """What there is to wait for besides."""

    @classmethod
    def slack_to_live_with(cls) -> Slack:
        return Slack(installed=False, ids=Ids(enterprise="E0SANDBOX"))

    async def install(self) -> None:
        settings = {"public_url": self.environment["PUBLIC_URL"]}
        while self.place:
            with suppress(aiohttp.ClientError, AssertionError):
                async with browser(settings) as person:
                    if (await person.install(self.place)).status == 200:
                        self.place = ""
            await asyncio.sleep(0.05)

    async def _all_ended(self) -> bool:
        return await super()._all_ended() and (self.done is None or await self.done())


@asynccontextmanager
async def many(
    folder: Path, nursery: Nursery, request: pytest.FixtureRequest, *, database: str, whole: bool
) -> AsyncIterator[ManyLife]:
    way = Way(provider="botlhale", form="short", database=database)
    async with life_of(ManyLife, way, folder, nursery, request) as lived:
        slack = lived.slack
        slack.token_lasts = 3600.0  # so short that it is exchanged at every call
        wanted = many_settings(slack, port=int(lived.environment["HTTP_PORT"]), http=False)
        lived.environment.pop("SLACK_BOT_TOKEN")
        lived.environment |= {name.upper(): str(value) for name, value in wanted.items() if value is not None}
        lived.place = "E0SANDBOX" if whole else slack.team_id
        yield lived


@pytest.mark.parametrize(("index", "checkpoint"), list(enumerate(sorted(OF_MANY))))
async def test_killed_at_a_checkpoint_of_many_workspaces_there_is_one_reply(
    tmp_path: Path, nursery: Nursery, request: pytest.FixtureRequest, index: int, checkpoint: str
) -> None:
    assert checkpoint in checkpoints()
    # On a server the turn of whoever died is waited for, for longer than this.
    database = ("sqlite", "postgresql")[index % 2 and not checkpoint.endswith("_put_off")]
    whole = checkpoint == "workspace.teams"
    async with many(tmp_path / "bot", nursery, request, database=database, whole=whole) as lived:
        match checkpoint:
            case "workspace.teams":
                assert await lived.live()
                await lived.miss_one()
            case "write bot.oauth.token_rotation:RotatedToken._put_off":
                assert not await lived.live(Death(at=RECORD))
            case "write bot.oauth.many_workspaces:ManyWorkspaces.keep":
                assert await lived.live()
                lived.environment["TOKEN_KEY"] = f"{NEW_KEY},{KEY}"
                [before] = await lived.books.installations()

                async def sealed_anew() -> bool:
                    return [one["token"] for one in await lived.books.installations()] != [before["token"]]

                lived.done = sealed_anew
            case "write bot.oauth.many_workspaces:ManyWorkspaces._drop":
                assert await lived.live()
                await lived.books.was_removed(lived.slack.team_id)
                lived.slack.refuse("auth.test", "token_revoked", times=100)

                async def dropped() -> bool:
                    return await lived.books.installations() == []

                lived.done = dropped
        assert not await lived.live(Death(at=checkpoint)), "not covered: nobody passes it"
        assert await lived.live()
        one_reply(lived)
