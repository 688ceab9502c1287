/*
 * qemu.h - run a mote's ELF file in QEMU, by PVH: `mote run --on qemu`.
 *
 * Standard input, output and error are ports of a virtio console (kernel/virtio/
 * ports.c); this process passes the bytes on, so that a terminal stays as it is
 * and the end of the input is told. The exit status comes through a debug console
 * of its own, because QEMU's exit status has only seven bits for it.
 *
 * Errors: one line on standard error, and one of these statuses:
 *   70 EX_SOFTWARE  the machine ended without a status (so early a crash that there
 *                   is no report)
 *   71 EX_OSERR     no QEMU, no processes or pipes, or QEMU gave up; its own message
 *                   is there already
 *   130             SIGINT, SIGTERM or SIGHUP came: QEMU has been stopped
 * QEMU does not outlive this process.
 *
 * Environment: MOTE_QEMU_ACCEL is QEMU's -accel (tcg).
 */
#ifndef MOTE_QEMU_H
#define MOTE_QEMU_H

#include <stdbool.h>
#include <stdint.h>

struct qemu_config {
    const char *program;      /* path of the ELF file */
    const char *name;         /* how messages call the mote */
    const char *image;        /* path of a canonical image file, or NULL */
    const char *command_line; /* kernel/args.c's text */
    const char *machine;      /* "microvm" or "q35" */
    uint64_t memory;          /* what the program may use, bytes */
    bool verbose;             /* print QEMU's command line */
};

/* Answers the mote's exit status, or one of the above. */
int qemu_run(const struct qemu_config *config);

#endif
