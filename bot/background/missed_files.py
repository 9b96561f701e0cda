"""Looks through the files of one workspace for recordings that no event told of, and gives them jobs, oldest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from bot.slack.errors import SlackRefused, SlackUnavailable
from bot.slack.objects import FileSharing, SlackFile
from bot.slack.workspaces import Site
from bot.worker.tools import Tools
from handlers.shared_files import Likelihood
from storage import channel_homes, jobs
from storage.database import Transaction
from storage.job import Origin

Sharing = tuple[SlackFile, str, FileSharing]
"""A file, the conversation in which it was shared, and the message."""

UPLOADED_BEFORE = timedelta(minutes=10)
"""How long a file may have been there before its message was sent: it is listed by the time of its upload."""

SHARED_WITHIN = timedelta(minutes=10)
"""How old a file without a message must be to count as one that nobody has sent: Slack tells of its message late."""


async def catch_up(site: Site, tools: Tools, *, since: datetime) -> int:
    """Add jobs for the recordings that were shared since then and have none. Return how many.

    A sharing that is known already has its row. Files whose every conversation has a job of theirs are not asked about,
    so what Slack did not answer in one go is soon done when it is repeated.

    Raises `SlackUnavailable`, after what was found was added, also where Slack does not tell yet where a file is; and
    `SlackRefused`, `StorageUnavailable`.
    """
    workspace = site.workspace
    identity = await workspace.identify()
    files = [
        file
        for file in await workspace.files(since=since - UPLOADED_BEFORE)
        if file.likelihood is not Likelihood.OTHER and file.user != identity.user_id
    ]
    unknown = await tools.database.read(lambda tx: _unknown(tx, files, site))
    found: list[Sharing] = []
    now = tools.clock()
    trouble: SlackUnavailable | None = None
    for file in reversed(unknown):
        try:
            # `files.list` may leave out where a file was shared.
            described = await workspace.file(file.id)
        except SlackRefused:
            continue  # deleted meanwhile, or not readable: the other files are still caught up
        except SlackUnavailable as error:
            trouble = error
            break
        found += _sharings(described, since=since)
        if not described.conversations and described.created > (now - SHARED_WITHIN).timestamp():
            trouble = SlackUnavailable("files.info: not shared yet", maybe_done=False)
    found.sort(key=lambda sharing: float(sharing[2].ts))
    added = await tools.database.write(lambda tx: _add(tx, found, site, now=now)) if found else 0
    if trouble is not None:
        raise trouble
    return added


def _unknown(tx: Transaction, files: Iterable[SlackFile], site: Site) -> list[SlackFile]:
    """Leave out each file of which all conversations in which Slack says that it is have a job."""
    return [
        file
        for file in files
        if not file.conversations
        or file.conversations - jobs.conversations(tx, file=file.id, team=site.team, organisation=site.organisation)
    ]


def _sharings(file: SlackFile, *, since: datetime) -> Iterator[Sharing]:
    for channel in {*file.shares.public, *file.shares.private}:
        for place in file.places(channel):
            if float(place.ts) >= since.timestamp():
                yield file, channel, place


def _add(tx: Transaction, found: Sequence[Sharing], site: Site, *, now: datetime) -> int:
    """Add jobs for the sharings that are not known, each 1 ms younger than the one before, to keep their order."""
    added = 0
    for number, (file, channel, place) in enumerate(found):
        origin = Origin(
            enterprise=site.enterprise,
            team=site.team,
            channel=channel,
            file=file.id,
            occasion=place.ts,
            thread=place.root,
            user=place.share_user_id or file.user or "",
        )
        at = now + number * timedelta(milliseconds=1)
        origin = channel_homes.at_home(tx, origin, organisation=site.organisation)
        added += jobs.add(tx, origin=origin, title=file.title or file.name, now=at) is not None
    return added
