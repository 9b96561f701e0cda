"""One installation with processes of the previous release and of the current one, as during an update."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sandbox.botlhale import Botlhale
from sandbox.ports import free_port
from sandbox.slack import Channel, Share, Slack, Team
from storage.job import JobState
from tests.journeys.bench import botlhale_settings, only_reply, recording, tone
from tests.journeys.database_probe import Books
from tests.journeys.machines import ENOUGH, Machine, slack_settings
from tests.journeys.wires import Wire

Release = Literal["before", "today"]


@dataclass(kw_only=True)
class House:
    """`url` is the database of all of its processes; what they say goes over `wires`.

    Where that is a file they have one folder, too, and are there one after the other.
    """

    slack: Slack
    botlhale: Botlhale
    wires: dict[str, Wire]
    folder: Path
    release_before: Path
    url: str
    port: int
    _stack: AsyncExitStack

    @property
    def is_in_a_file(self) -> bool:
        """Whether there is one process at a time."""
        return self.url.startswith("sqlite")

    @property
    def books(self) -> Books:
        """What the database holds."""
        return Books(self.url, self.folder)

    def machine(self, release: Release, **settings: Any) -> Machine:
        """A process of that release, not started yet. What is None is left out of its settings."""
        folder = self.folder / ("bot" if self.is_in_a_file else f"bot-{release}-{settings.get('port', self.port)}")
        of_release = {"pythonpath": self.release_before, "pythondontwritebytecode": ""} if release == "before" else {}
        in_front = self.wires["slack"].origin
        usual = slack_settings(self.slack, mode="http") | botlhale_settings(self.botlhale) | of_release
        usual |= {"slack_api_url": f"{in_front}/api/", "slack_file_origins": in_front, "port": self.port}
        usual |= {"botlhale_base_url": self.wires["botlhale"].origin, "database_url": self.url}
        wanted = {name: value for name, value in (usual | settings).items() if value is not None}
        machine = Machine(folder, **wanted)
        folder.mkdir(exist_ok=True)
        self._stack.push_async_callback(machine.end)
        return machine

    async def start(self, release: Release, **settings: Any) -> Machine:
        """A process of that release, at work."""
        machine = self.machine(release, **settings)
        await machine.start()
        return machine

    async def share(self, channel: str | Channel, *, team: Team | None = None) -> Share:
        """Somebody shares a recording, in a new channel of that name or in one that is there."""
        place = team or self.slack
        there = place.channel(channel, people=("amara", "thandi")) if isinstance(channel, str) else channel
        sound = recording(content=tone(seconds=6), name="tone.wav", mimetype="audio/wav", filetype="wav")
        return await place.share(there, [sound])

    async def comes_to(self, share: Share, state: JobState) -> None:
        """Wait until the share's job stands there, in nobody's hands."""
        async with asyncio.timeout(ENOUGH):
            while True:
                rows = [row for row in await self.books.jobs() if row["file"] in share.file_ids]
                if [(row["state"], row["lease"]) for row in rows] == [(state, None)]:
                    return
                await asyncio.sleep(0.02)

    async def ended(self, *shares: Share) -> None:
        """Wait until these have jobs and nothing is left to be done for any; waits pass at once."""
        files = {file for share in shares for file in share.file_ids}
        async with asyncio.timeout(ENOUGH):
            while True:
                rows = await self.books.jobs()
                if files <= {row["file"] for row in rows} and all(row["due_at"] is None for row in rows):
                    return
                await self.books.waits_end()
                await asyncio.sleep(0.05)

    async def answered_once(self, *shares: Share) -> None:
        """Wait until all jobs have ended; fails unless these have one reply each, and nothing else was said there."""
        await self.ended(*shares)
        for share in shares:
            await only_reply(self.slack, share)

    async def nothing_is_missing(self) -> None:
        """Fail where it is noted that Slack was not heard for a while, or that somebody has removed the app."""
        places = {row["place"].partition(" ")[0] for row in await self.books.presence()}
        assert places <= {"slack", "process", "event"}, places  # of events it is told which kinds were heard

    @property
    def sent(self) -> list[int]:
        """How often each recording was sent to the provider."""
        return [upload.received for upload in self.botlhale.uploads.values()]


@asynccontextmanager
async def house_at(url: str | None, folder: Path, release_before: Path, *, slack: Slack) -> AsyncIterator[House]:
    """An installation without a process yet, in a file of `folder` where there is no `url`."""
    async with AsyncExitStack() as stack:
        botlhale = await stack.enter_async_context(Botlhale())
        origins = {"slack": slack.origin, "botlhale": botlhale.origin}
        wires = {name: await stack.enter_async_context(Wire(origin).laid()) for name, origin in origins.items()}
        port = free_port()
        slack.scopes.add("channels:history")
        for team in (slack, *slack.other_workspaces):
            team.events_url = f"http://127.0.0.1:{port}/slack/events"
        yield House(
            slack=slack,
            botlhale=botlhale,
            wires=wires,
            folder=folder,
            release_before=release_before,
            port=port,
            url=url or f"sqlite:///{folder}/bot.db",
            _stack=stack,
        )
