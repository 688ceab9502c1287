/*
 * console.h - a stream of bytes in and out of the mote, between platform.h's
 * standard streams (streams.c) and a driver: virtio/console.c, pc/serial.c.
 */
#ifndef MOTE_CONSOLE_H
#define MOTE_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct console {
    /* Take all of it, waiting for room when the device is slow. */
    void (*write)(struct console *c, const void *data, size_t size);
    /* What was written has left the mote. */
    void (*flush)(struct console *c);
    /* Up to `size` bytes that are there already; 0: none now; -1: the end. NULL: no input. */
    int64_t (*read)(struct console *c, void *data, size_t size);
    /* The preempt byte will be set when input comes; true: some is there (or the end). */
    bool (*want_input)(struct console *c);
};

/* The console's place in `kernel`: first one attached is input and output, the
 * next standard error. */
void console_attach(struct console *c);

#endif
