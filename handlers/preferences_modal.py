"""The settings modal of a channel, a person or the workspace: build it and read what was entered. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, cast

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from handlers import words
from handlers.choices import Choice, chosen, expected, fields, paragraph, read_options, select, vocabulary
from handlers.modals import FormContext
from storage.options import TranscriptForm
from storage.preferences import Kept, Kind, Preferences, Scope

FORM = "settings_form"

AUTOMATIC, OUTSIDE, SHOWN_AS, MARKS, LOCKED = "automatic", "outside", "shown", "marks", "locked"
_YES, _NO = "yes", "no"
_VALUES: Mapping[bool | None, str | None] = MappingProxyType({None: None, True: _YES, False: _NO})

_TITLES: Mapping[Kind, str] = {
    "channel": words.CHANNEL_SETTINGS,
    "person": words.OWN_SETTINGS,
    "workspace": words.ALL_SETTINGS,
}


class PreferencesContext(FormContext):
    """What the modal remembers: whose preferences it shows, and their version. `whose` is a scope's owner."""

    kind: Kind
    whose: str
    version: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingsContext:
    """What the modal depends on: the transcribers, the defaults (`usual`), whether the person is an `admin`.

    `outside`: None in a channel of one company; in a Slack Connect channel, whether it is transcribed by default.
    """

    choices: Sequence[Choice]
    usual: Preferences
    admin: bool = False
    outside: bool | None = None


def form(place: Scope, kept: Kept, shown: SettingsContext, *, notice: str | None = None) -> View:
    """Return the modal with the current settings; `notice` is shown above them."""
    return View(
        type="modal",
        callback_id=FORM,
        title=_TITLES[place.kind],
        submit=words.NAMING_SUBMIT,
        close=words.CLOSE,
        private_metadata=PreferencesContext(kind=place.kind, whose=place.owner, version=kept.version).dump(),
        blocks=[*([paragraph(notice)] if notice else []), *_blocks(place, kept, shown)],
    )


def _blocks(place: Scope, kept: Kept, shown: SettingsContext) -> Iterator[Block]:
    current, version = kept.preferences, kept.version
    yield paragraph(words.where_sound_goes([(choice.title, choice.place) for choice in shown.choices]))
    if shown.outside is not None:
        yield paragraph(words.OUTSIDE_INTRO)
        states = [(_YES, words.OUTSIDE_ON), (_NO, words.OUTSIDE_OFF)]
        now = shown.outside if current.outside is None else current.outside
        yield select(OUTSIDE, words.CHOOSE_OUTSIDE, states, chosen=_VALUES[now], version=version)
    ways = {_YES: words.BY_ITSELF, _NO: words.ON_REQUEST}
    usual, chosen_way = ways[_VALUES[shown.usual.automatic] or _YES], _VALUES[current.automatic]
    yield _choice(AUTOMATIC, words.CHOOSE_AUTOMATIC, ways, chosen=chosen_way, version=version, usual=usual)
    yield from fields(current.options, shown.choices, usual=shown.usual.options, version=version)
    if place.kind == "person":
        return
    yield from vocabulary(current.options.vocabulary or (), shown.choices, version=version)
    forms, wanted = {"auto": words.AS_FITS, "file": words.ALWAYS_FILES}, current.options
    usual = forms[shown.usual.options.form or "auto"]
    yield _choice(SHOWN_AS, words.CHOOSE_FORM, forms, chosen=wanted.form, version=version, usual=usual)
    marks = {_YES: words.WITH_MARKS, _NO: words.WITHOUT_MARKS}
    usual = marks[_VALUES[shown.usual.options.time_marks] or _YES]
    yield _choice(MARKS, words.CHOOSE_MARKS, marks, chosen=_VALUES[wanted.time_marks], version=version, usual=usual)
    if place.kind == "channel" and shown.admin:
        locks = [(_YES, words.ADMINS_CHANGE)]
        usual = words.EVERYBODY_CHANGES
        yield select(LOCKED, words.CHOOSE_LOCKED, locks, chosen=_VALUES[current.locked], version=version, usual=usual)


def _choice(
    name: str, label: str, offered: Mapping[str, str], *, chosen: str | None, version: int, usual: str
) -> Block:
    """Return a select whose default option names the default value."""
    return select(name, label, list(offered.items()), chosen=chosen, version=version, usual=words.as_usual(usual))


def read(state: Mapping[str, Any], shown: SettingsContext, *, before: Preferences) -> Preferences:
    """Return the entered settings; those that the modal does not show stay as `before`. Raises `Problems`."""
    usual = shown.usual.options.transcriber or shown.choices[0].name
    wanted = read_options(state, shown.choices, usual=usual)
    asked = {str(block_id).partition(":")[0] for block_id in state}
    wanted = replace(
        wanted,
        vocabulary=expected(state) if "vocabulary" in asked else before.options.vocabulary,
        form=cast("TranscriptForm | None", _one_of(chosen(state, SHOWN_AS), "auto", "file"))
        if SHOWN_AS in asked
        else before.options.form,
        time_marks=_yes(chosen(state, MARKS)) if MARKS in asked else before.options.time_marks,
    )
    return Preferences(
        automatic=_yes(chosen(state, AUTOMATIC)) if AUTOMATIC in asked else before.automatic,
        outside=_yes(chosen(state, OUTSIDE)) if OUTSIDE in asked else before.outside,
        locked=(_yes(chosen(state, LOCKED)) if LOCKED in asked else before.locked) if shown.admin else before.locked,
        options=wanted,
    )


def _one_of(value: str | None, *known: str) -> str | None:
    return value if value in known else None


def _yes(value: str | None) -> bool | None:
    return {_YES: True, _NO: False}.get(value or "")
