/*
 * queue.h - the device's side of a split virtqueue with event index (virtio 1.2,
 * sections 2.7 and 2.7.10), served from memory that the mote changes as it likes.
 *
 * Every index and descriptor is read once and checked; a chain's buffers pass
 * guest_at. What cannot be is reported by tender_broken, with the device's name.
 * The tender's own copies of the indexes decide, never those in the rings.
 */
#ifndef MOTE_TENDER_QUEUE_H
#define MOTE_TENDER_QUEUE_H

#include "tender.h"

#include <sys/uio.h>

enum { QUEUE_MAX = 64, QUEUE_ALIGN = 64 };

struct queue {
    struct tender *tender;
    const char *name; /* in reports */
    bool fills;       /* the device writes into the buffers (input, entropy) */
    uint16_t size;    /* a power of two, at most QUEUE_MAX */
    const volatile uint8_t *desc;
    volatile uint16_t *avail, *used;
    uint16_t taken, returned; /* free-running: chains taken from avail, put into used */
    bool broken;              /* the mote broke the contract: nothing more is taken */
};

struct chain {
    uint16_t head;
    unsigned count;
    uint64_t bytes;
    struct iovec iov[QUEUE_MAX];
};

/* The bytes that a queue's three parts occupy together from an aligned address. */
uint32_t queue_bytes(unsigned size);
/* Place the queue at `address` of low memory and enter it in the boot record. */
void queue_place(struct queue *q, struct tender *t, const char *name, bool fills, unsigned size,
                 uint32_t address, struct mote_device *device, unsigned number);

/* Is there a chain to take? */
bool queue_ready(const struct queue *q);
/* The mote's available index. */
uint16_t queue_index(const struct queue *q);
/* True: the next chain. False: none, or the mote broke the contract (t->ended). */
bool queue_take(struct queue *q, struct chain *out);
/* Forget the chain that was taken last; it will come again. */
void queue_untake(struct queue *q);
/* Give a chain back with `bytes` written into it; true: the mote wants to know. */
bool queue_return(struct queue *q, uint16_t head, uint32_t bytes);
/* Ask for a doorbell at the next chain; true: there is one already. */
bool queue_rest(struct queue *q);
/* The same when chains are there that wait: a doorbell when the index passes `index`. */
bool queue_rest_at(struct queue *q, uint16_t index);

#endif
