/*
 * integer.c - SmallInteger primitives 1-18, hashMultiply (159), highBit (575).
 * Each fails with PRIM_FAIL when an operand is no SmallInteger, when the result
 * is none, or on division by zero; equality and bit operations also take
 * LargeIntegers of up to 64 bits. Source: InterpreterPrimitives.
 */
#include "values.h"

static int answer_small(oop *argv, int64_t v) {
    if (!fits_smallint(v))
        return PRIM_FAIL;
    argv[0] = smallint(v);
    return PRIM_OK;
}

static bool read_smalls(const oop *argv, unsigned argc, int64_t *a, int64_t *b) {
    if (argc != 1 || !are_smallints(argv[0], argv[1]))
        return false;
    *a = smallint_value(argv[0]);
    *b = smallint_value(argv[1]);
    return true;
}

static int add(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    int64_t a, b;
    return read_smalls(argv, argc, &a, &b) ? answer_small(argv, a + b) : PRIM_FAIL;
}

static int subtract(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    int64_t a, b;
    return read_smalls(argv, argc, &a, &b) ? answer_small(argv, a - b) : PRIM_FAIL;
}

static int multiply(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    int64_t a, b, product;
    if (!read_smalls(argv, argc, &a, &b) || __builtin_mul_overflow(a, b, &product))
        return PRIM_FAIL;
    return answer_small(argv, product);
}

#define COMPARISON(name, op)                                   \
    static int name(struct vm *vm, oop *argv, unsigned argc) { \
        int64_t a, b;                                          \
        if (!read_smalls(argv, argc, &a, &b))                  \
            return PRIM_FAIL;                                  \
        argv[0] = boolean(vm, a op b);                         \
        return PRIM_OK;                                        \
    }

COMPARISON(less_than, <)
COMPARISON(greater_than, >)
COMPARISON(less_or_equal, <=)
COMPARISON(greater_or_equal, >=)

/* ---- Division: by zero it fails -------------------------------------------------- */

static int divide(struct vm *vm, oop *argv, unsigned argc) { /* exact only */
    (void)vm;
    int64_t a, b;
    if (!read_smalls(argv, argc, &a, &b) || b == 0 || a % b != 0)
        return PRIM_FAIL;
    return answer_small(argv, a / b);
}

static int quotient(struct vm *vm, oop *argv, unsigned argc) { /* towards zero */
    (void)vm;
    int64_t a, b;
    if (!read_smalls(argv, argc, &a, &b) || b == 0)
        return PRIM_FAIL;
    return answer_small(argv, a / b);
}

/* Was the quotient rounded up? Then it is one too great for rounding down. */
static bool rounded_up(int64_t a, int64_t b) {
    return a % b != 0 && (a % b < 0) != (b < 0);
}

static int floor_divide(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    int64_t a, b;
    if (!read_smalls(argv, argc, &a, &b) || b == 0)
        return PRIM_FAIL;
    return answer_small(argv, a / b - rounded_up(a, b));
}

static int modulo(struct vm *vm, oop *argv, unsigned argc) { /* with the divisor's sign */
    (void)vm;
    int64_t a, b;
    if (!read_smalls(argv, argc, &a, &b) || b == 0)
        return PRIM_FAIL;
    return answer_small(argv, a % b + (rounded_up(a, b) ? b : 0));
}

/* ---- Up to 64 bits ------------------------------------------------------------------ */

static int compare_equal(struct vm *vm, oop *argv, unsigned argc, bool wanted) {
    int64_t a, b;
    if (argc != 1 || !prim_read_int64(argv[0], &a) || !prim_read_int64(argv[1], &b))
        return PRIM_FAIL;
    argv[0] = boolean(vm, (a == b) == wanted);
    return PRIM_OK;
}
static int equal(struct vm *vm, oop *argv, unsigned argc) {
    return compare_equal(vm, argv, argc, true);
}
static int not_equal(struct vm *vm, oop *argv, unsigned argc) {
    return compare_equal(vm, argv, argc, false);
}

/* Two SmallIntegers of any sign, or two non-negative integers below 2^64. */
#define BIT_PRIM(name, op)                                                                 \
    static int name(struct vm *vm, oop *argv, unsigned argc) {                             \
        if (argc != 1)                                                                     \
            return PRIM_FAIL;                                                              \
        if (are_smallints(argv[0], argv[1]))                                               \
            return answer_small(argv, smallint_value(argv[0]) op smallint_value(argv[1])); \
        uint64_t a, b;                                                                     \
        if (!prim_read_uint64(argv[0], &a) || !prim_read_uint64(argv[1], &b))              \
            return PRIM_FAIL;                                                              \
        return prim_answer(argv, prim_new_uint64(vm, a op b));                             \
    }

