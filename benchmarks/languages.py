"""Write the table of `docs/languages.md`: the expected accuracy of each transcriber in each language, and its source.

    python -m benchmarks.languages

The offline engine transcribes recordings of real people (`benchmarks.people`) and must detect the language itself. The
providers are not measured: that would need an account, and recordings that may be sent to them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import people
from benchmarks.hearing import Side, opened, sides
from benchmarks.measuring import write_table
from benchmarks.recognition import MODELS, score
from transcription.botlhale.languages import LANGUAGES, UNDETECTED, WITHOUT_SPEAKERS
from transcription.engine.draft import drafted
from transcription.models.catalog import CATALOG, ENGLISH
from transcription.naming import language_name

PAGE = Path(__file__).parents[1] / "docs" / "languages.md"
HEADINGS = ("language", "transcriber", "wrong words", "measured on")


def main() -> None:
    """Measure, print and write."""
    rows = [*_measured(), *_unmeasured()]
    for row in rows:
        print(" | ".join(row))
    write_table(PAGE, HEADINGS, rows, by="python -m benchmarks.languages")


def _measured() -> Iterator[Sequence[str]]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        read = [each for each in people.english() if each.name not in people.SPONTANEOUS]
        free = [each for each in people.english() if each.name in people.SPONTANEOUS]
        call = [each for each in free if each.name == "phone"]
        groups = {
            "five people who read": read,
            "three who speak freely, two on the telephone": free,
            "a telephone call": call,
        }
        for name, hear in _engines(language="en"):
            for about, readings in groups.items():
                yield "English", f"offline, {name}", *_figure(hear, readings, folder), about
        for name, hear in _engines(language=None):
            if name not in {"pocketsphinx", *(model.name for model in CATALOG if model.languages == ENGLISH)}:
                for code, reading in people.foreign().items():
                    yield language_name(code), f"offline, {name}", *_figure(hear, [reading], folder), reading.name


def _engines(*, language: str | None) -> Iterator[tuple[str, Side]]:
    yield "pocketsphinx", lambda path: " ".join(turn.text for turn in drafted(path).turns)
    for name in MODELS:
        folder = opened(name)
        assert folder is not None, f"make offline MODEL={name}"
        yield name, sides(folder, language=language)["ours"]


def _figure(hear: Side, readings: Sequence[people.Reading], folder: Path) -> tuple[str, ...]:
    scores = [score(hear, each.save(folder), each.text) for each in readings]
    words = sum(each.words for each in scores)
    return (f"{100 * sum(each.wrong for each in scores) / words:.1f} % of {words}",)


def _unmeasured() -> Iterator[Sequence[str]]:
    yield "every other language of Whisper", "offline, base", "not measured", "–"
    for model in CATALOG:
        if model.word_errors is None:
            yield model.understands, f"offline, {model.name}", "not measured", "–"
    for code in LANGUAGES:
        notes = [
            *(["has to be chosen"] if code in UNDETECTED else []),
            *(["does not tell speakers apart"] if code in WITHOUT_SPEAKERS else []),
        ]
        yield language_name(code), "Botlhale AI", "not measured", ", ".join(notes) or "–"
    yield "Thai", "Gowajee", "not measured", "–"


if __name__ == "__main__":
    main()
