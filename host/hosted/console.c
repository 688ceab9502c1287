/* The launcher's console, and entropy. */
#include "state.h"

#include <errno.h>
#include <poll.h>
#include <sys/random.h>
#include <unistd.h>

int64_t platform_console_write(struct platform *p, int fd, const void *data, size_t size) {
    (void)p;
    if (fd != STDOUT_FILENO && fd != STDERR_FILENO)
        return PLATFORM_EINVAL;
    const char *from = data;
    size_t done = 0;
    while (done < size) {
        ssize_t n = write(fd, from + done, size - done);
        if (n >= 0) {
            done += (size_t)n;
        } else if (errno == EAGAIN) {
            struct pollfd room = {.fd = fd, .events = POLLOUT};
            poll(&room, 1, -1);
        } else if (errno != EINTR) {
            return done > 0 ? (int64_t)done : hosted_error(errno);
        }
    }
    return (int64_t)done;
}

void platform_entropy(struct platform *p, void *data, size_t size) {
    (void)p;
    char *to = data;
    while (size > 0) {
        ssize_t n = getrandom(to, size, 0);
        if (n > 0) {
            to += n;
            size -= (size_t)n;
        } else if (n < 0 && errno != EINTR) {
            return; /* ENOSYS before Linux 3.17 only */
        }
    }
}
