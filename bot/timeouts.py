"""Timeouts that several packages must agree on."""

from __future__ import annotations

from datetime import timedelta

REQUEST_TIMEOUT = timedelta(seconds=20)
"""Timeout of one request to Slack or a provider, except uploads."""

LAG = timedelta(seconds=10)
"""How long a request may still be under way after its timeout, and how far two clocks may differ."""

LANDING = REQUEST_TIMEOUT + LAG
"""How long after it began a request may still take effect, even if its sender is gone."""
