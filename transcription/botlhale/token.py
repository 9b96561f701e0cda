"""Botlhale's bearer token: exchange the long-lived refresh token for a short-lived access token when a call needs one.

Several jobs may need a token at the same moment: one of them fetches it, the others wait and share it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import Field

from transcription.errors import Misunderstood
from transcription.wire import LeadingNumber, Wire, read_as

EARLY = timedelta(minutes=5)
"""How long before its expiry a token is replaced, so that it does not expire during a call."""

ASSUMED = timedelta(minutes=50)
"""The assumed lifetime of a token if the stated one is missing or implausible. Samples say 0, one hour and one day."""

LONGEST = timedelta(days=31)


class _AuthenticationResult(Wire):
    id_token: str = Field(alias="IdToken")
    expires_in: LeadingNumber = Field(None, alias="ExpiresIn")


class _TokenAnswer(Wire):
    token: str | None = None
    expires: LeadingNumber = None
    authentication_result: _AuthenticationResult | None = Field(None, alias="AuthenticationResult")


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessToken:
    """A bearer token and how long to use it."""

    text: str = field(repr=False)
    life: timedelta


def read_token(body: bytes) -> AccessToken:
    """Parse either form of the token answer and return the ID token or `token`, never the field `AccessToken`. Pure.

    Raises `Misunderstood` if there is no token, or one that cannot be sent in a header. The body is never logged or
    stored.
    """
    answer = read_as(_TokenAnswer, body, what="the token answer", keep=False)
    old = answer.authentication_result
    text, seconds = (old.id_token, old.expires_in) if old and not answer.token else (answer.token, answer.expires)
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise Misunderstood("the token answer holds no token")
    stated = timedelta(seconds=seconds or 0)
    return AccessToken(text=text, life=(stated if EARLY < stated <= LONGEST else ASSUMED) - EARLY)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held:
    text: str = field(repr=False)
    until: datetime


class Bearer:
    """A cache of the current token. `fetch` requests a new one; `clock` returns the aware UTC time."""

    def __init__(self, *, fetch: Callable[[], Awaitable[AccessToken]], clock: Callable[[], datetime]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = asyncio.Lock()
        self._held: _Held | None = None

    async def current(self, *, rejected: str | None = None) -> str:
        """Return a valid token other than `rejected`, which is the token that a call was just refused with.

        Raises what `fetch` raises. A failure is not cached: the next caller tries again.
        """
        async with self._lock:
            held = self._held
            if held is None or held.text == rejected or self._clock() >= held.until:
                asked_at = self._clock()
                fresh = await self._fetch()
                held = self._held = _Held(text=fresh.text, until=asked_at + fresh.life)
            return held.text
