/* The clock record (struct mote_clock), from the best that the machine offers:
 *   KVM: the hypervisor keeps the record itself (Linux, Documentation/virt/kvm/x86/
 *     cpuid.rst and msr.rst: KVM_FEATURE_CLOCKSOURCE2);
 *   else the time-stamp counter, whose frequency Xen's time leaf says (Xen,
 *     public/arch-x86/cpuid.h), or CPUID 0x15 and 0x16 (Intel SDM 2A), or the
 *     hypervisors' timing leaf 0x40000010, or else the PIT or the RTC shows.
 * Wall clock: KVM's, else the RTC, which is right to the second, helped by the
 * command line.
 */
#include "pc.h"

#include "cpu.h"
#include "rtc.h"

#include <string.h>

#define NS_PER_S UINT64_C(1000000000)
#define PIT_HZ UINT64_C(1193182)
#define LAPIC_TIMER_INITIAL 0x380
#define LAPIC_TIMER_CURRENT 0x390

/* How long a measurement lasts at least: the PIT is read to a fraction of a
 * microsecond. */
#define PIT_MEASURE_NS UINT64_C(5000000)
#define MEASURE_NS UINT64_C(1000000)

_Alignas(128) struct mote_clock pc_clock; /* KVM's part must not cross a page */

static enum { BY_HYPERVISOR, BY_CPUID, BY_PIT, BY_RTC } source;
static uint64_t begin_tsc;
static uint32_t begin_lapic;

static uint64_t clock_at(uint64_t tsc) {
    const volatile struct mote_clock *c = &pc_clock;
    for (;;) {
        uint32_t version = __atomic_load_n(&c->version, __ATOMIC_ACQUIRE);
        uint64_t ticks = tsc > c->tsc_timestamp ? tsc - c->tsc_timestamp : 0;
        ticks = c->shift >= 0 ? ticks << (c->shift & 63) : ticks >> (-c->shift & 63);
        uint64_t ns = c->system_time + (uint64_t)((unsigned __int128)ticks * c->mul >> 32);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if ((version & 1) == 0 && c->version == version)
            return ns;
    }
}

uint64_t clock_now(void) {
    return clock_at(read_tsc());
}

/* ---- What a hypervisor says ------------------------------------------------ */

/* The first of its leaves; 0: not under that one. */
static uint32_t hypervisor_leaf(const char *signature) {
    if ((cpuid(1, 0).c & 1u << 31) == 0)
        return 0;
    for (uint32_t leaf = 0x40000000; leaf < 0x40010000; leaf += 0x100) {
        struct cpuid r = cpuid(leaf, 0);
        char name[12];
        memcpy(name, &r.b, 4);
        memcpy(name + 4, &r.c, 4);
        memcpy(name + 8, &r.d, 4);
        if (memcmp(name, signature, sizeof name) == 0)
            return leaf;
    }
    return 0;
}

static bool kvm_clock(void) {
    enum { FEATURE_CLOCK2 = 1 << 3, ENABLE = 1 };
    enum { MSR_WALL_CLOCK = 0x4b564d00, MSR_SYSTEM_TIME = 0x4b564d01 };
    static _Alignas(16) struct {
        uint32_t version, seconds, ns;
    } volatile wall;
    uint32_t leaf = hypervisor_leaf("KVMKVMKVM\0\0\0");
    if (leaf == 0 || (cpuid(leaf + 1, 0).a & FEATURE_CLOCK2) == 0)
        return false;
    write_msr(MSR_SYSTEM_TIME, (uint64_t)&pc_clock | ENABLE);
    if (pc_clock.mul == 0)
        return false;
    write_msr(MSR_WALL_CLOCK, (uint64_t)&wall);
    pc_clock.wall_offset = (int64_t)(wall.seconds * NS_PER_S + wall.ns);
    return true;
}

/* In Hz; 0: nobody says it. */
static uint64_t said_frequency(void) {
    uint32_t xen = hypervisor_leaf("XenVMMXenVMM");
    if (xen != 0 && cpuid(xen, 0).a >= xen + 3)
        return cpuid(xen + 3, 0).c * UINT64_C(1000);
    uint32_t highest = cpuid(0, 0).a;
    if (highest >= 0x15) {
        struct cpuid r = cpuid(0x15, 0);
        if (r.a != 0 && r.b != 0 && r.c != 0)
            return (uint64_t)r.c * r.b / r.a;
        if (highest >= 0x16 && r.a != 0 && r.b != 0 && (cpuid(0x16, 0).a & 0xffff) != 0)
            return (cpuid(0x16, 0).a & 0xffff) * UINT64_C(1000000);
    }
    if ((cpuid(1, 0).c & 1u << 31) != 0 && cpuid(0x40000000, 0).a >= 0x40000010)
        return cpuid(0x40000010, 0).a * UINT64_C(1000);
    return 0;
}

/* ---- What the PIT's channel 0 shows, which counts down at PIT_HZ (Intel 8254) ------
 * Channel 2 would not disturb anybody either, but its gate is behind port 0x61,
 * which small machines (QEMU's microvm) do not have. */

