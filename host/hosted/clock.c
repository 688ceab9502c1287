/* Clocks. */
#include "state.h"

uint64_t platform_monotonic_ns(struct platform *p) {
    (void)p;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t platform_wall_us(struct platform *p) {
    (void)p;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Looked up at most once a second: images ask with every look at the clock. */
int32_t platform_utc_offset(struct platform *p) {
    time_t now = time(NULL);
    if (p->utc_offset_asked != (int64_t)now) {
        struct tm local;
        p->utc_offset_asked = (int64_t)now;
        p->utc_offset = localtime_r(&now, &local) != NULL ? (int32_t)local.tm_gmtoff : 0;
    }
    return p->utc_offset;
}
