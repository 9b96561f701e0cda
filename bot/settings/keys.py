"""An encryption key in the settings: 32 bytes, in standard or URL-safe base64."""

from __future__ import annotations

import base64
from typing import Annotated

from pydantic import AfterValidator, SecretStr

LENGTH = 32
"""In bytes."""


def _key(value: SecretStr) -> SecretStr:
    try:
        raw = base64.urlsafe_b64decode(value.get_secret_value())
    except ValueError:
        raw = b""
    if len(raw) != LENGTH:
        raise ValueError("make one with `openssl rand -base64 32`")
    return value


Key = Annotated[SecretStr, AfterValidator(_key)]
