/*
 * lookup.h - message lookup: global method cache, class hierarchy, what happens
 * when nothing is found.
 *
 * All functions that find code answer something that can be entered: when the
 * message is not understood the stack has been rearranged (vm->sp) and the code
 * is that of doesNotUnderstand: (or cannotInterpret:, run:with:in:). Callers
 * have externalised the machine state and read vm->sp back.
 */
#ifndef MOTE_INTERP_LOOKUP_H
#define MOTE_INTERP_LOOKUP_H

#include "code.h"

#define METHOD_CACHE_SIZE 2048u

struct method_cache_entry {
    oop selector;
    uint64_t class_index;
    const struct code *code;
};
struct method_cache {
    struct method_cache_entry entries[METHOD_CACHE_SIZE];
    bool holds_young; /* some selector may be a young object */
};

static inline unsigned lookup_cache_index(oop selector, uint64_t class_index) {
    uint64_t h = (selector >> 4) ^ (class_index * 0x9e3779b1u);
    return (unsigned)(h ^ h >> 11) & (METHOD_CACHE_SIZE - 1);
}

/* From the global cache alone: NULL if it is not there. Pairs of entries are two ways. */
static inline const struct code *lookup_cached(struct vm *vm, oop selector, uint64_t class_index) {
    unsigned i = lookup_cache_index(selector, class_index);
    const struct method_cache_entry *e = &vm->method_cache->entries[i];
    if (e->selector == selector && e->class_index == class_index)
        return e->code;
    e = &vm->method_cache->entries[i ^ 1];
    return e->selector == selector && e->class_index == class_index ? e->code : NULL;
}

/* A send found by class. `class_index` is that of the class where lookup begins. */
const struct code *lookup_send(struct vm *vm, oop selector, uint32_t nargs, uint32_t class_index);
/* From a class (super sends, perform:inSuperclass:); class may be any object. */
const struct code *lookup_send_from(struct vm *vm, oop selector, uint32_t nargs, oop class);
/* Method oop in a class or above, 0 if none. `*broken` is set to a class whose
 * method dictionary is nil (then 0 is answered). */
oop lookup_method(struct vm *vm, oop selector, oop class, oop *broken);

/* A send missed its inline cache: follow a forwarded receiver, look up, link the cache. */
const struct code *lookup_and_link(struct vm *vm, struct insn *cache, oop selector, uint32_t nargs);

/* Code for a method activated directly (perform, withArgs:executeMethod:). */
const struct code *lookup_method_code(struct vm *vm, oop method);

/* Flushes. Each also unlinks inline caches. */
void lookup_flush_all(struct vm *vm);
void lookup_flush_selector(struct vm *vm, oop selector);
void lookup_flush_method(struct vm *vm, oop method);
/* Objects have moved: empty the global cache (inline caches hold no addresses). */
void lookup_flush_moved(struct vm *vm);

#endif
