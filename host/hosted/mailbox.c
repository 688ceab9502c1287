/* Where signals and other threads leave their messages for a platform. */
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct mailbox *_Atomic all_mailboxes;

static void empty(struct mailbox *m) {
    uint64_t ignored;
    m->preempt = 0;
    atomic_store(&m->interrupts, 0);
    atomic_store(&m->stops, 0);
    atomic_store(&m->report, false);
    while (read(m->wake_fd, &ignored, sizeof ignored) > 0)
        ;
}

struct mailbox *mailbox_take(void) {
    for (struct mailbox *m = atomic_load(&all_mailboxes); m != NULL; m = m->next) {
        bool expected = false;
        if (atomic_compare_exchange_strong(&m->in_use, &expected, true)) {
            empty(m);
            return m;
        }
    }
    struct mailbox *m = calloc(1, sizeof *m);
    if (m == NULL)
        return NULL;
    m->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (m->wake_fd < 0) {
        free(m);
        return NULL;
    }
    m->in_use = true;
    m->next = atomic_load(&all_mailboxes);
    while (!atomic_compare_exchange_weak(&all_mailboxes, &m->next, m))
        ;
    return m;
}

void mailbox_give_back(struct mailbox *m) {
    atomic_store(&m->in_use, false);
}

void mailbox_each(void (*fn)(struct mailbox *m)) {
    for (struct mailbox *m = atomic_load(&all_mailboxes); m != NULL; m = m->next)
        fn(m);
}

/* Async-signal-safe. The byte comes first: whoever the eventfd wakes sees it. */
void mailbox_post(struct mailbox *m) {
    int saved = errno;
    uint64_t one = 1;
    m->preempt = 1;
    ssize_t written = write(m->wake_fd, &one, sizeof one);
    (void)written; /* fails only when the counter is full: readable already */
    errno = saved;
}
