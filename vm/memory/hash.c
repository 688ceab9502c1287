/*
 * hash.c - identity hashes: 22 pseudo-random bits, never 0, given on demand.
 */
#include "gc.h"

/* xorshift32 (Marsaglia): full period over the non-zero states. */
static uint32_t next_state(uint32_t s) {
    s ^= s << 13;
    s ^= s >> 17;
    s ^= s << 5;
    return s;
}

uint32_t heap_identity_hash(struct heap *h, oop object) {
    uint64_t header = header_of(object);
    uint32_t hash = header_hash(header);
    if (hash != 0)
        return hash;
    do {
        h->last_hash = next_state(h->last_hash != 0 ? h->last_hash : 999);
        hash = (h->last_hash ^ h->last_hash >> 22) & (uint32_t)HASH_MASK;
    } while (hash == 0);
    set_header(object, header | (uint64_t)hash << HDR_HASH_SHIFT);
    return hash;
}
