/*
 * floatarray.c - FloatArrayPlugin (32-bit words as floats) and
 * Float64ArrayPlugin (64-bit words as doubles): element access, arithmetic
 * into the receiver, sums. Arithmetic is done in double; results are rounded
 * once on the way back. Source: FloatArrayPlugin, Float64ArrayPlugin.
 *
 * Both plugins are made from the same code, told by `wide` (64-bit elements);
 * BOTH_KINDS makes the two entry points of each.
 */
#include "values.h"
#include <math.h>

struct array {
    uint8_t *data;
    uint64_t size; /* elements */
    bool wide;
};

static bool open_array(oop o, bool wide, struct array *out) {
    if (!is_object(o) || (format_of(o) & ~(wide ? 0u : 1u)) != (wide ? FORMAT_64 : FORMAT_32))
        return false;
    *out = (struct array){object_bytes(o), num_bytes(o) / (wide ? 8 : 4), wide};
    return true;
}

static double get(const struct array *a, uint64_t i) {
    if (a->wide)
        return ((const double *)(const void *)a->data)[i];
    return (double)((const float *)(const void *)a->data)[i];
}

static void put(struct array *a, uint64_t i, double d) {
    if (a->wide)
        ((double *)(void *)a->data)[i] = d;
    else
        ((float *)(void *)a->data)[i] = (float)d;
}

static int answer_float(struct vm *vm, oop *argv, double d) {
    return prim_answer(argv, heap_new_float(&vm->heap, d));
}

/* ---- Elements -------------------------------------------------------------------- */

static int array_at(struct vm *vm, oop *argv, unsigned argc, bool wide) {
    struct array a;
    if (argc < 1 || !is_smallint(from_last(argv, argc, 0)) ||
        !open_array(from_last(argv, argc, 1), wide, &a))
        return PRIM_FAIL;
    uint64_t i = (uint64_t)smallint_value(from_last(argv, argc, 0)) - 1;
    return i < a.size ? answer_float(vm, argv, get(&a, i)) : PRIM_FAIL;
}

static int array_at_put(struct vm *vm, oop *argv, unsigned argc, bool wide) {
    (void)vm;
    struct array a;
    double d;
    if (argc < 2 || !prim_read_number(from_last(argv, argc, 0), &d) ||
        !is_smallint(from_last(argv, argc, 1)) || !open_array(from_last(argv, argc, 2), wide, &a))
        return PRIM_FAIL;
    if (is_immutable(from_last(argv, argc, 2)))
        return PRIM_NO_MODIFICATION;
    uint64_t i = (uint64_t)smallint_value(from_last(argv, argc, 1)) - 1;
    if (i >= a.size)
        return PRIM_FAIL;
    put(&a, i, d);
    argv[0] = from_last(argv, argc, 0);
    return PRIM_OK;
}

/* ---- Arithmetic into the receiver --------------------------------------------------- */

static int open_target(oop o, bool wide, struct array *out) {
    if (!open_array(o, wide, out))
        return PRIM_FAIL;
    return is_immutable(o) ? PRIM_NO_MODIFICATION : PRIM_OK;
}

/* Two arrays of the same size; the first is changed. */
static int open_pair(const oop *argv, unsigned argc, bool wide, struct array *a, struct array *b) {
    if (argc < 1 || !open_array(from_last(argv, argc, 0), wide, b))
        return PRIM_FAIL;
    int status = open_target(from_last(argv, argc, 1), wide, a);
    return status == PRIM_OK && a->size != b->size ? PRIM_FAIL : status;
}

#define WITH_ARRAY(name, op)                                              \
    static int name(struct vm *vm, oop *argv, unsigned argc, bool wide) { \
        (void)vm;                                                         \
        struct array a, b;                                                \
        int status = open_pair(argv, argc, wide, &a, &b);                 \
        for (uint64_t i = 0; status == PRIM_OK && i < a.size; i++)        \
            put(&a, i, get(&a, i) op get(&b, i));                         \
        return status;                                                    \
    }

WITH_ARRAY(add_array, +)
WITH_ARRAY(sub_array, -)
WITH_ARRAY(mul_array, *)

/* Fails, with nothing changed, when any divisor is zero. */
static int div_array(struct vm *vm, oop *argv, unsigned argc, bool wide) {
    (void)vm;
    struct array a, b;
    int status = open_pair(argv, argc, wide, &a, &b);
    if (status != PRIM_OK)
        return status;
    for (uint64_t i = 0; i < b.size; i++)
        if (get(&b, i) == 0.0)
            return PRIM_FAIL;
    for (uint64_t i = 0; i < a.size; i++)
        put(&a, i, get(&a, i) / get(&b, i));
    return PRIM_OK;
}

