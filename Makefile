# `make demo` and `make test` are all that a stranger needs; both set up what they use.
PYTHON ?= python3
BIN := .venv/bin
# TensorFlow's C++ side greets and warns on every start; none of it concerns this project.
export TF_CPP_MIN_LOG_LEVEL ?= 3
export KERAS_BACKEND ?= tensorflow

.PHONY: setup check fix test test-versions demo bench bench-rules faults figures pictures fuzz soak clean

setup: .venv/.ready

.venv/.ready: setup.cfg requirements-dev.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

check: setup
	$(BIN)/python -m tests.check

fix: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: check
	$(BIN)/python -m pytest -n auto --maxprocesses=4 --dist loadgroup --no-loadscope-reorder --durations=15

# The core of the tests on each set of versions, oldest to newest; writes the table of docs/limits.md.
test-versions: setup
	$(BIN)/nox; $(BIN)/python -m tests.versions

demo: setup
	$(BIN)/python -m demo

bench: setup
	$(BIN)/python -m benchmarks.bench_overhead
	$(BIN)/python -m benchmarks.bench_reader
	$(BIN)/python -m benchmarks.bench_rules_speed
	$(BIN)/python -m benchmarks.bench_dashboard

bench-rules: setup
	$(BIN)/python -m benchmarks.bench_rules

# Every fault as often as docs/faults.md says.
faults: setup
	$(BIN)/python -m tests.faults

# All figures of README.md and docs/, on this commit; some hours. FIGURES="overhead reader" for some of them.
figures: setup
	$(BIN)/python -m tools.figures $(FIGURES)

# The pictures of README.md and docs/, by a headless Chromium.
pictures: setup
	$(BIN)/python -m tools.pictures

# A million steps, or as many as fit into MINUTES.
MINUTES ?= 10
soak: setup
	$(BIN)/python -m benchmarks.bench_soak --minutes $(MINUTES)

# The decoder of logs against mutated bytes that coverage leads.
fuzz: setup
	$(BIN)/python -m pip install --quiet atheris
	$(BIN)/python -m tests.faults.fuzz build/fuzz -max_total_time=$$((60 * $(MINUTES)))

clean:
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
