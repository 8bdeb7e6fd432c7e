# Verbs over Meson. `make help` lists them.
#
# Each verb installs the Debian packages it needs (as root, or it says the line to run) and then does its work,
# so any of them can be the first thing typed after a clone.

CC       ?= gcc
BUILD    ?= build
JOBS     ?= $(shell nproc)
PREFIX   ?= /usr/local
export CCACHE_DIR ?= $(HOME)/.cache/ccache
# ccache where it is installed
WITH_CACHE = $(if $(shell command -v ccache 2>/dev/null),ccache )

.DEFAULT_GOAL := help
.PHONY: help trawl build-tools test-tools bench-tools build demo run check test asan tsan crash fuzz bench cover fmt fmt-check tidy layers install clean test-corpus

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

build-tools:
	@tools/bootstrap build
test-tools:
	@tools/bootstrap build test
bench-tools:
	@tools/bootstrap build test bench

# $(call compile,DIRECTORY,COMPILER,MESON OPTIONS,TARGETS)
define compile
@[ -f $(1)/build.ninja ] || CC="$(WITH_CACHE)$(2)" meson setup $(1) $(3) >$(1).log 2>&1 || { cat $(1).log; exit 1; }
@rm -f $(1).log
@ninja -C $(1) -j $(JOBS) $(NINJA_FLAGS) $(4)
endef

build: build-tools ## compile into ./build
	$(call compile,$(BUILD),$(CC),)

trawl: build-tools
	$(call compile,$(BUILD),$(CC),,src/trawl)

demo: trawl ## a sample organisation whose people report phish; Ctrl-C ends it
	@exec tools/demo/run --trawl $(BUILD)/src/trawl $(DEMO_FLAGS)

run: trawl ## the daemon alone, on ./run-data
	@exec $(BUILD)/src/trawl serve --data $(CURDIR)/run-data

check: test-tools build ## the quick tests: units only
	@meson test -C $(BUILD) --suite unit --print-errorlogs

test: test-tools build ## every test: units, layers, whole system, a sample of the crash rig
	@tools/run-tests $(BUILD)

crash: test-tools build ## the crash rig at every point (hours)
	@tests/crash/run.py --trawl $(BUILD)/src/trawl --all

# Not optimised away what is wrong, not slow either. It is the build by Clang, too: a warning ends it.
asan: test-tools ## unit tests under AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer
	$(call compile,build-asan,clang,-Dwerror=true -Db_sanitize=address$(comma)undefined -Db_lundef=false -Doptimization=1)
	@meson test -C build-asan --suite unit --print-errorlogs --timeout-multiplier 4

# the tests with threads; those that fork a sandboxed reader cannot run under TSan
TSAN_TESTS = db/db jobs/runner jobs/schedule server/servers net/http
tsan: test-tools ## the threaded unit tests under ThreadSanitizer
	$(call compile,build-tsan,clang,-Db_sanitize=thread -Db_lundef=false,src/trawl $(foreach test,$(TSAN_TESTS),src/$(subst /,-,$(test))-test))
	@meson test -C build-tsan --no-rebuild --print-errorlogs --timeout-multiplier 4 $(TSAN_TESTS)

fuzz: test-tools ## FUZZ_TARGETS (all), each for FUZZ_SECONDS (60) by FUZZ_JOBS fuzzers (1)
	$(call compile,build-fuzz,clang,-Dfuzz=true -Db_sanitize=address$(comma)undefined -Db_lundef=false)
	@tests/fuzz/run build-fuzz --seconds $(or $(FUZZ_SECONDS),60) --jobs $(or $(FUZZ_JOBS),1) $(FUZZ_TARGETS)

bench: bench-tools build-release ## the figures of docs/performance.md, each beside its peer
	@tests/bench/run --trawl build-release/src/trawl

build-release: build-tools
	$(call compile,build-release,$(CC),-Dbuildtype=release)

cover: test-tools ## line coverage of the unit tests, worst files first
	$(call compile,build-cover,gcc,-Db_coverage=true)
	@meson test -C build-cover --suite unit >/dev/null; tools/coverage build-cover

fmt: test-tools ## lay out all C as .clang-format says
	@git ls-files '*.c' '*.h' | xargs clang-format -i

fmt-check: test-tools
	@git ls-files '*.c' '*.h' | xargs clang-format --dry-run --Werror

layers: ## who may include whom, and whether the documents name real files
	@tools/check-layers

tidy: test-tools build ## clang-tidy over all sources
	@git ls-files 'src/*.c' | xargs -P $(JOBS) -n 4 clang-tidy -p $(BUILD) --quiet

test-corpus: test-tools build ## scores on the corpus of reported mail, where it is here
	@tests/corpus/run --trawl $(BUILD)/src/trawl

install: build-release ## into PREFIX (/usr/local), with man page, completion and systemd unit
	@meson install -C build-release --no-rebuild

clean: ## remove what was built
	@rm -rf build build-asan build-tsan build-fuzz build-cover build-release

comma := ,
