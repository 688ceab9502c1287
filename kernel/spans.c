/* spans.c - see spans.h. */
#include "spans.h"

#include <string.h>

/* The first range that ends at or after `at`: those before lie wholly below it. */
static unsigned first_reaching(const struct spans *s, uintptr_t at) {
    unsigned low = 0, high = s->count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (s->span[middle].to < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Put `n` spans in the place of [i, j). */
static bool replace(struct spans *s, unsigned i, unsigned j, const struct span *with, unsigned n) {
    if (s->count - (j - i) + n > s->capacity)
        return false;
    memmove(&s->span[i + n], &s->span[j], (s->count - j) * sizeof *s->span);
    for (unsigned k = 0; k < n; k++)
        s->span[i + k] = with[k];
    s->count = s->count - (j - i) + n;
    return true;
}

size_t spans_count(const struct spans *s, uintptr_t from, uintptr_t to) {
    size_t bytes = 0;
    for (unsigned i = first_reaching(s, from); i < s->count && s->span[i].from < to; i++) {
        uintptr_t a = s->span[i].from > from ? s->span[i].from : from;
        uintptr_t b = s->span[i].to < to ? s->span[i].to : to;
        if (a < b)
            bytes += b - a;
    }
    return bytes;
}

bool spans_add(struct spans *s, uintptr_t from, uintptr_t to) {
    if (from >= to)
        return true;
    unsigned i = first_reaching(s, from), j = i;
    struct span whole = {from, to};
    for (; j < s->count && s->span[j].from <= to; j++) {
        if (s->span[j].from < whole.from)
            whole.from = s->span[j].from;
        if (s->span[j].to > whole.to)
            whole.to = s->span[j].to;
    }
    return replace(s, i, j, &whole, 1);
}

bool spans_remove(struct spans *s, uintptr_t from, uintptr_t to) {
    if (from >= to)
        return true;
    unsigned i = first_reaching(s, from), j = i, n = 0;
    if (i < s->count && s->span[i].to == from)
        i = j = i + 1;
    struct span rest[2];
    for (; j < s->count && s->span[j].from < to; j++) {
        if (s->span[j].from < from)
            rest[n++] = (struct span){s->span[j].from, from};
        if (s->span[j].to > to)
            rest[n++] = (struct span){to, s->span[j].to};
    }
    return replace(s, i, j, rest, n);
}

uintptr_t spans_find(const struct spans *s, size_t size, size_t align, uintptr_t low,
                     uintptr_t high) {
    for (unsigned i = first_reaching(s, low); i < s->count && s->span[i].from < high; i++) {
        uintptr_t from = s->span[i].from > low ? s->span[i].from : low;
        uintptr_t to = s->span[i].to < high ? s->span[i].to : high;
        uintptr_t at = (from + align - 1) & ~(uintptr_t)(align - 1);
        if (at >= from && at < to && to - at >= size)
            return at;
    }
    return 0;
}
