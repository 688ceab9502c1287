/* The consoles: standard streams of this process on one side, rings on the other.
 *
 * A stream is shared with whoever started us, so it is not made non-blocking.
 * Output goes out by RWF_NOWAIT where the kernel has that for the file, else
 * when poll says that there is room, and then in pieces that fit it. A slow
 * reader makes the mote wait, not the tender. */
#include "devices.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PIECE = 4096 /* PIPE_BUF: what poll promises of a pipe */ };

bool console_drained(const struct console_output *c) {
    return c->batch.chain_first == c->batch.chain_end && !queue_ready(&c->queue);
}

static void fill_batch(struct console_output *c) {
    struct console_batch *b = &c->batch;
    struct chain chain;
    b->iov_first = b->iov_end = b->chain_first = b->chain_end = 0;
    while (b->iov_end < QUEUE_MAX && b->chain_end < QUEUE_MAX && queue_take(&c->queue, &chain)) {
        memcpy(b->iov + b->iov_end, chain.iov, chain.count * sizeof *chain.iov);
        b->iov_end += chain.count;
        b->chain[b->chain_end].head = chain.head;
        b->chain[b->chain_end].left = chain.bytes;
        b->chain_end++;
    }
}

/* `done` more bytes are out: give back the chains that are complete. */
static void advance(struct console_output *c, uint64_t done) {
    struct console_batch *b = &c->batch;
    bool notify = false;
    for (uint64_t n = done; n > 0;) {
        struct iovec *v = &b->iov[b->iov_first];
        uint64_t part = n < v->iov_len ? n : v->iov_len;
        v->iov_base = (char *)v->iov_base + part;
        v->iov_len -= part;
        n -= part;
        if (v->iov_len == 0)
            b->iov_first++;
    }
    while (b->chain_first < b->chain_end && b->chain[b->chain_first].left <= done) {
        done -= b->chain[b->chain_first].left;
        notify |= queue_return(&c->queue, b->chain[b->chain_first++].head, 0);
    }
    if (b->chain_first < b->chain_end)
        b->chain[b->chain_first].left -= done;
    if (notify)
        tender_notify(c->queue.tender);
}

static uint64_t batch_bytes(const struct console_batch *b) {
    uint64_t bytes = 0;
    for (unsigned i = b->chain_first; i < b->chain_end; i++)
        bytes += b->chain[i].left;
    return bytes;
}

/* Not now, or not known for this kind of file, in this kernel, in this container. */
static bool cannot_ask(int error) {
    return error == EAGAIN || error == EOPNOTSUPP || error == ENOSYS || error == EPERM;
}

/* As writev, but never blocks: EAGAIN. */
static ssize_t write_some(struct console_output *c) {
    struct console_batch *b = &c->batch;
    const struct iovec *v = b->iov + b->iov_first;
    if (!c->blocks) {
        ssize_t n = pwritev2(c->fd, v, (int)(b->iov_end - b->iov_first), -1, RWF_NOWAIT);
        if (n >= 0 || !cannot_ask(errno))
            return n;
        c->blocks = errno != EAGAIN;
    }
    struct pollfd room = {.fd = c->fd, .events = POLLOUT};
    if (poll(&room, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
    }
    return write(c->fd, v->iov_base, v->iov_len < PIECE ? v->iov_len : PIECE);
}

/* What cannot be written is dropped and the mote goes on: a reader that left
 * (EPIPE, a terminal's EIO) and a closed stream (EBADF) are no news. */
static void failed(struct console_output *c, int error) {
    c->dropped = true;
    if (error != EPIPE && error != EIO && error != EBADF)
        tender_complain(c->queue.tender, "%s: write: %s; the rest is lost", c->queue.name,
                        strerror(error));
}

bool console_write_out(struct console_output *c) {
    struct console_batch *b = &c->batch;
    if (c->waits)
        return false;
    if (b->chain_first == b->chain_end) {
        fill_batch(c);
        if (b->chain_end == 0)
            return queue_rest(&c->queue);
    }
    ssize_t n = 0;
    if (c->dropped)
        n = (ssize_t)batch_bytes(b);
    else if (b->iov_first < b->iov_end)
        n = write_some(c);
    if (n >= 0) {
        advance(c, (uint64_t)n);
        return true;
    }
    if (errno == EAGAIN)
        c->waits = true;
    else if (errno != EINTR)
        failed(c, errno);
    return !c->waits;
}

bool console_wants_input(struct console_input *c) {
    if (!queue_ready(&c->queue))
        return queue_rest(&c->queue);
    return !c->ended || queue_rest_at(&c->queue, c->ended_at);
}

/* One buffer at a time: a terminal gives a line, and a pipe would block us after
 * what it has. */
void console_read_in(struct console_input *c) {
    struct chain chain;
    uint16_t index = queue_index(&c->queue);
    if (!queue_take(&c->queue, &chain))
        return;
    ssize_t n = readv(c->fd, chain.iov, (int)chain.count);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        queue_untake(&c->queue);
        return;
    }
    c->ended = n <= 0; /* an unreadable input is an empty one */
    c->ended_at = index;
    queue_rest(&c->queue);
    if (queue_return(&c->queue, chain.head, n > 0 ? (uint32_t)n : 0))
        tender_notify(c->queue.tender);
}
