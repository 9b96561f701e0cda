"""Fixtures for all tests: a PostgreSQL server, if one is installed."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.postgresql import Server, new_folder, programs
from tests.released import before
from tests.suites import is_thorough

# How quick the machine is just now says nothing about the code.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


# What a shell starts in the background ignores SIGINT, what `nohup` starts SIGHUP, and so would every process that a
# test stops by one of them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Nothing of whoever runs the tests is used or changed: models that a test joins are kept here.
os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="threadscribe-data-")

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before pytest looks which marks are wanted
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell the suites apart; what takes minutes may."""
    for item in items:
        file = item.path.relative_to(HERE).as_posix()
        if is_thorough(file, getattr(item, "originalname", item.name)):
            item.add_marker(pytest.mark.thorough)
        if file.startswith("performance/"):
            item.add_marker(pytest.mark.guard)
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.timeout(0))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A server of this test process's own. Where there are no programs for it, tests that need it are skipped."""
    found = programs()
    if found is None:
        if os.environ.get("REQUIRE_POSTGRESQL"):
            pytest.fail("REQUIRE_POSTGRESQL is set, and this machine has no PostgreSQL server")
        pytest.skip("this machine has no PostgreSQL server")
    folder = new_folder()
    server = Server(folder, bin_folder=found)
    server.prepare()
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def release_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the release before: a process that has it as PYTHONPATH is of that release."""
    return before.unpack(tmp_path_factory.mktemp("before"))
