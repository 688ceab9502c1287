/* returns.c - see returns.h. */
#include "returns.h"
#include "activate.h"
#include "context.h"
#include "run.h"
#include "threaded.h"
#include "zone.h"

enum { PRIM_UNWIND_MARKER = 198 };

static const struct code *out_of_memory(struct vm *vm) {
    vm_leave(vm, VM_EXHAUSTED, "no memory for a context");
    return &leave_code;
}

/* thisContext cannotReturn: value - the frame stays. */
static const struct code *cannot_return(struct vm *vm) {
    oop value = *vm->sp;
    oop context = frame_context(vm, vm->fp);
    if (!context)
        return out_of_memory(vm);
    *vm->sp = context;
    *++vm->sp = value;
    return activate_special(vm, SPECIAL_CANNOT_RETURN, 1);
}

/* Continue in a context with a value, after its callees are gone. */
static const struct code *continue_in(struct vm *vm, oop context, oop value) {
    switch (zone_resume_with(vm, context, value)) {
    case ZONE_RESUMED:
        return NULL;
    case ZONE_NO_MEMORY:
        return out_of_memory(vm);
    default:
        vm_leave(vm, VM_CRASHED, "a context to return to is damaged");
        return &leave_code;
    }
}

const struct code *return_from_married(struct vm *vm) {
    oop value = *vm->sp, *fp = vm->fp, *caller = frame_caller(fp);
    if (caller) {
        context_kill(vm, fp[FRAME_CONTEXT]);
        vm->sp = frame_argv(fp);
        *vm->sp = value;
        vm->pc = frame_caller_pc(fp);
        vm->fp = caller;
        return NULL;
    }
    oop sender = follow(vm->page->base[0]);
    if (!zone_is_resumable(vm, sender))
        return cannot_return(vm);
    context_kill(vm, fp[FRAME_CONTEXT]);
    zone_free_page(vm, vm->page);
    return continue_in(vm, sender, value);
}

/* The method context where a block was written, 0 when it is gone. */
static oop home_of(struct vm *vm, oop closure) {
    for (unsigned depth = 0; depth < 65536; depth++) {
        if (is_immediate(closure) || num_slots(closure) < CLOSURE_FIRST_COPIED)
            return 0;
        oop outer = follow(fetch_slot(closure, CLOSURE_OUTER_CONTEXT));
        if (!zone_is_resumable(vm, outer)) {
            /* A dead context in between is no obstacle, a dead home is. */
            if (is_immediate(outer) || class_index_of(outer) != CLASS_INDEX_CONTEXT)
                return 0;
            if (fetch_slot(outer, CONTEXT_CLOSURE) == vm->heap.nil)
                return 0;
        }
        closure = follow(fetch_slot(outer, CONTEXT_CLOSURE));
        if (closure == vm->heap.nil)
            return outer;
    }
    return 0;
}

/* Drop frames and contexts from the top up to and including home; continue in
 * its sender, which is resumable. */
static const struct code *unwind_to(struct vm *vm, oop home, oop value) {
    oop *fp = vm->fp;
    for (;;) {
        bool found = fp[FRAME_CONTEXT] == home;
        oop *caller = frame_caller(fp);
        if (fp[FRAME_CONTEXT])
            context_kill(vm, fp[FRAME_CONTEXT]);
        if (caller) {
            if (found) {
                vm->sp = frame_argv(fp);
                *vm->sp = value;
                vm->pc = frame_caller_pc(fp);
                vm->fp = caller;
                return NULL;
            }
            fp = caller;
            continue;
        }
        oop next = follow(vm->page->base[0]);
        zone_free_page(vm, vm->page);
        while (!found && !context_is_married(next)) {
            oop sender = follow(fetch_slot(next, CONTEXT_SENDER));
            found = next == home;
            context_kill(vm, next);
            next = sender;
        }
        if (found)
            return continue_in(vm, next, value);
        /* The top frame of another page (or, after evicting it, a single context). */
        enum zone_resumed r = zone_resume(vm, next);
        if (r != ZONE_RESUMED)
            return out_of_memory(vm);
        fp = vm->fp;
    }
}

const struct code *return_from_home(struct vm *vm) {
    oop value = *vm->sp;
    oop home = home_of(vm, frame_closure(vm->fp));
    if (!home)
        return cannot_return(vm);
    struct chain c = chain_sender(vm, chain_at_frame(vm, vm->fp));
    struct chain unwind = {0};
    while (!chain_ended(&c) && !chain_is(&c, home)) {
        if (chain_ended(&unwind) && chain_primitive(&c) == PRIM_UNWIND_MARKER)
            unwind = c;
        c = chain_sender(vm, c);
    }
    if (chain_ended(&c))
        return cannot_return(vm);
    struct chain sender = chain_sender(vm, c);
    if (chain_ended(&sender) || (!sender.fp && !zone_is_resumable(vm, sender.context)))
        return cannot_return(vm);
    if (chain_ended(&unwind))
        return unwind_to(vm, home, value);
    oop through = chain_context(vm, &unwind), here = frame_context(vm, vm->fp);
    if (!through || !here)
        return out_of_memory(vm);
    *vm->sp = here;
    *++vm->sp = value;
    *++vm->sp = through;
    return activate_special(vm, SPECIAL_ABOUT_TO_RETURN, 2);
}
