"""Stores what transcribers learn about their providers, for a restarted bot and for `doctor`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from bot.worker.tools import Tools
from storage import provider_facts
from storage.database import Database
from transcription.transcriber import CallsBack, Transcriber


async def recall_facts(transcribers: Iterable[Transcriber], database: Database) -> None:
    """Give every transcriber the stored facts about its provider."""
    for transcriber in transcribers:
        if isinstance(transcriber, CallsBack):
            transcriber.recall(await database.read(partial(provider_facts.known, provider=transcriber.name)))


async def keep_facts(transcriber: Transcriber, tools: Tools) -> None:
    """Store the facts that a transcriber has learnt, after loading those that other processes have stored."""
    if not isinstance(transcriber, CallsBack) or transcriber.facts == tools.facts.get(transcriber.name, {}):
        return
    name = transcriber.name
    kept = await tools.database.read(partial(provider_facts.known, provider=name))
    transcriber.recall(kept)
    found = transcriber.facts
    if any(kept.get(fact) != text for fact, text in found.items()):
        now = tools.clock()
        await tools.database.write(lambda tx: provider_facts.learn(tx, found, provider=name, now=now))
    tools.facts[name] = found
