import logging
from collections.abc import Iterator

import pytest

from tests.fuzz.strategies import Beside


@pytest.fixture(scope="module")
def beside() -> Iterator[Beside]:
    loop = Beside()
    yield loop
    loop.close()


@pytest.fixture(autouse=True, scope="module")
def no_tracebacks_from_the_server() -> Iterator[None]:
    """Formatting one parses code, which Python 3.11 cannot do in two threads at a time (CPython issue 106905)."""
    server = logging.getLogger("aiohttp.server")
    server.disabled = True
    yield
    server.disabled = False
