"""What every listener of Slack's events is given and has to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

import structlog
from pydantic import BaseModel, ValidationError

Event = dict[str, Any]
M = TypeVar("M", bound=BaseModel)

_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """Where an event belongs: a workspace, and who we are there.

    `team`: the organisation's id where Slack does not say which of its teams is meant. `is_enterprise_install`: the app
    was installed in the organisation. `at`: when it happened, by Slack's clock.
    """

    team: str
    enterprise: str | None
    bot_user: str
    is_enterprise_install: bool = False
    at: datetime | None = None

    @property
    def place(self) -> str:
        """Where the app was installed: the organisation, or the workspace."""
        return self.enterprise if self.is_enterprise_install and self.enterprise else self.team


Listener = Callable[[Event, Installation], Awaitable[None]]
"""Stores what an event tells; if it raises, Slack delivers the event again."""


class EventRegistry(Protocol):
    """An app that gives every event of a type to one listener."""

    def listen_directly(self, event_type: str, listener: Listener) -> None:
        """From now on."""
        ...


def understood(model: type[M], event: Event) -> M | None:
    """None for an event without a file or a place: no repeat of it could be answered, so it is not asked for."""
    try:
        return model.model_validate(event)
    except ValidationError:
        _log.error("event_invalid", type=model.__name__)
        return None
