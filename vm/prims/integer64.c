/*
 * integer64.c - primitives 20-37 (and the same under their names): integers
 * whose magnitude has up to 64 bits, SmallInteger or LargeInteger, answered in
 * normal form. Each fails with PRIM_FAIL when an operand or the result has
 * more. Source: InterpreterPrimitives, "arithmetic largeint primitives".
 */
#include "values.h"

static bool read_both(const oop *argv, unsigned argc, struct magnitude64 *a,
                      struct magnitude64 *b) {
    return argc == 1 && prim_read_magnitude64(argv[0], a) && prim_read_magnitude64(argv[1], b);
}

static int answer(struct vm *vm, oop *argv, uint64_t value, bool negative) {
    return prim_answer(argv, prim_new_magnitude64(vm, (struct magnitude64){value, negative}));
}

static int sum(struct vm *vm, oop *argv, struct magnitude64 a, struct magnitude64 b) {
    if (a.negative == b.negative) {
        uint64_t v;
        if (__builtin_add_overflow(a.value, b.value, &v))
            return PRIM_FAIL;
        return answer(vm, argv, v, a.negative);
    }
    if (a.value >= b.value)
        return answer(vm, argv, a.value - b.value, a.negative);
    return answer(vm, argv, b.value - a.value, b.negative);
}

static int add(struct vm *vm, oop *argv, unsigned argc) {
    struct magnitude64 a, b;
    return read_both(argv, argc, &a, &b) ? sum(vm, argv, a, b) : PRIM_FAIL;
}

static int subtract(struct vm *vm, oop *argv, unsigned argc) {
    struct magnitude64 a, b;
    if (!read_both(argv, argc, &a, &b))
        return PRIM_FAIL;
    b.negative = !b.negative;
    return sum(vm, argv, a, b);
}

static int multiply(struct vm *vm, oop *argv, unsigned argc) {
    struct magnitude64 a, b;
    uint64_t v;
    if (!read_both(argv, argc, &a, &b) || __builtin_mul_overflow(a.value, b.value, &v))
        return PRIM_FAIL;
    return answer(vm, argv, v, a.negative != b.negative);
}

/* Both operands read and the divisor not zero. */
static bool read_division(const oop *argv, unsigned argc, struct magnitude64 *a,
                          struct magnitude64 *b) {
    return read_both(argv, argc, a, b) && b->value != 0;
}

static int divide(struct vm *vm, oop *argv, unsigned argc) { /* exact only */
    struct magnitude64 a, b;
    if (!read_division(argv, argc, &a, &b) || a.value % b.value != 0)
        return PRIM_FAIL;
    return answer(vm, argv, a.value / b.value, a.negative != b.negative);
}

static int quotient(struct vm *vm, oop *argv, unsigned argc) { /* towards zero */
    struct magnitude64 a, b;
    if (!read_division(argv, argc, &a, &b))
        return PRIM_FAIL;
    return answer(vm, argv, a.value / b.value, a.negative != b.negative);
}

static int remainder_of_quotient(struct vm *vm, oop *argv, unsigned argc) {
    struct magnitude64 a, b;
    if (!read_division(argv, argc, &a, &b))
        return PRIM_FAIL;
    return answer(vm, argv, a.value % b.value, a.negative);
}

static int floor_divide(struct vm *vm, oop *argv, unsigned argc) {
    struct magnitude64 a, b;
    if (!read_division(argv, argc, &a, &b))
        return PRIM_FAIL;
    bool negative = a.negative != b.negative;
    uint64_t up = negative && a.value % b.value != 0;
    return answer(vm, argv, a.value / b.value + up, negative);
}

static int modulo(struct vm *vm, oop *argv, unsigned argc) {
    struct magnitude64 a, b;
    if (!read_division(argv, argc, &a, &b))
        return PRIM_FAIL;
    uint64_t r = a.value % b.value;
    if (r != 0 && a.negative != b.negative)
        r = b.value - r;
    return answer(vm, argv, r, b.negative);
}

#define COMPARISON(name, op)                                                             \
    static int name(struct vm *vm, oop *argv, unsigned argc) {                           \
        int64_t a, b;                                                                    \
        if (argc != 1 || !prim_read_int64(argv[0], &a) || !prim_read_int64(argv[1], &b)) \
            return PRIM_FAIL;                                                            \
        argv[0] = boolean(vm, a op b);                                                   \
        return PRIM_OK;                                                                  \
    }

