"""Looks through the files of one workspace for recordings that no event told of, and gives them jobs, oldest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from bot.slack.errors import SlackRefused, SlackUnavailable
from bot.slack.objects import FileSharing, SlackFile
from bot.slack.workspaces import Site
from bot.worker.tools import Tools
from handlers.shared_files import Likelihood
from storage import channel_homes, channel_ids, jobs
from storage.database import Transaction
from storage.job import Origin

Sharing = tuple[SlackFile, str, FileSharing]
"""A file, the conversation in which it was shared, and the message."""

UPLOADED_BEFORE = timedelta(minutes=10)
"""How long a file may have been there before its message was sent: it is listed by the time of its upload."""

SHARED_WITHIN = timedelta(minutes=10)
"""How old a file without a message must be to count as one that nobody has sent: Slack tells of its message late."""


async def catch_up(site: Site, tools: Tools, *, since: datetime, asked: set[str]) -> int:
    """Add jobs for the recordings that were shared since then and have none. Return how many.

    A sharing that is known already has its row. Slack is not asked about the files in `asked`, to which those are added
    of which it has told everything: so what it did not answer in one go is soon done when it is repeated. Nor is it
    about files all of whose messages it lists, if these are known.

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
    unasked = [file for file in files if file.id not in asked]
    unknown = await tools.database.read(lambda tx: _unknown(tx, unasked, site, since=since))
    found: list[Sharing] = []
    told: set[str] = set()
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
        if _tells_messages(described):
            told.add(file.id)
        if not described.conversations and described.created > (now - SHARED_WITHIN).timestamp():
            trouble = SlackUnavailable("files.info: not shared yet", maybe_done=False)
    found.sort(key=lambda sharing: float(sharing[2].ts))
    added = await tools.database.write(lambda tx: _add(tx, found, site, now=now)) if found else 0
    asked |= told  # what was found is stored
    if trouble is not None:
        raise trouble
    return added


def _unknown(tx: Transaction, files: Iterable[SlackFile], site: Site, *, since: datetime) -> list[SlackFile]:
    """Leave out each file of which Slack lists messages in all of its conversations, and all since then have a job."""
    return [
        file
        for file in files
        if not _tells_messages(file)
        or {(channel, place.ts) for _, channel, place in _sharings(file, since=since)}
        - jobs.sharings(tx, file=file.id, team=site.team, organisation=site.organisation)
    ]


def _tells_messages(file: SlackFile) -> bool:
    """Return whether Slack names a message in every conversation in which it says that the file is."""
    return bool(file.conversations) and all(file.places(channel) for channel in file.conversations)


def _sharings(file: SlackFile, *, since: datetime) -> Iterator[Sharing]:
    for channel in {*file.shares.public, *file.shares.private}:
        for place in file.places(channel):
            if float(place.ts) >= since.timestamp():
                yield file, channel, place


def _add(tx: Transaction, found: Sequence[Sharing], site: Site, *, now: datetime) -> int:
    """Add jobs for the sharings that are not known, each 1 ms younger than the one before, to keep their order."""
    added = 0
    for number, (file, channel, place) in enumerate(found):
        if channel_ids.carry_over(
            tx,
            file=file.id,
            ts=place.ts,
            channel=channel,
            conversations=file.conversations,
            team=site.team,
            organisation=site.organisation,
            now=now,
        ):
            continue
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
