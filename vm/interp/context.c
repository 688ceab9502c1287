/* context.c - see context.h. */
#include "context.h"
#include "run.h"
#include "translate.h"
#include "zone.h"

oop frame_make_context(struct vm *vm, oop *fp) {
    bool large = method_header_large_frame(method_header(fp[FRAME_METHOD]));
    oop context = heap_allocate(&vm->heap, large ? CONTEXT_LARGE_SLOTS : CONTEXT_SMALL_SLOTS,
                                FORMAT_INDEXABLE, CLASS_INDEX_CONTEXT);
    if (!context)
        return 0;
    /* A context that outlives its frame still answers its arguments; its other
     * temporaries are nil. Slots behind them stay stale: nobody looks there. */
    unsigned nargs = frame_code(fp)->nargs, temps = nargs + frame_code(fp)->fill;
    if (frame_code(fp)->kind == CODE_V3_BLOCK)
        temps += (unsigned)num_slots(frame_closure(fp)) - CLOSURE_FIRST_COPIED;
    if (temps > CONTEXT_SMALL_SLOTS - CONTEXT_FIXED && !large)
        temps = CONTEXT_SMALL_SLOTS - CONTEXT_FIXED;
    put_slot(context, CONTEXT_SENDER, frame_as_oop(fp));
    put_slot(context, CONTEXT_PC, vm->heap.nil);
    put_slot(context, CONTEXT_STACKP, smallint(temps));
    for (unsigned i = 0; i < nargs; i++)
        heap_store(&vm->heap, context, CONTEXT_FIXED + i, *frame_temp(fp, i));
    for (unsigned i = nargs; i < temps; i++)
        put_slot(context, CONTEXT_FIXED + i, vm->heap.nil);
    heap_store(&vm->heap, context, CONTEXT_METHOD, fp[FRAME_METHOD]);
    heap_store(&vm->heap, context, CONTEXT_CLOSURE,
               frame_is_block(fp) ? frame_closure(fp) : vm->heap.nil);
    heap_store(&vm->heap, context, CONTEXT_RECEIVER, fp[FRAME_RECEIVER]);
    fp[FRAME_CONTEXT] = context;
    return context;
}

/* Where the frame's stack ends and where it goes on: known for the top frame of
 * a page, told by the callee for the others. */
static void frame_state(struct vm *vm, oop *frame, oop **sp, const struct insn **pc) {
    struct stack_page *page = zone_page_of(vm, frame);
    if (page == vm->page)
        zone_save_head(vm);
    oop *fp = page->head_fp;
    *sp = page->head_sp;
    *pc = page->head_pc;
    while (fp != frame) {
        *sp = frame_below(fp);
        *pc = frame_caller_pc(fp);
        fp = frame_caller(fp);
    }
}

oop context_get(struct vm *vm, oop context, uint64_t i) {
    if (i >= num_slots(context))
        return vm->heap.nil;
    if (!context_is_married(context))
        return fetch_slot(context, i);
    oop *fp = context_frame(context), *sp;
    const struct insn *pc;
    if (i == CONTEXT_SENDER) {
        oop *caller = frame_caller(fp);
        if (!caller)
            return zone_page_of(vm, fp)->base[0];
        oop sender = frame_context(vm, caller);
        if (!sender)
            vm_leave(vm, VM_EXHAUSTED, "no memory for a context");
        return sender ? sender : vm->heap.nil;
    }
    if (i >= CONTEXT_METHOD && i < CONTEXT_FIXED)
        return fetch_slot(context, i);
    frame_state(vm, fp, &sp, &pc);
    if (i == CONTEXT_PC)
        return smallint((int64_t)translate_offset_of(vm, fp[FRAME_METHOD], frame_code(fp), pc) + 1);
    if (i == CONTEXT_STACKP)
        return smallint((int64_t)frame_stackp(fp, sp));
    i -= CONTEXT_FIXED;
    return i < frame_stackp(fp, sp) ? *frame_temp(fp, i) : vm->heap.nil;
}

uint64_t context_stackp(struct vm *vm, oop context) {
    oop stackp = context_get(vm, context, CONTEXT_STACKP);
    uint64_t room = num_slots(context) - CONTEXT_FIXED;
    if (!is_smallint(stackp) || (uint64_t)smallint_value(stackp) > room)
        return 0;
    return (uint64_t)smallint_value(stackp);
}

