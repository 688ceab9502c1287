/*
 * segment.c - old space grows and shrinks by segments: runs of committed memory
 * inside the old window, in address order. A gap that a released segment left
 * is used again before the window is extended.
 */
#include "gc.h"

/* Committed new and old space, as counted against max_bytes. */
static uint64_t committed_bytes(const struct heap *h) {
    return 2 * h->survivor_bytes + (h->eden_limit - h->eden_base) + h->old_used_bytes +
           h->old_free_bytes;
}

static uint64_t segment_size_for(const struct heap *h, uint64_t bytes) {
    uint64_t total = h->old_used_bytes + h->old_free_bytes;
    uint64_t usual = min_u64(max_u64(SEGMENT_MIN_BYTES, total / 8), SEGMENT_MAX_BYTES);
    if (h->stress != 0)
        usual = SEGMENT_GRAIN; /* many segments: compaction has something to do */
    return round_up(max_u64(usual, bytes), SEGMENT_GRAIN);
}

/* Where a segment of `size` fits: *index is its place in the array. 0: nowhere. */
static uintptr_t find_gap(const struct heap *h, uint64_t size, unsigned *index) {
    uintptr_t at = h->old_base;
    unsigned i = 0;
    for (; i < h->segment_count; i++) {
        if (h->segments[i].base - at >= size)
            break;
        at = h->segments[i].limit;
    }
    *index = i;
    return h->old_end_of_window - at >= size ? at : 0;
}

bool segment_add(struct heap *h, uint64_t bytes, enum old_purpose purpose) {
    struct gc_work *w = h->work;
    bytes += OBJECT_MIN_BYTES; /* the rest after the cut is nothing or a whole chunk */
    uint64_t size = segment_size_for(h, bytes);
    if (purpose == OLD_FOR_PROGRAM) {
        uint64_t committed = committed_bytes(h);
        uint64_t left = committed < h->max_bytes ? h->max_bytes - committed : 0;
        if (size > left)
            size = round_up(bytes, SEGMENT_GRAIN);
        if (size > left) {
            w->full_wanted = true;
            h->collect_wanted = true;
            return false;
        }
    }
    unsigned index;
    uintptr_t base = find_gap(h, size, &index);
    if (base == 0)
        return false;
    void *segments = h->segments;
    if (!table_grow(h->platform, &segments, &w->segment_capacity, h->segment_count + 1,
                    sizeof *h->segments))
        return false;
    h->segments = segments;
    if (!bitmaps_cover(h, base + size) ||
        platform_commit(h->platform, (void *)base, (size_t)size) != 0)
        return false;
    memmove(&h->segments[index + 1], &h->segments[index],
            (h->segment_count - index) * sizeof *h->segments);
    h->segments[index] = (struct segment){base, base + size};
    h->segment_count++;
    h->old_limit = h->segments[h->segment_count - 1].limit;
    h->stats.grown_bytes += size;
    free_chunk(h, base, size);
    return true;
}

void segment_remove(struct heap *h, unsigned i) {
    struct segment s = h->segments[i];
    platform_release(h->platform, (void *)s.base, s.limit - s.base);
    h->stats.shrunk_bytes += s.limit - s.base;
    h->segment_count--;
    memmove(&h->segments[i], &h->segments[i + 1], (h->segment_count - i) * sizeof *h->segments);
    h->old_limit = h->segment_count > 0 ? h->segments[h->segment_count - 1].limit : h->old_base;
}

unsigned segment_of(const struct heap *h, uintptr_t o) {
    unsigned low = 0, high = h->segment_count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (o >= h->segments[middle].limit)
            low = middle + 1;
        else
            high = middle;
    }
    return low < h->segment_count && o >= h->segments[low].base ? low : h->segment_count;
}

bool heap_grow(struct heap *h, uint64_t bytes) {
    if (bytes > (UINT64_C(1) << 46))
        return false;
    return segment_add(h, bytes, OLD_FOR_PROGRAM);
}

/* What old space may still take for the program. Free chunks count; what
 * collections took beyond the limit does not. */
uint64_t old_bytes_left(const struct heap *h) {
    uint64_t taken = committed_bytes(h) - h->old_free_bytes;
    return taken < h->max_bytes ? h->max_bytes - taken : 0;
}

uint64_t heap_bytes_left(const struct heap *h) {
    uint64_t taken = committed_bytes(h) - h->old_free_bytes - (h->eden_limit - h->eden_free);
    return taken < h->max_bytes ? h->max_bytes - taken : 0;
}
