/* What all parts of a tender use: complaints, notifying the mote, waiting for it. */
#include "tender.h"

#include "crash.h"

#include <errno.h>
#include <linux/futex.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

/* One write, so that lines of several motes do not mix. A control character in a
 * name must not reach the terminal. */
void tender_complain(const struct tender *t, const char *format, ...) {
    char line[1024];
    int n = snprintf(line, sizeof line / 2, "mote: %s: ", t->config->name);
    size_t at = n < 0 ? 0 : (size_t)n < sizeof line / 2 ? (size_t)n : sizeof line / 2 - 1;
    va_list arguments;
    va_start(arguments, format);
    n = vsnprintf(line + at, sizeof line - at - 1, format, arguments);
    va_end(arguments);
    at += n < 0 ? 0 : (size_t)n < sizeof line - at - 1 ? (size_t)n : sizeof line - at - 2;
    for (size_t i = 0; i < at; i++) {
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    }
    line[at++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, at);
    (void)ignored;
}

void tender_broken(struct tender *t, const char *format, ...) {
    if (t->crashed || t->ended)
        return; /* the first reason is the one to tell */
    char what[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    const struct crash c = {.kind = CRASH_OTHER, .what = what};
    t->crashed = t->ended = true;
    t->status = EX_SOFTWARE;
    crash_report(t, &c);
}

void tender_notify(struct tender *t) {
    __atomic_store_n(&t->shared->preempt, 1, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&t->shared->wake, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &t->shared->wake, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void tender_wait(struct tender *t, uint32_t wake, uint64_t deadline) {
    struct timespec until, *timeout = NULL;
    if (deadline != UINT64_MAX) {
        uint64_t now = clock_now(t);
        if (deadline <= now)
            return;
        /* On the host's clock, of which the mote's is a good copy. A deadline
         * beyond what a timespec holds is none. */
        clock_gettime(CLOCK_MONOTONIC, &until);
        uint64_t host = (uint64_t)until.tv_sec * 1000000000 + (uint64_t)until.tv_nsec;
        uint64_t left = deadline - now;
        if (left < UINT64_C(1) << 62) {
            host += left;
            until.tv_sec = (time_t)(host / 1000000000);
            until.tv_nsec = (long)(host % 1000000000);
            timeout = &until;
        }
    }
    syscall(SYS_futex, &t->shared->wake, FUTEX_WAIT_BITSET, wake, timeout, NULL,
            FUTEX_BITSET_MATCH_ANY);
}
