/* Open files: handles are indices into a table of descriptors, so that a
 * program can reach nothing which it did not open. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_FILES = 16, STANDARD_STREAMS = 3 };

static bool is_waiting_kind(int fd) {
    struct stat st;
    return fstat(fd, &st) == 0 &&
           (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

static bool grow(struct platform *p) {
    unsigned capacity = p->file_capacity == 0 ? FIRST_FILES : p->file_capacity * 2;
    struct open_file *files = realloc(p->files, capacity * sizeof *files);
    if (files == NULL)
        return false;
    for (unsigned i = p->file_capacity; i < capacity; i++) {
        bool standard = i < STANDARD_STREAMS;
        files[i].fd = standard ? (int)i : -1;
        files[i].waits = standard && is_waiting_kind((int)i);
    }
    p->files = files;
    p->file_capacity = capacity;
    return true;
}

static struct open_file *file_at(struct platform *p, int file) {
    if (p->file_capacity == 0 && !grow(p))
        return NULL;
    if (file < 0 || (unsigned)file >= p->file_capacity || p->files[file].fd < 0)
        return NULL;
    return &p->files[file];
}

static int fd_of(struct platform *p, int file) {
    struct open_file *f = file_at(p, file);
    return f != NULL ? f->fd : -1;
}

/* With nothing held back. */
static int settled_fd_of(struct platform *p, int file) {
    int fd = fd_of(p, file);
    if (fd == STDOUT_FILENO)
        output_flush(p);
    return fd;
}

static int new_handle(struct platform *p, int fd) {
    unsigned i = STANDARD_STREAMS;
    while (i < p->file_capacity && p->files[i].fd >= 0)
        i++;
    if (i >= p->file_capacity && !grow(p)) {
        close(fd);
        return PLATFORM_ENOMEM;
    }
    p->files[i].fd = fd;
    p->files[i].waits = is_waiting_kind(fd);
    return (int)i;
}

static int open_retrying(const char *path, int flags) {
    int fd;
    do
        fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0666);
    while (fd < 0 && errno == EINTR);
    return fd;
}

int platform_file_open(struct platform *p, const char *path, enum platform_open how) {
    if (p->file_capacity == 0 && !grow(p))
        return PLATFORM_ENOMEM;
    int fd;
    if (how == PLATFORM_READ) {
        fd = open_retrying(path, O_RDONLY);
        struct stat st;
        if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
            close(fd);
            return PLATFORM_EISDIR;
        }
    } else {
        int create = how == PLATFORM_CREATE ? O_CREAT | O_EXCL : O_CREAT;
        fd = open_retrying(path, O_RDWR | create);
        if (fd < 0 && errno == EACCES) /* what may not be read may perhaps be written */
            fd = open_retrying(path, O_WRONLY | create);
    }
    return fd < 0 ? host_error(errno) : new_handle(p, fd);
}

int platform_file_close(struct platform *p, int file) {
    struct open_file *f = file_at(p, file);
    if (f == NULL)
        return PLATFORM_EINVAL;
    int fd = f->fd;
    if (file < STANDARD_STREAMS) /* stays open for the launcher's own messages */
        return 0;
    f->fd = -1;
    return close(fd) == 0 || errno == EINTR ? 0 : host_error(errno);
}

/* Wait until a terminal, pipe or socket has data; PLATFORM_EAGAIN when
 * somebody asks the program to stop meanwhile. */
static int wait_for_data(struct platform *p, int fd) {
    output_flush(p);
    for (;;) {
        struct pollfd both[2] = {{.fd = fd, .events = POLLIN},
                                 {.fd = p->mailbox->wake_fd, .events = POLLIN}};
        int n = poll(both, 2, -1);
        if (n < 0 && errno != EINTR)
            return host_error(errno);
        if (atomic_load(&p->mailbox->interrupts) != 0)
            return PLATFORM_EAGAIN;
        if (n > 0 && both[1].revents != 0) {
            uint64_t ignored; /* the preempt byte stays set: the event is not lost */
            ssize_t got = read(p->mailbox->wake_fd, &ignored, sizeof ignored);
            (void)got;
        }
        if (n > 0 && both[0].revents != 0)
            return 0;
    }
}

int64_t platform_file_read(struct platform *p, int file, void *data, size_t size) {
    struct open_file *f = file_at(p, file);
    if (f == NULL)
        return PLATFORM_EINVAL;
    for (;;) {
        int waited = f->waits ? wait_for_data(p, f->fd) : 0;
        if (waited != 0)
            return waited;
        ssize_t n = read(f->fd, data, size);
        if (n >= 0)
            return n;
        if (errno != EINTR && errno != EAGAIN)
            return host_error(errno);
    }
}

int64_t platform_file_write(struct platform *p, int file, const void *data, size_t size) {
    int fd = fd_of(p, file);
    if (fd < 0)
        return PLATFORM_EINVAL;
    if (fd == STDOUT_FILENO)
        return output_write(p, data, size);
    if (fd == STDERR_FILENO)
        output_flush(p); /* in the order in which it was written */
    return write_through(p, fd, data, size);
}

int platform_file_flush(struct platform *p, int file) {
    int fd = fd_of(p, file);
    if (fd < 0)
        return PLATFORM_EINVAL;
    return fd == STDOUT_FILENO ? output_flush(p) : 0;
}

int64_t platform_file_position(struct platform *p, int file) {
    int fd = settled_fd_of(p, file);
    off_t at = fd < 0 ? -1 : lseek(fd, 0, SEEK_CUR);
    return at < 0 ? PLATFORM_EINVAL : (int64_t)at;
}

int platform_file_seek(struct platform *p, int file, uint64_t position) {
    int fd = settled_fd_of(p, file);
    if (fd < 0 || position > INT64_MAX)
        return PLATFORM_EINVAL;
    return lseek(fd, (off_t)position, SEEK_SET) < 0 ? host_error(errno) : 0;
}

int64_t platform_file_size(struct platform *p, int file) {
    int fd = settled_fd_of(p, file);
    struct stat st;
    if (fd < 0)
        return PLATFORM_EINVAL;
    return fstat(fd, &st) == 0 ? (int64_t)st.st_size : host_error(errno);
}

int platform_file_truncate(struct platform *p, int file, uint64_t size) {
    int fd = settled_fd_of(p, file);
    if (fd < 0 || size > INT64_MAX)
        return PLATFORM_EINVAL;
    return ftruncate(fd, (off_t)size) == 0 ? 0 : host_error(errno);
}

int platform_file_sync(struct platform *p, int file) {
    int fd = settled_fd_of(p, file);
    if (fd < 0)
        return PLATFORM_EINVAL;
    return fsync(fd) == 0 ? 0 : host_error(errno);
}

/* Any small number may be asked for; only what is open here has a kind. */
enum platform_kind platform_file_kind(struct platform *p, int file) {
    int fd = fd_of(p, file);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return PLATFORM_KIND_UNKNOWN;
    if (isatty(fd))
        return PLATFORM_KIND_TERMINAL;
    return S_ISFIFO(st.st_mode) ? PLATFORM_KIND_PIPE : PLATFORM_KIND_FILE;
}
