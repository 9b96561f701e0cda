"""Tells whether long transcripts are folded, and with `FOLD=auto` what each workspace said of that."""

from __future__ import annotations

from collections.abc import Mapping

from bot.cli.findings import Finding
from bot.database import open_database
from bot.settings.model import Settings
from storage import folding
from storage.database import StorageUnavailable
from storage.folding import FoldingAnswer


async def examine_folding(settings: Settings) -> Finding:
    """Return a note about folding, from the database alone: Slack is not asked."""
    if settings.fold == "never":
        return Finding(verdict="note", what="long transcripts are not folded (FOLD=never)")
    answers = await _answers(settings)
    if settings.fold == "always":
        what = f"long transcripts are folded (FOLD=always){_refusals(answers)}"
    else:
        what = f"long transcripts are folded where Slack takes that (FOLD=auto): {_told(answers)}"
    return Finding(verdict="note", what=what)


async def _answers(settings: Settings) -> Mapping[str, FoldingAnswer]:
    path = settings.database_path
    if path is not None and not path.exists():
        return {}
    try:
        async with open_database(settings, own=False) as database:
            return await database.read(folding.answers)
    except StorageUnavailable:
        return {}  # which is told elsewhere


def _refusals(answers: Mapping[str, FoldingAnswer]) -> str:
    refused = [team for team, answer in answers.items() if answer.taken is False]
    return f"; refused in {', '.join(refused)}" if refused else ""


def _told(answers: Mapping[str, FoldingAnswer]) -> str:
    words = {True: "takes it", False: "refuses it", None: "has not answered"}
    told = [f"{team} {words[answer.taken]} ({answer.asked_at:%-d %B %Y})" for team, answer in answers.items()]
    return ", ".join(told) or "no workspace was asked yet"
