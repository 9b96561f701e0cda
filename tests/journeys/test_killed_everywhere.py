"""A bot killed with SIGKILL at every checkpoint: after the restart every recording has one reply.

The checkpoints are read from the code (`checkpoints`), each is visited with one of the eight ways to run a bot: two
providers, two forms of the reply, two databases. The long run visits every passing of every checkpoint in all of them.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass, replace
from http import HTTPStatus
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest

from bot.worker.tries import LEASES, LOSING
from handlers import words
from handlers.action_ids import NAME_SPEAKERS, UNDO_NAMING
from sandbox import faults
from sandbox.botlhale import Botlhale
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.script import Segment
from sandbox.slack import Message, Share, Slack, Upload
from tests.journeys.bench import WEBHOOK_TOKEN, botlhale_settings, gowajee_settings, press_control, quiet, recording
from tests.journeys.checkpoints import checkpoints
from tests.journeys.database_probe import Books
from tests.journeys.forkserver import LOG, TRAIL, Nursery
from tests.journeys.wishes import CORRECTED, WISHES, Wisher

SENDINGS = 2
"""The most that a provider gets one recording, as documented (`Capabilities.sendings`)."""

LONG = [
    Segment(start=n / 100, end=(n + 1) / 100, speaker=n % 2, text=f"Sentence number {n} of a rather long meeting.")
    for n in range(400)
]


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to run a bot. Without `history` it cannot look into the thread for its own message."""

    provider: str
    form: str
    database: str
    history: bool = True

    def __str__(self) -> str:
        return f"{self.provider} {self.form} {self.database}{'' if self.history else ' blind'}"


WAYS = [
    Way(provider=provider, form=form, database=database)
    for provider, form, database in product(("botlhale", "gowajee"), ("short", "long"), ("sqlite", "postgresql"))
]

ONLY: Mapping[str, Mapping[str, str]] = {
    "workspace.post": {"form": "short"},
    "workspace.find_reply": {"form": "short"},
    "workspace.upload": {"form": "long"},
    "workspace.share": {"form": "long"},
    "workspace.shared_at": {"form": "long"},
    "workspace.finish": {"form": "long"},
    "workspace.discard": {"form": "long"},
    "workspace.post_ephemeral": {"provider": "botlhale"},
    "write bot.worker.steps.channel:wait_for_new_id": {"provider": "botlhale", "form": "short"},
    "write bot.worker.steps.hold:_show": {"provider": "botlhale"},
    "workspace.takes": {"form": "long"},
    "write bot.worker.steps.fold:_asked": {"form": "long"},
    "write bot.app:_take_over": {"database": "sqlite"},
    "write bot.background.housekeeping:Housekeeping._clear_the_index": {"database": "sqlite"},
    "write bot.worker.provider_facts:keep_facts": {"provider": "gowajee"},
    "write bot.worker.steps.check:_known": {"provider": "gowajee"},
    "write handlers.webhooks:register.<locals>.receive": {"provider": "gowajee"},
}
"""Where a checkpoint is passed in some ways only."""

ENDS: Mapping[str, str] = {
    "workspace.delete": "file",
    "write handlers.forgetting:register.<locals>.file_deleted": "file",
    "write handlers.forgetting:deleted_message": "message",
    "write handlers.deleting:Deletions.delete": "command",
    "write bot.background.housekeeping:Housekeeping._clear_the_index": "file",
    "write handlers.forgetting:_note_removal": "workspace",
    "write handlers.channel_changes:register.<locals>.deleted": "channel",
}
"""What is passed only when something is deleted in the end: the file, its message, the transcript, the channel, or
everything."""

UPLOADS: Mapping[str, Upload] = {
    "downloads.begin": recording(name="Meeting", mimetype="application/octet-stream", filetype="binary")
}
"""What is passed only with a certain recording."""

MOVED = "write bot.worker.steps.channel:wait_for_new_id"
"""Passed only when the channel has another id once the transcript is there, of which no event tells."""

HELD_UP = "write bot.worker.steps.hold:_show"
"""Passed only when the provider refuses the account for five minutes."""


NAMES = frozenset(
    {
        "workspace.update",
        "workspace.finish",
        "workspace.discard",
        "workspace.open_view",
        "workspace.person",
        "workspace.writers",
        "write handlers.naming:NamingActions.save",
        "write handlers.naming:NamingActions.undo",
    }
)
"""What is passed only when somebody names the speakers."""

