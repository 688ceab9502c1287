/*
 * dsa.c - DSAPrims: the SHA-1 block functions and the big-number functions of
 * the DSA package. Wrong arguments fail with PRIM_BAD_ARGUMENT.
 * Source: FIPS 180-4 (SHA-1), DSAPlugin.
 */
#include "large_limbs.h"
#include "large_operand.h"
#include "values.h"

static bool is_words(oop o, uint64_t size) {
    return is_object(o) && (format_of(o) & ~1u) == FORMAT_32 && num_bytes(o) / 4 == size;
}

static uint32_t *words_of(oop o) {
    return (uint32_t *)(void *)object_bytes(o);
}

static uint32_t rotate(uint32_t x, unsigned by) {
    return x << by | x >> (32 - by);
}

#define SHA1_BLOCK_BYTES 64u
#define SHA1_ROUNDS 80u
#define SHA1_STATE_WORDS 5u

/* expandBlock: aByteArray into: a bitmap of 80 words */
static int expand_block(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    if (argc != 2)
        return PRIM_BAD_NUM_ARGS;
    if (!is_bytes(argv[1]) || num_bytes(argv[1]) != SHA1_BLOCK_BYTES ||
        !is_words(argv[2], SHA1_ROUNDS))
        return PRIM_BAD_ARGUMENT;
    if (is_immutable(argv[2]))
        return PRIM_NO_MODIFICATION;
    const uint8_t *block = object_bytes(argv[1]);
    uint32_t *w = words_of(argv[2]);
    for (unsigned i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (unsigned i = 16; i < SHA1_ROUNDS; i++)
        w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    return PRIM_OK;
}

/* hashBlock: 80 words using: the state of 5 words, which is changed */
static int hash_block(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    if (argc != 2)
        return PRIM_BAD_NUM_ARGS;
    if (!is_words(argv[1], SHA1_ROUNDS) || !is_words(argv[2], SHA1_STATE_WORDS))
        return PRIM_BAD_ARGUMENT;
    if (is_immutable(argv[2]))
        return PRIM_NO_MODIFICATION;
    const uint32_t *w = words_of(argv[1]);
    uint32_t *state = words_of(argv[2]);
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (unsigned i = 0; i < SHA1_ROUNDS; i++) {
        uint32_t f;
        if (i < 20)
            f = UINT32_C(0x5a827999) + ((b & c) | (~b & d));
        else if (i < 40)
            f = UINT32_C(0x6ed9eba1) + (b ^ c ^ d);
        else if (i < 60)
            f = UINT32_C(0x8f1bbcdc) + ((b & c) | (b & d) | (c & d));
        else
            f = UINT32_C(0xca62c1d6) + (b ^ c ^ d);
        uint32_t next = f + rotate(a, 5) + e + w[i];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    return PRIM_OK;
}

static int has_secure_hash(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    argv[0] = boolean(vm, true);
    return PRIM_OK;
}

static bool is_large_positive(oop o) {
    return is_large_integer(o) && has_class_index(o, CLASS_INDEX_LARGE_POSITIVE);
}

static void store_limbs(oop large, const uint64_t *limbs, size_t count, uint64_t bytes) {
    uint64_t used = (uint64_t)count * 8 < bytes ? (uint64_t)count * 8 : bytes;
    memcpy(object_bytes(large), limbs, used);
    memset(object_bytes(large) + used, 0, bytes - used);
}

/* bigDivide: rem by: div into: quo - rem is left with the remainder; quo has
 * room for the quotient, rem's size less div's. */
static int big_divide(struct vm *vm, oop *argv, unsigned argc) {
    struct large_operand a, d;
    struct large_scratch s;
    if (argc != 3)
        return PRIM_BAD_NUM_ARGS;
    if (!is_large_positive(argv[1]) || !is_large_positive(argv[2]) || !is_large_positive(argv[3]) ||
        !large_open(argv[1], &a) || !large_open(argv[2], &d) || d.count == 0 || a.bytes < d.bytes)
        return PRIM_BAD_ARGUMENT;
    if (is_immutable(argv[1]) || is_immutable(argv[3]))
        return PRIM_NO_MODIFICATION;
    uint64_t quotient_bytes = a.bytes - d.bytes;
    if (num_bytes(argv[3]) < quotient_bytes)
        return PRIM_BAD_ARGUMENT;
    if (limbs_compare(a.limbs, a.count, d.limbs, d.count) < 0) {
        store_limbs(argv[3], a.limbs, 0, quotient_bytes);
        return PRIM_OK;
    }
    size_t qn = a.count - d.count + 1;
    uint64_t *quotient = large_scratch_limbs(vm, &s, qn + d.count + a.count + d.count + 1);
    if (quotient == NULL)
        return PRIM_NO_MEMORY;
    uint64_t *remainder = quotient + qn;
    limbs_divide(quotient, remainder, a.limbs, a.count, d.limbs, d.count, remainder + d.count);
    qn = limbs_significant(quotient, qn);
    if (limbs_bytes(quotient, qn) > quotient_bytes)
        return PRIM_BAD_ARGUMENT;
    store_limbs(argv[3], quotient, qn, quotient_bytes);
    store_limbs(argv[1], remainder, d.count, a.bytes);
    return PRIM_OK;
}

/* bigMultiply: f1 by: f2 into: prod - whose size is the sum of theirs */
static int big_multiply(struct vm *vm, oop *argv, unsigned argc) {
    struct large_operand a, b;
    struct large_scratch s;
    if (argc != 3)
        return PRIM_BAD_NUM_ARGS;
    if (!is_large_positive(argv[1]) || !is_large_positive(argv[2]) || !is_large_positive(argv[3]) ||
        !large_open(argv[1], &a) || !large_open(argv[2], &b) ||
        num_bytes(argv[3]) != a.bytes + b.bytes)
        return PRIM_BAD_ARGUMENT;
    if (is_immutable(argv[3]))
        return PRIM_NO_MODIFICATION;
    uint64_t *product = large_scratch_limbs(vm, &s, a.count + b.count);
    if (product == NULL)
        return PRIM_NO_MEMORY;
    limbs_multiply(product, a.limbs, a.count, b.limbs, b.count);
    store_limbs(argv[3], product, a.count + b.count, num_bytes(argv[3]));
    return PRIM_OK;
}

/* highestNonZeroDigitIndex: aLargeInteger, in bytes; 1 for zero, as the standard */
static int highest_digit(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    if (argc != 1)
        return PRIM_BAD_NUM_ARGS;
    if (!is_large_positive(argv[1]))
        return PRIM_BAD_ARGUMENT;
    uint64_t i = num_bytes(argv[1]);
    while (i > 1 && object_bytes(argv[1])[i - 1] == 0)
        i--;
    argv[0] = smallint(i == 0 ? 1 : (int64_t)i);
    return PRIM_OK;
}

#define MODULE "DSAPrims"
const struct named_prim named_dsa[] = {
    {MODULE, "primitiveExpandBlock", expand_block},
    {MODULE, "primitiveHashBlock", hash_block},
    {MODULE, "primitiveHasSecureHashPrimitive", has_secure_hash},
    {MODULE, "primitiveBigDivide", big_divide},
    {MODULE, "primitiveBigMultiply", big_multiply},
    {MODULE, "primitiveHighestNonZeroDigitIndex", highest_digit},
    {NULL, NULL, NULL},
};
