/*
 * state.h - what primitives remember between calls (open directories, file
 * sessions). Each makes its own when first used.
 */
#ifndef MOTE_PRIMS_STATE_H
#define MOTE_PRIMS_STATE_H

struct vm;

/* Free all of it: vm_close. */
void prim_state_close(struct vm *vm);

#endif
