/*
 * freelist.c - allocation in old space: exact-size lists for small chunks, bins
 * for large ones, and one chunk that allocation bumps through.
 */
#include "gc.h"

#define BIN_PROBES 8u        /* chunks looked at in a bin before the next bin */
#define BUMP_MIN_BYTES 4096u /* smaller chunks are not worth bumping through */

/* Two bits below the leading one: four bins to a power of two, from 512 up. */
unsigned free_bin(uint64_t bytes) {
    unsigned log = 63u - (unsigned)__builtin_clzll(bytes);
    unsigned bin = (log - 9) * 4 + (unsigned)(bytes >> (log - 2) & 3);
    return bin < FREE_BINS ? bin : FREE_BINS - 1;
}

static uint64_t chunk_bytes(oop chunk) {
    return object_end(chunk) - object_start(chunk);
}

void free_lists_clear(struct heap *h) {
    memset(h->free, 0, sizeof *h->free);
    h->old_free_bytes = 0;
}

/* Write the header of a free chunk and list it; does not count it. */
static void list_chunk(struct heap *h, uintptr_t start, uint64_t bytes) {
    struct free_lists *f = h->free;
    uint64_t slots = bytes / 8 - 1;
    oop chunk = start;
    if (slots >= HDR_OVERFLOW_SLOTS) {
        slots--;
        *object_words(start) = (uint64_t)HDR_OVERFLOW_SLOTS << HDR_SLOTS_SHIFT | slots;
        chunk = start + 8;
    }
    /* A chunk of 2048 bytes has an overflow word and only 254 slots after it. */
    set_header(chunk, make_header(chunk != start ? HDR_OVERFLOW_SLOTS : slots, FORMAT_64,
                                  CLASS_INDEX_FREE));
    if (bytes < FREE_EXACT_LISTS * 8) {
        unsigned n = (unsigned)(bytes / 8);
        put_slot(chunk, 0, f->exact[n]);
        f->exact[n] = chunk;
        f->exact_mask |= UINT64_C(1) << n;
    } else {
        unsigned bin = free_bin(bytes);
        put_slot(chunk, 0, f->bins[bin]);
        f->bins[bin] = chunk;
        f->bin_mask[bin / 64] |= UINT64_C(1) << (bin % 64);
    }
}

void free_chunk(struct heap *h, uintptr_t start, uint64_t bytes) {
    list_chunk(h, start, bytes);
    h->old_free_bytes += bytes;
}

void free_retire_bump(struct heap *h) {
    struct free_lists *f = h->free;
    if (f->bump_limit > f->bump)
        list_chunk(h, f->bump, f->bump_limit - f->bump);
    f->bump = f->bump_limit = 0;
}

/* A chunk of `bytes` can be cut from one of `have` when nothing or at least a
 * whole object is left. */
static bool cuts(uint64_t have, uint64_t bytes) {
    return have == bytes || have >= bytes + OBJECT_MIN_BYTES;
}

static uintptr_t bump(struct free_lists *f, uint64_t bytes) {
    if (!cuts(f->bump_limit - f->bump, bytes))
        return 0;
    uintptr_t start = f->bump;
    f->bump += bytes;
    return start;
}

static oop pop_exact(struct free_lists *f, unsigned n) {
    oop chunk = f->exact[n];
    f->exact[n] = fetch_slot(chunk, 0);
    if (f->exact[n] == 0)
        f->exact_mask &= ~(UINT64_C(1) << n);
    return chunk;
}

/* Unlink and answer a chunk from which `bytes` can be cut, from the bins; 0. */
static oop take_from_bins(struct free_lists *f, uint64_t bytes) {
    unsigned bin = bytes < 512 ? 0 : free_bin(bytes);
    while (bin < FREE_BINS) {
        uint64_t mask = f->bin_mask[bin / 64] >> (bin % 64);
        if (mask == 0) {
            bin = (bin / 64 + 1) * 64;
            continue;
        }
        bin += (unsigned)__builtin_ctzll(mask);
        oop previous = 0, chunk = f->bins[bin];
        /* The last bin holds all sizes from its own up: look through all of it. */
        for (unsigned i = 0; chunk != 0 && (i < BIN_PROBES || bin == FREE_BINS - 1); i++) {
            oop next = fetch_slot(chunk, 0);
            if (cuts(chunk_bytes(chunk), bytes)) {
                if (previous != 0)
                    put_slot(previous, 0, next);
                else
                    f->bins[bin] = next;
                if (f->bins[bin] == 0)
                    f->bin_mask[bin / 64] &= ~(UINT64_C(1) << (bin % 64));
                return chunk;
            }
            previous = chunk;
            chunk = next;
        }
        bin++;
    }
    return 0;
}

/* Cut `bytes` off a chunk that is in no list; list the rest. */
static uintptr_t cut(struct heap *h, oop chunk, uint64_t bytes) {
    uintptr_t start = object_start(chunk);
    uint64_t have = chunk_bytes(chunk);
    if (have > bytes)
        list_chunk(h, start + bytes, have - bytes);
    return start;
}

static uintptr_t take_small(struct heap *h, uint64_t bytes) {
    struct free_lists *f = h->free;
    unsigned n = (unsigned)(bytes / 8);
    if (f->exact[n] != 0)
        return pop_exact(f, n);
    uintptr_t start = bump(f, bytes);
    if (start != 0)
        return start;
    oop chunk = take_from_bins(f, BUMP_MIN_BYTES);
    if (chunk != 0) {
        free_retire_bump(h);
        f->bump = object_start(chunk);
        f->bump_limit = f->bump + chunk_bytes(chunk);
        return bump(f, bytes);
    }
    uint64_t mask = n + 2 < FREE_EXACT_LISTS ? f->exact_mask >> (n + 2) : 0;
    if (mask != 0)
        chunk = pop_exact(f, n + 2 + (unsigned)__builtin_ctzll(mask));
    else
        chunk = take_from_bins(f, bytes);
    return chunk != 0 ? cut(h, chunk, bytes) : 0;
}

static uintptr_t take(struct heap *h, uint64_t bytes) {
    if (bytes < FREE_EXACT_LISTS * 8)
        return take_small(h, bytes);
    oop chunk = take_from_bins(h->free, bytes);
    return chunk != 0 ? cut(h, chunk, bytes) : bump(h->free, bytes);
}

uintptr_t old_allocate(struct heap *h, uint64_t bytes, enum old_purpose purpose) {
    uintptr_t start = take(h, bytes);
    if (start == 0) {
        if (!segment_add(h, bytes, purpose))
            return 0;
        start = take(h, bytes);
        if (start == 0)
            return 0;
    }
    h->old_used_bytes += bytes;
    h->old_free_bytes -= bytes;
    return start;
}

bool old_ensure(struct heap *h, uint64_t bytes, enum old_purpose purpose) {
    struct free_lists *f = h->free;
    bytes += OBJECT_MIN_BYTES; /* so that the last cut leaves a whole object or nothing */
    if (f->bump_limit - f->bump >= bytes)
        return true;
    oop chunk = take_from_bins(f, bytes);
    if (chunk == 0) {
        if (!segment_add(h, bytes, purpose))
            return false;
        chunk = take_from_bins(f, bytes);
        if (chunk == 0)
            return false;
    }
    free_retire_bump(h);
    f->bump = object_start(chunk);
    f->bump_limit = f->bump + chunk_bytes(chunk);
    return true;
}
