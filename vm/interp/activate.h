/*
 * activate.h - the C side of activations: what rearranges the stack before code
 * is entered, and what follows the failure of a primitive.
 *
 * Machine state is externalised; functions that answer code have set vm->sp.
 * NULL: the primitive fails with vm->prim_status, the stack is as before.
 */
#ifndef MOTE_INTERP_ACTIVATE_H
#define MOTE_INTERP_ACTIVATE_H

#include "code.h"

const struct code *activate_value_with_args(struct vm *vm, oop *argv, unsigned argc);
const struct code *activate_perform(struct vm *vm, oop *argv, unsigned argc);
const struct code *activate_perform_with_args(struct vm *vm, oop *argv, unsigned argc);
const struct code *activate_perform_in_superclass(struct vm *vm, oop *argv, unsigned argc);
const struct code *activate_execute_method(struct vm *vm, oop *argv, unsigned argc);
const struct code *activate_execute_method_args(struct vm *vm, oop *argv, unsigned argc);

/* Send a selector of the special objects array; the receiver and nargs
 * arguments are on the stack. Leaves the VM when the image has no such selector. */
const struct code *activate_special(struct vm *vm, unsigned special, uint32_t nargs);

/* Super sends; `cache` is the inline cache to fill. */
const struct code *activate_super(struct vm *vm, struct insn *cache, oop method, oop selector,
                                  uint32_t nargs);
const struct code *activate_directed_super(struct vm *vm, oop class, oop selector, uint32_t nargs);
/* The class a method belongs to (from its last literal); nil where it has none. */
oop activate_method_class(struct vm *vm, oop method);

/* A Point whose slots are to be filled, 0 when class or memory forbid. */
oop activate_new_point(struct vm *vm);

/* What the image gets for vm->prim_status. */
oop activate_prim_error(struct vm *vm);
/* Follow forwarders among receiver and arguments, and in their slots. True when there were any. */
bool activate_follow_arguments(struct vm *vm, oop *argv, unsigned argc);
void activate_count(struct vm *vm, const struct code *code, int status);

#endif
