"""What a channel, a person and a workspace want: `/transcripts settings`, buttons in the App Home, and their forms.

In a channel everybody who is in it may change it, unless it is locked; what is for all of the workspace its admins.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, assert_never

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.models.views import View

from handlers import words
from handlers.action_ids import MY_SETTINGS, WORKSPACE_SETTINGS
from handlers.choices import Choice, Problems
from handlers.events import PressedAnywhere, Submitted
from handlers.preferences_modal import FORM, Circumstances, form, read
from handlers.responses import Refused, answered, politely
from storage import preferences
from storage.database import Database
from storage.preferences import NONE, Kept, Outdated, Place, Preferences


class Screens(Protocol):
    """What Slack shows to a person, and knows of one. Raises `NotNow`."""

    @property
    def may_know_admins(self) -> bool:
        """Whether `is_admin` can tell."""
        ...

    async def open(self, trigger: str, view: View) -> None:
        """Show a form to whoever pulled the trigger, which counts once and for three seconds."""
        ...

    async def is_admin(self, person: str) -> bool:
        """Whether somebody is an admin of the workspace."""
        ...

    async def is_in(self, person: str, channel: str, *, team: str) -> bool:
        """Whether somebody is in a conversation."""
        ...

    async def leaves_the_company(self, channel: str) -> bool:
        """Whether another company reads along there."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """Who asks, in which workspace."""

    team: str
    user: str
    enterprise: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The forms. `choices`: the transcribers that are set up, the usual one first."""

    database: Database
    clock: Callable[[], datetime]
    screens_of: Callable[[Visitor], Screens]
    choices: Sequence[Choice]
    outside: bool
    """Whether recordings in channels of two companies are transcribed where nobody has said so."""

    async def open(self, visitor: Visitor, place: Place, trigger: str) -> None:
        """Show what is set, to be changed. Raises `Refused`, `NotNow`, `StorageUnavailable`."""
        kept = await self.database.read(lambda tx: preferences.get(tx, place))
        shown = await self._circumstances(visitor, place, kept)
        await self.screens_of(visitor).open(trigger, form(place, kept, shown))

    async def _circumstances(self, visitor: Visitor, place: Place, kept: Kept) -> Circumstances:
        """What the form depends on. Raises `Refused` where this person may not change it."""
        screens, outside, admin = self.screens_of(visitor), None, False
        match place.kind:
            case "person":
                if place.whose != visitor.user:
                    raise Refused(words.NOT_YOUR_SETTINGS)
            case "workspace":
                admin = await screens.is_admin(visitor.user)
                if not admin:
                    raise Refused(words.ONLY_ADMINS if screens.may_know_admins else words.ADMINS_NOT_KNOWN)
            case "channel":
                # All at once: Slack waits three seconds.
                admin, is_in, leaves = await asyncio.gather(
                    screens.is_admin(visitor.user),
                    screens.is_in(visitor.user, place.whose, team=visitor.team),
                    screens.leaves_the_company(place.whose),
                )
                if not admin and not is_in:
                    raise Refused(words.NOT_IN_CHANNEL)
                if kept.preferences.locked and not admin:
                    raise Refused(words.LOCKED if screens.may_know_admins else words.ADMINS_NOT_KNOWN)
                outside = self.outside if leaves else None
            case _:
                assert_never(place.kind)
        return Circumstances(choices=self.choices, usual=await self._usual(place), admin=admin, outside=outside)

    async def _usual(self, place: Place) -> Preferences:
        """What counts where this place wants nothing."""
        if place.kind == "workspace":
            return NONE
        of_all = Place(team=place.team, kind="workspace")
        return (await self.database.read(lambda tx: preferences.get(tx, of_all))).preferences

    async def save(self, submitted: Submitted) -> View | None:
        """Keep what was entered; the form again where somebody else was faster. Raises `Problems`, `Refused`."""
        match json.loads(submitted.view.private_metadata):
            case {"kind": "workspace" | "channel" | "person" as kind, "whose": str(whose), "version": int(version)}:
                enterprise = submitted.enterprise.id if submitted.enterprise else None
                place = Place(team=submitted.team.id, kind=kind, whose=whose, enterprise=enterprise)
            case _:
                raise ValueError("not a form of ours")
        visitor = Visitor(team=submitted.team.id, user=submitted.user.id, enterprise=enterprise)
        kept = await self.database.read(lambda tx: preferences.get(tx, place))
        shown = await self._circumstances(visitor, place, kept)
        wanted = read(submitted.view.state.values, shown, before=kept.preferences)
        by, now = visitor.user, self.clock()
        try:
            await self.database.write(lambda tx: preferences.put(tx, place, wanted, seen=version, by=by, now=now))
        except Outdated as outdated:
            return form(place, outdated.newest, shown, notice=words.SET_MEANWHILE)
        return None


def register(app: AsyncApp, *, settings: Settings) -> None:
    """Listen for the buttons and the form; the command is `handlers.commands`'."""

    @app.action(MY_SETTINGS)
    async def mine(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        await politely(lambda: _open(settings, body, "person"), respond)

    @app.action(WORKSPACE_SETTINGS)
    async def of_all(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        await politely(lambda: _open(settings, body, "workspace"), respond)

    @app.view(FORM)
    async def sent(ack: AsyncAck, body: dict[str, Any]) -> None:
        again: list[View] = []

        async def save() -> None:
            if view := await settings.save(Submitted.model_validate(body)):
                again.append(view)

        try:
            sentence = await answered(save)
        except Problems as problems:
            await ack(response_action="errors", errors=problems.by_field)
        except ValueError:
            await ack()  # not a form of ours: nothing to keep
        else:
            await _acknowledge(ack, body, sentence=sentence, again=again)


async def _acknowledge(ack: AsyncAck, body: Mapping[str, Any], *, sentence: str | None, again: Sequence[View]) -> None:
    if sentence:
        first = str(next(iter(body.get("view", {}).get("state", {}).get("values", {})), ""))
        await ack(response_action="errors", errors={first: sentence})
    elif again:
        await ack(response_action="update", view=again[0])
    else:
        await ack()


async def _open(settings: Settings, body: object, kind: preferences.Kind) -> None:
    pressed = PressedAnywhere.model_validate(body)
    enterprise = pressed.enterprise.id if pressed.enterprise else None
    visitor = Visitor(team=pressed.team.id, user=pressed.user.id, enterprise=enterprise)
    place = Place(team=visitor.team, kind=kind, whose=visitor.user if kind == "person" else "")
    await settings.open(visitor, place, pressed.trigger_id)
