# Everything goes through .venv, which each target makes from the lock files when it is missing or out of date.

PYTHON ?= python3
HOME_DIR ?= .tongbo
PORT_BASE ?= 7300
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := requirements/runtime.txt
DEV := requirements/dev.txt
RUN_STAMP := $(VENV)/.runtime-installed
DEV_STAMP := $(VENV)/.dev-installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq

.PHONY: run demo test lint format bench chaos fuzz lock clean help
.DEFAULT_GOAL := help

help:
	@echo 'make run    everything on this machine (HOME_DIR=$(HOME_DIR) PORT_BASE=$(PORT_BASE)); Ctrl-C stops it'
	@echo 'make demo   realistic provider traffic against the running system'
	@echo 'make test   the whole test suite (ARGS="-k name" passes through)'
	@echo 'make lint   format, lint, types, import rules'
	@echo 'make bench  the figures of bench/results.json (ONLY=writer_64 runs one)'
	@echo 'make chaos  the long crash tests (CYCLES=200)'
	@echo 'make fuzz   random requests to every operation of every edge (CASES=50000)'
	@echo 'make lock   pins the dependencies again;  make clean  removes what these targets made'

run: $(RUN_STAMP)
	@exec $(BIN)/tongbo up --home $(HOME_DIR) --port-base $(PORT_BASE) $(ARGS)

demo: $(RUN_STAMP)
	@exec $(BIN)/tongbo demo --home $(HOME_DIR) $(ARGS)

test: $(DEV_STAMP)
	@$(BIN)/python -m pytest $(ARGS)

chaos: $(DEV_STAMP)
	@$(BIN)/python -m tests.chaos --cycles $${CYCLES:-200} $(ARGS)

fuzz: $(DEV_STAMP)
	@$(BIN)/python -m tests.fuzz --cases $${CASES:-50000} $(ARGS)

bench: $(DEV_STAMP)
	@$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY)) $(ARGS)

lint: $(DEV_STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(DEV_STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Tongbo needs Python 3.11 or newer; say which with PYTHON=...' >&2; exit 1; }
	@echo 'making $(VENV)'
	@$(PYTHON) -m venv $(VENV) \
		|| { echo 'python venv is missing (Debian: install python3-venv)' >&2; rm -rf $(VENV); exit 1; }

$(RUN_STAMP): $(RUNTIME) pyproject.toml | $(BIN)/python
	@echo 'installing the pinned packages'
	@$(PIP) install --require-hashes --only-binary :all: -r $(RUNTIME)
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV_STAMP): $(DEV) $(RUN_STAMP)
	@echo 'installing the pinned development packages'
	@$(PIP) install --require-hashes --only-binary :all: -r $(DEV)
	@touch $@

lock: | $(BIN)/python
	@$(BIN)/python -m uv --version >/dev/null 2>&1 || $(PIP) install uv
	@mkdir -p requirements
	$(BIN)/python -m uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command 'make lock' pyproject.toml --extra build --output-file $(RUNTIME)
	$(BIN)/python -m uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command 'make lock' pyproject.toml --all-extras --constraint $(RUNTIME) --output-file $(DEV)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
