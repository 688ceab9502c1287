/*
 * state.h - the hosted platform's inside, shared by the files of host/hosted.
 *
 * What a signal handler touches lies in a struct mailbox. Mailboxes are never
 * freed, only used again (a handler that runs in another thread while the
 * platform is being closed still finds valid memory and its own eventfd).
 */
#ifndef MOTE_HOSTED_STATE_H
#define MOTE_HOSTED_STATE_H

#include "hosted.h"
#include "../common/host_error.h"

#include <dirent.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <time.h>

struct mailbox {
    struct mailbox *next; /* all that were ever made */
    _Atomic bool in_use;
    _Atomic bool catches_signals;
    volatile uint8_t preempt;
    _Atomic unsigned interrupts; /* requests not yet taken */
    _Atomic unsigned stops;      /* SIGINT and SIGTERM that nobody asked about yet */
    _Atomic bool report;         /* the same for SIGUSR1 */
    int wake_fd;                 /* eventfd: readable after a wake */
};

struct open_file {
    int fd;     /* -1: handle not in use */
    bool waits; /* terminal, pipe or socket: reads wait for data and for a wake */
};

struct platform {
    struct hosted_config config;
    struct mailbox *mailbox;

    timer_t timer;
    pid_t timer_thread; /* 0: no timer yet */
    uint64_t deadline;  /* what the timer is armed for */

    struct open_file *files;
    unsigned file_capacity;

    unsigned held; /* bytes of standard output that are held back */
    char output[1024];

    uint64_t memory_limit;
    int32_t utc_offset;
    int64_t utc_offset_asked; /* second at which it was looked up */
};

struct platform_dir {
    DIR *dir;
};

/* Write all of it; bytes written, or an error when there are none. */
int64_t write_through(struct platform *p, int fd, const char *data, size_t size);
/* Standard output by lines. */
int64_t output_write(struct platform *p, const char *data, size_t size);
int output_flush(struct platform *p);

struct mailbox *mailbox_take(void); /* NULL: no memory or descriptors */
void mailbox_give_back(struct mailbox *m);
/* Call `fn` with every mailbox, used or not. */
void mailbox_each(void (*fn)(struct mailbox *m));
void mailbox_post(struct mailbox *m);

/* Handlers are process-wide and counted; the last one out restores what was. */
void signals_catch(struct mailbox *m);
void signals_release(struct mailbox *m);
/* A real-time signal whose handler sets the preempt byte of the mailbox in
 * si_value; 0 when the process has none left. */
int signals_timer(void);

void timer_close(struct platform *p);
uint64_t memory_limit_of_host(void);

#endif
