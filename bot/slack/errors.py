"""What Slack's answers mean for us: three kinds of error in place of its hundred codes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import timedelta

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

TEMPORARY = frozenset(
    {
        "fatal_error",
        "internal_error",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
        "accesslimited",
        "external_channel_migrating",
        "org_login_required",
    }
)
UNAUTHORISED = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "not_authed",
        "token_revoked",
        "missing_scope",
        "not_allowed_token_type",
        "no_permission",
        "ekm_access_denied",
        "team_access_not_granted",
        "two_factor_setup_required",
    }
)

_REMOVED = frozenset({"account_inactive", "token_revoked"})

_CODE = re.compile(r"[a-z0-9_.:-]{1,80}", re.ASCII | re.IGNORECASE)
_SERVER = 500
_LONGEST_WAIT = 24 * 3600
"""Seconds."""


class SlackUnavailable(Exception):
    """Temporary. `maybe_done`: the call may have taken effect all the same."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None, maybe_done: bool = True) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.maybe_done = maybe_done


class SlackNotAuthorised(SlackUnavailable):
    """The operator's problem: a token or a scope is missing; jobs wait. Nothing was done.

    `code`: Slack's word for it, where it was asked with the token of the place.
    """

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message, maybe_done=False)
        self.code = code

    @property
    def is_removal(self) -> bool:
        """Whether the app is not there any more. Whatever else it is, a key of ours or a rule of theirs, may pass."""
        return self.code in _REMOVED


class SlackNotInstalled(SlackNotAuthorised):
    """The workspace has not installed the app, or not any more: nobody here can help, a new installation does."""

    @property
    def is_removal(self) -> bool:
        """It is one."""
        return True


class SlackTokenExpired(SlackNotAuthorised):
    """The token was good until a while ago; there may be another one."""


class SlackRefused(Exception):
    """Final: Slack will not do this. `code` is Slack's own word for why."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"{method}: {code}")
        self.code = code


SDK_ERRORS = (SlackClientError, aiohttp.ClientError, asyncio.TimeoutError, OSError)
"""What slack_sdk's client lets through when its own retries are off."""


def translate(method: str, error: Exception) -> SlackUnavailable | SlackRefused:
    """Translate what slack_sdk raised for `method`."""
    if not isinstance(error, SlackApiError):
        # A connection that never stood has carried nothing.
        maybe_done = not isinstance(error, aiohttp.ClientConnectorError)
        return SlackUnavailable(f"{method}: {type(error).__name__}", maybe_done=maybe_done)
    status, headers = getattr(error.response, "status_code", 0), getattr(error.response, "headers", {})
    data = getattr(error.response, "data", None)
    said = str(data.get("error", "")) if isinstance(data, dict) else ""
    # Slack speaks in codes, which are logged and kept. Whatever else it is, somebody in between has said it.
    code = said if _CODE.fullmatch(said) else ""
    too_many = 429
    if status == too_many or code in {"ratelimited", "rate_limited"}:
        return SlackUnavailable(f"{method}: ratelimited", retry_after=retry_after(headers), maybe_done=False)
    if code == "token_expired":
        return SlackTokenExpired(f"{method}: {code}")
    if code in UNAUTHORISED:
        return SlackNotAuthorised(f"{method}: {code}", code=code)
    if not code or code in TEMPORARY or status >= _SERVER:
        return SlackUnavailable(f"{method}: {code or status}", retry_after=retry_after(headers))
    return SlackRefused(method, code)


def retry_after(headers: Mapping[str, object]) -> timedelta | None:
    """How long Slack asks us to wait, at most a day."""
    for name, value in headers.items():
        text = str(value)
        if name.lower() == "retry-after" and text.isascii() and text.isdigit():
            return timedelta(seconds=min(int(text[:9]), _LONGEST_WAIT))
    return None
