"""Botlhale's ways to say no.

Source: the response codes of Botlhale's documentation. 401 and 404 have an empty body. A 400 carries "an error entity
with a code and a description"; the names of its fields are published nowhere, so these are invented.
"""

from __future__ import annotations

import json

from sandbox.provider_server import Refusal


def refuse(status: int, description: str, *, code: str = "invalid_request") -> Refusal:
    """Refuse with an error entity."""
    entity = {"error": {"code": code, "description": description}}
    return Refusal(status, body=json.dumps(entity).encode())


def unauthorised() -> Refusal:
    """No valid bearer: 401, nothing more."""
    return Refusal(401)


def not_found() -> Refusal:
    """Nothing of that name: 404, nothing more."""
    return Refusal(404)
