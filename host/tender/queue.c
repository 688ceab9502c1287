/* The device's side of a split virtqueue. */
#include "queue.h"

#include "guest.h"

#include <linux/virtio_ring.h>
#include <string.h>

static uint32_t align_up(uint32_t n, uint32_t to) {
    return (n + to - 1) & ~(to - 1);
}

/* 2.7: 16 bytes a descriptor; flags, index, ring and event index. */
static uint32_t avail_at(unsigned size) {
    return 16 * size;
}

static uint32_t used_at(unsigned size) {
    return align_up(avail_at(size) + 2 * (3 + size), 4);
}

uint32_t queue_bytes(unsigned size) {
    return align_up(used_at(size) + 6 + 8 * size, QUEUE_ALIGN);
}

void queue_place(struct queue *q, struct tender *t, const char *name, bool fills, unsigned size,
                 uint32_t address, struct mote_device *device, unsigned number) {
    uint8_t *at = t->low + address;
    *q = (struct queue){.tender = t,
                        .name = name,
                        .fills = fills,
                        .size = (uint16_t)size,
                        .desc = at,
                        .avail = (volatile uint16_t *)(void *)(at + avail_at(size)),
                        .used = (volatile uint16_t *)(void *)(at + used_at(size))};
    device->queue[number].size = size;
    device->queue[number].desc = address;
    device->queue[number].avail = address + avail_at(size);
    device->queue[number].used = address + used_at(size);
}

/* The fields of the rings, in 16-bit words: flags, index, ring, event. */
uint16_t queue_index(const struct queue *q) {
    return __atomic_load_n(&q->avail[1], __ATOMIC_ACQUIRE);
}

bool queue_ready(const struct queue *q) {
    return !q->broken && queue_index(q) != q->taken;
}

static bool take_buffer(struct queue *q, struct chain *c, const struct vring_desc *d) {
    void *at = guest_at(q->tender, guest(d->addr), d->len);
    if (at == NULL) {
        tender_broken(q->tender, "%s: a buffer of %u bytes at %#llx, which it may not name",
                      q->name, d->len, (unsigned long long)d->addr);
        return false;
    }
    if (((d->flags & VRING_DESC_F_WRITE) != 0) != q->fills) {
        tender_broken(q->tender, "%s: a buffer for the wrong direction", q->name);
        return false;
    }
    if (d->len > 0)
        c->iov[c->count++] = (struct iovec){.iov_base = at, .iov_len = d->len};
    c->bytes += d->len;
    return true;
}

/* The chain after q->taken; false: the mote broke the contract. */
static bool take_chain(struct queue *q, uint16_t index, struct chain *c) {
    uint16_t mask = (uint16_t)(q->size - 1);
    /* More than are not yet returned cannot be there. */
    if ((uint16_t)(index - q->returned) > q->size) {
        tender_broken(q->tender, "%s: available index %u, while %u have been returned", q->name,
                      index, q->returned);
        return false;
    }
    uint16_t head = q->avail[2 + (q->taken & mask)], next = head;
    c->head = head;
    c->count = 0;
    c->bytes = 0;
    for (unsigned n = 0;; n++) {
        if (next >= q->size || n == q->size) {
            tender_broken(q->tender,
                          n == q->size ? "%s: descriptors that form a ring (at %u)"
                                       : "%s: descriptor %u does not exist",
                          q->name, next);
            return false;
        }
        struct vring_desc d;
        const volatile uint64_t *words = (const volatile uint64_t *)(q->desc + 16 * next);
        uint64_t copy[2] = {words[0], words[1]}; /* read once */
        memcpy(&d, copy, sizeof d);
        if ((d.flags & ~(VRING_DESC_F_NEXT | VRING_DESC_F_WRITE)) != 0) {
            tender_broken(q->tender, "%s: descriptor %u with flags %#x", q->name, next, d.flags);
            return false;
        }
        if (!take_buffer(q, c, &d))
            return false;
        if ((d.flags & VRING_DESC_F_NEXT) == 0)
            break;
        next = d.next;
    }
    if (q->fills && c->bytes == 0) {
        tender_broken(q->tender, "%s: an empty buffer for input", q->name);
        return false;
    }
    q->taken++;
    return true;
}

bool queue_take(struct queue *q, struct chain *c) {
    uint16_t index = queue_index(q);
    if (q->broken || index == q->taken)
        return false;
    q->broken = !take_chain(q, index, c);
    return !q->broken;
}

void queue_untake(struct queue *q) {
    q->taken--;
}

bool queue_return(struct queue *q, uint16_t head, uint32_t bytes) {
    volatile uint32_t *element =
        (volatile uint32_t *)(q->used + 2) + 2 * (q->returned & (q->size - 1));
    element[0] = head;
    element[1] = bytes;
    uint16_t old = q->returned++;
    __atomic_store_n(&q->used[1], q->returned, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint16_t event = q->avail[2 + q->size]; /* used_event, 2.7.10 */
    return (uint16_t)(q->returned - event - 1) < (uint16_t)(q->returned - old);
}

bool queue_rest_at(struct queue *q, uint16_t index) {
    q->used[2 + 4 * q->size] = index; /* avail_event */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return !q->broken && queue_index(q) != index;
}

bool queue_rest(struct queue *q) {
    return queue_rest_at(q, q->taken);
}