FOLDS = frozenset({"workspace.takes", "write bot.worker.steps.fold:_asked"})
"""What is passed only where replies are folded if the workspace takes that."""

AFTER_A_GAP = frozenset(
    {
        "workspace.files",
        "write bot.background.catching_up:CatchingUp._catch_up",
        "write bot.background.missed_files:catch_up",
    }
)
"""What is passed only when something was shared while nobody heard Slack."""


@dataclass(frozen=True, kw_only=True)
class Death:
    """At a passing of a checkpoint; only those count that come after `after` was passed."""

    at: str | None = None
    passing: int = 1
    after: str | None = None


SAVE = "write bot.worker.claim:Claim.save"

CORRECTED_HERE = "write handlers.correcting:CorrectActions._store"

EARLIER: Mapping[str, Death] = {
    "workspace.find_reply": Death(at=SAVE, after="workspace.post"),
    "provider.find": Death(at=SAVE, after="provider.submit"),
    "write bot.background.housekeeping:Housekeeping._clear_the_index": Death(at="workspace.delete"),
}
"""What is passed only after an earlier death: when the provider or Slack was told and the bot no longer knows, or when
something was removed before a start."""

OF_MANY = frozenset(
    {
        "workspace.teams",
        "write bot.oauth.flow:_States.async_issue",
        "write bot.oauth.flow:_States.async_consume",
        "write bot.oauth.flow:_Installations.async_save",
        "write bot.oauth.token_rotation:RotatedToken._begin",
        "write bot.oauth.token_rotation:RotatedToken._record",
        "write bot.oauth.token_rotation:RotatedToken._put_off",
        "write bot.oauth.many_workspaces:ManyWorkspaces._drop",
        "write bot.oauth.many_workspaces:ManyWorkspaces.keep",
    }
)
"""Passed only where workspaces install the app themselves (test_killed_many.py)."""

SLOW = frozenset({"write bot.worker.claim:Claim._extend"})
"""Passed only by a step that takes longer than a third of a lease."""


L = TypeVar("L", bound="Life")


