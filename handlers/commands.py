"""The slash command `/transcripts`. Answers are ephemeral: only the person who typed the command sees them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.models.blocks import Block

from handlers import help_modal, listing, recording_rows, search, where, words
from handlers.actor import Actor
from handlers.deleting import Deletions
from handlers.details import HISTORY_LINES
from handlers.events import Command
from handlers.job_actions import JobActions, visible_job
from handlers.membership import Membership
from handlers.preferences import SettingsForms
from handlers.responses import SlackNotReached, sentence_for
from handlers.slack import SlackForListeners
from storage import channel_homes, job_lists
from storage.database import Database, StorageUnavailable, Transaction
from storage.job import Job, JobId
from storage.preferences import Scope

LOOKED_AT = 40
"""Newest recordings that are counted; of these, those that need attention are listed first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandReply:
    """The answer: `blocks` to read, `text` with the same content for screen readers."""

    text: str
    blocks: Sequence[Block] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Commands:
    """The subcommands of `/transcripts`."""

    job_actions: JobActions
    deletions: Deletions
    membership: Membership
    settings: SettingsForms
    database: Database
    viewer_of: Callable[[Actor], listing.Viewer]
    slack_of: Callable[[Actor], SlackForListeners]

    async def answer(self, command: Command) -> CommandReply:
        """Return the answer to a command; empty where a modal was opened.

        Raises `SlackNotReached` and `StorageUnavailable`.
        """
        match command.text.lower().split():
            case [] | ["list"] | ["status" | "cancel" | "retry" | "delete"]:
                return await self._list(command)
            case ["search", *_]:
                found = await search.answer(
                    command, self.database, self.slack_of(Actor.of(command)), self._viewer(command)
                )
                return CommandReply(text=found.text, blocks=found.blocks)
            case ["where"]:
                return _of(await where.answer(command, self.settings))
            case ["status", job_id]:
                return await _status(self.database, command, JobId(job_id), self._viewer(command))
            case ["help"]:
                text, blocks = help_modal.answer()
                return CommandReply(text=text, blocks=blocks)
            case [*arguments]:
                said = await sentence_for(lambda: self._do(command, arguments)) or ""
                return CommandReply(text=said, blocks=listing.sentence(said))

    async def _list(self, command: Command) -> CommandReply:
        found = await self.database.read(lambda tx: _listed(tx, command))
        heading = words.LIST_OWN if command.in_direct_message else words.LIST_HERE
        shown, older = found[:LOOKED_AT], len(found) > LOOKED_AT
        text, blocks = recording_rows.recordings(shown, self._viewer(command), heading=heading, older=older)
        return CommandReply(text=text, blocks=blocks)

    async def _do(self, command: Command, arguments: Sequence[str]) -> str | None:
        match arguments:
            case ["cancel", job_id]:
                await self._require(command, JobId(job_id))
                return await self.job_actions.cancel(Actor.of(command), JobId(job_id))
            case ["retry", job_id]:
                await self._require(command, JobId(job_id))
                return await self.job_actions.retry(Actor.of(command), JobId(job_id))
            case ["delete", job_id]:
                return await self.deletions.delete(Actor.of(command), JobId(job_id))
            case ["settings"]:
                await self.settings.open(*_settings_of(command))
                return None
        return words.NOT_UNDERSTOOD

    async def _require(self, command: Command, job_id: JobId) -> None:
        """Raise `Declined` where the person is not in the conversation of a job that they see."""
        actor = Actor.of(command)
        job = await self.database.read(lambda tx: visible_job(tx, actor, job_id))
        await self.membership.require(actor, [job] if job else [])

    def _viewer(self, command: Command) -> listing.Viewer:
        return self.viewer_of(Actor.of(command))


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
        return job_lists.of_person(tx, team=team, user=command.user_id, limit=LOOKED_AT + 1, organisation=organisation)
    home = channel_homes.home_team(tx, organisation=organisation, team=team, channel=channel)
    return job_lists.in_channel(tx, team=home, channel=channel, limit=LOOKED_AT + 1)


async def _status(database: Database, command: Command, job_id: JobId, viewer: listing.Viewer) -> CommandReply:
    job = await database.read(lambda tx: visible_job(tx, Actor.of(command), job_id))
    if job is None:
        return CommandReply(text=words.NO_SUCH_RECORDING, blocks=listing.sentence(words.NO_SUCH_RECORDING))
    history = (await database.read(lambda tx: job_lists.history(tx, job_id)))[-HISTORY_LINES:]
    return _of(listing.status(job, history, viewer))


def _of(lines: Sequence[listing.RichLine]) -> CommandReply:
    return CommandReply(text=listing.as_text(lines), blocks=listing.as_blocks(lines))