COMPARISON(less_than, <)
COMPARISON(greater_than, >)
COMPARISON(less_or_equal, <=)
COMPARISON(greater_or_equal, >=)
COMPARISON(equal, ==)
COMPARISON(not_equal, !=)

#define BIT_PRIM(name, op)                                                                 \
    static int name(struct vm *vm, oop *argv, unsigned argc) {                             \
        uint64_t a, b;                                                                     \
        if (argc != 1 || !prim_read_uint64(argv[0], &a) || !prim_read_uint64(argv[1], &b)) \
            return PRIM_FAIL;                                                              \
        return prim_answer(argv, prim_new_uint64(vm, a op b));                             \
    }

BIT_PRIM(bit_and, &)
BIT_PRIM(bit_or, |)
BIT_PRIM(bit_xor, ^)

static int bit_shift(struct vm *vm, oop *argv, unsigned argc) {
    struct magnitude64 a;
    if (argc != 1 || !is_smallint(argv[1]) || !prim_read_magnitude64(argv[0], &a))
        return PRIM_FAIL;
    int64_t shift = smallint_value(argv[1]);
    if (shift >= 0) {
        if (shift >= 64 || a.value > UINT64_MAX >> shift)
            return PRIM_FAIL;
        return answer(vm, argv, a.value << shift, a.negative);
    }
    uint64_t v = shift <= -64 ? 0 : a.value >> -shift;
    /* A negative number is rounded down, as in two's complement. */
    bool lost = shift <= -64 ? a.value != 0 : v << -shift != a.value;
    return answer(vm, argv, v + (a.negative && lost), a.negative);
}

const struct numbered_prim prims_integer64[] = {
    {20, remainder_of_quotient, "primitiveRemLargeIntegers"},
    {21, add, "primitiveAddLargeIntegers"},
    {22, subtract, "primitiveSubtractLargeIntegers"},
    {23, less_than, "primitiveLessThanLargeIntegers"},
    {24, greater_than, "primitiveGreaterThanLargeIntegers"},
    {25, less_or_equal, "primitiveLessOrEqualLargeIntegers"},
    {26, greater_or_equal, "primitiveGreaterOrEqualLargeIntegers"},
    {27, equal, "primitiveEqualLargeIntegers"},
    {28, not_equal, "primitiveNotEqualLargeIntegers"},
    {29, multiply, "primitiveMultiplyLargeIntegers"},
    {30, divide, "primitiveDivideLargeIntegers"},
    {31, modulo, "primitiveModLargeIntegers"},
    {32, floor_divide, "primitiveDivLargeIntegers"},
    {33, quotient, "primitiveQuoLargeIntegers"},
    {34, bit_and, "primitiveBitAndLargeIntegers"},
    {35, bit_or, "primitiveBitOrLargeIntegers"},
    {36, bit_xor, "primitiveBitXorLargeIntegers"},
    {37, bit_shift, "primitiveBitShiftLargeIntegers"},
    {0, NULL, NULL},
};

const struct named_prim named_integer64[] = {
    {"", "primitiveRemLargeIntegers", remainder_of_quotient},
    {"", "primitiveAddLargeIntegers", add},
    {"", "primitiveSubtractLargeIntegers", subtract},
    {"", "primitiveLessThanLargeIntegers", less_than},
    {"", "primitiveGreaterThanLargeIntegers", greater_than},
    {"", "primitiveLessOrEqualLargeIntegers", less_or_equal},
    {"", "primitiveGreaterOrEqualLargeIntegers", greater_or_equal},
    {"", "primitiveEqualLargeIntegers", equal},
    {"", "primitiveNotEqualLargeIntegers", not_equal},
    {"", "primitiveMultiplyLargeIntegers", multiply},
    {"", "primitiveDivideLargeIntegers", divide},
    {"", "primitiveModLargeIntegers", modulo},
    {"", "primitiveDivLargeIntegers", floor_divide},
    {"", "primitiveQuoLargeIntegers", quotient},
    {"", "primitiveBitAndLargeIntegers", bit_and},
    {"", "primitiveBitOrLargeIntegers", bit_or},
    {"", "primitiveBitXorLargeIntegers", bit_xor},
    {"", "primitiveBitShiftLargeIntegers", bit_shift},
    {NULL, NULL, NULL},
};
