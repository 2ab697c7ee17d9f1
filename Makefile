# From nothing to a result (`make run`) and from nothing to a proof (`make test`).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# A shared data folder beside the checkout is used where there is one; the environment wins.
SCBASELINE_DATA_DIR ?= $(abspath $(wildcard ../shared/data/pbmc3k))
SCBASELINE_TEST_DATA ?= $(abspath $(wildcard ../shared/data))
export SCBASELINE_DATA_DIR SCBASELINE_TEST_DATA

.PHONY: run test test-all bench docs notebook model lock clean help
help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

run: $(VENV)/.run ## PBMC3k, from raw counts to three trained and judged classifiers
	$(BIN)/python pbmc_scanpy_pytorch_baseline.py

test: $(VENV)/.test ## every test and check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadgroup --durations=20

test-all: test ## every test and check, and those that take long
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadgroup -m long

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$$($(PYTHON) --version) is too old: scbaseline needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The stamps make a second `make` quick: nothing is installed again until these files change.
$(VENV)/.run: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.test: requirements-test.txt $(VENV)/.run
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-test.txt
	@touch $@

docs: $(VENV)/.test ## the documentation site, in docs/_build
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs docs/_build
	@echo "open docs/_build/index.html"

bench: $(VENV)/.run ## whole runs on PBMC3k beside the plain script (ten minutes)
	$(BIN)/python benchmarks/pbmc3k.py $(or $(wildcard $(SCBASELINE_DATA_DIR)/pbmc3k_raw.h5ad),pbmc3k_raw.h5ad)

notebook: $(VENV)/.test ## the notebook's outputs anew, on PBMC3k
	OMP_NUM_THREADS=1 $(BIN)/python tests/test_notebook.py

model: $(VENV)/.run ## the model that comes with the package, from PBMC3k and its annotation
	$(BIN)/python scripts/make_pbmc_model.py $(SCBASELINE_TEST_DATA)/pbmc3k/labels.csv

# uv resolves for every system and Python at once; CUDA's wheels are left to torch itself
# (pyproject.toml marks them 'never'), so that a CPU build of torch brings none.
LOCK := $(VENV)/lock
COMPILE := $(LOCK)/bin/uv pip compile pyproject.toml --universal --python-version 3.11 \
  --fork-strategy fewest --no-annotate --no-header --quiet
lock: ## requirements*.txt anew, from pyproject.toml
	$(PYTHON) -m venv $(LOCK) && $(LOCK)/bin/pip install --quiet 'uv>=0.9'
	$(COMPILE) | grep -v "'never'" > requirements.txt
	$(COMPILE) --group test --extra docs --constraint requirements.txt | grep -v "'never'" > requirements-test.txt
	$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' > requirements-min.txt

clean: ## away with the environment and the outputs of a run
	rm -rf $(VENV) build dist docs/_build figures models metrics.json timings.json cells.h5ad run.toml report.html
