/* Nonsense in the page that both sides write, and bells rung without end. */
#include "guest.h"

CASE(shared_doorbell_storm, BOTH, 0, "") {
    for (unsigned i = 0; i < 20000; i++)
        doorbell();
}
CASE(shared_deadline_storm, BOTH, 0, "") {
    for (unsigned i = 0; i < 5000; i++) {
        shared->deadline = i % 3 == 0 ? 0 : i % 3 == 1 ? now() : UINT64_MAX;
        doorbell();
    }
}
#define DEADLINE(name, value)                   \
    CASE(shared_deadline_##name, BOTH, 0, "") { \
        shared->deadline = value;               \
        doorbell();                             \
        nap(50000000);                          \
    }
DEADLINE(zero, 0)
DEADLINE(one, 1)
DEADLINE(past, now() - 1)
DEADLINE(2_to_the_63, UINT64_C(1) << 63)
DEADLINE(last_but_one, UINT64_MAX - 1)

CASE(shared_armed_is_a_lie, BOTH, 0, "") {
    shared->preempt = 0;
    shared->armed = 0;
    shared->deadline = now() + 1000000;
    doorbell();
    for (uint64_t end = now() + 5 * SECOND; shared->preempt == 0 && now() < end;)
        shared->armed = UINT64_MAX;
    check(shared->preempt != 0, "the deadline is kept");
}
CASE(shared_preempt_of_255, BOTH, 0, "") {
    shared->preempt = 255;
    doorbell();
    nap(1000000);
    shared->preempt = 0;
}
CASE(shared_wake_is_rewritten, BOTH, 0, "") {
    for (uint64_t end = now() + 200000000; now() < end;) {
        shared->wake = shared->wake * 1664525 + 1013904223;
        call(MOTE_CALL_WAIT, shared->wake, now() + 1000, 0);
    }
}
CASE(shared_requests_are_rewritten, BOTH, 0, "") {
    shared->stop_requests = UINT32_MAX;
    shared->report_requests = 0x80000000;
    doorbell();
    nap(1000000);
}
CASE(shared_nothing_but_ones, BOTH, 0 | 70, "") {
    for (uint64_t at = MOTE_SHARED; at < MOTE_SHARED + MOTE_SHARED_BYTES; at++)
        *(volatile uint8_t *)at = 0xff;
    doorbell();
    nap(20000000);
}
CASE(shared_noise, BOTH, 0 | 70, "") {
    uint64_t x = now() | 1;
    for (unsigned round = 0; round < 300; round++) {
        for (uint64_t at = MOTE_SHARED; at < MOTE_SHARED + sizeof *shared; at += 8) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            *(volatile uint64_t *)at = x & (x << 9) & (x >> 7);
        }
        doorbell();
    }
}

/* The call in flight, filled in by hand: the gate is only a convention. */
CASE(shared_call_posted_without_the_gate, BOTH, 0 | 70, "") {
    shared->call.number = UINT32_MAX;
    shared->call.argument[0] = UINT64_MAX;
    shared->call.state = MOTE_CALL_POSTED;
    doorbell();
    nap(20000000);
}
CASE(shared_call_in_an_unknown_state, BOTH, 0 | 70, "") {
    shared->call.state = 12345;
    doorbell();
    nap(20000000);
}
/* A doorbell's number among the calls that are posted. */
CASE(shared_call_posted_doorbell_and_wait, BOTH, 0 | 70, "") {
    for (uint32_t number = 0; number < 2; number++) {
        shared->call.number = number;
        shared->call.state = MOTE_CALL_POSTED;
        doorbell();
        nap(20000000);
    }
}

/* What the process tender's crash handler leaves for the tender. Rewritten by the
 * mote itself it must at worst be a strange report. */
#define CLAIM(name, a, b, c)                               \
    CASE(shared_claims_a_crash_##name, BOTH, 0 | 70, "") { \
        shared->siginfo = b;                               \
        shared->ucontext = c;                              \
        shared->signal = a;                                \
        doorbell();                                        \
        nap(100000000);                                    \
    }
CLAIM(nowhere, 11, 0, 0)
CLAIM(in_text, 11, ADDRESS(__text_start), ADDRESS(__text_start))
CLAIM(wrapping, 11, UINT64_MAX - 8, UINT64_MAX - 64)
CLAIM(at_the_end_of_low, 11, MOTE_LOW_END - 8, MOTE_LOW_END - 8)
CLAIM(at_the_end_of_its_stack, 11, MOTE_SIGNAL_STACK + MOTE_SIGNAL_STACK_BYTES - 8,
      MOTE_SIGNAL_STACK + MOTE_SIGNAL_STACK_BYTES - 8)
CLAIM(of_signal_minus_1, UINT64_MAX, MOTE_SIGNAL_STACK, MOTE_SIGNAL_STACK + 256)
CLAIM(of_signal_9, 9, MOTE_SIGNAL_STACK, MOTE_SIGNAL_STACK + 256)
