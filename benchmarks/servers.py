"""A temporary PostgreSQL server for benchmarks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from tests.postgresql import Server, new_folder, programs


@contextmanager
def a_server() -> Iterator[Server | None]:
    """Yield a PostgreSQL server that syncs its commits to disk, or None if none is installed."""
    found = programs()
    if found is None:
        yield None
        return
    place = new_folder()
    server = Server(place, bin_folder=found, durable=True)
    server.prepare()
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(place, ignore_errors=True)
