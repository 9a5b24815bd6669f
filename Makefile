# Everything goes through here; `make help` lists it. Paths are relative, so a clone may lie in a path with blanks.
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export PYTHONPATH := $(CURDIR):$(CURDIR)/layers/vto:$(CURDIR)/canvas
export SAM_CLI_TELEMETRY := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
CLASS ?= UPPER_BODY
SFN_ENGINE ?= docker
STACK ?= vto
ENDPOINT ?= http://127.0.0.1:8080
export PERSON GARMENT CLASS FUNCTION EVENT INVOKE_IMAGE ENDPOINT STACK WEBHOOK

# Overrides on the command line replace those of samconfig.toml, where `sam deploy --guided` saves its answers: so what
# stands there is given on, and ARCHITECTURE after it. Building and deploying get the same text, hence the same processor.
SAVED_PARAMETERS := import tomllib; \
	saved = tomllib.load(open("samconfig.toml", "rb"))["default"]["deploy"]["parameters"]["parameter_overrides"]; \
	print(saved if isinstance(saved, str) else " ".join(saved))

# Prints which states, edges and retries of the machine the tests took, and fails below 100 %.
ASL_COVERAGE := -p asl.plugin --asl-coverage statemachines/try_on.asl.json --asl-report out/workflow-coverage.txt

# Tests run in as many processes as there are processors; those that share a local stack stay together.
IN_PARALLEL := --numprocesses auto

PY := .venv/bin/python
READY := .venv/ready .venv-sam/ready .venv-lambda/ready

##@ Try it
.PHONY: demo
demo: $(READY) ## One try-on from nothing to a picture in out/; PERSON=photo.jpg GARMENT=shirt.jpg CLASS=UPPER_BODY for your own
	@$(PY) -m local.demo --person "$$PERSON" --garment "$$GARMENT" --class "$$CLASS"

.PHONY: up
up: $(READY) ## Start the local stack with its page and keep it running; prints addresses, a demo login and commands; Ctrl-C ends it
	@$(PY) -m local up --webhook "$$WEBHOOK"

.PHONY: invoke
invoke: $(READY) ## Run one handler in the running stack: FUNCTION=validate_request EVENT=events/validate_request/accepted.json
	@$(PY) -m local invoke "$$FUNCTION" "$$EVENT"

.PHONY: sam-local
sam-local: $(READY) ## The same in a container, with SAM (needs Docker): FUNCTION=… EVENT=…; INVOKE_IMAGE=… for an image that is here
	@$(PY) -m local sam-local "$$FUNCTION" "$$EVENT" --image "$$INVOKE_IMAGE"

.PHONY: sfn-local
sfn-local: $(READY) ## Every case of the workflow tests in Step Functions Local, tasks mocked (Docker; or SFN_ENGINE=jar SFN_LOCAL_JAR=…)
	@$(PY) -m tests.workflow.sfn_local "$(SFN_ENGINE)"

.PHONY: sfn-local-real
sfn-local-real: $(READY) ## One try-on on Step Functions Local and sam local start-lambda (needs Docker); SFN_ENGINE=docker, jar or moto
	@$(PY) -m local sfn --engine "$(SFN_ENGINE)" --image "$$INVOKE_IMAGE"

.PHONY: emulate
emulate: $(READY) ## Every function as built, with every sample event, on AWS's runtime client; FUNCTION=… EVENT=… for some
	@$(PY) -m local emulate --function "$$FUNCTION" --event "$$EVENT"

##@ Check it
.PHONY: test
test: $(READY) ## All tests, the local stack's included (about twelve minutes on two cores)
	@$(PY) -m pytest -q $(IN_PARALLEL) $(ASL_COVERAGE)

.PHONY: test-fast
test-fast: .venv/ready ## The tests that need no local stack (about seven minutes on two cores)
	@$(PY) -m pytest -q $(IN_PARALLEL) -m "not e2e" --ignore tests/local $(ASL_COVERAGE)

.PHONY: e2e
e2e: $(READY) ## The page in this machine's Chromium, against the local stack; screenshots of the main views go to out/screens
	@$(PY) -m pytest -q tests/e2e/browser

.PHONY: sim
sim: .venv/ready ## 10,000 try-ons with faults at 5 % and at 20 % of all crossings, and pairs of faults on one; SIM="--seed 7 --rate 0.2" replays
	@$(PY) -m tests.simulation $(SIM)

.PHONY: bench
bench: $(READY) ## Measure everything that docs/performance.md tells, and tell it anew (about ten minutes on two cores); BENCH="growth" for some
	@$(PY) -m benchmarks $(BENCH)
	@$(PY) -m scripts.docs

.PHONY: bench-quota
bench-quota: .venv/ready ## Pacing in virtual time: bursts of 3, 10 and 20 times the quota, and floods of 500 jobs beside shoppers (a minute)
	@$(PY) -m benchmarks.quota

.PHONY: lint
lint: $(READY) .venv-node/ready .venv-checkov/ready ## Every static check: ruff, mypy, import directions, SAM and CloudFormation, our rules for template and state machine, Checkov, generated docs
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-logo
	@.venv-sam/bin/sam validate --lint
	@$(PY) -m scripts.lint_template
	@$(PY) -m scripts.lint_machine
	@$(PY) -m scripts.lint_specs
	@$(PY) -m scripts.docs --check

