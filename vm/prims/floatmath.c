/*
 * floatmath.c - FloatMathPlugin: the C library's functions under the plugin's
 * names. A NaN result or an operand that is no Float fails with PRIM_FAIL.
 * (The OpenSmalltalk plugin carries fdlibm; the last bit of a result may
 * differ from it where this C library rounds better.)
 */
#include "values.h"
#include <math.h>

static int answer(struct vm *vm, oop *argv, double result) {
    if (isnan(result))
        return PRIM_FAIL;
    return prim_answer(argv, heap_new_float(&vm->heap, result));
}

#define UNARY(name, c_function)                                \
    static int name(struct vm *vm, oop *argv, unsigned argc) { \
        double a;                                              \
        if (!prim_read_float(from_last(argv, argc, 0), &a))    \
            return PRIM_FAIL;                                  \
        return answer(vm, argv, c_function(a));                \
    }
#define BINARY(name, c_function)                                          \
    static int name(struct vm *vm, oop *argv, unsigned argc) {            \
        double a, b;                                                      \
        if (argc < 1 || !prim_read_float(from_last(argv, argc, 1), &a) || \
            !prim_read_float(from_last(argv, argc, 0), &b))               \
            return PRIM_FAIL;                                             \
        return answer(vm, argv, c_function(a, b));                        \
    }

static double fraction_part(double d) {
    double whole;
    return modf(d, &whole);
}
/* Not even minus infinity for a negative operand. */
static double positive_log(double d) {
    return d < 0.0 ? (double)NAN : log(d);
}
static double positive_log10(double d) {
    return d < 0.0 ? (double)NAN : log10(d);
}
static double positive_sqrt(double d) {
    return d < 0.0 ? (double)NAN : sqrt(d);
}

UNARY(arc_cos, acos)
UNARY(arc_cos_h, acosh)
UNARY(arc_sin, asin)
UNARY(arc_sin_h, asinh)
UNARY(arc_tan, atan)
UNARY(arc_tan_h, atanh)
UNARY(cosine, cos)
UNARY(cosine_h, cosh)
UNARY(exponential, exp)
UNARY(fractional_part, fraction_part)
UNARY(log_10, positive_log10)
UNARY(log_n, positive_log)
UNARY(sine, sin)
UNARY(sine_h, sinh)
UNARY(square_root, positive_sqrt)
UNARY(tangent, tan)
UNARY(tangent_h, tanh)
BINARY(arc_tan_2, atan2)
BINARY(modulo, fmod)
BINARY(hypotenuse, hypot)
BINARY(raised_to_power, pow)

#define LARGEST_SCALE 4096
static int times_two_power(struct vm *vm, oop *argv, unsigned argc) {
    double a;
    if (argc < 1 || !prim_read_float(from_last(argv, argc, 1), &a) ||
        !is_smallint(from_last(argv, argc, 0)))
        return PRIM_FAIL;
    int64_t power = smallint_value(from_last(argv, argc, 0));
    if (power > LARGEST_SCALE)
        power = LARGEST_SCALE;
    if (power < -LARGEST_SCALE)
        power = -LARGEST_SCALE;
    return answer(vm, argv, ldexp(a, (int)power));
}

#define MODULE "FloatMathPlugin"
const struct named_prim named_float_math[] = {
    {MODULE, "primitiveArcCos", arc_cos},
    {MODULE, "primitiveArcCosH", arc_cos_h},
    {MODULE, "primitiveArcSin", arc_sin},
    {MODULE, "primitiveArcSinH", arc_sin_h},
    {MODULE, "primitiveArcTan", arc_tan},
    {MODULE, "primitiveArcTan2", arc_tan_2},
    {MODULE, "primitiveArcTanH", arc_tan_h},
    {MODULE, "primitiveCos", cosine},
    {MODULE, "primitiveCosH", cosine_h},
    {MODULE, "primitiveExp", exponential},
    {MODULE, "primitiveFMod", modulo},
    {MODULE, "primitiveFractionalPart", fractional_part},
    {MODULE, "primitiveHypot", hypotenuse},
    {MODULE, "primitiveLog10", log_10},
    {MODULE, "primitiveLogN", log_n},
    {MODULE, "primitiveRaisedToPower", raised_to_power},
    {MODULE, "primitiveSin", sine},
    {MODULE, "primitiveSinH", sine_h},
    {MODULE, "primitiveSqrt", square_root},
    {MODULE, "primitiveTan", tangent},
    {MODULE, "primitiveTanH", tangent_h},
    {MODULE, "primitiveTimesTwoPower", times_two_power},
    {NULL, NULL, NULL},
};