#define WITH_SCALAR(name, op, prepared)                                   \
    static int name(struct vm *vm, oop *argv, unsigned argc, bool wide) { \
        (void)vm;                                                         \
        struct array a;                                                   \
        double d;                                                         \
        if (argc < 1 || !prim_read_float(from_last(argv, argc, 0), &d))   \
            return PRIM_FAIL;                                             \
        int status = open_target(from_last(argv, argc, 1), wide, &a);     \
        d = prepared;                                                     \
        for (uint64_t i = 0; status == PRIM_OK && i < a.size; i++)        \
            put(&a, i, get(&a, i) op d);                                  \
        return status;                                                    \
    }

WITH_SCALAR(add_scalar, +, d)
WITH_SCALAR(sub_scalar, -, d)
WITH_SCALAR(mul_scalar, *, d)

/* The standard multiplies floats by the inverse, but divides doubles. */
WITH_SCALAR(mul_by_inverse, *, 1.0 / d)
WITH_SCALAR(div_by_scalar, /, d)
static int div_scalar(struct vm *vm, oop *argv, unsigned argc, bool wide) {
    return (wide ? div_by_scalar : mul_by_inverse)(vm, argv, argc, wide);
}

/* ---- Sums ------------------------------------------------------------------------------ */

static int dot_product(struct vm *vm, oop *argv, unsigned argc, bool wide) {
    struct array a, b;
    if (argc < 1 || !open_array(from_last(argv, argc, 0), wide, &b) ||
        !open_array(from_last(argv, argc, 1), wide, &a) || a.size != b.size)
        return PRIM_FAIL;
    double result = 0.0;
    for (uint64_t i = 0; i < a.size; i++)
        result += get(&a, i) * get(&b, i);
    return answer_float(vm, argv, result);
}

static int equal_arrays(struct vm *vm, oop *argv, unsigned argc, bool wide) {
    struct array a, b;
    if (argc < 1 || !open_array(from_last(argv, argc, 0), wide, &b) ||
        !open_array(from_last(argv, argc, 1), wide, &a))
        return PRIM_FAIL;
    bool same = a.size == b.size;
    for (uint64_t i = 0; same && i < a.size; i++)
        same = get(&a, i) == get(&b, i);
    argv[0] = boolean(vm, same);
    return PRIM_OK;
}

#define HASH_MASK_29 UINT32_C(0x1fffffff)
static int hash_array(struct vm *vm, oop *argv, unsigned argc, bool wide) {
    (void)vm;
    struct array a;
    if (!open_array(from_last(argv, argc, 0), wide, &a))
        return PRIM_FAIL;
    const uint32_t *words = (const uint32_t *)(const void *)a.data;
    uint32_t sum = 0;
    for (uint64_t i = 0; i < (wide ? 2 * a.size : a.size); i++)
        sum += words[i];
    argv[0] = smallint(sum & HASH_MASK_29);
    return PRIM_OK;
}

static double length_of(const struct array *a) {
    double sum = 0.0;
    for (uint64_t i = 0; i < a->size; i++)
        sum += get(a, i) * get(a, i);
    return sum > 0.0 ? sqrt(sum) : 0.0;
}

static int array_length(struct vm *vm, oop *argv, unsigned argc, bool wide) {
    struct array a;
    if (!open_array(from_last(argv, argc, 0), wide, &a))
        return PRIM_BAD_RECEIVER;
    double length = length_of(&a);
    return length > 0.0 ? answer_float(vm, argv, length) : PRIM_BAD_RECEIVER;
}

static int normalize_array(struct vm *vm, oop *argv, unsigned argc, bool wide) {
    (void)vm;
    struct array a;
    int status = open_target(from_last(argv, argc, 0), wide, &a);
    if (status != PRIM_OK)
        return status == PRIM_FAIL ? PRIM_BAD_RECEIVER : status;
    double length = length_of(&a);
    if (!(length > 0.0))
        return PRIM_BAD_RECEIVER;
    for (uint64_t i = 0; i < a.size; i++)
        put(&a, i, get(&a, i) / length);
    return PRIM_OK;
}

