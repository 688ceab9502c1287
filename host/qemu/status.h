/*
 * status.h - what comes through the status port: dumps of crashes (mote/dump.h),
 * and at last the exit status. Nothing in it is trusted.
 */
#ifndef MOTE_QEMU_STATUS_H
#define MOTE_QEMU_STATUS_H

#include "mote/dump.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct status {
    bool has_value; /* the last byte was no part of a dump */
    uint8_t value;
    size_t used; /* of the dump that is coming */
    union {
        struct mote_dump head;
        uint8_t bytes[sizeof(struct mote_dump) + MOTE_DUMP_MOST];
    } dump;
};

/* Take a byte; true: it was the last one of a dump, which is in s->dump until the
 * next byte. */
bool status_take(struct status *s, uint8_t byte);
/* A dump has begun and is not complete. */
bool status_in_dump(const struct status *s);

#endif
