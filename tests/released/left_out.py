"""What the release before leaves out in the tests of its storage; run with them, and by its own code."""

from datetime import datetime

from storage import jobs
from storage.database import Database
from storage.job import Origin


async def test_it_is_known_which_sharings_of_a_file_have_jobs(database: Database, noon: datetime) -> None:
    origin = Origin(team="T1", channel="C1", file="F1", occasion="1.0", user="U1")
    await database.write(lambda tx: jobs.add(tx, origin=origin, now=noon))
    assert await database.read(lambda tx: jobs.occasions(tx, origin)) == {"1.0"}
