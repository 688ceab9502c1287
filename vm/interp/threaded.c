/*
 * threaded.c - the tail-calling interpreter: macros in which the operations are
 * written, the slow paths they share, and the way in and out. The operations
 * themselves are in ops_stack.h, ops_control.h, ops_send.h, ops_arith.h,
 * ops_enter.h and ops_fused.h.
 */
#include "threaded.h"
#include "activate.h"
#include "arith.h"
#include "context.h"
#include "events.h"
#include "frame.h"
#include "lookup.h"
#include "process.h"
#include "returns.h"
#include "run.h"
#include "zone.h"
#include "../prims/count.h"

#define likely(c) __builtin_expect(!!(c), 1)
#define unlikely(c) __builtin_expect(!!(c), 0)

/* ---- The language of operations ---------------------------------------------------- */

#define OP(name) HANDLER_CC void op_##name(HANDLER_ARGS)
#define ENTER(name) HANDLER_CC void enter_##name(HANDLER_ARGS)
#define SLOW(name) static HANDLER_CC void slow_##name(HANDLER_ARGS)

/* The operand of this operation, and of the one n words on. */
#define OPERAND (pc->a)
#define OPERAND_AT(n) (pc[n].a)
#define SIGNED_OPERAND ((int32_t)pc->a)

#define TAIL(f) __attribute__((musttail)) return f(vm, pc, sp, fp, x)
#define DISPATCH TAIL(((handler_fn *)((intptr_t)HANDLER_ANCHOR + pc->op)))
/* Go on n words further: 1, or the length of a send. */
#define NEXT(n)    \
    do {           \
        pc += (n); \
        DISPATCH;  \
    } while (0)
/* Enter code; pc is where it returns to. */
#define CALL(code)      \
    do {                \
        x = (code);     \
        TAIL(x->enter); \
    } while (0)

/* Machine state to and from struct vm, around C functions that need it. */
#define EXTERNALISE (vm->pc = pc, vm->sp = sp, vm->fp = fp)
#define INTERNALISE (pc = vm->pc, sp = vm->sp, fp = vm->fp)

#define PUSH(v) (*++sp = (v))
#define NIL (vm->heap.nil)
#define RECEIVER (fp[FRAME_RECEIVER])
#define METHOD (fp[FRAME_METHOD])

/* ---- Slow paths shared by many --------------------------------------------------------- */

/* Low space is an event, looked at where events are. */
static void collect(struct vm *vm) {
    heap_collect(&vm->heap);
    if (vm->heap.low_space)
        *vm->preempt = 1;
}

/* At a safe point between operations; pc is the next one. */
SLOW(collect) {
    EXTERNALISE;
    collect(vm);
    DISPATCH;
}

/* After an operation of n words that allocated. */
#define NEXT_SAFE(n)                           \
    do {                                       \
        pc += (n);                             \
        if (unlikely(vm->heap.collect_wanted)) \
            TAIL(slow_collect);                \
        DISPATCH;                              \
    } while (0)

/* An event, or the deadline; pc is the next operation. */
SLOW(events) {
    EXTERNALISE;
    events_check(vm);
    INTERNALISE;
    DISPATCH;
}

SLOW(no_memory) {
    EXTERNALISE;
    vm_leave(vm, VM_EXHAUSTED, "object memory exhausted");
    INTERNALISE;
    DISPATCH;
}

/* A send whose inline cache holds another class. One that sees several classes
 * keeps the first and finds the others in the global cache; now and then it
 * takes over what it meets. */
#define RELINK_MASK 15u

static inline const struct code *second_chance(struct vm *vm, const struct insn *cache,
                                               oop selector, oop receiver) {
    if (cache[0].class_index == 0 || (++vm->misses & RELINK_MASK) == 0)
        return NULL;
    return lookup_cached(vm, selector, class_index_of(receiver));
}

#define SEND_MISSED(the_selector)                                                               \
    do {                                                                                        \
        uint32_t nargs_ = OPERAND >> 16;                                                        \
        oop selector_ = (the_selector);                                                         \
        const struct code *code_ = second_chance(vm, pc + 1, selector_, sp[-(intptr_t)nargs_]); \
        if (unlikely(!code_)) {                                                                 \
            EXTERNALISE;                                                                        \
            code_ = lookup_and_link(vm, (struct insn *)(uintptr_t)&pc[1], selector_, nargs_);   \
            sp = vm->sp;                                                                        \
        }                                                                                       \
        pc += SEND_WORDS;                                                                       \
        CALL(code_);                                                                            \
    } while (0)

SLOW(send_miss) {
    SEND_MISSED(fetch_slot(METHOD, OPERAND & 0xffff));
}

SLOW(send_special_miss) {
    SEND_MISSED(fetch_slot(special_object(vm, SPECIAL_SELECTORS), 2 * (OPERAND & 0xffff)));
}

/* Operand: index of a special selector, and its arguments. */
#define SEND_SPECIAL                                                  \
    do {                                                              \
        oop receiver_ = sp[-(intptr_t)(OPERAND >> 16)];               \
        if (likely(class_index_of(receiver_) == pc[1].class_index)) { \
            x = pc[2].target;                                         \
            pc += SEND_WORDS;                                         \
            TAIL(x->enter);                                           \
        }                                                             \
        TAIL(slow_send_special_miss);                                 \
    } while (0)

SLOW(send_special) {
    SEND_SPECIAL;
}

/* Send a selector of the special objects array to what is on the stack below nargs
 * arguments; pc is where it returns to. */
#define SEND_SPECIAL_OBJECT(which, nargs)       \
    do {                                        \
        EXTERNALISE;                            \
        x = activate_special(vm, which, nargs); \
        sp = vm->sp;                            \
        TAIL(x->enter);                         \
    } while (0)

#include "ops_stack.h"
#include "ops_control.h"
#include "ops_arith.h"
#include "ops_send.h"
#include "ops_enter.h"
#include "ops_fused.h"

/* ---- In and out ---------------------------------------------------------------------- */

/* Returns to threaded_run: the one handler that does not tail-call. */
OP(leave) {
    (void)vm, (void)pc, (void)sp, (void)fp, (void)x;
}

/* A lookup has left (vm_leave): the machine state is in vm already. */
ENTER(leave) {
    (void)vm, (void)pc, (void)sp, (void)fp, (void)x;
}

const struct code leave_code = {.enter = enter_leave};

void threaded_run(struct vm *vm) {
    const struct insn *pc = vm->pc;
    handler_fn *first = (handler_fn *)((intptr_t)HANDLER_ANCHOR + pc->op);
    first(vm, pc, vm->sp, vm->fp, NULL);
}
