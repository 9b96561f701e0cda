"""Listen for the App Home: publish a person's page when it is opened, and refresh it after its buttons are pressed.

Nothing is stored: a page that could not be published is published when it is opened again. Most buttons have the same
action ids as elsewhere and are handled by the modules for these actions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from pydantic import ValidationError

from handlers.action_ids import SHOW_MORE
from handlers.actor import Actor
from handlers.events import HomeOpened, PressedAnywhere, PressedAtHome
from handlers.home_page import MOST
from handlers.interactions import Interactions
from handlers.listener import Event, EventRegistry, Installation, understood

_HOME = "home"


class HomeViews(Protocol):
    """Publishes App Home pages in the background. All methods return at once."""

    def opened(self, actor: Actor) -> None:
        """Publish the page of a person who opened it."""
        ...

    def pressed(self, actor: Actor) -> None:
        """Refresh the page of a person who pressed one of its buttons."""
        ...

    def show_more(self, actor: Actor, recent: int) -> None:
        """Publish the page of a person with so many recent recordings."""
        ...


class EventApp(EventRegistry, Protocol):
    """A Slack app that also takes middleware."""

    def use(self, *middleware: Callable[..., Awaitable[Any]]) -> object:
        """Call the middleware before the listeners of each request."""
        ...


def register(app: EventApp, interactions: Interactions, *, views: HomeViews) -> None:
    """Listen for people who open their App Home or press one of its buttons."""

    async def home_opened(event: Event, place: Installation) -> None:
        seen = understood(HomeOpened, event)
        if seen is not None and seen.tab == _HOME:  # the other tab is the direct message with the bot
            views.opened(
                Actor(team=place.team, user=seen.user, enterprise=place.enterprise, organisation=place.organisation)
            )

    async def pressed_at_home(body: dict[str, Any], next_: Callable[[], Awaitable[Any]]) -> None:
        if actor := _pressed(body):
            views.pressed(actor)
        await next_()

    async def show_more(body: dict[str, Any]) -> None:
        pressed = PressedAnywhere.model_validate(body)
        if (recent := _number(pressed.value)) is not None:
            views.show_more(Actor.of(pressed), min(recent, MOST))

    app.listen_directly("app_home_opened", home_opened)
    app.use(pressed_at_home)
    interactions.button(SHOW_MORE, show_more, about_a_job=False)


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdecimal() and len(value) < len("100") else None


def _pressed(body: dict[str, Any]) -> Actor | None:
    if body.get("type") != "block_actions":
        return None
    try:
        pressed = PressedAtHome.model_validate(body)
    except ValidationError:
        return None  # not a button of the App Home
    return Actor.of(pressed)
