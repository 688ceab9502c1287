/* SIGINT, SIGTERM, SIGUSR1 and the timer's signal. Handlers only write to
 * mailboxes. A third unanswered SIGINT or SIGTERM kills the process as usual:
 * the program is stuck in something that never looks at its preempt byte. */
#include "state.h"

#include <pthread.h>
#include <stddef.h>

enum { UNANSWERED = 2 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned catchers;
static struct sigaction old_int, old_term, old_usr1;
static _Atomic int timer_signal;

static _Atomic bool must_die;

static void interrupt_one(struct mailbox *m) {
    if (!atomic_load(&m->in_use) || !atomic_load(&m->catches_signals))
        return;
    if (atomic_fetch_add(&m->stops, 1) >= UNANSWERED)
        atomic_store(&must_die, true);
    atomic_fetch_add(&m->interrupts, 1);
    mailbox_post(m);
}

static void on_interrupt(int number) {
    mailbox_each(interrupt_one);
    if (atomic_load(&must_die)) {
        signal(number, SIG_DFL);
        raise(number); /* delivered when this handler returns */
    }
}

static void report_one(struct mailbox *m) {
    if (atomic_load(&m->in_use) && atomic_load(&m->catches_signals)) {
        atomic_store(&m->report, true);
        atomic_fetch_add(&m->interrupts, 1);
        mailbox_post(m);
    }
}

static void on_report(int number) {
    (void)number;
    mailbox_each(report_one);
}

static void on_timer(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)context;
    struct mailbox *m = info->si_value.sival_ptr;
    if (info->si_code == SI_TIMER && m != NULL)
        m->preempt = 1;
}

void signals_catch(struct mailbox *m) {
    pthread_mutex_lock(&lock);
    if (catchers++ == 0) {
        /* No SA_RESTART: a system call that takes long comes back. */
        struct sigaction action = {.sa_handler = on_interrupt};
        sigemptyset(&action.sa_mask);
        sigaction(SIGINT, &action, &old_int);
        sigaction(SIGTERM, &action, &old_term);
        action.sa_handler = on_report;
        action.sa_flags = SA_RESTART;
        sigaction(SIGUSR1, &action, &old_usr1);
    }
    atomic_store(&m->catches_signals, true);
    pthread_mutex_unlock(&lock);
}

void signals_release(struct mailbox *m) {
    pthread_mutex_lock(&lock);
    atomic_store(&m->catches_signals, false);
    if (--catchers == 0) {
        sigaction(SIGINT, &old_int, NULL);
        sigaction(SIGTERM, &old_term, NULL);
        sigaction(SIGUSR1, &old_usr1, NULL);
    }
    pthread_mutex_unlock(&lock);
}

int signals_timer(void) {
    int number = atomic_load(&timer_signal);
    if (number != 0)
        return number;
    pthread_mutex_lock(&lock);
    number = atomic_load(&timer_signal);
    for (int n = SIGRTMIN; number == 0 && n <= SIGRTMAX; n++) {
        struct sigaction now;
        if (sigaction(n, NULL, &now) != 0 || (now.sa_flags & SA_SIGINFO) != 0 ||
            now.sa_handler != SIG_DFL)
            continue;
        struct sigaction action = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO | SA_RESTART};
        sigemptyset(&action.sa_mask);
        if (sigaction(n, &action, NULL) == 0)
            number = n;
    }
    atomic_store(&timer_signal, number);
    pthread_mutex_unlock(&lock);
    return number;
}
