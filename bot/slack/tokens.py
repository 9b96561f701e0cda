"""The bot token of a workspace: a fixed one, or one under token rotation."""

from __future__ import annotations

from typing import Protocol

from pydantic import SecretStr


class BotToken(Protocol):
    """Gives the token for each call; it may be another one than for the call before."""

    async def current(self) -> SecretStr:
        """Return the token to call with. Raises `SlackNotAuthorised` if there is none, `SlackUnavailable`."""
        ...

    async def replacement_for(self, expired: SecretStr) -> SecretStr | None:
        """Return another token for an expired one; None if there is none. Raises what `current` does."""
        ...


class StaticToken:
    """A fixed token from the settings, which does not expire."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    async def current(self) -> SecretStr:
        """Return the fixed token."""
        return self._token

    async def replacement_for(self, expired: SecretStr) -> SecretStr | None:
        """Return None: a fixed token has no replacement."""
        del expired
        return None
