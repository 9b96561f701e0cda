"""Tests of storage functions that the previous release's own tests do not cover; they run with its tests and code."""

from datetime import datetime

from storage import jobs
from storage.database import Database
from storage.job import Origin


async def test_it_is_known_which_sharings_of_a_file_have_jobs(database: Database, noon: datetime) -> None:
    origin = Origin(team="T1", channel="C1", file="F1", occasion="1.0", user="U1")
    await database.write(lambda tx: jobs.add(tx, origin=origin, now=noon))
    assert await database.read(lambda tx: jobs.occasions(tx, origin)) == {"1.0"}
