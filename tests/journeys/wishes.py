"""User actions against a bot that is killed and restarted: they are retried until they succeed, as users do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from handlers import words
from handlers.action_ids import EXPORT, RERUN, TRANSCRIPT_MENU
from sandbox.slack import Share, Slack
from tests.journeys.bench import press_control
from tests.journeys.database_probe import Books

EMOJI = "studio_microphone"

CORRECTED = "These are the words that somebody corrected."


class Wisher:
    """Amara, who shared the recording; `books` tell what came of it."""

    def __init__(self, slack: Slack, share: Share, books: Books, provider: Any) -> None:
        self._slack = slack
        self._share = share
        self._books = books
        self._provider = provider

    async def again(self) -> None:
        """Have it transcribed in another way."""
        while not any(job["retried"] for job in await self._books.jobs()):
            self._slack.modals.clear()
            [reply] = [message for message in self._slack.messages(self._share.channel.id) if message.by_bot]
            await press_control(self._slack, reply, RERUN)
            for form in list(self._slack.modals.values()):
                await self._slack.send(form, {words.CHOOSE_SPEAKERS: "2"})
            await asyncio.sleep(0.1)

    async def again_in_vain(self) -> None:
        """The same, and it comes to nothing."""
        self._provider.fail_next()
        await self.again()

    async def export(self) -> None:
        """Have it as a file, for oneself alone: the same form is sent until it is taken."""
        while not any(job["exports"] for job in await self._books.jobs()):
            if not self._slack.modals:
                [reply] = [message for message in self._slack.messages(self._share.channel.id) if message.by_bot]
                await self._slack.press(reply, EXPORT)
            for form in list(self._slack.modals.values()):
                await self._slack.send(form, {})
            await asyncio.sleep(0.1)

    async def correct(self) -> None:
        """Correct the first words: the form is opened anew until it is taken."""
        while not any(job["corrections"] for job in await self._books.jobs()):
            self._slack.modals.clear()
            [reply] = [message for message in self._slack.messages(self._share.channel.id) if message.by_bot]
            await self._slack.press(reply, TRANSCRIPT_MENU, option=words.CORRECT)
            for form in list(self._slack.modals.values()):
                await self._slack.send(form, _first_passage(form))
            for form in list(self._slack.modals.values()):
                await self._slack.send(form, {words.CORRECTING_MENDED: CORRECTED})
            await asyncio.sleep(0.1)

    async def settings(self) -> None:
        """Say what the channel wants."""
        while not await self._books.preferences():
            self._slack.modals.clear()
            await self._slack.command("/transcripts", "settings", channel=self._share.channel)
            for form in list(self._slack.modals.values()):
                await self._slack.send(form, {words.CHOOSE_MARKS: words.WITHOUT_MARKS})
            await asyncio.sleep(0.1)

    async def rate_limit(self) -> None:
        """Let Slack say that it drops events, until it is heard."""
        told = {"type": "app_rate_limited", "minute_rate_limited": int(time.time())}
        while (await self._slack.deliver(told)).status != HTTPStatus.OK:  # noqa: ASYNC110 - until it is heard
            await asyncio.sleep(0.1)

    async def another_id(self) -> None:
        """Share the channel with another company; Slack tells of it until it is heard."""
        old = self._share.channel.id
        await self._slack.change_channel_id(self._share.channel, external=False)
        told = {"type": "channel_id_changed", "old_channel_id": old, "new_channel_id": self._share.channel.id}
        while (await self._slack.deliver(told)).status != HTTPStatus.OK:  # noqa: ASYNC110 - until it is heard
            await asyncio.sleep(0.1)

    async def reaction(self) -> None:
        """Ask for what is there already; Slack tells of it until it is heard."""
        self._slack.react(self._share.channel, self._share.ts, EMOJI)
        await self._slack.quiet()


def _first_passage(form: dict[str, Any]) -> dict[str, str]:
    """What to enter for the first passage: a long transcript asks for its words."""
    [field] = [block for block in form["blocks"] if block["type"] == "input"]
    if field["element"]["type"] == "static_select":
        return {words.CORRECTING_PASSAGE: field["element"]["options"][0]["text"]["text"]}
    return {words.CORRECTING_FIND: '"number 0 of"'}


WISHES: Mapping[str, Callable[[Wisher], Awaitable[None]]] = MappingProxyType(
    {
        "write handlers.responses:write_with_retry": Wisher.again,
        "workspace.post_ephemeral": Wisher.again_in_vain,
        "workspace.open_direct": Wisher.export,
        "write handlers.exporting:ExportActions.save": Wisher.export,
        "write handlers.correcting:CorrectActions._store": Wisher.correct,
        "workspace.conversations_of": Wisher.settings,
        "write handlers.preferences:SettingsForms.save": Wisher.settings,
        "workspace.message": Wisher.reaction,
        "write handlers.rate_limited:register.<locals>.rate_limited": Wisher.rate_limit,
        "write handlers.channel_changes:register.<locals>.id_changed": Wisher.another_id,
    }
)
"""What is passed only when somebody wants something more."""
