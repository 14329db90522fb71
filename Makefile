# All tasks of a developer. Each target sets itself up. Needs Python 3.11 or later, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n auto --dist worksteal -q
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo quick test thorough acceptance check cover bench torture pictures site dist trial base release pins clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

# Checks the version of Python first, because pip's own message would name a package instead.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "kalentops needs Python 3.11 or later, this is " + sys.version.split()[0] + ": make PYTHON=python3.12")'
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt requirements/build.txt pyproject.toml | $(VENV)/bin/python
	@$(PIP) install --require-hashes --no-deps --requirement requirements/run.txt --requirement requirements/build.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(PIP) check
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@$(PIP) install --require-hashes --no-deps --requirement requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(PIP) check
	@touch $@ $(VENV)/.run

demo: $(VENV)/.run ## Run a tour on this repository's blueprints, with the emulator
	@$(BIN)/kalentops demo

quick: $(VENV)/.dev ## Run the tests without processes and waits: while you edit
	@SUITE=quick $(PYTEST) $(ARGS)

test: $(VENV)/.dev ## Run all tests at their usual size, before each pull request; ARGS="…" goes to pytest
	@$(PYTEST) $(ARGS)

thorough: $(VENV)/.dev ## Run all tests at their full size, once a week
	@SUITE=thorough $(PYTEST) $(ARGS)

acceptance: $(VENV)/.dev ## Run the tutorial from the built wheel; ARGS=--page writes its output into the pages
	@$(BIN)/python -m tests.acceptance $(ARGS)

check: $(VENV)/.dev ## Check lint, types and structure, before each commit
	@$(BIN)/ruff check .
	@$(BIN)/ruff check --quiet --preview --select PLW1514 kalentops release website # Windows has another encoding
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy & code=0; for system in win32 darwin; do \
	  $(BIN)/mypy --platform $$system --cache-dir .mypy_cache/$$system --no-warn-unreachable kalentops website || code=1; \
	done; wait $$! && exit $$code
	@$(PYTEST) tests/structure tests/site/test_site_documents.py

cover: ## Run the tests with coverage of lines and branches: at least 95 %
	@$(MAKE) --no-print-directory test ARGS="--cov --cov-report=term --cov-fail-under=95 $(ARGS)"

# Without them, the rest is measured all the same.
$(VENV)/.peers: requirements/peers.txt | $(VENV)/bin/python
	@$(PYTHON) -m venv $(VENV)/peers
	@$(VENV)/peers/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps \
	  --requirement requirements/peers.txt && touch $@ || echo "the peers can't be installed, and are not measured" >&2

bench: $(VENV)/.dev $(if $(PEERS),$(VENV)/.peers) ## Measure what kalentops costs, in ten minutes; ARGS=--quick in one; PEERS=1 others beside it
	@$(BIN)/python -m benchmarks $(if $(PEERS),--peers) $(ARGS)

torture: $(VENV)/.dev ## Attack apply in every known way, and write the table of docs/explanation/reliability.md (needs strace)
	@$(BIN)/python -m tests.torture --page

pictures: $(VENV)/.dev ## Write the pictures of the README (needs chromium, fonts-inter and pngquant)
	@$(BIN)/python -m tests.preview.pictures

site: $(VENV)/.dev ## Build the documentation as a site, into site/
	@$(BIN)/python -m website build

$(VENV)/.pins: requirements/pins.txt | $(VENV)/bin/python
	@$(PYTHON) -m venv $(VENV)/pins
	@$(VENV)/pins/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps \
	  --requirement requirements/pins.txt
	@touch $@

$(VENV)/.release: requirements/release.txt | $(VENV)/bin/python
	@$(PYTHON) -m venv $(VENV)/release
	@$(VENV)/release/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps \
	  --only-binary :all: --requirement requirements/release.txt
	@touch $@

dist: $(VENV)/.release ## Build all files of a release into dist/; ARGS=--here with a .pyz for this platform only
	@$(VENV)/release/bin/python -m release build $(ARGS)

trial: $(VENV)/.release ## Try the files in dist/ on this machine, as a user gets them
	@$(VENV)/release/bin/python -m release try

base: ## Pin the newest base of the container image, such as IMAGE=python:3.13.15-slim-trixie (needs docker)
	@digest=$$(docker buildx imagetools inspect --format '{{.Manifest.Digest}}' $(IMAGE)) && \
	  sed -i -E "s|^FROM [^ ]+|FROM $(IMAGE)@$$digest|" Containerfile

release: $(VENV)/.release ## Make the commit of a release, and the one after it: make release VERSION=1.2.0
	@$(VENV)/release/bin/python -m release prepare $(VERSION)

UV := $(VENV)/pins/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate \
  --custom-compile-command 'make pins'

pins: $(VENV)/.pins ## Write requirements/ from pyproject.toml; pins that fit stay, with ARGS=--upgrade they do not
	@$(UV) $(ARGS) pyproject.toml --extra emulator -o requirements/run.txt
	@$(UV) $(ARGS) pyproject.toml --all-extras -o requirements/stores.txt
	@$(UV) $(ARGS) pyproject.toml --all-extras --group dev -o requirements/dev.txt
	@for group in build release pins peers; do \
	  $(UV) $(ARGS) --group $$group -o requirements/$$group.txt || exit; done

clean: ## Remove what the other targets have created
	rm -rf $(VENV) dist site .coverage .coverage.* htmlcov .hypothesis .mypy_cache .ruff_cache .pytest_cache
