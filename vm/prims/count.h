/*
 * count.h - counting of primitive calls (--count-primitives): how often each
 * number and each module and name succeeded, failed, or was not there.
 *
 * Memory comes from the platform; nothing here fails but prim_counts_new. Only
 * the first PRIM_COUNT_NAMES names are told apart; later ones are summed.
 */
#ifndef MOTE_PRIMS_COUNT_H
#define MOTE_PRIMS_COUNT_H

#include "mote/vm.h"

struct prim_counts;

#define PRIM_COUNT_NUMBERS 1024u
#define PRIM_COUNT_NAMES 1024u

enum prim_call { PRIM_CALLED, PRIM_CALL_FAILED, PRIM_MISSING };

/* NULL without memory. */
struct prim_counts *prim_counts_new(struct vm *vm);
void prim_counts_free(struct vm *vm, struct prim_counts *counts);

/* One call. `number` is 117 for a named primitive; `name` is NULL for a
 * numbered one. Module and name need no ending zero. */
void prim_counts_note(struct prim_counts *counts, unsigned number, const char *module,
                      size_t module_size, const char *name, size_t name_size,
                      enum prim_call outcome);

/* A heading, then one line for each primitive called, the most frequent first:
 * calls, failures, missing, number, name. */
void prim_counts_print(struct prim_counts *counts, vm_put_fn *put, void *arg);

#endif
