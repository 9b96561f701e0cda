"""The scopes that the app has in a workspace, as far as Slack tells: what may work is offered, and Slack decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bot.slack.errors import SlackNotAuthorised, scopes_in

_HEADER = "x-oauth-scopes"


class GrantedScopes:
    """`told`: the scopes as Slack has told them; None where it has not."""

    def __init__(self) -> None:
        self.told: frozenset[str] | None = None
        self._refused: frozenset[str] = frozenset()

    def read(self, headers: Mapping[str, object]) -> None:
        """Read the headers of Slack's answer. Without a header about scopes, what was told before remains."""
        for name, value in headers.items():
            if name.lower() == _HEADER:
                self.told = scopes_in(str(value))
        self._refused = frozenset()

    def may_use(self, scope: str) -> bool:
        """Return whether a scope is granted. Where Slack has not told, it is until Slack refuses a call for it."""
        return scope in self.told if self.told is not None else scope not in self._refused

    @contextmanager
    def noting_refusals(self) -> Iterator[None]:
        """Wrap a call, and remember the scopes for which Slack refuses it."""
        try:
            yield
        except SlackNotAuthorised as error:
            self._refused |= error.needed
            raise
