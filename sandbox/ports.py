"""Reserve a port for a server that starts later.

A port that the kernel chose and that was closed again can be assigned to the next outgoing connection of any process.
So these ports come from below the kernel's own range, and each is reserved until the process ends, by binding the UDP
port with the same number.
"""

from __future__ import annotations

import atexit
import random
import socket

RANGE = range(20_000, 32_000)
"""Below the range that Linux (from 32768), macOS and Windows (from 49152) use for outgoing connections."""


def free_port() -> int:
    """Return a free TCP port of 127.0.0.1 that no other process gets from this function while this process lives."""
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
