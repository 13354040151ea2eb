# All that is needed on a fresh machine: Python 3.11 or newer, git, make. `make run` does the rest.

VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
PYTHONS := $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python
PYTEST := $(PY) -m pytest -n logical --dist loadgroup
CHECKED := order_core helpdesk workers tests benchmarks
DEMO ?= 1

# An environment knows its own path: moved or copied with the checkout, it is installed again.
ifneq ($(shell cat $(STAMP) 2>/dev/null),$(CURDIR))
$(shell rm -f $(STAMP))
endif

.PHONY: help run install test test-postgresql lint format types sure lock migration triage-model screenshots bench

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 25

run: install  ## the whole product with the demo company on http://127.0.0.1:8000; Ctrl-C stops it
	@DEMO=$(DEMO) exec $(VENV)/bin/helpdesk up

install: $(STAMP)  ## .venv with what the lock file says; does nothing when up to date

$(STAMP): $(PY) requirements.lock setup.cfg pyproject.toml
	@echo "Installing into $(VENV) (a minute or two the first time)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@echo "$(CURDIR)" > $@

$(PY):
	@for python in $(PYTHONS); do \
	  if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    exec $$python -m venv --clear $(VENV); \
	  fi; \
	done; \
	echo "OrderCare needs Python 3.11 or newer with its venv module, and found:" >&2; \
	for python in $(PYTHONS); do \
	  $$python -c 'import sys; print("  " + sys.executable + " " + sys.version.split()[0])' 2>/dev/null; \
	done | sort -u >&2; \
	echo "Debian and Ubuntu: apt-get install python3 python3-venv. A certain one: make PYTHON=/path/to/python3.12" >&2; \
	exit 1

test: install  ## the whole test suite, on SQLite; ARGS="-k words" for some of it
	@$(PYTEST) $(ARGS)

test-postgresql: install  ## the same on a PostgreSQL that the tests start themselves
	@TEST_DATABASE=postgresql $(PYTEST) -m "not once" $(ARGS)

lint: install  ## style, templates, who may import whom
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m djlint --lint --quiet templates
	@PYTHONPATH=. $(VENV)/bin/lint-imports --no-cache

format: install  ## put the code into its usual form
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format .

types: install  ## type check
	@$(PY) -m mypy

sure: lint types test test-postgresql  ## everything that CI runs

lock: install  ## requirements.lock anew from requirements.in
	@$(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras $(UPGRADE) \
	  --custom-compile-command "make lock" requirements.in -o requirements.lock

migration: install  ## a revision from what changed in the models: make migration M="why"
	@test -n "$(M)" || { echo 'make migration M="what the revision is for"' >&2; exit 2; }
	@scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; export HELPDESK_DATA_DIR="$$scratch"; \
	  $(VENV)/bin/helpdesk db upgrade && \
	  $(VENV)/bin/alembic -c helpdesk/migrations/alembic.ini revision --autogenerate -m "$(M)"
	@$(PY) -m ruff format --quiet helpdesk/migrations/versions

triage-model: install  ## the triage model anew from the messages in helpdesk/triage/data
	@$(PY) -m helpdesk.triage.building

screenshots: install  ## pictures of the main screens, into docs/screens
	@$(PY) -m tests.e2e.screenshots docs/screens

bench: install  ## speed as ratios against an honest floor
	@$(PY) -m benchmarks
