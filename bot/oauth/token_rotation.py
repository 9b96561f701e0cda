"""A token out of the database, exchanged for another one before it expires.

What it is exchanged for is given once, so one does it at a time, on all machines: it is noted who and until when, then
Slack is asked, then the answer is noted. Whoever dies in between is followed by the next, with the same refresh token:
Slack takes that again for a short while (https://docs.slack.dev/authentication/using-token-rotation). The old token
goes on being good until it expires; after that a new installation helps.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from pydantic import BaseModel, SecretStr, ValidationError
from slack_sdk.web.async_client import AsyncWebClient

from bot.oauth.token_encryption import TokenCipher
from bot.slack.errors import (
    SDK_ERRORS,
    SlackNotAuthorised,
    SlackNotInstalled,
    SlackRefused,
    SlackUnavailable,
    translate,
)
from bot.timeouts import LANDING
from storage import installations
from storage.database import Database, StorageUnavailable
from storage.installations import Installed

AHEAD = timedelta(hours=2)
"""Before it expires, a token is exchanged: of twelve hours that Slack gives."""

PUT_OFF = timedelta(minutes=5)
"""Until an exchange is tried again that Slack has refused."""

RETRY_RECORDING = timedelta(seconds=1)
RECORDINGS = 60
"""Tries, about a minute: what is not recorded is lost."""

_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class InstallationRegistry:
    """Where installations are kept, what opens them, and who we are when tokens are exchanged."""

    database: Database
    cipher: TokenCipher
    client: AsyncWebClient
    client_id: str
    client_secret: SecretStr
    clock: Callable[[], datetime]


class _Fresh(BaseModel):
    access_token: SecretStr
    refresh_token: SecretStr
    expires_in: int


class RotatedToken:
    """What opens a team; `met` is told each time of the installation that was read for it."""

    def __init__(
        self, registry: InstallationRegistry, *, team: str, enterprise: str | None, met: Callable[[Installed], None]
    ) -> None:
        self._registry = registry
        self._team = team
        self.enterprise = enterprise
        self._met = met
        self._under_way: set[asyncio.Task[SecretStr | None]] = set()

    async def current(self) -> SecretStr:
        """The one that is kept, exchanged where it expires soon."""
        seen = await self._seen()
        now = self._registry.clock()
        if seen.expires_at is None or now < seen.expires_at - AHEAD:
            return self._open(seen)
        if now >= seen.expires_at:
            return await self._exchanged_for_sure(seen)
        renewed = None
        with suppress(SlackNotAuthorised):  # the old one is still good
            renewed = await self._exchanged(seen)
        return renewed or self._open(seen)

    async def replacement_for(self, expired: SecretStr) -> SecretStr | None:
        """The one that is kept by now, or what that is exchanged for; None for one that should not expire."""
        seen = await self._seen()
        kept = self._open(seen)
        if kept != expired:
            return kept
        if seen.refresh_token is None:
            return None
        return await self._exchanged_for_sure(seen)

    async def settled(self) -> None:
        """Wait for an exchange that is under way, whatever comes of it."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _seen(self) -> Installed:
        team, enterprise = self._team, self.enterprise
        found = await self._registry.database.read(
            lambda tx: installations.opening(tx, team=team, enterprise=enterprise)
        )
        if found is None:
            raise SlackNotInstalled("not installed there")
        self._met(found)
        return found

    def _open(self, seen: Installed) -> SecretStr:
        return self._registry.cipher.open(seen.token, place=seen.place)

    async def _exchanged_for_sure(self, seen: Installed) -> SecretStr:
        renewed = await self._exchanged(seen)
        if renewed is None:
            raise SlackUnavailable("token_expired: not exchanged yet", maybe_done=False)
        return renewed

    async def _exchanged(self, seen: Installed) -> SecretStr | None:
        """What the token is exchanged for; None where another is at it, or Slack does not answer.

        Raises `SlackNotAuthorised` where Slack refuses it. Goes on where nobody waits for it any more: what Slack gives
        once has to be kept.
        """
        exchange = asyncio.create_task(self._exchange(seen))
        self._under_way.add(exchange)
        exchange.add_done_callback(self._over)
        return await asyncio.shield(exchange)

    def _over(self, exchange: asyncio.Task[SecretStr | None]) -> None:
        self._under_way.discard(exchange)
        if not exchange.cancelled():
            exchange.exception()  # whoever waited has it

    async def _exchange(self, seen: Installed) -> SecretStr | None:
        by = secrets.token_hex(8)
        if seen.refresh_token is None or not await self._begin(seen, by):
            return None
        refresh_token = self._registry.cipher.open(seen.refresh_token, place=seen.place)
        try:
            fresh = await self._ask(refresh_token)
        except (SlackNotAuthorised, SlackRefused) as refused:
            _log.error("token_rotation_failed", place=seen.place, error=str(refused))
            await self._put_off(seen, by)
            raise SlackNotAuthorised(f"token_expired: not exchanged ({refused})") from None
        except SlackUnavailable as error:  # it may have been done: the next one tries once that has landed
            _log.warning("token_rotation_failed", place=seen.place, error=str(error))
            return None
        await self._record(seen, fresh)
        _log.info("token_rotated", place=seen.place)
        return fresh.access_token

    async def _begin(self, seen: Installed, by: str) -> bool:
        now = self._registry.clock()
        return await self._registry.database.write(
            lambda tx: installations.begin_rotation(tx, seen, by=by, now=now, until=now + LANDING)
        )

    async def _put_off(self, seen: Installed, by: str) -> None:
        until = self._registry.clock() + PUT_OFF
        await self._registry.database.write(
            lambda tx: installations.postpone_rotation(tx, seen.place, by=by, until=until)
        )

    async def _ask(self, refresh_token: SecretStr) -> _Fresh:
        method = "oauth.v2.access"
        try:
            response = await self._registry.client.oauth_v2_access(
                client_id=self._registry.client_id,
                client_secret=self._registry.client_secret.get_secret_value(),
                grant_type="refresh_token",
                refresh_token=refresh_token.get_secret_value(),
            )
        except SDK_ERRORS as error:
            raise translate(method, error) from None
        try:
            return _Fresh.model_validate(response.data)
        except ValidationError:
            raise SlackUnavailable(f"{method}: not as documented") from None

    async def _record(self, seen: Installed, fresh: _Fresh) -> None:
        seal, place = self._registry.cipher.encrypt, seen.place
        token, refresh_token = seal(fresh.access_token, place=place), seal(fresh.refresh_token, place=place)
        expires_at = self._registry.clock() + timedelta(seconds=fresh.expires_in)
        for left in reversed(range(RECORDINGS)):
            try:
                await self._registry.database.write(
                    lambda tx: installations.complete_rotation(
                        tx, seen, token=token, refresh_token=refresh_token, expires_at=expires_at
                    )
                )
            except StorageUnavailable:
                if not left:
                    raise
            else:
                return
            await asyncio.sleep(RETRY_RECORDING.total_seconds())
