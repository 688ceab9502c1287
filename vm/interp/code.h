/*
 * code.h - threaded code: the translation of one method, V3 block or Sista full
 * block, and the table that finds it. Bytes in the heap are never rewritten;
 * inline caches live in the threaded code, which hangs on this table.
 *
 * A unit of code is keyed by the compiled code object and the start of the
 * block inside it (0: a method, FULL_BLOCK_START: a full block, else the byte
 * offset of an embedded V3 block). The table's keys are
 * weak roots of the heap: code of dead methods is dropped, moved methods are
 * re-hashed.
 *
 * Code lives in a zone of bounded size. When it is full, `flush_wanted` is set
 * and the next safe point turns all frames into contexts and starts afresh.
 *
 * Errors: code_for answers NULL only when the zone cannot grow for want of memory.
 */
#ifndef MOTE_INTERP_CODE_H
#define MOTE_INTERP_CODE_H

#include "vm_state.h"
#include "../prims/prim.h"

/* One word of threaded code: an operation with its operand, or one of the two
 * words of an inline cache that follow a send. */
struct code;
struct insn {
    union {
        struct {
            int32_t op; /* handler, relative to the anchor (threaded.h) */
            uint32_t a; /* operand */
        };
        uint64_t class_index;      /* first cache word; 0: not linked */
        const struct code *target; /* second cache word */
    };
};

/* x86-64 and aarch64 pass the machine state in registers that no callee has to
 * save. Under ASan the convention is broken in clang 19. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MOTE_NO_PRESERVE_NONE 1
#endif
#endif
#ifdef MOTE_NO_PRESERVE_NONE
#define HANDLER_CC
#else
#define HANDLER_CC __attribute__((preserve_none))
#endif

/* x: the struct code that is entered; otherwise meaningless. */
#define HANDLER_ARGS struct vm *vm, const struct insn *pc, oop *sp, oop *fp, const struct code *x
typedef HANDLER_CC void handler_fn(HANDLER_ARGS);

enum code_kind { CODE_METHOD = 0, CODE_V3_BLOCK = 1, CODE_FULL_BLOCK = 2 };
#define FULL_BLOCK_START 1u
enum code_tier { TIER_THREADED = 0 };

struct code {
    handler_fn *enter; /* activates: pc is the return address, sp the last argument */
    oop method;        /* weak root; 0 when dead */
    prim_fn *prim;     /* NULL: none, or not existing */
    uint8_t nargs;     /* arguments */
    uint8_t fill;      /* temporaries to fill with nil on entry (blocks: after copied values) */
    uint8_t kind, tier;
    uint16_t prim_number;
    uint8_t stores_error;  /* first bytecode stores the primitive's failure code */
    uint8_t quick;         /* enter_ivar: instance variable index */
    uint32_t start;        /* as in the key */
    uint32_t length;       /* words of body */
    int32_t receiver_slot; /* -nargs: where the receiver is, from sp, on entry */
    struct code *next;     /* same hash bucket */
    struct insn body[];
};

/* Largest zone, in bytes; MOTE_CODE_ZONE (bytes) in the environment makes it smaller, for tests. */
#define CODE_ZONE_BYTES (UINT64_C(16) << 20)
#define CODE_BUCKETS 4096u
#define BLOCK_CACHE_SIZE 256u
#define PC_CACHE_SIZE 256u

struct code_table {
    struct code *buckets[CODE_BUCKETS];
    struct {
        oop method;
        uint64_t start;
        const struct code *code;
    } blocks[BLOCK_CACHE_SIZE];
    /* Words and bytecode offsets that were mapped lately: see translate.h. */
    struct {
        const struct code *code;
        uint32_t word, offset;
    } offsets[PC_CACHE_SIZE], words[PC_CACHE_SIZE];
    uint8_t *zone;
    size_t used, committed, limit;
    bool flush_wanted;
    struct insn **linked; /* first cache word of every send linked since the last unlink */
    size_t linked_count, linked_capacity;
    uint64_t translations, flushes;
    uint8_t *scratch; /* of the translator */
    uint32_t scratch_bytes;
};

static inline unsigned code_block_hash(oop method, uint64_t start) {
    return (unsigned)(method >> 4 ^ method >> 12 ^ start * 5) & (BLOCK_CACHE_SIZE - 1);
}

int code_open(struct vm *vm); /* PLATFORM_ENOMEM */
void code_close(struct vm *vm);

/* Find or translate. `start` as in struct code. NULL: no memory. */
const struct code *code_for(struct vm *vm, oop method, uint32_t start);

/* The key of a closure's code. False: malformed. */
static inline bool code_closure_key(oop closure, oop *method, uint64_t *start) {
    oop second = fetch_slot(closure, FULL_CLOSURE_METHOD);
    *method = second;
    *start = FULL_BLOCK_START;
    if (is_object(second))
        return num_slots(closure) >= FULL_CLOSURE_FIRST_COPIED;
    /* V3: a start pc is there, the method is that of the outer context. */
    oop outer = fetch_slot(closure, CLOSURE_OUTER_CONTEXT);
    if (is_immediate(outer) || class_index_of(outer) != CLASS_INDEX_CONTEXT ||
        !is_smallint(second) || smallint_value(second) < 2)
        return false;
    *method = fetch_slot(outer, CONTEXT_METHOD);
    *start = (uint64_t)smallint_value(second) - 1;
    return true;
}
const struct code *code_for_closure_key(struct vm *vm, oop method, uint64_t start);

/* The code that activates a closure of either class; NULL when the closure is
 * malformed or memory is exhausted. */
static inline const struct code *code_for_closure(struct vm *vm, oop closure) {
    oop method;
    uint64_t start;
    if (is_immediate(closure) || num_slots(closure) < CLOSURE_FIRST_COPIED ||
        !code_closure_key(closure, &method, &start))
        return NULL;
    unsigned h = code_block_hash(method, start);
    if (vm->codes->blocks[h].method == method && vm->codes->blocks[h].start == start)
        return vm->codes->blocks[h].code;
    return code_for_closure_key(vm, method, start);
}

/* Forget all inline caches (a method dictionary changed). */
void code_unlink_sends(struct vm *vm);
/* Its primitive does not exist here. */
bool code_prim_is_missing(const struct code *code);
/* Note that a send was linked. */
void code_note_linked(struct vm *vm, struct insn *cache);
/* Forget the translation of one method (its bytes or literals changed). Safe
 * only for methods without frames; others keep running the old code. */
void code_forget(struct vm *vm, oop method);
/* Drop everything. No frame may exist. */
void code_flush(struct vm *vm);
/* Weak roots of the heap; see struct heap_hooks. */
void code_update_roots(struct vm *vm, oop (*survivor)(struct heap *h, oop o));

#endif
