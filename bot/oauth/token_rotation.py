"""Token rotation: a bot token from the database is replaced by a new one before it expires.

Slack gives the new tokens only once, so one process rotates a token at a time, among all machines: it notes that it
does and until when, asks Slack, and stores the answer. If it dies in between, the next one uses the same refresh token,
which Slack accepts again for a short while (https://docs.slack.dev/authentication/using-token-rotation). The old token
is valid until it expires; if there is no new one by then, a new installation helps.
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
"""A token is rotated this long before it expires; Slack's tokens are valid for twelve hours."""

PUT_OFF = timedelta(minutes=5)
"""Until a rotation is retried that Slack has refused."""

RETRY_RECORDING = timedelta(seconds=1)
RECORDINGS = 60
"""Tries to store new tokens, for about a minute: tokens that are not stored are lost."""

_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class InstallationRegistry:
    """Where installations are kept, what decrypts their tokens, and the app's credentials for token rotation."""

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
    """The token that opens a team; `on_read` is called with the installation each time that it is read."""

    def __init__(
        self, registry: InstallationRegistry, *, team: str, enterprise: str | None, on_read: Callable[[Installed], None]
    ) -> None:
        self._registry = registry
        self._team = team
        self.enterprise = enterprise
        self._on_read = on_read
        self._under_way: set[asyncio.Task[SecretStr | None]] = set()

    async def current(self) -> SecretStr:
        """Return the stored token; it is rotated first if it expires soon."""
        seen = await self._seen()
        now = self._registry.clock()
        if seen.expires_at is None or now < seen.expires_at - AHEAD:
            return self._open(seen)
        if now >= seen.expires_at:
            return await self._rotated_or_unavailable(seen)
        rotated = None
        with suppress(SlackNotAuthorised):  # the old token is still valid
            rotated = await self._rotated(seen)
        return rotated or self._open(seen)

    async def replacement_for(self, expired: SecretStr) -> SecretStr | None:
        """Return the stored token if it is a newer one, else rotate it; None if it has no refresh token."""
        seen = await self._seen()
        kept = self._open(seen)
        if kept != expired:
            return kept
        if seen.refresh_token is None:
            return None
        return await self._rotated_or_unavailable(seen)

    async def settled(self) -> None:
        """Wait for rotations under way, whatever their outcome."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _seen(self) -> Installed:
        team, enterprise = self._team, self.enterprise
        found = await self._registry.database.read(
            lambda tx: installations.opening(tx, team=team, enterprise=enterprise)
        )
        if found is None:
            raise SlackNotInstalled("not installed there")
        self._on_read(found)
        return found

    def _open(self, seen: Installed) -> SecretStr:
        return self._registry.cipher.decrypt(seen.token, place=seen.place)

    async def _rotated_or_unavailable(self, seen: Installed) -> SecretStr:
        rotated = await self._rotated(seen)
        if rotated is None:
            raise SlackUnavailable("token_expired: not exchanged yet", maybe_done=False)
        return rotated

    async def _rotated(self, seen: Installed) -> SecretStr | None:
        """Rotate the token and return the new one; None if another process does so or Slack does not answer.

        Raises `SlackNotAuthorised` if Slack refuses. It goes on if its caller is cancelled: Slack gives the new tokens
        once.
        """
        rotation = asyncio.create_task(self._rotate(seen))
        self._under_way.add(rotation)
        rotation.add_done_callback(self._over)
        return await asyncio.shield(rotation)

    def _over(self, rotation: asyncio.Task[SecretStr | None]) -> None:
        self._under_way.discard(rotation)
        if not rotation.cancelled():
            rotation.exception()  # read here, or asyncio would log it; the caller has it

    async def _rotate(self, seen: Installed) -> SecretStr | None:
        by = secrets.token_hex(8)
        if seen.refresh_token is None or not await self._begin(seen, by):
            return None
        refresh_token = self._registry.cipher.decrypt(seen.refresh_token, place=seen.place)
        try:
            fresh = await self._ask(refresh_token)
        except (SlackNotAuthorised, SlackRefused) as refused:
            _log.error("token_rotation_failed", place=seen.place, error=str(refused))
            await self._put_off(seen, by)
            raise SlackNotAuthorised(f"token_expired: not exchanged ({refused})") from None
        except SlackUnavailable as error:  # it may have taken effect: the next try comes after that has landed
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
        encrypt, place = self._registry.cipher.encrypt, seen.place
        token, refresh_token = encrypt(fresh.access_token, place=place), encrypt(fresh.refresh_token, place=place)
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
