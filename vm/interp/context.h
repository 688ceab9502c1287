/*
 * context.h - contexts as objects: made for frames on demand, read and written
 * in step with them. See frame.h for how the two are linked.
 */
#ifndef MOTE_INTERP_CONTEXT_H
#define MOTE_INTERP_CONTEXT_H

#include "frame.h"

oop frame_make_context(struct vm *vm, oop *fp); /* 0: no memory */

/* The context of a frame. 0: no memory. */
static inline oop frame_context(struct vm *vm, oop *fp) {
    return fp[FRAME_CONTEXT] ? fp[FRAME_CONTEXT] : frame_make_context(vm, fp);
}

/* Slot `i` of a context, from its frame when it has one (nil where there is no
 * such slot). The machine state is externalised. */
oop context_get(struct vm *vm, oop context, uint64_t i);
/* Store into slot i. The machine state may change: a new sender makes the frame of a
 * married context the base of another page, pc and stack pointer turn its page's
 * frames into contexts. */
void context_put(struct vm *vm, oop context, uint64_t i, oop value);
/* Temporaries and stack elements, as `size` answers. */
uint64_t context_stackp(struct vm *vm, oop context);
/* Slots that hold oops: see struct heap_hooks. */
uint64_t context_live_slots(void *vm, oop context);

/* It has returned or was unwound. */
void context_kill(struct vm *vm, oop context);

/* A place in a chain of senders, whether frame or context. */
struct chain {
    oop *fp;                 /* NULL: single context or end */
    struct stack_page *page; /* of fp */
    oop context;             /* single context; nil at the end */
};
struct chain chain_at(struct vm *vm, oop context);
struct chain chain_at_frame(struct vm *vm, oop *fp);
struct chain chain_sender_across(struct vm *vm, struct chain c);
static inline struct chain chain_sender(struct vm *vm, struct chain c) {
    oop *caller = c.fp ? frame_caller(c.fp) : NULL;
    return caller ? (struct chain){.fp = caller, .page = c.page} : chain_sender_across(vm, c);
}
static inline bool chain_ended(const struct chain *c) {
    return !c->fp && !c->context;
}
oop chain_method(const struct chain *c);
/* Is it this context, without making one? */
static inline bool chain_is(const struct chain *c, oop context) {
    return c->fp ? c->fp[FRAME_CONTEXT] == context : c->context == context;
}
oop chain_context(struct vm *vm, const struct chain *c); /* 0: no memory */
/* The number of the primitive of a method, 0 if none. */
unsigned method_primitive(oop method);
static inline unsigned chain_primitive(const struct chain *c) {
    return c->fp ? frame_code(c->fp)->prim_number : method_primitive(chain_method(c));
}

#endif
