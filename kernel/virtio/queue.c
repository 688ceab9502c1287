/*
 * queue.c - the split virtqueue (virtio 1.2, section 2.7) with event index
 * (2.7.7.1, 2.7.10), the driver's side. One buffer a chain.
 *
 * What the device can write is read once; the free list and lengths are kept
 * here, so that nothing but an index or length that cannot be gets through.
 */
#include "virtio.h"

enum { NO_INTERRUPT = 1, NO_NOTIFY = 1, NOWHERE = 0xffff };

uint64_t phys(const volatile void *p) {
    uintptr_t at = (uintptr_t)p;
    if (at >= MOTE_LOW_END)
        kernel_panic("virtio: a buffer at 0x%llx, which no device may use", (unsigned long long)at);
    return at;
}

static _Noreturn void distrust(const struct virtqueue *q, const char *what, uint32_t value) {
    kernel_panic("virtio device type %u, queue %u: %s %u is impossible; the device is broken",
                 q->device->type, q->number, what, value);
}

/* 2.7.7, 2.7.8: the driver's and the device's event fields follow the rings. */
static volatile uint16_t *used_event(struct virtqueue *q) {
    return &q->avail->ring[q->size];
}

static volatile uint16_t *avail_event(struct virtqueue *q) {
    return (volatile uint16_t *)&q->used->ring[q->size];
}

void virtqueue_init(struct virtqueue *q, struct virtio_device *d, unsigned number, unsigned size,
                    void *desc, void *avail, void *used, bool event_index) {
    *q = (struct virtqueue){.device = d,
                            .number = (uint16_t)number,
                            .size = (uint16_t)size,
                            .desc = desc,
                            .avail = avail,
                            .used = used,
                            .free_count = (uint16_t)size,
                            .event_index = event_index};
    for (unsigned i = 0; i < size; i++)
        q->next[i] = (uint16_t)(i + 1 < size ? i + 1 : NOWHERE);
    virtqueue_wait_for(q, false);
}

bool virtqueue_add(struct virtqueue *q, void *buffer, uint32_t size, bool write, void *cookie) {
    if (q->free_count == 0)
        return false;
    uint16_t head = q->free_head;
    q->free_head = q->next[head];
    q->free_count--;
    q->cookie[head] = cookie;
    q->writable[head] = write ? size : 0;
    volatile struct virtq_desc *d = &q->desc[head];
    d->address = phys(buffer);
    d->length = size;
    d->flags = write ? VIRTQ_DESC_WRITE : 0;
    d->next = 0;
    q->avail->ring[q->next_avail++ % q->size] = head;
    return true;
}

/* 2.7.10: notify when the index passed the one that the device asked for. */
static bool wants_notification(struct virtqueue *q) {
    if (!q->event_index)
        return (q->used->flags & NO_NOTIFY) == 0;
    uint16_t passed = (uint16_t)(q->next_avail - q->kicked);
    return (uint16_t)(q->next_avail - *avail_event(q) - 1) < passed;
}

void virtqueue_kick(struct virtqueue *q) {
    if (q->kicked == q->next_avail)
        return;
    __atomic_thread_fence(__ATOMIC_RELEASE); /* 2.7.13.2: descriptors before the index */
    q->avail->index = q->next_avail;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* 2.7.13.4.1: the index before the look */
    if (wants_notification(q))
        q->device->transport->notify(q->device, q->number);
    q->kicked = q->next_avail;
}

void *virtqueue_take(struct virtqueue *q, uint32_t *length) {
    uint16_t index = q->used->index;
    uint16_t waiting = (uint16_t)(index - q->last_used);
    if (waiting == 0)
        return NULL;
    if (waiting > q->size - q->free_count)
        distrust(q, "used index", index);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    volatile struct virtq_used_element *e = &q->used->ring[q->last_used % q->size];
    uint32_t id = e->id, written = e->length;
    if (id >= q->size || q->cookie[id] == NULL)
        distrust(q, "buffer", id);
    if (q->writable[id] != 0 && written > q->writable[id])
        distrust(q, "length", written);
    void *cookie = q->cookie[id];
    q->cookie[id] = NULL;
    q->next[id] = q->free_head;
    q->free_head = (uint16_t)id;
    q->free_count++;
    q->last_used++;
    if (q->event_index) /* stays silent, or goes on asking for the next */
        *used_event(q) = (uint16_t)(*used_event(q) + 1);
    *length = q->writable[id] != 0 ? written : 0;
    return cookie;
}

bool virtqueue_wait_for(struct virtqueue *q, bool wanted) {
    if (q->event_index) /* an index that has been passed is not reached again */
        *used_event(q) = (uint16_t)(wanted ? q->last_used : q->last_used - 1);
    else
        q->avail->flags = wanted ? 0 : NO_INTERRUPT;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* asked before looking */
    return q->used->index != q->last_used;
}
