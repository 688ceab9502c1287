/*
 * devices.c - the transport of a tender's virtio devices: rings in place, no
 * registers, no negotiation (struct mote_device in abi.h).
 */
#include "tender.h"
#include "virtio/virtio.h"

static struct virtio_device devices[MOTE_DEVICES];

static const struct mote_device *description(const struct virtio_device *d) {
    return (const struct mote_device *)d->base;
}

/* All that is offered, or nothing. */
static uint64_t negotiate(struct virtio_device *d, uint64_t wanted) {
    uint64_t offered = description(d)->features;
    bool usable = (offered & ~wanted) == 0 && (offered & VIRTIO_F_VERSION_1) != 0;
    return usable ? offered : 0;
}

/* Virtio 1.2, 2.7: alignment of the parts. */
static void *part(uint32_t at, uint64_t bytes, uint32_t align) {
    bool inside = at >= MOTE_RINGS && at - MOTE_RINGS <= MOTE_RINGS_BYTES &&
                  bytes <= MOTE_RINGS_BYTES - (at - MOTE_RINGS) && at % align == 0;
    return inside ? (void *)(uintptr_t)at : NULL;
}

static int queue(struct virtio_device *d, unsigned number, struct virtqueue *q) {
    const struct mote_device *m = description(d);
    q->size = 0;
    if (number >= m->queues || number >= MOTE_DEVICE_QUEUES || m->queue[number].size == 0)
        return 0;
    uint32_t size = m->queue[number].size;
    if (size > VIRTQUEUE_MAX || (size & (size - 1)) != 0)
        return PLATFORM_EIO;
    void *desc = part(m->queue[number].desc, sizeof(struct virtq_desc) * size, 16);
    void *avail = part(m->queue[number].avail, sizeof(struct virtq_avail) + 2 * size + 2, 2);
    void *used = part(m->queue[number].used,
                      sizeof(struct virtq_used) + sizeof(struct virtq_used_element) * size + 2, 4);
    if (desc == NULL || avail == NULL || used == NULL)
        return PLATFORM_EIO;
    virtqueue_init(q, d, number, size, desc, avail, used, (d->features & VIRTIO_F_EVENT_IDX) != 0);
    return 0;
}

static void ready(struct virtio_device *d) {
    (void)d;
}

/* One doorbell for all devices. */
static void notify(struct virtio_device *d, unsigned number) {
    (void)d;
    (void)number;
    tender_call(MOTE_CALL_DOORBELL, 0, 0, 0);
}

static uint8_t config8(struct virtio_device *d, unsigned offset) {
    (void)d;
    (void)offset;
    return 0;
}

static uint32_t config32(struct virtio_device *d, unsigned offset) {
    (void)d;
    (void)offset;
    return 0;
}

static const struct virtio_transport transport = {.negotiate = negotiate,
                                                  .queue = queue,
                                                  .ready = ready,
                                                  .notify = notify,
                                                  .config8 = config8,
                                                  .config32 = config32};

/* A device that cannot be used is left alone. */
void tender_devices_open(void) {
    const struct mote_boot *boot = tender_boot();
    for (unsigned i = 0; i < boot->devices && i < MOTE_DEVICES; i++) {
        struct virtio_device *d = &devices[i];
        *d = (struct virtio_device){.transport = &transport,
                                    .type = boot->device[i].type,
                                    .base = (uintptr_t)&boot->device[i]};
        if (d->type == VIRTIO_TYPE_CONSOLE)
            virtio_console_attach(d);
        else if (d->type == VIRTIO_TYPE_ENTROPY)
            virtio_entropy_attach(d);
    }
}