.PHONY: fuzz
fuzz: .venv/ready ## Hostile pictures, events and forms, attempts on what is another's, jobs of earlier versions: full counts (make test: a part of each)
	@VTO_FUZZ=1 $(PY) -m pytest -q $(IN_PARALLEL) tests/hostile tests/isolation tests/versions

.PHONY: conformance
conformance: .venv/ready ## Does an engine keep the contract? ENDPOINT=http://127.0.0.1:8080 (docs/conformance.md)
	@$(PY) -m conformance --endpoint "$$ENDPOINT"

.PHONY: cloud
cloud: .venv/ready ## Ask the real AWS about the state machine (ValidateStateMachineDefinition, TestState); needs credentials
	@VTO_CLOUD=1 $(PY) -m pytest -q -m cloud tests/cloud

.PHONY: check
check: lint test ## What CI runs (its tests run `make demo`, too)

##@ Build and deploy
.PHONY: build
build: $(READY) ## sam validate and sam build for this machine's architecture (make deploy builds for itself)
	@.venv-sam/bin/sam validate --lint
	@PATH="$(CURDIR)/.venv/bin:$$PATH" .venv-sam/bin/sam build \
		--parameter-overrides Architecture=$$(uname -m | sed 's/aarch64/arm64/')

.PHONY: deploy
deploy: $(READY) ## sam build and sam deploy --guided into your own AWS account (read docs/deploying.md); ARCHITECTURE=x86_64
	@.venv-sam/bin/sam validate --lint
	@parameters="$$($(PY) -c '$(SAVED_PARAMETERS)') $(ARCHITECTURE:%=Architecture=%)" && \
	PATH="$(CURDIR)/.venv/bin:$$PATH" .venv-sam/bin/sam build --parameter-overrides "$$parameters" && \
	echo "Leave the answer to Architecture as it is: it was built for that one. Another: make deploy ARCHITECTURE=x86_64" && \
	.venv-sam/bin/sam deploy --guided --parameter-overrides "$$parameters"

.PHONY: page-config
page-config: .venv/ready ## Print the page's config.json for a deployed stack (docs/page.md): STACK=vto
	@$(PY) -m scripts.page_config "$$STACK"

##@ Keep it true
.PHONY: docs
docs: .venv/ready ## Regenerate the generated parts of README.md and docs/
	@$(PY) -m scripts.docs
	@$(PY) -m scripts.page_states
	@$(PY) -m tests.workflow.mock_file > /dev/null

.PHONY: samples
samples: .venv/ready ## Draw the sample pictures into out/samples
	@$(PY) -m samples out/samples

.PHONY: gallery
gallery: .venv/ready ## Render classes × merge styles × engines into out/gallery/index.html; PERSON=photo.jpg GARMENT=shirt.jpg adds yours
	@$(PY) -m scripts.gallery --person "$$PERSON" --garment "$$GARMENT"

.PHONY: format
format: .venv/ready ## Format the code
	@$(PY) -m ruff check --fix-only -q .
	@$(PY) -m ruff format -q .

.PHONY: lock
lock: .venv/ready ## Resolve requirements/*.in and canvas/requirements-*.in anew into the pinned *.txt beside them
	@scripts/lock.sh

.PHONY: clean
clean: ## Remove what was built and installed
	rm -rf .venv .venv-sam .venv-node .venv-checkov .venv-lambda .aws-sam out .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.PHONY: install
install: $(READY) ## Install what the other targets need (they do it by themselves)

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

# SAM has an environment of its own: it pins older versions of packages that we use.
.venv/ready: requirements/dev.txt client/pyproject.toml conformance/pyproject.toml
	@python="$$(scripts/find-python.sh)" && echo "Installing into .venv (Python: $$python)" && "$$python" -m venv .venv
	@$(PY) -m pip install --quiet -r requirements/dev.txt
	@$(PY) -m pip install --quiet --no-deps --no-build-isolation --no-index --editable client --editable conformance
	@touch $@

.venv-sam/ready: requirements/sam.txt
	@python="$$(scripts/find-python.sh)" && echo "Installing the AWS SAM CLI into .venv-sam" && "$$python" -m venv .venv-sam
	@.venv-sam/bin/python -m pip install --quiet -r requirements/sam.txt
	@touch $@

# Checkov has one too, for the same reason.
.venv-checkov/ready: requirements/checkov.txt
	@python="$$(scripts/find-python.sh)" && echo "Installing Checkov into .venv-checkov" && "$$python" -m venv .venv-checkov
	@.venv-checkov/bin/python -m pip install --quiet -r requirements/checkov.txt
	@touch $@

# One validator of the state machine, and the schemas of AsyncAPI, are Node packages. Where npm cannot bring them, lint says so.
.venv-node/ready: requirements/node/package.json requirements/node/package-lock.json
	@! command -v npm >/dev/null || { \
		echo "Installing what lint uses of npm into .venv-node" && mkdir -p .venv-node && cp requirements/node/*.json .venv-node && \
		npm ci --prefix .venv-node --ignore-scripts --no-audit --no-fund --fetch-retries=0 --fetch-timeout=30000 >/dev/null 2>&1 && touch $@; } || true

# What functions find in the Lambda runtime and nothing else, not even pip: what is missing from their packages fails here.
.venv-lambda/ready: requirements/lambda.txt | .venv/ready
	@python="$$(scripts/find-python.sh)" && echo "Installing the Lambda runtime client into .venv-lambda" && "$$python" -m venv --clear --without-pip .venv-lambda
	@$(PY) -m pip --python .venv-lambda/bin/python install --quiet -r requirements/lambda.txt
	@touch $@
