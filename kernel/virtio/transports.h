/*
 * transports.h - virtio devices behind registers: over MMIO (virtio 1.2, 4.2) and
 * PCI (4.1), which the pc door finds, and the console with several ports (5.3).
 */
#ifndef MOTE_VIRTIO_TRANSPORTS_H
#define MOTE_VIRTIO_TRANSPORTS_H

#include "virtio.h"

/* Is there a device with this interface (version 2)? Fills in *d. */
bool virtio_mmio_probe(struct virtio_device *d, void *registers, uint64_t bytes);
void virtio_mmio_acknowledge(struct virtio_device *d);

struct virtio_pci_part {
    volatile uint8_t *at; /* NULL: not there */
    uint32_t bytes;
};

enum { VIRTIO_PCI_QUEUES = 32 }; /* more are not used */

/* The structures of 4.1.4, mapped. Must stay while the device is used. */
struct virtio_pci {
    struct virtio_pci_part common, notify, isr, config;
    uint32_t notify_multiplier;
    uint16_t notify_offset[VIRTIO_PCI_QUEUES];
    bool msix; /* all interrupts by entry 0 of the table */
};

bool virtio_pci_probe(struct virtio_device *d, struct virtio_pci *p, unsigned type);
/* Of a device without MSI-X. */
void virtio_pci_acknowledge(struct virtio_device *d);

/* rings.c: static memory for the rings of queue `number`, as many entries as the
 * device offers, at most VIRTQUEUE_MAX. PLATFORM_EIO when there is none left. */
int virtio_rings(struct virtio_device *d, unsigned number, unsigned offered, struct virtqueue *q);

/* ports.c: the console with ports named mote.0 (standard input), mote.1 (output)
 * and mote.2 (error), as `mote run --on qemu` makes it. PLATFORM_ENOTSUP: it is a
 * plain console and can be attached as one; PLATFORM_EIO: there is nobody at it. */
int virtio_ports_attach(struct virtio_device *d);

#endif
