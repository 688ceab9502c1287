/* fill.c - memset; see copy.c. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t __attribute__((may_alias, aligned(1))) word;
typedef uint32_t __attribute__((may_alias, aligned(1))) half;
typedef long long __attribute__((vector_size(16), may_alias, aligned(1))) vector;

enum { STEP = 64, STRING_INSTRUCTION = 2048 };

static inline void fill_step(uint8_t *to, vector v) {
    ((vector *)to)[0] = v;
    ((vector *)to)[1] = v;
    ((vector *)to)[2] = v;
    ((vector *)to)[3] = v;
}

static inline void fill_tiny(uint8_t *to, uint64_t pattern, size_t n) {
    if (n >= 8) {
        *(word *)to = pattern;
        *(word *)(to + n - 8) = pattern;
    } else if (n >= 4) {
        *(half *)to = (uint32_t)pattern;
        *(half *)(to + n - 4) = (uint32_t)pattern;
    } else if (n > 0) {
        to[0] = to[n / 2] = to[n - 1] = (uint8_t)pattern;
    }
}

__attribute__((no_builtin)) void *memset(void *out, int byte, size_t n) {
    uint8_t *to = out, *end = to + n;
    uint64_t pattern = UINT64_C(0x0101010101010101) * (uint8_t)byte;
    vector v = {(long long)pattern, (long long)pattern};
    if (n < 16) {
        fill_tiny(to, pattern, n);
    } else if (n <= STEP) {
        *(vector *)to = v;
        *(vector *)(end - 16) = v;
        if (n > 32) {
            *(vector *)(to + 16) = v;
            *(vector *)(end - 32) = v;
        }
    } else if (n < STRING_INSTRUCTION) {
        for (; to < end - STEP; to += STEP)
            fill_step(to, v);
        fill_step(end - STEP, v);
    } else {
        size_t words = n / 8;
        __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
        *(word *)(end - 8) = pattern;
    }
    return out;
}
