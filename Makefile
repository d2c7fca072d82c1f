# Two commands: `make demo` runs the main job on the embedded example, `make test` passes the tests.
# Both install into .venv first; nothing else is needed but Python 3.11 or later.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= demo-output
# Processes that tests run in, about 1.5 GB each.
WORKERS ?= 2
KITCHEN := examples/kitchen/kitchen.toml

.PHONY: demo test lint docs clean

demo: $(VENV)/installed
	$(BIN)/ragmtl index $(KITCHEN) --out $(OUT)/index
	$(BIN)/ragmtl compare $(KITCHEN) --index $(OUT)/index --out $(OUT)/compare --epochs 5
	$(BIN)/ragmtl train $(KITCHEN) --index $(OUT)/index --out $(OUT)/run --epochs 10
	$(BIN)/ragmtl recommend $(OUT)/run https://ragmtl.example/kitchen/chickpea https://ragmtl.example/kitchen/lemon https://ragmtl.example/kitchen/garlic
	$(BIN)/ragmtl inspect $(OUT)/run "Chickpeas soaked overnight, ground raw with parsley, coriander and cumin, shaped into balls and fried; eaten in flat bread under a tahini sauce." --out $(OUT)/inspect.html
	@echo
	@echo "The proof table:            $(OUT)/compare/report.html"
	@echo "A prediction, inspected:    $(OUT)/inspect.html"

test: $(VENV)/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadscope --jaxtyping-packages=ragmtl,beartype.beartype

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "The documentation:          build/site/index.html"

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[test,minilm]"
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) $(OUT) build dist *.egg-info
