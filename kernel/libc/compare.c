/* compare.c - memcmp by words; musl's goes byte by byte. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t __attribute__((may_alias, aligned(1))) word;

/* The first byte counts most. */
static inline int order(uint64_t a, uint64_t b) {
    a = __builtin_bswap64(a);
    b = __builtin_bswap64(b);
    return a < b ? -1 : a > b;
}

__attribute__((no_builtin)) int memcmp(const void *left, const void *right, size_t n) {
    const uint8_t *l = left, *r = right;
    if (n < 8) {
        for (size_t i = 0; i < n; i++)
            if (l[i] != r[i])
                return l[i] < r[i] ? -1 : 1;
        return 0;
    }
    for (size_t i = 0; i + 8 <= n; i += 8)
        if (*(const word *)(l + i) != *(const word *)(r + i))
            return order(*(const word *)(l + i), *(const word *)(r + i));
    return order(*(const word *)(l + n - 8), *(const word *)(r + n - 8));
}

__attribute__((no_builtin)) int bcmp(const void *left, const void *right, size_t n) {
    return memcmp(left, right, n);
}
