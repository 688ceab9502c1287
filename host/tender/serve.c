/* The loop that serves a mote's devices. It sleeps in ppoll on exactly what can
 * concern the mote now; with nothing to do and no deadline it does not wake. */
#include "devices.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

enum {
    EXIT_STOPPED = 130,
    PATIENCE_S = 5, /* after the first stop request, or a crash */
    AT_ONCE = 64,   /* writes before looking at anything else */
};

enum { ON_DOORBELL, ON_STOP, ON_SIGNALS, ON_CHILD, ON_INPUT, ON_OUTPUT, ON_ERRORS, SOURCES };

struct service {
    struct tender *tender;
    struct devices *devices;
    struct pollfd source[SOURCES];
    uint64_t armed;   /* what shared.armed says */
    uint64_t give_up; /* mote ns, UINT64_MAX: not asked to stop */
    bool precise;     /* the timer slack is off */
    bool woken;       /* the mote has had time to offer buffers for input */
};

static bool write_some_out(struct console_output *c) {
    bool busy = true;
    for (int i = 0; busy && i < AT_ONCE; i++)
        busy = console_write_out(c);
    return busy;
}

bool serve_output(struct tender *t) {
    pthread_mutex_lock(&t->lock);
    bool busy = write_some_out(&t->devices->errors);
    busy |= write_some_out(&t->devices->output);
    pthread_mutex_unlock(&t->lock);
    return busy;
}

/* What the rings hold. True: there is more. */
static bool serve_devices(struct service *s) {
    bool busy = serve_output(s->tender);
    pthread_mutex_lock(&s->tender->lock);
    busy |= entropy_fill(&s->devices->entropy);
    pthread_mutex_unlock(&s->tender->lock);
    return busy;
}

/* The preempt byte at the deadline that the mote asked for. Each deadline counts
 * once. Answers when to look again. */
static uint64_t serve_deadline(struct service *s) {
    struct tender *t = s->tender;
    for (;;) {
        uint64_t deadline = __atomic_load_n(&t->shared->deadline, __ATOMIC_SEQ_CST);
        uint64_t armed = deadline == t->deadline_passed ? UINT64_MAX : deadline;
        if (armed != UINT64_MAX && armed <= clock_now(t)) {
            t->deadline_passed = armed;
            armed = UINT64_MAX;
            __atomic_store_n(&t->shared->armed, armed, __ATOMIC_SEQ_CST);
            tender_notify(t);
        } else if (armed != s->armed) {
            __atomic_store_n(&t->shared->armed, armed, __ATOMIC_SEQ_CST);
        }
        s->armed = armed;
        if (__atomic_load_n(&t->shared->deadline, __ATOMIC_SEQ_CST) == deadline)
            return armed;
    }
}

static void stop_request(struct service *s) {
    struct tender *t = s->tender;
    if (s->give_up != UINT64_MAX) {
        s->give_up = 0;
        return;
    }
    s->give_up = clock_now(t) + PATIENCE_S * SECOND;
    __atomic_fetch_add(&t->shared->stop_requests, 1, __ATOMIC_SEQ_CST);
    tender_notify(t);
}

static void take_signals(struct service *s) {
    struct signalfd_siginfo got;
    if (read(s->tender->signals, &got, sizeof got) != sizeof got)
        return;
    if (got.ssi_signo == SIGUSR1) {
        __atomic_fetch_add(&s->tender->shared->report_requests, 1, __ATOMIC_SEQ_CST);
        tender_notify(s->tender);
    } else {
        stop_request(s);
    }
}

static void clear_event(int fd) {
    uint64_t count;
    ssize_t ignored = read(fd, &count, sizeof count);
    (void)ignored;
}

static void watch(struct service *s, unsigned source, int fd, short events, bool wanted) {
    s->source[source] = (struct pollfd){.fd = wanted ? fd : -1, .events = events};
}

