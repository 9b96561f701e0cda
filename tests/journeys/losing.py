"""What Slack tells while a bot can store nothing: an event, or that it dropped some."""

from __future__ import annotations

from typing import Literal

from sandbox.slack import Share, Slack
from tests.journeys.bench import recording

Loss = Literal["an event", "that events were dropped"]


async def lose(slack: Slack, loss: Loss) -> Share:
    """Share something of which the bot, which can store nothing just now, hears once or hears that it was dropped."""
    slack.retry_delays = ()
    if loss == "an event":
        before = len(slack.deliveries)
        share = await slack.share(slack.channel("general"), [recording()])
        await slack.until(lambda: [one for one in slack.deliveries[before:] if one.type == "file_shared"])
        assert {one.status for one in slack.deliveries[before:] if one.type == "file_shared"} == {500}
    else:
        assert (await slack.limit_events()).status == 500
        share = await slack.share(slack.channel("general"), [recording()])
        await slack.quiet()
        slack.drops_events = False
    await slack.quiet()
    return share
