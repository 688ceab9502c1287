/* The image file: read, or mapped copy-on-write. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct platform_image {
    int fd;
    uint64_t size;
};

int platform_image_open(struct platform *p, const char *path, struct platform_image **out,
                        uint64_t *size) {
    (void)p;
    int fd;
    do /* O_NONBLOCK: opening a pipe must not hang */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return host_error(errno);
    struct stat st;
    struct platform_image *image = NULL;
    int error = 0;
    if (fstat(fd, &st) != 0)
        error = host_error(errno);
    else if (S_ISDIR(st.st_mode))
        error = PLATFORM_EISDIR;
    else if (!S_ISREG(st.st_mode))
        error = PLATFORM_ENOTSUP;
    else if ((image = malloc(sizeof *image)) == NULL)
        error = PLATFORM_ENOMEM;
    if (image == NULL) {
        close(fd);
        return error;
    }
    *image = (struct platform_image){.fd = fd, .size = (uint64_t)st.st_size};
    *size = image->size;
    *out = image;
    return 0;
}

int64_t platform_image_read(struct platform_image *image, uint64_t at, void *data, size_t size) {
    char *to = data;
    size_t done = 0;
    if (at > INT64_MAX)
        return 0;
    while (done < size) {
        ssize_t n = pread(image->fd, to + done, size - done, (off_t)(at + done));
        if (n == 0)
            break;
        if (n > 0)
            done += (size_t)n;
        else if (errno != EINTR)
            return host_error(errno);
    }
    return (int64_t)done;
}

int platform_image_map(struct platform_image *image, uint64_t at, void *base, size_t size) {
    uint64_t pages_end = (image->size + PLATFORM_PAGE - 1) & ~(uint64_t)(PLATFORM_PAGE - 1);
    if (((at | (uintptr_t)base) & (PLATFORM_PAGE - 1)) != 0 || at > pages_end ||
        size > pages_end - at)
        return PLATFORM_EINVAL;
    if (size == 0)
        return 0;
    void *got =
        mmap(base, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, image->fd, (off_t)at);
    return got == MAP_FAILED ? host_error(errno) : 0;
}

void platform_image_close(struct platform_image *image) {
    if (image == NULL)
        return;
    close(image->fd);
    free(image);
}
