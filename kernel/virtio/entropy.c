/* entropy.c - the virtio entropy device (virtio 1.2, section 5.4): queue 0
 * gives back each buffer with random bytes in it. */
#include "virtio.h"

#include <string.h>

static struct virtqueue queue;
static uint8_t bytes[64];

int virtio_entropy_attach(struct virtio_device *d) {
    if (kernel.entropy != NULL)
        return PLATFORM_EIO;
    d->features = d->transport->negotiate(d, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX);
    if (d->features == 0 || d->transport->queue(d, 0, &queue) != 0 || queue.size == 0)
        return PLATFORM_EIO;
    d->transport->ready(d);
    kernel.entropy = d;
    return 0;
}

static bool has_come_back(void *arg) {
    (void)arg;
    return virtqueue_wait_for(&queue, true);
}

size_t virtio_entropy_read(struct virtio_device *d, void *data, size_t size) {
    uint32_t wanted = (uint32_t)(size < sizeof bytes ? size : sizeof bytes), length = 0;
    if (d != queue.device || wanted == 0 || !virtqueue_add(&queue, bytes, wanted, true, bytes))
        return 0;
    virtqueue_kick(&queue);
    kernel_await(has_come_back, NULL);
    virtqueue_wait_for(&queue, false);
    virtqueue_take(&queue, &length);
    memcpy(data, bytes, length);
    memset(bytes, 0, sizeof bytes);
    return length;
}
