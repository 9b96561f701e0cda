"""The words to expect in a conversation, as its settings have them: add to them, and see whether there is room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from storage import preferences
from storage.database import Transaction
from storage.job import Origin
from storage.preferences import Kept, Scope
from transcription.hints import fits_a_form


def room(tx: Transaction, origin: Origin) -> tuple[bool, bool]:
    """Return whether the conversation of a recording can have another word, and whether its settings are locked."""
    kept, words = _expected(tx, origin)
    return fits_a_form([*words, "?"]), bool(kept.preferences.locked)


def expect(tx: Transaction, origin: Origin, words: Sequence[str], *, by: str, now: datetime) -> None:
    """Add words to those that hold for the conversation, as far as there is room; a word in another case is known.

    Where it has no list of its own yet, it gets the workspace's: a list of its own replaces that. Raises
    `PreferencesOutdated`.
    """
    kept, known = _expected(tx, origin)
    before = {word.casefold() for word in known}
    added = list[str]()
    for word in dict.fromkeys(words):
        if word.casefold() not in before and fits_a_form([*known, *added, word]):
            added.append(word)
    if not added:
        return
    options = replace(kept.preferences.options, vocabulary=(*known, *added))
    chosen = replace(kept.preferences, options=options)
    preferences.put(tx, _scope(origin), chosen, seen=kept.version, by=by, now=now)


def _expected(tx: Transaction, origin: Origin) -> tuple[Kept, tuple[str, ...]]:
    kept = preferences.get(tx, _scope(origin))
    general = preferences.get(tx, Scope(team=origin.team, kind="workspace"))
    return kept, kept.preferences.options.over(general.preferences.options).vocabulary or ()


def _scope(origin: Origin) -> Scope:
    return Scope(team=origin.team, kind="channel", owner=origin.channel, enterprise=origin.enterprise)
