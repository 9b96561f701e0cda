"""The menu beside a recording in the list of `/transcripts` and in the App Home."""

from __future__ import annotations

from typing import Any

from handlers.action_ids import CANCEL, DELETE, DETAILS, RECORDING_MENU, RERUN, RETRY
from handlers.deleting import Deletions
from handlers.details import Details
from handlers.interactions import Interactions
from handlers.job_actions import JobActions, pressed_job


def register(interactions: Interactions, *, actions: JobActions, details: Details, deletions: Deletions) -> None:
    """Register the menu. What it does is done as by the buttons with the same action ids."""

    async def ask_how(body: dict[str, Any]) -> None:
        await actions.ask_how(*pressed_job(body), trigger=_trigger(body))

    async def show_details(body: dict[str, Any]) -> None:
        await details.open(*pressed_job(body), trigger=_trigger(body))

    interactions.menu(
        RECORDING_MENU,
        {
            CANCEL: lambda body: actions.cancel(*pressed_job(body)),
            RETRY: lambda body: actions.retry(*pressed_job(body)),
            RERUN: ask_how,
            DETAILS: show_details,
            DELETE: deletions.ask,
        },
        check_themselves={DELETE},
    )


def _trigger(body: dict[str, Any]) -> str:
    return str(body.get("trigger_id", ""))
