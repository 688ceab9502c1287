/* How much memory this process may use: three quarters of the least of the
 * machine's memory, the limits of its control groups (versions 1 and 2, all
 * levels up to the root), and half of what RLIMIT_AS leaves when the program
 * has reserved its fixed windows (address space is reserved ahead of need). */
#include "state.h"

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

static uint64_t read_limit(const char *path) {
    char text[32];
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return UINT64_MAX;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    return end == text || value == 0 ? UINT64_MAX : value; /* "max": no limit */
}

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
    }
}

/* A line is "ID:CONTROLLERS:/GROUP"; version 2 has no controllers. */
static uint64_t cgroup_limit(void) {
    FILE *f = fopen("/proc/self/cgroup", "re");
    if (f == NULL)
        return UINT64_MAX;
    uint64_t limit = UINT64_MAX;
    char line[4096];
    while (fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = 0;
        char *controllers = strchr(line, ':');
        char *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
        if (group == NULL)
            continue;
        *group++ = 0;
        if (controllers[1] == 0)
            limit = least(limit, limit_up_the_tree("/sys/fs/cgroup", group, "memory.max"));
        else if (strstr(controllers, "memory") != NULL)
            limit = least(
                limit, limit_up_the_tree("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes"));
    }
    fclose(f);
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
