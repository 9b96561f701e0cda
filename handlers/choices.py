"""Modal fields for transcription options: build them, and read and validate what was entered. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    RadioButtonsElement,
    SectionBlock,
    StaticSelectElement,
)

from handlers import words
from storage.options import NO_OPTIONS, TranscriptionOptions
from transcription.hints import LONGEST_VOCABULARY, MOST_SPEAKERS, MOST_WORDS, fits_a_form
from transcription.naming import alike, language_name, shortened

TRANSCRIBER, LANGUAGE, SPEAKERS, VOCABULARY = "transcriber", "language", "speakers", "vocabulary"
USUAL = "usual"
"""The option value for "use the default": the channel, person or workspace settings decide."""

_WORD_LENGTH = 80
_RADIO_BUTTONS = 10
_DESCRIPTION = 75

_COUNT = re.compile(r"(\d{1,2})(?:\s*[-\u2013]\s*(\d{1,2}))?", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A configured transcriber: `name` in the settings, `title` for people, the languages it offers.

    `undetected`: languages that it transcribes only if they are chosen. `assumed`: the language where none is chosen;
    None if it is detected. `place`: a sentence that says where the audio is sent. `vocabulary`: it takes words to
    expect.
    """

    name: str
    title: str
    languages: tuple[str, ...] = ()
    undetected: tuple[str, ...] = ()
    assumed: str | None = None
    place: str = ""
    vocabulary: bool = False


class Problems(Exception):
    """Validation failed. `by_field` maps block ids to the message shown under the field."""

    def __init__(self, by_field: Mapping[str, str]) -> None:
        super().__init__(", ".join(by_field))
        self.by_field = dict(by_field)


def in_use(choices: Sequence[Choice], *wanted: str | None) -> Choice:
    """Return the transcriber that counts: the first of those `wanted` that there is, else the default one."""
    named = {choice.name: choice for choice in choices}
    return next((named[name] for name in wanted if name in named), choices[0])


def fields(
    options: TranscriptionOptions,
    choices: Sequence[Choice],
    *,
    usual: TranscriptionOptions = NO_OPTIONS,
    version: int = 0,
) -> Iterator[Block]:
    """Yield the fields for transcriber, language and number of speakers, with `options` selected.

    `usual` holds the defaults that are shown for "Default". Change `version` when a modal is updated: Slack keeps the
    entered value of a block whose id it has seen.
    """
    if len(choices) > 1:
        default = in_use(choices, usual.transcriber)
        offered = [
            Offer(value=USUAL, text=words.as_usual(default.title)),
            *(Offer(value=each.name, text=words.as_label(each.title), told=each.place) for each in choices),
        ]
        yield radio(TRANSCRIBER, words.CHOOSE_TRANSCRIBER, offered, chosen=options.transcriber, version=version)
    if languages := _languages(choices):
        by = in_use(choices, options.transcriber, usual.transcriber)
        hint = "" if options.language or usual.language else _to_be_chosen(choices)
        chosen = alike(options.language, languages) if options.language else None
        told = _default_language(by, usual.language)
        named = list(languages.items())
        yield select(LANGUAGE, words.CHOOSE_LANGUAGE, named, chosen=chosen, version=version, usual=told, hint=hint)
    yield InputBlock(
        block_id=f"{SPEAKERS}:{version}",
        optional=True,
        label=words.CHOOSE_SPEAKERS,
        hint=words.SPEAKERS_HINT,
        element=PlainTextInputElement(action_id=SPEAKERS, max_length=10, initial_value=_spelled(options.speakers)),
    )


def _default_language(by: Choice, usual: str | None) -> str:
    """Return the text of the option that leaves the language to the settings or to the transcriber."""
    if known := usual or by.assumed:
        return words.as_usual(language_name(known))
    return words.DETECTED if by.languages else words.AS_BEFORE


def vocabulary(entries: Sequence[str], choices: Sequence[Choice], *, version: int = 0) -> Iterator[Block]:
    """Yield the field for words to expect, if any transcriber takes them."""
    takers = [words.as_label(choice.title) for choice in choices if choice.vocabulary]
    if takers:
        # A list that is too long already is shown as far as it fits: Slack would refuse the whole form.
        shown = [entry for number, entry in enumerate(entries) if fits_a_form(entries[: number + 1])]
        yield InputBlock(
            block_id=f"{VOCABULARY}:{version}",
            optional=True,
            label=words.CHOOSE_WORDS,
            hint=words.words_hint(takers if len(takers) < len(choices) else ()),
            element=PlainTextInputElement(
                action_id=VOCABULARY,
                multiline=True,
                max_length=LONGEST_VOCABULARY,
                initial_value="\n".join(shown) or None,
            ),
        )


