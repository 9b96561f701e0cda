"""What can go wrong with a socket and an envelope, armed in advance by the tests."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Literal

Moment = Literal["open", "hello", "delivery", "acknowledgement"]
"""Opened and nothing said yet; the hello is sent; an envelope is sent; its acknowledgement was read, and counts."""

Farewell = Literal["warning", "refresh_requested", "too_many_websockets", "link_disabled"]
"""Why Slack ends a connection, in the words of its `disconnect` message."""

SocketFault = Literal["cut", "close", "deaf", "half_open"] | Farewell
"""What happens then.

`cut` ends the TCP connection without a word, `close` the WebSocket in good order. `deaf` keeps it open, reads nothing
and says nothing any more; `half_open` goes on speaking and reads nothing. A farewell announces the end by a
`disconnect` message, and the close follows.
"""

GRACE = 0.05
"""Seconds from the `disconnect` message to the close; Slack gives about ten after a `warning`, else none."""


class SocketFaults:
    """The socket_faults armed for each moment, taken first in, first out."""

    def __init__(self) -> None:
        self._armed: dict[Moment, deque[SocketFault]] = defaultdict(deque)

    def arm(self, moment: Moment, socket_fault: SocketFault, *, times: int) -> None:
        """Let it happen to the next `times` connections that come to `moment`."""
        self._armed[moment].extend([socket_fault] * times)

    def take(self, moment: Moment) -> SocketFault | None:
        """What happens now; it is used up."""
        return self._armed[moment].popleft() if self._armed[moment] else None

    @property
    def left(self) -> int:
        """How many have not happened yet."""
        return sum(len(waiting) for waiting in self._armed.values())
