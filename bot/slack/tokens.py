"""The bot token of a workspace, for whoever calls Slack: one that stays, or one that is exchanged now and then."""

from __future__ import annotations

from typing import Protocol

from pydantic import SecretStr


class BotToken(Protocol):
    """Asked before every call: it may be another one than a moment ago."""

    async def current(self) -> SecretStr:
        """The one to call with. Raises `SlackNotAuthorised` where there is none, `SlackUnavailable`."""
        ...

    async def replacement_for(self, expired: SecretStr) -> SecretStr | None:
        """Another one for one that Slack calls expired; None where there is no other. Raises what `current` does."""
        ...


class StaticToken:
    """One from the settings, which does not expire."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    async def current(self) -> SecretStr:
        """It."""
        return self._token

    async def replacement_for(self, expired: SecretStr) -> SecretStr | None:
        """None."""
        del expired
        return None