def expected(state: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the entered words, separated by lines or commas; None for an empty field.

    Raises `Problems` for more than `MOST_WORDS`.
    """
    entered = dict.fromkeys(shortened(word, limit=_WORD_LENGTH) for word in re.split("[\n,]", typed(state, VOCABULARY)))
    entered.pop("", None)
    if len(entered) > MOST_WORDS:
        block_id = next(name for name in map(str, state) if name.partition(":")[0] == VOCABULARY)
        raise Problems({block_id: words.too_many_words(MOST_WORDS)})
    return tuple(entered) or None


def paragraph(text: str) -> Block:
    """Return a paragraph of plain text."""
    return SectionBlock(text=PlainTextObject(text=text, emoji=False))


def select(
    name: str,
    label: str,
    offered: Sequence[tuple[str, str]],
    *,
    chosen: str | None,
    version: int,
    usual: str = "",
    hint: str = "",
) -> Block:
    """Return a select with a default option and then `offered` (pairs of value and text); `hint` is shown below it.

    `usual` is the text of the default option.
    """
    options = [_option(USUAL, usual or words.AS_BEFORE), *(_option(value, text) for value, text in offered)]
    initial = next((option for option in options if option.value == chosen), options[0])
    element = StaticSelectElement(action_id=name, options=options, initial_option=initial)
    return InputBlock(block_id=f"{name}:{version}", label=label, element=element, hint=hint or None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """An option; `told` is what stands below its text, shortened to what Slack takes."""

    value: str
    text: str
    told: str = ""


def radio(name: str, label: str, offers: Sequence[Offer], *, chosen: str | None, version: int) -> Block:
    """Return radio buttons, or a select where there are too many, with the first one selected unless one is `chosen`.

    What is entered is read in the same way as in a `select`.
    """
    options = [_option(each.value, each.text, told=each.told) for each in offers]
    initial = next((option for option in options if option.value == chosen), options[0])
    kind = RadioButtonsElement if len(options) <= _RADIO_BUTTONS else StaticSelectElement
    element = kind(action_id=name, options=options, initial_option=initial)
    return InputBlock(block_id=f"{name}:{version}", label=label, element=element)


def _option(value: str, text: str, *, told: str = "") -> Option:
    # Without the period: it is a description, as short as the others.
    description = PlainTextObject(text=shortened(told.removesuffix("."), limit=_DESCRIPTION), emoji=False)
    text_object = PlainTextObject(text=text, emoji=False)
    return Option(value=value, text=text_object, description=description if told else None)


def _to_be_chosen(choices: Sequence[Choice]) -> str:
    """Return the sentences about languages that transcribers do not detect."""
    return " ".join(
        words.only_if_chosen(choice.title, [language_name(code) for code in choice.undetected])
        for choice in choices
        if choice.undetected
    )


def _languages(choices: Sequence[Choice]) -> dict[str, str]:
    """Return the names of the languages by code, in the order of the names; each name is there once.

    Where transcribers write the code of a language differently, it is that of the first one.
    """
    named: dict[str, str] = {}
    for code in (code for choice in choices for code in choice.languages):
        named.setdefault(language_name(code), code)
    return {named[name]: name for name in sorted(named, key=_as_people_sort)}


def _as_people_sort(name: str) -> str:
    """Return a key by which neither capital letters nor accents count."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _spelled(speakers: tuple[int, int] | None) -> str | None:
    if speakers is None:
        return None
    fewest, most = speakers
    return str(fewest) if fewest == most else f"{fewest}-{most}"


def read_options(state: Mapping[str, Any], choices: Sequence[Choice], *, usual: str) -> TranscriptionOptions:
    """Return the entered options. `usual` is the transcriber where none is chosen.

    Raises `Problems` for a language that the transcriber does not offer, and for a bad number of speakers.
    """
    ids = {name: block_id for block_id in map(str, state) for name in [block_id.partition(":")[0]]}
    transcriber, language = chosen(state, TRANSCRIBER), chosen(state, LANGUAGE)
    problems: dict[str, str] = {}
    by = next((choice for choice in choices if choice.name == (transcriber or usual)), None)
    if language is not None and by is not None:
        known = alike(language, by.languages)
        if known is None:
            problems[ids[LANGUAGE]] = words.not_in_that_language(by.title)
        language = known
    speakers = None
    if said := typed(state, SPEAKERS):
        speakers = _counted(said)
        if speakers is None:
            problems[ids[SPEAKERS]] = words.SPEAKERS_PROBLEM
    if problems:
        raise Problems(problems)
    return TranscriptionOptions(
        transcriber=by.name if transcriber and by else None, language=language, speakers=speakers
    )


def _counted(said: str) -> tuple[int, int] | None:
    found = _COUNT.fullmatch(said)
    if found is None:
        return None
    fewest, most = int(found[1]), int(found[2] or found[1])
    return (fewest, most) if 1 <= fewest <= most <= MOST_SPEAKERS else None


def chosen(state: Mapping[str, Any], name: str) -> str | None:
    """Return the selected value of the field with this name; None for the default option."""
    option = _field(state, name).get("selected_option")
    value = option.get("value") if isinstance(option, Mapping) else None
    return value if isinstance(value, str) and value != USUAL else None


def typed(state: Mapping[str, Any], name: str) -> str:
    """Return the text entered in the field with this name, stripped; "" for an empty field."""
    value = _field(state, name).get("value")
    return value.strip() if isinstance(value, str) else ""


def _field(state: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    for block_id, entered in state.items():
        if str(block_id).partition(":")[0] == name and isinstance(entered, Mapping):
            field = entered.get(name)
            return field if isinstance(field, Mapping) else {}
    return {}