BIT_PRIM(bit_and, &)
BIT_PRIM(bit_or, |)
BIT_PRIM(bit_xor, ^)

/* A shift to the left fails when it would lose bits of the 64-bit value. */
#define LARGEST_SHIFT 61
static int bit_shift(struct vm *vm, oop *argv, unsigned argc) {
    int64_t a;
    if (argc != 1 || !is_smallint(argv[1]) || !prim_read_int64(argv[0], &a))
        return PRIM_FAIL;
    int64_t shift = smallint_value(argv[1]);
    if (shift > LARGEST_SHIFT || shift < -LARGEST_SHIFT)
        return PRIM_FAIL;
    if (shift <= 0)
        return prim_answer(argv, prim_new_int64(vm, a >> -shift));
    int64_t shifted = (int64_t)((uint64_t)a << shift);
    if (shifted >> shift != a)
        return PRIM_FAIL;
    return prim_answer(argv, prim_new_int64(vm, shifted));
}

static int make_point(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 1)
        return PRIM_BAD_NUM_ARGS;
    if (!is_smallint(argv[1]) && !is_smallfloat(argv[1]) && !is_boxed_float(argv[1]))
        return PRIM_BAD_ARGUMENT;
    oop class = special_object(vm, SPECIAL_CLASS_POINT);
    uint32_t index = heap_class_index(&vm->heap, class);
    if (index == 0)
        return PRIM_FAIL;
    oop format = fetch_slot(class, CLASS_FORMAT);
    if (!is_smallint(format) || class_format_fixed(smallint_value(format)) != 2 ||
        class_format_spec(smallint_value(format)) != FORMAT_FIXED)
        return PRIM_FAIL;
    oop point = heap_allocate(&vm->heap, 2, FORMAT_FIXED, index);
    if (point == 0)
        return PRIM_NO_MEMORY;
    heap_store(&vm->heap, point, 0, argv[0]);
    heap_store(&vm->heap, point, 1, argv[1]);
    argv[0] = point;
    return PRIM_OK;
}

#define HASH_MULTIPLIER UINT64_C(1664525)
#define HASH_MULTIPLY_MASK UINT64_C(0xfffffff)
static int hash_multiply(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    uint64_t value;
    if (argc != 0)
        return PRIM_BAD_NUM_ARGS;
    if (is_smallint(argv[0]))
        value = (uint64_t)smallint_value(argv[0]);
    else if (is_large_integer(argv[0]) && has_class_index(argv[0], CLASS_INDEX_LARGE_POSITIVE) &&
             num_slots(argv[0]) > 0)
        value = fetch_slot(argv[0], 0);
    else
        return PRIM_BAD_RECEIVER;
    argv[0] = smallint((int64_t)(value * HASH_MULTIPLIER & HASH_MULTIPLY_MASK));
    return PRIM_OK;
}

static int high_bit(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    if (argc != 0 || !is_smallint(argv[0]) || smallint_value(argv[0]) < 0)
        return PRIM_FAIL;
    uint64_t v = (uint64_t)smallint_value(argv[0]);
    argv[0] = smallint(v == 0 ? 0 : 64 - __builtin_clzll(v));
    return PRIM_OK;
}

const struct numbered_prim prims_integer[] = {
    {1, add, "primitiveAdd"},
    {2, subtract, "primitiveSubtract"},
    {3, less_than, "primitiveLessThan"},
    {4, greater_than, "primitiveGreaterThan"},
    {5, less_or_equal, "primitiveLessOrEqual"},
    {6, greater_or_equal, "primitiveGreaterOrEqual"},
    {7, equal, "primitiveEqual"},
    {8, not_equal, "primitiveNotEqual"},
    {9, multiply, "primitiveMultiply"},
    {10, divide, "primitiveDivide"},
    {11, modulo, "primitiveMod"},
    {12, floor_divide, "primitiveDiv"},
    {13, quotient, "primitiveQuo"},
    {14, bit_and, "primitiveBitAnd"},
    {15, bit_or, "primitiveBitOr"},
    {16, bit_xor, "primitiveBitXor"},
    {17, bit_shift, "primitiveBitShift"},
    {18, make_point, "primitiveMakePoint"},
    {159, hash_multiply, "primitiveHashMultiply"},
    {575, high_bit, "primitiveHighBit"},
    {0, NULL, NULL},
};
