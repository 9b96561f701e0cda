"""Web addresses in the settings, checked strictly: a mistake is reported at the start, not by a failing call."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_HOST = re.compile(r"[A-Za-z0-9.-]+|[0-9a-fA-F:.]+")


def base_url(value: str) -> str:
    """Return an address without a path as `scheme://host`. Raises `ValueError` with the fix."""
    parts = _parts(value.strip().rstrip("/"), example="https://host, without a path")
    if parts.path:
        raise ValueError("give the host only, without a path, a user or a query")
    return f"{parts.scheme}://{parts.netloc}"


def _address(value: str) -> str:
    address = value.strip()
    _parts(address, example="https://host/path")
    return address.rstrip("/") + "/"


def _parts(address: str, *, example: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(f"write it as {example}") from None
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host):
        raise ValueError(f"write it as {example}")
    if parts.query or parts.fragment or parts.username or parts.password or "?" in address or "#" in address:
        raise ValueError("give the host only, without a path, a user or a query")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise ValueError("plain http is accepted for this machine only; use https")
    return parts


BaseUrl = Annotated[str, AfterValidator(base_url)]
ApiUrl = Annotated[str, AfterValidator(_address)]
