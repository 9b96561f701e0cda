# Every command sets up by itself: the environment is rebuilt when the locked requirements change.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test test-all test-thorough test-long guard soak bench check format lint types contracts audit lock voices clean

demo: $(READY)  ## the main job, all local: sandbox Slack, the bot, the embedded engine
	$(BIN)/threadscribe demo

test: $(READY)  ## every promise, within minutes
	$(BIN)/pytest -n 4 --dist worksteal -m "not (thorough or long or guard)"

test-all: test test-thorough test-long  ## and each of them in every way: kills, faults, simulated worlds, long recordings

test-thorough: $(READY)
	$(BIN)/pytest -n 4 --dist worksteal -m "thorough and not (long or guard)"

test-long: $(READY)
	$(BIN)/pytest -n 2 -m "long and not guard"

guard: $(READY)  ## has anything become expensive? up to three tries, on a machine that does nothing else
	$(BIN)/pytest -m guard tests/performance || $(BIN)/pytest -m guard --last-failed tests/performance \
	  || $(BIN)/pytest -m guard --last-failed tests/performance

check: $(READY) lint types contracts test  ## what a commit needs

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports

format: $(READY)  ## put the code in form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

audit:  ## is a weakness known of anything that we require? "Error 3" is: nobody could say
	$(PYTHON) .ci/audit.py

lock: $(READY)  ## resolve and hash the requirements again
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate pyproject.toml --output-file requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --group dev pyproject.toml --output-file requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --constraint requirements-dev.txt --group bench pyproject.toml --output-file requirements-bench.txt
	echo 'pip-audit>=2.10,<3' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate - --output-file .ci/audit-requirements.txt

soak: $(READY)  ## ten minutes of a busy workspace, with faults and kills; nothing doubled, nothing lost
	$(BIN)/python -m benchmarks.soak

bench: $(READY) $(VENV)/.bench-ready  ## every benchmark beside its baseline; writes docs/performance.md
	$(BIN)/python -m benchmarks

voices: $(READY)  ## make the sample recordings again (needs flite)
	$(BIN)/python -m sandbox.voices

clean:
	rm -rf $(VENV) .venv-audit .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

$(READY): requirements-dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Threadscribe needs Python 3.11 or later; set PYTHON=…") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.bench-ready: $(READY) requirements-bench.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	touch $@
