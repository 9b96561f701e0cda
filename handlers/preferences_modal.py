"""The settings modal of a channel, a person or the workspace: build it and read what was entered. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, cast

from slack_sdk.models.blocks import Block, DividerBlock, RichTextBlock, RichTextSectionElement
from slack_sdk.models.blocks import RichTextElementParts as Parts
from slack_sdk.models.views import View

from handlers import words
from handlers.choices import (
    USUAL,
    Choice,
    Offer,
    chosen,
    expected,
    fields,
    in_use,
    paragraph,
    radio,
    read_options,
    select,
    vocabulary,
)
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
    """Return the modal with the current settings; `notice` stands before them."""
    return View(
        type="modal",
        callback_id=FORM,
        title=_TITLES[place.kind],
        submit=words.NAMING_SUBMIT,
        close=words.DISMISS,
        private_metadata=PreferencesContext(kind=place.kind, whose=place.owner, version=kept.version).dump(),
        blocks=[*([paragraph(notice)] if notice else []), *_blocks(place, kept, shown)],
    )


def _blocks(place: Scope, kept: Kept, shown: SettingsContext) -> Iterator[Block]:
    current, version = kept.preferences, kept.version
    yield _effect(place, current, shown)
    if shown.outside is not None:
        yield paragraph(words.OUTSIDE_INTRO)
        usual = words.OUTSIDE_ON if shown.outside else words.OUTSIDE_OFF
        on = Offer(value=_YES, text=words.OUTSIDE_ON, told=_service(current, shown).place)
        states = [_default(usual), on, Offer(value=_NO, text=words.OUTSIDE_OFF)]
        yield radio(OUTSIDE, words.CHOOSE_OUTSIDE, states, chosen=_VALUES[current.outside], version=version)
    by_itself = Offer(value=_YES, text=words.BY_ITSELF, told=words.BY_ITSELF_HINT)
    on_request = Offer(value=_NO, text=words.ON_REQUEST, told=words.ON_REQUEST_HINT)
    usual = words.ON_REQUEST if shown.usual.automatic is False else words.BY_ITSELF
    ways, chosen_way = [_default(usual), by_itself, on_request], _VALUES[current.automatic]
    yield radio(AUTOMATIC, words.CHOOSE_AUTOMATIC, ways, chosen=chosen_way, version=version)
    yield from fields(current.options, shown.choices, usual=shown.usual.options, version=version)
    if place.kind != "person":
        yield DividerBlock()
        yield from _advanced(place, kept, shown)


def _advanced(place: Scope, kept: Kept, shown: SettingsContext) -> Iterator[Block]:
    current, version, wanted = kept.preferences, kept.version, kept.preferences.options
    yield from vocabulary(wanted.vocabulary or (), shown.choices, version=version)
    forms = {"auto": words.AS_FITS, "file": words.ALWAYS_FILES}
    usual = forms[shown.usual.options.form or "auto"]
    yield _choice(SHOWN_AS, words.CHOOSE_FORM, forms, chosen=wanted.form, version=version, usual=usual)
    marks = {_YES: words.WITH_MARKS, _NO: words.WITHOUT_MARKS}
    usual = marks[_VALUES[shown.usual.options.time_marks] or _YES]
    yield _choice(MARKS, words.CHOOSE_MARKS, marks, chosen=_VALUES[wanted.time_marks], version=version, usual=usual)
    if place.kind == "channel" and shown.admin:
        locks = [(_YES, words.ADMINS_CHANGE)]
        usual = words.EVERYBODY_CHANGES
        yield select(LOCKED, words.CHOOSE_LOCKED, locks, chosen=_VALUES[current.locked], version=version, usual=usual)


def _effect(place: Scope, current: Preferences, shown: SettingsContext) -> Block:
    """Return what the settings lead to, and where audio goes."""
    by, automatic = _service(current, shown), current.over(shown.usual).automatic is not False
    off = shown.outside is not None and not (shown.outside if current.outside is None else current.outside)
    before, after = words.in_effect(place.kind, by=by.title, automatic=automatic, off=off)
    # Slack shows the channel's name as it is now, and only to whoever may see it.
    named = [Parts.Channel(channel_id=place.owner)] if place.kind == "channel" else []
    more = [] if off else [words.overridden(place.kind, automatic=automatic), by.place]
    texts = [after, *(f"\n{sentence}" for sentence in more if sentence)]
    parts = [Parts.Text(text=before), *named, *(Parts.Text(text=text) for text in texts if text)]
    return RichTextBlock(elements=[RichTextSectionElement(elements=parts)])


def _service(current: Preferences, shown: SettingsContext) -> Choice:
    """Return the transcriber that is used with these settings."""
    return in_use(shown.choices, current.options.transcriber, shown.usual.options.transcriber)


def _default(label: str) -> Offer:
    return Offer(value=USUAL, text=words.as_usual(words.within(label)))


def _choice(
    name: str, label: str, offered: Mapping[str, str], *, chosen: str | None, version: int, usual: str
) -> Block:
    """Return a select whose default option names the default value."""
    told = words.as_usual(words.within(usual))
    return select(name, label, list(offered.items()), chosen=chosen, version=version, usual=told)


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
