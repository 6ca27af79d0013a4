# make demo   installs, trains and measures nine small models on embedded data, ends with the path of a report
# make test   the whole test suite
# make lint   style

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
TORCH = 2.13.0
# Without an NVIDIA GPU the CPU build is wanted; its index is an extra one, asked once, so that a machine that
# cannot reach it goes on at once.
CPU_INDEX = $(shell command -v nvidia-smi >/dev/null 2>&1 || echo --extra-index-url https://download.pytorch.org/whl/cpu --retries 0 --timeout 5)

.PHONY: demo test lint install clean

demo: install
	$(BIN)/simorgh study first_flight --out reports/first_flight

test: install
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --dist worksteal

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check $(CPU_INDEX) torch==$(TORCH)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	touch $@

clean:
	rm -rf $(VENV)
