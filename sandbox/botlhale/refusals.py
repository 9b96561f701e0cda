"""Error answers of the Botlhale stand-in.

Source: the response codes in Botlhale's documentation. 401 and 404 have an empty body. A 400 carries "an error entity
with a code and a description"; the names of its fields are undocumented, so these are invented.
"""

from __future__ import annotations

import json

from sandbox.provider_server import Refusal


def refuse(status: int, description: str, *, code: str = "invalid_request") -> Refusal:
    """Return a refusal with an error entity."""
    entity = {"error": {"code": code, "description": description}}
    return Refusal(status, body=json.dumps(entity).encode())


def unauthorised() -> Refusal:
    """Return the refusal for a missing or invalid access token: 401 with an empty body."""
    return Refusal(401)


def not_found() -> Refusal:
    """Return the refusal for an unknown name: 404 with an empty body."""
    return Refusal(404)
