/* Reports of crashes in QEMU. */
#include "report.h"

#include "../tender/crash.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* AMD64 Architecture Programmer's Manual 2, table 8-1. */
enum {
    DIVIDE_ERROR = 0,
    DEBUG = 1,
    NMI = 2,
    BREAKPOINT = 3,
    INVALID_OPCODE = 6,
    DOUBLE_FAULT = 8,
    STACK_FAULT = 12,
    GENERAL_PROTECTION = 13,
    PAGE_FAULT = 14,
    X87_ERROR = 16,
    MACHINE_CHECK = 18,
    SIMD_ERROR = 19,
};
enum { FAULT_WRITE = 2, FAULT_FETCH = 16 };

/* The arena of kernel/platform/pc/start.c. */
#define ARENA_END (MOTE_ARENA + (UINT64_C(1) << 41))

_Static_assert(MOTE_DUMP_REGISTERS == CRASH_REGISTERS, "the same registers in the same order");

/* tender_door.read: what the dump has of the stack. */
static size_t read_stack(struct tender *t, uint64_t address, void *out, size_t bytes) {
    const struct mote_dump *d = t->door_state;
    if (address < d->stack || address - d->stack >= d->stack_bytes)
        return 0;
    uint64_t offset = address - d->stack, there = d->stack_bytes - offset;
    size_t n = bytes < there ? bytes : (size_t)there;
    memcpy(out, (const uint8_t *)(d + 1) + offset, n);
    return n;
}

static void name(const struct mote_dump *d, struct crash *c) {
    c->kind = CRASH_OTHER;
    switch (d->vector) {
    case DIVIDE_ERROR:
        c->kind = CRASH_DIVIDE;
        return;
    case DEBUG:
        c->what = "a debug trap";
        return;
    case NMI:
        c->what = "a non-maskable interrupt";
        return;
    case BREAKPOINT:
        c->kind = CRASH_BREAKPOINT;
        return;
    case INVALID_OPCODE:
        c->kind = CRASH_INSTRUCTION;
        return;
    case DOUBLE_FAULT:
        c->kind = CRASH_STACK;
        return;
    case STACK_FAULT:
        c->what = "a stack address that no memory can have";
        return;
    case GENERAL_PROTECTION:
        c->what = "general protection: an address that no memory can have, a misaligned vector "
                  "or an instruction that is not allowed";
        return;
    case PAGE_FAULT:
        c->kind = d->error & FAULT_FETCH   ? CRASH_EXECUTE
                  : d->error & FAULT_WRITE ? CRASH_WRITE
                                           : CRASH_READ;
        c->address = d->address;
        return;
    case X87_ERROR:
    case SIMD_ERROR:
        c->what = "a floating-point exception";
        return;
    case MACHINE_CHECK:
        c->what = "a machine check";
        return;
    default:
        c->what = "an exception that cannot be";
    }
}

void qemu_report(const struct qemu_config *config, const struct mote_dump *dump) {
    static const struct tender_door door = {.name = "qemu", .read = read_stack};
    struct tender_config names = {.name = config->name, .image = config->image != NULL ? 0 : -1};
    struct tender t = {.config = &names,
                       .door = &door,
                       .door_state = (void *)dump,
                       .arena_end = ARENA_END,
                       .image_end = MOTE_IMAGE_BASE};
    struct crash crash = {.has_registers = true, .flags = dump->flags};
    struct stat s;
    char error[512];
    if (config->image != NULL && stat(config->image, &s) == 0 && s.st_size > MOTE_PAGE)
        t.image_end += ((uint64_t)s.st_size - 1) / MOTE_PAGE * MOTE_PAGE;
    if (elf_open(&t.program, config->program, error, sizeof error) != 0) {
        fprintf(stderr, "mote: %s: crash: exception %llu at 0x%llx; no more is known: %s\n",
                config->name, (unsigned long long)dump->vector,
                (unsigned long long)dump->registers[CRASH_RIP], error);
        return;
    }
    memcpy(crash.registers, dump->registers, sizeof crash.registers);
    name(dump, &crash);
    crash_report(&t, &crash);
    elf_close(&t.program);
}
