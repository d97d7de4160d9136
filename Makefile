# The contributor's whole interface. Every target sets up what it needs.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# Two more than there are processors: tests wait for the work of others for half of their time.
JOBS   ?= $(shell echo $$(( $$(nproc) + 2 )))
SHELL  := /bin/bash

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where this is set, every server, bridge and command that a test starts would compile all of Firefly anew.
unexport PYTHONDONTWRITEBYTECODE
editor_sources := $(shell find editor -path editor/node_modules -prune -o -type f -print 2>/dev/null)

.PHONY: help run test lint format fuzz chaos soak swarm kinds bench screenshots docs lock clean

help:            ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

run: $(VENV)/.run      ## set up, then serve on 127.0.0.1:8000 (PORT=, DATA= and every FIREFLY_* are honoured)
	@$(if $(PORT),FIREFLY_LISTEN=127.0.0.1:$(PORT)) $(if $(DATA),FIREFLY_DATA_DIR=$(DATA)) exec $(BIN)/firefly serve

test: $(VENV)/.dev     ## every test; on Debian as root it installs what real parts need
	@scripts/system-packages test
	$(BIN)/python scripts/npm.py run test
	$(BIN)/pytest -n $(JOBS) --dist loadgroup

lint: $(VENV)/.dev     ## formatting, rules, types and floors, of Python and TypeScript
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/npm.py run typecheck
	$(BIN)/python scripts/npm.py run lint

format: $(VENV)/.dev   ## format all Python
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

fuzz: $(VENV)/.dev     ## the front door's parsers against others', guided by coverage; FUZZ_SECONDS=
	$(BIN)/pip install -q --require-hashes -r requirements-fuzz.lock
	$(BIN)/python -m tests.proxy.fuzz -max_total_time=$(or $(FUZZ_SECONDS),300)
	$(BIN)/pytest -q -m fuzz tests

chaos: $(VENV)/.dev    ## 100,000 requests past upstreams that misbehave; 1,000 builds while builders die
	$(BIN)/pytest -q -m chaos tests

soak: $(VENV)/.dev     ## sandboxes edited, frozen, stopped and woken while the server is killed; CYCLES=, SEED=
	FIREFLY_TEST_CYCLES=$(or $(CYCLES),1000) $(if $(SEED),FIREFLY_TEST_SEED=$(SEED)) $(BIN)/pytest -q -s -m soak tests

swarm: $(VENV)/.dev    ## sandboxes in a Docker Swarm whose nodes are cut off and die
	@scripts/system-packages test
	$(BIN)/pytest -q -m swarm tests

kinds: $(VENV)/.dev    ## projects of all kinds, with packages of the registries, pushed, built and shown
	@scripts/system-packages test
	@scripts/system-packages kinds
	$(BIN)/pytest -q -m kinds tests

bench: $(VENV)/.dev    ## every benchmark beside its peers; ONLY=proxy for one
	@scripts/system-packages bench
	$(BIN)/python -m bench $(ONLY)

screenshots: $(VENV)/.dev  ## every screen into docs/images
	@scripts/system-packages test
	FIREFLY_TEST_SCREENSHOTS=docs/images $(BIN)/pytest -q -m screenshots tests

docs: $(VENV)/.dev     ## the documentation as a site, in site/
	$(BIN)/python scripts/docs.py

lock: $(VENV)/.dev     ## resolve all dependencies anew
	scripts/lock

clean:           ## remove everything that was built, not the data
	rm -rf $(VENV) editor/node_modules firefly/web/static/editor build dist site

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Firefly needs Python 3.11 or newer: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "Python cannot make a virtual environment here. On Debian: apt install python3-venv"; exit 1; }

$(VENV)/.run: $(VENV)/bin/python requirements.lock setup.py pyproject.toml $(editor_sources)
	@echo "1/3 Python's packages"
	@$(BIN)/pip install -q --require-hashes -r requirements.lock
	@$(BIN)/python scripts/npm.py --check || { echo "    and Node, which is not here"; $(BIN)/pip install -q --require-hashes -r requirements-node.lock; }
	@echo "2/3 The editor's packages, and the editor (a minute or two)"
	@PYTHONWARNINGS=ignore $(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@echo "3/3 Ready; \`$(BIN)/firefly\` is the command line"
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(BIN)/pip install -q --require-hashes -r requirements-dev.lock
	@touch $@
