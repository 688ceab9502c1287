/*
 * prim.h - the one C signature of all primitives, numbered and named, their
 * failure codes and the helpers they are written with.
 *
 * A primitive gets its receiver in argv[0] and argc arguments in argv[1..argc].
 * On success it stores the answer in argv[0] and returns PRIM_OK. On failure it
 * returns a positive code and has changed nothing in argv: the method's own
 * code then runs. Allocation inside a primitive never moves objects (heap.h),
 * so oops may be held in C variables throughout.
 *
 * Arguments are never trusted: index, format and class are checked by the
 * primitive itself. A forwarder in argv (or a slot of an argument) makes a
 * primitive fail with any code; the caller then follows forwarders and tries
 * once more, so a primitive need not know about them - but it must not treat
 * class index 8 as something valid.
 */
#ifndef MOTE_PRIMS_PRIM_H
#define MOTE_PRIMS_PRIM_H

#include "../memory/heap.h"
#include "../interp/vm_state.h"

/* VMMaker's PrimErr numbering; the image maps them through special object 51. */
enum prim_status {
    PRIM_OK = 0,
    PRIM_FAIL = 1, /* generic failure */
    PRIM_BAD_RECEIVER = 2,
    PRIM_BAD_ARGUMENT = 3,
    PRIM_BAD_INDEX = 4,
    PRIM_BAD_NUM_ARGS = 5,
    PRIM_INAPPROPRIATE = 6,
    PRIM_UNSUPPORTED = 7,
    PRIM_NO_MODIFICATION = 8,
    PRIM_NO_MEMORY = 9,
    PRIM_NO_C_MEMORY = 10,
    PRIM_NOT_FOUND = 11,
    PRIM_BAD_METHOD = 12,
    PRIM_NAMED_INTERNAL = 13,
    PRIM_OBJECT_MAY_MOVE = 14,
    PRIM_LIMIT_EXCEEDED = 15,
    PRIM_OBJECT_IS_PINNED = 16,
    PRIM_WRITE_PAST_OBJECT = 17,
    PRIM_OBJECT_MOVED = 18,
    PRIM_OBJECT_NOT_PINNED = 19,
    PRIM_CALLBACK_ERROR = 20,
    PRIM_OS_ERROR = 21,
    PRIM_OPERATION_FAILED = 24,
    /* Plus a code: the image sees the code negated. Primitives that try others (118,
     * 218) fail so, to tell their own failure from that of the other. */
    PRIM_NEGATED = 0x1000,
    /* No code: nil is stored, as for numbered primitives that do not exist. */
    PRIM_NO_CODE = 0x2000,
    /* The primitive changed frames, process or sp itself (vm->sp, fp, pc are
     * what to go on with); only primitives of vm/interp/ return this. */
    PRIM_RESUME = -1,
};

typedef int prim_fn(struct vm *vm, oop *argv, unsigned argc);

struct numbered_prim {
    uint16_t number;
    prim_fn *fn;
    const char *name; /* for --count-primitives */
};
struct named_prim {
    const char *module; /* "" for the VM itself */
    const char *name;
    prim_fn *fn;
};

/* Each file in vm/prims/ exports one table, ended by a NULL fn; vm/prims/table.c
 * lists the tables. */
prim_fn *prim_numbered(unsigned number);
prim_fn *prim_named(const char *module, size_t module_size, const char *name, size_t name_size);
const char *prim_number_name(unsigned number);

/* ---- Helpers ------------------------------------------------------------------ */

static inline oop boolean(struct vm *vm, bool b) {
    return b ? vm->heap.true_ : vm->heap.false_;
}
static inline oop special_object(struct vm *vm, enum special_object i) {
    return fetch_slot(vm->heap.special_objects, i);
}
static inline bool has_class_index(oop o, uint32_t index) {
    return class_index_of(o) == index;
}
/* Bytes-format object (string, symbol, byte array, large integer ...). */
static inline bool is_bytes(oop o) {
    return is_object(o) && is_bytes_format(format_of(o));
}

/* Integers of up to 64 bits in SmallInteger or LargeInteger form. The readers
 * answer false when the value is no integer or does not fit. */
bool prim_read_int64(oop o, int64_t *out);
bool prim_read_uint64(oop o, uint64_t *out);
oop prim_new_int64(struct vm *vm, int64_t v);   /* 0 without memory */
oop prim_new_uint64(struct vm *vm, uint64_t v); /* 0 without memory */
/* SmallFloat or boxed Float. */
bool prim_read_float(oop o, double *out);
/* Float or SmallInteger. */
bool prim_read_number(oop o, double *out);

/* The status for what the object memory refused. */
int prim_heap_status(enum heap_error error);

/* Answer `value` (0: out of memory). */
static inline int prim_answer(oop *argv, oop value) {
    if (value == 0)
        return PRIM_NO_MEMORY;
    argv[0] = value;
    return PRIM_OK;
}

#endif
