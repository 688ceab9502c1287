/* One deadline, one byte, one instruction that waits: the LAPIC's timer in
 * one-shot mode, and hlt. Nothing ticks. */
#include "pc.h"

#include "cpu.h"

enum { TIMER_ENTRY = 0x320, TIMER_INITIAL = 0x380, TIMER_DIVIDE = 0x3e0, BY_128 = 10 };

volatile uint8_t pc_preempt;

static uint64_t armed = PLATFORM_NEVER;   /* sets the preempt byte */
static uint64_t waiting = PLATFORM_NEVER; /* only ends the wait */
static uint64_t programmed = PLATFORM_NEVER;
static uint64_t limit = PLATFORM_NEVER;
static uint64_t timer_ticks, timer_ns; /* so many ticks in so many ns */

void events_prepare(void) {
    lapic_write(TIMER_DIVIDE, BY_128);
}

void events_start(uint64_t ticks, uint64_t ns) {
    timer_ticks = ticks;
    timer_ns = ns;
    if (ticks == 0)
        kernel_panic("the timer of the local APIC does not count");
    lapic_write(TIMER_INITIAL, 0);
    lapic_write(TIMER_ENTRY, VECTOR_TIMER); /* one-shot */
    __asm__ volatile("sti");
}

/* Interrupts are off. A far deadline is reached in several steps. */
static void program(uint64_t now) {
    uint64_t deadline = armed < waiting ? armed : waiting;
    if (deadline == programmed)
        return;
    programmed = deadline;
    if (deadline == PLATFORM_NEVER) {
        lapic_write(TIMER_INITIAL, 0);
        return;
    }
    uint64_t ns = deadline > now ? deadline - now : 0;
    unsigned __int128 ticks = (unsigned __int128)ns * timer_ticks;
    uint64_t count = UINT32_MAX;
    if (ns < timer_ns << 20)
        count = (uint64_t)ticks / timer_ns + 1;
    lapic_write(TIMER_INITIAL, count < UINT32_MAX ? (uint32_t)count : UINT32_MAX);
}

void events_timer(void) {
    uint64_t now = clock_now();
    programmed = PLATFORM_NEVER;
    if (now >= armed) {
        armed = PLATFORM_NEVER;
        pc_preempt = 1;
    }
    if (now < waiting)
        program(now);
}

void events_arm(uint64_t deadline) {
    __asm__ volatile("cli" : : : "memory");
    armed = deadline;
    program(clock_now());
    __asm__ volatile("sti" : : : "memory");
}

void events_limit(uint64_t ns) {
    limit = clock_now() + ns;
    __asm__ volatile("cli" : : : "memory");
    armed = limit;
    program(clock_now());
    __asm__ volatile("sti" : : : "memory");
}

/* An interrupt after the look at the preempt byte ends the hlt: sti takes effect
 * after the instruction that follows it. */
void events_wait(uint64_t deadline) {
    if (clock_now() >= limit)
        exit_at_once(EXIT_CRASH);
    __asm__ volatile("cli" : : : "memory");
    waiting = deadline;
    for (;;) {
        uint64_t now = clock_now();
        if (pc_preempt || now >= deadline)
            break;
        program(now);
        __asm__ volatile("sti; hlt; cli" : : : "memory");
    }
    waiting = PLATFORM_NEVER;
    program(clock_now());
    __asm__ volatile("sti" : : : "memory");
}