static void choose_sources(struct service *s) {
    struct tender *t = s->tender;
    struct devices *d = s->devices;
    bool open = !t->ended && !t->exiting;
    pthread_mutex_lock(&t->lock);
    bool input = open && s->woken && console_wants_input(&d->input);
    pthread_mutex_unlock(&t->lock);
    watch(s, ON_DOORBELL, t->doorbell, POLLIN, true);
    watch(s, ON_STOP, t->stop, POLLIN, !t->ended);
    watch(s, ON_SIGNALS, t->signals, POLLIN, true);
    watch(s, ON_CHILD, t->child, POLLIN, open);
    watch(s, ON_INPUT, d->input.fd, POLLIN, input);
    watch(s, ON_OUTPUT, d->output.fd, POLLOUT, d->output.waits);
    watch(s, ON_ERRORS, d->errors.fd, POLLOUT, d->errors.waits);
}

static void handle_sources(struct service *s) {
    struct tender *t = s->tender;
    struct devices *d = s->devices;
    if (s->source[ON_DOORBELL].revents != 0)
        clear_event(t->doorbell);
    if (s->source[ON_STOP].revents != 0)
        t->ended = true;
    if (s->source[ON_SIGNALS].revents != 0)
        take_signals(s);
    if (s->source[ON_CHILD].revents != 0)
        t->ended = true;
    pthread_mutex_lock(&t->lock);
    if (s->source[ON_INPUT].revents != 0)
        console_read_in(&d->input);
    if (s->source[ON_OUTPUT].revents != 0)
        d->output.waits = false;
    if (s->source[ON_ERRORS].revents != 0)
        d->errors.waits = false;
    pthread_mutex_unlock(&t->lock);
}

static void sleep_until(struct service *s, uint64_t until) {
    struct timespec timeout = {0}, *limit = NULL;
    if (until != UINT64_MAX) {
        uint64_t now = clock_now(s->tender), left = until > now ? until - now : 0;
        timeout.tv_sec = (time_t)(left / SECOND);
        timeout.tv_nsec = (long)(left % SECOND);
        limit = &timeout;
        if (left != 0 && !s->precise) {
            prctl(PR_SET_TIMERSLACK, 1ul);
            s->precise = true;
        }
    }
    for (unsigned i = 0; i < SOURCES; i++)
        s->source[i].revents = 0;
    if (ppoll(s->source, SOURCES, limit, NULL) <= 0) {
        for (unsigned i = 0; i < SOURCES; i++)
            s->source[i].revents = 0;
    }
}

static uint64_t earliest(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

void serve(struct tender *t) {
    struct service s = {
        .tender = t, .devices = t->devices, .armed = UINT64_MAX, .give_up = UINT64_MAX};
    bool was_crashed = t->crashed;
    for (;;) {
        if (t->door->rung != NULL && !t->ended)
            t->door->rung(t);
        bool last = t->ended || t->exiting; /* what follows sees everything written before that */
        bool busy = serve_devices(&s);
        if (last && !busy && console_drained(&s.devices->output) &&
            console_drained(&s.devices->errors))
            return;
        uint64_t until = UINT64_MAX;
        if (!last) {
            clock_refine(t);
            until = earliest(serve_deadline(&s), clock_next(t));
        }
        if (t->crashed && !was_crashed) { /* it may still say something, but not forever */
            was_crashed = true;
            s.give_up = earliest(s.give_up, clock_now(t) + PATIENCE_S * SECOND);
        }
        if (s.give_up != UINT64_MAX && clock_now(t) >= s.give_up) {
            t->gave_up = true;
            if (!t->crashed)
                t->status = EXIT_STOPPED;
            return;
        }
        choose_sources(&s);
        busy |= !last && (t->ended || t->exiting); /* meanwhile, by the other thread or above */
        sleep_until(&s, busy ? 0 : earliest(until, s.give_up));
        handle_sources(&s);
        s.woken = true;
    }
}

void serve_stop(struct tender *t) {
    uint64_t one = 1;
    ssize_t ignored = write(t->stop, &one, sizeof one);
    (void)ignored;
}
