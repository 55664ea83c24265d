# Everything here works from a clone on a machine that has Python 3.11 or later, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BROWSER := $(VENV)/.installed-browser
DOCS := $(VENV)/.installed-docs
MASTODON := .cache/mastodon/.installed
# What a server of PostgreSQL has to do with.
ON_POSTGRES := tests/contracts tests/unit/eventstore/test_postgresql.py tests/unit/ledger/test_engine_clock.py \
	tests/e2e/test_failover.py tests/e2e/test_workers.py tests/e2e/test_pooler.py

TOOLS := .cache/tools/.installed-3
# What a change breaks first: no server, no browser, no process of its own but those of a few rules.
QUICK := tests/unit/domain tests/unit/explanation tests/unit/projections \
	tests/unit/test_public_names.py tests/unit/test_api_lock.py tests/unit/test_anchors.py \
	tests/properties/test_time.py tests/properties/test_lifecycle_machine.py tests/properties/test_round_trips.py

.PHONY: help env quick format matrix lock changelog changelog-draft hooks test thorough test-postgres browser browser-env pictures stress switches planted seeds mutation coverage bench bench-quick bench-peers mastodon-env pds soak soak-engines soak-lives demo lint diagram manual man docs docs-env types imports wheel-test check clean

help:            ## show this
	@grep -E '^[a-z-]+: .*##|^[a-z-]+:  +##' $(MAKEFILE_LIST) | sed -E 's/:.*##/:/'

env: $(INSTALLED)  ## make .venv and install jobledger with what its tests need

$(INSTALLED): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --editable '.[dev]'
	touch $@

# Two processes take turns at its files, and three where tests wait a good deal; `make test PYTEST_ARGS=` runs it in one.
PYTEST_ARGS ?= -n $(PROCESSES) --dist loadfile
PROCESSES = 2
test: PROCESSES = 3

# What Python has compiled is kept: hundreds of processes of the tests would compile all of it anew.
unexport PYTHONDONTWRITEBYTECODE

# What tests write is in memory, where there is room: they sync a hundred thousand times, which takes no time there. What is
# lost without a sync is seen on simulated disks. `make test ON_DISK=1` leaves it on the disk, as .ci/run does.
IN_MEMORY = $(if $(ON_DISK),,sh .ci/in-memory)

test: env        ## the suite but for what is thorough: some minutes
	$(IN_MEMORY) $(BIN)/python -m pytest -m "not thorough and not packaging" $(PYTEST_ARGS)

thorough: env    ## the rest of the suite: every crash state, death, fault, combination; many seeds (nine minutes)
	$(BIN)/python -m pytest -m "thorough and not packaging" $(PYTEST_ARGS)

quick: env       ## the domain, what is derived, words, public names: about a minute
	$(BIN)/python -m pytest $(QUICK) $(PYTEST_ARGS)

matrix: $(TOOLS) ## `make quick` on each Python from 3.11 to 3.14 that is here; says which is not
	.cache/tools/bin/nox --noxfile .ci/noxfile.py --sessions quick

lock: $(TOOLS)  ## choose the newest versions of what the tests need anew, into constraints.txt
	.cache/tools/bin/uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-annotate --no-header \
		--no-emit-index-url --upgrade pyproject.toml --output-file constraints.txt

$(TOOLS):
	$(PYTHON) -m venv .cache/tools
	.cache/tools/bin/python -m pip install --quiet --disable-pip-version-check nox==2026.10.20 uv==0.13.9 pre-commit towncrier==26.9.0
	touch $@

VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"$$/\1/p' release.py)
changelog-draft: $(TOOLS) ## show what the next release will have in its changelog from changes/
	.cache/tools/bin/towncrier build --draft --version $(VERSION)

changelog: $(TOOLS) ## move what is in changes/ into CHANGELOG.md, under the version of release.py
	.cache/tools/bin/towncrier build --yes --version $(VERSION)

hooks: $(TOOLS) ## have git lint and type-check each commit before it is made
	.cache/tools/bin/pre-commit install

test-postgres: $(BROWSER) ## try ledgers on PostgreSQL of other versions: PROGRAMS="DIRECTORY…" has their programs
	set -e; for each in $(PROGRAMS); do "$$each/postgres" --version; JOBLEDGER_REQUIRE=postgres \
		JOBLEDGER_POSTGRES=$$each $(BIN)/python -m pytest $(ON_POSTGRES) $(PYTEST_ARGS); done

PDS_INSTALLED := .cache/pds/.installed
pds: $(PDS_INSTALLED) ## install the server of Bluesky's that its publisher is tried with (some minutes)

$(PDS_INSTALLED): $(INSTALLED) tests/support/pds/package-lock.json
	PYTHONPATH=tests $(BIN)/python -m support.pds_server
	touch $@

