/*
 * run.h - entering and leaving the interpreter.
 */
#ifndef MOTE_INTERP_RUN_H
#define MOTE_INTERP_RUN_H

#include "vm_state.h"

/* Make the running interpreter return to vm_run with this outcome: sets vm->pc
 * so that the next dispatch leaves. `why` (may be NULL) becomes vm_error().
 * Safe inside primitives, which then return PRIM_RESUME. */
void vm_leave(struct vm *vm, enum vm_outcome outcome, const char *why);

#endif
