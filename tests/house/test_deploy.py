"""The files for operators say what is true: commands that exist, settings that are read, addresses that are served."""

from __future__ import annotations

import asyncio
import configparser
import fnmatch
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from bot.__main__ import main
from bot.app import open_bot
from bot.settings.model import Settings
from bot.worker.loop import GRACE
from sandbox.ports import free_port
from sandbox.slack import Slack
from tests.journeys.bench import settings_of

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yml").read_text(encoding="utf-8"))
UNIT_FILE = ROOT / "deploy" / "threadscribe.service"
OURS = ("migrate", "web", "worker")
OF_OTHERS = {"PATH", "HOME", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "POSTGRES_PASSWORD"}


def instructions(name: str, text: str = DOCKERFILE) -> list[str]:
    """What the Dockerfile gives to this instruction, in order, on one line each."""
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    return [line.split(maxsplit=1)[1] for line in lines if line.startswith(name + " ")]


def last_stage() -> str:
    return "FROM " + DOCKERFILE.rpartition("\nFROM ")[2]


def unit() -> configparser.RawConfigParser:
    parsed = configparser.RawConfigParser(strict=True)
    parsed.optionxform = str  # type: ignore[assignment, method-assign]  # systemd's names have capitals
    parsed.read_string(UNIT_FILE.read_text(encoding="utf-8"))
    return parsed


def names_in_env_example() -> set[str]:
    text = (ROOT / "deploy" / "env.example").read_text(encoding="utf-8")
    return set(re.findall(r"^([A-Z_]+)=", text, re.MULTILINE))


def command_lines() -> list[list[str]]:
    """Every command line of ours in these files, without the program."""
    compose = [COMPOSE["services"][name]["command"] for name in OURS]
    return [json.loads(instructions("CMD")[-1]), *compose, unit()["Service"]["ExecStart"].split()[1:]]


def settings_named() -> set[str]:
    env = {pair.split("=")[0] for line in instructions("ENV", last_stage()) for pair in line.split()}
    return env | set(COMPOSE["x-bot"]["environment"]) | names_in_env_example()


@pytest.mark.parametrize("line", command_lines(), ids=" ".join)
def test_every_command_that_is_started_exists(line: list[str]) -> None:
    command = main.commands[line[0]]
    whole = click.Context(main, **main.context_settings)  # without it the command would forget its `-h`
    assert isinstance(command.make_context(line[0], line[1:], parent=whole), click.Context)


@pytest.mark.parametrize("name", sorted(settings_named() - OF_OTHERS))
def test_every_setting_that_is_set_is_read(name: str) -> None:
    assert name.lower() in Settings.model_fields


def test_both_stages_are_of_one_slim_python_that_the_program_takes() -> None:
    bases = [base.split()[0] for base in instructions("FROM")]
    assert len(bases) == 2
    assert len(set(bases)) == 1
    pinned = re.fullmatch(r"python:3\.(\d+)-slim-[a-z]+", bases[0])
    assert pinned
    assert int(pinned[1]) >= 11


def test_the_image_installs_only_what_is_locked_and_none_of_the_development_tools() -> None:
    installs = [run for run in instructions("RUN") if "pip" in run]
    assert installs
    for part in (part for run in installs for part in run.split("&&") if " install " in part):
        assert "--require-hashes" in part or "--no-deps --no-index" in part
    assert not re.search(r"pip|requirements", "".join(instructions("RUN", last_stage())))


def test_the_image_runs_as_a_number_that_is_not_root() -> None:
    users = instructions("USER", last_stage())
    assert len(users) == 1
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[0])


def test_the_image_has_a_home_whatever_number_it_runs_as() -> None:
    assert "HOME=/data" in " ".join(instructions("ENV", last_stage())), "the Slack library asks for it at its import"


