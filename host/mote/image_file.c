/* image_file.c - see image_file.h. */
#include "image_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int fail(int status, const char *path, const char *place, const char *cause, char *error,
                size_t error_size) {
    snprintf(error, error_size, "%s: %s: %s", path, place, cause);
    return status;
}

static bool read_all(int fd, uint8_t *bytes, size_t size, size_t *got) {
    for (*got = 0; *got < size;) {
        ssize_t n = read(fd, bytes + *got, size - *got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return true;
}

static bool same_time(struct timespec a, struct timespec b) {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static int read_open(int fd, const char *path, struct image_file *out, char *error,
                     size_t error_size) {
    if (fstat(fd, &out->status) != 0)
        return fail(EXIT_NO_INPUT, path, "stat", strerror(errno), error, error_size);
    if (S_ISDIR(out->status.st_mode))
        return fail(EXIT_NO_INPUT, path, "open", strerror(EISDIR), error, error_size);
    if (!S_ISREG(out->status.st_mode))
        return fail(EXIT_NO_INPUT, path, "open", "not a regular file", error, error_size);
    size_t size = (size_t)out->status.st_size;
    if (size == 0)
        return 0;
    uint8_t *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return fail(EXIT_NO_MEMORY, path, "read", strerror(errno), error, error_size);
    out->bytes = bytes;
    out->size = size;
    size_t got;
    struct stat now;
    if (!read_all(fd, bytes, size, &got) || fstat(fd, &now) != 0)
        return fail(EXIT_NO_INPUT, path, "read", strerror(errno), error, error_size);
    out->changed = got != size || now.st_size != out->status.st_size ||
                   !same_time(now.st_mtim, out->status.st_mtim) ||
                   !same_time(now.st_ctim, out->status.st_ctim);
    return 0;
}

int image_file_read(const char *path, struct image_file *out, char *error, size_t error_size) {
    *out = (struct image_file){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail(EXIT_NO_INPUT, path, "open", strerror(errno), error, error_size);
    int status = read_open(fd, path, out, error, error_size);
    close(fd);
    if (status != 0)
        image_file_free(out);
    return status;
}

void image_file_free(struct image_file *f) {
    if (f->bytes != NULL)
        munmap(f->bytes, f->size);
    f->bytes = NULL;
    f->size = 0;
}

int image_output_begin(struct image_output *o, const char *path, char *error, size_t error_size) {
    o->fd = -1;
    /* Behind a symbolic link, the file that it names is replaced. */
    char *real = realpath(path, NULL);
    const char *target = real != NULL ? real : path;
    struct stat st;
    size_t length = strlen(target);
    int status = 0;
    if (length >= sizeof o->path)
        status = fail(EXIT_CANNOT_WRITE, path, "create", strerror(ENAMETOOLONG), error, error_size);
    else if (real != NULL && stat(real, &st) == 0 && !S_ISREG(st.st_mode))
        status = fail(EXIT_CANNOT_WRITE, path, "create", "not a regular file", error, error_size);
    if (status == 0) {
        memcpy(o->path, target, length + 1);
        snprintf(o->temporary, sizeof o->temporary, "%s.XXXXXX", o->path);
        o->fd = mkostemp(o->temporary, O_CLOEXEC);
        if (o->fd < 0)
            status = fail(EXIT_CANNOT_WRITE, path, "create", strerror(errno), error, error_size);
    }
    free(real);
    return status;
}

bool image_output_write(void *arg, const void *data, size_t size) {
    struct image_output *o = arg;
    const uint8_t *at = data;
    while (size > 0) {
        ssize_t n = write(o->fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

/* The new name must survive a crash too. A failure here loses nothing. */
static void sync_directory(const char *path) {
    char directory[4096];
    snprintf(directory, sizeof directory, "%s", path);
    char *slash = strrchr(directory, '/');
    if (slash == NULL)
        snprintf(directory, sizeof directory, ".");
    else
        slash[slash == directory ? 1 : 0] = 0;
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

int image_output_commit(struct image_output *o, mode_t mode, char *error, size_t error_size) {
    if (mode == 0) {
        mode_t mask = umask(022);
        umask(mask);
        mode = 0666 & ~mask;
    }
    bool done = fchmod(o->fd, mode) == 0 && fsync(o->fd) == 0;
    int cause = errno;
    if (close(o->fd) != 0 && done) {
        done = false;
        cause = errno;
    }
    o->fd = -1;
    if (done && rename(o->temporary, o->path) != 0) {
        done = false;
        cause = errno;
    }
    if (!done) {
        unlink(o->temporary);
        return fail(EXIT_CANNOT_WRITE, o->path, "write", strerror(cause), error, error_size);
    }
    sync_directory(o->path);
    return 0;
}

void image_output_abort(struct image_output *o) {
    if (o->fd < 0)
        return;
    close(o->fd);
    unlink(o->temporary);
    o->fd = -1;
}
