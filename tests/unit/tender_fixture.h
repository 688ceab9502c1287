/*
 * tender_fixture.h - a tender without a mote: low memory, a program with one text
 * segment at MOTE_ELF_BASE and one writable segment behind it.
 */
#ifndef TENDER_FIXTURE_H
#define TENDER_FIXTURE_H

#include "../../host/tender/guest.h"
#include "../../host/tender/tender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define TEXT MOTE_ELF_BASE
#define DATA (MOTE_ELF_BASE + 0x10000)
#define DATA_BYTES 0x20000

struct rig_tender {
    struct tender t;
    struct tender_config config;
    struct tender_door door;
};

static inline void rig_open(struct rig_tender *r) {
    memset(r, 0, sizeof *r);
    r->config = (struct tender_config){.program = "test.elf", .name = "test", .image = -1};
    r->door = (struct tender_door){.name = "test"};
    struct tender *t = &r->t;
    *t = (struct tender){.config = &r->config,
                         .door = &r->door,
                         .memory = -1,
                         .doorbell = -1,
                         .stop = -1,
                         .save_directory = -1,
                         .signals = -1,
                         .child = -1,
                         .lock = PTHREAD_MUTEX_INITIALIZER,
                         .image_end = MOTE_IMAGE_BASE + 0x10000,
                         .arena_end = MOTE_IMAGE_BASE + 0x10000000};
    t->program.fd = -1;
    t->program.segments = 2;
    t->program.segment[0] =
        (struct elf_segment){.address = TEXT, .bytes = 0x10000, .executable = true};
    t->program.segment[1] =
        (struct elf_segment){.address = DATA, .bytes = DATA_BYTES, .writable = true};
    t->low = mmap(NULL, MOTE_LOW_END, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(t->low != MAP_FAILED);
    t->boot = (struct mote_boot *)(void *)(t->low + MOTE_BOOT);
    t->clock = (struct mote_clock *)(void *)(t->low + MOTE_CLOCK);
    t->shared = (struct mote_shared *)(void *)(t->low + MOTE_SHARED);
}

static inline void rig_close(struct rig_tender *r) {
    munmap(r->t.low, MOTE_LOW_END);
}

#endif
