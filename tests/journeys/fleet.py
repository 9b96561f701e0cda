"""A larger installation: two machines that listen, two that work, one PostgreSQL database, both providers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sandbox.botlhale import Botlhale
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.slack import Share, Slack
from storage.job import Job
from tests.journeys.bench import WEBHOOK_TOKEN, botlhale_settings, gowajee_settings, recording, tone
from tests.journeys.machines import Ledger, Machine, at_work, slack_settings
from tests.journeys.wires import Wire

Provider = Literal["botlhale", "gowajee"]

LARGEST_INLINE = 1_000_000
"""Bytes; half a minute of WAV. What is longer is fetched by Gowajee."""


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """What the workers say to Slack and the providers goes over `wires`; events and webhooks come to either `web`.

    Each worker sends new recordings to the provider that it is named after, and goes on with those of the other one.
    """

    slack: Slack
    botlhale: Botlhale
    gowajee: Gowajee
    ledger: Ledger
    wires: dict[str, Wire]
    webs: Sequence[Machine]
    workers: dict[Provider, Machine]
    names: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def machines(self) -> list[Machine]:
        """All of them."""
        return [*self.webs, *self.workers.values()]

    def other(self, provider: Provider) -> Machine:
        """The worker that is not named after this provider."""
        return self.workers["gowajee" if provider == "botlhale" else "botlhale"]

    async def share(self, *, seconds: float = 1, times: int = 1) -> list[Share]:
        """Somebody shares so many recordings of that length, all in one new channel."""
        channel = self.slack.channel(f"channel-{next(self.names)}")
        sounds = [tone(seconds=seconds, hertz=440 + 10 * n) for n in range(times)]
        wav = {"name": "tone.wav", "mimetype": "audio/wav", "filetype": "wav"}
        return [await self.slack.share(channel, [recording(content=sound, **wav)]) for sound in sounds]

    async def answered_once(self, *shares: Share) -> list[Job]:
        """Their jobs, once they have ended; fails unless each has one reply and their channels hold nothing else."""
        jobs = await self.ledger.ended(*shares)
        await self.slack.quiet()
        assert [len(self.slack.replies(share)) for share in shares] == [1] * len(shares)
        channels = {share.channel.id for share in shares}
        said = [message for channel in channels for message in self.slack.messages(channel) if message.by_bot]
        assert len(said) == len(shares)
        return jobs

    def submissions(self) -> int:
        """How often a provider got a recording, since the beginning."""
        uploads = sum(upload.received for upload in self.botlhale.uploads.values())
        return uploads + len(self.gowajee.jobs)

    async def recover(self) -> None:
        """Whatever a test did to it, be whole again."""
        await self.ledger.forget()
        for wire in self.wires.values():
            wire.let_go()
        for sandbox in (self.slack, self.botlhale, self.gowajee):
            sandbox.faults.clear()
        self.botlhale.script = None
        self.gowajee.release()
        for machine in self.machines:
            machine.thaw()
        await asyncio.gather(*(machine.start() for machine in self.machines if not machine.is_alive))


@asynccontextmanager
async def fleet_at_work(url: str, folder: Path) -> AsyncIterator[Fleet]:
    """All machines started, on the database at `url`."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        ports = [free_port(), free_port()]
        # In the place of a load balancer.
        door = await enter(Wire(*(f"http://127.0.0.1:{port}" for port in ports)).laid())
        slack, botlhale = await enter(Slack()), await enter(Botlhale())
        gowajee = await enter(Gowajee(webhook_url=f"{door.origin}/webhooks/gowajee?token={WEBHOOK_TOKEN}"))
        slack.scopes.add("channels:history")
        slack.enforce_rate = True
        slack.events_url = f"{door.origin}/slack/events"
        origins = {"slack": slack.origin, "botlhale": botlhale.origin, "gowajee": gowajee.origin}
        wires = {name: await enter(Wire(origin).laid()) for name, origin in origins.items()}
        settings = slack_settings(slack, mode="http") | gowajee_settings(gowajee) | botlhale_settings(botlhale)
        in_front = wires["slack"].origin
        settings |= {"database_url": url, "slack_api_url": f"{in_front}/api/", "slack_file_origins": in_front}
        settings |= {f"{name}_base_url": wires[name].origin for name in ("botlhale", "gowajee")}
        fleet = Fleet(
            slack=slack,
            botlhale=botlhale,
            gowajee=gowajee,
            ledger=await enter(Ledger.open(url)),
            wires=wires,
            webs=[Machine(folder / f"web-{port}", only="web", port=port, **settings) for port in ports],
            workers={name: _worker(folder, name, settings) for name in ("botlhale", "gowajee")},
        )
        await enter(at_work(*fleet.machines))
        yield fleet


def _worker(folder: Path, provider: Provider, settings: dict[str, Any]) -> Machine:
    port = free_port()
    # A large recording is fetched from the machine that has it.
    own = {"public_url": f"http://127.0.0.1:{port}", "gowajee_largest_inline": LARGEST_INLINE, "transcriber": provider}
    return Machine(folder / provider, only="worker", port=port, **(settings | own))
