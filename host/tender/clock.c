/* The mote's clock: its monotonic time is this host's CLOCK_MONOTONIC.
 *
 * The record converts TSC ticks by a rate. That comes from CPUID where it says
 * (leaf 0x15, or 0x40000010 of a hypervisor), else from two readings of both
 * clocks, one at the start of the program and one just before the mote runs: good
 * to some hundred parts in a million. Later readings make it better and follow
 * NTP: when the tender wakes anyway, and three times by itself in the first
 * second. A rate of which the last digits are not known is taken at its lower
 * end, so that a correction goes forward; where the record is ahead, time runs a
 * little slower for a while. It never goes back. */
#include "tender.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define SECOND UINT64_C(1000000000)
#define HYPERVISOR (1u << 31) /* CPUID 1, ecx */

enum { READINGS = 3, SHORTEST_NS = 20000, FASTEST_REFINE_NS = 1000000 };

static const uint64_t timed[] = {1000000, 30000000, SECOND};
enum { TIMED = sizeof timed / sizeof *timed };

/* Both clocks at one moment; the TSC is known to +- error ticks. */
struct reading {
    uint64_t tsc, ns, error;
};

static struct {
    struct reading first; /* what the rate is measured from */
    struct reading last;  /* the latest */
    double ns_per_tick;
    bool known; /* the rate is CPUID's */
    unsigned timed;
    uint64_t start_ns;
} state;

static uint64_t ns_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static struct reading take_reading(void) {
    struct reading best = {.error = UINT64_MAX};
    for (int i = 0; i < READINGS; i++) {
        uint64_t before = __rdtsc(), ns = ns_of(CLOCK_MONOTONIC), after = __rdtsc();
        if ((after - before) / 2 < best.error)
            best = (struct reading){before + (after - before) / 2, ns, (after - before) / 2};
    }
    best.error++;
    return best;
}

void clock_prepare(void) {
    state.first = take_reading();
}

/* Ticks a second, or 0 where CPUID does not say. */
static double cpuid_rate(void) {
    unsigned a, b, c, d;
    __cpuid(0, a, b, c, d);
    if (a >= 0x15) {
        __cpuid_count(0x15, 0, a, b, c, d); /* Intel SDM vol. 2, CPUID: TSC = c * b / a */
        if (a != 0 && b != 0 && c != 0)
            return (double)c * b / a;
    }
    __cpuid(1, a, b, c, d);
    if ((c & HYPERVISOR) != 0) {
        __cpuid(0x40000000, a, b, c, d);
        if (a >= 0x40000010 && a < 0x40001000) {
            __cpuid(0x40000010, a, b, c, d); /* kHz */
            return (double)a * 1000;
        }
    }
    return 0;
}

/* The TSC runs at one rate, on all processors alike: it says so, or Linux found
 * that it keeps time by it. */
static bool tsc_is_constant(void) {
    unsigned a, b, c, d;
    __cpuid(0x80000000, a, b, c, d);
    if (a >= 0x80000007) {
        __cpuid(0x80000007, a, b, c, d);
        if ((d & 1u << 8) != 0)
            return true;
    }
    char source[32] = "";
    int fd = open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
                  O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, source, sizeof source - 1);
    if (fd >= 0)
        close(fd);
    return n >= 4 && strncmp(source, "tsc\n", 4) == 0;
}

static uint64_t convert(const struct mote_clock *c, uint64_t tsc) {
    uint64_t ticks = tsc - c->tsc_timestamp;
    ticks = c->shift >= 0 ? ticks << c->shift : ticks >> -c->shift;
    return c->system_time + (uint64_t)((unsigned __int128)ticks * c->mul >> 32);
}

