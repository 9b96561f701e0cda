"""The slash command `/transcripts`. Answers are ephemeral: only the person who typed the command sees them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.models.blocks import Block

from handlers import listing, search, words
from handlers.actor import Actor
from handlers.events import Command
from handlers.job_actions import JobActions, visible_job
from handlers.membership import Membership
from handlers.preferences import SettingsForms
from handlers.responses import Declined, SlackNotReached, sentence_for
from handlers.slack import SlackForListeners
from storage import channel_homes, forgetting, job_lists, jobs
from storage.database import Database, StorageUnavailable, Transaction
from storage.job import Job, JobId, Reason
from storage.preferences import Scope

LISTED = 15
"""Recordings in a list at most."""

HISTORY_LINES = 20
"""Latest history entries shown for a recording; Slack allows 50 blocks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandReply:
    """The answer: `blocks` to read, `text` with the same content for screen readers."""

    text: str
    blocks: Sequence[Block] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Commands:
    """The subcommands of `/transcripts`."""

    job_actions: JobActions
    membership: Membership
    settings: SettingsForms
    database: Database
    clock: Callable[[], datetime]
    provider_title: Callable[[Job], str]
    workspace_url: Callable[[Command], str]
    slack_of: Callable[[Actor], SlackForListeners]

    async def answer(self, command: Command) -> CommandReply:
        """Return the answer to a command; empty where a modal was opened.

        Raises `SlackNotReached` and `StorageUnavailable`.
        """
        match command.text.lower().split():
            case [] | ["list"] | ["status" | "cancel" | "retry" | "delete"]:
                shown = await self.database.read(lambda tx: _listed(tx, command))
                return _of(listing.overview(shown, self._viewer(command)))
            case ["search", *_]:
                return _of(
                    await search.answer(command, self.database, self.slack_of(Actor.of(command)), self._viewer(command))
                )
            case ["status", job_id]:
                return await _status(self.database, command, JobId(job_id), self._viewer(command))
            case ["help"]:
                return CommandReply(text=words.HELP)
            case [*arguments]:
                return CommandReply(text=await sentence_for(lambda: self._do(command, arguments)) or "")

    async def _do(self, command: Command, arguments: Sequence[str]) -> str | None:
        match arguments:
            case ["cancel", job_id]:
                await self._require(command, JobId(job_id))
                return await self.job_actions.cancel(Actor.of(command), JobId(job_id))
            case ["retry", job_id]:
                await self._require(command, JobId(job_id))
                return await self.job_actions.retry(Actor.of(command), JobId(job_id))
            case ["delete", job_id]:
                await self._require_to_delete(command, JobId(job_id))
                return await _delete(self.database, command, JobId(job_id), now=self.clock())
            case ["settings"]:
                await self.settings.open(*_settings_of(command))
                return None
        return words.NOT_UNDERSTOOD

    async def _require(self, command: Command, job_id: JobId) -> None:
        """Raise `Declined` where the person is not in the conversation of a job that they see."""
        actor = Actor.of(command)
        job = await self.database.read(lambda tx: visible_job(tx, actor, job_id))
        await self.membership.require(actor, [job] if job else [])

    async def _require_to_delete(self, command: Command, job_id: JobId) -> None:
        """Do the same, unless the bot is not there either: then no thread changes, and the words are their sharer's."""
        actor = Actor.of(command)
        job = await self.database.read(lambda tx: visible_job(tx, actor, job_id))
        if job is None:
            return
        try:
            await self.membership.require(actor, [job], sentence=words.NOT_IN_CONVERSATION_TO_DELETE)
        except Declined:
            if await self.slack_of(actor).objection(job.origin.channel) is not Reason.NOT_A_MEMBER:
                raise

    def _viewer(self, command: Command) -> listing.Viewer:
        url = self.workspace_url(command)
        return listing.Viewer(now=self.clock(), provider_title=self.provider_title, workspace_url=url)


def register(app: AsyncApp, *, commands: Commands) -> None:
    """Register the command."""

    @app.command("/transcripts")
    async def transcripts(ack: AsyncAck, body: dict[str, object]) -> None:
        try:
            said = await commands.answer(Command.model_validate(body))
        except (StorageUnavailable, SlackNotReached):
            said = CommandReply(text=words.NOT_NOW)
        if said.text:
            await ack(text=said.text, blocks=said.blocks or None, response_type="ephemeral")
        else:
            await ack()


def _settings_of(command: Command) -> tuple[Actor, Scope, str]:
    """Return whose settings the command opens: those of the channel or, in a direct message, of the person."""
    actor = Actor.of(command)
    if command.in_direct_message:
        return actor, Scope(team=command.team_id, kind="person", owner=command.user_id), command.trigger_id
    return actor, Scope(team=command.team_id, kind="channel", owner=command.channel_id), command.trigger_id


def _listed(tx: Transaction, command: Command) -> list[Job]:
    team, channel, organisation = command.team_id, command.channel_id, command.organisation
    if command.in_direct_message:
        return job_lists.of_person(tx, team=team, user=command.user_id, limit=LISTED, organisation=organisation)
    home = channel_homes.home_team(tx, organisation=organisation, team=team, channel=channel)
    return job_lists.in_channel(tx, team=home, channel=channel, limit=LISTED)


async def _status(database: Database, command: Command, job_id: JobId, viewer: listing.Viewer) -> CommandReply:
    job = await database.read(lambda tx: visible_job(tx, Actor.of(command), job_id))
    if job is None:
        return CommandReply(text=words.no_such_recording(job_id))
    history = (await database.read(lambda tx: job_lists.history(tx, job_id)))[-HISTORY_LINES:]
    return _of(listing.status(job, history, viewer))


async def _delete(database: Database, command: Command, job_id: JobId, *, now: datetime) -> str:
    def work(tx: Transaction) -> str:
        job = jobs.locked(tx, job_id)
        if job is None or not Actor.of(command).sees(tx, job):
            return words.no_such_recording(job_id)
        if job.origin.user != command.user_id:
            return words.NOT_YOURS
        request = forgetting.ForgetRequest(by=command.user_id, why="at their wish", reason=Reason.CANCELLED)
        return words.DELETED if forgetting.forget(tx, job, request, now=now) else words.DELETED_BEFORE

    return await database.write(work)


def _of(lines: Sequence[listing.RichLine]) -> CommandReply:
    return CommandReply(text=listing.as_text(lines), blocks=listing.as_blocks(lines))
