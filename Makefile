# What a newcomer types. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help run test coverage test-live check lint-deploy defences drill drill-release lock docs schema demo-tour simulate bench-quality \
	bench-http clean

PYTHON ?= $(shell command -v python3.11 || command -v python3)
HOST ?= 127.0.0.1
PORT ?= 8000
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py

# More threads than cores make small matrix products several times slower.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MARQUEE_COMMIT := $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-14s %s\n", $$1, $$2}'

.venv/base: requirements/base.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

.venv/training: requirements/training.txt .venv/base
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

.venv/development: requirements/development.txt .venv/base
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

run: .venv/training ## Start the server with demo data and trained engines (PORT=8000)
	@$(BIN)/python -c 'import socket, sys; sys.exit(socket.socket().connect_ex(("$(HOST)", $(PORT))) == 0 \
		and "Port $(PORT) is taken. Stop what listens there, or choose another: make run PORT=9000")'
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) load_demo --login
	@$(MANAGE) train --if-changed
	@echo
	@echo "Swagger UI  http://$(HOST):$(PORT)/api/docs/"
	@echo "ReDoc       http://$(HOST):$(PORT)/api/redoc/"
	@echo "Demo login  demo@marquee.example / marquee-demo-login"
	@echo "Ctrl-C stops the server."
	@echo
	@DJANGO_RUNSERVER_HIDE_WARNING=true exec $(MANAGE) runserver --noreload --verbosity 0 $(HOST):$(PORT)

test: .venv/development ## Run the whole suite
	$(BIN)/pytest --numprocesses 2

coverage: .venv/development ## The same, and which branches it reaches: 90 % at least (twice the time)
	$(BIN)/pytest --numprocesses 2 --cov --cov-report=term

test-live: .venv/development ## Ask TMDb itself whether it is as we think (TMDB_READ_TOKEN=...)
	MARQUEE_LIVE=1 $(BIN)/pytest tests/live -rs

check: .venv/development lint-deploy ## Formatter, linters, types, import contracts, migrations, schema, documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/bandit --quiet --severity-level medium --recursive apps utils config benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MANAGE) makemigrations --check --dry-run
	$(MANAGE) erd --check docs/ARCHITECTURE.md
	$(MANAGE) configuration --check docs/CONFIGURATION.md
	$(MANAGE) spectacular --validate --fail-on-warn --file var/openapi.yaml
	diff docs/openapi.yaml var/openapi.yaml

SCRIPTS = $(shell grep --recursive --files-with-matches --extended-regexp '^\#(!/usr/bin/env bash|!/bin/sh| shellcheck shell)' .ci deploy)

lint-deploy: .venv/development ## What builds, deploys and runs in the hosted workflow: Dockerfile, shell, workflows
	$(BIN)/hadolint Dockerfile
	$(BIN)/shellcheck --external-sources --source-path SCRIPTDIR $(SCRIPTS)
	$(BIN)/actionlint -shellcheck $(BIN)/shellcheck -pyflakes ''
	$(BIN)/zizmor --offline --quiet --min-severity low .github

docs: .venv/development ## Write docs/openapi.yaml, docs/CONFIGURATION.md and the diagram in docs/ARCHITECTURE.md anew
	$(MANAGE) spectacular --validate --fail-on-warn --file docs/openapi.yaml
	$(MANAGE) configuration docs/CONFIGURATION.md
	$(MANAGE) erd docs/ARCHITECTURE.md

schema: docs

defences: .venv/development ## Take each defence of docs/SECURITY.md away and see its test fail (some 5 minutes)
	$(BIN)/python -m tests.defences

lock: .venv/development ## Resolve requirements/*.in into locked, hashed .txt files (UPGRADE=--upgrade)
	for name in base training production development benchmarks; do \
		$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate \
			--no-emit-index-url $(UPGRADE) requirements/$$name.in --output-file requirements/$$name.txt || exit 1; \
	done

drill: .venv/development ## Break everything under load, and simulate a day (some 35 minutes)
	$(BIN)/python -m benchmarks.drills.catalogue --out benchmarks/drills/catalogue.md
	$(BIN)/python -m benchmarks.drills.simulated_day --out benchmarks/drills/simulated_day.md
	$(BIN)/python -m benchmarks.drills.sync --out benchmarks/drills/sync.md
	$(BIN)/python -m benchmarks.drills.writers --clients 16 --out benchmarks/drills/writers_sqlite.md
	$(BIN)/python -m benchmarks.drills.activation --out benchmarks/drills/activation.md
	$(BIN)/python -m benchmarks.drills.faults --out benchmarks/drills/faults.md

drill-release: .venv/development ## Releases under load, good, bad and killed (Docker; images marquee and marquee-training)
	$(BIN)/python -m benchmarks.drills.release marquee marquee-training --out benchmarks/drills/release.md

.venv/benchmarks: requirements/benchmarks.txt .venv/development
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

bench-quality: .venv/benchmarks ## Judge engines beside the published figures (DATA=folder PROTOCOLS=a,b ENGINES=x,y)
	$(BIN)/python -m benchmarks.recsys.quality --data $(DATA) $(if $(PROTOCOLS),--protocols $(PROTOCOLS)) \
		$(if $(ENGINES),--engines $(ENGINES))

bench-http: .venv/development ## The production stack under load, and what recommendations cost (PostgreSQL, Redis; 35 minutes)
	$(BIN)/python -m benchmarks.http.load $(if $(SERVER),--server $(SERVER)) $(if $(PHASES),--phases $(PHASES))
	$(BIN)/python -m benchmarks.http.recommendations $(if $(SERVER),--server $(SERVER)) $(if $(REDIS),--redis $(REDIS))

demo-tour: .venv/training ## Replay a demo for an audience and write docs/DEMO.md from it (SERVER=http://... PAUSE=1)
	$(BIN)/python -m benchmarks.tour $(if $(SERVER),--server $(SERVER),--out docs/DEMO.md) $(if $(PAUSE),--pause)

simulate: .venv/benchmarks ## Does the product learn from a simulated community's clicks? (some 13 minutes of CPU)
	$(BIN)/python -m benchmarks.community.run --processes 2

clean: ## Remove the environment, the database and the artifacts
	rm -rf .venv var
