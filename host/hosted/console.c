/* The launcher's console, and entropy. */
#include "state.h"

#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

int64_t platform_console_write(struct platform *p, int fd, const void *data, size_t size) {
    if (fd != STDOUT_FILENO && fd != STDERR_FILENO)
        return PLATFORM_EINVAL;
    output_flush(p);
    return write_through(p, fd, data, size);
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
