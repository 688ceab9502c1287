/*
 * process.c - the primitives of processes, semaphores and critical sections.
 * Source: StackInterpreter's primitiveSignal .. primitiveExitCriticalSection.
 */
#include "prim.h"
#include "../interp/events.h"
#include "../interp/process.h"
#include "../interp/zone.h"

#define US_FROM_1901_TO_1970 (INT64_C(2177452800) * 1000000)

static bool is_list(oop o) {
    return is_object(o) && is_pointers_format(format_of(o)) && num_slots(o) > LIST_LAST;
}

static bool is_process(oop o) {
    return is_object(o) && is_pointers_format(format_of(o)) && num_slots(o) > PROCESS_MY_LIST;
}

/* The primitive's answer is what argv[0] holds now; processes may switch. */
#define ANSWERED (vm->sp = argv)

static int prim_signal(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 0 || !is_semaphore(vm, argv[0]))
        return PRIM_BAD_RECEIVER;
    ANSWERED;
    semaphore_signal(vm, argv[0]);
    return PRIM_RESUME;
}

static int prim_wait(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 0 || !is_semaphore(vm, argv[0]))
        return PRIM_BAD_RECEIVER;
    ANSWERED;
    oop semaphore = argv[0], excess = fetch_slot(semaphore, SEMAPHORE_EXCESS);
    if (is_smallint(excess) && smallint_value(excess) > 0) {
        put_slot(semaphore, SEMAPHORE_EXCESS, smallint(smallint_value(excess) - 1));
        return PRIM_RESUME;
    }
    list_add_last(vm, semaphore, active_process(vm));
    process_run_next(vm);
    return PRIM_RESUME;
}

static int prim_resume(struct vm *vm, oop *argv, unsigned argc) {
    oop process = argv[0];
    if (argc != 0 || !is_process(process) || process == active_process(vm))
        return PRIM_BAD_RECEIVER;
    if (fetch_slot(process, PROCESS_MY_LIST) != vm->heap.nil ||
        !zone_is_resumable(vm, follow(fetch_slot(process, PROCESS_SUSPENDED_CONTEXT))))
        return PRIM_BAD_RECEIVER;
    ANSWERED;
    process_resume(vm, process);
    return PRIM_RESUME;
}

/* Answers the list a waiting process was taken from. */
static int prim_suspend(struct vm *vm, oop *argv, unsigned argc) {
    oop process = argv[0];
    if (argc != 0 || !is_process(process))
        return PRIM_BAD_RECEIVER;
    if (process == active_process(vm)) {
        ANSWERED;
        argv[0] = vm->heap.nil;
        process_run_next(vm);
        return PRIM_RESUME;
    }
    oop list = follow(fetch_slot(process, PROCESS_MY_LIST));
    if (!is_list(list) ||
        !zone_is_resumable(vm, follow(fetch_slot(process, PROCESS_SUSPENDED_CONTEXT))))
        return PRIM_BAD_RECEIVER;
    if (!list_remove(vm, list, process))
        return PRIM_OPERATION_FAILED;
    put_slot(process, PROCESS_MY_LIST, vm->heap.nil);
    argv[0] = list;
    return PRIM_OK;
}

static int prim_yield(struct vm *vm, oop *argv, unsigned argc) {
    oop active = active_process(vm);
    oop list = process_list(vm, process_priority(active));
    if (argc != 0 || !list)
        return PRIM_FAIL;
    ANSWERED;
    if (!list_is_empty(vm, list)) {
        list_add_last(vm, list, active);
        process_run_next(vm);
    }
    return PRIM_RESUME;
}

/* ---- Critical sections: a Mutex is laid out like a Semaphore, with its owner in place
 * of the signals. The argument, if any, is the process to act for. ------------------- */

static bool is_mutex(oop o) {
    return is_list(o) && num_slots(o) > MUTEX_OWNER;
}

static int prim_enter_critical(struct vm *vm, oop *argv, unsigned argc) {
    oop mutex = argv[0], process = argc > 0 ? argv[argc] : active_process(vm);
    if (argc > 1 || !is_mutex(mutex) || !is_process(process))
        return PRIM_BAD_RECEIVER;
    oop owner = follow(fetch_slot(mutex, MUTEX_OWNER));
    if (owner == process) {
        argv[0] = vm->heap.true_;
        return PRIM_OK;
    }
    if (owner == vm->heap.nil) {
        heap_store(&vm->heap, mutex, MUTEX_OWNER, process);
        argv[0] = vm->heap.false_;
        return PRIM_OK;
    }
    ANSWERED;
    argv[0] = vm->heap.false_;
    list_add_last(vm, mutex, process);
    process_run_next(vm);
    return PRIM_RESUME;
}