enum { READINGS = 16, CHANNEL_0 = 0x40, CONTROL = 0x43, OUT_PIN = 0x80 };

struct pit_reading {
    uint64_t tsc, count; /* sums */
    bool over;           /* it has passed 0, after 54 ms */
};

static struct pit_reading pit_begin;

/* Many readings at no particular phase: their mean is much finer than a tick. */
static struct pit_reading pit_read(void) {
    enum { LATCH_STATUS_AND_COUNT = 0xc2 };
    struct pit_reading sum = {0, 0, false};
    for (unsigned i = 0; i < READINGS; i++) {
        uint64_t before = read_tsc();
        out8(CONTROL, LATCH_STATUS_AND_COUNT);
        sum.tsc += before + (read_tsc() - before) / 2;
        sum.over |= (in8(CHANNEL_0) & OUT_PIN) != 0;
        uint8_t low = in8(CHANNEL_0);
        sum.count += (uint64_t)(low | in8(CHANNEL_0) << 8);
    }
    return sum;
}

/* Mode 0: its output rises when the count has passed 0. */
static void pit_start(void) {
    enum { LOW_HIGH_MODE_0 = 0x30 };
    out8(CONTROL, LOW_HIGH_MODE_0);
    out8(CHANNEL_0, 0xff);
    out8(CHANNEL_0, 0xff);
    pit_begin = pit_read();
}

/* 0: there is no PIT, or it does not count. */
static uint64_t pit_frequency(void) {
    for (unsigned tries = 0; tries < 5; tries++) {
        for (unsigned spins = 0; spins < 100000; spins++) {
            struct pit_reading now = pit_read();
            if (now.over || now.count > pit_begin.count)
                break;
            uint64_t counts = pit_begin.count - now.count, ticks = now.tsc - pit_begin.tsc;
            if (counts * NS_PER_S >= PIT_MEASURE_NS * PIT_HZ * READINGS)
                return ticks / counts * PIT_HZ + ticks % counts * PIT_HZ / counts;
        }
        pit_start(); /* it took too long: once more */
    }
    return 0;
}

/* ---- What the RTC shows: a second, which takes up to two ------------------------ */

static uint64_t rtc_frequency(void) {
    int64_t first, now;
    uint64_t tsc[2];
    for (unsigned i = 0; i < 2; i++) {
        if (!rtc_read(&first))
            return 0;
        do {
            tsc[i] = read_tsc();
            if (!rtc_read(&now))
                return 0;
        } while (now == first);
    }
    return tsc[1] - tsc[0];
}

/* ---- Putting it together ---------------------------------------------------------- */

/* ns = (ticks << shift) * mul >> 32, mul as large as it can be. */
static void set_frequency(uint64_t hz) {
    int shift = 0;
    while (hz > 2 * NS_PER_S) {
        hz >>= 1;
        shift--;
    }
    while (hz <= NS_PER_S) {
        hz <<= 1;
        shift++;
    }
    pc_clock.tsc_timestamp = begin_tsc;
    pc_clock.mul = (uint32_t)((NS_PER_S << 32) / hz);
    pc_clock.shift = (int8_t)shift;
}

void clock_begin(void) {
    events_prepare();
    lapic_write(LAPIC_TIMER_INITIAL, UINT32_MAX);
    begin_lapic = lapic_read(LAPIC_TIMER_CURRENT);
    begin_tsc = read_tsc();
    source = BY_HYPERVISOR;
    if (!kvm_clock()) {
        uint64_t hz = said_frequency();
        source = hz != 0 ? BY_CPUID : BY_PIT;
        if (hz != 0)
            set_frequency(hz);
        else
            pit_start();
    }
}

static void find_frequency(void) {
    uint64_t hz = pit_frequency();
    if (hz == 0) {
        source = BY_RTC;
        hz = rtc_frequency();
    }
    if (hz == 0)
        kernel_panic("nothing tells the frequency of the time-stamp counter: no pvclock, no CPUID "
                     "leaf 0x15 or 0x40000010, no PIT, no RTC");
    set_frequency(hz);
}

/* `wall_us` of the command line is when the machine was started: an RTC that says
 * only the second may be earlier. */
static void set_wall_clock(const char *command_line) {
    int64_t seconds, wall = 0;
    uint64_t us;
    if (rtc_read(&seconds))
        wall = seconds * (int64_t)NS_PER_S;
    if (words_number(command_line, "wall_us", &us) && us < INT64_MAX / 1000 &&
        (int64_t)us * 1000 > wall)
        wall = (int64_t)us * 1000;
    pc_clock.wall_offset = wall - (int64_t)clock_now();
}

void clock_finish(const char *command_line) {
    if (source == BY_PIT)
        find_frequency();
    if (source != BY_HYPERVISOR)
        set_wall_clock(command_line);
    /* The time-stamp counter is understood now: how fast was the LAPIC's timer? */
    uint64_t begin_ns = clock_at(begin_tsc);
    while (clock_now() - begin_ns < MEASURE_NS)
        cpu_pause();
    uint32_t ticks = begin_lapic - lapic_read(LAPIC_TIMER_CURRENT);
    events_start(ticks, clock_now() - begin_ns);
}
