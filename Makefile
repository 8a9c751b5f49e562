# Everything sets itself up in .venv: a machine needs Python 3.11 or newer and make, nothing else.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test verify faults lint lock docs clean setup

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready-test
RUNS := $(VENV)/.ready-run
# The pip of a fresh environment is as old as its Python; none of its news or questions matter here.
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
# A lock names everything, so nothing is resolved on the day of the installation: pip before 24.2 would look
# for what an extra asks for, find a newer release than the lock's, and refuse it for want of a hash.
INSTALL := $(PIP) install --no-deps --require-hashes

help: ## show this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## /make \1\t/' | expand -t 14

demo: $(RUNS) ## drain a real backlog and watch it in the browser (ONCE=1: end when it is done)
	@$(BIN)/python manage.py demo $(if $(ONCE),--once) $(if $(PORT),--port $(PORT))

test: $(READY) ## check style, types, imports and templates, then run the tests
	@$(BIN)/python tools/checks.py lint test

verify: $(READY) ## what tests leave out: the slow, optional modes, faults, other Pythons, an installation as on a new machine
	@$(BIN)/python -m tools.verify

faults: $(READY) ## break a real site at random and look at what must hold (SCHEDULES=10, SEED=1, SUM=FILE adds up; PLANT=1 plants a fault)
	@$(BIN)/python -m bench.faults --schedules $(or $(SCHEDULES),10) $(if $(SEED),--seed $(SEED)) $(if $(SUM),--sum $(SUM))

lint: $(READY) ## only the checks that run no test
	@$(BIN)/python tools/checks.py lint

lock: $(READY) ## compile requirements/*.txt from pyproject.toml
	@$(BIN)/python tools/lock.py

docs: ## build the documents as a site in build/docs
	@test -x build/docs-env/bin/mkdocs || { sh tools/make-venv build/docs-env && build/docs-env/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --require-hashes -r requirements/docs.txt; }
	@build/docs-env/bin/mkdocs build --quiet && echo "build/docs/index.html" | sed 's#index#tutorial/index#'

setup: $(READY) ## only set up .venv, with what tests need

clean: ## remove .venv and caches; the data in var/ stays
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python: ; @sh tools/make-venv $(VENV)

# What tests need contains what a run needs, so one environment serves both.
$(RUNS): requirements/run.txt | $(BIN)/python
	@test -e $(READY) || echo "Installing drainsite into $(VENV) (once) ..."
	@$(INSTALL) -r requirements/run.txt && $(PIP) check
	@touch $@

$(READY): requirements/test.txt $(RUNS) | $(BIN)/python
	@echo "Installing what the tests need into $(VENV) (once) ..."
	@$(INSTALL) -r requirements/test.txt && $(PIP) check
	@touch $@
