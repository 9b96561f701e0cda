"""Faults of WebSockets and envelopes, armed in advance by tests."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Literal

Moment = Literal["open", "hello", "delivery", "acknowledgement"]
"""When a fault happens.

`open`: the WebSocket is open, but nothing was sent. `hello`: the hello was sent. `delivery`: an envelope was sent.
`acknowledgement`: the acknowledgement of an envelope was received; it counts.
"""

Farewell = Literal["warning", "refresh_requested", "too_many_websockets", "link_disabled"]
"""The reason for which Slack closes a connection, as in its `disconnect` message."""

SocketFault = Literal["cut", "close", "deaf", "half_open"] | Farewell
"""What happens.

`cut` ends the TCP connection without a close frame, `close` closes the WebSocket normally. `deaf` keeps it open, but
reads and sends nothing any more; `half_open` still sends, but reads nothing. A farewell sends a `disconnect` message
and then closes.
"""

GRACE = 0.05
"""Seconds from the `disconnect` message to the close. Slack gives about ten after a `warning`, else none."""


class SocketFaults:
    """The faults armed for each moment, first in, first out."""

    def __init__(self) -> None:
        self._armed: dict[Moment, deque[SocketFault]] = defaultdict(deque)

    def arm(self, moment: Moment, socket_fault: SocketFault, *, times: int) -> None:
        """Arm a fault for the next `times` connections that reach `moment`."""
        self._armed[moment].extend([socket_fault] * times)

    def take(self, moment: Moment) -> SocketFault | None:
        """Return the fault for this moment and remove it; None if there is none."""
        return self._armed[moment].popleft() if self._armed[moment] else None

    @property
    def left(self) -> int:
        """Return how many armed faults have not happened yet."""
        return sum(len(waiting) for waiting in self._armed.values())
