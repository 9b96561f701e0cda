"""Runs a command of the command line: what the operator can mend is told in plain words."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec

import click

from bot.settings.model import SettingsProblem
from storage.copying import NotTheSame
from storage.database import AlreadyOwned, StorageUnavailable

P = ParamSpec("P")

USAGE_ERROR = 2


def plainly(command: Callable[P, Coroutine[Any, Any, int | None]]) -> Callable[P, None]:
    """Run a coroutine command; problems that the operator can solve are told without a traceback, exit code 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = asyncio.run(command(*args, **kwargs))
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
