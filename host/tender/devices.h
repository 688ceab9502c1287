/*
 * devices.h - the devices of a mote: two consoles and an entropy source, in rings
 * at fixed places of MOTE_RINGS. One set a process, as one tender runs one mote.
 */
#ifndef MOTE_TENDER_DEVICES_H
#define MOTE_TENDER_DEVICES_H

#include "queue.h"

/* Output in flight: the buffers of several chains, of which the first may be
 * partly written. */
struct console_batch {
    struct iovec iov[2 * QUEUE_MAX];
    unsigned iov_first, iov_end;
    struct {
        uint16_t head;
        uint64_t left;
    } chain[QUEUE_MAX];
    unsigned chain_first, chain_end;
};

struct console_output {
    struct queue queue;
    int fd;
    bool waits;   /* for room: serve() polls */
    bool dropped; /* nobody reads, or the device is full: the rest goes nowhere */
    bool blocks;  /* the descriptor cannot be written to without blocking */
    struct console_batch batch;
};

struct console_input {
    struct queue queue;
    int fd;
    bool ended;        /* the end of the file was passed on ... */
    uint16_t ended_at; /* ... when this was the mote's available index */
};

struct devices {
    struct console_input input;
    struct console_output output, errors;
    struct queue entropy;
};

/* devices.c: place the rings and describe them in t->boot; t->devices. */
void devices_open(struct tender *t);

/* console.c. Serve: some progress was made (more may be there), or not. */
bool console_write_out(struct console_output *c);
bool console_drained(const struct console_output *c);
/* Poll the descriptor for input? */
bool console_wants_input(struct console_input *c);
void console_read_in(struct console_input *c);

/* entropy.c: fill what is there. */
bool entropy_fill(struct queue *q);

#endif
