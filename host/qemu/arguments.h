/*
 * arguments.h - QEMU's command line. Its descriptors: 0, 1 and 2 are the mote's
 * streams, QEMU_STATUS_FD takes the exit status.
 */
#ifndef MOTE_QEMU_ARGUMENTS_H
#define MOTE_QEMU_ARGUMENTS_H

#include "qemu.h"

#include <stddef.h>

#define QEMU_PROGRAM "qemu-system-x86_64"
#define QEMU_STATUS_FD 3
#define QEMU_ARGUMENTS 64

struct qemu_arguments {
    char *v[QEMU_ARGUMENTS + 1]; /* v[0] is the program; ends with NULL */
    unsigned count;
    char accel[64], machine[64], memory[32];
    char *append; /* allocated */
};

/* 0, or EX_OSERR after a line. */
int qemu_arguments_make(struct qemu_arguments *a, const struct qemu_config *config);
void qemu_arguments_free(struct qemu_arguments *a);
/* As a shell takes them, on standard error. */
void qemu_arguments_print(const struct qemu_arguments *a);

#endif
