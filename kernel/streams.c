/*
 * streams.c - the standard streams: handles 0, 1 and 2 over the consoles, as
 * host/hosted does it. Standard output goes out by lines, because images write
 * it byte by byte; what is held back is at most the beginning of a line.
 */
#include "console.h"
#include "parts.h"

#include <string.h>

enum { IN = 0, OUT = 1, ERR = 2, STREAMS = 3 };

static char held[1024];
static unsigned held_size;

/* Whoever sees both sees them in the order in which they were written: what the
 * other console holds goes out first. */
static void write_through(int file, const void *data, size_t size) {
    static struct console *last;
    struct console *c = file == ERR && kernel.errors != NULL ? kernel.errors : kernel.console;
    if (size == 0 || kernel.kind[file] == PLATFORM_KIND_NONE)
        return;
    if (last != NULL && last != c)
        last->flush(last);
    last = c;
    if (c != NULL)
        c->write(c, data, size);
    else if (kernel.door->early_write != NULL)
        kernel.door->early_write(data, size);
}

void streams_flush(void) {
    unsigned size = held_size;
    held_size = 0;
    write_through(OUT, held, size);
}

static void write_out(const char *data, size_t size) {
    if (size > sizeof held - held_size)
        streams_flush();
    if (size > sizeof held) {
        write_through(OUT, data, size);
        return;
    }
    memcpy(held + held_size, data, size);
    held_size += (unsigned)size;
    if (memchr(data, '\n', size) != NULL || memchr(data, '\r', size) != NULL)
        streams_flush();
}

int64_t platform_console_write(struct platform *p, int fd, const void *data, size_t size) {
    (void)p;
    if ((fd != OUT && fd != ERR) || size > INT64_MAX)
        return PLATFORM_EINVAL;
    streams_flush();
    write_through(fd, data, size);
    return (int64_t)size;
}

int64_t platform_file_write(struct platform *p, int file, const void *data, size_t size) {
    if (file != OUT)
        return platform_console_write(p, file, data, size);
    if (size > INT64_MAX)
        return PLATFORM_EINVAL;
    write_out(data, size);
    return (int64_t)size;
}

/* Input came, or somebody asks the program to stop meanwhile. */
static bool may_read(void *arg) {
    struct console *c = arg;
    return kernel_interrupted() || c->want_input(c);
}

int64_t platform_file_read(struct platform *p, int file, void *data, size_t size) {
    if (file < 0 || file >= STREAMS)
        return PLATFORM_EINVAL;
    struct console *c = kernel.console;
    if (file != IN || size == 0 || c == NULL || c->read == NULL ||
        p->kind[IN] == PLATFORM_KIND_NONE)
        return file == IN ? 0 : PLATFORM_EINVAL;
    bool waits = p->kind[IN] != PLATFORM_KIND_FILE;
    if (waits)
        streams_flush();
    for (;;) {
        if (waits && kernel_interrupted())
            return PLATFORM_EAGAIN;
        int64_t n = c->read(c, data, size);
        if (n != 0)
            return n > 0 ? n : 0;
        kernel_await(may_read, c);
        waits = true;
    }
}

int platform_file_flush(struct platform *p, int file) {
    (void)p;
    if (file < 0 || file >= STREAMS)
        return PLATFORM_EINVAL;
    if (file == OUT)
        streams_flush();
    return 0;
}

int platform_file_sync(struct platform *p, int file) {
    (void)p;
    if (file < 0 || file >= STREAMS)
        return PLATFORM_EINVAL;
    if (file != IN)
        kernel_flush();
    return 0;
}

enum platform_kind platform_file_kind(struct platform *p, int file) {
    return file < 0 || file >= STREAMS ? PLATFORM_KIND_UNKNOWN : p->kind[file];
}

/* Streams have neither positions nor sizes, whatever the host has behind them. */

int64_t platform_file_position(struct platform *p, int file) {
    (void)p;
    (void)file;
    return PLATFORM_EINVAL;
}

int platform_file_seek(struct platform *p, int file, uint64_t position) {
    (void)p;
    (void)file;
    (void)position;
    return PLATFORM_EINVAL;
}

int64_t platform_file_size(struct platform *p, int file) {
    (void)p;
    return file < 0 || file >= STREAMS ? PLATFORM_EINVAL : 0;
}

int platform_file_truncate(struct platform *p, int file, uint64_t size) {
    (void)p;
    (void)file;
    (void)size;
    return PLATFORM_EINVAL;
}

int platform_file_close(struct platform *p, int file) {
    (void)p;
    return file < 0 || file >= STREAMS ? PLATFORM_EINVAL : 0; /* they stay open */
}
