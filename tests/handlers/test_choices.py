"""The fields for options: radio buttons within Slack's limits, languages by name, and what is read of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from handlers import words
from handlers.choices import LANGUAGE, TRANSCRIBER, USUAL, Choice, Problems, fields, in_use, read_options
from sandbox.slack.block_kit import complaints_about
from storage.options import TranscriptionOptions
from transcription import remarks
from transcription.botlhale.languages import LANGUAGES
from transcription.embedded.languages import OFFERED

BOTLHALE = Choice(name="botlhale", title="Botlhale AI", languages=LANGUAGES, place=remarks.TO_BOTLHALE)
OFFLINE = Choice(name="embedded", title="the offline engine", languages=tuple(sorted(OFFERED)), place="x" * 200)
GOWAJEE = Choice(name="gowajee", title="Gowajee")


def field(name: str, choices: Sequence[Choice], **more: Any) -> dict[str, Any]:
    """An element of the fields, which Slack takes."""
    blocks = [block.to_dict() for block in fields(TranscriptionOptions(**more), choices)]
    assert [complaint for block in blocks for complaint in complaints_about(block)] == []
    return next(block["element"] for block in blocks if block["block_id"].partition(":")[0] == name)


def texts(element: dict[str, Any]) -> list[str]:
    return [option["text"]["text"] for option in element["options"]]


@pytest.mark.parametrize(("others", "kind"), [(9, "radio_buttons"), (10, "static_select")])
def test_more_services_than_radio_buttons_are_a_menu(others: int, kind: str) -> None:
    choices = [
        Choice(name=f"n{number}", title=f"Service {number}", place="Audio goes far.") for number in range(others)
    ]
    element = field(TRANSCRIBER, choices, transcriber="n3")
    assert (element["type"], len(element["options"])) == (kind, others + 1)
    assert element["initial_option"]["value"] == "n3"


def test_a_description_is_no_longer_than_slack_takes() -> None:
    default, *others = field(TRANSCRIBER, [BOTLHALE, OFFLINE])["options"]
    assert "description" not in default, "the form says before where audio goes now"
    described = [option["description"]["text"] for option in others]
    assert described[0] == remarks.TO_BOTLHALE.removesuffix(".")
    assert len(described[1]) == 75


@pytest.mark.parametrize("choices", [[BOTLHALE, OFFLINE], [OFFLINE, BOTLHALE, GOWAJEE]])
def test_no_two_languages_have_one_name_and_capitals_and_accents_sort_nothing(choices: list[Choice]) -> None:
    accents = Choice(name="x", title="X", languages=("Élan", "elbe", "Ekoti"))
    named = texts(field(LANGUAGE, [*choices, accents]))[1:]
    assert len(named) == len(set(named))
    assert not [name for name in named if "(" in name]
    assert [name for name in named if name in {"Ekoti", "Élan", "elbe", "English"}] == [
        "Ekoti",
        "Élan",
        "elbe",
        "English",
    ]


def test_all_languages_that_are_offered_fit_in_a_menu() -> None:
    assert len(texts(field(LANGUAGE, [BOTLHALE, OFFLINE, GOWAJEE]))) <= 100


@pytest.mark.parametrize(
    ("choices", "more", "told"),
    [
        ([BOTLHALE], {}, words.DETECTED),
        ([GOWAJEE, BOTLHALE], {}, words.AS_BEFORE),
        ([GOWAJEE, BOTLHALE], {"transcriber": "botlhale"}, words.DETECTED),
        ([Choice(name="x", title="X", languages=("zu-ZA",), assumed="zu-ZA")], {}, "Default: isiZulu"),
    ],
    ids=["detects", "offers none", "another one", "assumes one"],
)
def test_the_default_language_is_what_the_service_does(choices: list[Choice], more: dict[str, Any], told: str) -> None:
    assert field(LANGUAGE, choices, **more)["initial_option"]["text"]["text"] == told


def test_a_service_that_is_gone_is_the_default_one() -> None:
    assert in_use([BOTLHALE, OFFLINE], "whisper", None, "embedded") == OFFLINE
    assert in_use([BOTLHALE, OFFLINE], "whisper") == BOTLHALE


def entered(**values: str) -> dict[str, Any]:
    return {f"{name}:4": {name: {"selected_option": {"value": value}}} for name, value in values.items()}


@pytest.mark.parametrize(
    ("values", "language"),
    [
        ({"language": "en-ZA"}, "en-ZA"),
        ({"language": "en"}, "en-ZA"),
        ({"language": "en-ZA", "transcriber": "embedded"}, "en"),
        ({"language": USUAL, "transcriber": USUAL}, None),
    ],
)
def test_a_language_is_read_as_the_service_calls_it(values: dict[str, str], language: str | None) -> None:
    assert read_options(entered(**values), [BOTLHALE, OFFLINE], usual="botlhale").language == language


def test_a_language_of_another_service_is_told_under_its_field() -> None:
    with pytest.raises(Problems) as caught:
        read_options(entered(language="zu-ZA", transcriber="embedded"), [BOTLHALE, OFFLINE], usual="botlhale")
    assert caught.value.by_field == {"language:4": words.not_in_that_language("the offline engine")}
