# The only command surface, for people and for CI.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
PROTOS = $(shell find proto -name '*.proto')
SETUP_STAMP := $(VENV)/.setup

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(SETUP_STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-build-isolation --no-deps -e .
	touch $@

setup: $(SETUP_STAMP) ## install everything the product and its tests need

lock: ## pin all Python dependencies anew, with hashes and without any index address
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate --extra dev pyproject.toml -o requirements.lock --quiet

proto: setup ## generate services/isocenter/api from proto/
	find services/isocenter/api -name '*_pb2*' -delete
	PATH=$(BIN):$$PATH $(BIN)/python -m grpc_tools.protoc -Iproto --python_out=services --mypy_out=services \
	  --grpc_python_out=services --mypy_grpc_out=services $(PROTOS)
	find services/isocenter/api -type d -exec touch {}/__init__.py \;

check: setup fmt-check lint types rooms proto-check ## static checks

fmt: setup ## format the code
	$(BIN)/ruff format services tests
	$(BIN)/ruff check --fix --select I services tests

fmt-check:
	$(BIN)/ruff format --check services tests

lint:
	$(BIN)/ruff check services tests

types:
	$(BIN)/mypy services/isocenter tests

rooms:
	$(BIN)/lint-imports

proto-check:
	cd proto && $(BIN)/buf lint
	$(MAKE) --no-print-directory proto
	git diff --exit-code -- services/isocenter/api

test: setup ## run every test on real servers
	$(BIN)/pytest

.PHONY: help setup lock proto check fmt fmt-check lint types rooms proto-check test
