/* events.c - sleeping, and what the tender was asked from outside. */
#include "tender.h"

/* The tender sets `preempt` first and changes `wake` then: whoever reads the new
 * `wake` sees the byte, whoever reads the old one is woken. */
void tender_wait(uint64_t deadline) {
    volatile struct mote_shared *s = tender_shared();
    uint32_t wake = __atomic_load_n(&s->wake, __ATOMIC_ACQUIRE);
    if (!s->preempt)
        tender_call(MOTE_CALL_WAIT, wake, deadline, 0);
}

unsigned tender_stop_requests(void) {
    return tender_shared()->stop_requests;
}

unsigned tender_report_requests(void) {
    return tender_shared()->report_requests;
}
