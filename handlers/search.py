"""Find words in the transcripts of the conversations that a person is in at that moment.

`/transcripts search` and the search modal (`handlers.search_modal`) show the same answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from slack_sdk.models.blocks import Block

from handlers import listing, words
from handlers.actor import Actor
from handlers.events import Command
from handlers.listing import Piece, RichLine, Viewer
from handlers.responses import Declined
from handlers.slack import KnowsMembers
from storage import search
from storage.database import Database, Transaction
from storage.ngrams import spans, terms
from storage.search import SearchHit
from transcription.naming import name_of, named, one_line, shortened, speaker_names, time_mark

SHOWN = 10
"""Recordings in an answer at most."""

MOST_TERMS, LONGEST_TERM = 10, 100
"""Search terms at most, and characters of one. `storage.passages.OVERLAP` must be longer than a term."""

ANSWER_WITHIN = timedelta(seconds=2.5)
"""Slack waits three seconds for an answer, and shows an error of its own after that."""

_BEFORE, _EXCERPT = 60, 200
"""Characters of a turn shown: before the first match, and in all."""

_QUOTES = " \"'\u2018\u2019\u201c\u201d\u201e\u201f\u00ab\u00bb\u300c\u300d"
_REPEATED = 60
"""Characters of what was typed that the answer repeats."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchAnswer:
    """An answer: for each of its blocks, the lines in it."""

    parts: Sequence[Sequence[RichLine]]

    @property
    def text(self) -> str:
        """The answer for screen readers, safe in a field that Slack parses."""
        return listing.as_text(line for part in self.parts for line in part)

    @property
    def blocks(self) -> list[Block]:
        """The answer to read."""
        return listing.as_blocks(_joined(part) for part in self.parts)


async def answer(command: Command, database: Database, slack: KnowsMembers, viewer: Viewer) -> SearchAnswer:
    """Return the answer to the command. Raises `SlackNotReached` and `StorageUnavailable`."""
    typed = _typed(command.text)
    if not terms(typed):
        return SearchAnswer(parts=[[listing.with_commands(words.SEARCH_FOR_WHAT)]])
    try:
        return await find(Actor.of(command), typed, database=database, slack=slack, viewer=viewer)
    except Declined as declined:
        return SearchAnswer(parts=[[[Piece(text=str(declined))]]])


async def find(actor: Actor, typed: str, *, database: Database, slack: KnowsMembers, viewer: Viewer) -> SearchAnswer:
    """Return what was found of `typed`. Slack is asked where the person is now.

    Raises `Declined` for too many or too few words and where it takes too long, `SlackNotReached` and
    `StorageUnavailable`.
    """
    wanted = terms(typed)
    if not wanted:
        raise Declined(words.SEARCH_NO_WORDS)
    if len(wanted) > MOST_TERMS or max(map(len, wanted)) > LONGEST_TERM:
        raise Declined(words.SEARCH_TOO_LONG)
    try:
        async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
            return await _found(actor, typed, database=database, slack=slack, viewer=viewer)
    except TimeoutError:
        raise Declined(words.SEARCH_SLOW) from None


async def _found(actor: Actor, typed: str, *, database: Database, slack: KnowsMembers, viewer: Viewer) -> SearchAnswer:
    theirs, wanted = await slack.conversations_of(actor.user, team=actor.team), terms(typed)

    def look(tx: Transaction) -> list[SearchHit]:
        team, organisation = actor.team, actor.organisation
        own = search.direct_messages(tx, team=team, user=actor.user, organisation=organisation)
        channels = theirs.channels | own
        return search.find(tx, team=team, channels=channels, terms=wanted, limit=SHOWN + 1, organisation=organisation)

    parts = _parts(await database.search(look), typed, viewer)
    return SearchAnswer(parts=parts if theirs.are_all else [*parts, [[Piece(text=words.NOT_ALL_SEARCHED)]]])


def _typed(text: str) -> str:
    """Return the text after the first word, with Slack's three HTML escapes undone."""
    rest = "".join(text.split(maxsplit=1)[1:])
    return rest.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _parts(found: list[SearchHit], typed: str, viewer: Viewer) -> list[Sequence[RichLine]]:
    what = shortened(one_line(typed).strip(_QUOTES), limit=_REPEATED)
    if not found:
        return [[[Piece(text=words.nothing_found(what))]]]
    shown, wanted = found[:SHOWN], terms(typed)
    head = words.found(what, shown=len(shown), more=len(found) > SHOWN)
    return [[[Piece(text=head, bold=True)]], *([listing.heading(one.job, viewer), _said(one, wanted)] for one in shown)]


def _joined(lines: Sequence[RichLine]) -> RichLine:
    first, *others = lines
    return [*first, *(piece for line in others for piece in (Piece(text="\n"), *line))]


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
