"""How this Slack behaves: everything about it that a test may change while it runs."""

from __future__ import annotations


class Options:
    """The switches; times are seconds."""

    def __init__(self, *, scopes: set[str], retry_delays: tuple[float, ...]) -> None:
        self.scopes = scopes
        """The bot scopes that were granted."""
        self.app_scopes = {"connections:write"}
        """The scopes of the app-level token."""
        self.subscriptions = {"file_shared", "app_home_opened"}
        """What the app is told unasked: `file_shared`, `file_deleted`, `app_home_opened`, `message` (needs the history
        scope too)."""
        self.events_url: str | None = None
        """The app's request URL; None sends everything over sockets."""
        self.retry_delays = retry_delays
        """How long after each failed attempt the next one follows."""
        self.ack_timeout = 3.0
        """How long the app has to acknowledge."""
        self.enforce_rate = False
        """Refuse a second message within a second in one conversation."""
        self.share_delay = 0.05
        """How long after the completion of an upload it is shared."""
        self.lost_shares = 0
        """How many completions of uploads will answer ok and never share."""
        self.refuse_sockets = False
        """Answer 503 to new WebSockets; their ticket is spent all the same."""
        self.deaf_sockets = False
        """Keep WebSockets open and say nothing on them: no hello, no ping, no pong, no event."""
        self.redirect_urls: set[str] = set()
        """Where an installation may send people back to, as the app's page has it."""
        self.token_lasts: float | None = None
        """How long a bot token of a new installation lasts; None for ever, and then there is nothing to exchange."""
        self.refresh_grace = 0.0
        """How much longer a token counts that another one was exchanged for."""
        self.ping_every = 5.0
        """How long between two pings on a WebSocket."""
