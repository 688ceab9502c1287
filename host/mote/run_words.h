/*
 * run_words.h - the command line of a mote (kernel/args.c reads it): words of
 * the form key="value", quoted so that any byte but 0 comes through.
 */
#ifndef MOTE_HOST_RUN_WORDS_H
#define MOTE_HOST_RUN_WORDS_H

#include <stdbool.h>
#include <stddef.h>

struct words {
    char *text; /* of `room` bytes, always ended by a 0 */
    size_t size, room;
    bool overflow; /* something did not fit */
};

void words_add(struct words *w, const char *key, const char *value);

#endif
