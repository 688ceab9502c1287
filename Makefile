# Mote. `make` builds build/mote; `make help` lists the rest.
#
# BUILD=dir puts everything elsewhere, SAN=-fsanitize=... instruments it, V=1
# shows the commands. Sanitizer and fuzzing builds are this Makefile again with
# another BUILD and SAN.
CC       := clang-19
AR       := llvm-ar-19
FORMAT   := clang-format-19
BUILD    ?= build
WARN     := -Wall -Wextra -Wshadow -Wconversion -Werror
CFLAGS   ?= -O2 -g
SAN      ?=
PREFIX   ?= /usr/local
IMAGES   ?= ../shared/images
ALL_CFLAGS = -std=c17 $(WARN) -Iinclude -D_GNU_SOURCE -fno-strict-aliasing -MMD -MP $(CFLAGS) $(SAN)
Q        := $(if $(V),,@)
# The command starts faster without a dynamic linker; sanitizers need one.
STATIC   := $(if $(SAN),,-static)

# Parallel; makes called from here share the jobs.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

PACKAGES := make clang-19 llvm-19 libclang-rt-19-dev libcmocka-dev python3
ADDRESS  := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ     := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

VM_SRC     := $(sort $(wildcard vm/*/*.c))
HOSTED_SRC := $(sort $(wildcard host/hosted/*.c))
MOTE_SRC   := $(sort $(wildcard host/mote/*.c))
UNIT_SRC   := $(sort $(wildcard tests/unit/*.c))
FUZZ_SRC   := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH_SRC  := $(sort $(wildcard bench/*.c))
EXAMPLE_SRC := $(sort $(wildcard examples/*.c))
ALL_SRC    := $(VM_SRC) $(HOSTED_SRC) $(MOTE_SRC) $(UNIT_SRC) $(FUZZ_SRC) $(BENCH_SRC) $(EXAMPLE_SRC)
ALL_HDR    := $(sort $(wildcard include/mote/*.h vm/*/*.h host/*/*.h tests/*/*.h bench/*.h))

VM_OBJ     := $(VM_SRC:%.c=$(BUILD)/%.o)
HOSTED_OBJ := $(HOSTED_SRC:%.c=$(BUILD)/%.o)
MOTE_OBJ   := $(MOTE_SRC:%.c=$(BUILD)/%.o)

# tests/unit/test_*.c: one binary each; the other files there are shared.
UNIT_TEST_SRC := $(filter tests/unit/test_%,$(UNIT_SRC))
UNIT_TESTS    := $(UNIT_TEST_SRC:%.c=$(BUILD)/%)
UNIT_COMMON   := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(UNIT_TEST_SRC),$(UNIT_SRC)))
FUZZERS       := $(FUZZ_SRC:%.c=$(BUILD)/%)
BENCHES       := $(BENCH_SRC:%.c=$(BUILD)/%)
EXAMPLES      := $(EXAMPLE_SRC:%.c=$(BUILD)/%)

all: $(BUILD)/mote $(BUILD)/libmote-vm.a $(BUILD)/libmote-hosted.a $(EXAMPLES)

# ---- Libraries and the command ------------------------------------------------

$(BUILD)/libmote-vm.a: $(VM_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/libmote-hosted.a: $(HOSTED_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

# The command without its main, for tests.
$(BUILD)/libmote-command.a: $(filter-out %/main.o,$(MOTE_OBJ))
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

LIBS = $(BUILD)/libmote-command.a $(BUILD)/libmote-vm.a $(BUILD)/libmote-hosted.a

$(BUILD)/mote: $(MOTE_OBJ) $(BUILD)/libmote-vm.a $(BUILD)/libmote-hosted.a
	@echo "  LD    $@"
	$(Q)$(CC) $(CFLAGS) $(SAN) $(STATIC) -o $@ $^ -lm

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/libtests.a: $(UNIT_COMMON)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(UNIT_TESTS): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/libtests.a $(LIBS)
	$(Q)$(CC) $(CFLAGS) $(SAN) -o $@ $^ -lcmocka -lm

$(FUZZERS): $(BUILD)/%: $(BUILD)/%.o $(LIBS)
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer $(SAN) -o $@ $^ -lm

$(BENCHES) $(EXAMPLES): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/libmote-vm.a $(BUILD)/libmote-hosted.a
	$(Q)$(CC) $(CFLAGS) $(SAN) -o $@ $^ -lm

unit: $(UNIT_TESTS)
fuzzers: $(FUZZERS)

# ---- Running ------------------------------------------------------------------

# IMAGE=file runs that image; without it, a copy of the Pharo kernel image is
# initialised (its first start saves it) and asked for its version.
run: deps-quick
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) IMAGES=$(IMAGES) IMAGE='$(IMAGE)' ARGS='$(ARGS)' sh tests/try

test: deps-quick
	@$(MAKE) --no-print-directory all unit
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan SAN='$(ADDRESS)' CFLAGS='-O1 -g' all unit
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz SAN='$(FUZZ)' CFLAGS='-O1 -g' fuzzers
	@MOTE_IMAGES=$(IMAGES) sh tests/run --plain $(BUILD) --asan $(BUILD)/asan --fuzz $(BUILD)/fuzz

check: deps-quick
	@$(MAKE) --no-print-directory all unit
	@MOTE_IMAGES=$(IMAGES) sh tests/run --quick --plain $(BUILD)

# The fuzz targets for SECONDS each (ten minutes if nothing is said).
SECONDS ?= 600
fuzz: deps-quick
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz SAN='$(FUZZ)' CFLAGS='-O1 -g' fuzzers
	@MOTE_IMAGES=$(IMAGES) sh tests/fuzz/run $(BUILD)/fuzz $(SECONDS)

bench: deps-quick
	@$(MAKE) --no-print-directory all $(BENCHES)
	@BUILD=$(BUILD) MOTE_IMAGES=$(IMAGES) python3 bench/run

# ---- The house -----------------------------------------------------------------

# Both install what is missing; other systems than Debian only need the tools.
deps-quick:
	@if command -v dpkg-query >/dev/null; then sh tests/deps $(PACKAGES); \
	 else command -v $(CC) >/dev/null && test -e /usr/include/cmocka.h || sh tests/deps $(PACKAGES); fi

deps:
	@sh tests/deps $(PACKAGES)

format:
	$(Q)$(FORMAT) -i $(ALL_SRC) $(ALL_HDR)

lint:
	$(Q)$(FORMAT) --dry-run -Werror $(ALL_SRC) $(ALL_HDR)
	@wc -l $(ALL_SRC) $(ALL_HDR) | awk '$$2 != "total" && $$1 > 800 { print $$2 ": " $$1 " lines"; bad = 1 } END { exit bad }'

install: all
	install -D -m 755 $(BUILD)/mote $(DESTDIR)$(PREFIX)/bin/mote
	install -D -m 644 $(BUILD)/libmote-vm.a $(DESTDIR)$(PREFIX)/lib/libmote-vm.a
	install -D -m 644 $(BUILD)/libmote-hosted.a $(DESTDIR)$(PREFIX)/lib/libmote-hosted.a
	install -d $(DESTDIR)$(PREFIX)/include/mote
	install -m 644 include/mote/*.h host/hosted/hosted.h $(DESTDIR)$(PREFIX)/include/mote/
	install -D -m 644 docs/mote.1 $(DESTDIR)$(PREFIX)/share/man/man1/mote.1

clean:
	rm -rf build

help:
	@echo 'make            build/mote and the libraries'
	@echo 'make run        run a copy of the Pharo kernel image; IMAGE=file ARGS=... runs that one'
	@echo 'make test       all tests, also under ASan and UBSan, and short fuzzing'
	@echo 'make check      the quick part of the tests'
	@echo 'make bench      the benchmarks'
	@echo 'make fuzz       the fuzz targets, SECONDS=600 each'
	@echo 'make deps       install the Debian packages: $(PACKAGES)'
	@echo 'make format     clang-format all sources;  make lint only complains'
	@echo 'make install    into PREFIX=$(PREFIX)'
	@echo 'make clean'
	@echo 'BUILD=dir builds elsewhere; SAN=-fsanitize=... instruments; V=1 shows the commands;'
	@echo 'IMAGES=dir is where the real images are ($(IMAGES))'

.PHONY: all unit fuzzers run test check fuzz bench deps deps-quick format lint install clean help
.DELETE_ON_ERROR:
-include $(patsubst %.c,$(BUILD)/%.d,$(ALL_SRC))
