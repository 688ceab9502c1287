/*
 * events.h - what the preempt byte stands for: the timer, external semaphores,
 * finalisation, low space, interrupts, the deadline of vm_run, a collection, a
 * full code zone.
 */
#ifndef MOTE_INTERP_EVENTS_H
#define MOTE_INTERP_EVENTS_H

#include "vm_state.h"

int events_open(struct vm *vm); /* PLATFORM_ENOMEM */
void events_close(struct vm *vm);

/* The preempt byte was set: clear it and do what it asks for. Machine state
 * externalised, may change (process switch, vm_leave). */
void events_check(struct vm *vm);

/* Signal semaphores for what has come; no collection, no leaving. */
void events_signal_waiting(struct vm *vm);

/* Without a process that can run: sleep until something may have come, in the one
 * blocking call, and signal it. False when the VM leaves instead: deadline,
 * interrupt, or nothing can ever come. */
bool events_await(struct vm *vm);

/* Timer semaphore and its time (monotonic ns, PLATFORM_NEVER: none); nil: none. */
void events_set_timer(struct vm *vm, oop semaphore, uint64_t deadline_ns);
/* Signal external semaphore `index` at the next check. Any thread. */
void events_post(struct vm *vm, uint32_t index);

#endif