class Life:
    """A bot that is started, dies and is started again, with all that is around it."""

    def __init__(self, way: Way, folder: Path, *, nursery: Nursery, slack: Slack, provider: Any, url: str) -> None:
        self.way = way
        self.folder = folder
        self.slack = slack
        self.provider = provider
        self.books = Books(url, folder)
        self.environment: dict[str, str] = {}
        self.deaths = 0
        self._nursery = nursery
        self._pid: int | None = None
        self._share: Share | None = None
        self.end: str | None = None
        self.upload = recording()
        self.names_speakers = False
        self.moves = False
        self.is_held_up = False
        self.wish: Callable[[Wisher], Awaitable[None]] | None = None
        self._ended = False
        self._direct = slack.channel("", kind="im")

    async def live(self, death: Death | None = None) -> bool:
        """Run until every job has ended; False if it died that death before."""
        order = {"environment": self.environment, "folder": str(self.folder), "death": asdict(death or Death())}
        pid = self._pid = await asyncio.to_thread(self._nursery.start, **order)
        ended = asyncio.create_task(_ended(pid))
        answered = asyncio.create_task(self._until_answered())
        try:
            await asyncio.wait({ended, answered}, return_when=asyncio.FIRST_COMPLETED)
            if answered.done():
                answered.result()
                os.kill(pid, signal.SIGTERM)
                await ended
        finally:
            for task in (ended, answered):
                task.cancel()
            await asyncio.gather(ended, answered, return_exceptions=True)
        code = await self._reap()
        assert code in {0, -signal.SIGKILL}, (self.folder / LOG).read_text()
        if code:
            self.deaths += 1
            await self.books.leases_end()  # a bot on its own file ends them itself; others wait for it
        return code == 0

    async def _reap(self) -> int:
        pid, self._pid = self._pid, None
        assert pid is not None
        return await asyncio.to_thread(self._nursery.reap, pid)

    async def _until_answered(self) -> None:
        async with asyncio.timeout(40):
            if self._share is None:
                await self.slack.until(lambda: self.slack.open_sockets)
                await self._ask_whether_ready()
                await self.install()
                self.slack.open_home()
                self.provider.hold = self.moves
                self._share = await self.slack.share(self.slack.channel("general"), [self.upload])
            if self.moves:
                await self._move()
            while not await self._all_ended():  # noqa: ASYNC110 - another process does the work
                await asyncio.sleep(0.02)
            await self.slack.quiet()
            if self.names_speakers and self._spoken():
                await self._name_the_speakers()
            if self.wish is not None:
                await self.wish(Wisher(self.slack, self._share, self.books, self.provider))
            if self.end is not None:
                await self._delete(self.end)
            while not await self._all_ended():  # noqa: ASYNC110 - same
                await asyncio.sleep(0.02)
            await self._until_it_listens()

    @classmethod
    def slack_to_live_with(cls) -> Slack:
        return Slack()

    async def install(self) -> None:
        """Have the app in the workspace, where it is not there from the beginning."""

    async def miss_one(self) -> None:
        """While no bot runs another recording is shared; nobody has heard Slack for an hour when one does again."""
        await self.books.nobody_heard(3_600_000)
        self.slack.retry_delays = ()
        self._share = await self.slack.share(self.slack.channel("general"), [recording("meeting")])
        await self.slack.quiet()
        self.slack.retry_delays = (0.2,) * 100

    async def _move(self) -> None:
        """Change the id of the channel once the provider has the recording, and tell nobody."""
        assert self._share is not None
        while not self.provider.uploads:  # noqa: ASYNC110 - another process does the work
            await asyncio.sleep(0.02)
        self.moves = False
        await self.slack.change_channel_id(self._share.channel, external=False)
        self.provider.release()

    def hold_up(self) -> None:
        """Let the provider refuse the account until the thread is told."""
        self.is_held_up = True
        self.provider.faults.arm("POST /generateAuthToken", faults.answer(401), times=10_000)

    def _mend_once_told(self) -> None:
        """Let the provider accept the account again, once the thread was told that it does not."""
        if self._spoken():
            self.is_held_up = False
            self.provider.faults.clear()

    async def _delete(self, what: str) -> None:
        """Delete it; what people do themselves they do again where nothing happens, and Slack tells again too."""
        assert self._share is not None
        first, self._ended = not self._ended, True
        if what == "workspace":
            await self._remove_the_app()
            return
        while not await self._is_gone():
            match what:
                case "file" if first:
                    self.slack.delete_file(self._share.file_ids[0])
                case "message" if first:
                    self.slack.delete_message(self._share.channel, self._share.ts)
                case "channel":
                    await self.slack.deliver({"type": "channel_deleted", "channel": self._share.channel.id})
                case "command":
                    [job] = await self.books.jobs()
                    await self.slack.command("/transcripts", f"delete {job['id']}", channel=self._share.channel)
            first = False
            await asyncio.sleep(0.1)

    async def _remove_the_app(self) -> None:
        """Slack tells of it until somebody hears; what becomes of it is seen a day later."""
        status: int | None = None
        while status != HTTPStatus.OK:
            status = (await self.slack.deliver({"type": "app_uninstalled"})).status

    async def _is_gone(self) -> bool:
        return all(job["forgotten"] == 2 for job in await self.books.jobs())

    async def _name_the_speakers(self) -> None:
        """And take the names back, as a person does who tries again where nothing happens."""
        while not any(UNDO_NAMING in shown and "thandi" not in shown for shown in self._shown()):
            self.slack.modals.clear()
            for message in self._spoken():
                named = "thandi" in str(message.blocks)
                await press_control(self.slack, message, UNDO_NAMING if named else NAME_SPEAKERS)
            for form in list(self.slack.modals.values()):
                await self.slack.send(form, {words.person_for("Speaker 1"): self.slack.user("thandi")})
            before = self._shown()
            with suppress(TimeoutError):
                await self.slack.until(lambda before=before: self._shown() != before, within=2)  # type: ignore[misc]

    def _shown(self) -> list[str]:
        return [str(message.blocks) for message in self._spoken()]

    def _spoken(self) -> list[Message]:
        assert self._share is not None
        return [message for message in self.slack.messages(self._share.channel.id) if message.by_bot]

    async def _until_it_listens(self) -> None:
        """Where nothing was left to do, it is asked to stop before it can hear that."""
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", int(self.environment["HTTP_PORT"]))
                writer.close()
                return
            await asyncio.sleep(0.02)

    async def _ask_whether_ready(self) -> None:
        address = f"http://127.0.0.1:{self.environment['HTTP_PORT']}/readyz"
        with suppress(aiohttp.ClientError):  # it may die of it
            async with aiohttp.ClientSession() as session, session.get(address) as answer:
                assert answer.ok

    async def _all_ended(self) -> bool:
        if self.is_held_up:
            self._mend_once_told()
        jobs = await self.books.jobs()
        await self.books.waits_end()
        # Slack repeats an event that nobody acknowledged, and what it tells no more is looked for: there is a job.
        known = self._share is not None and any(job["file"] in self._share.file_ids for job in jobs)
        return (known or self._ended) and all(job["due_at"] is None for job in jobs)

    def kill(self) -> None:
        """End it, if it lives."""
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)

    @property
    def replies(self) -> int:
        """Messages of the bot, anywhere."""
        return len(self._spoken())

    @property
    def files(self) -> int:
        """Files that came to Amara alone."""
        return sum(len(message.files) for message in self.slack.messages(self._direct.id))

    @property
    def sent(self) -> int:
        """How often the provider got the recording."""
        if isinstance(self.provider, Gowajee):
            return len(self.provider.jobs)
        return sum(upload.received for upload in self.provider.uploads.values())

    @property
    def left(self) -> list[str]:
        """What lies in the spool."""
        return [path.name for path in (self.folder / "threadscribe-spool").iterdir()]

    def trail(self) -> list[str]:
        """The checkpoints that were passed, in order."""
        return (self.folder / TRAIL).read_text().splitlines()


