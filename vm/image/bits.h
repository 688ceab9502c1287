/*
 * bits.h - plain bit arrays, 64 bits a word.
 */
#ifndef MOTE_IMAGE_BITS_H
#define MOTE_IMAGE_BITS_H

#include <stdbool.h>
#include <stdint.h>

static inline bool bit_test(const uint64_t *bits, uint64_t i) {
    return (bits[i / 64] >> (i % 64) & 1) != 0;
}
static inline void bit_set(uint64_t *bits, uint64_t i) {
    bits[i / 64] |= UINT64_C(1) << (i % 64);
}
static inline void bit_clear(uint64_t *bits, uint64_t i) {
    bits[i / 64] &= ~(UINT64_C(1) << (i % 64));
}
static inline uint64_t bits_below(uint64_t i) {
    return (UINT64_C(1) << (i % 64)) - 1;
}

/* Set bits [from, to). */
static inline void bits_set(uint64_t *bits, uint64_t from, uint64_t to) {
    while (from < to && from % 64 != 0)
        bit_set(bits, from++);
    for (; from + 64 <= to; from += 64)
        bits[from / 64] = UINT64_MAX;
    while (from < to)
        bit_set(bits, from++);
}

/* The first bit set at or after `i`, or `limit`. */
static inline uint64_t bits_next(const uint64_t *bits, uint64_t i, uint64_t limit) {
    if (i >= limit)
        return limit;
    uint64_t block = i / 64, word = bits[block] & ~bits_below(i);
    while (word == 0) {
        if (++block * 64 >= limit)
            return limit;
        word = bits[block];
    }
    uint64_t found = block * 64 + (uint64_t)__builtin_ctzll(word);
    return found < limit ? found : limit;
}

#endif
