# Verbs over Meson. `make help` lists them.
BUILD ?= build
export CCACHE_DIR ?= $(HOME)/.cache/ccache

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

$(BUILD)/build.ninja:
	meson setup $(BUILD) >/dev/null

build: $(BUILD)/build.ninja ## compile into ./build
	@ninja -C $(BUILD)

check: build ## the quick tests: units only
	@meson test -C $(BUILD) --suite unit --print-errorlogs

fmt: ## lay out all C as .clang-format says
	@git ls-files '*.c' '*.h' | xargs clang-format -i

.PHONY: help build check fmt
