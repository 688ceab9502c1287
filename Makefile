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
ALL_CFLAGS = -std=c17 $(WARN) -Iinclude $(if $(filter kernel/% tests/%,$<),-Ikernel) $(if $(filter host/tender/%,$<),-I$(BUILD)/policy) -D_GNU_SOURCE -fno-strict-aliasing -MMD -MP $(CFLAGS) $(SAN)
Q        := $(if $(V),,@)
# The command starts faster without a dynamic linker; sanitizers need one. It
# lies above the addresses of a mote (include/mote/abi.h).
STATIC   := $(if $(SAN),,-static -fuse-ld=lld -Wl,--image-base=0x70000000)

# Programs on the kernel: baseline x86-64, no red zone to be overwritten by a
# crash handler, musl's pure functions. Sanitizer builds use the plain ones.
LD       := ld.lld-19
MUSL     := /usr/include/x86_64-linux-musl
MUSL_LIB := /usr/lib/x86_64-linux-musl/libc.a
GUEST    ?= $(BUILD)/guest
GUEST_CFLAGS = --target=x86_64-linux-musl -nostdinc -isystem $(RESOURCES)/include -isystem $(MUSL) \
    -std=c17 $(WARN) -Iinclude -Ikernel -D_GNU_SOURCE -fno-strict-aliasing -MMD -MP -g \
    -fno-stack-protector -fno-pic -fno-pie -mno-red-zone -fno-asynchronous-unwind-tables \
    -ffunction-sections -fdata-sections -fcf-protection=none \
    $(if $(filter $(GUEST_FAST),$<),-O2,-Oz)
# What an image spends its time in is compiled for speed, the rest for size.
GUEST_FAST := $(addprefix vm/interp/,threaded.c activate.c returns.c lookup.c arith.c) \
    $(addprefix vm/memory/,allocate.c instantiate.c scavenge.c tenure.c remember.c mark.c sweep.c slots.c \
    hash.c follow.c) $(addprefix vm/prims/,object.c integer.c large_limbs.c values.c words.c strings.c) \
    $(addprefix kernel/libc/,copy.c fill.c compare.c)
GUEST_LD = $(LD) -static -nostdlib -z max-page-size=4096 -z separate-loadable-segments \
    --gc-sections --icf=safe -O2 -T kernel/mote.ld
RESOURCES = $(eval RESOURCES := $$(shell $(CC) -print-resource-dir))$(RESOURCES)

# Parallel; makes called from here share the jobs.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

PACKAGES := make clang-19 lld-19 llvm-19 libclang-rt-19-dev libcmocka-dev python3 musl-dev \
    libseccomp-dev qemu-system-x86 procps
ADDRESS  := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ     := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

VM_SRC     := $(sort $(wildcard vm/*/*.c))
HOSTED_SRC := $(sort $(wildcard host/hosted/*.c host/common/*.c))
TENDER_SRC := $(sort $(wildcard host/tender/*.c host/tender/process/*.c host/tender/kvm/*.c \
    host/tender/report/*.c host/qemu/*.c host/common/*.c))
TENDER_ASM := $(sort $(wildcard host/tender/*/*.S))
MOTE_SRC   := $(sort $(wildcard host/mote/*.c)) apps/vm/main.c
KERNEL_SRC := $(sort $(wildcard kernel/*.c kernel/*/*.c kernel/platform/*/*.c))
KERNEL_ASM := $(sort $(wildcard kernel/*.S kernel/*/*.S kernel/platform/*/*.S))
KERNEL_TESTED := $(sort $(wildcard kernel/*.c kernel/boot/*.c kernel/virtio/*.c))
# A program of the kernel's: every folder of apps/ but the VM is one.
APPS       := $(filter-out vm,$(notdir $(patsubst %/main.c,%,$(wildcard apps/*/main.c))))
APP_SRC    := $(sort $(wildcard apps/*/*.c))
UNIT_SRC   := $(sort $(wildcard tests/unit/*.c))
FUZZ_SRC   := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH_SRC  := $(sort $(wildcard bench/*.c))
# Programs of the kernel's that only the benchmarks start.
BENCH_GUEST_SRC := $(sort $(wildcard bench/guest/*.c))
EXAMPLE_SRC := $(sort $(wildcard examples/*.c))
ALL_SRC    := $(sort $(VM_SRC) $(HOSTED_SRC) $(MOTE_SRC) $(UNIT_SRC) $(FUZZ_SRC) $(BENCH_SRC) $(BENCH_GUEST_SRC) $(EXAMPLE_SRC) \
    $(TENDER_SRC) $(KERNEL_SRC) $(APP_SRC) $(wildcard host/tender/policy/*.c tests/hostile/*.c))
ALL_HDR    := $(sort $(wildcard include/mote/*.h vm/*/*.h host/*/*.h host/*/*/*.h tests/*/*.h bench/*.h \
    kernel/*.h kernel/*/*.h kernel/*/*/*.h))

