/* clock.c - the tender keeps the clock record and the timer. */
#include "tender.h"

/* The tender looks at `deadline` again after it has written `armed`, so that one
 * of the two sees the other's word. */
void tender_arm(uint64_t deadline) {
    volatile struct mote_shared *s = tender_shared();
    s->deadline = deadline;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (deadline < s->armed)
        tender_call(MOTE_CALL_DOORBELL, 0, 0, 0);
}
