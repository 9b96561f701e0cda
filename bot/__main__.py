"""The `threadscribe` command: each subcommand loads its settings, does one thing, and reports errors plainly.

Heavy modules are imported by the subcommand that needs them, so that `--help` is instant.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Literal

import click

from bot.cli.errors import plainly
from bot.settings.loading import load
from transcription.dumps import forbid_dumps

EPILOG = "Try it without any account: threadscribe demo. See what is set up: threadscribe doctor."


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(package_name="threadscribe")
def main() -> None:
    """Answer shared recordings in Slack with speaker-labelled transcripts."""
    try:
        forbid_dumps()  # the environment has the secrets, and what decodes a recording is of the same user
    except OSError as error:
        raise click.ClickException(f"this system lets other processes read the secrets of this one: {error}") from None


@main.command()
@click.option(
    "--only",
    type=click.Choice(["web", "worker"]),
    help="One role of several processes on one PostgreSQL database: hear Slack and the providers, or do the work.",
)
@plainly
async def run(only: Literal["web", "worker"] | None) -> None:
    """Run the bot until it is stopped (SIGTERM, SIGHUP or Ctrl-C)."""
    from bot import app, logs

    settings = load(to_run=True)
    logs.configure(settings)
    await app.run(settings, only=only)


@main.command()
@click.option(
    "--transcriber",
    type=click.Choice(["embedded", "botlhale", "gowajee"]),
    default="embedded",
    show_default=True,
    help="Whose work to show; the providers are played by stand-ins on this machine.",
)
@click.option(
    "--mode", type=click.Choice(["socket", "http"]), default="socket", show_default=True, help="How Slack calls."
)
@click.option("--once", is_flag=True, help="No page: show it in the terminal and exit, as without a terminal.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The page's port on this machine; 0: any.")
@click.option("--no-browser", is_flag=True, help="Only print the page's address.")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@plainly
async def demo(  # noqa: PLR0917 - click passes them by name
    transcriber: str,
    mode: str,
    once: bool,  # noqa: FBT001 - same
    port: int,
    no_browser: bool,  # noqa: FBT001 - same
    files: tuple[Path, ...],
) -> int:
    """Share your own voice, or FILES, in a sandbox Slack on this machine, and watch the bot answer. Needs no account.

    At a terminal this opens a page in your browser, which stays until Ctrl-C.
    """
    if once or not (sys.stdin.isatty() and sys.stdout.isatty()):
        from bot.cli.demo import show

        return await show(transcriber=transcriber, mode=mode, files=files)
    from bot.cli.demo_page import open_page

    return await open_page(transcriber=transcriber, mode=mode, files=files, port=port, open_browser=not no_browser)


@main.command()
@plainly
async def doctor() -> int:
    """Check tokens, scopes, the provider and the database, and say how to mend what is missing."""
    from bot.cli.doctor import examine

    return await examine(load())


@main.command()
@click.option("--public-url", help="For HTTP mode: the https address under which Slack reaches the bot.")
@click.option("--install-at", help="For many workspaces: the https address at which they install the app.")
@click.option("--json", "as_json", is_flag=True, help="JSON in place of YAML.")
def manifest(public_url: str | None, install_at: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Print the app manifest: for Socket Mode, or for HTTP with --public-url."""
    from bot.settings.addresses import base_url
    from bot.slack.manifest import as_yaml
    from bot.slack.manifest import manifest as made

    def address(given: str | None, option: str) -> str | None:
        try:
            return base_url(given) if given else None
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint=option) from None

    described = made(public_url=address(public_url, "--public-url"), install_at=address(install_at, "--install-at"))
    click.echo(json.dumps(described, indent=2) if as_json else as_yaml(described), nl=as_json)


def _add_other_commands() -> None:
    from bot.cli import database_commands
    from bot.cli.job_commands import jobs
    from bot.cli.model_commands import models
    from bot.cli.transcribe_command import transcribe

    main.add_command(jobs)
    main.add_command(models)
    main.add_command(transcribe)
    for command in (database_commands.migrate, database_commands.backup, database_commands.copy_database):
        main.add_command(command)


_add_other_commands()

if __name__ == "__main__":
    main()