VM_OBJ     := $(VM_SRC:%.c=$(BUILD)/%.o)
HOSTED_OBJ := $(HOSTED_SRC:%.c=$(BUILD)/%.o)
MOTE_OBJ   := $(MOTE_SRC:%.c=$(BUILD)/%.o)
TENDER_OBJ := $(TENDER_SRC:%.c=$(BUILD)/%.o) $(TENDER_ASM:%.S=$(BUILD)/%.S.o)
KERNEL_OBJ := $(KERNEL_SRC:%.c=$(GUEST)/%.o) $(KERNEL_ASM:%.S=$(GUEST)/%.S.o)
PROGRAMS   := $(BUILD)/mote-vm.elf $(APPS:%=$(BUILD)/%.elf)

# tests/unit/test_*.c: one binary each; the other files there are shared.
UNIT_TEST_SRC := $(filter tests/unit/test_%,$(UNIT_SRC))
UNIT_TESTS    := $(UNIT_TEST_SRC:%.c=$(BUILD)/%)
UNIT_COMMON   := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(UNIT_TEST_SRC),$(UNIT_SRC)))
FUZZERS       := $(FUZZ_SRC:%.c=$(BUILD)/%)
BENCHES       := $(BENCH_SRC:%.c=$(BUILD)/%)
BENCH_GUESTS  := $(BENCH_GUEST_SRC:bench/guest/%.c=$(BUILD)/bench/%.elf)
EXAMPLES      := $(EXAMPLE_SRC:%.c=$(BUILD)/%)

all: $(BUILD)/mote $(PROGRAMS) $(BUILD)/libmote-vm.a $(BUILD)/libmote-hosted.a $(EXAMPLES)

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

