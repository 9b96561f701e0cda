"""The context that every Web API method can use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sandbox.slack.arguments import Arguments
from sandbox.slack.dialogs import Dialogs
from sandbox.slack.options import Options
from sandbox.slack.pace import Pace
from sandbox.slack.signals import BackgroundTasks
from sandbox.slack.values import Json
from sandbox.slack.workspace import Post, Workspace


@dataclass(kw_only=True, eq=False)
class Pending:
    """An upload between its URL and its completion; `content` is None until the bytes arrive."""

    file_id: str
    ticket: str
    name: str
    length: int
    content: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Context:
    """The workspace and its services."""

    workspace: Workspace
    options: Options
    tasks: BackgroundTasks
    dialogs: Dialogs
    pace: Pace
    uploads: dict[str, Pending]
    """Unfinished uploads, by ticket."""
    announce: Callable[[Post], None]
    """Send the events of a new message."""
    oauth: Callable[[Arguments], Json]
    """Exchange a code or a refresh token for an access token."""
    open_socket: Callable[[], str]
    """Return a WebSocket address with a new ticket."""


Act = Callable[[Context, Arguments], Awaitable[Json]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Method:
    """One Web API method: its function, the required scopes and the required kind of token."""

    act: Act
    scopes: tuple[str, ...] = ()
    caller: Literal["bot", "app", "anyone"] = "bot"


Methods = Mapping[str, Method]
