/*
 * memory.c - the arena comes in granules (abi.h); a bit for each that is
 * accessible already.
 */
#include "tender.h"

/* 2 TiB of arena; what is beyond is not used. The pages of the map that are
 * never asked for cost nothing. */
#define GRANULES (UINT64_C(1) << 20)

static uint8_t accessible[GRANULES / 8];
static bool whole;

static uint64_t granule_of(uintptr_t at) {
    return (at - MOTE_ARENA) / MOTE_GRANULE;
}

static bool is_accessible(uint64_t granule) {
    return whole || (accessible[granule / 8] >> (granule & 7) & 1) != 0;
}

static void mark(uint64_t from, uint64_t to) {
    for (; from < to; from++)
        accessible[from / 8] |= (uint8_t)(1u << (from & 7));
}

void tender_memory_open(void) {
    uint64_t limit = MOTE_ARENA + GRANULES * MOTE_GRANULE;
    if (kernel.arena_end > limit)
        kernel.arena_end = limit;
    whole = (tender_boot()->flags & MOTE_BOOT_WHOLE_ARENA) != 0;
    if (whole || kernel.arena_end <= MOTE_IMAGE_BASE)
        return;
    for (uintptr_t at = MOTE_ARENA; at < MOTE_IMAGE_BASE; at += MOTE_STRIPE)
        mark(granule_of(at), granule_of(at) + 1);
    if (kernel.image_bytes > MOTE_PAGE) {
        uintptr_t last = MOTE_IMAGE_BASE + (kernel.image_bytes - MOTE_PAGE) - 1;
        uint64_t end = granule_of(last) + 2, all = granule_of(kernel.arena_end);
        mark(granule_of(MOTE_IMAGE_BASE), end < all ? end : all);
    }
}

/* The end of the run of granules from `g` that are all accessible, or all not. */
static uint64_t run_end(uint64_t g, uint64_t end) {
    bool is = is_accessible(g);
    while (g < end && is_accessible(g) == is)
        g++;
    return g;
}

int tender_make_accessible(uintptr_t at, size_t size) {
    if (whole || size == 0)
        return 0;
    uint64_t end = granule_of(at + size - 1) + 1;
    for (uint64_t g = granule_of(at), to; g < end; g = to) {
        to = run_end(g, end);
        if (is_accessible(g))
            continue;
        int64_t error =
            tender_call(MOTE_CALL_MAP, MOTE_ARENA + g * MOTE_GRANULE, (to - g) * MOTE_GRANULE, 0);
        if (error != 0)
            return error < 0 ? (int)error : PLATFORM_EIO;
        mark(g, to);
    }
    return 0;
}

void tender_discard(uintptr_t at, size_t size) {
    if (size == 0)
        return;
    if (whole) {
        tender_call(MOTE_CALL_DISCARD, at, size, 0);
        return;
    }
    uintptr_t limit = at + size;
    uint64_t end = granule_of(limit - 1) + 1;
    for (uint64_t g = granule_of(at), to; g < end; g = to) {
        to = run_end(g, end);
        if (!is_accessible(g))
            continue;
        uintptr_t from = MOTE_ARENA + g * MOTE_GRANULE, stop = MOTE_ARENA + to * MOTE_GRANULE;
        from = from > at ? from : at;
        stop = stop < limit ? stop : limit;
        tender_call(MOTE_CALL_DISCARD, from, stop - from, 0);
    }
}
