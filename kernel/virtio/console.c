/*
 * console.c - the virtio console (virtio 1.2, section 5.3) without multiport:
 * queue 0 receives, queue 1 transmits. Buffers are static: a device may not
 * reach the arena. The lowest free output buffer is used first, so that a mote
 * that writes little touches little. Input is asked for only when the program
 * wants to read: what it does not read stays with whoever comes after it.
 */
#include "console.h"
#include "virtio.h"

#include <string.h>

enum {
    RECEIVE = 0,
    TRANSMIT = 1,
    IN_BYTES = 2048,
    OUT_BUFFERS = 16,
    OUT_BYTES = 2048,
};

struct virtio_console {
    struct console console; /* first */
    struct virtqueue in, out;
    uint32_t free_out; /* bit i: out_bytes[i] is not with the device */
    bool asked, ended; /* in_bytes are with the device; the input is over */
    /* The end is said elsewhere, after the last buffer has come; NULL: by a buffer
     * of length 0. */
    bool (*has_ended)(void);
    uint32_t read, length; /* of in_bytes: what has come and is not read yet */
    uint8_t in_bytes[IN_BYTES], out_bytes[OUT_BUFFERS][OUT_BYTES];
};

static struct virtio_console consoles[VIRTIO_CONSOLES];
static unsigned console_count;

/* ---- Output ------------------------------------------------------------------------- */

static void collect(struct virtio_console *v) {
    uint32_t length;
    uint8_t *buffer;
    while ((buffer = virtqueue_take(&v->out, &length)) != NULL)
        v->free_out |= 1u << (unsigned)((size_t)(buffer - v->out_bytes[0]) / OUT_BYTES);
}

static bool has_come_back(void *arg) {
    struct virtio_console *v = arg;
    return virtqueue_wait_for(&v->out, true);
}

/* Until at least one more buffer is free. */
static void wait_for_room(struct virtio_console *v) {
    kernel_await(has_come_back, v);
    virtqueue_wait_for(&v->out, false);
    collect(v);
}

static void console_write(struct console *c, const void *data, size_t size) {
    struct virtio_console *v = (struct virtio_console *)c;
    const uint8_t *from = data;
    collect(v);
    while (size > 0) {
        while (v->free_out == 0 || v->out.free_count == 0) {
            virtqueue_kick(&v->out);
            wait_for_room(v);
        }
        unsigned i = (unsigned)__builtin_ctz(v->free_out);
        uint32_t n = (uint32_t)(size < OUT_BYTES ? size : OUT_BYTES);
        memcpy(v->out_bytes[i], from, n);
        v->free_out &= ~(1u << i);
        virtqueue_add(&v->out, v->out_bytes[i], n, false, v->out_bytes[i]);
        from += n;
        size -= n;
    }
    virtqueue_kick(&v->out);
}

static void console_flush(struct console *c) {
    struct virtio_console *v = (struct virtio_console *)c;
    collect(v);
    while (v->out.free_count < v->out.size)
        wait_for_room(v);
}

/* ---- Input -------------------------------------------------------------------------- */

/* Something to read, or the end? If not, it has been asked for. */
static bool fill(struct virtio_console *v) {
    uint32_t length;
    if (v->read < v->length || v->ended)
        return true;
    if (!v->asked) {
        v->asked = virtqueue_add(&v->in, v->in_bytes, IN_BYTES, true, v->in_bytes);
        virtqueue_kick(&v->in);
    }
    bool over = v->has_ended != NULL && v->has_ended(); /* asked first: data count */
    if (virtqueue_take(&v->in, &length) == NULL) {
        v->ended = over;
        return over;
    }
    virtqueue_wait_for(&v->in, false);
    v->asked = false;
    v->read = 0;
    v->length = length;
    v->ended = length == 0;
    return true;
}

static int64_t console_read(struct console *c, void *data, size_t size) {
    struct virtio_console *v = (struct virtio_console *)c;
    if (!fill(v))
        return 0;
    if (v->ended)
        return -1;
    size_t n = v->length - v->read;
    n = n < size ? n : size;
    memcpy(data, v->in_bytes + v->read, n);
    v->read += (uint32_t)n;
    return (int64_t)n;
}

static bool console_want_input(struct console *c) {
    struct virtio_console *v = (struct virtio_console *)c;
    if (fill(v))
        return true;
    return virtqueue_wait_for(&v->in, true) && fill(v);
}

/* ---- Attaching ------------------------------------------------------------------------ */

int virtio_console_queues(unsigned slot, struct virtio_device *d, unsigned in, unsigned out) {
    struct virtio_console *v = &consoles[slot];
    if (d->transport->queue(d, out, &v->out) != 0 || v->out.size == 0)
        return PLATFORM_EIO;
    v->in.size = 0;
    if (in != VIRTIO_CONSOLE_NO_INPUT && d->transport->queue(d, in, &v->in) != 0)
        v->in.size = 0;
    return 0;
}

void virtio_console_start(unsigned slot, bool (*has_ended)(void)) {
    struct virtio_console *v = &consoles[slot];
    v->free_out = (1u << OUT_BUFFERS) - 1;
    v->has_ended = has_ended;
    v->console = (struct console){.write = console_write, .flush = console_flush};
    if (v->in.size != 0) {
        v->console.read = console_read;
        v->console.want_input = console_want_input;
    }
    console_attach(&v->console);
}

int virtio_console_attach(struct virtio_device *d) {
    if (console_count == VIRTIO_CONSOLES)
        return PLATFORM_EIO;
    d->features = d->transport->negotiate(d, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX);
    if (d->features == 0 || virtio_console_queues(console_count, d, RECEIVE, TRANSMIT) != 0)
        return PLATFORM_EIO;
    d->transport->ready(d);
    virtio_console_start(console_count++, NULL);
    return 0;
}
