/* Reports of crashes in QEMU. */
#include "report.h"

#include "../tender/crash.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
    crash_from_vector(dump->vector, dump->error, dump->address, &crash);
    crash_report(&t, &crash);
    elf_close(&t.program);
}
