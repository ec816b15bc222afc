# make demo, make test and make check need only Python 3.11+ with its venv module; the rest is set up in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-long bench container-test install-test check format docs wheelhouse pictures lock tools clean
.DEFAULT_GOAL := help

help:               ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 20

demo: $(VENV)/run   ## simulator, logger, uploader and the site's page together, then a summary and a chart
	$(BIN)/solar demo --seconds 20 --serve

test: $(VENV)/dev   ## the quick tests; the end says what was skipped, and what it needs
	$(BIN)/pytest -m "not long" -n 4 --dist loadfile

test-long: $(VENV)/dev  ## all tests, the long ones too
	$(BIN)/pytest

bench: $(VENV)/dev $(VENV)/peers ## measure speed, memory and bytes beside other programs, into docs/performance.md; needs influxdb, victoria-metrics, nginx-light, sqlite3, strace
	$(BIN)/python -m benchmarks

container-test: $(VENV)/dev ## the image and compose.yaml on a Docker engine of their own, without a registry; needs root
	$(BIN)/pytest tests/deploy/test_image.py tests/deploy/test_site.py tests/deploy/test_container.py

install-test: $(VENV)/dev ## install.sh, solar setup and solar update, and docs/by-hand.md line by line, on a clean Debian that boots; needs root
	$(BIN)/pytest tests/deploy/test_install_page.py tests/deploy/test_by_hand_page.py

check: $(VENV)/dev  ## format, lint and types, then the quick tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test

format: $(VENV)/dev ## format and mend what ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/dev   ## write the tables of README.md and the man page from the program
	$(BIN)/python -m tests.docs_tables
	$(BIN)/python -c 'from tests.manual_page import write; write()'

wheelhouse: $(VENV)/dev ## all wheels for this kind of machine in one file, for `solar update --from FILE` without a network
	rm -rf dist/wheelhouse
	$(BIN)/pip wheel --quiet --disable-pip-version-check --constraint requirements.lock --wheel-dir dist/wheelhouse '.[site]'
	tar --create --gzip --file dist/wheelhouse.tar.gz --directory dist wheelhouse

pictures: $(VENV)/dev ## make the pictures of README.md and docs/ from the simulator; needs chromium
	$(BIN)/python -m tests.pictures

lock: $(VENV)/dev   ## pin every dependency for every platform in requirements.lock
	$(BIN)/uv pip compile --quiet --universal --upgrade --no-header --no-annotate --no-emit-index-url \
		--python-version 3.11 --extra dev --output-file requirements.lock pyproject.toml

tools: .tools/actionlint .tools/node_modules ## fetch what some tests need beyond Python: actionlint (needs go), Flux and axe (need npm)

clean:              ## remove what was set up
	rm -rf $(VENV) .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/run: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[page]'
	@touch $@

$(VENV)/dev: $(VENV)/run
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[dev]'
	@touch $@

$(VENV)/peers: Makefile
	$(PYTHON) -m venv $@
	$@/bin/pip install --quiet --disable-pip-version-check influxdb-client==1.50.0 sqlite-utils==4.2.1 weewx==5.5.2
	@touch $@

.tools/actionlint: Makefile
	GOBIN=$(CURDIR)/.tools go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
	@touch $@

.tools/node_modules: Makefile
	npm install --prefix .tools --silent --no-save --ignore-scripts @influxdata/flux-lsp-browser@0.8.40 axe-core@4.14.1
	@touch $@
