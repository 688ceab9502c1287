/* Virtqueues that break the rules of virtio 1.2, 2.7. A rule broken ends the mote
 * with status 70 and a line that names the device. buffers.c has what is right in
 * form and lies in the wrong places. */
#include "guest.h"

enum { NEXT = VIRTQ_DESC_NEXT, WRITE = VIRTQ_DESC_WRITE, INDIRECT = VIRTQ_DESC_INDIRECT };

static uint8_t data[64];
#define DATA ADDRESS(data)

/* Every ring must be on its guard in the same way. */
#define ON_RING(name, which, status, words)      \
    static void name##_on(struct ring r);        \
    CASE(name##_##which, BOTH, status, words) {  \
        name##_on(ring_of(which));               \
        await_end();                             \
        check(false, "the tender did not mind"); \
    }
#define EVERYWHERE(name, words)                          \
    ON_RING(name, INPUT, 70, "standard input: " words)   \
    ON_RING(name, OUTPUT, 70, "standard output: " words) \
    ON_RING(name, ERRORS, 70, "standard error: " words)  \
    ON_RING(name, ENTROPY, 70, "entropy: " words)        \
    static void name##_on(struct ring r)

/* Is this a ring into which the device writes? */
static unsigned device_writes(struct ring r) {
    return r.desc == ring_of(INPUT).desc || r.desc == ring_of(ENTROPY).desc ? WRITE : 0;
}
/* One good descriptor, which the cases then spoil. */
static void good(struct ring r, unsigned i, unsigned more, unsigned next) {
    describe(r, i, DATA, sizeof data, device_writes(r) | more, next);
}

EVERYWHERE(ring_index_too_far_ahead, "available index") {
    good(r, 0, 0, 0);
    r.avail->index = (uint16_t)(r.avail->index + r.size + 1);
    doorbell();
}
EVERYWHERE(ring_index_goes_back, "available index") {
    good(r, 0, 0, 0);
    r.avail->index = (uint16_t)(r.avail->index - 1);
    doorbell();
}
EVERYWHERE(ring_head_out_of_range, "descriptor .* not exist") {
    offer(r, r.size);
}
EVERYWHERE(ring_head_huge, "descriptor .* not exist") {
    offer(r, 0xffff);
}
EVERYWHERE(ring_next_out_of_range, "descriptor .* not exist") {
    good(r, 0, NEXT, r.size);
    offer(r, 0);
}
EVERYWHERE(ring_chain_to_itself, ".* form a ring") {
    good(r, 0, NEXT, 0);
    offer(r, 0);
}
EVERYWHERE(ring_chain_in_a_circle, ".* form a ring") {
    for (unsigned i = 0; i < r.size; i++)
        good(r, i, NEXT, (i + 1) % r.size);
    offer(r, 0);
}
EVERYWHERE(ring_indirect_descriptor, ".* flags") {
    describe(r, 0, DATA, 16, INDIRECT, 0);
    offer(r, 0);
}
EVERYWHERE(ring_wrong_direction, ".* wrong direction") {
    describe(r, 0, DATA, sizeof data, device_writes(r) ^ WRITE, 0);
    offer(r, 0);
}
EVERYWHERE(ring_both_directions, ".* wrong direction") {
    good(r, 0, NEXT, 1);
    describe(r, 1, DATA, sizeof data, device_writes(r) ^ WRITE, 0);
    offer(r, 0);
}
EVERYWHERE(ring_unknown_flags, ".* flags") {
    good(r, 0, 0xfff8, 0);
    offer(r, 0);
}

/* What is unusual but allowed: the device goes on. */
CASE(ring_longest_chain, BOTH, 0, "") {
    struct ring r = ring_of(ENTROPY);
    for (unsigned i = 0; i < r.size; i++)
        good(r, i, i + 1 < r.size ? NEXT : 0, i + 1);
    offer(r, 0);
    check(served(r, 0, 1), "a chain of all descriptors is served");
}
CASE(ring_full, BOTH, 0, "") {
    struct ring r = ring_of(ENTROPY);
    for (unsigned i = 0; i < r.size; i++) {
        good(r, i, 0, 0);
        r.avail->ring[i] = (uint16_t)i;
    }
    r.avail->index = r.size;
    doorbell();
    check(served(r, 0, r.size), "a full ring is served");
}
CASE(ring_same_descriptor_everywhere, BOTH, 0, "") {
    struct ring r = ring_of(ENTROPY);
    good(r, 0, 0, 0);
    for (unsigned i = 0; i < r.size; i++)
        r.avail->ring[i] = 0;
    r.avail->index = r.size;
    doorbell();
    check(served(r, 0, r.size), "one descriptor offered many times is served");
}
CASE(ring_index_wraps, BOTH, 0, "") {
    struct ring r = ring_of(ENTROPY);
    good(r, 0, 0, 0);
    for (unsigned i = 0; i < r.size; i++)
        r.avail->ring[i] = 0;
    for (unsigned done = 0; done < 0x10010;) {
        uint16_t before = r.used->index;
        unsigned some = r.size;
        r.avail->index = (uint16_t)(r.avail->index + some);
        r.avail->ring[r.size] = (uint16_t)(before + some - 1); /* used_event */
        doorbell();
        check(served(r, before, some), "all are served when the index wraps");
        done += some;
    }
}
/* 2.7.4: the used ring is the device's; it keeps its place in mind itself. */
CASE(ring_used_index_overwritten, BOTH, 0 | 70, "") {
    struct ring r = ring_of(ENTROPY);
    good(r, 0, 0, 0);
    r.used->index = 0x7fff;
    offer(r, 0);
    nap(100000000);
}
CASE(ring_used_event_nonsense, BOTH, 0, "") {
    struct ring r = ring_of(ENTROPY);
    good(r, 0, 0, 0);
    r.avail->flags = 0xffff;
    r.avail->ring[r.size] = 0x8000;
    offer(r, 0);
    check(served(r, 0, 1), "the chain is served whether or not it is announced");
}
CASE(ring_nothing_but_ones, BOTH, 70, "available index") {
    for (uint64_t at = MOTE_RINGS; at < MOTE_RINGS + MOTE_RINGS_BYTES; at++)
        *(volatile uint8_t *)at = 0xff;
    doorbell();
    await_end();
}
CASE(ring_noise, BOTH, 0 | 70, "") {
    uint64_t x = now() | 1;
    for (unsigned round = 0; round < 2000; round++) {
        for (uint64_t at = MOTE_RINGS; at < MOTE_RINGS + MOTE_RINGS_BYTES; at += 8) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            *(volatile uint64_t *)at = x & (x << 11); /* few bits, so that some get far */
        }
        doorbell();
    }
}
