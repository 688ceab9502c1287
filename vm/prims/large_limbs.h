/*
 * large_limbs.h - arithmetic on magnitudes: arrays of 64-bit limbs, least
 * significant first. Pure functions; sizes are in limbs. "Significant" means
 * that the last limb is not zero (zero has no limbs). Source of the division:
 * Knuth, The Art of Computer Programming 2, 4.3.1 D, with the reciprocal of
 * Moeller and Granlund, "Improved division by invariant integers".
 */
#ifndef MOTE_PRIMS_LARGE_LIMBS_H
#define MOTE_PRIMS_LARGE_LIMBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Size without the zeros at the top. */
size_t limbs_significant(const uint64_t *a, size_t n);
/* Bits, and bytes, of a significant magnitude. */
uint64_t limbs_bits(const uint64_t *a, size_t n);
static inline uint64_t limbs_bytes(const uint64_t *a, size_t n) {
    return (limbs_bits(a, n) + 7) / 8;
}
/* -1, 0, 1; both significant. */
int limbs_compare(const uint64_t *a, size_t an, const uint64_t *b, size_t bn);

/* r has an limbs and may be a; an >= bn. Answers the carry. */
uint64_t limbs_add(uint64_t *r, const uint64_t *a, size_t an, const uint64_t *b, size_t bn);
/* The same, a >= b. */
void limbs_subtract(uint64_t *r, const uint64_t *a, size_t an, const uint64_t *b, size_t bn);
/* r has an + bn limbs and overlaps neither. */
void limbs_multiply(uint64_t *r, const uint64_t *a, size_t an, const uint64_t *b, size_t bn);

/* r has `rn` limbs, enough for all bits of the result; zeros fill the rest. */
void limbs_shift_left(uint64_t *r, size_t rn, const uint64_t *a, size_t an, uint64_t bits);
void limbs_shift_right(uint64_t *r, size_t rn, const uint64_t *a, size_t an, uint64_t bits);

/* quotient (an - dn + 1 limbs) and remainder (dn limbs) of a by d; both
 * significant, an >= dn >= 1. `work` has an + dn + 1 limbs. */
void limbs_divide(uint64_t *quotient, uint64_t *remainder, const uint64_t *a, size_t an,
                  const uint64_t *d, size_t dn, uint64_t *work);

#endif