$(BUILD)/libmote-tender.a: $(TENDER_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

LIBS = $(BUILD)/libmote-command.a $(BUILD)/libmote-tender.a $(BUILD)/libmote-vm.a \
    $(BUILD)/libmote-hosted.a

$(BUILD)/mote: $(MOTE_OBJ) $(BUILD)/libmote-tender.a $(BUILD)/libmote-vm.a $(BUILD)/libmote-hosted.a
	@echo "  LD    $@"
	$(Q)$(CC) $(CFLAGS) $(SAN) $(STATIC) -o $@ $^ -lm -lpthread

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# The tender's seccomp filters are made once, here, so that a start costs nothing.
$(BUILD)/policy/generate: host/tender/policy/generate.c host/tender/policy/lists.h include/mote/abi.h
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c17 $(WARN) -Wno-missing-field-initializers -Iinclude -D_GNU_SOURCE -o $@ $< -lseccomp

$(BUILD)/policy/tender_policy.h: $(BUILD)/policy/generate
	$(Q)$< > $@

$(TENDER_SRC:%.c=$(BUILD)/%.o): | $(BUILD)/policy/tender_policy.h

$(BUILD)/%.S.o: %.S
	@mkdir -p $(@D)
	@echo "  AS    $<"
	$(Q)$(CC) -Iinclude -MMD -MP -g -c -o $@ $<

# ---- Programs on the kernel -----------------------------------------------------

$(GUEST)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $< (kernel)"
	$(Q)$(CC) $(GUEST_CFLAGS) -c -o $@ $<

$(GUEST)/%.S.o: %.S
	@mkdir -p $(@D)
	@echo "  AS    $< (kernel)"
	$(Q)$(CC) --target=x86_64-linux-musl -Iinclude -Ikernel -MMD -MP -g -c -o $@ $<

# The kernel's object files come first: their definitions replace musl's.
$(GUEST)/mote-vm.elf: $(KERNEL_OBJ) $(GUEST)/apps/vm/main.o $(VM_SRC:%.c=$(GUEST)/%.o) kernel/mote.ld
	@echo "  LD    $@"
	$(Q)$(GUEST_LD) -Map=$@.map -o $@ $(filter-out %.ld,$^) $(MUSL_LIB)
	$(Q)sh kernel/check-elf $@

$(APPS:%=$(GUEST)/%.elf): $(GUEST)/%.elf: $(KERNEL_OBJ) kernel/mote.ld
	@echo "  LD    $@"
	$(Q)$(GUEST_LD) -Map=$@.map -o $@ $(filter-out %.ld,$^) $(MUSL_LIB)
	$(Q)sh kernel/check-elf $@
$(foreach app,$(APPS),$(eval $(GUEST)/$(app).elf: $(patsubst %.c,$(GUEST)/%.o,$(wildcard apps/$(app)/*.c))))

$(PROGRAMS): $(BUILD)/%.elf: $(GUEST)/%.elf
	$(Q)cp $< $@

$(BUILD)/libtests.a: $(UNIT_COMMON)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

# Kernel files that touch no hardware, for tests on the host. It comes last: where
# the kernel and the hosted platform define the same, the latter is meant.
$(BUILD)/libmote-kernel.a: $(KERNEL_TESTED:%.c=$(BUILD)/%.o)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(UNIT_TESTS): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/libtests.a $(LIBS) $(BUILD)/libmote-kernel.a
	$(Q)$(CC) $(CFLAGS) $(SAN) -o $@ $^ -lcmocka -lm -lpthread

$(FUZZERS): $(BUILD)/%: $(BUILD)/%.o $(LIBS) $(BUILD)/libmote-kernel.a
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer $(SAN) -o $@ $^ -lm -lpthread

# The floors are static, as the command is; images.c is made of parts of the tests.
$(filter-out %/images,$(BENCHES)): $(BUILD)/%: $(BUILD)/%.o
	$(Q)$(CC) $(CFLAGS) $(SAN) $(if $(SAN),,-static) -o $@ $^

$(BUILD)/bench/images: $(BUILD)/bench/images.o $(BUILD)/libtests.a $(LIBS)
	$(Q)$(CC) $(CFLAGS) $(SAN) -o $@ $^ -lcmocka -lm -lpthread

$(BENCH_GUESTS): $(BUILD)/bench/%.elf: $(GUEST)/bench/guest/%.o $(KERNEL_OBJ) kernel/mote.ld
	@mkdir -p $(@D)
	$(Q)$(GUEST_LD) -o $@ $(filter-out %.ld,$^) $(MUSL_LIB)

$(EXAMPLES): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/libmote-vm.a $(BUILD)/libmote-hosted.a
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
	@$(MAKE) --no-print-directory all unit hostile
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan GUEST=$(GUEST) SAN='$(ADDRESS)' CFLAGS='-O1 -g' all unit hostile
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz SAN='$(FUZZ)' CFLAGS='-O1 -g' fuzzers
	@MOTE_IMAGES=$(IMAGES) sh tests/run --plain $(BUILD) --asan $(BUILD)/asan --fuzz $(BUILD)/fuzz

check: deps-quick
	@$(MAKE) --no-print-directory all unit hostile
	@MOTE_IMAGES=$(IMAGES) sh tests/run --quick --plain $(BUILD)

# The fuzz targets for SECONDS each (ten minutes if nothing is said).
SECONDS ?= 600
fuzz: deps-quick
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz SAN='$(FUZZ)' CFLAGS='-O1 -g' fuzzers
	@MOTE_IMAGES=$(IMAGES) sh tests/fuzz/run $(BUILD)/fuzz $(SECONDS)

bench: deps-quick
	@$(MAKE) --no-print-directory all $(BENCHES) $(BENCH_GUESTS)
	@BUILD=$(BUILD) MOTE_IMAGES=$(IMAGES) python3 bench/run

# Bytes by component of the programs on the kernel.
size: $(PROGRAMS)
	@python3 bench/size $(BUILD)

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
	install -D -m 644 $(BUILD)/mote-vm.elf $(DESTDIR)$(PREFIX)/lib/mote/mote-vm.elf
	install -D -m 644 $(BUILD)/libmote-vm.a $(DESTDIR)$(PREFIX)/lib/libmote-vm.a
	install -D -m 644 $(BUILD)/libmote-hosted.a $(DESTDIR)$(PREFIX)/lib/libmote-hosted.a
	install -d $(DESTDIR)$(PREFIX)/include/mote
	install -m 644 include/mote/*.h host/hosted/hosted.h $(DESTDIR)$(PREFIX)/include/mote/
	install -D -m 644 docs/mote.1 $(DESTDIR)$(PREFIX)/share/man/man1/mote.1

clean:
	rm -rf build

help:
	@echo 'make            build/mote, the programs on the kernel (build/*.elf), the libraries'
	@echo 'make run        run a copy of the Pharo kernel image; IMAGE=file ARGS=... runs that one'
	@echo 'make test       all tests, also under ASan and UBSan, and short fuzzing'
	@echo 'make check      the quick part of the tests'
	@echo 'make bench      the benchmarks'
	@echo 'make size       bytes by component of mote-vm.elf and hello.elf'
	@echo 'make fuzz       the fuzz targets, SECONDS=600 each'
	@echo 'make deps       install the Debian packages: $(PACKAGES)'
	@echo 'make format     clang-format all sources;  make lint only complains'
	@echo 'make install    into PREFIX=$(PREFIX)'
	@echo 'make clean'
	@echo 'BUILD=dir builds elsewhere; SAN=-fsanitize=... instruments; V=1 shows the commands;'
	@echo 'IMAGES=dir is where the real images are ($(IMAGES))'

.PHONY: all unit fuzzers run test check fuzz bench size deps deps-quick format lint install clean help
.DELETE_ON_ERROR:
include tests/hostile/hostile.mk

-include $(patsubst %.c,$(BUILD)/%.d,$(ALL_SRC))
-include $(patsubst %.c,$(GUEST)/%.d,$(KERNEL_SRC) $(VM_SRC) $(APP_SRC) $(BENCH_GUEST_SRC))
