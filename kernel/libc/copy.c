/*
 * copy.c - memcpy and memmove, for the short copies of a garbage collector:
 * musl's `rep movsq` takes twice to four times as long to get going. Loads of a
 * step come before its stores, and those of the far end before everything, so
 * that overlapping ranges come out right.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t __attribute__((may_alias, aligned(1))) word;
typedef uint32_t __attribute__((may_alias, aligned(1))) half;
typedef uint16_t __attribute__((may_alias, aligned(1))) quarter;
typedef long long __attribute__((vector_size(16), may_alias, aligned(1))) vector;

enum { STEP = 64, STRING_INSTRUCTION = 2048 }; /* from where `rep` is faster */

struct step {
    vector a, b, c, d;
};

static inline struct step load(const uint8_t *from) {
    const vector *v = (const vector *)from;
    return (struct step){v[0], v[1], v[2], v[3]};
}

static inline void store(uint8_t *to, struct step s) {
    vector *v = (vector *)to;
    v[0] = s.a;
    v[1] = s.b;
    v[2] = s.c;
    v[3] = s.d;
}

/* Up to STEP bytes: two halves that may overlap each other. */
static inline void copy_short(uint8_t *to, const uint8_t *from, size_t n) {
    if (n > 32) {
        const vector *last = (const vector *)(from + n - 32), *first = (const vector *)from;
        struct step s = {first[0], first[1], last[0], last[1]};
        vector *tail = (vector *)(to + n - 32);
        ((vector *)to)[0] = s.a;
        ((vector *)to)[1] = s.b;
        tail[0] = s.c;
        tail[1] = s.d;
    } else if (n >= 16) {
        vector a = *(const vector *)from, b = *(const vector *)(from + n - 16);
        *(vector *)to = a;
        *(vector *)(to + n - 16) = b;
    } else if (n >= 8) {
        word a = *(const word *)from, b = *(const word *)(from + n - 8);
        *(word *)to = a;
        *(word *)(to + n - 8) = b;
    } else if (n >= 4) {
        half a = *(const half *)from, b = *(const half *)(from + n - 4);
        *(half *)to = a;
        *(half *)(to + n - 4) = b;
    } else if (n >= 2) {
        quarter a = *(const quarter *)from, b = *(const quarter *)(from + n - 2);
        *(quarter *)to = a;
        *(quarter *)(to + n - 2) = b;
    } else if (n == 1) {
        *to = *from;
    }
}

static inline void copy_up(uint8_t *to, const uint8_t *from, size_t n) {
    uint8_t *last = to + n - STEP;
    struct step tail = load(from + n - STEP);
    do {
        store(to, load(from));
        to += STEP;
        from += STEP;
    } while (to < last);
    store(last, tail);
}

static inline void copy_down(uint8_t *to, const uint8_t *from, size_t n) {
    struct step head = load(from);
    uint8_t *at = to + n;
    from += n;
    do {
        at -= STEP;
        from -= STEP;
        store(at, load(from));
    } while (at > to + STEP);
    store(to, head);
}

/* Ranges that do not overlap. */
static inline void copy_long(uint8_t *to, const uint8_t *from, size_t n) {
    uint8_t *last = to + n - 8;
    word tail = *(const word *)(from + n - 8);
    size_t words = n / 8;
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words)::"memory");
    *(word *)last = tail;
}

__attribute__((no_builtin)) void *memmove(void *out, const void *in, size_t n) {
    uint8_t *to = out;
    const uint8_t *from = in;
    uintptr_t ahead = (uintptr_t)to - (uintptr_t)from, behind = (uintptr_t)from - (uintptr_t)to;
    if (n <= STEP)
        copy_short(to, from, n);
    else if (ahead < n)
        copy_down(to, from, n);
    else if (n < STRING_INSTRUCTION || behind < n)
        copy_up(to, from, n);
    else
        copy_long(to, from, n);
    return out;
}

void *memcpy(void *restrict out, const void *restrict in, size_t n)
    __attribute__((alias("memmove")));
