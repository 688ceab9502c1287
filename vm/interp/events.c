/* events.c - see events.h. */
#include "events.h"
#include "code.h"
#include "process.h"
#include "run.h"
#include "zone.h"
#include "../prims/prim.h"

#define EXTERNAL_SEMAPHORES 4096u

static size_t counts_bytes(void) {
    return EXTERNAL_SEMAPHORES * sizeof(uint32_t);
}

int events_open(struct vm *vm) {
    void *counts = platform_reserve(vm->platform, 0, counts_bytes());
    if (!counts || platform_commit(vm->platform, counts, counts_bytes()) != 0)
        return PLATFORM_ENOMEM;
    vm->external.counts = counts;
    vm->external.capacity = EXTERNAL_SEMAPHORES;
    vm->timer_deadline = vm->run_deadline = PLATFORM_NEVER;
    return 0;
}

void events_close(struct vm *vm) {
    if (vm->external.counts)
        platform_unreserve(vm->platform, (void *)(uintptr_t)vm->external.counts, counts_bytes());
    vm->external.counts = NULL;
}

static uint64_t next_deadline(struct vm *vm) {
    return vm->timer_deadline < vm->run_deadline ? vm->timer_deadline : vm->run_deadline;
}

void events_set_timer(struct vm *vm, oop semaphore, uint64_t deadline_ns) {
    heap_store(&vm->heap, vm->heap.special_objects, SPECIAL_TIMER_SEMAPHORE, semaphore);
    vm->timer_deadline = semaphore == vm->heap.nil ? PLATFORM_NEVER : deadline_ns;
    platform_set_deadline(vm->platform, next_deadline(vm));
}

void events_post(struct vm *vm, uint32_t index) {
    if (index == 0 || index > vm->external.capacity)
        return;
    __atomic_fetch_add(&vm->external.counts[index - 1], 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&vm->external.any, true, __ATOMIC_SEQ_CST);
    platform_wake(vm->platform);
}

static void signal_special(struct vm *vm, enum special_object which) {
    oop semaphore = follow(special_object(vm, which));
    if (is_semaphore(vm, semaphore))
        semaphore_signal(vm, semaphore);
}

static void signal_external(struct vm *vm) {
    if (!__atomic_exchange_n(&vm->external.any, false, __ATOMIC_SEQ_CST))
        return;
    oop table = follow(special_object(vm, SPECIAL_EXTERNAL_OBJECTS));
    for (uint32_t i = 0; i < vm->external.capacity; i++) {
        uint32_t n = __atomic_exchange_n(&vm->external.counts[i], 0, __ATOMIC_SEQ_CST);
        for (; n > 0; n--) {
            oop semaphore = is_object(table) && i < num_slots(table) ? follow(fetch_slot(table, i))
                                                                     : vm->heap.nil;
            if (is_semaphore(vm, semaphore))
                semaphore_signal(vm, semaphore);
        }
    }
}

void events_signal_waiting(struct vm *vm) {
    /* First: whoever is running now has used the memory. */
    if (vm->heap.low_space) {
        vm->heap.low_space = false;
        heap_store(&vm->heap, vm->heap.special_objects, SPECIAL_PROCESS_SIGNALING_LOW_SPACE,
                   active_process(vm));
        signal_special(vm, SPECIAL_LOW_SPACE_SEMAPHORE);
    }
    if (vm->timer_deadline != PLATFORM_NEVER &&
        platform_monotonic_ns(vm->platform) >= vm->timer_deadline) {
        vm->timer_deadline = PLATFORM_NEVER;
        signal_special(vm, SPECIAL_TIMER_SEMAPHORE);
    }
    signal_external(vm);
    if (vm->finalization_pending) {
        vm->finalization_pending = false;
        signal_special(vm, SPECIAL_FINALIZATION_SEMAPHORE);
    }
}

/* Translated code has outgrown its zone: no frame may keep any. */
static void flush_code(struct vm *vm) {
    oop active = zone_evict_all(vm);
    if (!active) {
        vm_leave(vm, VM_EXHAUSTED, "no memory for contexts");
        return;
    }
    code_flush(vm);
    if (zone_resume(vm, active) != ZONE_RESUMED)
        vm_leave(vm, VM_CRASHED, "the active context is damaged");
}

/* Interrupted, or out of time? */
static bool leave_if_asked(struct vm *vm) {
    if (vm->interrupt_pending || platform_interrupts(vm->platform) > 0) {
        vm->interrupt_pending = false;
        vm_leave(vm, VM_INTERRUPTED, NULL);
        return true;
    }
    if (vm->run_deadline != PLATFORM_NEVER &&
        platform_monotonic_ns(vm->platform) >= vm->run_deadline) {
        vm->run_deadline = PLATFORM_NEVER;
        vm_leave(vm, VM_DEADLINE, NULL);
        return true;
    }
    return false;
}

void events_check(struct vm *vm) {
    *vm->preempt = 0;
    vm->preempt_checks++;
    if (vm->codes->flush_wanted)
        flush_code(vm);
    if (vm->heap.collect_wanted)
        heap_collect(&vm->heap);
    events_signal_waiting(vm);
    leave_if_asked(vm);
    platform_set_deadline(vm->platform, next_deadline(vm));
}

/* Posted events can come at any time, so only an image that has never registered
 * a semaphore and set no timer waits for nothing. */
bool events_await(struct vm *vm) {
    *vm->preempt = 0;
    if (leave_if_asked(vm))
        return false;
    oop table = follow(special_object(vm, SPECIAL_EXTERNAL_OBJECTS));
    bool external = is_object(table) && num_slots(table) > 0;
    bool pending = vm->external.any || vm->finalization_pending || vm->heap.low_space;
    if (next_deadline(vm) == PLATFORM_NEVER && !external && !pending) {
        vm_leave(vm, VM_NO_PROCESS, "no process can run and none waits for an event");
        return false;
    }
    if (!pending)
        platform_wait(vm->platform, next_deadline(vm));
    events_signal_waiting(vm);
    return true;
}