static void publish(struct tender *t, uint64_t tsc, uint64_t ns, double ns_per_tick) {
    struct mote_clock *c = t->clock;
    uint32_t version = c->version;
    int8_t shift = 0;
    while (ns_per_tick >= 1.0) {
        ns_per_tick /= 2;
        shift++;
    }
    __atomic_store_n(&c->version, version + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    c->tsc_timestamp = tsc + (uint64_t)t->tsc_offset;
    c->system_time = ns;
    c->mul = (uint32_t)(ns_per_tick * 4294967296.0);
    c->shift = shift;
    c->wall_offset = (int64_t)(ns_of(CLOCK_REALTIME) - ns_of(CLOCK_MONOTONIC));
    __atomic_store_n(&c->version, version + 2, __ATOMIC_RELEASE);
}

/* From state.first to `now`, at the lower end of what the readings allow. */
static double measured_rate(const struct reading *now) {
    double ticks = (double)(now->tsc - state.first.tsc);
    double error = (double)(now->error + state.first.error) / ticks;
    return (double)(now->ns - state.first.ns) / ticks * (1 - error);
}

int clock_start(struct tender *t) {
    if (!tsc_is_constant()) {
        tender_complain(t, "this processor has no constant time stamp counter; use --on hosted");
        return EX_OSERR;
    }
    double rate = cpuid_rate();
    state.known = rate >= 1e7;
    struct reading now = take_reading();
    while (!state.known && now.ns - state.first.ns < SHORTEST_NS)
        now = take_reading();
    state.ns_per_tick = state.known ? 1e9 / rate : measured_rate(&now);
    state.last = now;
    state.start_ns = now.ns;
    t->clock->generation = 1;
    if (getrandom(t->clock->seed, sizeof t->clock->seed, 0) != sizeof t->clock->seed) {
        tender_complain(t, "random numbers (getrandom): %s", strerror(errno));
        return EX_OSERR;
    }
    publish(t, now.tsc, now.ns, state.ns_per_tick);
    return 0;
}

uint64_t clock_now(const struct tender *t) {
    struct mote_clock copy;
    uint32_t version;
    do {
        version = __atomic_load_n(&t->clock->version, __ATOMIC_ACQUIRE);
        copy = *t->clock;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((version & 1) != 0 ||
             __atomic_load_n(&t->clock->version, __ATOMIC_RELAXED) != version);
    return convert(&copy, __rdtsc() + (uint64_t)t->tsc_offset);
}

uint64_t clock_next(const struct tender *t) {
    (void)t;
    unsigned count = state.known ? 1 : TIMED; /* serve() counts on one */
    return state.timed >= count ? UINT64_MAX : state.start_ns + timed[state.timed];
}

/* Not worth it yet: readings twice as far from the start, at most ten seconds apart. */
static bool too_soon(void) {
    uint64_t gap = state.last.ns - state.start_ns;
    gap = gap < FASTEST_REFINE_NS ? FASTEST_REFINE_NS : gap > 10 * SECOND ? 10 * SECOND : gap;
    return (double)(__rdtsc() - state.last.tsc) * state.ns_per_tick < (double)gap;
}

void clock_refine(struct tender *t) {
    if (too_soon())
        return;
    struct reading now = take_reading();
    while (state.timed < TIMED && now.ns >= state.start_ns + timed[state.timed])
        state.timed++;
    if (now.tsc <= state.last.tsc || now.ns <= state.last.ns) { /* the host slept: start again */
        state.first = state.last = now;
        publish(t, now.tsc, now.ns, state.ns_per_tick);
        return;
    }
    if (!state.known || now.ns - state.first.ns > SECOND)
        state.ns_per_tick = measured_rate(&now);
    uint64_t old = convert(t->clock, now.tsc + (uint64_t)t->tsc_offset);
    if (now.ns >= old) {
        publish(t, now.tsc, now.ns, state.ns_per_tick);
    } else {
        double behind = (double)(old - now.ns) / (double)(now.ns - state.last.ns);
        publish(t, now.tsc, old, state.ns_per_tick * (1 - (behind < 1e-3 ? behind : 1e-3)));
    }
    if (now.ns - state.first.ns > 16 * SECOND)
        state.first = now;
    state.last = now;
}
