/*
 * float.c - primitives 38-59 (Float, boxed or not) and 541-559 (SmallFloat
 * receivers). Arithmetic and comparison take a SmallInteger operand too;
 * comparison with one is exact, beyond 2^53 also. Results are what the
 * hardware and the C library give, NaN and infinity included, except that
 * division by zero, the root of a negative number or NaN and the truncation
 * beyond SmallInteger fail with PRIM_FAIL. Source: InterpreterPrimitives.
 */
#include "values.h"
#include <math.h>

static int answer_float(struct vm *vm, oop *argv, double d) {
    return prim_answer(argv, heap_new_float(&vm->heap, d));
}

/* ---- Arithmetic and comparison ---------------------------------------------- */

static bool read_operands(const oop *argv, unsigned argc, double *a, double *b) {
    return argc == 1 && prim_read_number(argv[0], a) && prim_read_number(argv[1], b);
}

#define ARITHMETIC(name, op)                                   \
    static int name(struct vm *vm, oop *argv, unsigned argc) { \
        double a, b;                                           \
        if (!read_operands(argv, argc, &a, &b))                \
            return PRIM_FAIL;                                  \
        return answer_float(vm, argv, a op b);                 \
    }

ARITHMETIC(add, +)
ARITHMETIC(subtract, -)
ARITHMETIC(multiply, *)

static int divide(struct vm *vm, oop *argv, unsigned argc) {
    double a, b;
    if (!read_operands(argv, argc, &a, &b) || b == 0.0)
        return PRIM_FAIL;
    return answer_float(vm, argv, a / b);
}

/* When the conversion of a SmallInteger to double was rounded, equal doubles
 * may stand for different numbers: then the integers decide. A double that
 * equals a converted SmallInteger is a whole number of at most 2^60. */
#define COMPARISON(name, op)                                   \
    static int name(struct vm *vm, oop *argv, unsigned argc) { \
        double a, b;                                           \
        if (!read_operands(argv, argc, &a, &b))                \
            return PRIM_FAIL;                                  \
        bool result = a op b;                                  \
        if (a == b && is_smallint(argv[1]))                    \
            result = (int64_t)a op smallint_value(argv[1]);    \
        else if (a == b && is_smallint(argv[0]))               \
            result = smallint_value(argv[0]) op(int64_t) b;    \
        argv[0] = boolean(vm, result);                         \
        return PRIM_OK;                                        \
    }

COMPARISON(less_than, <)
COMPARISON(greater_than, >)
COMPARISON(less_or_equal, <=)
COMPARISON(greater_or_equal, >=)
COMPARISON(equal, ==)
COMPARISON(not_equal, !=)

/* ---- One operand --------------------------------------------------------------- */

static int as_float(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 0 || !is_smallint(argv[0]))
        return PRIM_FAIL;
    return answer_float(vm, argv, (double)smallint_value(argv[0]));
}

static int truncated(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    double d;
    if (argc != 0 || !prim_read_float(argv[0], &d))
        return PRIM_FAIL;
    d = trunc(d);
    if (!(d >= (double)SMALLINT_MIN && d < -(double)SMALLINT_MIN))
        return PRIM_FAIL;
    argv[0] = smallint((int64_t)d);
    return PRIM_OK;
}

/* The exponent of 2 of the leading bit; -1 for zero, infinity and NaN. */
static int exponent(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    double d;
    if (argc != 0 || !prim_read_float(argv[0], &d))
        return PRIM_FAIL;
    int power = 0;
    if (isfinite(d))
        frexp(d, &power);
    argv[0] = smallint(power - 1);
    return PRIM_OK;
}

static double fraction_part(double d) {
    double whole;
    return modf(d, &whole);
}

static int square_root(struct vm *vm, oop *argv, unsigned argc) {
    double d;
    if (argc != 0 || !prim_read_float(argv[0], &d) || !(d >= 0.0))
        return PRIM_FAIL;
    return answer_float(vm, argv, sqrt(d));
}

#define FUNCTION(name, c_function)                             \
    static int name(struct vm *vm, oop *argv, unsigned argc) { \
        double d;                                              \
        if (argc != 0 || !prim_read_float(argv[0], &d))        \
            return PRIM_FAIL;                                  \
        return answer_float(vm, argv, c_function(d));          \
    }

FUNCTION(fractional_part, fraction_part)
FUNCTION(sine, sin)
FUNCTION(arc_tangent, atan)
FUNCTION(natural_log, log)
FUNCTION(exponential, exp)

/* Far beyond this shift every finite double is zero or infinity. */
#define LARGEST_SCALE 4096
static int times_two_power(struct vm *vm, oop *argv, unsigned argc) {
    double d;
    if (argc != 1 || !is_smallint(argv[1]))
        return PRIM_BAD_ARGUMENT;
    if (!prim_read_float(argv[0], &d))
        return PRIM_FAIL;
    int64_t power = smallint_value(argv[1]);
    if (power > LARGEST_SCALE)
        power = LARGEST_SCALE;
    if (power < -LARGEST_SCALE)
        power = -LARGEST_SCALE;
    return answer_float(vm, argv, ldexp(d, (int)power));
}

