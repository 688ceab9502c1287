/*
 * large_limbs.c - schoolbook arithmetic on 64-bit limbs.
 */
#include "large_limbs.h"
#include <string.h>

typedef unsigned __int128 wide;

size_t limbs_significant(const uint64_t *a, size_t n) {
    while (n > 0 && a[n - 1] == 0)
        n--;
    return n;
}

uint64_t limbs_bits(const uint64_t *a, size_t n) {
    return n == 0 ? 0 : 64 * (uint64_t)n - (uint64_t)__builtin_clzll(a[n - 1]);
}

int limbs_compare(const uint64_t *a, size_t an, const uint64_t *b, size_t bn) {
    if (an != bn)
        return an < bn ? -1 : 1;
    for (size_t i = an; i > 0; i--)
        if (a[i - 1] != b[i - 1])
            return a[i - 1] < b[i - 1] ? -1 : 1;
    return 0;
}

uint64_t limbs_add(uint64_t *r, const uint64_t *a, size_t an, const uint64_t *b, size_t bn) {
    uint64_t carry = 0;
    for (size_t i = 0; i < bn; i++) {
        wide sum = (wide)a[i] + b[i] + carry;
        r[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    for (size_t i = bn; i < an; i++) {
        r[i] = a[i] + carry;
        carry = r[i] < carry;
    }
    return carry;
}

void limbs_subtract(uint64_t *r, const uint64_t *a, size_t an, const uint64_t *b, size_t bn) {
    uint64_t borrow = 0;
    for (size_t i = 0; i < bn; i++) {
        wide difference = (wide)a[i] - b[i] - borrow;
        r[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    for (size_t i = bn; i < an; i++) {
        uint64_t limb = a[i];
        r[i] = limb - borrow;
        borrow = limb < borrow;
    }
}

/* r[0..n) += a[0..n) * m. Answers the carry. */
static uint64_t add_multiple(uint64_t *r, const uint64_t *a, size_t n, uint64_t m) {
    uint64_t carry = 0;
    for (size_t i = 0; i < n; i++) {
        wide t = (wide)a[i] * m + r[i] + carry;
        r[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
    return carry;
}

/* r[0..n) -= a[0..n) * m. Answers what has still to be taken away. */
static uint64_t subtract_multiple(uint64_t *r, const uint64_t *a, size_t n, uint64_t m) {
    uint64_t borrow = 0;
    for (size_t i = 0; i < n; i++) {
        wide t = (wide)a[i] * m + borrow;
        uint64_t low = (uint64_t)t;
        borrow = (uint64_t)(t >> 64) + (r[i] < low);
        r[i] -= low;
    }
    return borrow;
}

void limbs_multiply(uint64_t *r, const uint64_t *a, size_t an, const uint64_t *b, size_t bn) {
    memset(r, 0, (an + bn) * sizeof *r);
    if (an < bn) { /* the longer one in the inner loop */
        const uint64_t *p = a;
        a = b;
        b = p;
        size_t n = an;
        an = bn;
        bn = n;
    }
    for (size_t i = 0; i < bn; i++)
        if (b[i] != 0)
            r[i + an] = add_multiple(r + i, a, an, b[i]);
}

void limbs_shift_left(uint64_t *r, size_t rn, const uint64_t *a, size_t an, uint64_t bits) {
    size_t whole = (size_t)(bits / 64);
    unsigned part = (unsigned)(bits % 64);
    for (size_t i = 0; i < rn; i++) {
        uint64_t limb = 0;
        if (i >= whole && i - whole < an)
            limb = a[i - whole] << part;
        if (part != 0 && i > whole && i - whole - 1 < an)
            limb |= a[i - whole - 1] >> (64 - part);
        r[i] = limb;
    }
}

void limbs_shift_right(uint64_t *r, size_t rn, const uint64_t *a, size_t an, uint64_t bits) {
    size_t whole = bits / 64 < an ? (size_t)(bits / 64) : an;
    unsigned part = (unsigned)(bits % 64);
    for (size_t i = 0; i < rn; i++) {
        size_t from = i + whole;
        uint64_t limb = from < an ? a[from] >> part : 0;
        if (part != 0 && from + 1 < an)
            limb |= a[from + 1] << (64 - part);
        r[i] = limb;
    }
}

/* ---- Division ------------------------------------------------------------------- */

/* floor((2^128 - 1) / d) - 2^64 for a d with its top bit set, by two divisions
 * of 32-bit digits (Knuth D for four digits by two). */
static uint64_t reciprocal(uint64_t d) {
    const uint64_t base = UINT64_C(1) << 32;
    uint64_t high = d >> 32, low = d & (base - 1);
    uint64_t top = ~d, digits[2];
    for (int i = 0; i < 2; i++) { /* the dividend's lower half is all ones */
        uint64_t q = top / high, r = top % high;
        while (q >= base || q * low > (r << 32 | (base - 1))) {
            q--;
            r += high;
            if (r >= base)
                break;
        }
        digits[i] = q;
        top = (top << 32 | (base - 1)) - q * d;
    }
    return digits[0] << 32 | digits[1];
}

/* (u1, u0) / d for u1 < d, d with its top bit set, v its reciprocal. */
static inline uint64_t divide_2_by_1(uint64_t u1, uint64_t u0, uint64_t d, uint64_t v,
                                     uint64_t *remainder) {
    wide q = (wide)v * u1 + ((wide)u1 << 64 | u0);
    uint64_t q1 = (uint64_t)(q >> 64) + 1, q0 = (uint64_t)q;
    uint64_t r = u0 - q1 * d;
    if (r > q0) {
        q1--;
        r += d;
    }
    if (r >= d) {
        q1++;
        r -= d;
    }
    *remainder = r;
    return q1;
}

/* Quotient digit of (u2, u1, u0) by (d1, d0): right or one too great. */
static uint64_t estimate(uint64_t u2, uint64_t u1, uint64_t u0, uint64_t d1, uint64_t d0,
                         uint64_t v) {
    uint64_t q, r;
    if (u2 >= d1) {
        q = UINT64_MAX;
        r = u1 + d1;
        if (r < d1)
            return q;
    } else {
        q = divide_2_by_1(u2, u1, d1, v, &r);
    }
    while ((wide)q * d0 > ((wide)r << 64 | u0)) {
        q--;
        r += d1;
        if (r < d1)
            break;
    }
    return q;
}

static uint64_t divide_by_limb(uint64_t *quotient, const uint64_t *u, size_t un, uint64_t d) {
    uint64_t v = reciprocal(d), r = u[un];
    for (size_t i = un; i > 0; i--)
        quotient[i - 1] = divide_2_by_1(r, u[i - 1], d, v, &r);
    return r;
}

void limbs_divide(uint64_t *quotient, uint64_t *remainder, const uint64_t *a, size_t an,
                  const uint64_t *d, size_t dn, uint64_t *work) {
    uint64_t *u = work, *n = work + an + 1; /* both shifted: the divisor's top bit is set */
    unsigned shift = (unsigned)__builtin_clzll(d[dn - 1]);
    limbs_shift_left(u, an + 1, a, an, shift);
    limbs_shift_left(n, dn, d, dn, shift);
    if (dn == 1) {
        remainder[0] = divide_by_limb(quotient, u, an, n[0]) >> shift;
        return;
    }
    uint64_t d1 = n[dn - 1], d0 = n[dn - 2], v = reciprocal(d1);
    for (size_t j = an - dn + 1; j > 0; j--) {
        uint64_t *part = u + j - 1;
        uint64_t q = estimate(part[dn], part[dn - 1], part[dn - 2], d1, d0, v);
        uint64_t left = subtract_multiple(part, n, dn, q);
        if (left > part[dn]) {
            q--;
            limbs_add(part, part, dn, n, dn);
        }
        part[dn] = 0;
        quotient[j - 1] = q;
    }
    limbs_shift_right(remainder, dn, u, dn, shift);
}
