"""Open modals, published App Homes, and trigger ids."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

from sandbox.slack.limits import VIEW_BLOCKS, check_blocks
from sandbox.slack.options import Options
from sandbox.slack.refusal import Denied
from sandbox.slack.values import Json

TRIGGER_SECONDS = 3
VIEW_BYTES = 250_000
PRIVATE_METADATA = 3_000
TITLE = 24


class Dialogs:
    """The open modals and App Homes of a workspace."""

    def __init__(self, options: Options, numbers: Iterator[int] | None = None) -> None:
        self._options = options
        self.modals: dict[str, Json] = {}
        self.homes: dict[str, Json] = {}
        self._triggers: dict[str, float] = {}
        self._numbers = numbers or itertools.count(1)

    def trigger(self) -> str:
        """Return a new trigger id, valid once and for three seconds."""
        trigger_id = f"{next(self._numbers)}.sandbox.trigger"
        self._triggers[trigger_id] = time.monotonic()
        return trigger_id

    def is_issued(self, trigger_id: str) -> bool:
        """Return whether a trigger id is of this workspace and unused."""
        return trigger_id in self._triggers

    def use(self, trigger_id: str) -> None:
        """Use a trigger id. Raises Slack's error if it is invalid, used or expired."""
        given = self._triggers.pop(trigger_id, None)
        if given is None:
            raise Denied("exchanged_trigger_id" if trigger_id.endswith(".sandbox.trigger") else "invalid_trigger_id")
        if time.monotonic() - given > TRIGGER_SECONDS:
            raise Denied("expired_trigger_id")

    def check(self, view: Any, *, kind: str) -> Json:
        """Return the view if Slack would accept it; raise Slack's error otherwise."""
        if not isinstance(view, dict) or view.get("type") != kind:
            raise Denied("invalid_arguments")
        if len(json.dumps(view).encode()) > VIEW_BYTES:
            raise Denied("view_too_large")
        if view.get("blocks") is None:
            raise Denied("invalid_arguments")
        check_blocks(view["blocks"], most=VIEW_BLOCKS, total=None, children=self._options.container_children)
        if len(view.get("private_metadata", "")) > PRIVATE_METADATA:
            raise Denied("invalid_arguments")
        for block in view["blocks"]:
            field = block.get("element") or {}
            if len(str(field.get("initial_value", ""))) > field.get("max_length", 3_000):
                raise Denied("invalid_arguments")
        titles = [view.get(name, {}).get("text", "") for name in ("title", "submit", "close")]
        if any(len(title) > TITLE for title in titles) or (kind == "modal" and not titles[0]):
            raise Denied("invalid_arguments")
        return view

    def keep(self, view_id: str, view: Json) -> Json:
        """Store a modal under an id; its hash changes each time."""
        kept = self.modals[view_id] = self._stamped(view_id, view)
        return kept

    def keep_home(self, user_id: str, view_id: str, view: Json) -> Json:
        """Store a user's App Home; its hash changes each time."""
        kept = self.homes[user_id] = self._stamped(view_id, view)
        return kept

    def _stamped(self, view_id: str, view: Json) -> Json:
        return {**view, "id": view_id, "hash": f"{next(self._numbers)}.sandbox", "state": {"values": {}}}

    def find(self, view_id: str, *, external_id: str) -> Json:
        """Return an open view. Raises `not_found`."""
        for view in self.modals.values():
            if view["id"] == view_id or (external_id and view.get("external_id") == external_id):
                return view
        raise Denied("not_found")