def test_the_image_keeps_what_must_last_in_one_volume() -> None:
    (volume,) = instructions("VOLUME", last_stage())
    env = dict(pair.split("=", 1) for line in instructions("ENV", last_stage()) for pair in line.split())
    assert env["DATABASE_URL"].startswith(f"sqlite:///{volume}/")
    assert env["SPOOL_DIRECTORY"].startswith(f"{volume}/")
    assert instructions("STOPSIGNAL", last_stage()) == ["SIGTERM"]


def test_nothing_but_what_is_named_enters_the_image() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    assert let_in == {
        "requirements.txt",
        "requirements-setup.txt",
        "requirements-offline.txt",
        "requirements-weights-tiny.en.txt",
        "requirements-weights-base.txt",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "bot",
        "handlers",
        "storage",
        "transcription",
        "sandbox",
    }
    assert all((ROOT / name).exists() for name in let_in)
    assert any(fnmatch.fnmatch("bot/.env", rule.replace("**", "*")) for rule in rules)


async def check_health(port: int) -> int:
    """The image's own health check, run here; its exit code."""
    (check,) = instructions("HEALTHCHECK", last_stage())
    python, *arguments = json.loads(check.partition("CMD ")[2])
    assert python == "python"
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=os.environ | {"HTTP_PORT": str(port)}, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait()


async def test_the_health_check_asks_what_is_served(tmp_path: Path) -> None:
    async with Slack() as slack, open_bot(settings_of(slack, tmp_path)) as bot:
        assert await check_health(bot.listening.port) == 0


async def test_the_health_check_fails_where_nobody_answers() -> None:
    assert await check_health(free_port()) != 0


@pytest.mark.parametrize("name", OURS)
def test_each_container_of_ours_may_do_as_little_as_possible(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["ulimits"] == {"core": 0}
    assert service["volumes"] == ["spool:/data"]
    assert not service.get("privileged")
    assert not service.get("user"), "the image's own"


def test_the_database_is_reached_from_inside_only_and_waited_for() -> None:
    services = COMPOSE["services"]
    database = services["database"]
    assert database["image"].startswith("postgres:17")
    assert "ports" not in database
    assert database["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert database["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
    assert services["migrate"]["depends_on"]["database"]["condition"] == "service_healthy"
    for role in ("web", "worker"):
        assert services[role]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_what_is_published_is_published_to_this_machine_only() -> None:
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", ())]
    assert published == ["127.0.0.1:3000:3000"]


def test_no_file_holds_a_secret() -> None:
    for name in ("compose.yml", "Dockerfile", "deploy/env.example", "deploy/threadscribe.service"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"xox[bp]-|xapp-|(TOKEN|SECRET|KEY|PASSWORD)[=:] ?[\"']?[\w-]", text), name


def test_everything_gets_more_time_to_stop_than_the_bot_needs() -> None:
    assert int(unit()["Service"]["TimeoutStopSec"]) > GRACE.total_seconds()
    for name in OURS:
        assert int(COMPOSE["services"][name]["stop_grace_period"].removesuffix("s")) > GRACE.total_seconds()


@pytest.mark.parametrize(
    ("name", "value"),
    {
        "User": "threadscribe",
        "EnvironmentFile": "/etc/threadscribe/env",
        "StateDirectory": "threadscribe",
        "Restart": "always",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "CapabilityBoundingSet": "",
        "LimitCORE": "0",
        "UMask": "0077",
    }.items(),
)
def test_the_unit_gives_the_process_its_own_folder_and_nothing_else(name: str, value: str) -> None:
    assert unit()["Service"][name] == value


def test_the_unit_lets_decoding_end_in_its_own_time() -> None:
    assert unit()["Service"]["KillMode"] == "mixed"
    assert unit()["Service"]["OOMPolicy"] == "continue"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd")
async def test_systemd_takes_the_unit_as_it_is(tmp_path: Path) -> None:
    text = UNIT_FILE.read_text(encoding="utf-8")
    there = tmp_path / UNIT_FILE.name
    there.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={sys.executable}", text), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        "systemd-analyze", "verify", str(there), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    complaints = [line for line in said.decode().splitlines() if UNIT_FILE.name in line]
    assert complaints == []
