/*
 * large_operand.c - see large_operand.h.
 */
#include "large_operand.h"
#include "large_limbs.h"
#include "values.h"

bool large_open(oop o, struct large_operand *out) {
    if (is_smallint(o)) {
        int64_t v = smallint_value(o);
        out->small = v < 0 ? -(uint64_t)v : (uint64_t)v;
        out->limbs = &out->small;
        out->count = v != 0;
        out->bytes = v == 0 ? 1 : limbs_bytes(&out->small, 1);
        out->negative = v < 0;
        out->is_small = true;
        return true;
    }
    if (!is_large_integer(o))
        return false;
    out->limbs = large_limbs(o);
    out->bytes = num_bytes(o);
    out->negative = has_class_index(o, CLASS_INDEX_LARGE_NEGATIVE);
    out->is_small = false;
    size_t n = num_slots(o);
    unsigned used = out->bytes % 8;
    if (used != 0 && out->limbs[n - 1] >> (8 * used) != 0)
        return false;
    out->count = limbs_significant(out->limbs, n);
    return true;
}

oop large_new(struct vm *vm, uint64_t bytes, bool negative) {
    if (bytes > vm->heap.max_bytes)
        return 0;
    return heap_allocate(&vm->heap, (bytes + 7) / 8, FORMAT_BYTES + (unsigned)(-bytes & 7),
                         negative ? CLASS_INDEX_LARGE_NEGATIVE : CLASS_INDEX_LARGE_POSITIVE);
}

uint64_t *large_scratch_limbs(struct vm *vm, struct large_scratch *s, size_t count) {
    if (count <= LARGE_SCRATCH_LOCAL)
        return s->local;
    oop object = large_new(vm, (uint64_t)count * 8, false);
    return object == 0 ? NULL : large_limbs(object);
}
