/*
 * words.c - raw data as signed integers and floats: 143/144 shortAt:(put:),
 * 165/166 integerAt:(put:), 238/239 float at:(put:) of 32- and 64-bit arrays.
 * Source: InterpreterPrimitives, SpurMemoryManager.
 */
#include "values.h"

static bool is_bits_object(oop o) {
    return is_object(o) && is_bits_format(format_of(o));
}

/* Element size as a power of two, for a bits format. */
static unsigned element_shift(unsigned format) {
    return format >= FORMAT_BYTES ? 0 : format >= FORMAT_16 ? 1 : format >= FORMAT_32 ? 2 : 3;
}

/* The zero-based index, if it lies within elements of 1 << shift bytes. */
static bool element_index(oop o, oop index, unsigned shift, uint64_t *out) {
    *out = (uint64_t)smallint_value(index) - 1;
    return *out < num_bytes(o) >> shift;
}

static int short_at(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    if (argc != 1 || !is_smallint(argv[1]))
        return PRIM_BAD_ARGUMENT;
    if (!is_bits_object(argv[0]))
        return PRIM_INAPPROPRIATE;
    uint64_t i;
    if (!element_index(argv[0], argv[1], 1, &i))
        return PRIM_BAD_INDEX;
    int16_t value;
    memcpy(&value, object_bytes(argv[0]) + 2 * i, sizeof value);
    argv[0] = smallint(value);
    return PRIM_OK;
}

static int short_at_put(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    if (argc != 2 || !are_smallints(argv[1], argv[2]) || smallint_value(argv[2]) < INT16_MIN ||
        smallint_value(argv[2]) > INT16_MAX)
        return PRIM_BAD_ARGUMENT;
    if (!is_bits_object(argv[0]))
        return PRIM_INAPPROPRIATE;
    if (is_immutable(argv[0]))
        return PRIM_NO_MODIFICATION;
    uint64_t i;
    if (!element_index(argv[0], argv[1], 1, &i))
        return PRIM_BAD_INDEX;
    int16_t value = (int16_t)smallint_value(argv[2]);
    memcpy(object_bytes(argv[0]) + 2 * i, &value, sizeof value);
    argv[0] = argv[2];
    return PRIM_OK;
}

static int64_t read_element(const uint8_t *at, unsigned shift) {
    int64_t v64 = 0;
    memcpy(&v64, at, (size_t)1 << shift);
    unsigned spare = 64 - (8u << shift);
    return (int64_t)((uint64_t)v64 << spare) >> spare;
}

static bool fits_element(int64_t value, unsigned shift) {
    int64_t sign = value >> ((8u << shift) - 1);
    return sign == 0 || sign == -1;
}

/* Arrays answer their element, as at: does. */
static int integer_at(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 1 || !is_smallint(argv[1]))
        return PRIM_BAD_ARGUMENT;
    if (is_immediate(argv[0]))
        return PRIM_BAD_RECEIVER;
    unsigned format = format_of(argv[0]);
    uint64_t i;
    if (is_method_format(format))
        return PRIM_UNSUPPORTED;
    if (format == FORMAT_ARRAY && !is_forwarder(argv[0])) {
        if (!element_index(argv[0], argv[1], 3, &i))
            return PRIM_BAD_INDEX;
        argv[0] = fetch_slot(argv[0], i);
        return PRIM_OK;
    }
    if (!is_bits_format(format))
        return PRIM_BAD_RECEIVER;
    unsigned shift = element_shift(format);
    if (!element_index(argv[0], argv[1], shift, &i))
        return PRIM_BAD_INDEX;
    return prim_answer(
        argv, prim_new_int64(vm, read_element(object_bytes(argv[0]) + (i << shift), shift)));
}

static int integer_at_put(struct vm *vm, oop *argv, unsigned argc) {
    int64_t value;
    if (argc != 2 || !is_smallint(argv[1]) || !prim_read_int64(argv[2], &value))
        return PRIM_BAD_ARGUMENT;
    if (is_immediate(argv[0]))
        return PRIM_BAD_RECEIVER;
    if (is_immutable(argv[0]))
        return PRIM_NO_MODIFICATION;
    unsigned format = format_of(argv[0]);
    uint64_t i;
    if (is_method_format(format))
        return PRIM_UNSUPPORTED;
    if (format == FORMAT_ARRAY && !is_forwarder(argv[0])) {
        if (!element_index(argv[0], argv[1], 3, &i))
            return PRIM_BAD_INDEX;
        heap_store(&vm->heap, argv[0], i, argv[2]);
        argv[0] = argv[2];
        return PRIM_OK;
    }
    if (!is_bits_format(format))
        return PRIM_BAD_RECEIVER;
    unsigned shift = element_shift(format);
    if (!fits_element(value, shift))
        return PRIM_BAD_ARGUMENT;
    if (!element_index(argv[0], argv[1], shift, &i))
        return PRIM_BAD_INDEX;
    memcpy(object_bytes(argv[0]) + (i << shift), &value, (size_t)1 << shift);
    argv[0] = argv[2];
    return PRIM_OK;
}

/* The receiver's element shift is 2 or 3, or it cannot hold floats. */
static bool holds_floats(oop o) {
    return is_bits_object(o) && element_shift(format_of(o)) >= 2;
}

static int float_array_at(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 1 || !is_smallint(argv[1]))
        return PRIM_BAD_ARGUMENT;
    if (!holds_floats(argv[0]))
        return PRIM_BAD_RECEIVER;
    unsigned shift = element_shift(format_of(argv[0]));
    uint64_t i;
    if (!element_index(argv[0], argv[1], shift, &i))
        return PRIM_BAD_INDEX;
    const uint8_t *at = object_bytes(argv[0]) + (i << shift);
    double d;
    float f;
    if (shift == 3) {
        memcpy(&d, at, sizeof d);
    } else {
        memcpy(&f, at, sizeof f);
        d = (double)f;
    }
    return prim_answer(argv, heap_new_float(&vm->heap, d));
}

static int float_array_at_put(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    double d;
    if (argc != 2 || !prim_read_float(argv[2], &d) || !is_smallint(argv[1]))
        return PRIM_BAD_ARGUMENT;
    if (is_immediate(argv[0]))
        return PRIM_BAD_RECEIVER;
    if (is_immutable(argv[0]))
        return PRIM_NO_MODIFICATION;
    if (!holds_floats(argv[0]))
        return PRIM_BAD_RECEIVER;
    unsigned shift = element_shift(format_of(argv[0]));
    uint64_t i;
    if (!element_index(argv[0], argv[1], shift, &i))
        return PRIM_BAD_INDEX;
    uint8_t *at = object_bytes(argv[0]) + (i << shift);
    if (shift == 3) {
        memcpy(at, &d, sizeof d);
    } else {
        float f = (float)d;
        memcpy(at, &f, sizeof f);
    }
    argv[0] = argv[2];
    return PRIM_OK;
}

const struct numbered_prim prims_words[] = {
    {143, short_at, "primitiveShortAt"},
    {144, short_at_put, "primitiveShortAtPut"},
    {165, integer_at, "primitiveIntegerAt"},
    {166, integer_at_put, "primitiveIntegerAtPut"},
    {238, float_array_at, "primitiveFloatArrayAt"},
    {239, float_array_at_put, "primitiveFloatArrayAtPut"},
    {0, NULL, NULL},
};
