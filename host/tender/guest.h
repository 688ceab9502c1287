/*
 * guest.h - addresses that come from a mote, and the only way to follow one.
 *
 * A guest address has a type of its own, so that it cannot be dereferenced or
 * added to by accident. It may name only memory that the mote itself may write
 * in low memory and that lies in the tender's memfd: MOTE_SHARED is excluded (no
 * device may rewrite a call), text, read-only data, boot information and the
 * image are not writable, the arena is not low.
 */
#ifndef MOTE_TENDER_GUEST_H
#define MOTE_TENDER_GUEST_H

#include "tender.h"

typedef struct {
    uint64_t address;
} guest_t;

static inline guest_t guest(uint64_t address) {
    return (guest_t){address};
}

/* Where [g, g + bytes) lies in t->low, or NULL. bytes 0 is valid anywhere in range. */
void *guest_at(const struct tender *t, guest_t g, uint64_t bytes);

#endif
