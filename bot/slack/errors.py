"""Errors of Slack calls: temporary, not authorised, or refused, translated from Slack's hundred codes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import timedelta

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from transcription.connection_faults import ConnectionFault, connection_fault

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
_MISSING_SCOPE = "missing_scope"

UNAUTHORISED = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "not_authed",
        "token_revoked",
        _MISSING_SCOPE,
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
"""In seconds."""


class SlackUnavailable(Exception):
    """Temporary. `retry_after`: the wait that Slack asks for. `maybe_done`: the call may have taken effect anyway.

    `fault`: why no connection came about.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: timedelta | None = None,
        maybe_done: bool = True,
        fault: ConnectionFault | None = None,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.maybe_done = maybe_done
        self.fault = fault


class SlackNotAuthorised(SlackUnavailable):
    """A token or a scope is missing. Only the operator can help, and jobs wait. The call had no effect.

    `code`: Slack's error code, where the call was made with the workspace's own token. `needed`: the scopes of which
    the call needs one, where that is what is missing.
    """

    def __init__(self, message: str, *, code: str = "", needed: frozenset[str] = frozenset()) -> None:
        super().__init__(message, maybe_done=False)
        self.code = code
        self.needed = needed

    @property
    def is_about_scopes(self) -> bool:
        """Whether the app was installed without the scope for the call."""
        return self.code == _MISSING_SCOPE

    @property
    def is_removal(self) -> bool:
        """Whether the app was removed there. Other causes, e.g. a wrong key or a workspace's rule, may pass."""
        return self.code in _REMOVED


class SlackNotInstalled(SlackNotAuthorised):
    """The workspace has not installed the app, or has removed it; only a new installation helps."""

    @property
    def is_removal(self) -> bool:
        """Return True: the app is not installed."""
        return True


class SlackTokenExpired(SlackNotAuthorised):
    """The token has expired; there may be a newer one."""


class SlackRefused(Exception):
    """Final: Slack will not do this. `code` is Slack's error code."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"{method}: {code}")
        self.code = code


SDK_ERRORS = (SlackClientError, aiohttp.ClientError, asyncio.TimeoutError, OSError)
"""What slack_sdk's client raises when its own retries are off."""


def translate(method: str, error: Exception) -> SlackUnavailable | SlackRefused:
    """Translate an error that slack_sdk raised for `method`."""
    if not isinstance(error, SlackApiError):
        # Without a connection nothing was sent.
        maybe_done = not isinstance(error, aiohttp.ClientConnectorError)
        fault = None if maybe_done else connection_fault(error)
        return SlackUnavailable(f"{method}: {fault or type(error).__name__}", maybe_done=maybe_done, fault=fault)
    status, headers = getattr(error.response, "status_code", 0), getattr(error.response, "headers", {})
    data = getattr(error.response, "data", None)
    said = str(data.get("error", "")) if isinstance(data, dict) else ""
    # Slack's codes are logged and stored. Any other text may come from e.g. a proxy, and is left out.
    code = said if _CODE.fullmatch(said) else ""
    too_many = 429
    if status == too_many or code in {"ratelimited", "rate_limited"}:
        return SlackUnavailable(f"{method}: ratelimited", retry_after=retry_after(headers), maybe_done=False)
    if code == "token_expired":
        return SlackTokenExpired(f"{method}: {code}")
    if code in UNAUTHORISED:
        needed = str(data.get("needed") or "") if isinstance(data, dict) else ""
        return SlackNotAuthorised(f"{method}: {code}", code=code, needed=scopes_in(needed))
    if not code or code in TEMPORARY or status >= _SERVER:
        return SlackUnavailable(f"{method}: {code or status}", retry_after=retry_after(headers))
    return SlackRefused(method, code)


def scopes_in(text: str) -> frozenset[str]:
    """Return the scopes in a list of Slack's: with commas between them."""
    return frozenset(scope.strip() for scope in text.split(",") if scope.strip())


def retry_after(headers: Mapping[str, object]) -> timedelta | None:
    """Return the wait that Slack asks for (`Retry-After`), at most a day; None if it asks for none."""
    for name, value in headers.items():
        text = str(value)
        if name.lower() == "retry-after" and text.isascii() and text.isdigit():
            return timedelta(seconds=min(int(text[:9]), _LONGEST_WAIT))
    return None
