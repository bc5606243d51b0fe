# SPDX-License-Identifier: BSD-2-Clause
#
# The front doors a person types. meson does the work; see tools/ for the longer ones.

BUILD ?= build
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 600

.PHONY: all build deps deps-build deps-demo demo test fast check interop ways bench fuzz format install clean

all: build

# meson configures once; ninja reconfigures by itself when a meson.build changes.
build: deps-build
	@[ -f $(BUILD)/build.ninja ] || meson setup $(BUILD) --prefix=$(PREFIX)
	@ninja -C $(BUILD)

deps:
	@tools/install-deps

# What is enough to build and run.
deps-build:
	@tools/install-deps build run

deps-demo:
	@tools/install-deps build run demo

# Two gateways in network namespaces and the traffic between them, explained on the screen.
demo: deps-demo build
	@SALLYPORT_BUILD=$(abspath $(BUILD)) tools/demo

# Everything; the last line is "N passed, N failed, N skipped".
test: deps
	@tools/run-tests

# Unit tests and fuzz corpora only, for the edit-compile-test loop.
fast: deps
	@tools/run-tests --only unit

# The rules between files: layers, headers, layout, documents.
check: deps
	@tools/run-tests --only check

# Only the slow scenarios with outside peers.
interop: deps
	@tools/run-tests --only interop

# Every check of packets in every way they can go: both engines, one worker and two, with and without offloads, raw and AF_XDP.
ways: deps
	@tools/run-tests --only ways

# What everything costs, beside raw cryptography, plain forwarding and the peers a user could install.
bench:
	@tools/install-deps build run test bench
	@[ -f build-bench/build.ninja ] || meson setup build-bench --buildtype=release
	@ninja -C build-bench
	@meson test -C build-bench --benchmark --verbose

# libFuzzer on every target, FUZZ_SECONDS each; FUZZ=NAME runs one.
fuzz: deps
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tools/run-fuzz $(FUZZ)

format: deps
	@git ls-files '*.c' '*.h' | xargs clang-format -i

# The build folder may have been made for another PREFIX.
install: build
	@meson configure $(BUILD) --prefix=$(abspath $(PREFIX))
	@meson install -C $(BUILD)

clean:
	@rm -rf build build-test build-asan build-bench build-fuzz
