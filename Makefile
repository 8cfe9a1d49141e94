# `make demo` and `make test` need Python >= 3.11 with venv, make and git; everything else they install below .venv.
PYTHON ?= python3
NPM ?= npm
VENV ?= .venv
BIN = $(VENV)/bin
BENCH_VENV = .venv-bench
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt

DOCS ?= build/docs
DIST ?= build/dist
DEB ?= build/deb
WORKERS ?= 5

# what is started hundreds of times is compiled once
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint lint-js man docs dist deb deb-check release-check screenshots bench soak explore mutants house clean

demo: $(VENV)/.demo
	@$(BIN)/ppa-assigner demo

# TESTS="tests/api tests/test_cli.py" runs some of them
test: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder $(if $(COVERAGE),--cov --cov-report=term) $(TESTS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# the script and the style of the page, by biome and TypeScript: needs node and npm, which nothing else does
lint-js: node_modules/.installed
	@$(NPM) run --silent lint

# ppa-assigner(1) and a page for each command, for packages and for `man -l build/man/ppa-assigner.1`
man: $(VENV)/.demo
	@$(BIN)/python -m ppa_assigner.cli.manual build/man

# the site, in build/docs; what it warns of is wrong (a link that leads nowhere, a page that no list names)
docs: $(VENV)/.dev
	@$(BIN)/python -m sphinx -q -E -W --keep-going -n -b html docs $(DOCS)
	@echo $(DOCS)/index.html

# wheel and sdist: the same bytes whenever they are built of the same commit
dist: $(VENV)/.dev
	rm -rf $(DIST)
	$(BIN)/python -m build --no-isolation --outdir $(DIST) .
	$(BIN)/python -m twine check --strict $(DIST)/*

# the Debian packages: built in a Debian 13 of their own, by mmdebstrap, and looked at by lintian; with SUITE=bookworm or
# SUITE=noble the one for Debian 12 or Ubuntu 24.04, which brings all libraries
deb: $(VENV)/.dev
	rm -rf $(DEB)
	PYTHON=$(abspath $(BIN)/python) .ci/deb $(DEB) $(SUITE)

# all of them, installed and used in systems of their own, which needs root
deb-check: $(VENV)/.dev
	PPA_ASSIGNER_TEST_ALL=required LINTIAN='*.deb' PPA_ASSIGNER_TEST_SUITES="$(or $(SUITE),bookworm noble)" \
	    $(BIN)/python -m pytest tests/debian

# TESTS="tests/api tests/launchpad" runs some of the tests with the lowest versions that are allowed
release-check: dist
	$(BIN)/python -m build --no-isolation --outdir $(DIST)-again .
	diff -r $(DIST) $(DIST)-again && rm -r $(DIST)-again
	PYTHON=$(abspath $(BIN)/python) .ci/lowest $(DIST)/*.tar.gz $(TESTS)

screenshots: $(VENV)/.dev
	$(BIN)/python -m tests.web.screenshots build/screenshots

# make bench TABLES="latency start" measures some; labgrid and ppa-dev-tools, which two tables are beside, have a virtual
# environment of their own; the table of ppa-dev-tools does without where it cannot be installed
# make bench JSON=1 > FILE prints nothing but one document, even where it installs everything first
# make bench RECORD=1 makes a whole run the one that docs/reference/performance.md quotes
bench: $(VENV)/.dev $(if $(filter labgrid,$(or $(TABLES),labgrid)),$(BENCH_VENV)/.labgrid)
	$(if $(filter uploads,$(TABLES)),@$(MAKE) --silent $(BENCH_VENV)/.labgrid || echo "ppa-dev-tools cannot be installed" >&2)
	@$(BIN)/python -m tests.bench $(if $(JSON),--json) $(if $(RECORD),--record) $(TABLES)
ifneq ($(JSON),)
.SILENT:
endif

soak: $(VENV)/.dev
	PPA_ASSIGNER_SOAK=$${PPA_ASSIGNER_SOAK:-180} $(BIN)/python -m pytest tests/soak tests/automaton/test_groups_walk.py

explore: $(VENV)/.dev
	$(BIN)/python -m tests.explore $(PPA_ASSIGNER_EXPLORE)

# each small change of the core must be noticed by a test; MUTANTS="record clock" tries some parts of it
mutants: $(VENV)/.dev
	$(BIN)/python -m tests.mutation $(MUTANTS)

# how large the code is, how it reads, and how far a request travels through it
house: $(VENV)/.dev
	@$(BIN)/python -m tests.house

clean:
	rm -rf $(VENV) $(BENCH_VENV) node_modules

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "ppa-assigner needs Python 3.11 or newer; say make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml .ci/constraints.txt
	$(PIP) -e '.[standin]'
	touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml .ci/constraints.txt
	$(PIP) -e '.[oidc,standin,dev,docs]'
	touch $@ $(VENV)/.demo

node_modules/.installed: package.json package-lock.json .npmrc
	$(NPM) ci --silent
	touch $@

$(BENCH_VENV)/.labgrid: .ci/bench.txt $(VENV)/bin/python
	$(BIN)/python -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r .ci/bench.txt
	touch $@
