# Everything a fresh machine needs lies in .venv; PYTHON chooses the interpreter it is made with.
PYTHON ?= python3
# for example --extra-index-url of an index with PyTorch's CPU build, on a machine without an NVIDIA GPU
PIP_FLAGS ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TYPES := $(VENV)/types
export OMP_NUM_THREADS ?= 1

.PHONY: demo test lint types unit nightly clean

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "nsbench needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(PIP_FLAGS) --constraint constraints.txt setuptools
	$(BIN)/python -m pip install --quiet $(PIP_FLAGS) --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

## Install, run the whole command line once on generated data, say where the leaderboard lies.
demo: $(STAMP)
	$(BIN)/nsbench run --methods all --noise erode-dilate --ratios 0.25,0.5,0.75 --budget smoke --out runs/demo
	@echo
	@echo "The leaderboard: runs/demo/leaderboard/README.md"

## All checks: formatting, lint, types, tests. Real data are used where NSBENCH_DATA points to them.
test: lint types unit

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

# mypy needs to find the repository root under the name of the package
types: $(STAMP)
	mkdir -p $(TYPES) && ln -sfn $(CURDIR) $(TYPES)/nsbench
	cd $(TYPES) && MYPYPATH=. ../bin/mypy --config-file nsbench/pyproject.toml --cache-dir $(CURDIR)/.mypy_cache \
	  -m nsbench.testing -p nsbench.benchmark -p nsbench.datasets -p nsbench.methods -p nsbench.noise_models

unit: $(STAMP)
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal --durations 10

## What takes too long for every change: every table of the papers, run whole on generated scans.
nightly: $(STAMP)
	$(BIN)/python -m pytest -m nightly --numprocesses 2 --dist worksteal --durations 10

clean:
	rm -rf $(VENV) runs build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
