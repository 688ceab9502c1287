/*
 * check_code.h - the deep check of compiled code: header, literals, bytecodes,
 * jumps, stack depth at each of them.
 */
#ifndef MOTE_IMAGE_CHECK_CODE_H
#define MOTE_IMAGE_CHECK_CODE_H

#include "map.h"

/* Scratch memory that grows to the longest method; zero it before the first
 * use, free it after the last. */
struct code_scratch {
    struct code_point *points; /* one for each byte */
    struct code_visit *visits; /* those still to be followed */
    uint64_t capacity;
    bool exhausted;
};

/* One compiled method or block, its header and literal count known to be sound
 * (image_verify_objects). */
void image_check_code(const struct image_map *m, uint64_t word, struct code_scratch *scratch,
                      struct report *report);
void code_scratch_free(struct code_scratch *s);

#endif
