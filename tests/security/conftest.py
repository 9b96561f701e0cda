"""Fixtures for attacks on a complete bot: the workspace, the bench and an attacker."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.journeys.conftest import bench, slack
from tests.security.raw_client import Stranger

__all__ = ["bench", "session", "slack", "stranger"]


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def stranger() -> AsyncIterator[Stranger]:
    async with Stranger() as listening:
        yield listening