/* ---- The two halves of the bits: 1 is the upper one ----------------------------- */

static int float_at(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    if (argc != 1 || !is_smallint(argv[1]))
        return PRIM_BAD_ARGUMENT;
    double d;
    if (!prim_read_float(argv[0], &d))
        return PRIM_BAD_RECEIVER;
    int64_t index = smallint_value(argv[1]);
    if (index != 1 && index != 2)
        return PRIM_BAD_INDEX;
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    argv[0] = smallint((int64_t)(index == 1 ? bits >> 32 : bits & UINT32_MAX));
    return PRIM_OK;
}

static int float_at_put(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    uint64_t half;
    if (argc != 2 || !is_smallint(argv[2]) || !prim_read_uint64(argv[2], &half) ||
        half > UINT32_MAX)
        return PRIM_BAD_ARGUMENT;
    if (!is_boxed_float(argv[0]))
        return PRIM_BAD_RECEIVER;
    if (is_immutable(argv[0]))
        return PRIM_NO_MODIFICATION;
    if (!is_smallint(argv[1]))
        return PRIM_BAD_ARGUMENT;
    int64_t index = smallint_value(argv[1]);
    if (index != 1 && index != 2)
        return PRIM_BAD_INDEX;
    uint64_t bits = fetch_slot(argv[0], 0);
    bits = index == 1 ? half << 32 | (bits & UINT32_MAX) : bits >> 32 << 32 | half;
    put_slot(argv[0], 0, bits);
    argv[0] = argv[2];
    return PRIM_OK;
}

/* ---- 541-559: the same for a SmallFloat receiver ---------------------------------- */

#define SMALL(name)                                                       \
    static int small_##name(struct vm *vm, oop *argv, unsigned argc) {    \
        return is_smallfloat(argv[0]) ? name(vm, argv, argc) : PRIM_FAIL; \
    }

SMALL(add)
SMALL(subtract)
SMALL(less_than)
SMALL(greater_than)
SMALL(less_or_equal)
SMALL(greater_or_equal)
SMALL(equal)
SMALL(not_equal)
SMALL(multiply)
SMALL(divide)
SMALL(truncated)
SMALL(fractional_part)
SMALL(exponent)
SMALL(times_two_power)
SMALL(square_root)
SMALL(sine)
SMALL(arc_tangent)
SMALL(natural_log)
SMALL(exponential)

const struct numbered_prim prims_float[] = {
    {38, float_at, "primitiveFloatAt"},
    {39, float_at_put, "primitiveFloatAtPut"},
    {40, as_float, "primitiveAsFloat"},
    {41, add, "primitiveFloatAdd"},
    {42, subtract, "primitiveFloatSubtract"},
    {43, less_than, "primitiveFloatLessThan"},
    {44, greater_than, "primitiveFloatGreaterThan"},
    {45, less_or_equal, "primitiveFloatLessOrEqual"},
    {46, greater_or_equal, "primitiveFloatGreaterOrEqual"},
    {47, equal, "primitiveFloatEqual"},
    {48, not_equal, "primitiveFloatNotEqual"},
    {49, multiply, "primitiveFloatMultiply"},
    {50, divide, "primitiveFloatDivide"},
    {51, truncated, "primitiveTruncated"},
    {52, fractional_part, "primitiveFractionalPart"},
    {53, exponent, "primitiveExponent"},
    {54, times_two_power, "primitiveTimesTwoPower"},
    {55, square_root, "primitiveSquareRoot"},
    {56, sine, "primitiveSine"},
    {57, arc_tangent, "primitiveArctan"},
    {58, natural_log, "primitiveLogN"},
    {59, exponential, "primitiveExp"},
    {541, small_add, "primitiveSmallFloatAdd"},
    {542, small_subtract, "primitiveSmallFloatSubtract"},
    {543, small_less_than, "primitiveSmallFloatLessThan"},
    {544, small_greater_than, "primitiveSmallFloatGreaterThan"},
    {545, small_less_or_equal, "primitiveSmallFloatLessOrEqual"},
    {546, small_greater_or_equal, "primitiveSmallFloatGreaterOrEqual"},
    {547, small_equal, "primitiveSmallFloatEqual"},
    {548, small_not_equal, "primitiveSmallFloatNotEqual"},
    {549, small_multiply, "primitiveSmallFloatMultiply"},
    {550, small_divide, "primitiveSmallFloatDivide"},
    {551, small_truncated, "primitiveSmallFloatTruncated"},
    {552, small_fractional_part, "primitiveSmallFloatFractionalPart"},
    {553, small_exponent, "primitiveSmallFloatExponent"},
    {554, small_times_two_power, "primitiveSmallFloatTimesTwoPower"},
    {555, small_square_root, "primitiveSmallFloatSquareRoot"},
    {556, small_sine, "primitiveSmallFloatSine"},
    {557, small_arc_tangent, "primitiveSmallFloatArctan"},
    {558, small_natural_log, "primitiveSmallFloatLogN"},
    {559, small_exponential, "primitiveSmallFloatExp"},
    {0, NULL, NULL},
};
