/*
 * sweep.c - after marking: what lies between marked objects of old space becomes
 * free chunks. Runs along the mark bitmap and touches live headers only.
 */
#include "gc.h"

void sweep_segment(struct heap *h, unsigned i, struct segment_census *census) {
    struct segment s = h->segments[i];
    uintptr_t at = s.base;
    uint64_t live = 0;
    bool pinned = false;
    while (at < s.limit) {
        oop o = bitmap_next(&h->marks, at, s.limit);
        uintptr_t start = o < s.limit ? object_start(o) : s.limit;
        if (start > at) {
            free_chunk(h, at, start - at);
            if (h->stress != 0 && start - at > 32) /* make stale pointers show */
                memset((void *)(at + 24), 0xf3, (size_t)min_u64(start - at - 24, 4096));
        }
        if (start == s.limit)
            break;
        at = object_end(o);
        live += at - start;
        pinned |= is_pinned(o);
    }
    h->old_used_bytes += live;
    if (census != NULL)
        *census = (struct segment_census){live, pinned};
}

void sweep(struct heap *h, struct segment_census *census) {
    free_lists_clear(h);
    h->old_used_bytes = 0;
    for (unsigned i = 0; i < h->segment_count; i++)
        sweep_segment(h, i, census != NULL ? &census[i] : NULL);
}
