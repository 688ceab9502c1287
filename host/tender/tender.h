/*
 * tender.h - a tender: the host program around one mote. The parts that both
 * doors (process/, kvm/) share, and what each door provides.
 *
 * Everything the mote can write is hostile: it is read once, into a variable,
 * and checked there (guest.h). Nothing that the mote does may end the tender in
 * any way but these exit statuses:
 *   the mote's own      MOTE_CALL_EXIT
 *   65 EX_DATAERR       not a mote ELF, or a bad one; said before anything runs
 *   66 EX_NOINPUT       a file cannot be opened
 *   70 EX_SOFTWARE      the mote crashed or broke abi.h; a report on standard error
 *   71 EX_OSERR         the host has no memory, descriptors, /dev/kvm ...
 *   130                 stopped by SIGINT or SIGTERM and did not end by itself (5 s)
 *
 * Errors: functions that answer int give 0 or one of these statuses, after one
 * line on standard error by tender_complain.
 *
 * Threads: process: one, in serve(). kvm: the vCPU's thread (the main one) and
 * serve()'s. `shared` belongs to all and the mote; t->lock guards the device
 * queues and the save, which calls and serve() touch.
 */
#ifndef MOTE_TENDER_H
#define MOTE_TENDER_H

#include "mote/abi.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf.h"

struct tender;
struct crash;
struct save; /* save.c */

struct tender_config {
    const char *program; /* path of the ELF file */
    const char *name;    /* how messages call the mote: the image's or program's path */
    int image; /* canonical image file, open for reading; -1: none. Closed by the tender */
    uint64_t image_bytes;
    const char *save_path;    /* absolute; what MOTE_CALL_SAVE replaces; NULL: refused */
    const char *command_line; /* kernel/args.c's text */
    uint64_t memory;          /* -m, bytes */
    bool verbose;
};

struct tender_door {
    const char *name; /* kvm, process */
    /* Can it work here? NULL, or why not. Cheap (an access or open), no side effects. */
    const char *(*unavailable)(void);
    /* Build the mote around t->memory; not a single instruction of it runs yet. */
    int (*create)(struct tender *t);
    /* Run it to its end; answers the exit status. The sandbox is up already. */
    int (*run)(struct tender *t);
    /* MOTE_CALL_MAP and MOTE_CALL_DISCARD; the range is checked (whole pages, in
     * the arena; discard: outside the image). 0 or PLATFORM_E*. map NULL: the
     * whole arena is accessible. */
    int64_t (*map)(struct tender *t, uint64_t address, uint64_t bytes);
    int64_t (*discard)(struct tender *t, uint64_t address, uint64_t bytes);
    /* Copy what the mote has at `address` for a report; bytes copied, fewer at
     * an unmapped page. */
    size_t (*read)(struct tender *t, uint64_t address, void *out, size_t bytes);
    /* serve() calls it, without the lock, after each doorbell: the calls and
     * crashes of a mote that has no other way to say them. NULL: none (kvm). */
    void (*rung)(struct tender *t);
};

extern const struct tender_door tender_process, tender_kvm;

struct tender {
    const struct tender_config *config;
    const struct tender_door *door;
    void *door_state;

    struct elf program;
    int memory;   /* memfd: [0, MOTE_LOW_END) is low memory, then what the door puts there */
    uint8_t *low; /* of which this is a mapping, MOTE_LOW_END bytes, rw */
    struct mote_boot *boot;        /* in low; as built, but the mote can only read it */
    struct mote_clock *clock;      /* likewise */
    struct mote_shared *shared;    /* in low; hostile */
    uint64_t arena_end, image_end; /* addresses; image_end is page aligned */

    int doorbell; /* eventfd */
    int stop;     /* eventfd: ends serve() */
    pthread_mutex_t lock;
    struct devices *devices; /* devices.c */
    struct save *save;       /* NULL: none under way */
    int save_directory;      /* -1: no saving */
    atomic_bool exiting;     /* MOTE_CALL_EXIT came */
    atomic_int status;

    int signals;         /* signalfd: SIGINT, SIGTERM, SIGUSR1, which are blocked */
    int child;           /* pidfd of the process door's child; else -1 */
    int child_pid;       /* its number; else 0 */
    atomic_bool crashed; /* a crash has been reported: the status is 70 */
    atomic_bool ended;   /* serve() is to write out what is in the rings and return */
    atomic_bool gave_up; /* serve() returned because the mote did not heed a stop request */
    bool files_limited;  /* sandbox_files has been done */
    int64_t tsc_offset;  /* the mote's TSC minus the host's; kvm sets it */
    uint64_t deadline_passed;
};

/* A standard stream that is closed would become one of our own descriptors, and
 * the mote's output would go there: /dev/null takes its place. To be called before
 * anything is opened for a tender_config. 0 or EX_OSERR, without a complaint. */
int tender_streams(void);

/* run.c: load, create, sandbox, run, report. The one entry point for `mote run`. */
int tender_run(const struct tender_config *config, const struct tender_door *door);

/* "mote: NAME: ..." and a newline, in one write. */
void tender_complain(const struct tender *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* boot.c: check the sizes, make the memfd and map its low part. Then fill in boot (with the device
 * table), shared and the image header in low memory. */
int boot_memory(struct tender *t);
int boot_build(struct tender *t);
/* clock.c: the clock record; again when better known. clock_prepare first of all:
 * the time from there to clock_start measures the TSC. clock_start: 0 or 71. */
void clock_prepare(void);
int clock_start(struct tender *t);
void clock_refine(struct tender *t);
/* When to call clock_refine next without any other reason, mote ns or UINT64_MAX. */
uint64_t clock_next(const struct tender *t);
uint64_t clock_now(const struct tender *t); /* the mote's monotonic ns */

/* serve.c: consoles, entropy, deadline, signals, until t->stop or, on process,
 * the mote's end. Ends with all output written. It also ends, with t->gave_up and
 * status 130, when a stop request was not heeded, and with t->crashed and status
 * 70, after a report, when a ring broke the contract: the door then ends the mote. */
void serve(struct tender *t);
void serve_stop(struct tender *t);
/* Output that is in the rings, as far as its readers take it now: before a report,
 * so that what the mote said first is read first. True: there is more. */
bool serve_output(struct tender *t);
/* Something happened: preempt, wake, and end a MOTE_CALL_WAIT. */
void tender_notify(struct tender *t);

/* tender.c: the mote did what abi.h forbids: report, status 70, end of serve(). */
void tender_broken(struct tender *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* calls.c: do the call in shared.call (any but DOORBELL and WAIT) and post the
 * result. EXIT sets t->exiting and t->status. A number or argument that cannot
 * be gets PLATFORM_EINVAL or ENOTSUP as its result, never more. */
void tender_call(struct tender *t);
/* Sleep for MOTE_CALL_WAIT in the tender (kvm; on process the gate does it). */
void tender_wait(struct tender *t, uint32_t wake, uint64_t deadline);

/* save.c: where the image file is, found before the sandbox closes; then the
 * calls. 0 or PLATFORM_E*. save_abort also when nothing is under way. */
int save_prepare(struct tender *t);
int64_t save_begin(struct tender *t);
int64_t save_write(struct tender *t, uint64_t address, uint64_t bytes, uint64_t offset);
int64_t save_commit(struct tender *t);
int64_t save_abort(struct tender *t);

/* sandbox.c: no new privileges, no file but those needed, seccomp. sandbox_files
 * is the first part of it, which a door may have done earlier. */
int sandbox_files(struct tender *t);
int sandbox_tender(struct tender *t);

#endif