async def _ended(pid: int) -> None:
    over = asyncio.Event()
    descriptor = os.pidfd_open(pid)
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


@asynccontextmanager
async def life_of(
    kind: type[L], way: Way, folder: Path, nursery: Nursery, request: pytest.FixtureRequest, *, end: str | None = None
) -> AsyncIterator[L]:
    await asyncio.to_thread(folder.mkdir)
    port = free_port()
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(kind.slack_to_live_with())
        slack.retry_delays = (0.2,) * 100
        slack.scopes |= {"users:read", "reactions:read", "im:write"}
        slack.subscriptions = {"message"} if end == "message" else {"file_shared", "file_deleted"}
        slack.subscriptions |= {"app_home_opened", "reaction_added"}
        if way.history:
            slack.scopes.add("channels:history")
        provider: Botlhale | Gowajee
        if way.provider == "botlhale":
            provider = await stack.enter_async_context(Botlhale())
            settings = botlhale_settings(provider)
        else:
            webhook = f"http://127.0.0.1:{port}/webhooks/gowajee?token={WEBHOOK_TOKEN}"
            provider = await stack.enter_async_context(Gowajee(webhook_url=webhook))
            settings = gowajee_settings(provider)
        if way.form == "long":
            provider.script = LONG
        url = "sqlite:///bot.db"
        if way.database == "postgresql":
            url = await asyncio.to_thread(request.getfixturevalue("postgresql").new_database)
        lived = kind(way, folder, nursery=nursery, slack=slack, provider=provider, url=url)
        lived.end = end
        wanted = settings | {
            "slack_bot_token": slack.bot_token,
            "slack_app_token": slack.app_token,
            "slack_api_url": slack.api_url,
            "slack_file_origins": slack.origin,
            "http_port": port,
            "database_url": url,
            "soonest_look": 0.05,
            "retention_days": 3650,
        }
        lived.environment = {name.upper(): str(value) for name, value in wanted.items()} | {"PATH": os.environ["PATH"]}
        try:
            yield lived
        finally:
            lived.kill()


def life(
    way: Way, folder: Path, nursery: Nursery, request: pytest.FixtureRequest, *, end: str | None = None
) -> AbstractAsyncContextManager[Life]:
    return life_of(Life, way, folder, nursery, request, end=end)


def one_reply(lived: Life, *, replies: int = 1) -> None:
    """What must be true in the end."""
    assert lived.replies == replies
    assert 1 <= lived.sent <= SENDINGS * (1 if lived.wish is None else 2)
    assert lived.left == []
    assert lived.slack.hidden_files == []
    assert lived.files == int(lived.wish is Wisher.export)


def ways_to(checkpoint: str, index: int) -> list[Way]:
    """The ways that pass it, another one first for each checkpoint."""
    wanted = ONLY.get(checkpoint, {})
    found = [way for way in WAYS if all(getattr(way, name) == value for name, value in wanted.items())]
    turn = index % len(found)
    return found[turn:] + found[:turn]


