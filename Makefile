# Thin wrapper around Meson: `make run` and `make test` do all set-up on a fresh Debian machine.
# Without a GPU the build is for the CPU and fully static.
CUDA := $(shell nvidia-smi -L >/dev/null 2>&1 && echo auto || echo disabled)
SETUP := meson setup -Dcuda=$(CUDA) $(MESON_FLAGS)
# Line numbers are all that a sanitizer's report needs; whole debug information takes the compiler three times as long.
SANITIZE := $(SETUP) -Doptimization=1 -Ddebug=false -Dcpp_args=-g1 -Db_lundef=false

# What the cross build for 64-bit ARM takes beside.
ARM_PACKAGES := g++-aarch64-linux-gnu qemu-user-static $(addsuffix :arm64,libboost-test-dev libjpeg62-turbo-dev libwebp-dev)

# Whose tests have threads; the commands start none of their own.
THREADED := base tensor cuda nn data nas

.PHONY: all run test test-neon test-cuda format lint sanitize sanitize-address sanitize-thread bench clean packages

all: build/build.ninja
	meson compile -C build danas

run: all
	./build/danas experiments/quick.toml

test: build/build.ninja
	meson compile -C build
	scripts/run-tests build

# The tensor library for 64-bit ARM and its tests, but for those labeled slow, under emulation: some 140 seconds of CPU time
# to build and 210 to run.
test-neon: build-neon/build.ninja
	meson compile -C build-neon test_base test_tensor
	BOOST_TEST_RUN_FILTERS='!@slow' scripts/run-tests build-neon base tensor 'instruction sets do not leak'

# The CUDA backend as nvcc builds it for two architectures, its machine code, and what the program says without a GPU; the
# kernels for Volta by a compiler from PyPI (scripts/volta-check), an older cuDNN from there (scripts/cudnn-check). Some 4
# minutes of CPU time after `make test`.
test-cuda: build/build.ninja
	scripts/test-cuda build-cuda || [ $$? = 77 ]
	meson compile -C build test_cuda test_machine_code test_cudnn_library
	scripts/volta-check build || [ $$? = 77 ]
	scripts/cudnn-check build || [ $$? = 77 ]

format:
	scripts/install-packages clang-format
	scripts/format

lint: build/build.ninja
	scripts/install-packages clang-format python3-venv
	scripts/format --check
	scripts/tidy build

# Memory that there is not is an error for danas to tell, not for the sanitizer; the others are what Meson sets.
ASAN_OPTIONS := allocator_may_return_null=1:halt_on_error=1:abort_on_error=1:print_summary=1

sanitize: sanitize-address sanitize-thread

# Address and undefined behavior without the tests labeled slow, which add shapes, types and moments but no code.
sanitize-address: build-address/build.ninja
	meson compile -C build-address
	ASAN_OPTIONS=$(ASAN_OPTIONS) BOOST_TEST_RUN_FILTERS='!@slow' scripts/run-tests build-address

# The tests labeled threads, in which several work.
sanitize-thread: build-thread/build.ninja
	meson compile -C build-thread $(addprefix test_,$(THREADED))
	BOOST_TEST_RUN_FILTERS='@threads' scripts/run-tests build-thread $(THREADED)

bench: all
	./build/danas bench --suite

clean:
	rm -rf build build-address build-cuda build-thread build-neon

packages:
	scripts/install-packages

build/build.ninja: | packages
	$(SETUP) build

build-address/build.ninja: | packages
	$(SANITIZE) -Db_sanitize=address,undefined build-address

build-thread/build.ninja: | packages
	$(SANITIZE) -Db_sanitize=thread build-thread

build-neon/build.ninja: | packages
	scripts/install-packages $(ARM_PACKAGES)
	$(SETUP) --cross-file scripts/aarch64.ini build-neon
