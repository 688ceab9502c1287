/* The devices' rings in MOTE_RINGS, one after another, and their table in the
 * boot record. All of them fit one page: a page touched costs time at start. */
#include "devices.h"

#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <unistd.h>

enum { INPUT_SIZE = 16, OUTPUT_SIZE = 64, ERRORS_SIZE = 32, ENTROPY_SIZE = 8 };

#define FEATURES ((UINT64_C(1) << 32) | (UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX))

static struct devices devices;

static struct mote_device *add(struct mote_boot *boot, uint32_t type, uint32_t queues) {
    struct mote_device *d = &boot->device[boot->devices++];
    *d = (struct mote_device){.type = type, .queues = queues, .features = FEATURES};
    return d;
}

void devices_open(struct tender *t) {
    struct devices *all = t->devices = &devices;
    *all = (struct devices){
        .input.fd = STDIN_FILENO, .output.fd = STDOUT_FILENO, .errors.fd = STDERR_FILENO};
    uint32_t at = MOTE_RINGS;
    struct mote_device *d = add(t->boot, VIRTIO_ID_CONSOLE, 2);
    queue_place(&all->input.queue, t, "standard input", true, INPUT_SIZE, at, d, 0);
    /* No doorbell for the first buffers: serve() looks for them when it first wakes. */
    queue_rest_at(&all->input.queue, UINT16_MAX);
    at += queue_bytes(INPUT_SIZE);
    queue_place(&all->output.queue, t, "standard output", false, OUTPUT_SIZE, at, d, 1);
    at += queue_bytes(OUTPUT_SIZE);
    d = add(t->boot, VIRTIO_ID_CONSOLE, 2);
    queue_place(&all->errors.queue, t, "standard error", false, ERRORS_SIZE, at, d, 1);
    at += queue_bytes(ERRORS_SIZE);
    d = add(t->boot, VIRTIO_ID_RNG, 1);
    queue_place(&all->entropy, t, "entropy", true, ENTROPY_SIZE, at, d, 0);
}
