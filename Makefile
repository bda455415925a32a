# Every target sets itself up on a fresh machine and is quick the second time.
# `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules --no-print-directory

CARGO ?= cargo
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MATURIN_VERSION := 1.16.0

# One folder for everything built, so that `make clean` forgets nothing.
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))

# Features that `make test` turns on; they only add.
FEATURES := sim,serde,json,settings
# Every feature of the core, for each of their combinations.
EACH_FEATURE := alloc sim serde portable-atomic

# Pre-emptions that loom tries within one execution; more find rarer
# interleavings, at many times the time. `make loom` goes deeper than `make test`.
LOOM_DEPTH ?= 3
LOOM_TEST_DEPTH := 2

# Schedules that shuttle tries of each model, with each of its schedulers.
SHUTTLE_SCHEDULES ?= 20000

# Calls that `make stress` records; `make test` plays a million.
STRESS_CALLS ?= 100000000

FUZZ_TARGETS := pool limits placement ecs region abi service victims door traces
FUZZ_SECONDS ?= 60

# `cargo` must not change Cargo.lock behind a test's back.
LOCKED := --locked

banner = @printf '\n=== %s\n' '$(1)'

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- use it ------------------------------------------------------------------

.PHONY: demo
demo: $(VENV)/.demo ## replay a real day's traffic and write a report page (demo-report/)
	$(BIN)/warmstow demo --output demo-report

.PHONY: python
python: $(VENV)/.demo ## build the Python package into .venv

.PHONY: ffi
ffi: ## build the C libraries into target/release
	$(CARGO) build $(LOCKED) --release -p warmstow-ffi
	@# What a program looks for at run time: the SONAME, see ffi/build.rs.
	ln -sf libwarmstow.so $(TARGET)/release/libwarmstow.so.0

BENCH_PARTS := $(TARGET)/bench-parts
CRITERION_HOME := $(BENCH_PARTS)/criterion
# BENCH_QUICK=1: a look instead of figures to keep. BENCH_THREADS=1,2,32: these
# thread counts instead of 1, 2, 4, 8, 16 as far as the cores go.
# BENCH_RALLY_NS=N: how slowly a cache line may go between free cores, where
# they are further apart than 60 ns (several chips); slower: the core is stolen.
BENCH_QUICK ?=
BENCH_THREADS ?=
BENCH_RALLY_NS ?=
BENCH_RUN = $(TARGET)/release/warmstow-benches
# criterion's own short form: fewer samples, less time for each.
CRITERION_OPTIONS = $(if $(BENCH_QUICK),--warm-up-time 0.1 --measurement-time 0.2 --sample-size 10)

.PHONY: bench
bench: ## measure the data plane beside its peers; table and report page (bench-report/)
	rm -rf $(BENCH_PARTS)
	mkdir -p $(BENCH_PARTS)
	$(CARGO) build $(LOCKED) --profile bench -p warmstow-benches --bins
	$(call banner,cells of threads; growth)
	$(BENCH_RUN) measure $(BENCH_PARTS)/measured.json $(if $(BENCH_QUICK),--quick) $(if $(BENCH_THREADS),--threads $(BENCH_THREADS)) $(if $(BENCH_RALLY_NS),--rally $(BENCH_RALLY_NS))
	$(call banner,instructions)
	$(TARGET)/release/instructions > $(BENCH_PARTS)/instructions.jsonl || true
	$(call banner,criterion)
	CRITERION_HOME=$(CRITERION_HOME) $(CARGO) bench $(LOCKED) -p warmstow-benches --benches -- $(CRITERION_OPTIONS)
	$(BENCH_RUN) report $(BENCH_PARTS)/measured.json $(CRITERION_HOME) $(BENCH_PARTS)/instructions.jsonl bench-report

.PHONY: bench-record
bench-record: ## keep the last full run in benches/results and write README's figures
	$(BENCH_RUN) record bench-report

.PHONY: bench-readme
bench-readme: ## write README's figures anew from benches/results
	$(CARGO) run $(LOCKED) --quiet -p warmstow-benches --bin warmstow-benches readme

# OPENB_SEEDS=42-51 are the published ones.
OPENB_SEEDS ?=

.PHONY: openb
openb: ## place the openb GPU trace by every policy, ten seeds, beside the published figures
	$(CARGO) run $(LOCKED) --quiet --release -p warmstow-benches --bin openb -- $(OPENB_SEEDS)

# Where the samples of the Azure Functions trace of 2019 are.
TRACES ?= ../shared/data/functions

.PHONY: policies
policies: $(VENV)/.demo ## compare the keep-alive policies on real traffic; table and plot (benches/results/policies)
	@[ -d $(TRACES) ] || { echo 'policies: no traces in $(TRACES): set TRACES=folder' >&2; exit 1; }
	$(BIN)/python benches/policies/compare.py $(TRACES) benches/results/policies

.PHONY: packing
packing: ## pack the published instances (PACKING_EVERY=1: of each set every so many); writes benches/results/packing.md
	$(CARGO) run $(LOCKED) --release -p warmstow-benches --bin packing -- benches/results/packing.md $(PACKING_EVERY)
