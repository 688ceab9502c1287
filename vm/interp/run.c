/* run.c - opening an image, running it, leaving it: include/mote/vm.h. */
#include "run.h"
#include "code.h"
#include "context.h"
#include "events.h"
#include "lookup.h"
#include "process.h"
#include "roots.h"
#include "threaded.h"
#include "translate.h"
#include "zone.h"
#include "../image/class_set.h"
#include "../image/image.h"
#include "../prims/count.h"
#include "../prims/prim.h"
#include "../prims/state.h"

#include <stdio.h>

/* ---- Memory of the VM itself ----------------------------------------------------------- */

static size_t pages(size_t bytes) {
    return (bytes + PLATFORM_PAGE - 1) & ~(size_t)(PLATFORM_PAGE - 1);
}

static void *take(struct platform *p, size_t bytes) {
    void *memory = platform_reserve(p, 0, pages(bytes));
    if (memory && platform_commit(p, memory, pages(bytes)) != 0) {
        platform_unreserve(p, memory, pages(bytes));
        return NULL;
    }
    return memory;
}

static char *take_string(struct platform *p, const char *s) {
    char *copy = take(p, strlen(s) + 1);
    if (copy)
        memcpy(copy, s, strlen(s) + 1);
    return copy;
}

static void give_string(struct platform *p, char *s) {
    if (s)
        platform_unreserve(p, s, pages(strlen(s) + 1));
}

/* ---- Opening ----------------------------------------------------------------------------- */

struct opening {
    struct vm *vm;
    struct platform_image *file;
    uint64_t file_size;
    struct image_header header;
    struct image_error error;
};

static enum vm_outcome complain(struct opening *o, enum vm_outcome outcome, const char *cause) {
    snprintf(o->error.text, sizeof o->error.text, "%s", cause);
    return outcome;
}

static enum vm_outcome open_heap(struct opening *o, const struct vm_config *config,
                                 uint64_t data_size, bool fixed) {
    struct vm *vm = o->vm;
    struct heap_config heap_config = {.max_bytes = config->max_bytes,
                                      .eden_bytes = config->eden_bytes,
                                      .stress = config->gc_stress};
    struct heap_hooks hooks = roots_hooks(vm);
    if (fixed && heap_open(&vm->heap, vm->platform, &heap_config, &hooks, data_size, true) == 0)
        return VM_OK;
    if (heap_open(&vm->heap, vm->platform, &heap_config, &hooks, data_size, false) != 0)
        return complain(o, VM_EXHAUSTED, "no memory for the object memory");
    return VM_OK;
}

/* The file's pages, copy-on-write. */
static enum vm_outcome map_canonical(struct opening *o, const struct vm_config *config,
                                     uint64_t *special) {
    struct vm *vm = o->vm;
    uint64_t size = o->header.data_size;
    enum vm_outcome outcome = open_heap(o, config, size, true);
    if (outcome != VM_OK)
        return outcome;
    uint8_t *base = (uint8_t *)vm->heap.perm_base;
    if (platform_image_map(o->file, IMAGE_CANONICAL_HEADER, base, pages(size)) != 0)
        return complain(o, VM_NO_IMAGE, "cannot be mapped");
    if (!image_check_roots(base, size, &o->header, &o->error))
        return VM_BAD_IMAGE;
    *special = o->header.special_objects;
    if (vm->heap.perm_base != HEAP_IMAGE_BASE &&
        !image_relocate(base, size, HEAP_IMAGE_BASE, vm->heap.perm_base, special, &o->error))
        return VM_BAD_IMAGE;
    return VM_OK;
}

