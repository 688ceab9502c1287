/*
 * run_source.h - what `mote run FILE` is to run: a program (ELF file) and, when
 * FILE is an image, that image in a form that can be mapped.
 */
#ifndef MOTE_HOST_RUN_SOURCE_H
#define MOTE_HOST_RUN_SOURCE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct run_source {
    bool is_image;
    char name[PATH_MAX];     /* FILE, absolute */
    char file[PATH_MAX];     /* is_image: the file to map: FILE itself, its entry in the cache, or
                                FILE again, not canonical (`why`) */
    char why[512];           /* why it is not canonical; "" when it is */
    char program[PATH_MAX];  /* the ELF file for a tender: FILE, or mote-vm.elf; "" on hosted */
    char launcher[PATH_MAX]; /* path of this command */
};

/* Answers 0 or an exit status, after a line on standard error. */
int run_source_find(struct run_source *s, const char *file, bool no_cache, bool hosted);

/* A descriptor of the canonical image, rewritten in memory if there is no file of
 * it. 0 or an exit status, as above. */
int run_source_open_image(const struct run_source *s, int *fd, uint64_t *bytes);

#endif
