/*
 * run_options.h - the command line of `mote run`.
 */
#ifndef MOTE_HOST_RUN_OPTIONS_H
#define MOTE_HOST_RUN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct run_options {
    const char *image;
    unsigned image_argc; /* arguments for the image */
    char **image_argv;
    uint64_t max_bytes; /* -m; 0: not said */
    uint64_t gc_stress; /* MOTE_GC_STRESS; 0: off */
    bool count_primitives, verbose, no_cache;
};

/* True: run. False: print nothing more and exit with *status (0 after --help,
 * EX_USAGE after a complaint, which has been printed). argv[0] is the verb. */
bool run_options_read(int argc, char **argv, struct run_options *out, int *status);

#endif
