/* clock.c - the tender keeps the clock record and the timer. */
#include "tender.h"

/* The tender looks at `deadline` again after it has written `armed`, so that one
 * of the two sees the other's word. For the tender each deadline passes once: one
 * that is asked for again, because the clock has just been set back a little, has
 * to be another. */
void tender_arm(uint64_t deadline) {
    volatile struct mote_shared *s = tender_shared();
    if (deadline == s->deadline && s->armed == PLATFORM_NEVER && deadline != PLATFORM_NEVER)
        deadline++;
    s->deadline = deadline;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (deadline < s->armed)
        tender_call(MOTE_CALL_DOORBELL, 0, 0, 0);
}
