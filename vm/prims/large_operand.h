/*
 * large_operand.h - LargeIntegers and SmallIntegers as operands in limbs, room
 * for results.
 */
#ifndef MOTE_PRIMS_LARGE_OPERAND_H
#define MOTE_PRIMS_LARGE_OPERAND_H

#include "prim.h"

struct large_operand {
    const uint64_t *limbs;
    size_t count;   /* significant limbs */
    uint64_t bytes; /* of the LargeInteger that it is or would be */
    bool negative, is_small;
    uint64_t small; /* the magnitude of a SmallInteger: limbs point here */
};

/* False for what is no integer, also for one with rubbish behind its last byte
 * (only a damaged image has such). `out` must stay where it is. */
bool large_open(oop o, struct large_operand *out);

/* A LargeInteger whose limbs are not set yet; 0 without memory. */
oop large_new(struct vm *vm, uint64_t bytes, bool negative);
static inline uint64_t *large_limbs(oop large) {
    return object_words(large) + 1;
}

/* Room for intermediate results: here, or for long ones in an object that
 * nobody refers to. NULL without memory. */
#define LARGE_SCRATCH_LOCAL 64
struct large_scratch {
    uint64_t local[LARGE_SCRATCH_LOCAL];
};
uint64_t *large_scratch_limbs(struct vm *vm, struct large_scratch *s, size_t count);

#endif
