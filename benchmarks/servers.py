"""A PostgreSQL server to measure on, made and thrown away."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from tests.postgresql import Server, new_folder, programs


@contextmanager
def a_server() -> Iterator[Server | None]:
    """A PostgreSQL server that syncs what it commits, where there is one to be had."""
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
