/* Virtio over MMIO (virtio 1.2, 4.2), version 2; legacy devices are left alone:
 * QEMU's need -global virtio-mmio.force-legacy=false. */
#include "transports.h"

enum { /* 4.2.2 */
       MAGIC = 0x00,
       VERSION = 0x04,
       DEVICE_ID = 0x08,
       DEVICE_FEATURES = 0x10,
       DEVICE_FEATURES_SELECT = 0x14,
       DRIVER_FEATURES = 0x20,
       DRIVER_FEATURES_SELECT = 0x24,
       QUEUE_SELECT = 0x30,
       QUEUE_SIZE_MAX = 0x34,
       QUEUE_SIZE = 0x38,
       QUEUE_READY = 0x44,
       QUEUE_NOTIFY = 0x50,
       INTERRUPT_STATUS = 0x60,
       INTERRUPT_ACKNOWLEDGE = 0x64,
       STATUS = 0x70,
       QUEUE_DESC = 0x80,
       QUEUE_AVAIL = 0x90,
       QUEUE_USED = 0xa0,
       CONFIG = 0x100,
};
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8 };
#define MAGIC_VALUE 0x74726976u /* "virt" */

static uint32_t get(const struct virtio_device *d, unsigned reg) {
    return *(const volatile uint32_t *)(d->base + reg);
}

static void set(const struct virtio_device *d, unsigned reg, uint32_t value) {
    *(volatile uint32_t *)(d->base + reg) = value;
}

static void set64(const struct virtio_device *d, unsigned reg, uint64_t value) {
    set(d, reg, (uint32_t)value);
    set(d, reg + 4, (uint32_t)(value >> 32));
}

static uint64_t negotiate(struct virtio_device *d, uint64_t wanted) {
    set(d, STATUS, 0);
    set(d, STATUS, ACKNOWLEDGE);
    set(d, STATUS, ACKNOWLEDGE | DRIVER);
    set(d, DEVICE_FEATURES_SELECT, 1);
    uint64_t offered = (uint64_t)get(d, DEVICE_FEATURES) << 32;
    set(d, DEVICE_FEATURES_SELECT, 0);
    offered |= get(d, DEVICE_FEATURES);
    uint64_t accepted = offered & wanted;
    if ((accepted & VIRTIO_F_VERSION_1) == 0)
        return 0;
    set(d, DRIVER_FEATURES_SELECT, 1);
    set(d, DRIVER_FEATURES, (uint32_t)(accepted >> 32));
    set(d, DRIVER_FEATURES_SELECT, 0);
    set(d, DRIVER_FEATURES, (uint32_t)accepted);
    set(d, STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    return (get(d, STATUS) & FEATURES_OK) != 0 ? accepted : 0;
}

static int queue(struct virtio_device *d, unsigned number, struct virtqueue *q) {
    set(d, QUEUE_SELECT, number);
    int error = virtio_rings(d, number, get(d, QUEUE_SIZE_MAX), q);
    if (error != 0 || q->size == 0)
        return error;
    if (get(d, QUEUE_READY) != 0)
        return PLATFORM_EIO;
    set(d, QUEUE_SIZE, q->size);
    set64(d, QUEUE_DESC, phys(q->desc));
    set64(d, QUEUE_AVAIL, phys(q->avail));
    set64(d, QUEUE_USED, phys(q->used));
    set(d, QUEUE_READY, 1);
    return 0;
}

static void ready(struct virtio_device *d) {
    set(d, STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

static void notify(struct virtio_device *d, unsigned number) {
    set(d, QUEUE_NOTIFY, number);
}

static uint8_t config8(struct virtio_device *d, unsigned offset) {
    return CONFIG + (uint64_t)offset < d->extra[0]
               ? *(const volatile uint8_t *)(d->base + CONFIG + offset)
               : 0;
}

static uint32_t config32(struct virtio_device *d, unsigned offset) {
    return CONFIG + (uint64_t)offset + 4 <= d->extra[0] ? get(d, CONFIG + offset) : 0;
}

static const struct virtio_transport transport = {.negotiate = negotiate,
                                                  .queue = queue,
                                                  .ready = ready,
                                                  .notify = notify,
                                                  .config8 = config8,
                                                  .config32 = config32};

bool virtio_mmio_probe(struct virtio_device *d, void *registers, uint64_t bytes) {
    if (bytes < CONFIG || (uintptr_t)registers % 4 != 0)
        return false;
    *d = (struct virtio_device){
        .transport = &transport, .base = (uintptr_t)registers, .extra = {bytes}};
    if (get(d, MAGIC) != MAGIC_VALUE || get(d, VERSION) != 2)
        return false;
    d->type = get(d, DEVICE_ID);
    return d->type != 0;
}

void virtio_mmio_acknowledge(struct virtio_device *d) {
    uint32_t status = get(d, INTERRUPT_STATUS);
    if (status != 0)
        set(d, INTERRUPT_ACKNOWLEDGE, status);
}
