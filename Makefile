# The only command surface, for people and for CI.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
PROTOS = $(shell find proto -name '*.proto')
PRODUCT := $(VENV)/.product
BROWSER := tests/browser/node_modules/.installed
DATA ?= demo
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-header --no-annotate

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(PRODUCT): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $@

$(BROWSER): tests/browser/package-lock.json
	if command -v npm >/dev/null; then cd tests/browser && npm ci --silent --ignore-scripts && touch node_modules/.installed; \
	else echo "Node.js is not here: tests in a browser are left out" >&2; fi

product: $(PRODUCT)
	@$(BIN)/python -m isocenter.streaming.web.install_viewer
	@$(BIN)/python -m isocenter.streaming.web.install_quick

setup: product $(BROWSER) ## install everything the product and its tests need
	@tests/support/servers/debian.sh
	@tests/support/servers/opensearch.sh
	@tests/support/servers/keycloak.sh
	@tests/support/servers/minio.sh
	@tests/support/servers/versitygw.sh
	@tests/support/servers/chart_tools.sh
	@tests/support/images/base.sh

run: product ## start the product with sample studies in ./demo
	$(BIN)/isocenter up --data $(DATA) --samples

check: product fmt-check lint types web rooms proto-check chart ## static checks

test: setup ## run every test on real servers
	$(BIN)/pytest

test-kubernetes: setup ## install the chart on a real Kubernetes, and use it there
	@tests/support/servers/kubernetes.sh
	$(BIN)/pytest -m kubernetes --timeout 1800 tests/kubernetes

soak: setup ## the long fault runs
	$(BIN)/pytest -m soak --timeout 0

bench: setup ## measure beside the peers, in one run
	$(BIN)/python -m tests.perf

clean: ## remove what was installed and built in this folder
	rm -rf $(VENV) tests/browser/node_modules $(addprefix services/isocenter/streaming/web/quick/,node_modules build) .mypy_cache .ruff_cache .hypothesis .import_linter_cache

fmt: product
	$(BIN)/ruff format services tests charts tilt
	$(BIN)/ruff check --fix --select I services tests charts tilt

fmt-check:
	$(BIN)/ruff format --check services tests charts tilt

lint:
	$(BIN)/ruff check services tests charts tilt

types:
	$(BIN)/mypy services/isocenter services/image tests charts/isocenter/files/round_trip.py tilt/reload.py tilt/samples.py

web: ## types and own tests of the quick viewer, where Node.js is here
	@$(BIN)/python -m isocenter.streaming.web.install_quick --check

rooms:
	$(BIN)/lint-imports

chart: product ## lint, render and check the Helm chart
	@tests/support/servers/chart_tools.sh
	@$(BIN)/python -m tests.support.charts

proto: product ## generate services/isocenter/api from proto/
	find services/isocenter/api -name '*_pb2*' -delete
	PATH=$(BIN):$$PATH $(BIN)/python -m grpc_tools.protoc -Iproto --python_out=services --mypy_out=services \
	  --grpc_python_out=services --mypy_grpc_out=services $(PROTOS) 2>/dev/null
	find services/isocenter/api -type d -exec touch {}/__init__.py \;

proto-check:
	cd proto && $(BIN)/buf lint
	@$(MAKE) --no-print-directory proto
	git diff --exit-code -- services/isocenter/api

lock: product ## pin all Python dependencies anew, with hashes and without any index address
	$(LOCK) --extra dev pyproject.toml -o requirements.lock
	$(LOCK) --extra image -c requirements.lock pyproject.toml -o services/requirements.lock
	echo hatchling | $(LOCK) -c requirements.lock - -o services/build-requirements.lock

.PHONY: help product setup run check test test-kubernetes soak bench clean fmt fmt-check lint types web rooms chart proto proto-check lock
