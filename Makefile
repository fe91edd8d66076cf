# A thin face over the tools: every target is a line that anybody can type.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: install run test test-long check bench up synth docs lock clean

install: .venv/.local                  ## make .venv with the command line and the embedded local stack
.venv/.local: requirements/local.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements/local.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

.venv/.dev: .venv/.local requirements/dev.txt
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	touch $@

run: install                           ## the main job: the example house through the whole local pipeline
	$(BIN)/ifcpipe run examples/house-architecture.ifc --op ifcinfo --op ifcconvert --op ifccsv --out out

up: install                            ## start the local stack and stay; Ctrl-C ends it
	$(BIN)/ifcpipe up

test: .venv/.dev                       ## all tests, with branch coverage, in up to four processes
	$(BIN)/pytest -n auto --maxprocesses 4 --no-loadscope-reorder --cov --cov-report=term:skip-covered --cov-fail-under=85

test-long: .venv/.dev                  ## a job that runs for ten minutes
	$(BIN)/pytest -m long

check: .venv/.dev                      ## the static gates
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/deptry .
	$(BIN)/ifcpipe docs --check

bench: .venv/.dev                      ## the benchmarks, half an hour; writes build/benchmarks and every cost.json
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.refit

synth: .venv/.dev                      ## write the committed template of the local flavour anew
	$(BIN)/ifcpipe synth

docs: install                          ## write the generated pages anew
	$(BIN)/ifcpipe docs

lock: .venv/.dev                       ## compile the hashed requirements anew (needs uv on the PATH)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q pyproject.toml --extra local --extra cdk --extra test -o requirements/dev.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q pyproject.toml --extra local -c requirements/dev.txt -o requirements/local.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q pyproject.toml -c requirements/dev.txt -o layers/ifcopenshell/requirements.txt

clean:                                 ## remove what the targets made
	rm -rf .venv out build cdk.out .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis
