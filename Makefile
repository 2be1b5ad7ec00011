# The two commands of the README are `make demo` and `make test`; each does all its own set-up.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help

help: ## show this help
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: ## a complete run, headless, through the example notebook (own environment)
	@VENV=.demo/venv PYTHON="$(PYTHON)" bash tools/demo.sh

$(VENV)/.ready: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[lab,study,test]"
	@touch $@

check: $(VENV)/.ready ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check ## everything that CI runs
	AUTOR_TEST_ARTIFACTS="$${AUTOR_TEST_ARTIFACTS:-test-artifacts}" $(BIN)/python -m pytest -n 2 --dist loadfile

page: ## build the panels' page from its sources (needs node and npm)
	cd autor_nb/notebook/panels/page && npm ci --no-audit --no-fund --silent && npm run --silent build

crash: $(VENV)/.ready ## 200 kills at random instants (about ten minutes)
	AUTOR_CRASH_KILLS=200 $(BIN)/python -m pytest tests/crash -q -s

bench: $(VENV)/.ready ## print the benchmarks
	@for file in tests/benchmarks/bench_*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

.PHONY: help demo check test page crash bench
