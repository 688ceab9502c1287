/*
 * clock.c - monotonic and wall clock from the record in kernel.clock: the
 * pvclock protocol of KVM and Xen (Linux, Documentation/virt/kvm/x86/msr.rst,
 * MSR_KVM_SYSTEM_TIME_NEW). An odd version means that it is being written; a
 * version that changed meanwhile, that it was.
 */
#include "kernel.h"

struct moment {
    uint64_t ns, generation;
    int64_t wall_offset;
};

static uint64_t read_tsc(void) {
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

static uint64_t scaled(uint64_t ticks, uint32_t mul, int8_t shift) {
    ticks = shift >= 0 ? ticks << (shift & 63) : ticks >> (-shift & 63);
    return (uint64_t)((unsigned __int128)ticks * mul >> 32);
}

static struct moment now(void) {
    const volatile struct mote_clock *c = kernel.clock;
    struct moment m;
    uint32_t version;
    do {
        while (((version = __atomic_load_n(&c->version, __ATOMIC_ACQUIRE)) & 1) != 0)
            __builtin_ia32_pause();
        uint64_t tsc = read_tsc(), start = c->tsc_timestamp;
        m.ns = c->system_time + scaled(tsc > start ? tsc - start : 0, c->mul, c->shift);
        m.wall_offset = c->wall_offset;
        m.generation = c->generation;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (c->version != version);
    return m;
}

/* Never backwards, also when the record is replaced by a better one; a mote
 * that went elsewhere may start lower. */
static uint64_t never_back(const struct moment *m) {
    static uint64_t last, generation;
    if (m->generation != generation || m->ns > last)
        last = m->ns;
    generation = m->generation;
    return last;
}

uint64_t platform_monotonic_ns(struct platform *p) {
    (void)p;
    struct moment m = now();
    return never_back(&m);
}

int64_t platform_wall_us(struct platform *p) {
    (void)p;
    struct moment m = now();
    return ((int64_t)never_back(&m) + m.wall_offset) / 1000;
}

int32_t platform_utc_offset(struct platform *p) {
    return p->utc_offset;
}
