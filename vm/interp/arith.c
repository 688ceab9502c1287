/* arith.c - see arith.h. */
#include "arith.h"
#include "../prims/prim.h"

static bool exact(oop o, double *out) {
    if (is_smallint(o)) {
        int64_t v = smallint_value(o);
        *out = (double)v;
        return v > -(INT64_C(1) << 53) && v < INT64_C(1) << 53;
    }
    return prim_read_float(o, out);
}

oop arith_float(struct vm *vm, unsigned i, oop a, oop b) {
    double x, y;
    if (!exact(a, &x) || !exact(b, &y))
        return 0;
    switch (i) {
    case 0:
        return heap_new_float(&vm->heap, x + y);
    case 1:
        return heap_new_float(&vm->heap, x - y);
    case 2:
        return boolean(vm, x < y);
    case 3:
        return boolean(vm, x > y);
    case 4:
        return boolean(vm, x <= y);
    case 5:
        return boolean(vm, x >= y);
    case 6:
        return boolean(vm, x == y);
    case 7:
        return boolean(vm, x != y);
    case 8:
        return heap_new_float(&vm->heap, x * y);
    case 9:
        return y == 0 ? 0 : heap_new_float(&vm->heap, x / y);
    default:
        return 0;
    }
}