static int prim_exit_critical(struct vm *vm, oop *argv, unsigned argc) {
    oop mutex = argv[0];
    if (argc != 0 || !is_mutex(mutex))
        return PRIM_BAD_RECEIVER;
    if (list_is_empty(vm, mutex)) {
        put_slot(mutex, MUTEX_OWNER, vm->heap.nil);
        return PRIM_OK;
    }
    ANSWERED;
    oop process = list_remove_first(vm, mutex);
    heap_store(&vm->heap, mutex, MUTEX_OWNER, process);
    process_resume(vm, process);
    return PRIM_RESUME;
}

static int prim_test_critical(struct vm *vm, oop *argv, unsigned argc) {
    oop mutex = argv[0], process = argc > 0 ? argv[argc] : active_process(vm);
    if (argc > 1 || !is_mutex(mutex))
        return PRIM_BAD_RECEIVER;
    oop owner = follow(fetch_slot(mutex, MUTEX_OWNER));
    if (owner == vm->heap.nil)
        heap_store(&vm->heap, mutex, MUTEX_OWNER, process);
    argv[0] = owner == vm->heap.nil ? vm->heap.false_
              : owner == process    ? vm->heap.true_
                                    : vm->heap.nil;
    return PRIM_OK;
}

/* ---- Time ------------------------------------------------------------------------------------ */

static int set_timer(struct vm *vm, oop semaphore, int64_t delay_us) {
    oop nil = vm->heap.nil;
    if (semaphore != nil && !is_semaphore(vm, semaphore))
        return PRIM_BAD_ARGUMENT;
    uint64_t now = platform_monotonic_ns(vm->platform);
    uint64_t delay = delay_us > 0 ? (uint64_t)delay_us : 0;
    if (delay > UINT64_MAX / 4000)
        delay = UINT64_MAX / 4000;
    events_set_timer(vm, semaphore, now + delay * 1000);
    return PRIM_OK;
}

/* signal: aSemaphore atMilliseconds: clock value of primitive 135, 29 bits */
static int prim_signal_at_ms(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 2 || !is_smallint(argv[2]))
        return PRIM_BAD_ARGUMENT;
    int64_t now = (int64_t)((platform_monotonic_ns(vm->platform) - vm->start_ns) / 1000000);
    int64_t delta = (smallint_value(argv[2]) - now) & 0x1fffffff;
    if (delta >= 0x10000000) /* already past */
        delta = 0;
    return set_timer(vm, argv[1], delta * 1000);
}

/* signal: aSemaphore atUTCMicroseconds: since 1901 */
static int prim_signal_at_us(struct vm *vm, oop *argv, unsigned argc) {
    int64_t at;
    if (argc != 2 || !prim_read_int64(argv[2], &at))
        return PRIM_BAD_ARGUMENT;
    int64_t now = platform_wall_us(vm->platform) + US_FROM_1901_TO_1970;
    return set_timer(vm, argv[1], at - now);
}

/* The idle process gives the processor away: until something happens. */
static int prim_relinquish(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 1 || !is_smallint(argv[1]))
        return PRIM_BAD_ARGUMENT;
    uint64_t deadline =
        vm->timer_deadline < vm->run_deadline ? vm->timer_deadline : vm->run_deadline;
    ANSWERED;
    platform_wait(vm->platform, deadline);
    events_check(vm);
    return PRIM_RESUME;
}

static int prim_interrupt_semaphore(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 1 || (argv[1] != vm->heap.nil && !is_semaphore(vm, argv[1])))
        return PRIM_BAD_ARGUMENT;
    heap_store(&vm->heap, vm->heap.special_objects, SPECIAL_INTERRUPT_SEMAPHORE, argv[1]);
    return PRIM_OK;
}

const struct numbered_prim prims_process[] = {
    {85, prim_signal, "signal"},
    {86, prim_wait, "wait"},
    {87, prim_resume, "resume"},
    {88, prim_suspend, "suspend"},
    {134, prim_interrupt_semaphore, "interruptSemaphore"},
    {136, prim_signal_at_ms, "signalAtMilliseconds"},
    {167, prim_yield, "yield"},
    {185, prim_exit_critical, "exitCriticalSection"},
    {186, prim_enter_critical, "enterCriticalSection"},
    {187, prim_test_critical, "testAndSetOwnershipOfCriticalSection"},
    {230, prim_relinquish, "relinquishProcessor"},
    {242, prim_signal_at_us, "signalAtUTCMicroseconds"},
    {0, NULL, NULL},
};
