/* One deadline, one byte, one blocking call.
 *
 * The deadline of a busy program is a POSIX timer whose signal goes to the
 * thread that asked (so that other threads of the process are not disturbed);
 * it is armed only when the deadline changes. An idle program needs no timer:
 * platform_wait is one ppoll on the mailbox's eventfd. */
#include "state.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum { NS_PER_S = 1000000000 };

static struct timespec to_timespec(uint64_t ns) {
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

static pid_t this_thread(void) {
    static _Thread_local pid_t id;
    if (id == 0)
        id = (pid_t)syscall(SYS_gettid);
    return id;
}

volatile uint8_t *platform_preempt(struct platform *p) {
    return &p->mailbox->preempt;
}

static bool timer_ready(struct platform *p) {
    pid_t self = this_thread();
    if (p->timer_thread == self)
        return true;
    timer_close(p);
    int number = signals_timer();
    if (number == 0)
        return false;
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = number;
    event.sigev_value.sival_ptr = p->mailbox;
    event.sigev_notify_thread_id = self;
    if (timer_create(CLOCK_MONOTONIC, &event, &p->timer) != 0)
        return false;
    p->timer_thread = self;
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    pthread_sigmask(SIG_UNBLOCK, &only, NULL);
    return true;
}

void timer_close(struct platform *p) {
    if (p->timer_thread != 0)
        timer_delete(p->timer);
    p->timer_thread = 0;
    p->deadline = PLATFORM_NEVER;
}

void platform_set_deadline(struct platform *p, uint64_t monotonic_ns) {
    if (monotonic_ns == p->deadline && p->timer_thread == this_thread())
        return;
    if (monotonic_ns == PLATFORM_NEVER) {
        if (p->timer_thread != 0 && p->deadline != PLATFORM_NEVER) {
            struct itimerspec off;
            memset(&off, 0, sizeof off);
            timer_settime(p->timer, 0, &off, NULL);
        }
        p->deadline = PLATFORM_NEVER;
        return;
    }
    if (monotonic_ns <= platform_monotonic_ns(p)) {
        p->mailbox->preempt = 1;
        return;
    }
    if (!timer_ready(p)) { /* without a timer: let the program look at the clock now */
        p->mailbox->preempt = 1;
        return;
    }
    struct itimerspec at;
    memset(&at, 0, sizeof at);
    at.it_value = to_timespec(monotonic_ns);
    timer_settime(p->timer, TIMER_ABSTIME, &at, NULL);
    p->deadline = monotonic_ns;
}

static void drain(struct mailbox *m) {
    uint64_t ignored;
    ssize_t n = read(m->wake_fd, &ignored, sizeof ignored);
    (void)n;
}

void platform_wait(struct platform *p, uint64_t monotonic_ns) {
    struct mailbox *m = p->mailbox;
    if (m->preempt)
        return;
    if (p->held > 0)
        output_flush(p);
    struct timespec timeout;
    const struct timespec *limit = NULL;
    if (monotonic_ns != PLATFORM_NEVER) {
        uint64_t now = platform_monotonic_ns(p);
        if (monotonic_ns <= now)
            return;
        timeout = to_timespec(monotonic_ns - now);
        limit = &timeout;
    }
    struct pollfd wake = {.fd = m->wake_fd, .events = POLLIN};
    if (ppoll(&wake, 1, limit, NULL) != 0) /* a wake, or a signal that made one */
        drain(m);
}

void platform_wake(struct platform *p) {
    mailbox_post(p->mailbox);
}

unsigned platform_interrupts(struct platform *p) {
    return atomic_exchange(&p->mailbox->interrupts, 0);
}
