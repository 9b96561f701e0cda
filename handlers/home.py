"""Everybody's own page, the App Home: whoever opens it is shown it, and it is looked after while they look.

Nothing is stored: a page that could not be shown is shown when it is opened again. What its buttons do is done by the
modules that do it elsewhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import ValidationError

from handlers.events import HomeOpened, PressedAtHome
from handlers.listener import Event, Hears, Installation, understood

_HOME = "home"


@dataclass(frozen=True, kw_only=True, slots=True)
class Looker:
    """Somebody who has their App Home open, and in which workspace."""

    team: str
    person: str
    enterprise: str | None = field(default=None, compare=False)


class Looks(Protocol):
    """Is told of people who look at their App Home; returns at once."""

    def opened(self, looker: Looker) -> None:
        """They open it."""
        ...

    def pressed(self, looker: Looker) -> None:
        """They press a button of it, and will see what comes of that there."""
        ...


class App(Hears, Protocol):
    """Also passes every request on to what stands before its listeners."""

    def use(self, *middleware: Callable[..., Awaitable[Any]]) -> object:
        """From now on."""
        ...


def register(app: App, *, looks: Looks) -> None:
    """Listen for people who open their App Home, or press one of its buttons."""

    async def home_opened(event: Event, place: Installation) -> None:
        seen = understood(HomeOpened, event)
        if seen is not None and seen.tab == _HOME:  # the other tab is the conversation with the bot
            looks.opened(Looker(team=place.team, person=seen.user, enterprise=place.enterprise))

    async def pressed_at_home(body: dict[str, Any], next_: Callable[[], Awaitable[Any]]) -> None:
        if looker := _pressed(body):
            looks.pressed(looker)
        await next_()

    app.at_once("app_home_opened", home_opened)
    app.use(pressed_at_home)


def _pressed(body: dict[str, Any]) -> Looker | None:
    if body.get("type") != "block_actions":
        return None
    try:
        pressed = PressedAtHome.model_validate(body)
    except ValidationError:
        return None  # a button of something else
    enterprise = pressed.enterprise.id if pressed.enterprise else None
    return Looker(team=pressed.team.id, person=pressed.user.id, enterprise=enterprise)
