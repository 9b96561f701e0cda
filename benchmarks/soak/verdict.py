"""The verdict of the soak test: how each recording ended, and what is left that should not be there."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

from benchmarks.soak.floods import FORGED
from benchmarks.soak.load import Offered, words
from sandbox.slack import Channel, Message, Slack

DRAIN = 900.0
"""Seconds after which a recording without a reply counts as lost."""


class Verdict:
    """What Slack shows of all that was offered."""

    def __init__(self, slack: Slack, *, offered: Offered, channels: Sequence[Channel]) -> None:
        self._slack = slack
        self._offered = offered
        self._channels = channels

    def answered(self) -> int:
        """Return how many recordings have a reply."""
        return sum(bool(self._slack.replies(share)) for share, _ in self._offered.shares)

    async def quiet(self) -> float:
        """Wait until every recording has a reply, or the time is over. Return the seconds."""
        begun = time.monotonic()
        while time.monotonic() - begun < DRAIN:
            if self.answered() == len(self._offered.shares) and not self.left_behind():
                break
            await asyncio.sleep(1)
        await asyncio.sleep(5)  # a second reply would arrive now
        return time.monotonic() - begun

    def ends(self) -> Counter[str]:
        """Return how each recording ended."""
        return Counter(_end_of(self._slack.replies(share), words(number)) for share, number in self._offered.shares)

    def left_behind(self) -> int:
        """Return how many deleted recordings still have a reply."""
        return sum(bool(self._slack.replies(share)) for share in self._offered.deleted)

    def astray(self) -> int:
        """Return the number of the bot's messages outside the recordings' threads."""
        spoken = [message for channel in self._channels for message in self._slack.messages(channel.id)]
        shares = [*(share for share, _ in self._offered.shares), *self._offered.deleted]
        return len([message for message in spoken if message.by_bot]) - sum(
            len(self._slack.replies(share)) for share in shares
        )

    def tell(self) -> bool:
        """Print it. Return whether nothing was doubled, lost, misplaced or forged."""
        ends, behind, astray = self.ends(), self.left_behind(), self.astray()
        print(f"accepted                 {len(self._offered.shares)}")
        print(f"deleted at once          {len(self._offered.deleted)}")
        for end in ("replied", "failed with a sentence", "with another's words", "forged", "doubled", "lost"):
            print(f"{end:25}{ends[end]}")
        print(f"{'left of deleted ones':25}{behind}\n{'in no thread':25}{astray}")
        wrong = sum(ends[end] for end in ("with another's words", "forged", "doubled", "lost"))
        return not (wrong or astray or behind)


def _end_of(replies: Sequence[Message], wanted: str) -> str:
    if not replies:
        return "lost"
    if len(replies) > 1:
        return "doubled"
    said = str(replies[0].blocks)
    if FORGED in said:
        return "forged"
    if "recording number" not in said:
        return "failed with a sentence"
    return "replied" if wanted in said else "with another's words"
