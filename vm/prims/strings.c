/*
 * strings.c - 63/64 stringAt:(put:), 105 replaceFrom:to:with:startingAt:, 145
 * atAllPut: of a number (constant fill). Source: SpurMemoryManager,
 * StackInterpreter>>commonAt:, InterpreterPrimitives.
 *
 * Contexts are left to the context primitives: their slots beyond the stack
 * pointer are no oops.
 */
#include "values.h"

#define NOT_INDEXABLE UINT64_MAX

/* Named slots before the indexable ones. NOT_INDEXABLE for what has none and
 * for contexts and malformed classes. */
static uint64_t fixed_slots(struct vm *vm, oop o) {
    unsigned format = format_of(o);
    if (format == FORMAT_ARRAY || format >= FORMAT_64)
        return 0;
    if ((format != FORMAT_INDEXABLE && format != FORMAT_WEAK) ||
        has_class_index(o, CLASS_INDEX_CONTEXT))
        return NOT_INDEXABLE;
    oop class = heap_class_of(&vm->heap, o);
    if (class == vm->heap.nil || !is_object(class) || num_slots(class) <= CLASS_FORMAT)
        return NOT_INDEXABLE;
    oop class_format = fetch_slot(class, CLASS_FORMAT);
    uint64_t fixed = class_format_fixed(smallint_value(class_format));
    return is_smallint(class_format) && fixed <= num_slots(o) ? fixed : NOT_INDEXABLE;
}

/* log2 of the element's size: pointers are 64-bit elements too. */
static unsigned element_shift(unsigned format) {
    return format >= FORMAT_BYTES ? 0 : format >= FORMAT_16 ? 1 : format >= FORMAT_32 ? 2 : 3;
}

/* ---- 63, 64 ------------------------------------------------------------------------ */

/* Check the index as at: does. On success *element is the zero-based index
 * counted from the start of the object's data. */
static int string_element(struct vm *vm, oop receiver, oop index, uint64_t *element) {
    if (is_immediate(receiver))
        return PRIM_INAPPROPRIATE;
    if (!is_smallint(index))
        return PRIM_BAD_ARGUMENT;
    unsigned format = format_of(receiver);
    uint64_t fixed = fixed_slots(vm, receiver);
    if (fixed == NOT_INDEXABLE)
        return PRIM_BAD_RECEIVER;
    uint64_t first = 0, size = num_bytes(receiver) >> element_shift(format);
    if (is_method_format(format)) {
        if (num_slots(receiver) == 0 || !is_smallint(fetch_slot(receiver, 0)))
            return PRIM_BAD_RECEIVER;
        first = method_initial_pc(receiver);
    }
    uint64_t i = (uint64_t)smallint_value(index) - 1;
    if (i < first || i >= size - fixed)
        return PRIM_BAD_INDEX;
    *element = i + fixed;
    return PRIM_OK;
}

/* The OpenSmalltalk VM makes characters of no greater codes. */
#define STRING_AT_LIMIT (UINT64_C(1) << 27)

static int string_at(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 1)
        return PRIM_BAD_NUM_ARGS;
    uint64_t i, code = 0;
    int status = string_element(vm, argv[0], argv[1], &i);
    if (status != PRIM_OK)
        return status;
    unsigned format = format_of(argv[0]), shift = element_shift(format);
    if (is_pointers_format(format)) {
        oop element = fetch_slot(argv[0], i);
        if (!is_smallint(element) || smallint_value(element) < 0)
            return PRIM_BAD_RECEIVER;
        code = (uint64_t)smallint_value(element);
    } else {
        memcpy(&code, object_bytes(argv[0]) + (i << shift), (size_t)1 << shift);
    }
    if (code >= STRING_AT_LIMIT)
        return PRIM_BAD_RECEIVER;
    argv[0] = character((uint32_t)code);
    return PRIM_OK;
}

static int string_at_put(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 2)
        return PRIM_BAD_NUM_ARGS;
    uint64_t i;
    int status = string_element(vm, argv[0], argv[1], &i);
    if (status == PRIM_INAPPROPRIATE || status == PRIM_BAD_ARGUMENT)
        return status;
    if (is_immutable(argv[0]))
        return PRIM_NO_MODIFICATION;
    if (status != PRIM_OK)
        return status;
    if (!is_character(argv[2]))
        return PRIM_BAD_ARGUMENT;
    uint64_t code = character_value(argv[2]);
    unsigned format = format_of(argv[0]), shift = element_shift(format);
    if (shift < 2 && code >> (8u << shift) != 0)
        return PRIM_BAD_ARGUMENT;
    if (is_pointers_format(format))
        put_slot(argv[0], i, smallint((int64_t)code));
    else
        memcpy(object_bytes(argv[0]) + (i << shift), &code, (size_t)1 << shift);
    argv[0] = argv[2];
    return PRIM_OK;
}

