# Everything goes through here; `make help` lists it. Paths are relative, so a clone may lie in a path with blanks.
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export PYTHONPATH := $(CURDIR):$(CURDIR)/layers/vto:$(CURDIR)/canvas
export SAM_CLI_TELEMETRY := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
CLASS ?= UPPER_BODY
export PERSON GARMENT CLASS FUNCTION EVENT

# Overrides on the command line replace those of samconfig.toml, where `sam deploy --guided` saves its answers: so what
# stands there is given on, and ARCHITECTURE after it. Building and deploying get the same text, hence the same processor.
SAVED_PARAMETERS := import tomllib; \
	saved = tomllib.load(open("samconfig.toml", "rb"))["default"]["deploy"]["parameters"]["parameter_overrides"]; \
	print(saved if isinstance(saved, str) else " ".join(saved))

PY := .venv/bin/python
READY := .venv/ready .venv-sam/ready

##@ Try it
.PHONY: demo
demo: $(READY) ## One try-on from nothing to a picture in out/; PERSON=photo.jpg GARMENT=shirt.jpg CLASS=UPPER_BODY for your own
	@$(PY) -m local.demo --person "$$PERSON" --garment "$$GARMENT" --class "$$CLASS"

.PHONY: up
up: $(READY) ## Start the local stack and keep it running; prints endpoints, a demo login and commands; Ctrl-C ends it
	@$(PY) -m local up

.PHONY: invoke
invoke: $(READY) ## Run one handler in the running stack: FUNCTION=validate_request EVENT=events/validate_request/accepted.json
	@$(PY) -m local invoke "$$FUNCTION" "$$EVENT"

##@ Check it
.PHONY: test
test: $(READY) ## All tests, the local stack's included (about six minutes on two cores)
	@$(PY) -m pytest -q

.PHONY: test-fast
test-fast: .venv/ready ## The tests that need no local stack (about two minutes on two cores)
	@$(PY) -m pytest -q -m "not e2e" --ignore tests/local

.PHONY: lint
lint: $(READY) ## Every static check: ruff, mypy, import directions, SAM and CloudFormation, the state machine, generated docs
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-logo
	@.venv-sam/bin/sam validate --lint
	@$(PY) -m scripts.docs --check

.PHONY: check
check: lint test ## What CI runs
	@$(MAKE) demo

##@ Build and deploy
.PHONY: build
build: $(READY) ## sam validate and sam build for this machine's architecture (make deploy builds for itself)
	@.venv-sam/bin/sam validate --lint
	@PATH="$$(dirname "$$(scripts/find-python.sh)"):$$PATH" .venv-sam/bin/sam build \
		--parameter-overrides Architecture=$$(uname -m | sed 's/aarch64/arm64/')

.PHONY: deploy
deploy: $(READY) ## sam build and sam deploy --guided into your own AWS account (read docs/deploying.md); ARCHITECTURE=x86_64
	@.venv-sam/bin/sam validate --lint
	@parameters="$$($(PY) -c '$(SAVED_PARAMETERS)') $(ARCHITECTURE:%=Architecture=%)" && \
	PATH="$$(dirname "$$(scripts/find-python.sh)"):$$PATH" .venv-sam/bin/sam build --parameter-overrides "$$parameters" && \
	echo "Leave the answer to Architecture as it is: it was built for that one. Another: make deploy ARCHITECTURE=x86_64" && \
	.venv-sam/bin/sam deploy --guided --parameter-overrides "$$parameters"

##@ Keep it true
.PHONY: docs
docs: .venv/ready ## Regenerate the generated parts of README.md and docs/
	@$(PY) -m scripts.docs

.PHONY: samples
samples: .venv/ready ## Draw the sample pictures into out/samples
	@$(PY) -m samples out/samples

.PHONY: format
format: .venv/ready ## Format the code
	@$(PY) -m ruff check --fix-only -q .
	@$(PY) -m ruff format -q .

.PHONY: lock
lock: ## Resolve requirements/*.in anew into the pinned requirements/*.txt
	@scripts/lock.sh

.PHONY: clean
clean: ## Remove what was built and installed
	rm -rf .venv .venv-sam .aws-sam out .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.PHONY: install
install: $(READY) ## Install what the other targets need (they do it by themselves)

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

# SAM has an environment of its own: it pins older versions of packages that we use.
.venv/ready: requirements/dev.txt
	@python="$$(scripts/find-python.sh)" && echo "Installing into .venv (Python: $$python)" && "$$python" -m venv .venv
	@$(PY) -m pip install --quiet -r requirements/dev.txt
	@touch $@

.venv-sam/ready: requirements/sam.txt
	@python="$$(scripts/find-python.sh)" && echo "Installing the AWS SAM CLI into .venv-sam" && "$$python" -m venv .venv-sam
	@.venv-sam/bin/python -m pip install --quiet -r requirements/sam.txt
	@touch $@
