/*
 * vm.h - the Smalltalk VM as a library: open an image on a platform, run it
 * until it exits or until a deadline, post events to it, destroy it.
 *
 * Errors: vm_open answers an enum vm_outcome and writes one line (file, place,
 * cause) to `error`. vm_run never fails on account of the image's own code;
 * VM_EXHAUSTED and VM_CRASHED come with vm_error().
 *
 * Threads: a VM belongs to the thread that runs it; only vm_post_event and
 * vm_interrupt may be called from others. Any number of VMs may live in a
 * process, each with its own platform.
 */
#ifndef MOTE_VM_H
#define MOTE_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vm;
struct platform;

enum vm_outcome {
    VM_OK = 0,          /* vm_open only */
    VM_EXITED = 1,      /* the image quit: status in *status */
    VM_DEADLINE = 2,    /* the deadline passed; run again to go on */
    VM_INTERRUPTED = 3, /* vm_interrupt, or the platform's interrupt */
    VM_NO_PROCESS = 4,  /* nothing to run and nothing to wait for */
    VM_EXHAUSTED = 71,  /* memory */
    VM_CRASHED = 70,    /* the object memory is damaged */
    VM_BAD_IMAGE = 65,  /* not an image, or damaged */
    VM_NO_IMAGE = 66,   /* cannot be read */
};

struct vm_config {
    uint64_t max_bytes;     /* object memory limit; 0: the platform's */
    uint64_t eden_bytes;    /* 0: adaptive */
    uint64_t gc_stress;     /* collect and verify at every nth allocation; 0: off */
    bool count_primitives;  /* for vm_print_primitive_counts */
    const char *image_name; /* how the image knows itself; NULL: the path */
};

/* `path` is opened through the platform. A canonical image is mapped; any
 * other is verified and rewritten in memory. */
enum vm_outcome vm_open(struct vm **out, struct platform *platform, const char *path,
                        const struct vm_config *config, char *error, size_t error_size);

/* Run until the image exits, the monotonic time `deadline_ns` of the platform
 * (UINT64_MAX: never) passes, or one of the other outcomes. */
enum vm_outcome vm_run(struct vm *vm, uint64_t deadline_ns, int *status);

/* Signal the image's external semaphore `index` (1-based, as registered by the
 * image in its external objects array). */
void vm_post_event(struct vm *vm, uint32_t index);
void vm_interrupt(struct vm *vm);

const char *vm_error(const struct vm *vm);
void vm_close(struct vm *vm);

/* Write text about a stopped VM through `put`: the Smalltalk stack of the
 * active process (or of all), and the primitives called and missing by count. */
typedef void vm_put_fn(void *arg, const char *text, size_t size);
void vm_print_stack(struct vm *vm, bool all_processes, vm_put_fn *put, void *arg);
void vm_print_primitive_counts(struct vm *vm, vm_put_fn *put, void *arg);

#endif
