/* Replacing a file all at once.
 *
 * The new contents go to a file without a name in the same directory (nothing
 * is left behind by a kill); where the file system has no such thing, to one
 * with a temporary name. Commit syncs it, gives it that name and renames it
 * over the old file, whose mode and owner it has taken over. A symbolic link
 * stays and its target is replaced. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 256 * 1024, ATTEMPTS = 100 };

struct platform_save {
    struct platform *platform;
    int fd, directory;
    bool named; /* the file has its temporary name already */
    char target[PATH_MAX];
    char temporary[PATH_MAX + 32];
    size_t filled;
    char buffer[BUFFER];
};

/* The file that `path` finally names, existing or not. */
static int resolve(const char *path, char *target) {
    char *real = realpath(path, NULL);
    if (real != NULL) {
        size_t n = strlen(real);
        if (n < PATH_MAX)
            memcpy(target, real, n + 1);
        free(real);
        return n < PATH_MAX ? 0 : PLATFORM_EINVAL;
    }
    if (errno != ENOENT)
        return host_error(errno);
    size_t n = strlen(path);
    if (n == 0 || n >= PATH_MAX)
        return n == 0 ? PLATFORM_ENOENT : PLATFORM_EINVAL;
    memcpy(target, path, n + 1);
    return 0;
}

static int open_directory(const char *target) {
    char directory[PATH_MAX];
    const char *slash = strrchr(target, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - target);
    if (slash == NULL)
        memcpy(directory, ".", 2);
    else if (n == 0)
        memcpy(directory, "/", 2);
    else
        memcpy(directory, target, n), directory[n] = 0;
    return open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static void next_temporary_name(struct platform_save *s) {
    uint64_t random;
    platform_entropy(s->platform, &random, sizeof random);
    snprintf(s->temporary, sizeof s->temporary, ".%.200s.%08lx", base_name(s->target),
             (unsigned long)(random & 0xffffffff));
}

static int open_temporary(struct platform_save *s) {
    char proc[64];
    s->fd = openat(s->directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    if (s->fd >= 0) {
        snprintf(proc, sizeof proc, "/proc/self/fd/%d", s->fd);
        if (access(proc, F_OK) == 0)
            return 0;
        close(s->fd);
    }
    s->named = true;
    for (int i = 0; i < ATTEMPTS; i++) {
        next_temporary_name(s);
        s->fd = openat(s->directory, s->temporary, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
        if (s->fd >= 0 || errno != EEXIST)
            break;
    }
    return s->fd >= 0 ? 0 : host_error(errno);
}

static int link_temporary(struct platform_save *s) {
    char proc[64];
    snprintf(proc, sizeof proc, "/proc/self/fd/%d", s->fd);
    for (int i = 0; i < ATTEMPTS; i++) {
        next_temporary_name(s);
        if (linkat(AT_FDCWD, proc, s->directory, s->temporary, AT_SYMLINK_FOLLOW) == 0) {
            s->named = true;
            return 0;
        }
        if (errno != EEXIST)
            break;
    }
    return host_error(errno);
}

static void take_over_mode(struct platform_save *s) {
    struct stat old;
    if (stat(s->target, &old) != 0)
        return;
    if (old.st_uid != geteuid() || old.st_gid != getegid()) {
        int ignored = fchown(s->fd, old.st_uid, old.st_gid); /* root only */
        (void)ignored;
    }
    fchmod(s->fd, old.st_mode & 07777);
}

int platform_save_begin(struct platform *p, const char *path, struct platform_save **out) {
    struct platform_save *s = malloc(sizeof *s);
    if (s == NULL)
        return PLATFORM_ENOMEM;
    s->platform = p;
    s->named = false;
    s->filled = 0;
    int error = resolve(path, s->target);
    struct stat old;
    if (error == 0 && stat(s->target, &old) == 0 && !S_ISREG(old.st_mode))
        error = S_ISDIR(old.st_mode) ? PLATFORM_EISDIR : PLATFORM_ENOTSUP;
    /* A rename would get past the protection of the file itself. */
    if (error == 0 && access(s->target, W_OK) != 0 && errno != ENOENT)
        error = host_error(errno);
    if (error == 0) {
        s->directory = open_directory(s->target);
        if (s->directory < 0)
            error = host_error(errno);
        else if ((error = open_temporary(s)) != 0)
            close(s->directory);
    }
    if (error != 0) {
        free(s);
        return error;
    }
    take_over_mode(s);
    *out = s;
    return 0;
}

static int write_all(int fd, const char *data, size_t size) {
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno != EINTR)
            return host_error(errno);
        if (n > 0) {
            data += n;
            size -= (size_t)n;
        }
    }
    return 0;
}

static int flush(struct platform_save *s) {
    int error = write_all(s->fd, s->buffer, s->filled);
    s->filled = 0;
    return error;
}

int platform_save_write(struct platform_save *s, const void *data, size_t size) {
    if (size > BUFFER - s->filled) {
        int error = flush(s);
        if (error != 0)
            return error;
    }
    if (size >= BUFFER)
        return write_all(s->fd, data, size);
    memcpy(s->buffer + s->filled, data, size);
    s->filled += size;
    return 0;
}

int platform_save_write_at(struct platform_save *s, uint64_t at, const void *data, size_t size) {
    int error = at > INT64_MAX ? PLATFORM_EINVAL : flush(s);
    const char *from = data;
    while (error == 0 && size > 0) {
        ssize_t n = pwrite(s->fd, from, size, (off_t)at);
        if (n < 0 && errno != EINTR)
            error = host_error(errno);
        if (n > 0) {
            from += n;
            at += (uint64_t)n;
            size -= (size_t)n;
        }
    }
    return error;
}

int platform_save_commit(struct platform_save *s) {
    int error = flush(s);
    if (error == 0 && fsync(s->fd) != 0)
        error = host_error(errno);
    if (error == 0 && !s->named)
        error = link_temporary(s);
    if (error == 0 && renameat(s->directory, s->temporary, s->directory, base_name(s->target)) != 0)
        error = host_error(errno);
    if (error == 0) {
        s->named = false; /* the temporary name is gone */
        if (fsync(s->directory) != 0 && errno != EINVAL)
            error = host_error(errno);
    }
    if (error == 0) {
        close(s->fd);
        close(s->directory);
        free(s);
        return 0;
    }
    platform_save_abort(s);
    return error;
}

void platform_save_abort(struct platform_save *s) {
    if (s == NULL)
        return;
    if (s->named)
        unlinkat(s->directory, s->temporary, 0);
    close(s->fd);
    close(s->directory);
    free(s);
}
