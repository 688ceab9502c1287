/*
 * spans.h - a set of addresses as spans in ascending order, none touching
 * another. The caller owns the array; it never grows.
 */
#ifndef MOTE_KERNEL_SPANS_H
#define MOTE_KERNEL_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
    uintptr_t from, to; /* [from, to), not empty */
};

struct spans {
    struct span *span;
    unsigned count, capacity;
};

/* How many bytes of [from, to) are in the set. */
size_t spans_count(const struct spans *s, uintptr_t from, uintptr_t to);

/* False, and the set as it was, when that needs more spans than there is room for. */
bool spans_add(struct spans *s, uintptr_t from, uintptr_t to);
bool spans_remove(struct spans *s, uintptr_t from, uintptr_t to);

/* The lowest multiple of `align` (a power of two) in [low, high) where `size`
 * bytes are in the set; 0: nowhere. */
uintptr_t spans_find(const struct spans *s, size_t size, size_t align, uintptr_t low,
                     uintptr_t high);

#endif
