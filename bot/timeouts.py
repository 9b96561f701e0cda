"""How long things may take that several rooms have to agree on."""

from __future__ import annotations

from datetime import timedelta

REQUEST_TIMEOUT = timedelta(seconds=20)
"""Of one request to Slack or a provider, uploads aside."""

LAG = timedelta(seconds=10)
"""How long a request may still be under way after its time-out, and how far two clocks may differ."""

LANDING = REQUEST_TIMEOUT + LAG
"""How long after it was begun a request may take effect, whatever became of whoever sent it."""