/* ---- 105 ------------------------------------------------------------------------------ */

/* Copy elements of 1 << shift bytes in rising order, as the standard does: an
 * overlapping copy upwards repeats the first elements. */
static void copy_rising(uint8_t *to, const uint8_t *from, uint64_t bytes, unsigned shift) {
    if (to <= from || to >= from + bytes) {
        memmove(to, from, bytes);
        return;
    }
    for (uint64_t i = 0; i < bytes; i += UINT64_C(1) << shift) {
        uint64_t element = 0;
        memcpy(&element, from + i, (size_t)1 << shift);
        memcpy(to + i, &element, (size_t)1 << shift);
    }
}

/* Array formats must be the same; weak and strong arrays count as the same. */
static bool same_kind(oop to, oop from) {
    unsigned a = format_of(to), b = format_of(from);
    if (a >= FORMAT_64)
        return b >= FORMAT_64 && !is_method_format(a) && !is_method_format(b) &&
               element_shift(a) == element_shift(b);
    a = a == FORMAT_WEAK ? FORMAT_ARRAY : a;
    b = b == FORMAT_WEAK ? FORMAT_ARRAY : b;
    return a == b;
}

static int replace(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 4 || !are_smallints(argv[1], argv[2]) || !is_smallint(argv[4]) ||
        is_immediate(argv[3]) || is_immediate(argv[0]))
        return PRIM_BAD_ARGUMENT;
    oop to = argv[0], from = argv[3];
    int64_t start = smallint_value(argv[1]), stop = smallint_value(argv[2]);
    int64_t from_start = smallint_value(argv[4]);
    if (stop >= start && is_immutable(to))
        return PRIM_NO_MODIFICATION;
    if (!same_kind(to, from))
        return PRIM_INAPPROPRIATE;
    uint64_t to_fixed = fixed_slots(vm, to), from_fixed = fixed_slots(vm, from);
    if (to_fixed == NOT_INDEXABLE || from_fixed == NOT_INDEXABLE)
        return PRIM_INAPPROPRIATE;
    unsigned shift = element_shift(format_of(to));
    int64_t to_size = (int64_t)((num_bytes(to) >> shift) - to_fixed);
    int64_t from_size = (int64_t)((num_bytes(from) >> shift) - from_fixed);
    int64_t count = stop - start + 1;
    if (start < 1 || start - 1 > stop || stop > to_size || from_start < 1 ||
        from_start - 1 + count > from_size)
        return PRIM_BAD_INDEX;
    if (count == 0)
        return PRIM_OK;
    uint64_t first = (uint64_t)(start - 1) + to_fixed;
    if (is_pointers_format(format_of(to)) && !is_young(&vm->heap, to)) {
        uint64_t delta = (uint64_t)(from_start - 1) + from_fixed - first;
        for (uint64_t i = first; i < first + (uint64_t)count; i++)
            heap_store(&vm->heap, to, i, fetch_slot(from, delta + i));
        return PRIM_OK;
    }
    copy_rising(object_bytes(to) + (first << shift),
                object_bytes(from) + (((uint64_t)(from_start - 1) + from_fixed) << shift),
                (uint64_t)count << shift, shift);
    return PRIM_OK;
}

/* ---- 145 ------------------------------------------------------------------------------ */

static int constant_fill(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    uint64_t value;
    if (argc != 1)
        return PRIM_BAD_NUM_ARGS;
    if (is_immediate(argv[0]) || format_of(argv[0]) < FORMAT_64)
        return PRIM_BAD_RECEIVER;
    if (is_immutable(argv[0]))
        return PRIM_NO_MODIFICATION;
    if (!prim_read_uint64(argv[1], &value))
        return PRIM_BAD_ARGUMENT;
    unsigned shift = element_shift(format_of(argv[0]));
    if (shift < 3 && value >> (8u << shift) != 0)
        return PRIM_BAD_ARGUMENT;
    if (is_method_format(format_of(argv[0])))
        return PRIM_BAD_RECEIVER;
    uint8_t *bytes = object_bytes(argv[0]);
    uint64_t size = num_bytes(argv[0]);
    if (shift == 0) {
        memset(bytes, (int)value, size);
        return PRIM_OK;
    }
    for (uint64_t i = 0; i < size; i += UINT64_C(1) << shift)
        memcpy(bytes + i, &value, (size_t)1 << shift);
    return PRIM_OK;
}

const struct numbered_prim prims_strings[] = {
    {63, string_at, "primitiveStringAt"},
    {64, string_at_put, "primitiveStringAtPut"},
    {105, replace, "primitiveStringReplace"},
    {145, constant_fill, "primitiveConstantFill"},
    {0, NULL, NULL},
};
