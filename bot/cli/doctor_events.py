"""Tells which of the events in the manifest the bot has never heard, as far as its database knows."""

from __future__ import annotations

from bot.cli.findings import Finding
from bot.database import open_database
from bot.settings.model import Settings
from bot.slack.manifest import EVENTS
from storage import gaps
from storage.database import StorageUnavailable

_ALWAYS_HEARD = "file_shared"
"""Without this one the bot has not worked yet, and nothing can be said."""


async def examine_events(settings: Settings) -> Finding | None:
    """Return a note about events that were never heard; None where there are none, or where nobody can say."""
    path = settings.database_path
    if path is not None and not path.exists():
        return None
    try:
        async with open_database(settings, own=False) as database:
            heard = await database.read(gaps.heard)
    except StorageUnavailable:
        return None  # which is told elsewhere
    missing = sorted({event.partition(".")[0] for event in EVENTS} - heard)
    if _ALWAYS_HEARD not in heard or not missing:
        return None
    return Finding(
        verdict="note",
        what=f"never heard from Slack so far: {', '.join(missing)}",
        fix="some of these are rare, or need a permission that was declined; if the app was made with an older "
        "manifest, paste the one that `threadscribe manifest` prints",
    )
