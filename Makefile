# The commands of this repository. `make run` and `make test` need Python 3.11 or later with venv, and a package
# registry; they make everything else themselves, and when it is there already they need no network.

.PHONY: help run test chaos bench manual lint format lock secrets environment browser clean
.DEFAULT_GOAL := help

# Every command starts many processes: they share what Python has compiled, wherever it is told not to keep that.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin

# Three processes share the tests so that they end together: those of the whole system, on a running stack; those in a
# browser, on another, and after them the workflows; and the other rooms.
IN_A_BROWSER = tests/browser tests/workflows
OF_THE_SYSTEM = tests/system
OF_THE_ROOMS = tests $(IN_A_BROWSER:%=--ignore=%) $(OF_THE_SYSTEM:%=--ignore=%)

# The system's own first: distributions build theirs with profile-guided optimisation, version managers mostly not.
PYTHON ?= $(shell for python in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; \
	done)

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-8s %s\n", $$1, $$2 }'

run: environment ## Set everything up and start it; Ctrl-C stops it
	@exec $(BIN)/python -m devstack

test: environment ## Set everything up and run every check and test
	@echo "== checks; and pytest: rules, workflows, activities, pages, browser, the whole stack"
	@logs=$$(mktemp -d); \
	part() { name=$$1; shift; "$$@" >"$$logs/$$name" 2>&1 || touch "$$logs/failed"; }; \
	part checks $(MAKE) --no-print-directory lint & \
	part browser sh -c '$(MAKE) --no-print-directory browser && $(BIN)/python -m pytest $(IN_A_BROWSER)' & \
	part system $(BIN)/python -m pytest $(OF_THE_SYSTEM) & \
	$(BIN)/python -m pytest $(OF_THE_ROOMS) || touch "$$logs/failed"; \
	wait; for name in checks browser system; do cat "$$logs/$$name"; done; \
	[ ! -e "$$logs/failed" ]; passed=$$?; rm -rf "$$logs"; exit $$passed

lint: environment ## Check format, style, types and the arrows between the rooms
	@echo "== ruff format: layout"
	@$(BIN)/ruff format --check --quiet . || { echo "Run 'make format'." >&2; exit 1; }
	@echo "== ruff check: style and common mistakes"
	@$(BIN)/ruff check --quiet .
	@echo "== mypy: types"
	@$(BIN)/mypy --no-error-summary
	@echo "== import-linter: the arrows between the rooms"
	@$(BIN)/lint-imports --no-logo

chaos: environment ## Enrol while everything is killed around: 200 enrolments, 100 kills (ARGS="--seed 7")
	@$(BIN)/python -m tests.chaos $(ARGS)

bench: environment ## Measure it beside what does nothing: rates, pages, many open enrolments, recovery
	@$(BIN)/python -m tests.bench $(ARGS)

manual: browser ## Make マニュアル anew: pictures of the running system, and a PDF for each tenant
	@$(BIN)/python -m manual

format: environment ## Lay the code out, and mend what can be mended safely
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

LOCKED = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

lock: environment ## Write the locks anew from pyproject.toml (ARGS=--upgrade for newer versions)
	@$(LOCKED) --all-extras --output-file requirements.lock $(ARGS) pyproject.toml
	@$(LOCKED) --constraint requirements.lock --output-file requirements.runtime.lock pyproject.toml

secrets: environment ## Make the secrets that docker-compose.yml needs, in secrets/; none is ever replaced
	@$(BIN)/jcan keys new secrets

environment:
	@$(PYTHON) -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "No Python 3.11 or later with its venv module was found: install one (Debian:" \
		"apt-get install python3-venv), or name it: make PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) devstack/environment.py

browser: environment
	@echo "== a browser and Japanese fonts for the browser tests"
	@$(BIN)/python -m devstack.browser

clean: ## Remove what was installed and cached; the stack's state in .run stays
	@rm -rf .venv .venv.lock build *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
