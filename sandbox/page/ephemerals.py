"""The messages that only the page's person sees: answers to commands and buttons, and `chat.postEphemeral`."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass

from sandbox.slack import CommandAnswer, Slack
from sandbox.slack.values import Json

FOLLOWED = 30 * 60
"""Seconds in which a `response_url` can be used."""


@dataclass(kw_only=True, eq=False)
class Ephemeral:
    """One of them, where it is shown."""

    ts: str
    channel_id: str
    thread_ts: str | None
    text: str
    blocks: list[Json]


@dataclass(kw_only=True, eq=False)
class _Followed:
    answer: CommandAnswer
    channel_id: str
    of: Ephemeral | None
    since: float
    seen: int = 0


class Ephemerals:
    """What `person` sees, until it is dismissed or the page ends."""

    def __init__(self, slack: Slack, *, person: str) -> None:
        self._slack = slack
        self._person = person
        self._shown: list[Ephemeral] = []
        self._followed: list[_Followed] = []
        self._posted = 0
        self._numbers = itertools.count(1)

    def follow(self, answer: CommandAnswer, *, channel_id: str, pressed: Ephemeral | None = None) -> None:
        """Show what comes as an answer in this conversation; `pressed` is the message that may be replaced by it."""
        self._followed.append(_Followed(answer=answer, channel_id=channel_id, of=pressed, since=time.monotonic()))

    def find(self, ts: str) -> Ephemeral:
        """Return the one with this `ts`. Raises KeyError."""
        for shown in self._shown:
            if shown.ts == ts:
                return shown
        raise KeyError(ts)

    def dismiss(self, ts: str) -> None:
        """Show it no longer."""
        self._shown = [shown for shown in self._shown if shown.ts != ts]

    def shown(self) -> list[Ephemeral]:
        """Return all that are to be seen now, oldest first."""
        for posted in self._slack.ephemerals[self._posted :]:
            self._posted += 1
            if posted["user"] == self._person:
                self._show(posted, channel_id=posted["channel"])
        for followed in self._followed:
            for said in followed.answer.messages[followed.seen :]:
                followed.seen += 1
                self._take(followed, said)
        now = time.monotonic()
        self._followed = [followed for followed in self._followed if now - followed.since < FOLLOWED]
        return list(self._shown)

    def _take(self, followed: _Followed, said: Json) -> None:
        if said.get("response_type") == "in_channel":
            return  # it is a message of the conversation
        if followed.of is not None and (said.get("replace_original") or said.get("delete_original")):
            self.dismiss(followed.of.ts)
        if said.get("text") or said.get("blocks"):
            self._show(said, channel_id=followed.channel_id)

    def _show(self, said: Json, *, channel_id: str) -> None:
        stamp = f"{time.time():.3f}{next(self._numbers) % 1000:03}"
        self._shown.append(
            Ephemeral(
                ts=stamp,
                channel_id=channel_id,
                thread_ts=said.get("thread_ts") or None,
                text=str(said.get("text", "")),
                blocks=list(said.get("blocks") or []),
            )
        )