/* Any other image: read, verified, rewritten in private memory. */
static enum vm_outcome load_foreign(struct opening *o, const struct vm_config *config,
                                    uint64_t *special) {
    struct vm *vm = o->vm;
    uint8_t *file = take(vm->platform, o->file_size);
    if (!file)
        return complain(o, VM_EXHAUSTED, "no memory to read the image");
    enum vm_outcome outcome = VM_OK;
    uint64_t size = 0;
    if (platform_image_read(o->file, 0, file, o->file_size) != (int64_t)o->file_size)
        outcome = complain(o, VM_NO_IMAGE, "cannot be read");
    else if (!image_canonical_data_size(file, o->file_size, &size, &o->error))
        outcome = VM_BAD_IMAGE;
    else
        outcome = open_heap(o, config, size, true);
    if (outcome == VM_OK) {
        uint8_t *base = (uint8_t *)vm->heap.perm_base;
        if (platform_commit(vm->platform, base, pages(size)) != 0)
            outcome = complain(o, VM_EXHAUSTED, "no memory for the image");
        else if (!image_canonicalize_to(file, o->file_size, vm->heap.perm_base, base, size, special,
                                        &o->error))
            outcome = VM_BAD_IMAGE;
        else {
            struct image_header h = o->header;
            h.base = vm->heap.perm_base;
            h.special_objects = *special;
            h.data_size = size;
            if (!image_check_roots(base, size, &h, &o->error))
                outcome = VM_BAD_IMAGE;
        }
    }
    platform_unreserve(vm->platform, file, pages(o->file_size));
    return outcome;
}

static enum vm_outcome load(struct opening *o, const char *path, const struct vm_config *config) {
    struct vm *vm = o->vm;
    uint8_t bytes[IMAGE_CANONICAL_HEADER] = {0};
    int error = platform_image_open(vm->platform, path, &o->file, &o->file_size);
    if (error != 0)
        return complain(o, VM_NO_IMAGE,
                        error == PLATFORM_ENOENT   ? "no such file"
                        : error == PLATFORM_EACCES ? "permission denied"
                        : error == PLATFORM_EISDIR ? "is a directory"
                                                   : "cannot be opened");
    int64_t got = platform_image_read(o->file, 0, bytes, sizeof bytes);
    if (got < 0)
        return complain(o, VM_NO_IMAGE, "cannot be read");
    if (!image_header_read(bytes, (size_t)got, o->file_size, &o->header, &o->error))
        return VM_BAD_IMAGE;
    uint64_t special = 0;
    enum vm_outcome outcome = image_is_canonical(&o->header, o->file_size)
                                  ? map_canonical(o, config, &special)
                                  : load_foreign(o, config, &special);
    if (outcome != VM_OK)
        return outcome;
    if (image_is_canonical(&o->header, o->file_size))
        class_set_read(&vm->heap.perm_classes, bytes);
    heap_adopt(&vm->heap, special, (uint32_t)o->header.last_hash);
    vm->header_flags = o->header.flags;
    vm->window_size = o->header.window_size;
    vm->header_extra_memory = o->header.extra_memory;
    vm->header_eden_bytes = o->header.eden_bytes;
    vm->image_format = o->header.format;
    vm->header_stack_pages = o->header.stack_pages;
    vm->header_code_size = o->header.code_size;
    vm->header_semaphores = o->header.semaphores;
    vm->preemption_yields = (o->header.flags & 16) == 0;
    vm->heap.new_finalization = (o->header.flags & 64) != 0;
    return VM_OK;
}

/* Put the active process's context on the stack. */
static enum vm_outcome start(struct opening *o) {
    struct vm *vm = o->vm;
    oop process = active_process(vm);
    oop context = fetch_slot(process, PROCESS_SUSPENDED_CONTEXT);
    put_slot(process, PROCESS_SUSPENDED_CONTEXT, vm->heap.nil);
    switch (zone_resume(vm, context)) {
    case ZONE_RESUMED:
        return VM_OK;
    case ZONE_NO_MEMORY:
        return complain(o, VM_EXHAUSTED, "no memory for the first context");
    default:
        return complain(o, VM_BAD_IMAGE, "roots: the active process cannot be resumed");
    }
}

