"""The menu under a transcript. `bot.rendering.controls` shows its options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handlers import words
from handlers.action_ids import CHANNEL_SETTINGS, CORRECT, DELETE, RERUN, TRANSCRIPT_MENU, UNDO_NAMING
from handlers.actor import Actor
from handlers.deleting import Deletions
from handlers.events import PressedAnywhere
from handlers.interactions import Act, Interactions
from handlers.job_actions import JobActions, pressed_job, visible_job
from handlers.preferences import SettingsForms
from handlers.responses import Declined
from storage.database import Database
from storage.preferences import Scope


@dataclass(frozen=True, kw_only=True, slots=True)
class TranscriptMenu:
    """What each option does, with the actions that other rooms have too.

    `correct`: opens the form that mends words. `undo`: undoes the naming of speakers.
    """

    database: Database
    job_actions: JobActions
    correct: Act
    undo: Act
    deletions: Deletions
    settings: SettingsForms

    async def ask_how(self, body: dict[str, Any]) -> None:
        """Open the form for a rerun."""
        await self.job_actions.ask_how(*pressed_job(body), trigger=PressedAnywhere.model_validate(body).trigger_id)

    async def open_settings(self, body: dict[str, Any]) -> None:
        """Open the settings of the recording's conversation: in a direct message, those of the person."""
        actor, job_id = pressed_job(body)
        job = await self.database.read(lambda tx: visible_job(tx, actor, job_id))
        if job is None:
            raise Declined(words.NO_SUCH_RECORDING)
        trigger = PressedAnywhere.model_validate(body).trigger_id
        await self.settings.open(actor, _scope(actor, channel=job.origin.channel), trigger)

    def acts(self) -> Mapping[str, Act]:
        """Return them by action id."""
        return {
            RERUN: self.ask_how,
            CORRECT: self.correct,
            UNDO_NAMING: self.undo,
            CHANNEL_SETTINGS: self.open_settings,
            DELETE: self.deletions.ask,
        }


def register(interactions: Interactions, *, menu: TranscriptMenu) -> None:
    """Register the menu."""
    # Whoever shared a recording may delete its transcript also where the bot is not in the conversation any more.
    interactions.menu(TRANSCRIPT_MENU, menu.acts(), check_themselves={DELETE})


def _scope(actor: Actor, *, channel: str) -> Scope:
    if channel.startswith("D"):
        return Scope(team=actor.team, kind="person", owner=actor.user)
    return Scope(team=actor.team, kind="channel", owner=channel)
