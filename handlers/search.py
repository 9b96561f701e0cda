"""`/transcripts search`: find words in the transcripts of the conversations that the person is in at that moment."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from handlers import listing, words
from handlers.events import Command
from handlers.listing import Piece, RichLine, Viewer
from handlers.slack import KnowsMembers
from storage import search
from storage.database import Database, Transaction
from storage.ngrams import spans, terms
from storage.search import SearchHit
from transcription.naming import name_of, named, one_line, speaker_names, time_mark

SHOWN = 10
"""Recordings in an answer at most."""

MOST_TERMS, LONGEST_TERM = 10, 100
"""Search terms at most, and characters of one. `storage.passages.OVERLAP` must be longer than a term."""

ANSWER_WITHIN = timedelta(seconds=2.5)
"""Slack waits three seconds for an answer, and shows an error of its own after that."""

_BEFORE, _EXCERPT = 60, 200
"""Characters of a turn shown: before the first match, and in all."""


async def answer(command: Command, database: Database, slack: KnowsMembers, viewer: Viewer) -> list[RichLine]:
    """Return the answer. Raises `SlackNotReached` and `StorageUnavailable`."""
    wanted = terms(_typed(command.text))
    if not wanted:
        return [[Piece(text=words.SEARCH_FOR_WHAT)]]
    if len(wanted) > MOST_TERMS or max(map(len, wanted)) > LONGEST_TERM:
        return [[Piece(text=words.SEARCH_TOO_LONG)]]
    try:
        async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
            return await _found(command, wanted, database, slack, viewer)
    except TimeoutError:
        return [[Piece(text=words.SEARCH_SLOW)]]


async def _found(
    command: Command, wanted: tuple[str, ...], database: Database, slack: KnowsMembers, viewer: Viewer
) -> list[RichLine]:
    theirs = await slack.conversations_of(command.user_id, team=command.team_id)

    def look(tx: Transaction) -> list[SearchHit]:
        team, organisation = command.team_id, command.organisation
        own = search.direct_messages(tx, team=team, user=command.user_id, organisation=organisation)
        channels = theirs.channels | own
        return search.find(tx, team=team, channels=channels, terms=wanted, limit=SHOWN + 1, organisation=organisation)

    lines = _lines(await database.search(look), wanted, viewer)
    return lines if theirs.are_all else [*lines, [Piece(text=words.NOT_ALL_SEARCHED)]]


def _typed(text: str) -> str:
    """Return the text after the first word, with Slack's three HTML escapes undone."""
    rest = "".join(text.split(maxsplit=1)[1:])
    return rest.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _lines(found: list[SearchHit], wanted: tuple[str, ...], viewer: Viewer) -> list[RichLine]:
    if not found:
        return [[Piece(text=words.NOTHING_FOUND)]]
    shown = found[:SHOWN]
    head = words.found(shown=len(shown), more=len(found) > SHOWN)
    return [
        [Piece(text=head)],
        *(line for one in shown for line in (listing.heading(one.job, viewer), _said(one, wanted))),
    ]


def _said(found: SearchHit, wanted: tuple[str, ...]) -> RichLine:
    transcript = named(found.transcript, found.names)
    turn = transcript.turns[found.turn]
    speaker = name_of(turn.speaker, names=speaker_names(transcript))
    again = [Piece(text=words.said_more_often(found.turns - 1))] if found.turns > 1 else []
    return [Piece(text=words.said_at(speaker, time_mark(turn.start))), *_excerpt(one_line(turn.text), wanted), *again]


def _excerpt(text: str, wanted: tuple[str, ...]) -> list[Piece]:
    """Return the text around the first match, with all matches in bold."""
    marks = spans(text, wanted)
    begin = max(marks[0][0] - _BEFORE, 0) if marks else 0
    if begin:
        begin = text.find(" ", begin, marks[0][0]) + 1 or begin  # start at a word, in languages with spaces
    end = min(begin + _EXCERPT, len(text))
    pieces, at = [Piece(text="…" if begin else "")], begin
    for start, stop in marks:
        pieces += [Piece(text=text[at : min(start, end)]), Piece(text=text[start : min(stop, end)], bold=True)]
        at = max(at, min(stop, end))
    pieces += [Piece(text=text[at:end]), Piece(text="…" if end < len(text) else "")]
    return [piece for piece in pieces if piece.text]
