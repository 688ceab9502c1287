/*
 * system.c - saving, quitting, collecting, memory limits: the primitives about
 * the image as a whole.
 */
#include "prim.h"
#include "file_state.h"
#include "../image/image.h"
#include "../interp/code.h"
#include "../interp/lookup.h"
#include "../interp/process.h"
#include "../interp/run.h"
#include "../interp/zone.h"

static bool to_save(void *arg, const void *data, size_t size) {
    return platform_save_write(arg, data, size) == 0;
}

/* Write the image, whose active process will go on in `context`. */
static int save(struct vm *vm, oop context) {
    struct heap *h = &vm->heap;
    oop process = active_process(vm);
    heap_store(h, process, PROCESS_SUSPENDED_CONTEXT, context);
    heap_full_collect(h);
    struct image_header header = {.format = vm->image_format,
                                  .window_size = vm->window_size,
                                  .flags = vm->header_flags,
                                  .extra_memory = vm->header_extra_memory,
                                  .eden_bytes = vm->header_eden_bytes,
                                  .stack_pages = vm->header_stack_pages,
                                  .code_size = vm->header_code_size,
                                  .semaphores = vm->header_semaphores,
                                  .last_hash = h->last_hash};
    struct platform_save *out;
    struct image_error error;
    if (platform_save_begin(vm->platform, vm->image_name, &out) != 0)
        return PRIM_OPERATION_FAILED;
    if (!image_write_heap(h, &header, to_save, out, &error)) {
        platform_save_abort(out);
        return PRIM_OPERATION_FAILED;
    }
    return platform_save_commit(out) == 0 ? PRIM_OK : PRIM_OPERATION_FAILED;
}

/* The saved image sees the answer true when it is resumed, this one false. All
 * frames become contexts, and are made again afterwards. */
static int prim_snapshot(struct vm *vm, oop *argv, unsigned argc) {
    oop receiver = argv[0];
    if (argc != 0)
        return PRIM_BAD_NUM_ARGS;
    if (!file_state_can_write_image(vm)) /* SecurityPlugin's disableImageWrite */
        return PRIM_UNSUPPORTED;
    argv[0] = vm->heap.true_;
    /* The collection in between may move the receiver, which a failure puts back. */
    vm->prim_method = is_object(receiver) ? receiver : 0;
    oop context = zone_evict_all(vm);
    if (!context) {
        argv[0] = receiver;
        return PRIM_NO_MEMORY;
    }
    int status = save(vm, context);
    oop process = active_process(vm);
    context = fetch_slot(process, PROCESS_SUSPENDED_CONTEXT);
    put_slot(process, PROCESS_SUSPENDED_CONTEXT, vm->heap.nil);
    if (zone_resume(vm, context) != ZONE_RESUMED) {
        vm_leave(vm, VM_EXHAUSTED, "no memory to go on after saving the image");
        return PRIM_RESUME;
    }
    if (status != PRIM_OK) {
        *vm->sp = vm->prim_method ? vm->prim_method : receiver;
        return status;
    }
    *vm->sp = vm->heap.false_;
    return PRIM_RESUME;
}

static int prim_quit(struct vm *vm, oop *argv, unsigned argc) {
    if (argc > 1)
        return PRIM_BAD_NUM_ARGS;
    vm->exit_status = argc == 1 && is_smallint(argv[1]) ? (int)smallint_value(argv[1]) : 0;
    vm_leave(vm, VM_EXITED, NULL);
    return PRIM_RESUME;
}

/* ---- Collection and memory ------------------------------------------------------------- */

static int prim_full_gc(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    heap_full_collect(&vm->heap);
    return prim_answer(argv, prim_new_uint64(vm, heap_bytes_left(&vm->heap)));
}

static int prim_incremental_gc(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    heap_scavenge(&vm->heap);
    return prim_answer(argv, prim_new_uint64(vm, heap_bytes_left(&vm->heap)));
}

static int prim_bytes_left(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    return prim_answer(argv, prim_new_uint64(vm, heap_bytes_left(&vm->heap)));
}

static int prim_grow(struct vm *vm, oop *argv, unsigned argc) {
    uint64_t bytes;
    if (argc != 1 || !prim_read_uint64(argv[1], &bytes))
        return PRIM_BAD_ARGUMENT;
    if (!heap_grow(&vm->heap, bytes))
        return PRIM_NO_MEMORY;
    return prim_answer(argv, prim_new_uint64(vm, bytes));
}

static int prim_low_space_semaphore(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 1 || (argv[1] != vm->heap.nil && !is_semaphore(vm, argv[1])))
        return PRIM_BAD_ARGUMENT;
    heap_store(&vm->heap, vm->heap.special_objects, SPECIAL_LOW_SPACE_SEMAPHORE, argv[1]);
    return PRIM_OK;
}

static int prim_signal_at_bytes_left(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 1 || !is_smallint(argv[1]) || smallint_value(argv[1]) < 0)
        return PRIM_BAD_ARGUMENT;
    vm->heap.low_space_threshold = (uint64_t)smallint_value(argv[1]);
    return PRIM_OK;
}

static int prim_special_objects(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    argv[0] = vm->heap.special_objects;
    return PRIM_OK;
}

/* All frames become contexts, all translations are dropped. */
static int prim_void_vm_state(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    vm->sp = argv;
    oop context = zone_evict_all(vm);
    if (!context)
        return PRIM_NO_MEMORY;
    code_flush(vm);
    if (zone_resume(vm, context) != ZONE_RESUMED)
        vm_leave(vm, VM_CRASHED, "the active context is damaged");
    return PRIM_RESUME;
}

/* Things a VM without a display or a profiler has nothing to do for. */
static int prim_nothing(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm, (void)argv, (void)argc;
    return PRIM_OK;
}

const struct numbered_prim prims_system[] = {
    {97, prim_snapshot, "snapshot"},
    {112, prim_bytes_left, "bytesLeft"},
    {113, prim_quit, "quit"},
    {122, prim_nothing, "noop"},
    {124, prim_low_space_semaphore, "lowSpaceSemaphore"},
    {125, prim_signal_at_bytes_left, "signalAtBytesLeft"},
    {129, prim_special_objects, "specialObjectsOop"},
    {130, prim_full_gc, "fullGC"},
    {131, prim_incremental_gc, "incrementalGC"},
    {180, prim_grow, "growMemoryByAtLeast"},
    {214, prim_void_vm_state, "voidVMState"},
    {0, NULL, NULL},
};
