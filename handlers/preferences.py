"""Settings of a channel, a person or the workspace: `/transcripts settings`, buttons in the App Home, and the modals.

Every member of a channel may change its settings unless an admin locked them. Only admins may change the settings of
the workspace.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from slack_sdk.models.views import View

from handlers import words
from handlers.action_ids import MY_SETTINGS, WORKSPACE_SETTINGS
from handlers.actor import Actor
from handlers.choices import Choice
from handlers.events import PressedAnywhere, Submitted
from handlers.interactions import Interactions
from handlers.preferences_modal import FORM, PreferencesContext, SettingsContext, form, read
from handlers.responses import Declined
from handlers.slack import SlackForListeners
from storage import preferences
from storage.database import Database, Transaction
from storage.preferences import NONE, Kept, Preferences, PreferencesOutdated, Scope


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingsForms:
    """Opens and saves the settings modals. `choices`: the configured transcribers, the default one first."""

    database: Database
    clock: Callable[[], datetime]
    slack_of: Callable[[Actor], SlackForListeners]
    choices: Sequence[Choice]
    outside: bool
    """Whether Slack Connect channels are transcribed where their settings do not say."""

    async def open(self, actor: Actor, place: Scope, trigger: str) -> None:
        """Open the modal with the current settings. Raises `Declined`, `SlackNotReached` and `StorageUnavailable`."""
        place, kept = await self.database.read(lambda tx: _stored(tx, place, actor))
        shown = await self._circumstances(actor, place, kept)
        await self.slack_of(actor).open(trigger, form(place, kept, shown))

    async def _circumstances(self, actor: Actor, place: Scope, kept: Kept) -> SettingsContext:
        """Return what the modal depends on. Raises `Declined` where this person may not change the settings."""
        slack, outside, admin = self.slack_of(actor), None, False
        match place.kind:
            case "person":
                if place.owner != actor.user:
                    raise Declined(words.NOT_YOUR_SETTINGS)
            case "workspace":
                admin = await slack.is_admin(actor.user)
                if not admin:
                    raise Declined(words.ONLY_ADMINS if slack.may_read_people else words.ADMINS_NOT_KNOWN)
            case "channel":
                # Concurrently: Slack waits three seconds.
                admin, is_in, leaves = await asyncio.gather(
                    slack.is_admin(actor.user),
                    slack.is_in(actor.user, place.owner, team=actor.team),
                    slack.leaves_the_company(place.owner),
                )
                if not admin and not is_in:
                    raise Declined(words.NOT_IN_CHANNEL)
                if kept.preferences.locked and not admin:
                    raise Declined(words.LOCKED if slack.may_read_people else words.ADMINS_NOT_KNOWN)
                outside = self.outside if leaves else None
            case _:
                assert_never(place.kind)
        return SettingsContext(choices=self.choices, usual=await self._usual(place), admin=admin, outside=outside)

    async def _usual(self, place: Scope) -> Preferences:
        """Return the defaults for this scope: the settings of the workspace."""
        if place.kind == "workspace":
            return NONE
        of_all = Scope(team=place.team, kind="workspace")
        return (await self.database.read(lambda tx: preferences.get(tx, of_all))).preferences

    async def save(self, submitted: Submitted) -> View | None:
        """Store the entered settings. Return the modal again where somebody else has saved meanwhile.

        Raises `Problems`, `Declined`, `SlackNotReached`, and `ValueError` for a modal that is not of this bot.
        """
        actor = Actor.of(submitted)
        context = PreferencesContext.load(submitted.view.private_metadata)
        named = Scope(team=submitted.team.id, kind=context.kind, owner=context.whose, enterprise=actor.enterprise)
        place, kept = await self.database.read(lambda tx: _stored(tx, named, actor))
        shown = await self._circumstances(actor, place, kept)
        wanted = read(submitted.view.state.values, shown, before=kept.preferences)
        by, now = actor.user, self.clock()
        try:
            await self.database.write(
                lambda tx: preferences.put(tx, place, wanted, seen=context.version, by=by, now=now)
            )
        except PreferencesOutdated as outdated:
            return form(place, outdated.newest, shown, notice=words.SET_MEANWHILE)
        return None


def _stored(tx: Transaction, named: Scope, actor: Actor) -> tuple[Scope, Kept]:
    """Return the scope that the actor named, as it is stored, and its settings."""
    place = preferences.at_home(tx, named, organisation=actor.organisation)
    return place, preferences.get(tx, place)


def register(interactions: Interactions, *, settings: SettingsForms) -> None:
    """Register the buttons and the modal. The command is registered in `handlers.commands`."""
    # An admin need not be in the channel: who may set what is asked in `SettingsForms`, also when the modal is sent.
    interactions.button(MY_SETTINGS, lambda body: _open(settings, body, "person"), about_a_job=False)
    interactions.button(WORKSPACE_SETTINGS, lambda body: _open(settings, body, "workspace"), about_a_job=False)
    interactions.modal(FORM, settings.save, about_a_job=False)


async def _open(settings: SettingsForms, body: object, kind: preferences.Kind) -> None:
    pressed = PressedAnywhere.model_validate(body)
    actor = Actor.of(pressed)
    place = Scope(team=actor.team, kind=kind, owner=actor.user if kind == "person" else "")
    await settings.open(actor, place, pressed.trigger_id)
