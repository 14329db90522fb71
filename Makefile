# Everything a developer does, each target with its own set-up. Needs Python 3.11 or later, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n auto --dist worksteal -q
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo quick test thorough check cover bench torture pins clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

# The first lines are for the reader of a failed set-up: pip's own message would be about a package, not about Python.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "kalentops needs Python 3.11 or later, this is " + sys.version.split()[0] + ": make PYTHON=python3.12")'
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@$(PIP) install --require-hashes --no-deps --requirement requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(PIP) check
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@$(PIP) install --require-hashes --no-deps --requirement requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(PIP) check
	@touch $@ $(VENV)/.run

demo: $(VENV)/.run ## The main job on this repository's blueprints, against a local stand-in for the API
	@$(BIN)/kalentops demo

quick: $(VENV)/.dev ## Tests without processes and waits: while one edits
	@SUITE=quick $(PYTEST) $(ARGS)

test: $(VENV)/.dev ## All tests at their usual size, before each pull request; ARGS="…" goes to pytest
	@$(PYTEST) $(ARGS)

thorough: $(VENV)/.dev ## All tests at their full size, once a week
	@SUITE=thorough $(PYTEST) $(ARGS)

check: $(VENV)/.dev ## Lint, types and the structure: before each commit
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/structure

cover: ## The same with coverage of lines and branches: 95 % at least
	@$(MAKE) --no-print-directory test ARGS="--cov --cov-report=term --cov-fail-under=95 $(ARGS)"

bench: $(VENV)/.dev ## The figures of benchmarks/README.md, measured anew
	@$(BIN)/python -m benchmarks

torture: $(VENV)/.dev ## Attack apply in every way we know, and write the table of docs/reliability.md (needs strace)
	@$(BIN)/python -m tests.torture --page

pins: ## Write requirements/ anew from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate \
	  --custom-compile-command 'make pins' pyproject.toml --extra emulator --group build -o requirements/run.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate \
	  --custom-compile-command 'make pins' pyproject.toml --extra emulator --group dev -o requirements/dev.txt

clean: ## Remove what the targets above have made
	rm -rf $(VENV) .coverage .coverage.* htmlcov .hypothesis .mypy_cache .ruff_cache .pytest_cache
