# The few commands of nngen. `make` alone lists them.

VENV ?= .venv
PYTEST_WORKERS ?= auto
PYTHONBIN := $(VENV)/bin/python
STAMP := $(VENV)/.nngen-setup

NIGHTLY := nightly-slow-tests nightly-benchmark

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint nightly $(NIGHTLY) benchmark clean
.DELETE_ON_ERROR:

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12
	@echo "VENV=$(VENV) names the environment; make VENV=elsewhere <target> takes another one."

setup: $(STAMP)  ## the environment: a venv with everything, Debian packages that are missing

$(STAMP): pyproject.toml setup.py .ci/setup.sh
	@.ci/setup.sh "$(VENV)"
	@touch $@

demo: $(STAMP)  ## a network becomes hardware that is proven to compute it
	@$(VENV)/bin/nngen demo

test: $(STAMP)  ## the fast tests
	@$(PYTHONBIN) -m pytest -q -n $(PYTEST_WORKERS) --dist worksteal

lint: $(STAMP)  ## ruff, the walls between the rooms, mypy
	@.ci/lint.sh "$(VENV)"

# Each is skipped while the sources are those it last passed with, and none waits for another.
nightly: $(STAMP)  ## everything slow; resumes where it stopped
	@$(MAKE) --no-print-directory --keep-going $(NIGHTLY)

nightly-slow-tests: $(STAMP)
	@.ci/nightly $@ sh -c '$(PYTHONBIN) -m pytest -q -m slow || test $$? = 5' # 5: none is marked slow

nightly-benchmark: $(STAMP)
	@.ci/nightly $@ $(MAKE) --no-print-directory benchmark

benchmark: $(STAMP)  ## the figures that the design is measured against
	@$(PYTHONBIN) -m nngen.flows.benchmarks

clean:  ## removes what was built; the environment stays
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .nightly
	find nngen compiler sim flows tests -type d -name __pycache__ -prune -exec rm -rf {} +
