# The few commands of nngen. `make` alone lists them.

VENV ?= .venv
PYTEST_WORKERS ?= auto
PYTHONBIN := $(VENV)/bin/python
STAMP := $(VENV)/.nngen-setup

NIGHTLY_ISA := nightly-isa-micro nightly-isa-odd
NIGHTLY_NETWORKS := $(addprefix nightly-networks-,cim256 cim256_lossless cim128 cim128_lossless cim256_quad cim128_quad) \
	$(addprefix nightly-networks-,cim256_quad-pipelined cim128_quad-pipelined)
NIGHTLY := nightly-slow-tests nightly-benchmark nightly-curves nightly-dialects $(NIGHTLY_NETWORKS) $(NIGHTLY_ISA)

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint nightly nightly-isa nightly-networks $(NIGHTLY) conformance benchmark benchmark-mapping benchmark-netlist curves clean
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

nightly-curves: $(STAMP)
	@mkdir -p .nightly
	@.ci/nightly $@ $(PYTHONBIN) -m nngen.flows.cells.sweep --rows 64 --points 16 -o .nightly/curves

nightly-dialects: $(STAMP)
	@.ci/nightly $@ env NNGEN_FUZZ=40 $(PYTHONBIN) -m pytest -q -n $(PYTEST_WORKERS) tests/compiler/frontend

curves: $(STAMP)  ## the page of transfer curves, docs/transfer_curves.md, from ngspice
	@$(PYTHONBIN) -m nngen.flows.cells.sweep --rows 64 --points 16 -o docs

nightly-networks: $(STAMP)  ## networks of others on six chips in Verilator
	@$(MAKE) --no-print-directory --keep-going $(NIGHTLY_NETWORKS)

$(NIGHTLY_NETWORKS): nightly-networks-%: $(STAMP)
	@.ci/nightly $@ $(PYTHONBIN) -m nngen.flows.benchmarks networks-rtl-$*

nightly-isa: $(STAMP)  ## 20 million random instructions on two chips
	@$(MAKE) --no-print-directory --keep-going $(NIGHTLY_ISA)

$(NIGHTLY_ISA): nightly-isa-%: $(STAMP)
	@mkdir -p .nightly
	@.ci/nightly $@ $(VENV)/bin/nngen verify-isa --arch flows/architectures/$*.toml --instructions 10000000 \
		--simulator verilator --complete --resume .nightly/isa --coverage .nightly/isa-$*.md --json .nightly/isa-$*.json

conformance: $(STAMP)  ## networks of others against their references: ../shared/models
	@$(PYTHONBIN) -m nngen.flows.conformance

benchmark: $(STAMP)  ## the figures that the design is measured against
	@$(PYTHONBIN) -m nngen.flows.benchmarks

# hdl21 pins packages too old for nngen, so it lives in an environment of its own.
HDL21 := .venv-hdl21
HDL21_STAMP := $(HDL21)/.nngen-setup

$(HDL21_STAMP):
	@$(PYTHONBIN) -m venv $(HDL21)
	@$(HDL21)/bin/python -m pip install --quiet --disable-pip-version-check hdl21==7.0.0 vlsirtools==7.0.0
	@touch $@

benchmark-mapping: $(STAMP)  ## what each strategy of the mapper makes of networks that fill a chip
	@$(PYTHONBIN) -m nngen.flows.benchmarks mapping

benchmark-netlist: $(STAMP) $(HDL21_STAMP)  ## netlists beside hdl21
	@NNGEN_HDL21_PYTHON=$(HDL21)/bin/python $(PYTHONBIN) -m nngen.flows.benchmarks netlist

clean:  ## removes what was built; the environment stays
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .nightly
	find nngen compiler sim flows tests -type d -name __pycache__ -prune -exec rm -rf {} +
