"""What every Web API method can reach."""

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
    """An upload between its URL and its completion; `content` is None until the bytes came."""

    file_id: str
    ticket: str
    name: str
    length: int
    content: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Context:
    """The workspace, and what happens around it."""

    workspace: Workspace
    options: Options
    tasks: BackgroundTasks
    dialogs: Dialogs
    pace: Pace
    uploads: dict[str, Pending]
    """Uploads under way, by ticket."""
    announce: Callable[[Post], None]
    """Sends the events of a new message."""
    oauth: Callable[[Arguments], Json]
    """Exchanges a code or a token for a token."""
    open_socket: Callable[[], str]
    """Gives a WebSocket address with a new ticket."""


Act = Callable[[Context, Arguments], Awaitable[Json]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Method:
    """One Web API method: what it does, and the scopes and whose token it asks for."""

    act: Act
    scopes: tuple[str, ...] = ()
    caller: Literal["bot", "app", "anyone"] = "bot"


Methods = Mapping[str, Method]