static int sum_array(struct vm *vm, oop *argv, unsigned argc, bool wide) {
    struct array a;
    if (!open_array(from_last(argv, argc, 0), wide, &a))
        return PRIM_FAIL;
    double sum = 0.0;
    for (uint64_t i = 0; i < a.size; i++)
        sum += get(&a, i);
    return answer_float(vm, argv, sum);
}

/* Float64Array from a FloatArray of the same size. */
static int from_float_array(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    struct array to, from;
    if (argc < 1 || !open_array(from_last(argv, argc, 0), false, &from))
        return PRIM_FAIL;
    int status = open_target(from_last(argv, argc, 1), true, &to);
    if (status == PRIM_OK && to.size != from.size)
        status = PRIM_FAIL;
    for (uint64_t i = 0; status == PRIM_OK && i < to.size; i++)
        put(&to, i, get(&from, i));
    return status;
}

#define BOTH_KINDS(name)                                            \
    static int name##_32(struct vm *vm, oop *argv, unsigned argc) { \
        return name(vm, argv, argc, false);                         \
    }                                                               \
    static int name##_64(struct vm *vm, oop *argv, unsigned argc) { \
        return name(vm, argv, argc, true);                          \
    }

BOTH_KINDS(array_at)
BOTH_KINDS(array_at_put)
BOTH_KINDS(add_array)
BOTH_KINDS(sub_array)
BOTH_KINDS(mul_array)
BOTH_KINDS(div_array)
BOTH_KINDS(add_scalar)
BOTH_KINDS(sub_scalar)
BOTH_KINDS(mul_scalar)
BOTH_KINDS(div_scalar)
BOTH_KINDS(dot_product)
BOTH_KINDS(equal_arrays)
BOTH_KINDS(hash_array)
BOTH_KINDS(array_length)
BOTH_KINDS(normalize_array)
BOTH_KINDS(sum_array)

#define MODULE_32 "FloatArrayPlugin"
const struct named_prim named_float_array[] = {
    {MODULE_32, "primitiveAt", array_at_32},
    {MODULE_32, "primitiveAtPut", array_at_put_32},
    {MODULE_32, "primitiveAddFloatArray", add_array_32},
    {MODULE_32, "primitiveSubFloatArray", sub_array_32},
    {MODULE_32, "primitiveMulFloatArray", mul_array_32},
    {MODULE_32, "primitiveDivFloatArray", div_array_32},
    {MODULE_32, "primitiveAddScalar", add_scalar_32},
    {MODULE_32, "primitiveSubScalar", sub_scalar_32},
    {MODULE_32, "primitiveMulScalar", mul_scalar_32},
    {MODULE_32, "primitiveDivScalar", div_scalar_32},
    {MODULE_32, "primitiveDotProduct", dot_product_32},
    {MODULE_32, "primitiveEqual", equal_arrays_32},
    {MODULE_32, "primitiveHashArray", hash_array_32},
    {MODULE_32, "primitiveLength", array_length_32},
    {MODULE_32, "primitiveNormalize", normalize_array_32},
    {MODULE_32, "primitiveSum", sum_array_32},
    {NULL, NULL, NULL},
};

#define MODULE_64 "Float64ArrayPlugin"
const struct named_prim named_float64_array[] = {
    {MODULE_64, "primitiveAt", array_at_64},
    {MODULE_64, "primitiveAtPut", array_at_put_64},
    {MODULE_64, "primitiveAddFloat64Array", add_array_64},
    {MODULE_64, "primitiveSubFloat64Array", sub_array_64},
    {MODULE_64, "primitiveMulFloat64Array", mul_array_64},
    {MODULE_64, "primitiveDivFloat64Array", div_array_64},
    {MODULE_64, "primitiveAddScalar", add_scalar_64},
    {MODULE_64, "primitiveSubScalar", sub_scalar_64},
    {MODULE_64, "primitiveMulScalar", mul_scalar_64},
    {MODULE_64, "primitiveDivScalar", div_scalar_64},
    {MODULE_64, "primitiveDotProduct", dot_product_64},
    {MODULE_64, "primitiveEqual", equal_arrays_64},
    {MODULE_64, "primitiveHashArray", hash_array_64},
    {MODULE_64, "primitiveLength", array_length_64},
    {MODULE_64, "primitiveNormalize", normalize_array_64},
    {MODULE_64, "primitiveSum", sum_array_64},
    {MODULE_64, "primitiveFromFloatArray", from_float_array},
    {NULL, NULL, NULL},
};
