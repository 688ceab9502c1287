/*
 * values.c - C values from oops and oops from C values.
 */
#include "values.h"

/* The bytes of a LargeInteger as a number; bytes beyond its size are not
 * looked at. False when it has more than eight. */
static bool large_bits(oop o, uint64_t *out) {
    uint64_t bytes = num_bytes(o);
    if (bytes > 8)
        return false;
    uint64_t bits = bytes == 0 ? 0 : fetch_slot(o, 0);
    *out = bytes == 0 || bytes == 8 ? bits : bits & ((UINT64_C(1) << (8 * bytes)) - 1);
    return true;
}

bool prim_read_magnitude64(oop o, struct magnitude64 *out) {
    if (is_smallint(o)) {
        int64_t v = smallint_value(o);
        out->negative = v < 0;
        out->value = v < 0 ? -(uint64_t)v : (uint64_t)v;
        return true;
    }
    if (!is_large_integer(o))
        return false;
    out->negative = has_class_index(o, CLASS_INDEX_LARGE_NEGATIVE);
    return large_bits(o, &out->value);
}

oop prim_new_magnitude64(struct vm *vm, struct magnitude64 m) {
    if (m.value <= (uint64_t)SMALLINT_MAX + m.negative)
        return smallint(m.negative ? (int64_t)-m.value : (int64_t)m.value);
    oop large = heap_allocate(&vm->heap, 1, FORMAT_BYTES,
                              m.negative ? CLASS_INDEX_LARGE_NEGATIVE : CLASS_INDEX_LARGE_POSITIVE);
    if (large)
        put_slot(large, 0, m.value);
    return large;
}

bool prim_read_int64(oop o, int64_t *out) {
    if (is_smallint(o)) {
        *out = smallint_value(o);
        return true;
    }
    struct magnitude64 m;
    if (!prim_read_magnitude64(o, &m) || m.value > (uint64_t)INT64_MAX + m.negative)
        return false;
    *out = (int64_t)(m.negative ? -m.value : m.value);
    return true;
}

bool prim_read_uint64(oop o, uint64_t *out) {
    struct magnitude64 m;
    if (!prim_read_magnitude64(o, &m) || m.negative)
        return false;
    *out = m.value;
    return true;
}

oop prim_new_int64(struct vm *vm, int64_t v) {
    if (fits_smallint(v))
        return smallint(v);
    return prim_new_magnitude64(vm,
                                (struct magnitude64){v < 0 ? -(uint64_t)v : (uint64_t)v, v < 0});
}

oop prim_new_uint64(struct vm *vm, uint64_t v) {
    return prim_new_magnitude64(vm, (struct magnitude64){v, false});
}

bool prim_read_float(oop o, double *out) {
    if (is_smallfloat(o)) {
        *out = smallfloat_value(o);
        return true;
    }
    if (!is_boxed_float(o))
        return false;
    memcpy(out, object_bytes(o), sizeof *out);
    return true;
}

bool prim_read_number(oop o, double *out) {
    if (is_smallint(o)) {
        *out = (double)smallint_value(o);
        return true;
    }
    return prim_read_float(o, out);
}

int prim_heap_status(enum heap_error error) {
    switch (error) {
    case HEAP_OK:
        return PRIM_OK;
    case HEAP_BAD_RECEIVER:
        return PRIM_BAD_RECEIVER;
    case HEAP_NO_MEMORY:
        return PRIM_NO_MEMORY;
    case HEAP_INAPPROPRIATE:
        return PRIM_INAPPROPRIATE;
    case HEAP_READ_ONLY:
        return PRIM_NO_MODIFICATION;
    case HEAP_PINNED:
        return PRIM_OBJECT_IS_PINNED;
    default:
        return PRIM_BAD_ARGUMENT;
    }
}
