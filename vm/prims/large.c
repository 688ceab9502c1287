/*
 * large.c - the LargeIntegers plugin, version 2: LargePositiveInteger and
 * LargeNegativeInteger (class indices 33 and 32, magnitude in bytes, least
 * significant first) and SmallIntegers in their place. Source:
 * LargeIntegersPlugin.
 *
 * Answers are normal (SmallInteger where it fits, no zero byte at the top)
 * except where the plugin's are not: a magnitude shifted to the left, and
 * quotient and remainder of a division.
 *
 * An argument of a wrong class fails with PRIM_BAD_ARGUMENT, one of a wrong
 * value with PRIM_FAIL.
 */
#include "large_limbs.h"
#include "large_operand.h"
#include "values.h"

static uint64_t digits_32(const struct large_operand *a) {
    return (a->bytes + 3) / 4;
}

/* The LargeInteger with these limbs in exactly `bytes` bytes. */
static oop large_from(struct vm *vm, const uint64_t *limbs, size_t count, uint64_t bytes,
                      bool negative) {
    oop large = large_new(vm, bytes, negative);
    if (large == 0)
        return 0;
    size_t slots = (size_t)((bytes + 7) / 8), copied = count < slots ? count : slots;
    memcpy(large_limbs(large), limbs, copied * 8);
    memset(large_limbs(large) + copied, 0, (slots - copied) * 8);
    return large;
}

static bool is_small_magnitude(const uint64_t *limbs, size_t count, bool negative) {
    return count == 0 || (count == 1 && limbs[0] <= (uint64_t)SMALLINT_MAX + negative);
}

static oop normal(struct vm *vm, const uint64_t *limbs, size_t count, bool negative) {
    count = limbs_significant(limbs, count);
    if (is_small_magnitude(limbs, count, negative)) {
        uint64_t v = count == 0 ? 0 : limbs[0];
        return smallint((int64_t)(negative ? -v : v));
    }
    return large_from(vm, limbs, count, limbs_bytes(limbs, count), negative);
}

/* ---- Addition, subtraction, multiplication ---------------------------------------- */

static int add_or_subtract(struct vm *vm, oop *argv, const struct large_operand *a,
                           const struct large_operand *b, bool adding) {
    struct large_scratch s;
    bool swap = limbs_compare(a->limbs, a->count, b->limbs, b->count) < 0;
    const struct large_operand *high = swap ? b : a, *low = swap ? a : b;
    uint64_t *r = large_scratch_limbs(vm, &s, high->count + 1);
    if (r == NULL)
        return PRIM_NO_MEMORY;
    r[high->count] = 0;
    if (adding)
        r[high->count] = limbs_add(r, high->limbs, high->count, low->limbs, low->count);
    else
        limbs_subtract(r, high->limbs, high->count, low->limbs, low->count);
    bool negative = adding ? a->negative : a->negative != swap;
    return prim_answer(argv, normal(vm, r, high->count + 1, negative));
}

static bool open_both(const oop *argv, unsigned argc, struct large_operand *a,
                      struct large_operand *b) {
    return argc >= 1 && large_open(from_last(argv, argc, 1), a) &&
           large_open(from_last(argv, argc, 0), b);
}

/* Of magnitudes; the sign is the first one's. */
static int digit_add(struct vm *vm, oop *argv, unsigned argc) {
    struct large_operand a, b;
    if (!open_both(argv, argc, &a, &b))
        return PRIM_BAD_ARGUMENT;
    return add_or_subtract(vm, argv, &a, &b, true);
}

static int digit_subtract(struct vm *vm, oop *argv, unsigned argc) {
    struct large_operand a, b;
    if (!open_both(argv, argc, &a, &b))
        return PRIM_BAD_ARGUMENT;
    return add_or_subtract(vm, argv, &a, &b, false);
}

/* Receiver, argument and the Boolean "the result is negative". */
static bool open_with_sign(struct vm *vm, const oop *argv, unsigned argc, struct large_operand *a,
                           struct large_operand *b, bool *negative) {
    if (argc < 2)
        return false;
    oop sign = from_last(argv, argc, 0);
    *negative = sign == vm->heap.true_;
    return (*negative || sign == vm->heap.false_) && large_open(from_last(argv, argc, 1), b) &&
           large_open(from_last(argv, argc, 2), a);
}

