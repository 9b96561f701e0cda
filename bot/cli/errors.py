"""Runs a command of the command line; errors that the operator can fix are printed without a traceback."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec

import click

from bot.cli.stopping import stoppable
from bot.settings.model import SettingsProblem
from storage.copying import NotTheSame
from storage.database import AlreadyOwned, StorageUnavailable

P = ParamSpec("P")

USAGE_ERROR = 2


def plainly(command: Callable[P, Coroutine[Any, Any, int | None]]) -> Callable[P, None]:
    """Wrap a coroutine command: an error that the operator can fix is printed plainly, with exit code 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = asyncio.run(stoppable(command(*args, **kwargs)))
        except SettingsProblem as problem:
            click.echo("Threadscribe cannot start yet. Please set, in the environment or in .env:", err=True)
            for line in problem.problems:
                click.echo(f"  {line}", err=True)
            sys.exit(USAGE_ERROR)
        except (AlreadyOwned, StorageUnavailable, NotTheSame) as problem:
            click.echo(f"{problem}", err=True)
            sys.exit(USAGE_ERROR)
        except OSError as problem:
            click.echo(f"{problem.strerror or problem}", err=True)
            sys.exit(USAGE_ERROR)
        sys.exit(code or 0)

    return run