/* Turn the frames of the context's page into contexts. */
static bool divorce(struct vm *vm, oop context) {
    struct stack_page *page = zone_page_of(vm, context_frame(context));
    if (page != vm->page)
        return zone_evict(vm, page);
    /* The running page: go on from its top context afterwards (see context_put). */
    return frame_context(vm, vm->fp) && zone_evict(vm, page);
}

void context_put(struct vm *vm, oop context, uint64_t i, oop value) {
    struct heap *h = &vm->heap;
    if (i >= num_slots(context))
        return;
    if (!context_is_married(context)) {
        heap_store(h, context, i, value);
        return;
    }
    oop *fp = context_frame(context), *sp;
    const struct insn *pc;
    if (i == CONTEXT_SENDER) {
        if (!zone_make_base(vm, fp))
            vm_leave(vm, VM_EXHAUSTED, "no memory for contexts");
        else
            zone_set_sender(vm, context_frame(context), value);
        return;
    }
    if (i >= CONTEXT_FIXED) {
        frame_state(vm, fp, &sp, &pc);
        if (i - CONTEXT_FIXED < frame_stackp(fp, sp)) {
            *frame_temp(fp, i - CONTEXT_FIXED) = value;
            return;
        }
    }
    oop active = zone_page_of(vm, fp) == vm->page ? frame_context(vm, vm->fp) : 0;
    if (!divorce(vm, context)) {
        vm_leave(vm, VM_EXHAUSTED, "no memory for contexts");
        return;
    }
    heap_store(h, context, i, value);
    if (active && zone_resume(vm, active) != ZONE_RESUMED)
        vm_leave(vm, VM_CRASHED, "the active context was made unusable");
}

/* Married ones too: once their frame has returned, what they hold can be asked for. */
uint64_t context_live_slots(void *owner, oop context) {
    (void)owner;
    uint64_t slots = num_slots(context);
    if (slots < CONTEXT_FIXED)
        return slots;
    oop stackp = fetch_slot(context, CONTEXT_STACKP);
    uint64_t live = is_smallint(stackp) ? (uint64_t)smallint_value(stackp) : 0;
    return live > slots - CONTEXT_FIXED ? slots : CONTEXT_FIXED + live;
}

void context_kill(struct vm *vm, oop context) {
    put_slot(context, CONTEXT_SENDER, vm->heap.nil);
    put_slot(context, CONTEXT_PC, vm->heap.nil);
}

/* ---- Chains of senders --------------------------------------------------------------- */

struct chain chain_at_frame(struct vm *vm, oop *fp) {
    return (struct chain){.fp = fp, .page = zone_page_of(vm, fp)};
}

struct chain chain_at(struct vm *vm, oop context) {
    context = follow(context);
    if (is_immediate(context) || class_index_of(context) != CLASS_INDEX_CONTEXT ||
        num_slots(context) < CONTEXT_FIXED)
        return (struct chain){0};
    if (context_is_married(context))
        return chain_at_frame(vm, context_frame(context));
    return (struct chain){.context = context};
}

/* Beyond a single context, or the base frame of a page. */
struct chain chain_sender_across(struct vm *vm, struct chain c) {
    return chain_at(vm, c.fp ? c.page->base[0] : fetch_slot(c.context, CONTEXT_SENDER));
}

oop chain_method(const struct chain *c) {
    return c->fp ? c->fp[FRAME_METHOD] : follow(fetch_slot(c->context, CONTEXT_METHOD));
}

oop chain_context(struct vm *vm, const struct chain *c) {
    return c->fp ? frame_context(vm, c->fp) : c->context;
}

unsigned method_primitive(oop method) {
    if (is_immediate(method) || !is_method_format(format_of(method)))
        return 0;
    int64_t header = method_header(method);
    uint64_t pc = method_initial_pc(method);
    if (!method_header_has_primitive(header) || pc + 3 > num_bytes(method))
        return 0;
    const uint8_t *b = object_bytes(method) + pc;
    return b[1] | (unsigned)b[2] << 8;
}
