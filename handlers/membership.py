"""Ask whether a person is in the conversation of a recording now, before anything of it is shown or changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from handlers import words
from handlers.actor import Actor
from handlers.responses import Declined
from handlers.slack import KnowsMembers
from storage.job import Job


@dataclass(frozen=True, kw_only=True, slots=True)
class Membership:
    """Asks Slack each time, since a removal a second ago counts: one call, more for a person in a thousand channels."""

    slack_of: Callable[[Job], KnowsMembers]

    async def require(self, actor: Actor, jobs: Iterable[Job], *, sentence: str = words.NOT_IN_CONVERSATION) -> None:
        """Raise `Declined` unless both the person and the bot are in the conversation of each job.

        Nobody can leave a direct message with the bot. Raises `SlackNotReached`: what Slack does not say is not so.
        """
        by_channel = {job.origin.channel: job for job in jobs if not job.origin.channel.startswith("D")}
        asked = (self.slack_of(job).is_in(actor.user, channel, team=actor.team) for channel, job in by_channel.items())
        if not all(await asyncio.gather(*asked)):
            raise Declined(sentence)
