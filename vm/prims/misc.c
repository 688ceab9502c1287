/*
 * misc.c - MiscPrimitivePlugin's string primitives, and 156/158 that compare
 * byte objects. Arguments of the plugin are counted from the last; "bytes"
 * means byte format, but no compiled code. Source: MiscPrimitivePlugin,
 * InterpreterPrimitives.
 */
#include "values.h"

static const uint8_t *bytes_of(oop o) {
    return object_bytes(o);
}

/* compare: string1 with: string2 collated: order -> 1, 2, 3: less, equal, greater */
static int compare_string(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    if (argc < 2)
        return PRIM_BAD_ARGUMENT;
    oop a = from_last(argv, argc, 2), b = from_last(argv, argc, 1);
    oop order = from_last(argv, argc, 0);
    if (!is_bytes(a) || !is_bytes(b) || !is_bytes(order) || num_bytes(order) < 256)
        return PRIM_BAD_ARGUMENT;
    uint64_t a_size = num_bytes(a), b_size = num_bytes(b);
    uint64_t both = a_size < b_size ? a_size : b_size;
    int result = a_size == b_size ? 2 : a_size < b_size ? 1 : 3;
    for (uint64_t i = 0; i < both; i++) {
        uint8_t x = bytes_of(order)[bytes_of(a)[i]], y = bytes_of(order)[bytes_of(b)[i]];
        if (x != y) {
            result = x < y ? 1 : 3;
            break;
        }
    }
    argv[0] = smallint(result);
    return PRIM_OK;
}

/* findFirstInString: aString inSet: inclusionMap startingAt: start */
static int find_first_in_string(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    if (argc < 2)
        return PRIM_BAD_ARGUMENT;
    oop string = from_last(argv, argc, 2), map = from_last(argv, argc, 1);
    oop start = from_last(argv, argc, 0);
    if (!is_bytes(string) || !is_bytes(map) || !is_smallint(start))
        return PRIM_BAD_ARGUMENT;
    if (smallint_value(start) < 1)
        return PRIM_BAD_INDEX;
    uint64_t size = num_bytes(string), i = (uint64_t)smallint_value(start) - 1;
    if (num_bytes(map) != 256)
        i = size;
    while (i < size && bytes_of(map)[bytes_of(string)[i]] == 0)
        i++;
    argv[0] = smallint(i >= size ? 0 : (int64_t)i + 1);
    return PRIM_OK;
}

static bool matches(const uint8_t *table, const uint8_t *a, const uint8_t *b, uint64_t size) {
    for (uint64_t i = 0; i < size; i++)
        if (table[a[i]] != table[b[i]])
            return false;
    return true;
}

/* findSubstring: key in: body startingAt: start matchTable: table */
static int find_substring(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    if (argc < 3)
        return PRIM_BAD_ARGUMENT;
    oop key = from_last(argv, argc, 3), body = from_last(argv, argc, 2);
    oop start = from_last(argv, argc, 1), table = from_last(argv, argc, 0);
    if (!is_bytes(key) || !is_bytes(body) || !is_smallint(start) || !is_bytes(table) ||
        num_bytes(table) < 256)
        return PRIM_BAD_ARGUMENT;
    uint64_t key_size = num_bytes(key), body_size = num_bytes(body);
    uint64_t first = smallint_value(start) < 1 ? 0 : (uint64_t)smallint_value(start) - 1;
    int64_t found = 0;
    if (key_size > 0 && key_size <= body_size)
        for (uint64_t i = first; i <= body_size - key_size; i++)
            if (matches(bytes_of(table), bytes_of(body) + i, bytes_of(key), key_size)) {
                found = (int64_t)i + 1;
                break;
            }
    argv[0] = smallint(found);
    return PRIM_OK;
}

/* indexOfAscii: anInteger inString: aString startingAt: start */
static int index_of_ascii(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    if (argc < 2)
        return PRIM_BAD_ARGUMENT;
    oop code = from_last(argv, argc, 2), string = from_last(argv, argc, 1);
    oop start = from_last(argv, argc, 0);
    if (!are_smallints(code, start) || !is_bytes(string))
        return PRIM_BAD_ARGUMENT;
    if (smallint_value(start) < 1)
        return PRIM_BAD_INDEX;
    uint64_t size = num_bytes(string), first = (uint64_t)smallint_value(start) - 1;
    uint64_t wanted = (uint64_t)smallint_value(code);
    const uint8_t *found = NULL;
    if (wanted <= UINT8_MAX && first < size)
        found = memchr(bytes_of(string) + first, (int)wanted, size - first);
    argv[0] = smallint(found ? found - bytes_of(string) + 1 : 0);
    return PRIM_OK;
}

#define HASH_MULTIPLIER UINT64_C(1664525)
#define HASH_MASK_28 UINT64_C(0xfffffff)

