/*
 * process.h - Smalltalk processes: the scheduler, semaphores, mutexes.
 *
 * The machine state is externalised; a switch changes it. Switching itself
 * cannot fail but for memory or damage, which leave the VM.
 */
#ifndef MOTE_INTERP_PROCESS_H
#define MOTE_INTERP_PROCESS_H

#include "vm_state.h"

enum process_slot {
    PROCESS_NEXT_LINK = 0,
    PROCESS_SUSPENDED_CONTEXT = 1,
    PROCESS_PRIORITY = 2,
    PROCESS_MY_LIST = 3,
};
enum list_slot { LIST_FIRST = 0, LIST_LAST = 1, SEMAPHORE_EXCESS = 2, MUTEX_OWNER = 2 };

oop active_process(struct vm *vm);
/* The active process gets a suspended context, another one is the active process. */
void process_transfer_to(struct vm *vm, oop process);
/* Make runnable; runs at once when its priority is higher. True when it did. */
bool process_resume(struct vm *vm, oop process);
/* Take the active process off the processor and run the next one: it is on a list, or suspended. */
void process_run_next(struct vm *vm);
/* Highest-priority runnable process, taken off its list; 0 when there is none. */
oop process_next_runnable(struct vm *vm);

void list_add_last(struct vm *vm, oop list, oop process);
void list_add_first(struct vm *vm, oop list, oop process);
oop list_remove_first(struct vm *vm, oop list); /* nil when empty */
bool list_remove(struct vm *vm, oop list, oop process);
static inline bool list_is_empty(struct vm *vm, oop list) {
    return follow(fetch_slot(list, LIST_FIRST)) == vm->heap.nil;
}
/* The list of runnable processes of a priority (1-based), 0 if there is none. */
oop process_list(struct vm *vm, int64_t priority);
int64_t process_priority(oop process);

/* A Semaphore by its class? (special objects) */
bool is_semaphore(struct vm *vm, oop object);
/* True when a process switch happened. */
bool semaphore_signal(struct vm *vm, oop semaphore);

#endif
