/*
 * roots.h - the interpreter's side of the collector: hooks of heap.h.
 */
#ifndef MOTE_INTERP_ROOTS_H
#define MOTE_INTERP_ROOTS_H

#include "vm_state.h"

/* All hooks, with `owner` set to the VM. */
struct heap_hooks roots_hooks(struct vm *vm);

#endif
