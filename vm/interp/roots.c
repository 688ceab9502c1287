/* roots.c - see roots.h. */
#include "roots.h"
#include "code.h"
#include "context.h"
#include "frame.h"
#include "lookup.h"
#include "run.h"
#include "zone.h"

/* Every oop on a page, from its top frame down to the context it returns to. */
static void visit_page(struct heap *h, struct stack_page *page, heap_slot_fn *visit, void *arg) {
    oop *top = page->head_sp;
    for (oop *fp = page->head_fp; fp; fp = frame_caller(fp)) {
        for (oop *slot = fp + FRAME_RECEIVER; slot <= top; slot++)
            visit(h, slot, arg);
        if (fp[FRAME_CONTEXT])
            visit(h, &fp[FRAME_CONTEXT], arg);
        visit(h, &fp[FRAME_METHOD], arg);
        top = fp - 1;
    }
    for (oop *slot = page->base; slot <= top; slot++)
        visit(h, slot, arg);
}

static void each_root(void *owner, struct heap *h, bool young_only, heap_slot_fn *visit,
                      void *arg) {
    struct vm *vm = owner;
    (void)young_only;
    zone_save_head(vm);
    for (struct stack_page *page = vm->newest; page; page = page->older)
        visit_page(h, page, visit, arg);
    if (vm->prim_method)
        visit(h, &vm->prim_method, arg);
}

/* Method caches are keyed by addresses, which a collection changes. */
static void each_weak_root(void *owner, struct heap *h, oop (*survivor)(struct heap *h, oop o)) {
    struct vm *vm = owner;
    code_update_roots(vm, survivor);
    if (vm->method_cache->holds_young || vm->seen_compactions != h->stats.compactions)
        lookup_flush_moved(vm);
    vm->seen_compactions = h->stats.compactions;
}

/* Frames of suspended processes become contexts, so that a process nobody
 * refers to dies with all that its frames hold. */
static void before_full_collection(void *owner) {
    zone_evict_others(owner);
}

static void mourners_waiting(void *owner) {
    struct vm *vm = owner;
    vm->finalization_pending = true;
    *vm->preempt = 1;
}

/* No memory inside a collection: nothing can go on. */
static void exhausted(void *owner) {
    struct vm *vm = owner;
    vm_leave(vm, VM_EXHAUSTED, "no memory to collect the object memory");
    longjmp(vm->escape, 1);
}

static void classes_changed(void *owner) {
    lookup_flush_all(owner);
}

struct heap_hooks roots_hooks(struct vm *vm) {
    return (struct heap_hooks){.owner = vm,
                               .each_root = each_root,
                               .each_weak_root = each_weak_root,
                               .before_full_collection = before_full_collection,
                               .context_slots = context_live_slots,
                               .mourners_waiting = mourners_waiting,
                               .exhausted = exhausted,
                               .classes_changed = classes_changed};
}
