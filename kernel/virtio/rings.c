/* Memory of the queues of devices that leave its place to the driver. */
#include "transports.h"

enum { QUEUES = 32, NO_RING = 0 };

/* 2.7.5, 2.7.6, 2.7.8: the three parts, each aligned as it needs. */
struct rings {
    _Alignas(64) struct virtq_desc desc[VIRTQUEUE_MAX];
    _Alignas(64) uint16_t avail[2 + VIRTQUEUE_MAX + 1];
    _Alignas(64) uint32_t used[1 + 2 * VIRTQUEUE_MAX + 1];
};

static struct {
    const struct virtio_device *device;
    unsigned number;
    struct rings rings;
} all[QUEUES];

int virtio_rings(struct virtio_device *d, unsigned number, unsigned offered, struct virtqueue *q) {
    unsigned size = VIRTQUEUE_MAX;
    q->size = NO_RING;
    if (offered == 0)
        return 0;
    while (size > offered)
        size /= 2;
    for (unsigned i = 0; i < QUEUES; i++) {
        if (all[i].device != NULL && (all[i].device != d || all[i].number != number))
            continue;
        all[i].device = d; /* again: the device has been reset */
        all[i].number = number;
        struct rings *r = &all[i].rings;
        *r = (struct rings){0};
        virtqueue_init(q, d, number, size, r->desc, r->avail, r->used,
                       (d->features & VIRTIO_F_EVENT_IDX) != 0);
        return 0;
    }
    return PLATFORM_EIO;
}
