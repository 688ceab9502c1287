/* report.c - see report.h. */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>

bool image_fail(struct image_error *error, uint64_t offset, const char *format, ...) {
    if (error == NULL)
        return false;
    error->offset = offset;
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    return false;
}

void report_problem(struct report *r, uint64_t offset, const char *format, ...) {
    if (r->count++ >= r->limit || r->problem == NULL)
        return;
    struct image_error e = {.offset = offset};
    int used = 0;
    if (offset != IMAGE_NO_OFFSET)
        used = snprintf(e.text, sizeof e.text, "offset 0x%llx", (unsigned long long)offset);
    va_list args;
    va_start(args, format);
    vsnprintf(e.text + used, sizeof e.text - (size_t)used, format, args);
    va_end(args);
    r->problem(r->arg, &e);
}

static void keep_first(void *arg, const struct image_error *problem) {
    if (arg != NULL)
        *(struct image_error *)arg = *problem;
}

struct report report_first(struct image_error *error) {
    return (struct report){.problem = keep_first, .arg = error, .limit = 1, .first_only = true};
}
