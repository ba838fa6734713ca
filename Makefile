# The short way to everything that can be done with the checkout; CONTRIBUTING.md says when to use what.

PYTHON ?= python3
PORT ?= 8000
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PO := $(wildcard translations/*/LC_MESSAGES/messages.po)
MO := $(PO:.po=.mo)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo test test-browser coverage lint format sure faults bench lock screenshots

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | expand -t 16

install: $(INSTALLED) $(MO) ## make .venv with the locked packages and compile the catalogues

$(INSTALLED): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Consult needs Python 3.11 or later; name it with PYTHON=, as in: make install PYTHON=python3.12' >&2; exit 1; }
	@[ -x $(BIN)/pip ] || $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo 'Python cannot make virtual environments here. Run: apt-get install python3-venv' >&2; exit 1; }
	@[ -x $(BIN)/pip ] || $(PYTHON) -m venv --clear $(VENV)
	@echo 'Installing the locked packages into $(VENV); the first time takes about a minute.'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

ifneq ($(MO),)
$(MO) &: $(PO) $(INSTALLED)
	@$(BIN)/flask i18n compile
	@touch $(MO)
endif

demo: install ## load the demonstration and serve it on PORT (8000)
	$(BIN)/flask demo
	$(BIN)/flask serve --port $(PORT)

test: install ## everything a bare machine can run
	$(BIN)/pytest -n $(WORKERS) tests/unit tests/integration tests/journeys tests/architecture

test-browser: install ## journeys and accessibility in Chromium
	$(BIN)/pytest tests/browser

coverage: install ## the tests again, with the branches of consult/ counted
	$(BIN)/pytest -n $(WORKERS) --cov --cov-report=term tests/unit tests/integration tests/journeys tests/architecture

lint: install ## every tool that reads the code without running it
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/deptry .
	$(BIN)/flask i18n check

format: install ## put the code into its form
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

sure: lint test ## what must pass before a change is sent

faults: install ## kill processes and fill disks, and see what is left
	$(BIN)/pytest tests/faults

bench: install ## measure; NAME=page measures one part
	$(BIN)/python -m bench $(NAME)

screenshots: install ## take the pictures of the README again
	$(BIN)/python -m bench.screenshots

# Only files of the package index itself may enter the lock, never a wheel that lies on this machine:
# its hash would fit nowhere else. UPGRADE=--upgrade takes newer releases.
lock: install ## resolve pyproject.toml into requirements.lock
	env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL PIP_CONFIG_FILE=/dev/null $(BIN)/pip-compile \
	  --quiet --generate-hashes --all-extras --strip-extras --allow-unsafe --no-header $(UPGRADE) \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file requirements.lock pyproject.toml
	sed -i '1i # Every package that Consult needs to run, in production and for development, with the hashes of all\n# its files. Resolved on Python 3.11 from pyproject.toml; made by `make lock`, not by hand.\n' requirements.lock
