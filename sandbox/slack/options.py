"""Options of the Slack stand-in that a test may change while it runs."""

from __future__ import annotations

from sandbox.slack.block_kit import CHILDREN
from sandbox.wire_log import WireLog


class Options:
    """Options of one workspace. Times are in seconds."""

    def __init__(self, *, scopes: set[str], retry_delays: tuple[float, ...]) -> None:
        self.scopes = scopes
        """The granted bot scopes."""
        self.tells_scopes = True
        """Whether answers of the Web API have the header `x-oauth-scopes`, which some proxies take away."""
        self.app_scopes = {"connections:write"}
        """The scopes of the app-level token."""
        self.subscriptions = {"file_shared", "app_home_opened"}
        """The subscribed events: some of `file_shared`, `file_deleted`, `app_home_opened`, `message`.

        `message` needs a history scope, too.
        """
        self.events_url: str | None = None
        """The app's request URL. With None everything is sent over WebSockets."""
        self.response_origin: str | None = None
        """The origin of each new `response_url`. With None it is the stand-in's own."""
        self.retry_delays = retry_delays
        """The delay after each failed attempt."""
        self.ack_timeout = 3.0
        """How long the app has to acknowledge."""
        self.enforce_rate = False
        """Reject a second message in one conversation within a second."""
        self.share_delay = 0.05
        """The delay between the completion of an upload and its message."""
        self.drops_events = False
        """Send no events, as Slack does with an app that gets too many (`Slack.limit_events`)."""
        self.lost_shares = 0
        """How many completions of uploads will answer ok without ever sharing the files."""
        self.lists_shares = False
        """Name the messages of each file in `files.list`, too: Slack does not document whether it does."""
        self.knows_unfinished_files = False
        """How `files.info` answers about a file whose bytes have arrived and whose upload is not completed.

        Slack does not document it: `file_not_found`, or with True a file without `shares`.
        """
        self.takes_containers = False
        """Whether blocks may be containers. Not every workspace had them at the same time."""
        self.container_refuses: set[str] = set()
        """Kinds of blocks that a container does not take, although Slack has published that it does.

        `rich_text` is reported as one (https://docs.rs/slack-morphism/2.31.0).
        """
        self.refuse_sockets = False
        """Answer 503 to new WebSockets. Their tickets are used up."""
        self.deaf_sockets = False
        """Keep WebSockets open without sending anything: no hello, no ping, no pong, no event."""
        self.redirect_urls: set[str] = set()
        """The redirect URLs that the app has registered."""
        self.token_lasts: float | None = None
        """The lifetime of the tokens of new installations.

        With None they do not expire, and there is no token rotation.
        """
        self.refresh_grace = 0.0
        """How long a refresh token can be used again after its first use."""
        self.wire_log: WireLog | None = None
        """Where every message that crosses the wire is noted."""
        self.ping_every = 5.0
        """The interval of pings on a WebSocket."""

    @property
    def container_children(self) -> frozenset[str]:
        """Return the kinds of blocks that a container may have; none where containers are not taken."""
        return CHILDREN - self.container_refuses if self.takes_containers else frozenset()
