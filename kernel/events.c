/*
 * events.c - one deadline, one byte, one blocking call.
 *
 * Whoever has news for the mote sets the preempt byte and ends door->wait. What
 * the kernel itself waits for inside a platform call (room in a ring, input)
 * goes through kernel_await, which keeps the program's events for it.
 */
#include "parts.h"

volatile uint8_t *platform_preempt(struct platform *p) {
    return p->preempt;
}

void platform_set_deadline(struct platform *p, uint64_t monotonic_ns) {
    if (monotonic_ns != PLATFORM_NEVER && monotonic_ns <= platform_monotonic_ns(p))
        *p->preempt = 1;
    else
        p->door->arm(monotonic_ns);
}

void platform_wait(struct platform *p, uint64_t monotonic_ns) {
    if (*p->preempt)
        return;
    streams_flush();
    if (p->wake) {
        p->wake = false;
        return;
    }
    while (!*p->preempt &&
           (monotonic_ns == PLATFORM_NEVER || platform_monotonic_ns(p) < monotonic_ns))
        p->door->wait(monotonic_ns); /* may be woken for nothing */
    p->wake = false;
}

void platform_wake(struct platform *p) {
    p->wake = true;
    *p->preempt = 1;
}

void kernel_await(bool (*ready)(void *arg), void *arg) {
    bool pending = false;
    for (;;) {
        /* Cleared before looking: what comes after the look sets it again. */
        if (*kernel.preempt) {
            *kernel.preempt = 0;
            pending = true;
        }
        if (ready(arg))
            break;
        kernel.door->wait(PLATFORM_NEVER);
    }
    if (pending)
        *kernel.preempt = 1;
}

/* ---- Requests from outside --------------------------------------------------------- */

bool kernel_interrupted(void) {
    return kernel.door->stop_requests() + kernel.door->report_requests() != kernel.interrupts_seen;
}

unsigned platform_interrupts(struct platform *p) {
    unsigned all = p->door->stop_requests() + p->door->report_requests();
    unsigned fresh = all - p->interrupts_seen;
    p->interrupts_seen = all;
    return fresh;
}

enum platform_request platform_request(struct platform *p) {
    unsigned stops = p->door->stop_requests(), reports = p->door->report_requests();
    enum platform_request request = stops != p->stops_seen       ? PLATFORM_REQUEST_STOP
                                    : reports != p->reports_seen ? PLATFORM_REQUEST_REPORT
                                                                 : PLATFORM_REQUEST_NONE;
    p->stops_seen = stops;
    p->reports_seen = reports;
    return request;
}
