"""The one way to register buttons, shortcuts and modals: each asks first whether the person is in the conversation.

What stays on somebody's screen after they were taken out of a private channel can still be pressed and sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from pydantic import ValidationError
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.models.views import View

from handlers import words
from handlers.actor import Actor
from handlers.events import Interaction, Pressed, PressedAnywhere, Submitted
from handlers.membership import Membership
from handlers.modals import AboutJob, answer_submission, told
from handlers.responses import SlackNotReached, is_theirs, respond_with
from handlers.slack import OpensForms
from storage import channel_homes, job_lists, jobs
from storage.database import Database, Transaction
from storage.job import Job, JobId

P = TypeVar("P", bound=Interaction)

Act = Callable[[dict[str, Any]], Awaitable[str | None]]
"""Does what was asked, with the payload from Slack; returns the answer for the person. May raise `Declined`."""

Save = Callable[[Submitted], Awaitable[View | None]]
"""Stores what was entered; see `handlers.modals.answer_submission`."""


class Interactions:
    """Registers with `app`. What is not about a job says so (`about_a_job=False`), and asks by itself if need be.

    Where the payload names no job that the person could see, nobody is asked: the action itself declines, and does not
    tell whether there is one.
    """

    def __init__(
        self, app: AsyncApp, *, database: Database, membership: Membership, slack_for: Callable[[Actor], OpensForms]
    ) -> None:
        self._app = app
        self._database = database
        self._membership = membership
        self._slack_for = slack_for

    def button(self, action_id: str, act: Act, *, about_a_job: bool = True) -> None:
        """Register a button. The id of its job is the first part of its value."""

        async def checked(body: dict[str, Any]) -> str | None:
            if about_a_job:
                await self._require(PressedAnywhere.model_validate(body), find=_of_button)
            return await act(body)

        self._listen(action_id, checked)

    def menu(self, action_id: str, acts: Mapping[str, Act], *, check_themselves: Collection[str] = ()) -> None:
        """Register an overflow menu about a job. `acts`: what each option does, by action id.

        An act gets the payload as of a button with that action id: its value is that of the option without the action
        id. An option that no release of this bot has offered does nothing. `check_themselves`: the action ids of acts
        that ask who is in the conversation by themselves.
        """

        async def checked(body: dict[str, Any]) -> str | None:
            pressed = PressedAnywhere.model_validate(body)
            job, _, rest = pressed.value.partition(":")
            verb, _, more = rest.partition(":")
            act = acts.get(verb)
            if act is None:
                return None
            if verb not in check_themselves:
                await self._require(pressed, find=_of_button)
            value = f"{job}:{more}" if more else job
            return await act({**body, "actions": [{"action_id": verb, "value": value}]})

        self._listen(action_id, checked)

    def _listen(self, action_id: str, act: Act) -> None:
        async def pressed(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
            await ack()
            await respond_with(lambda: act(body), respond, otherwise=lambda said: self._tell(body, said))

        self._app.action(action_id)(pressed)

    def shortcut(self, callback_id: str, act: Act, *, about_a_job: bool = True) -> None:
        """Register a shortcut of a message, or a global one.

        The jobs of a message are its own and those of the thread that it is in. A global shortcut is about no job.
        """

        async def chosen(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
            async def do() -> str | None:
                if about_a_job:
                    await self._require(Pressed.model_validate(body), find=_of_message)
                return await act(body)

            await ack()
            await respond_with(do, respond, otherwise=lambda said: self._tell(body, said))

        self._app.shortcut(callback_id)(chosen)

    async def _tell(self, body: dict[str, Any], sentence: str) -> None:
        """Tell somebody in a modal, where there is no conversation. It is too late for one after three seconds."""
        with suppress(ValidationError, SlackNotReached):
            actor = Actor.of(Interaction.model_validate(body))
            await self._slack_for(actor).open(str(body.get("trigger_id", "")), told(words.NAME, sentence))

    def modal(self, callback_id: str, save: Save, *, about_a_job: bool = True) -> None:
        """Register a modal. Its context is an `AboutJob`."""

        async def checked(submitted: Submitted) -> View | None:
            if about_a_job:
                await self._require(submitted, find=_of_modal)
            return await save(submitted)

        async def sent(ack: AsyncAck, body: dict[str, Any]) -> None:
            await answer_submission(ack, body, checked)

        self._app.view(callback_id)(sent)

    async def _require(self, payload: P, *, find: Callable[[Transaction, P], Collection[Job]]) -> None:
        found = await self._database.read(lambda tx: [job for job in find(tx, payload) if is_theirs(tx, job, payload)])
        await self._membership.require(Actor.of(payload), found)


def _of_button(tx: Transaction, pressed: PressedAnywhere) -> list[Job]:
    job = jobs.get(tx, JobId(pressed.value.partition(":")[0]))
    return [job] if job and Actor.of(pressed).sees(tx, job) else []


def _of_modal(tx: Transaction, submitted: Submitted) -> list[Job]:
    job = jobs.get(tx, JobId(AboutJob.load(submitted.view.private_metadata).job))
    return [job] if job else []


def _of_message(tx: Transaction, pressed: Pressed) -> list[Job]:
    channel, message = pressed.channel.id, pressed.message
    team = channel_homes.home_team(tx, organisation=pressed.organisation, team=pressed.team.id, channel=channel)
    return [
        job
        for ts in dict.fromkeys([message.ts, message.thread_ts])
        if ts
        for job in job_lists.on_message(tx, team=team, channel=channel, ts=ts)
    ]
