# make run      set up, build, and run the main example (recorded replies without an API key)
# make test     set up, build and run all tests
# make setup    only install what is missing: system packages, .venv (WITH=ocr,browser: tesseract, Chromium)
# make record   run the main example live and keep the replies as its recording (BASE_URL=, MODEL=)
# make lint     check the layout of all Swift code, and the types of the initial actions
# make bench    measure (GROUP=runtime for one group); writes .build/bench.json
# make soak     the long tests
# make clean    remove what was built; .venv stays
.DEFAULT_GOAL := help
.PHONY: help setup build run record test lint bench soak clean

help:
	@sed -n 's/^# make /make /p' Makefile

setup:
	@WITH='$(WITH)' scripts/setup

# Debug builds: from nothing they take half the time of release builds, and `make run` and
# `make test` share one.
build: setup
	swift build

run: setup
	swift build --product MainJob
	@.build/debug/MainJob $(ARGUMENTS)

record: setup
	swift build --product MainJob
	.build/debug/MainJob --record $(if $(BASE_URL),--base-url $(BASE_URL)) $(if $(MODEL),--model $(MODEL))

test: setup
	@scripts/test-packages
	swift build --build-tests
	# Many tests run programs of their own: more at once would starve each other.
	DYNASAUR_VENV=$(CURDIR)/.venv swift test --skip-build --experimental-maximum-parallelization-width 4

lint:
	swift format lint --strict --recursive Package.swift Sources Tests Examples
	@scripts/check-python

bench: setup
	swift run -c release Benchmarks $(GROUP)

# The full counts of what `make test` runs a fraction of, and the runtime under the thread sanitizer.
soak: setup
	DYNASAUR_SOAK=1 DYNASAUR_VENV=$(CURDIR)/.venv swift test --experimental-maximum-parallelization-width 2
	DYNASAUR_SOAK=1 swift test --sanitize=thread --scratch-path .build/thread-sanitizer --filter ConcurrencyTests

clean:
	rm -rf .build
