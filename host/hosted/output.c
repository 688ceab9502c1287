/* Standard output by lines: images write it byte by byte. What is held back is
 * at most the beginning of a line. */
#include "state.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

int64_t write_through(struct platform *p, int fd, const char *data, size_t size) {
    size_t done = 0;
    while (done < size) {
        ssize_t n = write(fd, data + done, size - done);
        if (n >= 0) {
            done += (size_t)n;
        } else if (errno == EAGAIN) {
            struct pollfd room = {.fd = fd, .events = POLLOUT};
            poll(&room, 1, -1);
        } else if (errno != EINTR || atomic_load(&p->mailbox->interrupts) != 0) {
            return done > 0 ? (int64_t)done : host_error(errno == EINTR ? EAGAIN : errno);
        }
    }
    return (int64_t)done;
}

int output_flush(struct platform *p) {
    unsigned size = p->held;
    p->held = 0;
    if (size == 0)
        return 0;
    int64_t n = write_through(p, STDOUT_FILENO, p->output, size);
    return n < 0 ? (int)n : 0;
}

int64_t output_write(struct platform *p, const char *data, size_t size) {
    int error = 0;
    if (size > sizeof p->output - p->held)
        error = output_flush(p);
    if (error != 0)
        return error;
    if (size > sizeof p->output)
        return write_through(p, STDOUT_FILENO, data, size);
    memcpy(p->output + p->held, data, size);
    p->held += (unsigned)size;
    if (memchr(data, '\n', size) != NULL || memchr(data, '\r', size) != NULL)
        error = output_flush(p);
    return error != 0 ? error : (int64_t)size;
}
