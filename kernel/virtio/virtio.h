/*
 * virtio.h - virtio 1.2 devices as the kernel drives them: the split virtqueue
 * (section 2.7) with event index (2.7.10), and what a transport provides.
 *
 * Transports: platform/tender/devices.c (no negotiation, rings in place),
 * virtio/mmio.c (4.2) and virtio/pci.c (4.1). Drivers: console.c (5.3),
 * entropy.c (5.4); they are attached by the door that found the device.
 *
 * The device is not trusted more than it must be: an index or length from it
 * that cannot be is a kernel_panic that names device and queue.
 *
 * QEMU: -device virtio-serial-device -device virtconsole ... (microvm),
 * -device virtio-serial-pci ... (q35); `mote run --on qemu -v` shows the line.
 */
#ifndef MOTE_VIRTIO_H
#define MOTE_VIRTIO_H

#include "kernel.h"

enum { VIRTIO_TYPE_CONSOLE = 3, VIRTIO_TYPE_ENTROPY = 4 };

#define VIRTIO_F_EVENT_IDX (UINT64_C(1) << 29)
#define VIRTIO_F_VERSION_1 (UINT64_C(1) << 32)

#define VIRTQUEUE_MAX 64 /* entries; larger offers are cut to this */

/* 2.7.5, 2.7.6, 2.7.8, with the event fields at the ends. */
struct virtq_desc {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};
enum { VIRTQ_DESC_NEXT = 1, VIRTQ_DESC_WRITE = 2, VIRTQ_DESC_INDIRECT = 4 };
struct virtq_avail {
    uint16_t flags, index, ring[];
};
struct virtq_used_element {
    uint32_t id, length;
};
struct virtq_used {
    uint16_t flags, index;
    struct virtq_used_element ring[];
};

struct virtqueue {
    struct virtio_device *device;
    uint16_t number, size;
    volatile struct virtq_desc *desc;
    volatile struct virtq_avail *avail;
    volatile struct virtq_used *used;
    uint16_t free_head, free_count; /* descriptors */
    uint16_t next_avail, last_used; /* free-running */
    uint16_t kicked;                /* avail index at the last notification */
    bool event_index;
    void *cookie[VIRTQUEUE_MAX];      /* NULL: not with the device */
    uint32_t writable[VIRTQUEUE_MAX]; /* bytes that the device may write */
    uint16_t next[VIRTQUEUE_MAX];     /* free list, where no device reaches it */
};

struct virtio_transport {
    /* Status 0, ACKNOWLEDGE, DRIVER, then exactly `wanted & offered` features
     * accepted; answers them. VERSION_1 must be among them. 0: unusable. */
    uint64_t (*negotiate)(struct virtio_device *d, uint64_t wanted);
    /* Fill q (rings, size; 0 when the device has no such queue). */
    int (*queue)(struct virtio_device *d, unsigned number, struct virtqueue *q);
    void (*ready)(struct virtio_device *d); /* DRIVER_OK */
    void (*notify)(struct virtio_device *d, unsigned number);
    /* Configuration space; reads 0 where there is none. */
    uint8_t (*config8)(struct virtio_device *d, unsigned offset);
    uint32_t (*config32)(struct virtio_device *d, unsigned offset);
};

struct virtio_device {
    const struct virtio_transport *transport;
    unsigned type;
    uint64_t features; /* accepted */
    uintptr_t base;    /* the transport's own: registers, or a struct */
    uintptr_t extra[3];
};

/* The physical address of memory that a device may use: at every door the
 * kernel's own data (static buffers) qualifies, the arena does not. */
uint64_t phys(const volatile void *p);

/* queue.c. virtqueue_add: one buffer, `write` for one that the device fills;
 * false when the queue is full. Not visible to the device before _kick, which
 * notifies it if it wants that. _take: the next buffer that came back, its
 * cookie, NULL when there is none. _wait_for(true) asks the device to set the
 * preempt byte (interrupt) when the next buffer comes back, and answers whether
 * one is there already; false asks for silence. */
void virtqueue_init(struct virtqueue *q, struct virtio_device *d, unsigned number, unsigned size,
                    void *desc, void *avail, void *used, bool event_index);
bool virtqueue_add(struct virtqueue *q, void *buffer, uint32_t size, bool write, void *cookie);
void virtqueue_kick(struct virtqueue *q);
void *virtqueue_take(struct virtqueue *q, uint32_t *length);
bool virtqueue_wait_for(struct virtqueue *q, bool wanted);

/* Drivers. Attach answers 0 or PLATFORM_EIO, and enters the device in `kernel`. */
int virtio_console_attach(struct virtio_device *d);
int virtio_entropy_attach(struct virtio_device *d);
/* The parts of virtio_console_attach, for a console on other queues (ports.c):
 * queues before the device is ready, then start, which attaches it. `slot` is the
 * caller's choice of VIRTIO_CONSOLES; has_ended: the input ends when it is true. */
#define VIRTIO_CONSOLES 2
#define VIRTIO_CONSOLE_NO_INPUT (~0u)
int virtio_console_queues(unsigned slot, struct virtio_device *d, unsigned in, unsigned out);
void virtio_console_start(unsigned slot, bool (*has_ended)(void));
/* Bytes read, 0 when the device gives none. Blocks for as long as it takes. */
size_t virtio_entropy_read(struct virtio_device *d, void *data, size_t size);

#endif
