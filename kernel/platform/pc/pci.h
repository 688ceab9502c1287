/* pci.h - what pci.c finds and devices.c keeps. */
#ifndef MOTE_PC_PCI_H
#define MOTE_PC_PCI_H

#include "../../virtio/virtio.h"

void pci_find(void); /* calls devices_add for every virtio device */

/* devices.c: a place for a device that is being looked at; NULL: no more. It is
 * kept once added. `acknowledge` NULL: nothing to do when it interrupts. */
struct virtio_device *devices_new(void);
void devices_add(struct virtio_device *d, void (*acknowledge)(struct virtio_device *d));

#endif
