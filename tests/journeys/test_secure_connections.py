"""Certificates, handshakes and names of Slack and of a provider that go wrong: it is said what, and nothing is lost."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest

from handlers import words
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.slack import Share, Slack
from tests.journeys.bench import WEBHOOK_TOKEN, Bench, eventually, gowajee_settings, only_reply, recording, words_of
from tests.journeys.machine_faults import plain
from tests.journeys.machines import Machine, at_work, slack_settings
from tests.journeys.secure_front import Authority, SecureFront, Shows

SAYS: dict[Shows, tuple[str, str]] = {
    "expired": ("certificate_expired", "its certificate is out of date"),
    "signed by itself": ("certificate_untrusted", "signed by nobody whom this machine trusts"),
    "for another name": ("certificate_of_another_host", "its certificate is for another name"),
    "cut off": ("tls_failed", "the secure connection is cut off before it stands"),
}
"""What the log calls it, and what `doctor` says."""


@dataclass(kw_only=True)
class Place:
    """A bot as a process of its own, which reaches Slack and its provider through TLS."""

    slack: Slack
    gowajee: Gowajee
    fronts: dict[str, SecureFront]
    machine: Machine
    shares: list[Share]

    async def share(self) -> Share:
        number = len(self.shares)
        self.shares.append(
            await self.slack.share(self.slack.channel(f"channel-{number}"), [recording(**plain(number))])
        )
        return self.shares[-1]

    def told(self, code: str) -> list[dict[str, Any]]:
        failed = self.machine.logged("step_failed") + self.machine.logged("slack_unreachable")
        return [line for line in failed if code in line["error"]]

    async def all_answered_once(self) -> None:
        for share in self.shares:
            await self.slack.until(partial(self.slack.replies, share), within=100)
        await self.slack.quiet()
        assert [len(self.slack.replies(share)) for share in self.shares] == [1] * len(self.shares)
        assert len(self.gowajee.jobs) == len(self.shares)


@asynccontextmanager
async def place_in(
    folder: Path, *, host: str = "localhost", within: tuple[str, ...] = (), authority: Authority | None = None
) -> AsyncIterator[Place]:
    authority = authority or Authority(folder)
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(Slack(retry_delays=(0.5,) * 100))
        port = free_port()
        webhook = f"http://127.0.0.1:{port}/webhooks/gowajee?token={WEBHOOK_TOKEN}"
        gowajee = await stack.enter_async_context(Gowajee(webhook_url=webhook))
        fronts = {"slack": SecureFront(slack.origin, authority), "provider": SecureFront(gowajee.origin, authority)}
        for front in fronts.values():
            stack.push_async_callback(front.close)
            await front.show("right")
        settings = slack_settings(slack, mode="http") | gowajee_settings(gowajee)
        settings |= {
            "ssl_cert_file": authority.path,
            "slack_api_url": f"https://{host}:{fronts['slack'].port}/api/",
            "gowajee_base_url": f"https://{host}:{fronts['provider'].port}",
        }
        machine = Machine(folder / "machine", port=port, within=within, **settings)
        slack.events_url = f"http://127.0.0.1:{port}/slack/events"
        await stack.enter_async_context(at_work(machine))
        yield Place(slack=slack, gowajee=gowajee, fronts=fronts, machine=machine, shares=[])


def test_every_way_in_which_a_handshake_goes_wrong_here_is_told() -> None:
    assert set(SAYS) == {*get_args(Shows)} - {"right"}


@pytest.mark.parametrize("who", ["slack", "provider"])
async def test_a_certificate_or_a_handshake_that_goes_wrong_is_named_and_nothing_is_lost(
    tmp_path: Path, who: str
) -> None:
    async with place_in(tmp_path) as place:
        await place.share()
        await place.all_answered_once()
        for shows, (code, sentence) in SAYS.items():
            await place.fronts[who].show(shows)
            share = await place.share()
            await eventually(partial(place.told, code))
            said = await place.machine.command("doctor")
            assert said.code == 1
            assert sentence in " ".join(said.out.split())
            if who == "provider":
                answer = await place.slack.command("/transcripts", channel=share.channel)
                assert "in progress" in answer.messages[0]["text"]
            await place.fronts[who].show("right")
            await place.all_answered_once()
        assert (await place.machine.command("doctor")).code == 0


def named(folder: Path, lines: str) -> None:
    (folder / "hosts").write_text(lines)


async def test_a_name_that_is_not_found_is_told_and_found_again_without_a_restart(tmp_path: Path) -> None:
    named(tmp_path, "127.0.0.1 localhost\n")
    (tmp_path / "nsswitch.conf").write_text("hosts: files\n")
    hidden = f"mount --bind {tmp_path}/hosts /etc/hosts && mount --bind {tmp_path}/nsswitch.conf /etc/nsswitch.conf"
    within = ("unshare", "--mount", "sh", "-c", f'{hidden} && exec "$@"', "sh")
    if not shutil.which("unshare") or subprocess.run([*within, "true"], check=False, capture_output=True).returncode:  # noqa: S603, ASYNC221 - the system's, and at once
        pytest.skip("this machine does not let us give a process names of its own")
    async with place_in(tmp_path, within=within) as place:
        await place.share()
        await place.all_answered_once()
        await place.fronts["slack"].show("right")  # no connection stands
        await place.fronts["provider"].show("right")
        named(tmp_path, "127.0.0.1 elsewhere\n")
        await place.share()
        await eventually(lambda: place.told("name_not_found"))
        named(tmp_path, "127.0.0.1 localhost\n")
        await place.all_answered_once()


async def test_after_five_minutes_the_thread_is_told_that_the_provider_cannot_be_trusted_and_the_transcript_follows(
    bench: Bench, slack: Slack, tmp_path: Path
) -> None:
    async with Gowajee() as gowajee, AsyncExitStack() as stack:
        front = SecureFront(gowajee.origin, Authority(tmp_path))
        stack.push_async_callback(front.close)
        await front.show("right")  # signed by an authority that this machine does not know
        await bench.start(**gowajee_settings(gowajee) | {"gowajee_base_url": front.origin})
        share = await slack.share(slack.channel("general"), [recording()])
        await bench.jobs_wait(1)
        await bench.time_passes(timedelta(minutes=4))
        await bench.jobs_wait(1)
        assert not slack.replies(share)
        await bench.time_passes(timedelta(minutes=6))
        [told] = await slack.wait_for_replies(share)
        assert words.held_up_by_connection("Gowajee") in words_of(told)
        await bench.stop()
        await bench.start(**gowajee_settings(gowajee))
        await bench.ended_at_last()
        assert "delivery on Wednesday" in words_of(await only_reply(slack, share))
        await bench.stop()
