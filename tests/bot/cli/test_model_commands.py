"""`threadscribe models`: what each command says, what it leaves behind, and its exit code."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.__main__ import main
from bot.cli import model_commands
from tests.bot.processes import ROOT, environment, threadscribe
from tests.transcription.models import stand_in
from tests.transcription.models.invented import invent, plant, unpinned, wheels
from tests.transcription.models.stand_in import HubStandIn, serving

LITTLE, PACKED, SECRET = invent("little"), invent("packed", packages=2), unpinned(invent("secret"))


@dataclass(frozen=True)
class Desk:
    """An operator with a folder of models and these three in the table."""

    folder: Path

    def say(self, *arguments: str) -> Result:
        env = {"EMBEDDED_MODELS_DIRECTORY": str(self.folder), "COLUMNS": "200"}
        return CliRunner().invoke(main, ["models", *arguments], env=env)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(model_commands, "CATALOG", [one.model for one in (LITTLE, PACKED, SECRET)])
    monkeypatch.setattr(model_commands, "is_installed", lambda: True)
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path / "models")


@pytest.fixture
def server() -> Iterator[HubStandIn]:
    with serving(LITTLE) as started:
        yield started


def row(desk: Desk, name: str) -> list[str]:
    (line,) = [line for line in desk.say("list").stdout.splitlines() if line.startswith(f"│ {name} ")]
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_every_model_is_listed_with_what_it_understands_and_where_it_is(desk: Desk) -> None:
    assert row(desk, "little") == ["little", "English only", "not measured", "0 MB", "no"]
    LITTLE.put(desk.folder / "little")
    assert row(desk, "little")[-1] == str(desk.folder / "little")
    LITTLE.put(desk.folder / "packed", model_bin=None)
    assert row(desk, "packed")[-1] == "begun; `models fetch packed` goes on"


def test_the_real_table_is_listed() -> None:
    said = CliRunner().invoke(main, ["models", "list"], env={"COLUMNS": "200"}).stdout
    for words in ("tiny.en", "4.6 %", "base", "99 languages", "1,622 MB"):
        assert words in said


def test_without_the_engine_it_is_told_what_is_missing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_commands, "is_installed", lambda: False)
    assert "faster-whisper is not installed" in desk.say("list").stdout


def test_a_model_is_fetched_verified_listed_and_removed(desk: Desk, server: HubStandIn) -> None:
    fetched = desk.say("fetch", "little", "--from", server.mirror)
    assert (fetched.exit_code, fetched.stderr) == (0, "")
    assert "every file is as published" in fetched.stdout
    assert desk.say("verify").stdout.startswith("✓ little (")
    assert desk.say("verify", "little").exit_code == 0
    removed = desk.say("remove", "little")
    assert (removed.exit_code, removed.stdout) == (0, f"{desk.folder / 'little'} is removed.\n")
    assert desk.say("remove", "little").exit_code == 1
    assert row(desk, "little")[-1] == "no"


def test_what_is_here_is_not_fetched(desk: Desk) -> None:
    LITTLE.put(desk.folder / "little")
    said = desk.say("fetch", "little")
    assert said.exit_code == 0
    assert "is here already" in said.stdout


def test_a_machine_without_a_network_takes_folders_and_wheels(desk: Desk, tmp_path: Path) -> None:
    first, second = wheels(PACKED, tmp_path / "carried")
    assert desk.say("fetch", "packed", "--from", str(first)).exit_code == 1
    assert desk.say("fetch", "packed", "--from", str(first), "--from", str(second)).exit_code == 0
    assert desk.say("fetch", "little", "--from", str(LITTLE.put(tmp_path / "folder"))).exit_code == 0
    assert desk.say("verify").stdout.count("✓") == 2


def test_a_broken_connection_is_told_with_what_to_do(desk: Desk, server: HubStandIn) -> None:
    server.plans["model.bin"] = [stand_in.break_off(50_000), stand_in.break_off(0)]
    said = desk.say("fetch", "little", "--from", server.mirror)
    assert said.exit_code == 1
    assert said.stdout == ""
    assert "What has come is kept: the same command goes on there." in said.stderr
    assert desk.say("fetch", "little", "--from", server.mirror).exit_code == 0
    assert server.ranges("model.bin")[-1] == "bytes=50000-"


def test_the_wrong_file_is_told(desk: Desk, server: HubStandIn) -> None:
    server.plans["model.bin"] = [stand_in.send(b"x" * 200_000)]
    said = desk.say("fetch", "little", "--from", server.mirror)
    assert said.exit_code == 1
    assert "model.bin is not the published file" in said.stderr
    assert "goes on there" not in said.stderr


@pytest.mark.parametrize("name", ["great", "../little", "/little", "little/", "", "auto"])
@pytest.mark.parametrize("command", ["fetch", "verify", "remove"])
def test_a_name_that_is_none_is_told_and_leads_nowhere(desk: Desk, command: str, name: str) -> None:
    LITTLE.put(desk.folder / "little")
    if command == "verify" and not name:
        return
    said = desk.say(command, name)
    assert said.exit_code == 2
    assert "known by name are little, packed, secret" in said.stderr
    assert (desk.folder / "little" / "model.bin").exists()


def test_a_model_without_published_hashes_is_refused_and_told_why(desk: Desk) -> None:
    said = desk.say("fetch", "secret", "--from", str(SECRET.put(desk.folder.parent / "there")))
    assert said.exit_code == 2
    assert "hashes of its files are not known" in said.stderr
    assert not desk.folder.exists()


@pytest.mark.parametrize("places", [["http://models.example/base"], ["https://models.example", "."], ["nowhere"]])
def test_a_place_that_is_not_used_is_told(desk: Desk, places: list[str]) -> None:
    said = desk.say("fetch", "little", *(word for place in places for word in ("--from", place)))
    assert said.exit_code in {1, 2}
    assert said.stderr
    assert "Traceback" not in said.stderr


def test_a_damaged_model_fails_and_is_named_beside_those_that_are_whole(desk: Desk) -> None:
    LITTLE.put(desk.folder / "little", model_bin=b"x" * 200_000)
    PACKED.put(desk.folder / "packed")
    said = desk.say("verify")
    assert said.exit_code == 1
    assert "✗ little is damaged: the hash of" in said.stdout
    assert "✓ packed" in said.stdout
    assert desk.say("verify", "packed").exit_code == 0


def test_what_is_not_here_cannot_be_verified(desk: Desk) -> None:
    assert desk.say("verify").exit_code == 0
    said = desk.say("verify", "little")
    assert (said.exit_code, said.stdout) == (1, "little is not here.\n")


def test_a_package_is_told_and_left_to_pip(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(PACKED, tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert row(desk, "packed")[-1] == "installed: packed-weights-0, packed-weights-1"
    assert "is here already" in desk.say("fetch", "packed").stdout
    assert "pip uninstall packed-weights-0 packed-weights-1" in desk.say("remove", "packed").stdout


def test_wrong_settings_are_told() -> None:
    said = CliRunner().invoke(main, ["models", "list"], env={"HTTP_PORT": "many"})
    assert said.exit_code == 2
    assert "HTTP_PORT" in said.stderr


async def test_a_name_with_control_characters_moves_no_terminal(tmp_path: Path) -> None:
    ended = await threadscribe("models", "fetch", "\x1b[2Jbase", folder=tmp_path)
    assert ended.code == 2
    assert "\x1b" not in ended.err


async def test_run_and_transcribe_have_nothing_that_fetches(tmp_path: Path) -> None:
    program = (
        "import sys; import bot.app, bot.cli.transcribe, bot.cli.doctor, transcription.embedded.transcriber; "
        "import transcription.models.store; "
        "print('transcription.models.hub' in sys.modules)"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=ROOT, env=environment(HOME=str(tmp_path)), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert said.decode().strip() == "False"
