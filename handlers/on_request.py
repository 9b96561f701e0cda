"""Transcribe on request: by the message shortcut, or by a reaction with the configured emoji (`REACTION_REQUEST`).

An unknown recording becomes a job, a skipped one is started, and for a finished one the shortcut opens the modal for a
rerun.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from handlers import words
from handlers.action_ids import TRANSCRIBE
from handlers.actor import Actor
from handlers.events import MessageWithFiles, Pressed, Reacted
from handlers.interactions import Interactions
from handlers.job_actions import JobActions
from handlers.listener import Event, EventRegistry, Installation
from handlers.reaction_limits import ReactionLimits
from handlers.responses import Declined, write_with_retry
from handlers.shared_files import Likelihood
from handlers.slack import SlackForListeners
from storage import channel_homes, preferences, reruns
from storage.database import Database, Transaction
from storage.job import JobId, Origin, Reason
from storage.preferences import Scope
from storage.reruns import Asked


@dataclass(frozen=True, kw_only=True, slots=True)
class TranscribeRequests:
    """Starts requested transcriptions. `emoji` is the name of the reaction; empty for none.

    `outside`: whether Slack Connect channels are transcribed where their settings do not say.
    """

    database: Database
    clock: Callable[[], datetime]
    slack_at: Callable[[Installation], SlackForListeners]
    job_actions: JobActions
    limits: ReactionLimits
    outside: bool
    emoji: str = ""

    async def by_shortcut(self, body: dict[str, Any]) -> str | None:
        """Start the transcription, or open the modal where there is a transcript already.

        Return the answer for the person, None for the modal. Raises `Declined` and `LeaseLost`.
        """
        pressed = Pressed.model_validate(body)
        actor = Actor.of(pressed)
        place = Installation(
            team=actor.team,
            enterprise=actor.enterprise,
            is_enterprise_install=actor.organisation is not None,
            bot_user="",
        )
        found = _recordings(body.get("message"), channel=pressed.channel.id, place=place)
        if not found:
            raise Declined(words.NO_RECORDING)
        await self._check_allowed(place, pressed.channel.id, by=actor.user)
        outcomes = await self._ask_for(found, place, by=actor.user)
        for asked, job in outcomes:
            if asked is Asked.DONE:
                await self.job_actions.ask_how(actor, job, trigger=pressed.trigger_id)
                return None
            if asked is Asked.FAILED:
                return await self.job_actions.retry(actor, job)
        return _ANSWERS[outcomes[0][0]]

    async def by_reaction(self, event: Event, place: Installation) -> None:
        """Start the transcription of the message with the reaction. If this raises, Slack delivers the event again."""
        try:
            reacted = Reacted.model_validate(event)
        except ValidationError:
            return  # a reaction to something else than a message
        if reacted.reaction.partition("::")[0] != self.emoji or reacted.user == place.bot_user:
            return
        if not self.limits.admit(reacted, team=place.team):
            return
        try:
            await self._look_up(reacted, place)
        except Exception:
            self.limits.withdraw(reacted, team=place.team)
            raise

    async def _look_up(self, reacted: Reacted, place: Installation) -> None:
        message = await self.slack_at(place).message(reacted.item.channel, reacted.item.ts)
        found = _recordings(message, channel=reacted.item.channel, place=place)
        if found:
            await self._ask_for(found, place, by=reacted.user)

    async def _check_allowed(self, place: Installation, channel: str, *, by: str) -> None:
        """Raise `Declined` where nothing may be transcribed, or where the person is not in the conversation now."""
        slack = self.slack_at(place)
        objection = await slack.objection(channel)
        if objection is Reason.NOT_A_MEMBER:
            raise Declined(words.INVITE_FIRST)
        if not channel.startswith("D") and not await slack.is_in(by, channel, team=place.team):
            raise Declined(words.NOT_IN_CONVERSATION)
        if objection is Reason.SHARED_CHANNEL:
            own = Scope(team=place.team, kind="channel", owner=channel)
            setting = (await self.database.read(lambda tx: _stored(tx, own, place))).preferences.outside
            if self.outside if setting is None else setting:
                return
        if objection is not None:
            raise Declined(words.LEFT_TO_ITSELF)

    async def _ask_for(
        self, found: Sequence[tuple[Origin, str | None]], place: Installation, *, by: str
    ) -> list[tuple[Asked, JobId]]:
        now = self.clock()

        def ask(tx: Transaction, origin: Origin, title: str | None) -> tuple[Asked, JobId]:
            stored = channel_homes.at_home(tx, origin, organisation=place.organisation)
            return reruns.request(tx, stored, title=title, by=by, now=now)

        def work(tx: Transaction) -> list[tuple[Asked, JobId]]:
            return [ask(tx, origin, title) for origin, title in found]

        return await write_with_retry(self.database, work)


_ANSWERS = {
    Asked.STARTED: words.ASKED_FOR,
    Asked.IN_WORK: words.ALREADY_IN_WORK,
    Asked.REMOVED: words.DELETED_BEFORE,
    Asked.DONE: None,
    Asked.FAILED: None,
}


def _stored(tx: Transaction, scope: Scope, place: Installation) -> preferences.Kept:
    return preferences.get(tx, preferences.at_home(tx, scope, organisation=place.organisation))


def _recordings(message: object, *, channel: str, place: Installation) -> list[tuple[Origin, str | None]]:
    """Return the recordings in a message with their titles."""
    if not isinstance(message, dict):
        return []
    try:
        described = MessageWithFiles.model_validate({**message, "channel": channel})
    except ValidationError:
        return []
    return [
        (
            Origin(
                enterprise=place.enterprise,
                team=place.team,
                channel=channel,
                file=file.id,
                occasion=described.ts,
                thread=described.thread_ts or described.ts,
                user=described.user,
            ),
            file.title or file.name,
        )
        for file in described.files
        if file.likelihood is not Likelihood.OTHER
    ]


def register(interactions: Interactions, hears: EventRegistry, *, requests: TranscribeRequests) -> None:
    """Register the shortcut and the listener for reactions."""
    # The message may have no job yet, so `by_shortcut` asks about its conversation.
    interactions.shortcut(TRANSCRIBE, requests.by_shortcut, about_a_job=False)
    hears.listen_directly("reaction_added", requests.by_reaction)
