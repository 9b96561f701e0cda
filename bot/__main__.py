"""The `threadscribe` command: each subcommand reads its settings, does one thing, and says plainly what is wrong.

Heavy modules are imported by the subcommand that needs them, so that `--help` is instant.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import click

from bot import settings as _settings
from storage.database import AlreadyOwned, StorageUnavailable

P = ParamSpec("P")

USAGE_ERROR = 2

EPILOG = "Try it without any account: threadscribe demo. See what is set up: threadscribe doctor."


def plainly(command: Callable[P, Coroutine[Any, Any, int | None]]) -> Callable[P, None]:
    """Run a coroutine command; problems that the operator can solve are told without a traceback, exit code 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = asyncio.run(command(*args, **kwargs))
        except _settings.SettingsProblem as problem:
            click.echo("Threadscribe cannot start yet. Please set, in the environment or in .env:", err=True)
            for line in problem.problems:
                click.echo(f"  {line}", err=True)
            sys.exit(USAGE_ERROR)
        except (AlreadyOwned, StorageUnavailable) as problem:
            click.echo(f"{problem}", err=True)
            sys.exit(USAGE_ERROR)
        except OSError as problem:
            click.echo(f"{problem.strerror or problem}", err=True)
            sys.exit(USAGE_ERROR)
        sys.exit(code or 0)

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(package_name="threadscribe")
def main() -> None:
    """Answer shared recordings in Slack with speaker-labelled transcripts."""


@main.command()
@plainly
async def run() -> None:
    """Run the bot until it is stopped (SIGTERM or Ctrl-C)."""
    from bot import app, logs

    settings = _settings.load(to_run=True)
    logs.configure(settings)
    await app.run(settings)


@main.command()
@click.option(
    "--transcriber", type=click.Choice(["embedded", "botlhale", "gowajee"]), default="embedded", show_default=True,
    help="Whose work to show; the providers are played by stand-ins on this machine.",
)  # fmt: skip
@click.option(
    "--mode", type=click.Choice(["socket", "http"]), default="socket", show_default=True, help="How Slack calls."
)
@plainly
async def demo(transcriber: str, mode: str) -> int:
    """Show the main job on this machine: a sandbox Slack, the bot, real speech. Needs no account."""
    from bot.demo import show

    return await show(transcriber=transcriber, mode=mode)


@main.command()
@plainly
async def doctor() -> int:
    """Check tokens, scopes, the provider and the database, and say how to mend what is missing."""
    from bot.doctor import examine

    return await examine(_settings.load())


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json", "srt", "vtt"]), default="text", show_default=True)
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write there instead of here.")
@plainly
async def transcribe(file: Path, form: str, output: Path | None) -> int:
    """Transcribe FILE with the configured transcriber, without Slack."""
    from bot.transcribe import transcribe_file

    return await transcribe_file(_settings.load(), file, form=form, output=output)


@main.command()
@click.option("--public-url", help="For HTTP mode: the https address under which Slack reaches the bot.")
@click.option("--json", "as_json", is_flag=True, help="JSON in place of YAML.")
def manifest(public_url: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Print the app manifest: for Socket Mode, or for HTTP with --public-url."""
    from bot.manifest import as_yaml
    from bot.manifest import manifest as made

    try:
        address = _settings.base_url(public_url) if public_url else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--public-url") from None
    described = made(public_url=address)
    click.echo(json.dumps(described, indent=2) if as_json else as_yaml(described), nl=as_json)


@main.command()
@plainly
async def migrate() -> None:
    """Bring the database to the newest schema. `run` does so by itself."""
    from bot.app import open_database
    from storage.migrations import migrate as move

    async with open_database(_settings.load(), own=True, newest=False) as database:
        applied = await move(database)
    click.echo("\n".join(f"applied {name}" for name in applied) or "The database is at the newest schema.")


def _add_job_commands() -> None:
    from bot.job_commands import jobs

    main.add_command(jobs)


_add_job_commands()

if __name__ == "__main__":
    main()
