"""Botlhale's bearer token: the one secret that lives long is exchanged for a short one when a call needs it.

Many jobs may need a token at the same moment; one of them fetches it, the others wait and share it.
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
"""How long before its end a token is exchanged, so that none expires on the way."""

ASSUMED = timedelta(minutes=50)
"""The life of a token whose stated life is missing or cannot be true; samples say 0, an hour and a day."""

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
    """Read either shape of token answer; `AccessToken` is never the bearer. Pure.

    Raises `Misunderstood` where there is no token, or one that no header can carry. The body is never kept.
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
    """Hands out the current token. `exchange` fetches one; `clock` tells the aware UTC time."""

    def __init__(self, *, exchange: Callable[[], Awaitable[AccessToken]], clock: Callable[[], datetime]) -> None:
        self._exchange = exchange
        self._clock = clock
        self._lock = asyncio.Lock()
        self._held: _Held | None = None

    async def current(self, *, rejected: str | None = None) -> str:
        """Give a token that is not `rejected`, the one that a call was just refused with.

        Raises what the exchange raises; nothing is kept of a failure, so the next caller tries anew.
        """
        async with self._lock:
            held = self._held
            if held is None or held.text == rejected or self._clock() >= held.until:
                asked_at = self._clock()
                fresh = await self._exchange()
                held = self._held = _Held(text=fresh.text, until=asked_at + fresh.life)
            return held.text
