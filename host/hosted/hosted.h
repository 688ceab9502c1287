/*
 * hosted.h - platform.h on an ordinary Linux process: what `mote run` and the
 * tests use, and what a program that embeds the VM opens.
 *
 * Ownership: hosted_open answers a platform that belongs to the caller until
 * hosted_close, which also closes its files, timer and anything left open. The
 * strings in the configuration are not copied: they must stay valid as long.
 * Any number of platforms may be open in one process, each used by one thread
 * at a time; only platform_wake (and a signal) may come from elsewhere.
 *
 * Errors: hosted_open answers NULL when memory or descriptors are exhausted.
 */
#ifndef MOTE_HOST_HOSTED_H
#define MOTE_HOST_HOSTED_H

#include "mote/platform.h"

struct hosted_config {
    unsigned argc;               /* arguments meant for the program ... */
    char *const *argv;           /* ... without the launcher's own */
    const char *program_path;    /* of the launcher; NULL: "" */
    uint64_t memory_limit;       /* bytes; 0: three quarters of what the host allows */
    bool catch_signals;          /* SIGINT, SIGTERM, SIGUSR1 become platform_interrupts */
    const char *image_path;      /* platform_image_path, or NULL */
    const char *image_name;      /* platform_image_name; NULL: the path */
    const char *const *settings; /* NAME=value, as if in the environment; NULL ends them */
};

struct platform *hosted_open(const struct hosted_config *config);
void hosted_close(struct platform *p);

#endif
