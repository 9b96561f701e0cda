"""The interface of Slack event listeners: what they receive and what they promise."""

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
    """The installation that an event belongs to: the workspace and the bot's user id in it.

    `team`: the workspace id, or the enterprise id where Slack does not name a workspace. `is_enterprise_install`: the
    app was installed in the whole enterprise. `at`: when the event happened, by Slack's clock.
    """

    team: str
    enterprise: str | None
    bot_user: str
    is_enterprise_install: bool = False
    at: datetime | None = None

    @property
    def place(self) -> str:
        """Return the id of what the app was installed in: the enterprise or the workspace."""
        return self.organisation or self.team

    @property
    def organisation(self) -> str | None:
        """Return the enterprise of an enterprise install; None where the app was installed in one workspace."""
        return self.enterprise if self.is_enterprise_install and self.enterprise else None


Listener = Callable[[Event, Installation], Awaitable[None]]
"""Stores the event. If it raises, Slack delivers the event again."""


class EventRegistry(Protocol):
    """An app that passes all events of a type to one listener."""

    def listen_directly(self, event_type: str, listener: Listener) -> None:
        """Register the listener for events of this type."""
        ...


def understood(model: type[M], event: Event) -> M | None:
    """Return the event as `model`; None where it is invalid.

    An invalid event is acknowledged: Slack would deliver the same event again.
    """
    try:
        return model.model_validate(event)
    except ValidationError:
        _log.error("event_invalid", type=model.__name__)
        return None
