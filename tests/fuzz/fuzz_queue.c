/*
 * fuzz_queue.c - the device's side of a virtqueue, with any bytes in the rings,
 * which change between two looks: every buffer that is taken lies in memory that
 * the mote may write, in the right direction, and the first lie is the end.
 */
#include "../../host/tender/crash.h"
#include "../../host/tender/devices.h"

#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define DATA (MOTE_ELF_BASE + 0x10000)
#define DATA_BYTES 0x8000
enum { SIZE = 8, ROUNDS = 64 };

/* Thousands of reports a second would say nothing. */
void crash_report(struct tender *t, const struct crash *c) {
    (void)t;
    (void)c;
}

static void require(bool condition) {
    if (!condition)
        abort();
}

static bool inside(const struct tender *t, const struct iovec *v, uint64_t at, uint64_t bytes) {
    const uint8_t *from = v->iov_base, *start = t->low + at;
    return from >= start && v->iov_len <= bytes && from + v->iov_len <= start + bytes;
}

static void use(struct queue *q, const struct chain *c) {
    uint64_t bytes = 0;
    require(c->count <= QUEUE_MAX && c->head < SIZE);
    for (unsigned i = 0; i < c->count; i++) {
        require(inside(q->tender, &c->iov[i], DATA, DATA_BYTES) ||
                inside(q->tender, &c->iov[i], MOTE_RINGS, MOTE_RINGS_BYTES) ||
                inside(q->tender, &c->iov[i], MOTE_STACK_TOP - MOTE_STACK_BYTES, MOTE_STACK_BYTES));
        if (q->fills)
            memset(c->iov[i].iov_base, 0x5a, c->iov[i].iov_len);
        bytes += c->iov[i].iov_len;
    }
    require(bytes == c->bytes);
    queue_return(q, c->head, q->fills ? (uint32_t)bytes : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t *low;
    if (low == NULL)
        low = mmap(NULL, MOTE_LOW_END, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    require(low != MAP_FAILED);
    if (size < 2)
        return 0;
    const struct tender_config config = {.program = "fuzz.elf", .name = "fuzz", .image = -1};
    const struct tender_door door = {.name = "fuzz"};
    struct mote_device device = {0};
    struct queue q;
    struct chain chain;
    struct tender t = {.config = &config,
                       .door = &door,
                       .low = low,
                       .boot = (struct mote_boot *)(void *)(low + MOTE_BOOT),
                       .shared = (struct mote_shared *)(void *)(low + MOTE_SHARED)};
    t.program.segments = 2;
    t.program.segment[0] =
        (struct elf_segment){.address = MOTE_ELF_BASE, .bytes = 0x10000, .executable = true};
    t.program.segment[1] =
        (struct elf_segment){.address = DATA, .bytes = DATA_BYTES, .writable = true};
    queue_place(&q, &t, "fuzzed queue", data[0] & 1, SIZE, MOTE_RINGS, &device, 0);
    uint32_t room = queue_bytes(SIZE);
    memset(low + MOTE_RINGS, 0, room);
    data++, size--;
    for (unsigned round = 0; round < ROUNDS && size > 0 && !t.ended; round++) {
        size_t n = size < room ? size : room;
        memcpy(low + MOTE_RINGS, data, n);
        data += n, size -= n;
        for (unsigned i = 0; i < 2 * SIZE && queue_take(&q, &chain); i++)
            use(&q, &chain);
        queue_rest(&q);
    }
    require(!q.broken || t.ended);
    return 0;
}