mastodon-env: $(MASTODON) ## install an instance of Mastodon by others, in an environment of its own, to try ours against

$(MASTODON):
	$(PYTHON) -m venv .cache/mastodon
	.cache/mastodon/bin/python -m pip install --quiet --disable-pip-version-check mastodon_mock==0.6.1
	touch $@

browser-env: $(BROWSER) ## install what pages and servers are tried with, but for chromium

browser: $(BROWSER)  ## try the pages in a real browser: chromium, which has to be there already
	JOBLEDGER_REQUIRE=browser $(BIN)/python -m pytest tests/browser

pictures: $(BROWSER) ## take the pictures of the pages anew, into docs/pictures
	JOBLEDGER_REQUIRE=browser JOBLEDGER_PICTURES=docs/pictures $(BIN)/python -m pytest tests/browser/test_pictures.py

$(BROWSER): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --editable '.[browser,servers]'
	touch $@

stress: env      ## the whole suite beside busy loops, three times, and in another order, two at once
	PYTHONPATH=tests $(BIN)/python -m stress

switches: env    ## switch each rule of the log off, and see which test notices (some minutes)
	PYTHONPATH=tests $(BIN)/python -m switches

planted: env     ## plant realistic mistakes, and see who notices, and how soon
	PYTHONPATH=tests $(BIN)/python -m planted --write

seeds: env       ## switch off each rule of many workers, and find the seed that notices (some minutes)
	PYTHONPATH=tests $(BIN)/python -m seeds --write

mutation: env    ## change the source by rule, one place at a time: how many changes are noticed
	PYTHONPATH=tests $(BIN)/python -m mutation

coverage: env    ## branches of domain, eventstore and projections that the suite takes
	$(BIN)/python -m pytest tests/unit tests/contracts tests/properties tests/golden tests/simulation \
		--cov=domain --cov=eventstore --cov=projections --cov-branch --cov-report=term-missing:skip-covered

bench: env       ## measure everything again, into docs/performance.md: tables and plots (three quarters of an hour)
	-$(MAKE) bench-peers
	$(BIN)/python benchmarks

bench-quick: env ## ask every question in a tiny way, into .cache/bench: does it all work? (some minutes)
	$(BIN)/python benchmarks --quick

bench-peers: env ## install the other libraries that are measured beside ours
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt

soak: env        ## crash states, failing disks, kills, crowds, years of schedules, simulations with new seeds: an hour
	PYTHONPATH=tests $(BIN)/python -m simulation --minutes 60

SECONDS_EACH ?= 600
soak-engines: $(BROWSER) ## workers killed and stopped, servers crashed, cut off, failed over: ten minutes of each (SECONDS_EACH)
	PYTHONPATH=tests $(BIN)/python -m soak --seconds $(SECONDS_EACH)

soak-lives: env  ## ledgers that runners share on a simulated server, with new seeds: ten minutes (SECONDS_EACH)
	PYTHONPATH=tests $(BIN)/python -m soak.lives --seconds $(SECONDS_EACH)

demo: env        ## the story in a minute: posts, a crash, recovery, and the proof
	$(BIN)/jobledger demo

lint: env        ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: env      ## ruff: write what `make lint` wants, as far as it can
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

diagram: env     ## write the lifecycle diagrams into the docs, from their declarations, and draw what is new (needs graphviz)
	$(BIN)/python docs/refresh_diagram.py
	$(BIN)/python docs/drawing.py

manual: env      ## write docs/commands.md from the commands' own help, docs/json from what they print; in which file each rule is, too
	$(BIN)/python docs/refresh_commands.py
	$(BIN)/python docs/refresh_man.py
	$(BIN)/python docs/refresh_json.py
	PYTHONPATH=tests $(BIN)/python -m switches --places
	PYTHONPATH=tests $(BIN)/python -m planted --places

docs-env: $(DOCS) ## install what the documentation is built with

docs: $(DOCS)    ## the documentation as a site, .cache/docs: warnings are errors, every link is followed
	$(BIN)/python -m sphinx -q -W --keep-going -d .cache/docs-trees -c docs . .cache/docs
	$(BIN)/python docs/check_site.py .cache/docs

$(DOCS): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --editable '.[docs]'
	touch $@

man: manual      ## write the manual page docs/jobledger.1 (part of `manual`)

types: env       ## mypy, strict: the package, its tests, benchmarks and examples
	mkdir -p .cache/types
	test -e .cache/types/jobledger || ln -s ../.. .cache/types/jobledger
	$(BIN)/mypy

imports: env     ## the arrows between the rooms
	$(BIN)/lint-imports

wheel-test: env  ## build wheel and sdist, install each in an empty environment, use it elsewhere
	$(BIN)/python -m pytest -m packaging

check: lint types imports docs  ## all that is not a test

clean:           ## remove what was made here
	rm -rf $(VENV) .cache .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist *.egg-info
