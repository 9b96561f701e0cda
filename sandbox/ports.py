"""A port for a server that starts later, and that nobody takes in the meantime.

A port that the kernel chose and got back is anybody's: the next outgoing connection of any process may be given it.
So these come from below the kernel's own range, and each is held until its process ends, by the UDP port of its number.
"""

from __future__ import annotations

import atexit
import random
import socket

RANGE = range(20_000, 32_000)
"""Below what Linux (from 32768), macOS and Windows (from 49152) give to outgoing connections."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 where nobody listens, and that no other process gets from here while this one lives."""
    for port in random.sample(RANGE, len(RANGE)):
        holder = _bound(port, socket.SOCK_DGRAM)
        if holder is None:
            continue
        probe = _bound(port, socket.SOCK_STREAM)
        if probe is None:
            holder.close()
            continue
        probe.close()
        atexit.register(holder.close)
        return port
    raise OSError("every port is taken")


def _bound(port: int, kind: socket.SocketKind) -> socket.socket | None:
    bound = socket.socket(type=kind)
    try:
        bound.bind(("127.0.0.1", port))
    except OSError:
        bound.close()
        return None
    return bound
