# Everything a person or a machine types first. 'make help' lists it.
#
# Needs: Python 3.11 or later, make, git. pip takes its settings (an index, a proxy) from the machine; nothing here
# names one. Stamp files in .venv make a second run quick.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := PIP_REQUIRE_VIRTUALENV=1 $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest
# Options for 'hotline demo' and for pytest: make demo ARGS="--count 120", make test ARGS="-k merkle".
ARGS   ?=
# How many test processes run side by side.
JOBS   ?= 2
# Which simulated worlds 'make sim' runs.
SEED   ?= 0

# What Python compiles is kept ('make clean' removes it). Tests start hundreds of processes, and with this set each would
# compile all it imports anew: three times the start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup dev demo test test-parallel test-alone check lint fast sim scenario soak fuzz bench models debian requirements clean distclean

help:  ## Say what can be made.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s%s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

$(VENV)/.made: tools/venv.sh
	@tools/venv.sh "$(PYTHON)" $(VENV)
	@touch $@

$(VENV)/.base: requirements/base.txt $(VENV)/.made
	@echo "installing what Hotline runs on"
	@$(PIP) install --require-hashes --no-deps -r requirements/base.txt
	@touch $@

# The project itself: no network, no build isolation, because the build back end came with the hashed list.
$(VENV)/.project: pyproject.toml $(VENV)/.base
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.base
	@echo "installing what the tests and checks run on"
	@$(PIP) install --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

setup: $(VENV)/.project  ## Install Hotline into .venv, from hash-pinned lists.

dev: setup $(VENV)/.dev  ## The same, with what tests and checks need.

demo: setup  ## Two ministries, two nodes, a real exchange and an audit (ARGS="--count 120").
	@$(BIN)/hotline demo $(ARGS)

debian:  ## Install the Debian packages the tests use (root), or say which are missing.
	@tools/debian.sh requirements/debian.txt

# The parallel part comes last, because its summary is the one that counts most tests. Both parts always run.
test: dev debian  ## All tests.
	@rc=0; $(MAKE) --no-print-directory test-alone || rc=1; \
	$(MAKE) --no-print-directory test-parallel || rc=1; exit $$rc

test-parallel: dev
	@$(PYTEST) -n $(JOBS) --dist loadgroup -m "not alone" $(ARGS)

# Tests that measure time. pytest's exit 5 says that there were none, which is no failure here.
test-alone: dev
	@$(PYTEST) -q -m alone $(ARGS) || { rc=$$?; [ $$rc -eq 5 ] || exit $$rc; }

check: lint fast  ## Style, types and the fast tests: under two minutes.

lint: dev  ## Style and types.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

fast: dev
	@$(PYTEST) -q -n $(JOBS) --dist loadgroup -m "not slow and not root and not alone" $(ARGS)

sim: dev  ## One simulated world with its trace (SEED=7), or many with their numbers (SEED=0-1000).
	@$(BIN)/python -m tests.simulation $(SEED)

scenario: dev  ## One scenario in the simulator, told step by step; also those that no two nodes can play (NAME=sunset).
	@$(BIN)/python -m tests.scenario $(NAME)

fuzz: dev  ## Fuzz every decoder of foreign bytes, 30 s each (ARGS="--target note --seconds 600 --keep").
	@$(BIN)/python -m tests.fuzz $(ARGS)

soak: dev  ## What takes hours, resumed where it stopped (ARGS="--list", ARGS="--part simulation --count 1000").
	@$(BIN)/python -m tests.soak $(ARGS)

bench: dev  ## Hotline against the floor and the raw limits, and what grows; one table (ARGS="--entries 0" for the quick part).
	@$(BIN)/python -m bench $(ARGS)

models: dev debian  ## The formal models of spec/models, and their broken variants (ARGS="--large" for larger ones).
	@$(BIN)/python -m tools.models $(ARGS)

bench-large: dev  ## The same with a history of 1,000,000 entries: about an hour, and 7 GB for each node.
	@$(BIN)/python -m bench --one-channel --entries 10000 100000 1000000 $(ARGS)

requirements:  ## Renew requirements/*.txt from *.in (needs uv).
	@cd requirements && for name in base dev; do \
	  uv pip compile --quiet --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	    --python-version 3.11 $$name.in -o $$name.txt; done

clean:  ## Remove what was built or cached.
	@rm -rf build dist .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage
	@find keys protocol nodes hotline tests bench tools spec -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean  ## The same, and .venv.
	@rm -rf $(VENV)
