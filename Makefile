# `make demo` shows the loop, `make test` proves it; both set up everything that they need in the cache folder
# (METRICOPS_CACHE, default ~/.cache/metricops).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

KUBERNETES ?= 1.36
PAIR ?= default
# Only a kubeconfig that is named on the command line, never the one of the environment by accident.
demo_kubeconfig := $(if $(filter command line,$(origin KUBECONFIG)),$(KUBECONFIG))
CACHE := $(or $(METRICOPS_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/metricops)

# Nothing is left in the checkout: not even compiled Python.
export PYTHONPYCACHEPREFIX := $(CACHE)/pycache
export RUFF_CACHE_DIR := $(CACHE)/ruff
export MYPY_CACHE_DIR := $(CACHE)/mypy
PYTEST := -o cache_dir=$(CACHE)/pytest
# The tests wait more than they compute: two at a time, a file to each. A cluster that is given is shared, so one.
parallel := $(if $(METRICOPS_TEST_KUBECONFIG),,-n 2 --dist loadfile)

in_venv = venv=$$(sandbox/setup) && export PATH="$$venv/bin:$$PATH" &&

.PHONY: help demo test lint lock sandbox chaos fuzz bench bench-rules mutation simulate clean

help:
	@echo "make demo      the whole loop, live: a bad release is undone"
	@echo "make test      all tests, on real parts"
	@echo "make lint      ruff, mypy --strict, hadolint"
	@echo "make lock      the image's dependencies with their hashes, after a change of requirements-dev.txt"
	@echo "make sandbox   a cluster that stays up until Ctrl-C (KUBERNETES=1.34|1.36|1.37, PAIR=default|newest|floor)"
	@echo "make chaos     every step of a rollback broken in every way (SEED=n, under 20 minutes)"
	@echo "make fuzz      100,000 hostile payloads (SEED=n)"
	@echo "make bench     what it costs, beside its peers and the goals (under 15 minutes)"
	@echo "make bench-rules  page and ticket beside those of sloth's rules, at every evaluation (minutes)"
	@echo "make mutation  each mutant of the decision and the state machine killed by a unit test (JOBS=n, ten minutes)"
	@echo "make simulate  how often the comparison of old with new pods errs (SEED=n, minutes)"
	@echo "make clean     remove the cache folder: what was built and fetched"

demo:
	@$(in_venv) exec python -m sandbox.demo --kubernetes $(KUBERNETES) --pair $(PAIR) $(if $(demo_kubeconfig),--kubeconfig "$(demo_kubeconfig)")

test:
	@$(in_venv) exec pytest $(PYTEST) $(parallel) tests

lint:
	@$(in_venv) ruff format --check . && ruff check . && mypy && hadolint Dockerfile

# What the image is made of, in the versions of requirements-dev.txt, which the tests run on.
lock:
	@$(in_venv) compile="uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-annotate \
		--constraint requirements-dev.txt"; export UV_CUSTOM_COMPILE_COMMAND="make lock"; \
	$$compile --output-file requirements.lock pyproject.toml && \
	echo hatchling | $$compile --output-file requirements-build.lock -

sandbox:
	@$(in_venv) exec metricops sandbox up --kubernetes $(KUBERNETES) --pair $(PAIR)

chaos:
	@$(in_venv) exec python -m tests.chaos $(if $(SEED),--seed $(SEED))

fuzz:
	@$(in_venv) exec python -m tests.fuzz $(if $(SEED),--seed $(SEED))

bench:
	@$(in_venv) exec python -m bench

bench-rules:
	@$(in_venv) exec python -m bench.rules

mutation:
	@$(in_venv) exec python -m tests.mutation $(if $(JOBS),--jobs $(JOBS))

simulate:
	@$(in_venv) exec python -m tests.simulation $(if $(SEED),--seed $(SEED))

clean:
	rm -rf "$(CACHE)"
