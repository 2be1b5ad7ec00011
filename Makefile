# The two commands of the README are `make demo` and `make test`; each does all its own set-up.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PAGE := autor_nb/notebook/panels/page
.DEFAULT_GOAL := help

help: ## show this help
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: ## a complete run, headless, through the example notebook (own environment)
	@VENV=.demo/venv PYTHON="$(PYTHON)" bash tools/demo.sh

$(VENV)/.ready: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[lab,study,test]"
	@touch $@

$(PAGE)/node_modules/.ready: $(PAGE)/package-lock.json
	@if command -v npm >/dev/null; then cd $(PAGE) && npm ci --no-audit --no-fund --silent && touch node_modules/.ready; \
	else echo "NO npm HERE: the tests of the panels' page will be counted as skipped"; fi

check: $(VENV)/.ready ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check $(PAGE)/node_modules/.ready ## everything that CI runs
	AUTOR_TEST_ARTIFACTS="$${AUTOR_TEST_ARTIFACTS:-test-artifacts}" $(BIN)/python -m pytest -n 2 --dist loadfile

page: $(PAGE)/node_modules/.ready ## build the panels' page from its sources (needs node and npm)
	cd $(PAGE) && npm run --silent build

crash: $(VENV)/.ready ## 200 kills at random instants (about ten minutes)
	AUTOR_CRASH_KILLS=200 $(BIN)/python -m pytest tests/crash -q -s

reference: $(VENV)/.ready ## remake the loop templates' reference runs (about ten minutes)
	$(BIN)/python tools/reference.py all

bench: $(VENV)/.ready ## print the benchmarks
	@for file in tests/benchmarks/bench_*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

.PHONY: help demo check test page crash reference bench
