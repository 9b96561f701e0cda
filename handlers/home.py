"""Everybody's own page, the App Home: whoever opens it is shown it, and it is looked after while they look.

Nothing is stored: a page that could not be shown is shown when it is opened again. What its buttons do is done by the
modules that do it elsewhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from pydantic import ValidationError

from handlers.actor import Actor
from handlers.events import HomeOpened, PressedAtHome
from handlers.listener import Event, EventRegistry, Installation, understood

_HOME = "home"


class HomeViews(Protocol):
    """Is told of people who look at their App Home; returns at once."""

    def opened(self, actor: Actor) -> None:
        """They open it."""
        ...

    def pressed(self, actor: Actor) -> None:
        """They press a button of it, and will see what comes of that there."""
        ...


class EventApp(EventRegistry, Protocol):
    """Also passes every request on to what stands before its listeners."""

    def use(self, *middleware: Callable[..., Awaitable[Any]]) -> object:
        """From now on."""
        ...


def register(app: EventApp, *, looks: HomeViews) -> None:
    """Listen for people who open their App Home, or press one of its buttons."""

    async def home_opened(event: Event, place: Installation) -> None:
        seen = understood(HomeOpened, event)
        if seen is not None and seen.tab == _HOME:  # the other tab is the conversation with the bot
            looks.opened(Actor(team=place.team, user=seen.user, enterprise=place.enterprise))

    async def pressed_at_home(body: dict[str, Any], next_: Callable[[], Awaitable[Any]]) -> None:
        if actor := _pressed(body):
            looks.pressed(actor)
        await next_()

    app.listen_directly("app_home_opened", home_opened)
    app.use(pressed_at_home)


def _pressed(body: dict[str, Any]) -> Actor | None:
    if body.get("type") != "block_actions":
        return None
    try:
        pressed = PressedAtHome.model_validate(body)
    except ValidationError:
        return None  # a button of something else
    return Actor.of(pressed)
