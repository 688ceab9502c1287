/* Which devices there are: virtio-mmio where the command line says so (that is
 * how QEMU's microvm and Firecracker tell), virtio over PCI where there is a PCI
 * bus. A device that cannot be used is left alone. */
#include "pc.h"

#include "../../console.h"
#include "../../virtio/transports.h"
#include "pci.h"

enum { DEVICES = 32 };

static struct virtio_device devices[DEVICES];
static unsigned device_count;

/* Those whose interrupts have to be acknowledged at the device. */
static struct {
    void (*acknowledge)(struct virtio_device *d);
    struct virtio_device *device;
} acknowledged[DEVICES];
static unsigned acknowledged_count;

struct virtio_device *devices_new(void) {
    return device_count < DEVICES ? &devices[device_count] : NULL;
}

void devices_add(struct virtio_device *d, void (*acknowledge)(struct virtio_device *d)) {
    device_count++;
    if (acknowledge != NULL) {
        acknowledged[acknowledged_count].device = d;
        acknowledged[acknowledged_count].acknowledge = acknowledge;
        acknowledged_count++;
    }
    if (d->type == VIRTIO_TYPE_ENTROPY && kernel.entropy == NULL)
        virtio_entropy_attach(d);
    else if (d->type == VIRTIO_TYPE_CONSOLE && virtio_ports_attach(d) == PLATFORM_ENOTSUP)
        virtio_console_attach(d);
}

void devices_acknowledge(void) {
    serial_interrupt();
    for (unsigned i = 0; i < acknowledged_count; i++)
        acknowledged[i].acknowledge(acknowledged[i].device);
}

static void find_mmio(const char *command_line) {
    struct mmio_word w;
    while (words_next_mmio(&command_line, &w)) {
        struct virtio_device *d = devices_new();
        if (d == NULL)
            return;
        void *registers = device_registers(w.address, w.bytes);
        if (registers != NULL && virtio_mmio_probe(d, registers, w.bytes) &&
            interrupts_route(w.irq, false))
            devices_add(d, virtio_mmio_acknowledge);
    }
}

void devices_start(const char *command_line) {
    find_mmio(command_line);
    pci_find();
    if (kernel.console == NULL)
        serial_console();
}
