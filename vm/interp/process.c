/* process.c - see process.h. */
#include "process.h"
#include "context.h"
#include "events.h"
#include "run.h"
#include "zone.h"
#include "../prims/prim.h"

enum { SCHEDULER_LISTS = 0, SCHEDULER_ACTIVE = 1 };

static oop scheduler(struct vm *vm) {
    oop association = follow(special_object(vm, SPECIAL_SCHEDULER_ASSOCIATION));
    return follow(fetch_slot(association, 1));
}

oop active_process(struct vm *vm) {
    return follow(fetch_slot(scheduler(vm), SCHEDULER_ACTIVE));
}

int64_t process_priority(oop process) {
    oop p = fetch_slot(process, PROCESS_PRIORITY);
    return is_smallint(p) ? smallint_value(p) : 0;
}

oop process_list(struct vm *vm, int64_t priority) {
    oop lists = follow(fetch_slot(scheduler(vm), SCHEDULER_LISTS));
    if (is_immediate(lists) || priority < 1 || (uint64_t)priority > num_slots(lists))
        return 0;
    oop list = follow(fetch_slot(lists, (uint64_t)priority - 1));
    return is_object(list) && num_slots(list) > LIST_LAST ? list : 0;
}

/* ---- Linked lists of processes ------------------------------------------------------- */

void list_add_last(struct vm *vm, oop list, oop process) {
    struct heap *h = &vm->heap;
    heap_store(h, process, PROCESS_NEXT_LINK, h->nil);
    if (list_is_empty(vm, list))
        heap_store(h, list, LIST_FIRST, process);
    else
        heap_store(h, follow(fetch_slot(list, LIST_LAST)), PROCESS_NEXT_LINK, process);
    heap_store(h, list, LIST_LAST, process);
    heap_store(h, process, PROCESS_MY_LIST, list);
}

void list_add_first(struct vm *vm, oop list, oop process) {
    struct heap *h = &vm->heap;
    oop first = follow(fetch_slot(list, LIST_FIRST));
    heap_store(h, process, PROCESS_NEXT_LINK, first);
    heap_store(h, list, LIST_FIRST, process);
    if (first == h->nil)
        heap_store(h, list, LIST_LAST, process);
    heap_store(h, process, PROCESS_MY_LIST, list);
}

oop list_remove_first(struct vm *vm, oop list) {
    struct heap *h = &vm->heap;
    oop first = follow(fetch_slot(list, LIST_FIRST));
    if (first == h->nil)
        return h->nil;
    oop next = follow(fetch_slot(first, PROCESS_NEXT_LINK));
    heap_store(h, list, LIST_FIRST, next);
    if (next == h->nil)
        heap_store(h, list, LIST_LAST, h->nil);
    heap_store(h, first, PROCESS_NEXT_LINK, h->nil);
    return first;
}

bool list_remove(struct vm *vm, oop list, oop process) {
    struct heap *h = &vm->heap;
    oop link = follow(fetch_slot(list, LIST_FIRST)), before = h->nil;
    while (link != h->nil && is_object(link) && num_slots(link) > PROCESS_NEXT_LINK) {
        oop next = follow(fetch_slot(link, PROCESS_NEXT_LINK));
        if (link == process) {
            if (before == h->nil)
                heap_store(h, list, LIST_FIRST, next);
            else
                heap_store(h, before, PROCESS_NEXT_LINK, next);
            if (next == h->nil)
                heap_store(h, list, LIST_LAST, before);
            heap_store(h, process, PROCESS_NEXT_LINK, h->nil);
            return true;
        }
        before = link;
        link = next;
    }
    return false;
}

/* ---- Switching -------------------------------------------------------------------------- */

/* Looked at on every switch: one load a priority but for the lists themselves. */
oop process_next_runnable(struct vm *vm) {
    oop lists = follow(fetch_slot(scheduler(vm), SCHEDULER_LISTS)), nil = vm->heap.nil;
    for (uint64_t p = is_object(lists) ? num_slots(lists) : 0; p > 0; p--) {
        oop list = fetch_slot(lists, p - 1);
        if (is_immediate(list) || fetch_slot(list, LIST_FIRST) == nil)
            continue;
        list = process_list(vm, (int64_t)p); /* the careful way */
        if (list && !list_is_empty(vm, list))
            return list_remove_first(vm, list);
    }
    return 0;
}

void process_transfer_to(struct vm *vm, oop process) {
    struct heap *h = &vm->heap;
    oop context = frame_context(vm, vm->fp);
    if (!context) {
        vm_leave(vm, VM_EXHAUSTED, "no memory for a context");
        return;
    }
    zone_save_head(vm);
    heap_store(h, active_process(vm), PROCESS_SUSPENDED_CONTEXT, context);
    oop to = fetch_slot(process, PROCESS_SUSPENDED_CONTEXT);
    heap_store(h, scheduler(vm), SCHEDULER_ACTIVE, process);
    heap_store(h, process, PROCESS_SUSPENDED_CONTEXT, h->nil);
    heap_store(h, process, PROCESS_MY_LIST, h->nil);
    vm->process_switches++;
    switch (zone_resume(vm, to)) {
    case ZONE_RESUMED:
        return;
    case ZONE_NO_MEMORY:
        vm_leave(vm, VM_EXHAUSTED, "no memory for a context");
        return;
    default:
        vm_leave(vm, VM_CRASHED, "a process has no context to resume");
    }
}

/* Images have an idle process. In one without, the process that waits last stays
 * on the stack until another can run; vm_run comes back here. */
void process_run_next(struct vm *vm) {
    oop next = process_next_runnable(vm);
    if (!next) {
        vm->idle = true;
        while (!(next = process_next_runnable(vm)))
            if (!events_await(vm))
                return;
        vm->idle = false;
        *vm->preempt = 1; /* for what has come besides */
    }
    process_transfer_to(vm, next);
}

bool process_resume(struct vm *vm, oop process) {
    oop active = active_process(vm);
    int64_t active_priority = process_priority(active), priority = process_priority(process);
    if (priority <= active_priority || vm->idle) {
        oop list = process_list(vm, priority);
        if (list)
            list_add_last(vm, list, process);
        return false;
    }
    oop list = process_list(vm, active_priority);
    if (list) {
        if (vm->preemption_yields)
            list_add_last(vm, list, active);
        else
            list_add_first(vm, list, active);
    }
    process_transfer_to(vm, process);
    return true;
}

/* ---- Semaphores ---------------------------------------------------------------------------- */

bool is_semaphore(struct vm *vm, oop object) {
    return is_object(object) && num_slots(object) > SEMAPHORE_EXCESS &&
           heap_class_of(&vm->heap, object) == follow(special_object(vm, SPECIAL_CLASS_SEMAPHORE));
}

bool semaphore_signal(struct vm *vm, oop semaphore) {
    if (!list_is_empty(vm, semaphore))
        return process_resume(vm, list_remove_first(vm, semaphore));
    oop excess = fetch_slot(semaphore, SEMAPHORE_EXCESS);
    int64_t signals = is_smallint(excess) ? smallint_value(excess) : 0;
    if (signals < SMALLINT_MAX)
        put_slot(semaphore, SEMAPHORE_EXCESS, smallint(signals + 1));
    return false;
}
