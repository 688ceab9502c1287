/* How much memory this process may use: three quarters of the least of the
 * machine's memory, the limits of its control groups (versions 1 and 2, all
 * levels up to the root), and half of what RLIMIT_AS leaves when the program
 * has reserved its fixed windows (address space is reserved ahead of need). */
#include "state.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define FIXED_WINDOWS (UINT64_C(3) << 29) /* of a VM and its host: 1.5 GiB */
#define LITTLE (UINT64_C(16) << 20)

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* The beginning of a small file, ended by a zero; plain system calls, since
 * every start of a program comes through here. */
static bool read_text(const char *path, char *text, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, size - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    return n > 0;
}

static uint64_t read_limit(const char *path) {
    char text[32], *end;
    if (!read_text(path, text, sizeof text))
        return UINT64_MAX;
    uint64_t value = strtoull(text, &end, 10);
    return end == text || value == 0 ? UINT64_MAX : value; /* "max": no limit */
}

/* `group` is cut from its end, level by level. */
static uint64_t limit_up_the_tree(const char *mount, char *group, const char *file) {
    uint64_t limit = UINT64_MAX;
    char path[4096 + 256];
    for (;;) {
        snprintf(path, sizeof path, "%s%s/%s", mount, group, file);
        limit = least(limit, read_limit(path));
        char *slash = strrchr(group, '/');
        if (slash == NULL)
            return limit;
        *slash = 0;
        if (slash[1] == 0 && slash == group) /* "/" and "" are the same */
            return limit;
    }
}

static bool names_memory(const char *controllers) {
    for (const char *c = controllers; c != NULL && *c != 0; c = strchr(c, ',')) {
        c += *c == ',';
        if (strncmp(c, "memory", 6) == 0 && (c[6] == 0 || c[6] == ','))
            return true;
    }
    return false;
}

/* A line is "ID:CONTROLLERS:/GROUP"; version 2 has no controllers. */
static uint64_t cgroup_limit(void) {
    char text[4096];
    uint64_t limit = UINT64_MAX;
    if (!read_text("/proc/self/cgroup", text, sizeof text))
        return limit;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        strsep(&line, ":");
        const char *controllers = strsep(&line, ":");
        if (controllers == NULL || line == NULL)
            continue;
        if (*controllers == 0)
            limit = least(limit, limit_up_the_tree("/sys/fs/cgroup", line, "memory.max"));
        else if (names_memory(controllers))
            limit = least(
                limit, limit_up_the_tree("/sys/fs/cgroup/memory", line, "memory.limit_in_bytes"));
    }
    return limit;
}

uint64_t memory_limit_of_host(void) {
    uint64_t limit = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    limit = least(limit, cgroup_limit());
    struct rlimit space;
    if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
        limit = least(limit, space.rlim_cur > FIXED_WINDOWS + 2 * LITTLE
                                 ? (space.rlim_cur - FIXED_WINDOWS) / 2
                                 : LITTLE);
    return limit / 4 * 3;
}
