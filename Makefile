# GNU make 3.81 (the one macOS ships) is enough. `make help` lists the targets.
SHELL := /bin/sh
BIN := .venv/bin
READY := .venv/ready
PACKAGES := cli nuqleus scheduler web worker model

.DEFAULT_GOAL := help
.PHONY: help setup run test faults lint format lock wheel pictures clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## create .venv with everything in it, each package hash-checked
	@echo "Ready: the commands are in $(BIN), and make help lists the targets."

$(READY): requirements.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh
	@touch $@

run: $(READY) ## fill inbox/ with samples if it is empty, process it, watch it until Ctrl-C
	@$(BIN)/nuqleus samples inbox
	@scripts/foreground.sh $(BIN)/nuqleus run --input inbox --overlays results/overlays

# two files of tests at a time: most of them wait for processes, and each keeps its servers and networks to itself
test: $(READY) ## run every test
	@$(BIN)/pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder

faults: $(READY) ## kill, starve and flood it at full size (an hour); the tables go to results/faults.md
	@mkdir -p results
	@FAULTS_SIZE=full FAULTS_TABLE=results/faults.md $(BIN)/pytest tests/faults

lint: $(READY) ## check style, types and who may import whom
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## put the code into its standard form
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

# one version of a package for all Pythons: what is tested on one holds for the others
lock: $(READY) ## pin the newest allowed version of every dependency, with hashes; the GPU image's as well
	@$(BIN)/uv pip compile --upgrade --universal --generate-hashes --no-header --quiet \
	    --fork-strategy fewest --python-version 3.11 --all-extras --group dev pyproject.toml -o requirements.lock
	@echo tensorflow-cpu > .venv/not-on-a-gpu
	@echo 'tensorflow[and-cuda]' | $(BIN)/uv pip compile --generate-hashes --no-header --quiet --python-version 3.11 \
	    --python-platform x86_64-manylinux_2_28 --constraints requirements.lock --excludes .venv/not-on-a-gpu \
	    pyproject.toml - -o requirements-gpu.lock

wheel: $(READY) ## build the wheel into dist/
	@$(BIN)/hatchling build --target wheel

pictures: $(READY) ## draw the README's pictures again, with the present network
	@$(BIN)/python docs/pictures.py

clean: ## remove .venv and what the tools cached; inbox/, state/ and results/ stay
	@rm -rf .venv dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
