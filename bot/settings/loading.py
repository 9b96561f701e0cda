"""Loads the settings from the environment and `.env`, and reports all problems at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.settings.checks import contradictions, provider_problems, slack_problems
from bot.settings.model import Settings, SettingsProblem


def load(*, env_file: Path | None = Path(".env"), to_run: bool = False) -> Settings:
    """Load the settings; with `to_run` all that a bot needs must be set. Raises `SettingsProblem` with all problems."""
    problems: list[str] = []
    try:
        settings = Settings(_env_file=env_file)
    except ValidationError as error:
        details = error.errors(include_input=False)
        problems = [_problem(detail["loc"], detail["msg"]) for detail in details]
        settings = _without(details, env_file=env_file)
    except UnicodeDecodeError:
        raise SettingsProblem([".env: it is not text in UTF-8; save it again as such"]) from None
    problems += contradictions(settings)
    if to_run:
        told = {_name(problem) for problem in problems}
        lacking = [*slack_problems(settings), *provider_problems(settings)]
        # A setting that is wrong is not reported as missing, too.
        problems += [problem for problem in lacking if _name(problem) not in told]
    if problems:
        raise SettingsProblem(problems)
    return settings


def _name(problem: str) -> str:
    return problem.partition(":")[0]


def _without(details: Sequence[ErrorDetails], *, env_file: Path | None) -> Settings:
    """Return the settings with defaults in place of wrong values, to find what else is missing."""
    wrong = {str(detail["loc"][0]) for detail in details if detail["loc"]} or set(Settings.model_fields)
    defaults = {name: Settings.model_fields[name].default for name in wrong}
    return Settings(_env_file=env_file, **defaults)


def _problem(location: tuple[int | str, ...], message: str) -> str:
    text = message.removeprefix("Value error, ")
    name = str(location[0]).upper() if location else ""
    return f"{name}: {text[:1].lower()}{text[1:]}" if name else text
