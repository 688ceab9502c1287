/*
 * report.h - how the parts of vm/image/ say what is wrong: one line
 * "PLACE: CAUSE" into a struct image_error, or a stream of them.
 */
#ifndef MOTE_IMAGE_REPORT_H
#define MOTE_IMAGE_REPORT_H

#include "image.h"

#define IMAGE_NO_OFFSET UINT64_MAX

/* Fills *error (may be NULL). Always answers false. */
bool image_fail(struct image_error *error, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct report {
    image_problem_fn *problem; /* may be NULL */
    void *arg;
    uint64_t limit;  /* lines passed on */
    uint64_t count;  /* problems found */
    bool first_only; /* the work may end at the first problem */
};

/* Count a problem and pass it on, its text prefixed with the file offset. */
void report_problem(struct report *r, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Nothing more is wanted. */
static inline bool report_done(const struct report *r) {
    return r->first_only && r->count != 0;
}

/* A report that keeps its first line in `error` and wants no more. */
struct report report_first(struct image_error *error);

#endif
