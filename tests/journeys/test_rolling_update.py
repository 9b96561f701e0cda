"""An update from the release before and a step back to it: real processes of both, nothing forgotten, nothing doubled.

In a file one release stops and the other goes on; on a server both are at work at the same time.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from handlers import words
from handlers.action_ids import CORRECT, EXPORT, NAME_SPEAKERS, RERUN, UNDO_NAMING
from sandbox import faults
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.script import Segment
from sandbox.slack import Ids, Message, Share, Slack
from storage.job import JobState
from tests.journeys.bench import WEBHOOK_TOKEN, eventually, gowajee_settings, only_reply, press_control, words_of
from tests.journeys.installing import browser, many_settings
from tests.journeys.machines import Machine
from tests.journeys.updating import House, Release, house_at
from tests.journeys.wires import Part, Wire
from tests.postgresql import Server
from transcription.formats import Format

UPDATE: tuple[Release, Release] = ("before", "today")
BACK: tuple[Release, Release] = ("today", "before")
BOTH_WAYS = pytest.mark.parametrize("releases", [UPDATE, BACK], ids=["update", "step back"])
THERE_AND_BACK = pytest.mark.parametrize(
    "releases", [pytest.param(UPDATE, id="update"), pytest.param(BACK, id="step back", marks=pytest.mark.long)]
)
"""For what goes through both releases in any case."""

IN_HAND: tuple[tuple[str, str, Part, str], ...] = (
    ("slack", "POST /api/chat.postMessage ", "answer", "replying"),
    ("botlhale", "GET /asr/async/status?", "request", "submitting"),
    ("botlhale", "POST /asr/async/upload ", "answer", "received"),
)
"""Where a process stands still: with which request, or the answer to it, in which wire; and the state of that job."""

HOUR = 3_600_000
COMING_AND_GOING: tuple[tuple[Release, bool], ...] = (
    ("before", False),
    ("today", False),
    ("before", False),
    ("today", True),
    ("before", True),
)
"""Which release goes on, and whether nobody was there for an hour before it."""
OTHER = Ids(team="T0OTHER", name="Other", bot_user="U0OTHERBOT", bot="B0OTHER")

TEXT = words.file_kind(Format.TEXT)[0]
EARLIER = {
    words.CHOOSE_SPEAKERS: "How many people speak",
    words.EXPORT_FORMAT: "Kind of file",
    words.CHOOSE_MARKS: "When each passage was spoken",
    words.WITHOUT_MARKS: "Left out",
}
"""What the release before calls the fields and options that are filled in here."""


def in_its_words(form: dict[str, Any], entered: dict[str, str]) -> dict[str, str]:
    """What is entered, in the words of the release that opened the form."""
    labels = {block["label"]["text"] for block in form["blocks"] if "label" in block}
    if entered.keys() <= labels:
        return entered
    return {EARLIER.get(label, label): EARLIER.get(value, value) for label, value in entered.items()}


TALK = [
    Segment(start=0, end=4, speaker=0, text="Good morning, shall we begin?"),
    Segment(start=4, end=6, speaker=1, text="Yes, the delivery is on Wednesday."),
]


@pytest.fixture
async def url(request: pytest.FixtureRequest) -> str | None:
    """A database without tables on the server, or none."""
    if request.param == "sqlite":
        return None
    server: Server = request.getfixturevalue("postgresql")
    return await asyncio.to_thread(server.empty_database)


@pytest.fixture
async def house(url: str | None, slack: Slack, tmp_path: Path, release_before: Path) -> AsyncIterator[House]:
    async with house_at(url, tmp_path, release_before, slack=slack) as made:
        yield made


ON_BOTH = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
ON_A_SERVER = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


@ON_BOTH
async def test_the_release_before_starts_and_its_commands_work_on_the_newest_schema(house: House) -> None:
    migrated = await house.machine("today").command("migrate")
    assert "applied 0012" in migrated.out, migrated.err
    earlier = house.machine("before")
    again = await earlier.command("migrate")
    assert (again.code, again.out) == (0, "The database is at the newest schema.\n"), again.err
    await earlier.start()
    share = await house.share("general")
    await house.answered_once(share)
    [job] = await house.books.jobs()
    listed, shown = await earlier.command("jobs", "list", "--all"), await earlier.command("jobs", "show", job["id"])
    assert (listed.code, shown.code) == (0, 0)
    assert job["id"] in listed.out
    assert "replied" in shown.out
    if house.is_in_a_file:
        assert (await earlier.command("backup", str(house.folder / "copy.db"))).code == 0
    assert earlier.logged("unexpected error") == []


@ON_BOTH
@BOTH_WAYS
async def test_what_one_release_had_in_hand_in_every_state_the_other_brings_to_one_reply(
    house: House, releases: tuple[Release, Release]
) -> None:
    first = await house.start(releases[0])
    shares = [await house.share("ended")]
    await house.answered_once(*shares)
    for wire, begins, part, channel in IN_HAND:
        held = house.wires[wire].hold(begins, part)
        if channel == "submitting":
            house.botlhale.faults.arm("POST storage", faults.hang_up_after())
        shares.append(await house.share(channel))
        await held.came()
    house.botlhale.hold = True
    shares.append(await house.share("submitted"))
    await house.comes_to(shares[-1], JobState.SUBMITTED)
    assert sorted(str(row["state"]) for row in await house.books.jobs()) == [
        "received",
        "replied",
        "replying",
        "submitted",
        "submitting",
    ]
    await first.end(signal.SIGKILL)
    for kept in house.wires.values():
        kept.let_go()
    house.botlhale.release()
    if not house.is_in_a_file:
        await house.books.leases_end()

    await house.start(releases[1])
    await house.answered_once(*shares)
    assert {str(row["state"]) for row in await house.books.jobs()} == {"replied"}
    assert house.sent == [1] * len(shares)
    await house.nothing_is_missing()


@ON_A_SERVER
async def test_in_a_rolling_update_nothing_is_forgotten_and_nothing_doubled(house: House) -> None:
    """The first of today brings the schema forward under the feet of those that are at work."""
    ports = [free_port(), free_port()]
    async with Wire(*(f"http://127.0.0.1:{port}" for port in ports)).laid() as door:
        house.slack.events_url = f"{door.origin}/slack/events"
        machines = [await house.start("before", port=port) for port in ports]
        async with trickle(house) as shares:
            for index, port in enumerate(ports):
                await has_its_part(machines[index])
                assert await machines[index].end(signal.SIGTERM) == 0
                machines.append(await house.start("today", port=port))
                await has_its_part(machines[-1])
        await house.answered_once(*shares)
    assert house.sent == [1] * len(shares)
    await house.nothing_is_missing()
    for machine in machines:
        assert machine.logged("catch_up_done") == []
        assert machine.logged("job_dropped") == []


@asynccontextmanager
async def trickle(house: House) -> AsyncIterator[list[Share]]:
    shares: list[Share] = []

    async def go_on() -> None:
        while True:
            shares.append(await house.share(f"channel-{len(shares)}"))
            await asyncio.sleep(0.2)
            await house.slack.until(lambda: sum(not house.slack.replies(share) for share in shares) < 4, within=60)

    task = asyncio.create_task(go_on())
    try:
        yield shares
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def has_its_part(machine: Machine) -> None:
    """Wait until it has answered a recording; which of several answers one is up to them."""
    await eventually(lambda: machine.logged("job_state_changed", state="replied"))


@ON_A_SERVER
async def test_both_releases_work_on_the_same_jobs_side_by_side(house: House) -> None:
    """One hears Slack, the other works; and the other way round."""
    for hears, works in (UPDATE, BACK):
        web = await house.start(hears, only="web")
        worker = await house.start(works, only="worker", port=free_port())
        house.botlhale.script = TALK
        share = await house.share(f"heard-by-{hears}")
        await house.answered_once(share)
        assert worker.logged("job_state_changed", state="replied")
        thread = Thread(house, share)
        await thread.name(Speaker_1="Thandi")
        await thread.export()
        assert "Thandi  0:00\nGood morning" in thread.posted[0].files[0].content.decode()
        for machine in (web, worker):
            assert await machine.end(signal.SIGTERM) == 0
            assert machine.logged("job_dropped") == []
    await house.nothing_is_missing()


class Thread:
    """A recording that was answered, and what people do with its transcript."""

    def __init__(self, house: House, share: Share) -> None:
        self._house = house
        self._slack = house.slack
        self._share = share

    @property
    def reply(self) -> Message:
        return self._slack.replies(self._share)[0]

    @property
    def said(self) -> str:
        return words_of(self.reply)

    @property
    def posted(self) -> list[Message]:
        """What came to the thread after the reply."""
        return self._slack.replies(self._share)[1:]

    async def press(self, action: str) -> dict[str, Any]:
        """Press a button; the form that is opened."""
        self._slack.modals.clear()
        answer = await press_control(self._slack, self.reply, action)
        assert answer.status == 200
        return next(iter(self._slack.modals.values()), {})

    async def name(self, **names: str) -> None:
        """Say who the speakers are, by `Speaker_1=…`."""
        entered = {f"Name of {number.replace('_', ' ')}": name for number, name in names.items()}
        await self._change(await self.press(NAME_SPEAKERS), entered)
        assert all(name in self.said for name in names.values())

    async def undo(self) -> None:
        """Take the last naming back."""
        before = self.reply.blocks
        await self.press(UNDO_NAMING)
        await eventually(lambda: self.reply.blocks != before)
        await self._house.ended(self._share)

    async def again(self) -> None:
        """Have it transcribed in another way."""
        await self._change(await self.press(RERUN), {words.CHOOSE_SPEAKERS: "2"})

    async def correct(self, said: str) -> None:
        """Correct the first words."""
        form = await self.press(CORRECT)
        [field] = [block for block in form["blocks"] if block["block_id"].startswith("passage:")]
        chosen = {words.CORRECTING_PASSAGE: field["element"]["options"][0]["text"]["text"]}
        await self._slack.send(form, chosen)
        [form] = self._slack.modals.values()
        await self._change(form, {words.CORRECTING_MENDED: said})
        assert said in self.said

    async def export(self) -> None:
        """Have it as a file, in the thread."""
        count = len(self.posted)
        form = await self.press(EXPORT)
        answer = await self._slack.send(form, in_its_words(form, {words.EXPORT_FORMAT: TEXT}))
        assert (answer.status, answer.body) == (200, None)
        await eventually(lambda: len(self.posted) > count)
        await self._house.ended(self._share)

    async def _change(self, form: dict[str, Any], entered: dict[str, str]) -> None:
        before = self.reply.blocks
        answer = await self._slack.send(form, in_its_words(form, entered))
        assert (answer.status, answer.body) == (200, None)
        await eventually(lambda: self.reply.blocks != before)
        await self._house.ended(self._share)


@ON_BOTH
@THERE_AND_BACK
async def test_what_people_said_and_wanted_under_one_release_holds_under_the_other(
    house: House, releases: tuple[Release, Release]
) -> None:
    house.botlhale.script = TALK
    machine = await house.start(releases[0])
    share = await house.share("general")
    await house.answered_once(share)
    thread = Thread(house, share)
    assert "0:04" in thread.said
    await thread.name(Speaker_1="Thandi")
    await thread.export()
    house.slack.modals.clear()
    await house.slack.command("/transcripts", "settings", channel=share.channel)
    [form] = house.slack.modals.values()
    entered = in_its_words(form, {words.CHOOSE_MARKS: words.WITHOUT_MARKS})
    assert (await house.slack.send(form, entered)).status == 200
    before = thread.reply
    assert await machine.end(signal.SIGTERM) == 0

    machine = await house.start(releases[1])
    assert thread.reply == before
    await thread.name(Speaker_2="Sipho")
    assert "Thandi" in thread.said
    await thread.export()
    assert ["Sipho" in file.content.decode() for post in thread.posted for file in post.files] == [False, True]
    other = await house.share(share.channel)
    await house.ended(other)
    [later] = house.slack.replies(other)
    assert "0:04" not in words_of(later), "the channel wants no time marks"
    assert await machine.end(signal.SIGTERM) == 0

    await house.start(releases[0])
    if releases[0] == "before":  # it knows no menu; a reply that it edits has its buttons
        await thread.name(Speaker_2="Lerato")
        await thread.undo()
        assert "Sipho" in thread.said
        assert "Lerato" not in thread.said
    else:
        await thread.undo()
        assert "Sipho" not in thread.said
    assert "Thandi" in thread.said
    house.botlhale.script = [Segment(start=0, end=4, speaker=0, text="Something else altogether.")]
    await thread.again()
    assert "Something else altogether." in thread.said
    assert (thread.reply.ts, len(thread.posted)) == (before.ts, 2)
    assert [row["naming"] for row in await house.books.jobs()] == [0, 0]
    await house.nothing_is_missing()


@ON_BOTH
async def test_corrected_words_hold_under_the_release_before_and_do_not_count_for_a_transcript_that_it_makes(
    house: House,
) -> None:
    house.botlhale.script = TALK
    machine = await house.start("today")
    share = await house.share("general")
    await house.answered_once(share)
    thread = Thread(house, share)
    await thread.correct("Good day, shall we begin?")
    assert "Edited" in thread.said
    assert await machine.end(signal.SIGTERM) == 0

    machine = await house.start("before")
    await thread.name(Speaker_1="Thandi")
    assert "Good day, shall we begin?" in thread.said
    await thread.export()
    assert "Thandi  0:00\nGood day" in thread.posted[0].files[0].content.decode()
    house.botlhale.script = [Segment(start=0, end=4, speaker=0, text="Something else altogether.")]
    await thread.again()
    assert "Something else altogether." in thread.said
    assert machine.logged("job_dropped") == []
    assert await machine.end(signal.SIGTERM) == 0

    await house.start("today")
    await thread.name(Speaker_1="Sipho")
    assert "Edited" not in thread.said
    await thread.correct("Something else entirely.")
    assert "Edited" in thread.said
    assert words.CORRECTING_UNDO_OPTION in str(await thread.press(CORRECT))
    await house.nothing_is_missing()


@ON_A_SERVER
async def test_a_gap_is_seen_by_whichever_release_comes_after_it_and_a_short_one_by_none(house: House) -> None:
    known: list[Share] = []
    for number, (release, was_away) in enumerate(COMING_AND_GOING):
        if was_away:
            await house.books.nobody_heard(HOUR)
            known.append(await missed(house, f"missed-{number}"))
        machine = await house.start(release)
        await heard(house)
        if was_away:
            await settled(house)
        else:
            known.append(await house.share(f"heard-{number}"))
        await house.answered_once(*known)
        assert bool(machine.logged("catch_up_done", recordings=1)) is was_away
        (machine.folder / "log").unlink()
        await house.nothing_is_missing()
        assert await machine.end(signal.SIGTERM) == 0


async def heard(house: House) -> None:
    async with asyncio.timeout(30):
        while "slack" not in await noted(house):  # noqa: ASYNC110 - another process notes it
            await asyncio.sleep(0.02)


async def settled(house: House) -> None:
    async with asyncio.timeout(30):
        while "behind" in await noted(house):  # noqa: ASYNC110 - same
            await asyncio.sleep(0.02)


async def noted(house: House) -> set[str]:
    return {row["place"].partition(" ")[0] for row in await house.books.presence()}


async def missed(house: House, channel: str) -> Share:
    """Somebody shares a recording that no event tells of."""
    slack, kept = house.slack, (house.slack.events_url, house.slack.retry_delays)
    slack.events_url, slack.retry_delays = None, ()
    share = await house.share(channel)
    await slack.quiet()
    slack.events_url, slack.retry_delays = kept
    return share


@ON_BOTH
async def test_what_the_release_before_sent_where_there_is_no_status_call_is_not_lost(
    house: House, slack: Slack
) -> None:
    webhook = f"http://127.0.0.1:{house.port}/webhooks/gowajee?token={WEBHOOK_TOKEN}"
    async with Gowajee(webhook_url=webhook, status_path="none") as gowajee:
        gowajee.hold = True
        settings = gowajee_settings(gowajee)
        machine = await house.start("before", **settings)
        share = await house.share("general")
        await house.comes_to(share, JobState.SUBMITTED)
        assert await machine.end(signal.SIGTERM) == 0
        await house.start("today", **settings)
        gowajee.release()
        reply = await only_reply(slack, share)
        assert "Transcribed by Gowajee" in words_of(reply)
        assert len(gowajee.jobs) == 1


@ON_BOTH
@THERE_AND_BACK
async def test_a_workspace_that_was_installed_under_one_release_stays_under_the_other(
    url: str | None, tmp_path: Path, release_before: Path, releases: tuple[Release, Release]
) -> None:
    async with Slack(installed=False) as slack:
        other = slack.add_workspace(OTHER)
        async with house_at(url, tmp_path, release_before, slack=slack) as house:
            settings = many_settings(slack, port=house.port) | {"http_port": None, "port": house.port}
            slack.token_lasts = 3600.0  # so short that it is exchanged at every call
            for number, release in enumerate((*releases, releases[0])):
                machine = await house.start(release, **settings)
                teams = (slack, other)[: number + 1]
                if number < len(releases):
                    async with browser(settings) as person:
                        assert (await person.install(teams[-1].team_id)).status == 200
                for team in teams:
                    share = await house.share(f"channel-{number}", team=team)
                    [reply] = await team.wait_for_replies(share)
                    assert reply.user == team.bot_user_id
                    await house.ended(share)
                installed = [one["place"] for one in await house.books.installations()]
                assert installed == sorted(team.team_id for team in teams)
                await house.nothing_is_missing()
                assert await machine.end(signal.SIGTERM) == 0