static bool open_parts(struct vm *vm) {
    vm->method_cache = take(vm->platform, sizeof *vm->method_cache);
    if (vm->config.count_primitives) {
        vm->prim_counts = prim_counts_new(vm);
        if (!vm->prim_counts)
            return false;
    }
    return vm->method_cache && zone_open(vm) == 0 && code_open(vm) == 0 && events_open(vm) == 0;
}

enum vm_outcome vm_open(struct vm **out, struct platform *platform, const char *path,
                        const struct vm_config *config, char *error, size_t error_size) {
    static const struct vm_config defaults;
    struct opening o = {.vm = take(platform, sizeof(struct vm))};
    enum vm_outcome outcome = VM_EXHAUSTED;
    *out = NULL;
    snprintf(o.error.text, sizeof o.error.text, "no memory");
    if (o.vm) {
        struct vm *vm = o.vm;
        vm->platform = platform;
        vm->config = config ? *config : defaults;
        vm->preempt = platform_preempt(platform);
        vm->start_ns = platform_monotonic_ns(platform);
        vm->leave_word = (uint32_t)handler_offset(op_leave);
        vm->image_name =
            take_string(platform, vm->config.image_name ? vm->config.image_name : path);
        vm->vm_path = take_string(platform, platform_program_path(platform));
        vm->config.image_name = vm->image_name;
        if (vm->image_name && vm->vm_path && open_parts(vm))
            outcome = load(&o, path, &vm->config);
        if (outcome == VM_OK)
            outcome = start(&o);
    }
    if (o.file)
        platform_image_close(o.file);
    if (outcome != VM_OK) {
        if (error_size)
            snprintf(error, error_size, "%s: %s", path, o.error.text);
        vm_close(o.vm);
        return outcome;
    }
    *out = o.vm;
    return VM_OK;
}

void vm_close(struct vm *vm) {
    if (!vm)
        return;
    struct platform *p = vm->platform;
    prim_state_close(vm);
    if (vm->prim_counts)
        prim_counts_free(vm, vm->prim_counts);
    if (vm->heap.window)
        heap_close(&vm->heap);
    code_close(vm);
    zone_close(vm);
    events_close(vm);
    if (vm->method_cache)
        platform_unreserve(p, vm->method_cache, pages(sizeof *vm->method_cache));
    give_string(p, vm->image_name);
    give_string(p, vm->vm_path);
    platform_set_deadline(p, PLATFORM_NEVER);
    platform_unreserve(p, vm, pages(sizeof *vm));
}

/* ---- Running -------------------------------------------------------------------------------- */

void vm_leave(struct vm *vm, enum vm_outcome outcome, const char *why) {
    const struct insn *leave = (const struct insn *)(const void *)&vm->leave_word;
    if (vm->pc == leave) /* the first reason stands */
        return;
    vm->outcome = outcome;
    if (why)
        snprintf(vm->error, sizeof vm->error, "%s", why);
    vm->left_pc = vm->pc;
    vm->pc = leave;
}

enum vm_outcome vm_run(struct vm *vm, uint64_t deadline_ns, int *status) {
    if (vm->exiting) {
        *status = vm->exit_status;
        return vm->outcome;
    }
    if (vm->left_pc) {
        vm->pc = vm->left_pc;
        vm->left_pc = NULL;
    }
    vm->run_deadline = deadline_ns;
    if (vm->idle)
        process_run_next(vm);
    *vm->preempt = 1; /* arm the deadline, see what has come meanwhile */
    if (setjmp(vm->escape) == 0)
        threaded_run(vm);
    /* Only a deadline or an interrupt can be gone on from. */
    vm->exiting = vm->outcome != VM_DEADLINE && vm->outcome != VM_INTERRUPTED;
    *status = vm->exit_status;
    return vm->outcome;
}

void vm_post_event(struct vm *vm, uint32_t index) {
    events_post(vm, index);
}

void vm_interrupt(struct vm *vm) {
    __atomic_store_n(&vm->interrupt_pending, true, __ATOMIC_SEQ_CST);
    platform_wake(vm->platform);
}

const char *vm_error(const struct vm *vm) {
    return vm->error;
}