@pytest.mark.parametrize(
    ("index", "checkpoint"),
    [
        pytest.param(index, checkpoint, id=checkpoint, marks=[pytest.mark.long] if checkpoint in SLOW else [])
        for index, checkpoint in enumerate(sorted({*checkpoints()} - OF_MANY))
    ],
)
async def test_killed_at_a_checkpoint_there_is_one_reply(
    tmp_path: Path, nursery: Nursery, request: pytest.FixtureRequest, index: int, checkpoint: str
) -> None:
    way = ways_to(checkpoint, index)[0]
    async with life(way, tmp_path / "bot", nursery, request, end=ENDS.get(checkpoint)) as lived:
        lived.wish = WISHES.get(checkpoint)
        lived.names_speakers = checkpoint in NAMES
        lived.upload = UPLOADS.get(checkpoint, lived.upload)
        lived.moves = checkpoint == MOVED
        if checkpoint == HELD_UP:
            lived.hold_up()
        if checkpoint in FOLDS:
            lived.environment["FOLD"] = "auto"
        if checkpoint in AFTER_A_GAP:
            assert await lived.live()
            await lived.miss_one()
        if checkpoint in EARLIER:
            assert not await lived.live(EARLIER[checkpoint])
        assert not await lived.live(Death(at=checkpoint)), "not covered: nobody passes it"
        assert await lived.live()
        one_reply(lived, replies=0 if lived.end not in {None, "workspace"} else 1)


@pytest.mark.long
async def test_killed_before_a_thread_is_told_that_its_recording_waits_it_is_told_minutes_later(
    tmp_path: Path, nursery: Nursery, request: pytest.FixtureRequest
) -> None:
    way = Way(provider="botlhale", form="short", database="sqlite")
    async with life(way, tmp_path / "bot", nursery, request) as lived:
        lived.hold_up()
        assert not await lived.live(Death(at=SAVE, after=HELD_UP))
        await lived.books.notices_age(130_000)
        assert await lived.live()
        one_reply(lived)


@pytest.mark.long
@pytest.mark.parametrize("for_long", [False, True], ids=["in a minute", "for half an hour"])
async def test_a_step_that_outlives_every_lease_is_given_up_some_day(
    tmp_path: Path, nursery: Nursery, request: pytest.FixtureRequest, *, for_long: bool
) -> None:
    way = Way(provider="botlhale", form="short", database="sqlite")
    async with life(way, tmp_path / "bot", nursery, request) as lived:
        for _ in range(LEASES):
            assert not await lived.live(Death(at="provider.check"))
        if for_long:
            await lived.books.began_earlier(LOSING)
        assert await lived.live()
        one_reply(lived)
        (reply,) = lived._spoken()
        assert ("couldn't be reached" in str(reply.blocks)) is for_long


@pytest.mark.parametrize("passing", [1, 2])
async def test_killed_between_two_portions_of_the_index_all_of_it_is_found_in_the_end(
    tmp_path: Path, nursery: Nursery, request: pytest.FixtureRequest, passing: int
) -> None:
    way = Way(provider="botlhale", form="long", database="sqlite")
    async with life(way, tmp_path / "bot", nursery, request) as lived:
        turns = 1000
        lived.provider.script = [replace(LONG[0], text=f"This is {number}.") for number in range(turns)]
        assert not await lived.live(Death(at="write storage.search:index", passing=passing))
        assert 0 < await lived.books.indexed() < turns
        assert await lived.live()
        one_reply(lived)
        assert await lived.books.indexed() == turns


@pytest.mark.parametrize("known", [False, True], ids=["not found", "without shares"])
@pytest.mark.parametrize(
    ("at", "after"),
    [
        (SAVE, "workspace.upload"),
        ("workspace.share", None),
        (SAVE, "workspace.share"),
        ("write bot.worker.claim:Claim.release", "workspace.share"),
    ],
)
async def test_killed_at_any_moment_of_a_long_reply_its_files_come_once_whatever_slack_says_of_them_before(
    tmp_path: Path, nursery: Nursery, request: pytest.FixtureRequest, at: str, after: str | None, *, known: bool
) -> None:
    way = Way(provider="botlhale", form="long", database="sqlite")
    async with life(way, tmp_path / "bot", nursery, request) as lived:
        lived.slack.knows_unfinished_files = known
        assert not await lived.live(Death(at=at, after=after))
        if at == "workspace.share" and known:
            await lived.books.was_looked_for()
        assert await lived.live()
        one_reply(lived)
        assert [len(message.files) for message in lived._spoken()] == [2]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize("form", ["short", "long"])