static int digit_multiply(struct vm *vm, oop *argv, unsigned argc) {
    struct large_operand a, b;
    struct large_scratch s;
    bool negative;
    if (!open_with_sign(vm, argv, argc, &a, &b, &negative))
        return PRIM_BAD_ARGUMENT;
    uint64_t *r = large_scratch_limbs(vm, &s, a.count + b.count);
    if (r == NULL)
        return PRIM_NO_MEMORY;
    limbs_multiply(r, a.limbs, a.count, b.limbs, b.count);
    return prim_answer(argv, normal(vm, r, a.count + b.count, negative));
}

/* ---- Division ------------------------------------------------------------------------ */

static oop new_pair(struct vm *vm, oop first, oop second) {
    oop pair = heap_allocate(&vm->heap, 2, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    if (pair == 0 || first == 0 || second == 0)
        return 0;
    heap_store(&vm->heap, pair, 0, first);
    heap_store(&vm->heap, pair, 1, second);
    return pair;
}

static bool is_normal_operand(const struct large_operand *a) {
    return a->is_small || (a->bytes > 0 && a->bytes == limbs_bytes(a->limbs, a->count));
}

/* {quotient. remainder}, both LargeIntegers that may want normalising. The
 * quotient has as many 32-bit digits as the operands' difference, and one. */
static int digit_divide(struct vm *vm, oop *argv, unsigned argc) {
    struct large_operand a, b;
    struct large_scratch s;
    bool negative;
    if (!open_with_sign(vm, argv, argc, &a, &b, &negative))
        return PRIM_BAD_ARGUMENT;
    if (!is_normal_operand(&a) || !is_normal_operand(&b) || b.count == 0)
        return PRIM_FAIL;
    if (digits_32(&a) < digits_32(&b)) {
        oop same =
            a.is_small ? large_from(vm, a.limbs, 1, a.bytes, a.negative) : from_last(argv, argc, 2);
        return prim_answer(argv, new_pair(vm, smallint(0), same));
    }
    size_t an = a.count == 0 ? 1 : a.count, qn = an - b.count + 1;
    uint64_t *work = large_scratch_limbs(vm, &s, qn + b.count + an + b.count + 1);
    if (work == NULL)
        return PRIM_NO_MEMORY;
    uint64_t *quotient = work, *remainder = work + qn;
    limbs_divide(quotient, remainder, a.limbs, an, b.limbs, b.count, remainder + b.count);
    uint64_t quotient_bytes = (digits_32(&a) - digits_32(&b) + 1) * 4;
    size_t rn = limbs_significant(remainder, b.count);
    oop q = large_from(vm, quotient, qn, quotient_bytes, negative);
    oop r = large_from(vm, remainder, rn, limbs_bytes(remainder, rn), a.negative);
    return prim_answer(argv, new_pair(vm, q, r));
}

/* ---- Comparison and bits --------------------------------------------------------------- */

/* Of magnitudes: 1, 0, -1. */
static int digit_compare(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    struct large_operand a, b;
    if (!open_both(argv, argc, &a, &b))
        return PRIM_BAD_ARGUMENT;
    int result;
    if (a.is_small != b.is_small)
        result = a.is_small ? -1 : 1;
    else if (!a.is_small && digits_32(&a) != digits_32(&b))
        result = digits_32(&a) < digits_32(&b) ? -1 : 1;
    else
        result = limbs_compare(a.limbs, a.count, b.limbs, b.count);
    argv[0] = smallint(result);
    return PRIM_OK;
}

enum bit_operation { BIT_AND, BIT_OR, BIT_XOR };

/* Non-negative integers only. */
static int bit_logic(struct vm *vm, oop *argv, unsigned argc, enum bit_operation operation) {
    struct large_operand a, b;
    struct large_scratch s;
    if (!open_both(argv, argc, &a, &b))
        return PRIM_BAD_ARGUMENT;
    if (a.negative || b.negative)
        return PRIM_FAIL;
    const struct large_operand *high = a.count < b.count ? &b : &a,
                               *low = a.count < b.count ? &a : &b;
    uint64_t *r = large_scratch_limbs(vm, &s, high->count);
    if (r == NULL)
        return PRIM_NO_MEMORY;
    for (size_t i = 0; i < high->count; i++) {
        uint64_t x = high->limbs[i], y = i < low->count ? low->limbs[i] : 0;
        r[i] = operation == BIT_AND ? x & y : operation == BIT_OR ? x | y : x ^ y;
    }
    return prim_answer(argv, normal(vm, r, high->count, false));
}

static int digit_bit_and(struct vm *vm, oop *argv, unsigned argc) {
    return bit_logic(vm, argv, argc, BIT_AND);
}
static int digit_bit_or(struct vm *vm, oop *argv, unsigned argc) {
    return bit_logic(vm, argv, argc, BIT_OR);
}
static int digit_bit_xor(struct vm *vm, oop *argv, unsigned argc) {
    return bit_logic(vm, argv, argc, BIT_XOR);
}

static int shift_left(struct vm *vm, oop *argv, const struct large_operand *a, uint64_t shift) {
    uint64_t bits = limbs_bits(a->limbs, a->count);
    uint64_t bytes = bits == 0 ? 1 : (bits + shift + 7) / 8;
    oop large = large_new(vm, bytes, a->negative);
    if (large == 0)
        return PRIM_NO_MEMORY;
    limbs_shift_left(large_limbs(large), num_slots(large), a->limbs, a->count, shift);
    return prim_answer(argv, large);
}

static int shift_right(struct vm *vm, oop *argv, const struct large_operand *a, uint64_t shift) {
    struct large_scratch s;
    size_t n = shift / 64 < a->count ? a->count - (size_t)(shift / 64) : 0;
    uint64_t *r = large_scratch_limbs(vm, &s, n);
    if (r == NULL)
        return PRIM_NO_MEMORY;
    limbs_shift_right(r, n, a->limbs, a->count, shift);
    return prim_answer(argv, normal(vm, r, n, a->negative));
}

/* To the left: a LargeInteger in any case. */
static int digit_bit_shift(struct vm *vm, oop *argv, unsigned argc) {
    struct large_operand a;
    if (argc < 1 || !is_smallint(from_last(argv, argc, 0)) ||
        !large_open(from_last(argv, argc, 1), &a))
        return PRIM_BAD_ARGUMENT;
    int64_t shift = smallint_value(from_last(argv, argc, 0));
    if (shift >= 0)
        return shift_left(vm, argv, &a, (uint64_t)shift);
    return shift_right(vm, argv, &a, (uint64_t)-shift);
}

/* Is any of the magnitude's bits from..to (counted from 1) set? */
static int any_bit_from_to(struct vm *vm, oop *argv, unsigned argc) {
    struct large_operand a;
    if (argc < 2 || !are_smallints(from_last(argv, argc, 1), from_last(argv, argc, 0)) ||
        !large_open(from_last(argv, argc, 2), &a))
        return PRIM_BAD_ARGUMENT;
    int64_t from = smallint_value(from_last(argv, argc, 1));
    int64_t to = smallint_value(from_last(argv, argc, 0));
    if (from < 1 || to < 1)
        return PRIM_FAIL;
    uint64_t first = (uint64_t)from - 1, end = (uint64_t)to;
    uint64_t bits = limbs_bits(a.limbs, a.count);
    if (end > bits)
        end = bits;
    bool found = false;
    for (uint64_t i = first / 64; !found && first < end && i <= (end - 1) / 64; i++) {
        uint64_t limb = a.limbs[i];
        if (i == first / 64)
            limb &= UINT64_MAX << first % 64;
        if (i == (end - 1) / 64)
            limb &= UINT64_MAX >> (63 - (end - 1) % 64);
        found = limb != 0;
    }
    argv[0] = boolean(vm, found);
    return PRIM_OK;
}

/* ---- Normalising ------------------------------------------------------------------------- */

static int normalize(struct vm *vm, oop *argv, unsigned argc, uint32_t class_index) {
    struct large_operand a;
    oop large = from_last(argv, argc, 0);
    if (!has_class_index(large, class_index) || !large_open(large, &a))
        return PRIM_BAD_ARGUMENT;
    if (is_normal_operand(&a) && !is_small_magnitude(a.limbs, a.count, a.negative))
        return prim_answer(argv, large);
    return prim_answer(argv, normal(vm, a.limbs, a.count, a.negative));
}

static int normalize_positive(struct vm *vm, oop *argv, unsigned argc) {
    return normalize(vm, argv, argc, CLASS_INDEX_LARGE_POSITIVE);
}
static int normalize_negative(struct vm *vm, oop *argv, unsigned argc) {
    return normalize(vm, argv, argc, CLASS_INDEX_LARGE_NEGATIVE);
}

/* ---- Montgomery multiplication: in 32-bit digits, the image relies on it -------------------- */

#define MONTGOMERY_DIGIT_BITS 32

static int montgomery_digit_length(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    (void)argc;
    argv[0] = smallint(MONTGOMERY_DIGIT_BITS);
    return PRIM_OK;
}

static uint32_t digit_at(const struct large_operand *a, uint64_t i) {
    return i / 2 < a->count ? (uint32_t)(a->limbs[i / 2] >> (i % 2 * 32)) : 0;
}

/* r (n + 1 digits, zero) := a * b / 2^(32 n) modulo m or that plus m, where
 * m has n digits and m * inverse = -1 modulo 2^32. */
static void montgomery_product(uint32_t *r, uint64_t n, const struct large_operand *a,
                               const struct large_operand *b, const struct large_operand *m,
                               uint32_t inverse) {
    for (uint64_t i = 0; i < n; i++) {
        uint64_t digit = digit_at(a, i);
        uint64_t low = digit * digit_at(b, 0) + r[0];
        uint64_t u = (uint32_t)((uint32_t)low * inverse);
        uint64_t reduction = u * digit_at(m, 0);
        uint64_t carry = ((low & UINT32_MAX) + (reduction & UINT32_MAX)) >> 32;
        carry += (low >> 32) + (reduction >> 32);
        for (uint64_t k = 1; k < n; k++) {
            uint64_t x = digit * digit_at(b, k) + r[k], y = u * digit_at(m, k);
            carry += (x & UINT32_MAX) + (y & UINT32_MAX);
            r[k - 1] = (uint32_t)carry;
            carry = (carry >> 32) + (x >> 32) + (y >> 32);
        }
        carry += r[n];
        r[n - 1] = (uint32_t)carry;
        r[n] = (uint32_t)(carry >> 32);
    }
}

/* a * b modulo m, each in Montgomery form; the inverse is of m's first digit. */
static int montgomery_times(struct vm *vm, oop *argv, unsigned argc) {
    struct large_operand a, b, m;
    struct large_scratch s;
    if (argc < 3 || !large_open(from_last(argv, argc, 3), &a) ||
        !large_open(from_last(argv, argc, 2), &b) || !large_open(from_last(argv, argc, 1), &m))
        return PRIM_BAD_ARGUMENT;
    oop inverse = from_last(argv, argc, 0);
    if (!is_smallint(inverse) && !is_large_integer(inverse))
        return PRIM_BAD_ARGUMENT;
    uint64_t n = digits_32(&m);
    if (!is_smallint(inverse) || smallint_value(inverse) < 0 ||
        smallint_value(inverse) > UINT32_MAX || n == 0 || digits_32(&a) > n || digits_32(&b) > n)
        return PRIM_FAIL;
    size_t limbs = (size_t)(n + 2) / 2;
    uint64_t *r = large_scratch_limbs(vm, &s, limbs);
    if (r == NULL)
        return PRIM_NO_MEMORY;
    memset(r, 0, limbs * 8);
    montgomery_product((uint32_t *)(void *)r, n, &a, &b, &m, (uint32_t)smallint_value(inverse));
    size_t count = limbs_significant(r, limbs);
    if (limbs_compare(r, count, m.limbs, m.count) >= 0)
        limbs_subtract(r, r, count, m.limbs, m.count);
    return prim_answer(argv, normal(vm, r, count, false));
}

static int module_name(struct vm *vm, oop *argv, unsigned argc) {
    static const char name[] = "LargeIntegers v2.0 (Mote)";
    (void)argc;
    return prim_answer(argv, heap_new_string(&vm->heap, name, sizeof name - 1));
}

#define MODULE "LargeIntegers"
const struct named_prim named_large[] = {
    {MODULE, "primDigitAdd", digit_add},
    {MODULE, "primDigitSubtract", digit_subtract},
    {MODULE, "primDigitMultiplyNegative", digit_multiply},
    {MODULE, "primDigitDivNegative", digit_divide},
    {MODULE, "primDigitCompare", digit_compare},
    {MODULE, "primDigitBitAnd", digit_bit_and},
    {MODULE, "primDigitBitOr", digit_bit_or},
    {MODULE, "primDigitBitXor", digit_bit_xor},
    {MODULE, "primDigitBitShiftMagnitude", digit_bit_shift},
    {MODULE, "primAnyBitFromTo", any_bit_from_to},
    {MODULE, "primNormalizePositive", normalize_positive},
    {MODULE, "primNormalizeNegative", normalize_negative},
    {MODULE, "primMontgomeryDigitLength", montgomery_digit_length},
    {MODULE, "primMontgomeryTimesModulo", montgomery_times},
    {MODULE, "primGetModuleName", module_name},
    {NULL, NULL, NULL},
};
