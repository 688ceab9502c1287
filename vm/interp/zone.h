/*
 * zone.h - the stack zone: pages, and frames turned into contexts and back.
 *
 * The machine state is externalised when these are called; those that change
 * it say so. "Evict" turns every frame of a page into its context and frees
 * the page; nothing is lost by it but time.
 *
 * Errors: false or 0 mean that memory for a context is exhausted (frames are
 * then as before), except where said otherwise.
 */
#ifndef MOTE_INTERP_ZONE_H
#define MOTE_INTERP_ZONE_H

#include "frame.h"

int zone_open(struct vm *vm); /* PLATFORM_ENOMEM */
void zone_close(struct vm *vm);

/* The page of an address in the zone. */
struct stack_page *zone_page_of(struct vm *vm, const oop *fp);
/* Copy the machine state into the current page's head. */
void zone_save_head(struct vm *vm);
/* Forget a page; its contexts have been killed or filled. */
void zone_free_page(struct vm *vm, struct stack_page *page);

/* The top frame reaches beyond the stack limit: move it to a page of its own.
 * Sets the machine state. Leaves the VM without memory. */
void zone_overflow(struct vm *vm);

/* Make a frame the base frame of a page of its own, with those above it: then its
 * sender can be set. The machine state follows when it is among them. */
bool zone_make_base(struct vm *vm, oop *fp);
void zone_set_sender(struct vm *vm, oop *base_fp, oop sender);

/* The contexts from `first` along its senders, up to and without `last`, die:
 * frames are popped. The machine state may change. */
bool zone_kill_between(struct vm *vm, oop first, oop last);

bool zone_evict(struct vm *vm, struct stack_page *page);
/* Every page but the current one; afterwards only the active process has frames. */
bool zone_evict_others(struct vm *vm);
/* Every page: answers the active context; go on with zone_resume. 0: no memory. */
oop zone_evict_all(struct vm *vm);

enum zone_resumed { ZONE_RESUMED, ZONE_NOT_RESUMABLE, ZONE_NO_MEMORY };
/* Make the context's frame the top frame of the current page and set the machine
 * state. NOT_RESUMABLE: no context, dead, or malformed (the state is as before). */
enum zone_resumed zone_resume(struct vm *vm, oop context);
/* The same, with a value pushed: what a callee returns. */
enum zone_resumed zone_resume_with(struct vm *vm, oop context, oop value);
/* Would zone_resume succeed but for memory? (Cheap: pc and method are looked at.) */
bool zone_is_resumable(struct vm *vm, oop context);

#endif
