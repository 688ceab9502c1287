/*
 * run_options.h - the command line of `mote run`.
 */
#ifndef MOTE_HOST_RUN_OPTIONS_H
#define MOTE_HOST_RUN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum run_on { ON_BEST, ON_HOSTED, ON_PROCESS, ON_KVM, ON_QEMU };

enum { RUN_ENVIRONMENT = 48 }; /* most -e options */

struct run_options {
    const char *file; /* an image, or a C program's ELF file */
    unsigned argc;    /* arguments for it */
    char **argv;
    enum run_on on;
    const char *machine; /* of QEMU: microvm, q35 */
    uint64_t memory;     /* -m; 0: not said */
    unsigned environment_count;
    const char *environment[RUN_ENVIRONMENT]; /* NAME=value */
    bool count_primitives, verbose, no_cache;
};

/* True: run. False: print nothing more and exit with *status (0 after --help,
 * EX_USAGE after a complaint, which has been printed). argv[0] is the verb. */
bool run_options_read(int argc, char **argv, struct run_options *out, int *status);

#endif