/* stringHash: aString initialHash: speciesHash */
static int string_hash(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    if (argc < 1)
        return PRIM_BAD_ARGUMENT;
    oop string = from_last(argv, argc, 1), initial = from_last(argv, argc, 0);
    if (!is_smallint(initial) || !is_bytes(string))
        return PRIM_BAD_ARGUMENT;
    uint64_t hash = (uint64_t)smallint_value(initial), size = num_bytes(string);
    const uint8_t *bytes = bytes_of(string);
    for (uint64_t i = 0; i < size; i++)
        hash = (hash + bytes[i]) * HASH_MULTIPLIER;
    argv[0] = smallint((int64_t)(hash & HASH_MASK_28));
    return PRIM_OK;
}

/* translate: aString from: start to: stop table: table */
static int translate_string(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    if (argc < 3)
        return PRIM_BAD_ARGUMENT;
    oop string = from_last(argv, argc, 3), table = from_last(argv, argc, 0);
    oop start = from_last(argv, argc, 2), stop = from_last(argv, argc, 1);
    if (!is_bytes(string))
        return PRIM_BAD_ARGUMENT;
    if (is_immutable(string))
        return PRIM_NO_MODIFICATION;
    if (!are_smallints(start, stop) || !is_bytes(table))
        return PRIM_BAD_ARGUMENT;
    int64_t first = smallint_value(start) - 1, end = smallint_value(stop);
    if (first < 0 || end > (int64_t)num_bytes(string))
        return PRIM_BAD_INDEX;
    if (num_bytes(table) < 256)
        return PRIM_BAD_ARGUMENT;
    uint8_t *bytes = object_bytes(string);
    for (int64_t i = first; i < end; i++)
        bytes[i] = bytes_of(table)[bytes[i]];
    return PRIM_OK; /* answers the receiver */
}

/* ---- Numbered ---------------------------------------------------------------------- */

/* The same bytes, whatever the classes; compiled code counts as bytes. */
static int compare_bytes(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 1)
        return PRIM_BAD_NUM_ARGS;
    oop a = argv[0], b = argv[1];
    bool same = a == b;
    if (!same) {
        if (is_immediate(a) || is_immediate(b) || format_of(a) < FORMAT_BYTES ||
            format_of(b) < FORMAT_BYTES)
            return PRIM_BAD_ARGUMENT;
        same = num_bytes(a) == num_bytes(b) && memcmp(bytes_of(a), bytes_of(b), num_bytes(a)) == 0;
    }
    argv[0] = boolean(vm, same);
    return PRIM_OK;
}

/* Negative, zero or positive. An order object of 256 bytes is indexed from its
 * second byte, as the standard does; its missing last byte reads as zero. */
static int compare_with(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    if (argc != 1 && argc != 2)
        return PRIM_BAD_NUM_ARGS;
    if (argc == 2 &&
        (is_immediate(argv[2]) || format_of(argv[2]) < FORMAT_BYTES || num_bytes(argv[2]) != 256))
        return PRIM_BAD_ARGUMENT;
    oop a = argv[0], b = argv[1];
    if (is_immediate(a) || is_immediate(b) || format_of(a) < FORMAT_BYTES ||
        format_of(b) < FORMAT_BYTES)
        return PRIM_BAD_ARGUMENT;
    uint8_t order[257] = {0};
    if (argc == 2)
        memcpy(order, bytes_of(argv[2]), 256);
    int64_t a_size = (int64_t)num_bytes(a), b_size = (int64_t)num_bytes(b);
    int64_t result = a_size - b_size;
    for (int64_t i = 0; i < a_size && i < b_size; i++) {
        int x = bytes_of(a)[i], y = bytes_of(b)[i];
        if (argc == 2) {
            x = order[x + 1];
            y = order[y + 1];
        }
        if (x != y) {
            result = x - y;
            break;
        }
    }
    argv[0] = smallint(result);
    return PRIM_OK;
}

const struct numbered_prim prims_misc[] = {
    {156, compare_bytes, "primitiveCompareBytes"},
    {158, compare_with, "primitiveCompareWith"},
    {0, NULL, NULL},
};

#define MODULE "MiscPrimitivePlugin"
const struct named_prim named_misc[] = {
    {MODULE, "primitiveCompareString", compare_string},
    {MODULE, "primitiveFindFirstInString", find_first_in_string},
    {MODULE, "primitiveFindSubstring", find_substring},
    {MODULE, "primitiveIndexOfAsciiInString", index_of_ascii},
    {MODULE, "primitiveStringHash", string_hash},
    {MODULE, "primitiveTranslateStringWithTable", translate_string},
    {"", "primitiveCompareBytes", compare_bytes},
    {"", "primitiveCompareWith", compare_with},
    {NULL, NULL, NULL},
};
