/*
 * values.h - what the arithmetic primitives share beyond prim.h: integers as
 * magnitude and sign, arguments counted from the last one.
 */
#ifndef MOTE_PRIMS_VALUES_H
#define MOTE_PRIMS_VALUES_H

#include "prim.h"

struct magnitude64 {
    uint64_t value;
    bool negative;
};

/* SmallInteger or LargeInteger of at most eight bytes. */
bool prim_read_magnitude64(oop o, struct magnitude64 *out);
/* The normal form: SmallInteger where it fits. 0 without memory. */
oop prim_new_magnitude64(struct vm *vm, struct magnitude64 m);

static inline bool is_large_integer(oop o) {
    return is_object(o) && is_bytes_format(format_of(o)) &&
           (has_class_index(o, CLASS_INDEX_LARGE_POSITIVE) ||
            has_class_index(o, CLASS_INDEX_LARGE_NEGATIVE));
}
static inline bool is_boxed_float(oop o) {
    return is_object(o) && has_class_index(o, CLASS_INDEX_FLOAT) && is_bits_format(format_of(o)) &&
           num_bytes(o) >= 8;
}

/* Plugins find their arguments from the top of the stack, so that they work
 * for a method of the object itself and for one of a helper class alike. The
 * caller has checked that argc >= n. */
static inline oop from_last(const oop *argv, unsigned argc, unsigned n) {
    return argv[argc - n];
}

#endif
