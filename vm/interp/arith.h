/*
 * arith.h - the arithmetic special selectors on floats that are not both
 * SmallFloats: boxed ones, and mixtures with SmallIntegers.
 */
#ifndef MOTE_INTERP_ARITH_H
#define MOTE_INTERP_ARITH_H

#include "vm_state.h"

/* `i` is the number of the special selector (0 + ... 9 /). The answer, or 0 when
 * it is to be sent: not numbers, an integer that has no exact double, division
 * by zero, no memory. */
oop arith_float(struct vm *vm, unsigned i, oop a, oop b);

#endif
