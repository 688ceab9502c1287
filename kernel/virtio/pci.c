/* Virtio over PCI (virtio 1.2, 4.1), the modern interface. Finding the device and
 * its interrupt is the door's affair (platform/pc/pci.c). */
#include "transports.h"

enum { /* 4.1.4.3 */
       DEVICE_FEATURE_SELECT = 0,
       DEVICE_FEATURE = 4,
       DRIVER_FEATURE_SELECT = 8,
       DRIVER_FEATURE = 12,
       CONFIG_MSIX_VECTOR = 16,
       DEVICE_STATUS = 20,
       QUEUE_SELECT = 22,
       QUEUE_SIZE = 24,
       QUEUE_MSIX_VECTOR = 26,
       QUEUE_ENABLE = 28,
       QUEUE_NOTIFY_OFFSET = 30,
       QUEUE_DESC = 32,
       QUEUE_AVAIL = 40,
       QUEUE_USED = 48,
       COMMON_BYTES = 56,
};
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, NO_VECTOR = 0xffff };

static struct virtio_pci *parts(const struct virtio_device *d) {
    return (struct virtio_pci *)d->base;
}

static uint8_t get8(const struct virtio_device *d, unsigned reg) {
    return parts(d)->common.at[reg];
}

static void set8(const struct virtio_device *d, unsigned reg, uint8_t value) {
    parts(d)->common.at[reg] = value;
}

static uint16_t get16(const struct virtio_device *d, unsigned reg) {
    return *(const volatile uint16_t *)(parts(d)->common.at + reg);
}

static void set16(const struct virtio_device *d, unsigned reg, uint16_t value) {
    *(volatile uint16_t *)(parts(d)->common.at + reg) = value;
}

static uint32_t get32(const struct virtio_device *d, unsigned reg) {
    return *(const volatile uint32_t *)(parts(d)->common.at + reg);
}

static void set32(const struct virtio_device *d, unsigned reg, uint32_t value) {
    *(volatile uint32_t *)(parts(d)->common.at + reg) = value;
}

static void set64(const struct virtio_device *d, unsigned reg, uint64_t value) {
    set32(d, reg, (uint32_t)value);
    set32(d, reg + 4, (uint32_t)(value >> 32));
}

static uint64_t negotiate(struct virtio_device *d, uint64_t wanted) {
    set8(d, DEVICE_STATUS, 0);
    for (unsigned tries = 0; get8(d, DEVICE_STATUS) != 0; tries++)
        if (tries == 100000) /* 4.1.4.3.2: it reads 0 once the reset is done */
            return 0;
    set8(d, DEVICE_STATUS, ACKNOWLEDGE);
    set8(d, DEVICE_STATUS, ACKNOWLEDGE | DRIVER);
    set32(d, DEVICE_FEATURE_SELECT, 1);
    uint64_t offered = (uint64_t)get32(d, DEVICE_FEATURE) << 32;
    set32(d, DEVICE_FEATURE_SELECT, 0);
    offered |= get32(d, DEVICE_FEATURE);
    uint64_t accepted = offered & wanted;
    if ((accepted & VIRTIO_F_VERSION_1) == 0)
        return 0;
    set32(d, DRIVER_FEATURE_SELECT, 1);
    set32(d, DRIVER_FEATURE, (uint32_t)(accepted >> 32));
    set32(d, DRIVER_FEATURE_SELECT, 0);
    set32(d, DRIVER_FEATURE, (uint32_t)accepted);
    set8(d, DEVICE_STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    return (get8(d, DEVICE_STATUS) & FEATURES_OK) != 0 ? accepted : 0;
}

static int queue(struct virtio_device *d, unsigned number, struct virtqueue *q) {
    if (number >= VIRTIO_PCI_QUEUES)
        return PLATFORM_EIO;
    set16(d, QUEUE_SELECT, (uint16_t)number);
    int error = virtio_rings(d, number, get16(d, QUEUE_SIZE), q);
    if (error != 0 || q->size == 0)
        return error;
    set16(d, QUEUE_SIZE, q->size);
    if (parts(d)->msix) {
        set16(d, QUEUE_MSIX_VECTOR, 0);
        if (get16(d, QUEUE_MSIX_VECTOR) == NO_VECTOR)
            return PLATFORM_EIO;
    }
    set64(d, QUEUE_DESC, phys(q->desc));
    set64(d, QUEUE_AVAIL, phys(q->avail));
    set64(d, QUEUE_USED, phys(q->used));
    parts(d)->notify_offset[number] = get16(d, QUEUE_NOTIFY_OFFSET);
    set16(d, QUEUE_ENABLE, 1);
    return 0;
}

static void ready(struct virtio_device *d) {
    set8(d, DEVICE_STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

/* 4.1.4.4. */
static void notify(struct virtio_device *d, unsigned number) {
    const struct virtio_pci *p = parts(d);
    uint64_t at = (uint64_t)p->notify_offset[number % VIRTIO_PCI_QUEUES] * p->notify_multiplier;
    if (at + 2 <= p->notify.bytes)
        *(volatile uint16_t *)(p->notify.at + at) = (uint16_t)number;
}

static uint8_t config8(struct virtio_device *d, unsigned offset) {
    const struct virtio_pci_part *c = &parts(d)->config;
    return c->at != NULL && offset < c->bytes ? c->at[offset] : 0;
}

static uint32_t config32(struct virtio_device *d, unsigned offset) {
    const struct virtio_pci_part *c = &parts(d)->config;
    if (c->at == NULL || (uint64_t)offset + 4 > c->bytes)
        return 0;
    return *(const volatile uint32_t *)(c->at + offset);
}

static const struct virtio_transport transport = {.negotiate = negotiate,
                                                  .queue = queue,
                                                  .ready = ready,
                                                  .notify = notify,
                                                  .config8 = config8,
                                                  .config32 = config32};

bool virtio_pci_probe(struct virtio_device *d, struct virtio_pci *p, unsigned type) {
    if (p->common.at == NULL || p->common.bytes < COMMON_BYTES || p->notify.at == NULL ||
        p->isr.at == NULL)
        return false;
    *d = (struct virtio_device){.transport = &transport, .type = type, .base = (uintptr_t)p};
    return true;
}

/* 4.1.4.5: reading it is the acknowledgement. */
void virtio_pci_acknowledge(struct virtio_device *d) {
    (void)*(const volatile uint8_t *)parts(d)->isr.at;
}