PACKING_EVERY ?= 1

.PHONY: test-benches
test-benches: ## the benches' own tests: every peer keeps the limits; README says what the results say
	$(call banner,benches)
	$(CARGO) test $(LOCKED) -p warmstow-benches --lib --test readme --test packing

# ---- test it -----------------------------------------------------------------

.PHONY: test
test: lint doc features test-nostd fuzz-smoke test-core test-ffi test-loom test-benches test-python ## run every check there is (24 minutes on 2 cores)

.PHONY: features
features: ## check the core with each combination of its features
	$(call banner,core: each combination of features)
	@each=($(EACH_FEATURE)); \
	for ((set = 0; set < 1 << $${#each[@]}; set++)); do \
	    on=; \
	    for at in "$${!each[@]}"; do (( set >> at & 1 )) && on+=$${each[at]}, || :; done; \
	    case "$$on" in sim*) continue ;; esac; `# the same as with alloc, which it turns on`; \
	    echo "--- $${on:-none}"; \
	    RUSTFLAGS=-Dwarnings $(CARGO) check --quiet $(LOCKED) -p warmstow-core --lib --no-default-features \
	        --features "$$on" --target-dir $(TARGET)/features; \
	done
	@for on in json settings json,settings,sim,portable-atomic; do \
	    echo "--- $$on"; \
	    RUSTFLAGS=-Dwarnings $(CARGO) check --quiet $(LOCKED) -p warmstow-core --lib --no-default-features \
	        --features "$$on" --target-dir $(TARGET)/features; \
	done

.PHONY: test-core
test-core: ## Rust: unit, property, simulation, source-rule and doc tests
	$(call banner,core: unit and property tests; source rules; examples in the documentation)
	$(CARGO) test $(LOCKED) -p warmstow-core --features $(FEATURES)

.PHONY: test-portable
test-portable: ## the unit tests again, on the atomics of targets without 64-bit ones
	$(call banner,core: the atomics of targets without 64-bit ones)
	$(CARGO) test $(LOCKED) -p warmstow-core --features $(FEATURES),portable-atomic --lib

.PHONY: test-ffi
test-ffi: ## C and C++: compile with warnings as errors and run; header drift
	$(call banner,C and C++)
	.ci/setup-system.sh g++ valgrind
	$(CARGO) test $(LOCKED) -p warmstow-ffi

.PHONY: test-loom
test-loom: ## model-check the lock-free parts, bounded
	$(call banner,loom: $(LOOM_TEST_DEPTH) pre-emptions)
	$(call run_loom,$(LOOM_TEST_DEPTH))

.PHONY: loom
loom: ## model-check the lock-free parts deeper (LOOM_DEPTH=3 pre-emptions; slow)
	$(call banner,loom: $(LOOM_DEPTH) pre-emptions)
	$(call run_loom,$(LOOM_DEPTH))

# Only the library of the core: `--cfg loom` reaches every dependency too.
# Link-time optimisation would cost more minutes than it saves.
run_loom = LOOM_MAX_PREEMPTIONS=$(1) LOOM_MAX_BRANCHES=10000 RUSTFLAGS="$(LOOM_FLAGS)" \
	CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
	$(CARGO) test $(LOCKED) -p warmstow-core --lib --release --target-dir $(TARGET)/loom loom_
LOOM_FLAGS := --cfg loom -C debug-assertions

.PHONY: shuttle
shuttle: ## model-check whole regions of 4 to 8 threads (SHUTTLE_SCHEDULES=20000 of each scheduler)
	$(call banner,shuttle: $(SHUTTLE_SCHEDULES) schedules a model and scheduler)
	SHUTTLE_SCHEDULES=$(SHUTTLE_SCHEDULES) SHUTTLE_SILENCE_WARNINGS=1 RUSTFLAGS="$(SHUTTLE_FLAGS)" \
	CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
	$(CARGO) test $(LOCKED) -p warmstow-core --lib --release --target-dir $(TARGET)/shuttle shuttle_
SHUTTLE_FLAGS := --cfg shuttle -C debug-assertions

.PHONY: stress
stress: ## record STRESS_CALLS=100000000 calls of many threads and check that they are linearizable
	$(call banner,stress: $(STRESS_CALLS) calls)
	WARMSTOW_STRESS_CALLS=$(STRESS_CALLS) $(CARGO) test $(LOCKED) --release -p warmstow-core \
	    --test linearizability -- --ignored --nocapture long_

.PHONY: test-nostd nostd
test-nostd: nostd
nostd: ## run the core on emulated chips and in WebAssembly, without an allocator
	$(call banner,bare metal)
	.ci/nostd.sh $(TARGET)/nostd

.PHONY: fuzz-smoke
fuzz-smoke: ## replay the fuzz seeds and random inputs on the stable toolchain
	$(call banner,fuzz bodies on seeds and 2000 random inputs each)
	$(CARGO) test $(LOCKED) --manifest-path fuzz/Cargo.toml --target-dir $(TARGET)/fuzz

.PHONY: fuzz
fuzz: ## fuzz each target for FUZZ_SECONDS=60 (nightly toolchain)
	rustc +nightly --version >/dev/null || { echo 'fuzzing needs a nightly toolchain' >&2; exit 1; }
	$(CARGO) fuzz --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-fuzz
	for target in $(FUZZ_TARGETS); do \
	    mkdir -p fuzz/corpus/$$target; \
	    $(CARGO) +nightly fuzz run --features libfuzzer $$target fuzz/corpus/$$target fuzz/seeds/$$target \
	        -- -max_total_time=$(FUZZ_SECONDS); \
	done

.PHONY: fuzz-coverage
fuzz-coverage: ## how much of each file the fuzz inputs reach
	$(call banner,coverage of the fuzz inputs)
	.ci/fuzz-coverage.sh $(TARGET)/coverage

.PHONY: miri
miri: ## the core's tests in the Rust interpreter (nightly with miri; says so where it is not to be had)
	$(call banner,Miri)
	.ci/miri.sh $(TARGET)/miri

.PHONY: mutants
mutants: ## change the data plane in small ways and see which tests notice (hours; MUTANTS=files)
	$(CARGO) mutants --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-mutants
	$(CARGO) mutants -p warmstow-core $(addprefix -f ,$(MUTANTS)) -o $(TARGET)/mutants --timeout 60 \
	    -- $(LOCKED) --lib --tests

# The data plane: each piece with its words, and the path that composes them.
MUTANTS ?= $(addprefix core/src/,pool/*.rs concurrency/*.rs function/*.rs placement/*.rs cost/meter.rs)

.PHONY: test-python
test-python: $(VENV)/.dev ## Python: lint, types, stubs against the extension, tests
	$(call banner,Python)
	$(BIN)/ruff check python
	$(BIN)/ruff format --check python
	cd python && ../$(BIN)/mypy
	cd python && ../$(BIN)/stubtest warmstow._warmstow
	cd python && ../$(BIN)/pytest

# ---- keep it in order --------------------------------------------------------

.PHONY: lint
lint: ## rustfmt, and clippy with warnings as errors in each configuration
	$(call banner,format)
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(call banner,clippy)
	$(CARGO) clippy $(LOCKED) --workspace --all-targets --features warmstow-core/sim,warmstow-core/serde,warmstow-core/json,warmstow-core/settings -- -D warnings
	$(CARGO) clippy $(LOCKED) -p warmstow-core --no-default-features -- -D warnings
	$(CARGO) clippy $(LOCKED) -p warmstow-core --all-features -- -D warnings
	RUSTFLAGS="$(LOOM_FLAGS)" $(CARGO) clippy $(LOCKED) -p warmstow-core --lib --tests --target-dir $(TARGET)/loom -- -D warnings
	$(CARGO) clippy $(LOCKED) --manifest-path fuzz/Cargo.toml --all-targets --target-dir $(TARGET)/fuzz -- -D warnings

.PHONY: fmt
fmt: ## format the Rust and Python sources
	$(CARGO) fmt --all
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml
	[ ! -x $(BIN)/ruff ] || $(BIN)/ruff format python

.PHONY: doc
doc: ## build the Rust documentation, warnings as errors
	$(call banner,documentation)
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(LOCKED) --no-deps -p warmstow-core -p warmstow-ffi --features warmstow-core/sim,warmstow-core/serde,warmstow-core/json,warmstow-core/settings

.PHONY: header
header: ## write include/warmstow.h anew from the Rust sources
	WARMSTOW_BLESS=1 $(CARGO) test $(LOCKED) -p warmstow-ffi --test header

.PHONY: deny
deny: ## check licences, sources and bans of every dependency
	$(CARGO) deny --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-deny
	$(CARGO) deny check licenses bans sources

.PHONY: clean
clean: ## remove everything that was built or installed here
	$(CARGO) clean
	rm -rf $(VENV) demo-report bench-report fuzz/target fuzz/corpus fuzz/artifacts python/LICENSE-*
	find python -name __pycache__ -prune -exec rm -rf {} + -o -name '*.so' -delete

# ---- files -------------------------------------------------------------------

RUST_SOURCES := Cargo.toml Cargo.lock $(shell find core/src python/src core/Cargo.toml python/Cargo.toml python/pyproject.toml -type f 2>/dev/null)

$(VENV)/.maturin:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check maturin==$(MATURIN_VERSION)
	@touch $@

# A source distribution of python/ carries its own copies.
python/LICENSE-%: LICENSE-%
	cp $< $@

LICENCES := python/LICENSE-MIT python/LICENSE-APACHE

# The package is installed as an editable one: only Rust sources need a rebuild.
$(VENV)/.demo: $(VENV)/.maturin $(RUST_SOURCES) $(LICENCES)
	$(call banner,Python package)
	$(call develop,report)

$(VENV)/.dev: $(VENV)/.demo
	$(call develop,dev)

develop = VIRTUAL_ENV=$(abspath $(VENV)) PIP_DISABLE_PIP_VERSION_CHECK=1 \
	$(BIN)/maturin develop $(LOCKED) --release --manifest-path python/Cargo.toml --extras $(1) && touch $@
