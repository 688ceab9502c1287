/*
 * returns.h - returns that need more than dropping a frame: from frames with
 * contexts, across pages, and from blocks to their home.
 *
 * The machine state is externalised; the value is on top of the stack. NULL:
 * done, the machine state says where to go on. Otherwise cannotReturn: or
 * aboutToReturn:through: is to be entered.
 */
#ifndef MOTE_INTERP_RETURNS_H
#define MOTE_INTERP_RETURNS_H

#include "code.h"

const struct code *return_from_married(struct vm *vm);
const struct code *return_from_home(struct vm *vm);

#endif
