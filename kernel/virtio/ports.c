/* The virtio console with several ports (virtio 1.2, 5.3): mote.0 is standard
 * input, mote.1 standard output, mote.2 standard error; port numbers are one more,
 * because 0 is the plain console's. A port that the other side closes tells the
 * end of the input; one that is closed also loses what is written to it, which is
 * why input and output are two.
 *
 * QEMU: -device virtio-serial-device -device virtserialport,nr=1,name=mote.0,... */
#include "transports.h"

#include <string.h>

#define PATIENCE_TICKS UINT64_C(4000000000)
#define F_MULTIPORT (UINT64_C(1) << 1)

enum { PORTS = 3, CONTROL_IN = 2, CONTROL_OUT = 3, MAX_PORTS = 4 /* offset of max_nr_ports */ };
enum {
    DEVICE_READY,
    PORT_ADD,
    PORT_REMOVE,
    PORT_READY,
    CONSOLE_PORT,
    RESIZE,
    PORT_OPEN,
    PORT_NAME
};

struct message { /* 5.3.6.2 */
    uint32_t port;
    uint16_t event, value;
    char name[24]; /* of a PORT_NAME, not ended by 0 */
};
enum { HEAD_BYTES = 8, IN_MESSAGES = 8, OUT_MESSAGES = 16 };

static struct virtqueue control_in, control_out;
static struct message in[IN_MESSAGES], out[OUT_MESSAGES];
static unsigned next_out;
static bool named[PORTS], closed[PORTS], plain; /* plain: it has port 0 */

static void say(uint32_t port, uint16_t event, uint16_t value) {
    uint32_t length;
    while (virtqueue_take(&control_out, &length) != NULL)
        continue;
    struct message *m = &out[next_out++ % OUT_MESSAGES];
    *m = (struct message){.port = port, .event = event, .value = value};
    virtqueue_add(&control_out, m, HEAD_BYTES, false, m);
    virtqueue_kick(&control_out);
}

static bool is_name_of(const struct message *m, uint32_t length, unsigned stream) {
    char name[] = "mote.0";
    size_t n = strlen(name);
    name[n - 1] = (char)('0' + stream);
    return length >= HEAD_BYTES + n && memcmp(m->name, name, n) == 0 &&
           (length == HEAD_BYTES + n || m->name[n] == 0);
}

static void hear(const struct message *m, uint32_t length) {
    unsigned stream = m->port - 1;
    if (length < HEAD_BYTES || stream >= PORTS) {
        plain |= length >= HEAD_BYTES && m->port == 0 && m->event == PORT_ADD;
        return;
    }
    if (m->event == PORT_ADD) {
        say(m->port, PORT_READY, 1);
    } else if (m->event == PORT_NAME && is_name_of(m, length, stream)) {
        named[stream] = true;
        say(m->port, PORT_OPEN, 1);
    } else if (m->event == PORT_OPEN) {
        closed[stream] = m->value == 0;
    } else if (m->event == PORT_REMOVE) {
        closed[stream] = true;
    }
}

/* What the device has said meanwhile; false: nothing. */
static bool listen(void) {
    uint32_t length;
    struct message *m;
    bool any = false;
    virtqueue_wait_for(&control_in, true);
    while ((m = virtqueue_take(&control_in, &length)) != NULL) {
        hear(m, length);
        virtqueue_add(&control_in, m, sizeof *m, true, m);
        any = true;
    }
    virtqueue_kick(&control_in);
    return any;
}

static bool input_has_ended(void) {
    listen();
    return closed[0];
}

static bool all_named(void) {
    return named[0] && named[1] && named[2];
}

/* The device tells of its ports: ours, or the plain console, or within a second or
 * two neither. The clock does not run yet. */
static bool meet(void) {
    for (unsigned i = 0; i < IN_MESSAGES; i++)
        virtqueue_add(&control_in, &in[i], sizeof in[i], true, &in[i]);
    virtqueue_kick(&control_in);
    say(0, DEVICE_READY, 1);
    uint64_t start = __builtin_ia32_rdtsc();
    while (!all_named() && !plain && __builtin_ia32_rdtsc() - start < PATIENCE_TICKS) {
        if (!listen())
            __builtin_ia32_pause();
    }
    return all_named();
}

int virtio_ports_attach(struct virtio_device *d) {
    const struct virtio_transport *t = d->transport;
    if (kernel.console != NULL)
        return PLATFORM_ENOTSUP;
    d->features = t->negotiate(d, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | F_MULTIPORT);
    if ((d->features & F_MULTIPORT) == 0 || t->config32(d, MAX_PORTS) <= PORTS)
        return PLATFORM_ENOTSUP;
    /* Port n > 0 receives on queue 2n + 2 and transmits on 2n + 3. */
    if (t->queue(d, CONTROL_IN, &control_in) != 0 || t->queue(d, CONTROL_OUT, &control_out) != 0 ||
        control_in.size < IN_MESSAGES || control_out.size < OUT_MESSAGES ||
        virtio_console_queues(0, d, 4, 7) != 0 ||
        virtio_console_queues(1, d, VIRTIO_CONSOLE_NO_INPUT, 9) != 0)
        return PLATFORM_EIO;
    t->ready(d);
    if (!meet())
        return plain ? PLATFORM_ENOTSUP : PLATFORM_EIO;
    virtio_console_start(0, input_has_ended);
    virtio_console_start(1, NULL);
    return 0;
}
