/*
 * kernel.h - the kernel's own header: its one state, and what a door provides.
 *
 * The kernel is one platform (platform.h) for one program. What differs between
 * the doors (kernel/platform/tender, kernel/platform/pc) is behind struct door,
 * chosen once at the entry point; files of the two folders that do the same
 * thing bear the same name. docs/porting.md explains each function.
 *
 * Errors: as in platform.h. kernel_panic ends the mote with status 70.
 * Nothing here is called from an interrupt handler, which does no more than set
 * the preempt byte and acknowledge (pc/interrupts.c).
 */
#ifndef MOTE_KERNEL_H
#define MOTE_KERNEL_H

#include "mote/abi.h"
#include "mote/platform.h"

enum { EXIT_CRASH = 70, EXIT_OUT_OF_MEMORY = 71 };

struct virtio_device; /* virtio/virtio.h */
struct console;       /* console.h */

struct door {
    const char *name;
    /* Memory of the arena. make_accessible: [at, at + size) can be touched from
     * now on and reads as zero where it was never written (PLATFORM_ENOMEM);
     * whole pages. discard: reads as zero again, costs nothing; parts that were
     * never accessible may be among it, the image's pages are not. */
    int (*make_accessible)(uintptr_t at, size_t size);
    void (*discard)(uintptr_t at, size_t size);
    /* Time: `deadline` is in monotonic ns. arm: the preempt byte is set when it
     * passes. wait: sleep until then or until the preempt byte is set; may
     * return early. */
    void (*arm)(uint64_t deadline);
    void (*wait)(uint64_t deadline);
    /* How often each was asked from outside, since the start. */
    unsigned (*stop_requests)(void);
    unsigned (*report_requests)(void);
    /* Saving to the file that the image came from; NULL where there is none.
     * `data` may be anywhere; offset ~0 is the end of the file. */
    int (*save_begin)(void);
    int (*save_write)(const void *data, size_t size, uint64_t offset);
    int (*save_commit)(void);
    void (*save_abort)(void);
    /* Text for somebody who debugs the kernel, before or without a console;
     * NULL: nobody would see it. */
    void (*early_write)(const char *text, size_t size);
    /* Does not return. What was written to the consoles goes out first. */
    void (*exit)(int status);
};

/* One string setting of the command line, or a piece of argv. See args.c. */
#define KERNEL_ARGS 256
#define KERNEL_ENV 64

struct platform {
    const struct door *door;
    volatile uint8_t *preempt;
    const volatile struct mote_clock *clock;

    uint64_t memory; /* what the program may commit, bytes */
    uint64_t committed;
    uintptr_t arena_end;

    const void *image_header; /* the file's first page; NULL: no image */
    uint64_t image_bytes;     /* of the file; the rest is at MOTE_IMAGE_BASE */
    bool can_save;

    struct console *console; /* standard input and output; NULL: early_write */
    struct console *errors;  /* standard error; NULL: as standard output */
    enum platform_kind kind[3];
    struct virtio_device *entropy; /* NULL: none */

    unsigned argc, envc;
    const char *argv[KERNEL_ARGS];
    const char *env[KERNEL_ENV]; /* NAME=value */
    const char *image_name, *program_path;
    int32_t utc_offset;

    unsigned stops_seen, reports_seen, interrupts_seen;
    bool wake; /* platform_wake since the last wait */
    void (*crash_report)(void *arg);
    void *crash_argument;
};

extern struct platform kernel; /* the one */

/* args.c: the command line, at every door the same text (docs/porting.md):
 * words separated by blanks, key=value; a value in double quotes may hold blanks,
 * and \" \\ \n. Keys: arg (argv, in order), env (NAME=value), image, program,
 * utc_offset, stdin, stdout, stderr (terminal, pipe, file, none), memory (bytes).
 * Words that it does not know are left alone (`virtio_mmio.device=` and other
 * words are the door's). `text` is copied; what does not fit is an error.
 * Answers 0 or PLATFORM_EINVAL, with the offset of the offending word. */
int args_parse(struct platform *p, const char *text, size_t size, size_t *where);

/* Common start after the door has set up `kernel` (door, clock, preempt, memory,
 * arena_end, image): entropy, reservations; then mote_main, then exit. */
_Noreturn void kernel_run(void);

_Noreturn void kernel_panic(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Called by the door on a stack of its own after a crash, at most once. */
_Noreturn void kernel_crashed(void);

/* Flush the consoles: what was written has left the mote's rings. */
void kernel_flush(void);

/* Standard output's held-back line, then the door's exit. */
_Noreturn void kernel_exit(int status);

/* events.c. Sleep inside a platform call until `ready` answers true; events for
 * the program that come meanwhile are kept for it. `ready` must have asked for
 * the preempt byte (virtqueue_wait_for ...) where it answers false. */
void kernel_await(bool (*ready)(void *arg), void *arg);
/* Somebody asked the program to stop or report, and platform_interrupts has not
 * told it yet. */
bool kernel_interrupted(void);

/* libc/tls.c: the thread control block of musl's functions. Every door sets the
 * FS base to its address before any of them is called. */
extern void *kernel_tls[64];

#endif
