"""Parse a Web API request: the token and the arguments, in any encoding.

Slack accepts arguments in the query, as a form, as multipart or as JSON (https://docs.slack.dev/apis/web-api/#methods).
Lists and objects in a form are JSON strings.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sandbox.slack.grants import Grant
from sandbox.slack.refusal import Denied
from sandbox.slack.values import Json


class Arguments:
    """The arguments of one call."""

    def __init__(self, sent: Mapping[str, Any], *, grant: Grant | None = None) -> None:
        self.sent = dict(sent)
        self.grant = grant
        """What the token of the call gives access to."""

    def text(self, name: str) -> str:
        """Return an argument as a string; "" if it was not sent."""
        value = self.sent.get(name)
        return "" if value is None else str(value)

    def flag(self, name: str) -> bool:
        """Return an argument as a boolean."""
        return self.text(name).lower() in {"1", "true"}

    def number(self, name: str, otherwise: float, *, malformed: str) -> float:
        """Return an argument as a number. Raises the error `malformed` if it is none."""
        try:
            return float(self.text(name) or otherwise)
        except ValueError:
            raise Denied(malformed) from None

    def value(self, name: str, *, malformed: str) -> Any:
        """Return a list or an object; None if it was not sent. Raises the error `malformed` if it is not JSON."""
        value = self.sent.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise Denied(malformed) from None


async def read_request(request: web.Request) -> tuple[str | None, Json]:
    """Return the token, or None, and the arguments without it."""
    sent: Json = dict(request.query)
    token: str | None = None
    if request.content_type == "application/json":
        # Slack ignores a token inside a JSON body: it must be in the header.
        sent |= _json_object(await request.read())
        sent.pop("token", None)
    elif request.method == "POST":
        sent |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    token = sent.pop("token", None)
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":  # how the app sends its client id and secret
        sent["client_id"], _, sent["client_secret"] = base64.b64decode(bearer).decode().partition(":")
    return (bearer if scheme.lower() == "bearer" and bearer else token), sent


def _json_object(body: bytes) -> Json:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