async def test_without_history_only_a_short_reply_cut_off_at_its_very_posting_may_come_twice(
    tmp_path: Path, nursery: Nursery, request: pytest.FixtureRequest, form: str, database: str
) -> None:
    way = Way(provider="botlhale", form=form, database=database, history=False)
    async with life(way, tmp_path / "bot", nursery, request) as lived:
        shown = "workspace.post" if form == "short" else "workspace.share"
        assert not await lived.live(Death(at=SAVE, after=shown))
        assert await lived.live()
        one_reply(lived, replies=2 if form == "short" else 1)


@pytest.mark.parametrize("at", [SAVE, "workspace.delete"])
async def test_killed_while_progress_is_told_nothing_of_it_is_left(
    tmp_path: Path, nursery: Nursery, request: pytest.FixtureRequest, at: str
) -> None:
    async with life(WAYS[0], tmp_path / "bot", nursery, request) as lived:
        lived.upload = quiet(301)
        assert not await lived.live(Death(at=at, after="workspace.post" if at == SAVE else None))
        assert await lived.live()
        one_reply(lived)


@pytest.mark.parametrize("known", [False, True], ids=["not found", "without shares"])
@pytest.mark.parametrize(
    ("at", "after"),
    [
        (SAVE, "workspace.upload"),
        ("workspace.share", "workspace.open_direct"),
        ("write bot.worker.claim:Claim.release", "workspace.share"),
        (SAVE, "workspace.share"),
    ],
)
async def test_killed_at_any_moment_of_an_export_the_file_comes_once(
    tmp_path: Path, nursery: Nursery, request: pytest.FixtureRequest, at: str, after: str, *, known: bool
) -> None:
    way = Way(provider="botlhale", form="short", database="sqlite")
    async with life(way, tmp_path / "bot", nursery, request) as lived:
        lived.slack.knows_unfinished_files = known
        lived.wish = Wisher.export
        assert not await lived.live(Death(at=at, after=after))
        if at == "workspace.share" and known:
            await lived.books.was_looked_for()
        assert await lived.live()
        one_reply(lived)


@pytest.mark.parametrize(
    ("at", "after", "form"),
    [
        ("workspace.update", CORRECTED_HERE, "short"),
        (SAVE, "workspace.update", "short"),
        ("workspace.finish", CORRECTED_HERE, "long"),
        ("workspace.discard", CORRECTED_HERE, "long"),
    ],
)
async def test_killed_at_any_moment_of_a_correction_the_reply_shows_it_in_the_end(
    tmp_path: Path, nursery: Nursery, request: pytest.FixtureRequest, at: str, after: str, *, form: str
) -> None:
    way = Way(provider="botlhale", form=form, database="sqlite")
    async with life(way, tmp_path / "bot", nursery, request) as lived:
        lived.wish = Wisher.correct
        assert not await lived.live(Death(at=at, after=after))
        assert await lived.live()
        one_reply(lived)
        [reply] = lived._spoken()
        assert CORRECTED in str(reply.blocks)
        assert "Edited by amara" in str(reply.blocks)
        assert len(reply.files) == (2 if form == "long" else 0)
        assert all(CORRECTED.encode() in file.content for file in reply.files if file.name.endswith(".txt"))


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_killed_at_every_passing_of_every_checkpoint_there_is_one_reply(
    tmp_path: Path, nursery: Nursery, request: pytest.FixtureRequest, way: Way
) -> None:
    async with life(way, tmp_path / "whole", nursery, request) as whole:
        whole.names_speakers = True
        assert await whole.live()
        one_reply(whole)
        passed = Counter(name for name in whole.trail() if name in checkpoints())
    for name, times in passed.items():
        for passing in range(1, times + 1):
            async with life(way, tmp_path / f"{name.replace(' ', '-')[:80]}-{passing}", nursery, request) as lived:
                lived.names_speakers = True
                await lived.live(Death(at=name, passing=passing))  # how often it is passed differs a little
                assert lived.deaths == 0 or await lived.live()
                one_reply(lived)


async def test_a_checkpoint_that_nobody_visits_is_noticed(
    tmp_path: Path, nursery: Nursery, request: pytest.FixtureRequest
) -> None:
    async with life(WAYS[0], tmp_path / "bot", nursery, request) as lived:
        assert await lived.live(Death(at="workspace.nobody_calls_this"))
        one_reply(lived)
