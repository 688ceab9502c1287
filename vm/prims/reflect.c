/*
 * reflect.c - enumeration, become, hashes, immutability, pinning, changes of
 * class, caches: the primitives that look at the object memory as a whole.
 */
#include "prim.h"
#include "../interp/code.h"
#include "../interp/context.h"
#include "../interp/lookup.h"
#include "../interp/run.h"
#include "../interp/zone.h"

static bool is_class_shaped(oop o) {
    return is_object(o) && is_pointers_format(format_of(o)) && num_slots(o) > CLASS_FORMAT;
}

/* ---- Enumeration -------------------------------------------------------------------- */

static int prim_some_instance(struct vm *vm, oop *argv, unsigned argc) {
    oop found = is_class_shaped(argv[argc]) ? heap_next_instance(&vm->heap, argv[argc], 0) : 0;
    if (!found)
        return PRIM_FAIL;
    argv[0] = found;
    return PRIM_OK;
}

static int prim_next_instance(struct vm *vm, oop *argv, unsigned argc) {
    oop o = argv[argc];
    if (is_immediate(o))
        return PRIM_FAIL;
    oop found = heap_next_instance(&vm->heap, heap_class_of(&vm->heap, o), o);
    if (!found)
        return PRIM_FAIL;
    argv[0] = found;
    return PRIM_OK;
}

static int prim_some_object(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    return prim_answer(argv, heap_next_object(&vm->heap, 0));
}

/* The SmallInteger 0 ends the enumeration. */
static int prim_next_object(struct vm *vm, oop *argv, unsigned argc) {
    if (is_immediate(argv[argc]))
        return PRIM_BAD_RECEIVER;
    oop found = heap_next_object(&vm->heap, argv[argc]);
    argv[0] = found ? found : smallint(0);
    return PRIM_OK;
}

static int prim_all_instances(struct vm *vm, oop *argv, unsigned argc) {
    if (!is_class_shaped(argv[argc]))
        return PRIM_BAD_RECEIVER;
    return prim_answer(argv, heap_all_instances(&vm->heap, argv[argc]));
}

static int prim_all_objects(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    return prim_answer(argv, heap_all_objects(&vm->heap));
}

/* Does the receiver refer to the argument? Contexts show what is in their frames. */
static int prim_object_points_to(struct vm *vm, oop *argv, unsigned argc) {
    oop o = argv[0], thang = argv[argc];
    bool found = false;
    if (argc < 1)
        return PRIM_BAD_NUM_ARGS;
    if (argc > 1)
        o = argv[argc - 1];
    if (is_object(o)) {
        unsigned format = format_of(o);
        uint64_t n = is_pointers_format(format) ? num_slots(o)
                     : is_method_format(format) ? 1u + method_header_literals(method_header(o))
                                                : 0;
        bool context = has_class_index(o, CLASS_INDEX_CONTEXT);
        if (context)
            n = CONTEXT_FIXED + context_stackp(vm, o);
        for (uint64_t i = 0; i < n && !found; i++)
            found = (context ? context_get(vm, o, i) : fetch_slot(o, i)) == thang;
    }
    argv[0] = boolean(vm, found);
    return PRIM_OK;
}

/* ---- Become ---------------------------------------------------------------------------- */

/* Contexts with frames lose them first: a frame cannot change its identity. */
static void divorce_elements(struct vm *vm, oop array) {
    if (is_immediate(array) || format_of(array) != FORMAT_ARRAY)
        return;
    for (uint64_t i = 0; i < num_slots(array); i++) {
        oop o = fetch_slot(array, i);
        if (is_object(o) && has_class_index(o, CLASS_INDEX_CONTEXT) && context_is_married(o))
            context_put(vm, o, CONTEXT_PC, context_get(vm, o, CONTEXT_PC));
    }
}

static bool holds_code(oop array) {
    if (is_immediate(array) || format_of(array) != FORMAT_ARRAY)
        return false;
    for (uint64_t i = 0; i < num_slots(array); i++) {
        oop o = follow(fetch_slot(array, i));
        if (is_object(o) && is_method_format(format_of(o)))
            return true;
    }
    return false;
}

/* Frames and translations belong to the bytes of a method, its identity to the
 * heap: none survive when methods become others. */
static int become_without_code(struct vm *vm, const oop *arrays, bool two_way, bool copy_hash,
                               unsigned argc) {
    oop array1 = arrays[0], array2 = arrays[1];
    oop active = zone_evict_all(vm);
    if (!active)
        return PRIM_NO_MEMORY;
    int status = prim_heap_status(heap_become(&vm->heap, array1, array2, two_way, copy_hash));
    if (status == PRIM_OK)
        code_flush(vm);
    if (zone_resume(vm, active) != ZONE_RESUMED) {
        vm_leave(vm, VM_CRASHED, "the active context is damaged");
        return PRIM_RESUME;
    }
    if (status != PRIM_OK)
        return status;
    vm->sp -= argc;
    return PRIM_RESUME;
}

static int become(struct vm *vm, oop *argv, bool two_way, bool copy_hash, unsigned argc) {
    if (argc < 1 || is_immediate(argv[0]) || is_immediate(argv[1]))
        return PRIM_BAD_ARGUMENT;
    if (holds_code(argv[0]) || holds_code(argv[1]))
        return become_without_code(vm, argv, two_way, copy_hash, argc);
    oop *fp = vm->fp;
    divorce_elements(vm, argv[0]);
    divorce_elements(vm, argv[1]);
    /* That may have moved the running frame, and the arguments with it. */
    if (vm->fp != fp)
        argv = vm->sp - argc;
    int status = prim_heap_status(heap_become(&vm->heap, argv[0], argv[1], two_way, copy_hash));
    if (status != PRIM_OK)
        return status;
    lookup_flush_all(vm);
    vm->sp = argv;
    return PRIM_RESUME;
}

static int prim_become(struct vm *vm, oop *argv, unsigned argc) {
    return become(vm, argv, true, false, argc);
}
static int prim_become_forward(struct vm *vm, oop *argv, unsigned argc) {
    return become(vm, argv, false, true, argc);
}
static int prim_become_forward_no_copy(struct vm *vm, oop *argv, unsigned argc) {
    return become(vm, argv, false, false, argc);
}
static int prim_become_forward_flag(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 2 || (argv[2] != vm->heap.true_ && argv[2] != vm->heap.false_))
        return PRIM_BAD_ARGUMENT;
    return become(vm, argv, false, argv[2] == vm->heap.true_, argc);
}

/* ---- Hashes ---------------------------------------------------------------------------- */

static int prim_identity_hash(struct vm *vm, oop *argv, unsigned argc) {
    oop o = argv[argc];
    if (is_immediate(o) || is_forwarder(o))
        return PRIM_BAD_RECEIVER;
    argv[0] = smallint(heap_identity_hash(&vm->heap, o));
    return PRIM_OK;
}

static int prim_behavior_hash(struct vm *vm, oop *argv, unsigned argc) {
    if (!is_class_shaped(argv[argc]) || is_forwarder(argv[argc]))
        return PRIM_BAD_RECEIVER;
    uint32_t index = heap_class_index(&vm->heap, argv[argc]);
    if (index == 0)
        return PRIM_NO_MEMORY;
    argv[0] = smallint(index);
    return PRIM_OK;
}

static int prim_max_identity_hash(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm, (void)argc;
    argv[0] = smallint((int64_t)HASH_MASK);
    return PRIM_OK;
}

/* Without argument: is a hash assigned? With one: assign it, answer the old one. */
static int prim_set_or_has_hash(struct vm *vm, oop *argv, unsigned argc) {
    oop o = argv[0];
    if (is_immediate(o)) {
        if (argc != 0)
            return PRIM_BAD_RECEIVER;
        argv[0] = vm->heap.false_;
        return PRIM_OK;
    }
    uint32_t old = header_hash(header_of(o));
    if (argc == 0) {
        argv[0] = boolean(vm, old != 0);
        return PRIM_OK;
    }
    if (!is_smallint(argv[1]) || (uint64_t)smallint_value(argv[1]) > HASH_MASK)
        return PRIM_BAD_ARGUMENT;
    uint32_t hash = (uint32_t)smallint_value(argv[1]);
    if (argc == 2 && argv[2] == vm->heap.true_) {
        /* As a class: it takes that place in the class table. */
        oop page = fetch_slot(vm->heap.hidden_roots, hash >> CLASS_TABLE_PAGE_SHIFT);
        if (!is_class_shaped(o) || page == vm->heap.nil || hash <= CLASS_INDEX_LAST_PUN)
            return PRIM_BAD_ARGUMENT;
        heap_store(&vm->heap, page, hash & (CLASS_TABLE_PAGE_SLOTS - 1), o);
        lookup_flush_all(vm);
    } else if (heap_class_at(&vm->heap, old) == o && old > CLASS_INDEX_LAST_PUN) {
        return PRIM_INAPPROPRIATE; /* a class's hash is its index */
    }
    set_header(o, (header_of(o) & ~HDR_HASH_MASK) | (uint64_t)hash << HDR_HASH_SHIFT);
    argv[0] = smallint(old);
    return PRIM_OK;
}

/* ---- Class, mutability, place of an object ------------------------------------------------- */

/* The header's format for the bytes of an object in a bits class, or -1. */
static int bits_format_for(unsigned class_format, uint64_t bytes, unsigned now) {
    switch (class_format) {
    case FORMAT_64:
        return bytes % 8 ? -1 : FORMAT_64;
    case FORMAT_32:
        return bytes % 4 ? -1 : (int)(FORMAT_32 + (-(bytes / 4) & 1));
    case FORMAT_16:
        return bytes % 2 ? -1 : (int)(FORMAT_16 + (-(bytes / 2) & 3));
    case FORMAT_BYTES:
        return (int)(FORMAT_BYTES + (-bytes & 7));
    case FORMAT_METHOD:
        return is_method_format(now) ? (int)now : -1;
    default:
        return -1;
    }
}

static int change_class(struct vm *vm, oop o, oop class) {
    if (is_immediate(o) || is_forwarder(o))
        return PRIM_BAD_RECEIVER;
    if (!is_class_shaped(class) || !is_smallint(fetch_slot(class, CLASS_FORMAT)))
        return PRIM_BAD_ARGUMENT;
    if (is_immutable(o))
        return PRIM_NO_MODIFICATION;
    int64_t spec = smallint_value(fetch_slot(class, CLASS_FORMAT));
    unsigned class_format = class_format_spec(spec), now = format_of(o);
    int format;
    if (class_format <= FORMAT_LAST_POINTERS) {
        uint64_t fixed = class_format_fixed(spec), slots = num_slots(o);
        bool exact = class_format <= FORMAT_FIXED || class_format == FORMAT_EPHEMERON;
        if (now > FORMAT_LAST_POINTERS)
            return PRIM_INAPPROPRIATE;
        if (slots < fixed || (slots > fixed && exact))
            return PRIM_BAD_RECEIVER;
        format = (int)class_format;
        if (has_class_index(o, CLASS_INDEX_CONTEXT) && context_is_married(o))
            return PRIM_INAPPROPRIATE;
    } else {
        if (now <= FORMAT_LAST_POINTERS || (is_method_format(now) && class_format != FORMAT_METHOD))
            return PRIM_INAPPROPRIATE;
        format = bits_format_for(class_format, num_bytes(o), now);
        if (format < 0)
            return PRIM_BAD_RECEIVER;
    }
    uint32_t index = heap_class_index(&vm->heap, class);
    if (index == 0)
        return PRIM_NO_MEMORY;
    set_header(o, (header_of(o) & ~(HDR_FORMAT_MASK | HDR_CLASS_MASK)) |
                      (uint64_t)format << HDR_FORMAT_SHIFT | index);
    class_set_add(&vm->heap.perm_classes, index); /* `o` may lie in the image */
    return PRIM_OK;
}

/* anObject primitiveChangeClassTo: anInstance */
static int prim_change_class(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 1 && argc != 2)
        return PRIM_BAD_NUM_ARGS;
    if (is_immediate(argv[argc]))
        return PRIM_BAD_ARGUMENT;
    return change_class(vm, argv[argc - 1], heap_class_of(&vm->heap, argv[argc]));
}

/* aClass adoptInstance: anObject */
static int prim_adopt_instance(struct vm *vm, oop *argv, unsigned argc) {
    if (argc < 1)
        return PRIM_BAD_NUM_ARGS;
    int status = change_class(vm, argv[argc], argv[argc - 1]);
    return status == PRIM_BAD_RECEIVER   ? PRIM_BAD_ARGUMENT
           : status == PRIM_BAD_ARGUMENT ? PRIM_BAD_RECEIVER
                                         : status;
}

static int prim_get_immutability(struct vm *vm, oop *argv, unsigned argc) {
    oop o = argv[argc];
    argv[0] = boolean(vm, is_immediate(o) || is_immutable(o));
    return PRIM_OK;
}

/* The VM itself writes to contexts, processes, semaphores and the like. */
static bool can_be_immutable(struct vm *vm, oop o) {
    oop scheduler =
        follow(fetch_slot(follow(special_object(vm, SPECIAL_SCHEDULER_ASSOCIATION)), 1));
    oop lists = follow(fetch_slot(scheduler, 0));
    oop class = heap_class_of(&vm->heap, o);
    if (has_class_index(o, CLASS_INDEX_CONTEXT) || format_of(o) == FORMAT_EPHEMERON ||
        format_of(o) == FORMAT_WEAK || o == scheduler || o == lists ||
        o == vm->heap.special_objects || class == special_object(vm, SPECIAL_CLASS_SEMAPHORE) ||
        class == special_object(vm, SPECIAL_CLASS_MUTEX) ||
        class == heap_class_of(&vm->heap, follow(fetch_slot(scheduler, 1))))
        return false;
    for (uint64_t i = 0; i < num_slots(lists); i++)
        if (follow(fetch_slot(lists, i)) == o)
            return false;
    return true;
}

static int prim_set_immutability(struct vm *vm, oop *argv, unsigned argc) {
    if (argc < 1)
        return PRIM_BAD_NUM_ARGS;
    oop o = argv[argc - 1], flag = argv[argc];
    if (is_immediate(o) || is_forwarder(o))
        return PRIM_BAD_RECEIVER;
    bool was = is_immutable(o);
    if (flag == vm->heap.true_) {
        if (!can_be_immutable(vm, o))
            return PRIM_INAPPROPRIATE;
        set_header(o, header_of(o) | HDR_IMMUTABLE);
    } else if (flag == vm->heap.false_) {
        set_header(o, header_of(o) & ~HDR_IMMUTABLE);
    } else {
        return PRIM_BAD_ARGUMENT;
    }
    argv[0] = boolean(vm, was);
    return PRIM_OK;
}

static int prim_is_pinned(struct vm *vm, oop *argv, unsigned argc) {
    if (is_immediate(argv[argc]))
        return PRIM_BAD_RECEIVER;
    argv[0] = boolean(vm, is_pinned(argv[argc]));
    return PRIM_OK;
}

static int prim_pin(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 1)
        return PRIM_BAD_NUM_ARGS;
    if (is_immediate(argv[0]) || has_class_index(argv[0], CLASS_INDEX_CONTEXT))
        return PRIM_BAD_RECEIVER;
    if (argv[1] != vm->heap.true_ && argv[1] != vm->heap.false_)
        return PRIM_BAD_ARGUMENT;
    bool was = is_pinned(argv[0]);
    if (argv[1] == vm->heap.false_)
        heap_unpin(&vm->heap, argv[0]);
    else if (!was && !heap_pin(&vm->heap, argv[0]))
        return PRIM_NO_MEMORY;
    argv[0] = boolean(vm, was);
    return PRIM_OK;
}

static int prim_next_mourner(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    oop mourner = heap_next_mourner(&vm->heap);
    if (!mourner)
        return PRIM_NOT_FOUND;
    argv[0] = mourner;
    return PRIM_OK;
}

/* ---- Sizes -------------------------------------------------------------------------------------
 */

static int prim_size_in_bytes(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    oop o = argv[argc];
    argv[0] = smallint(is_immediate(o) ? 0 : (int64_t)(object_end(o) - object_start(o)));
    return PRIM_OK;
}

static int prim_size_of_instance(struct vm *vm, oop *argv, unsigned argc) {
    oop class = argv[0];
    uint64_t n = 0;
    if (argc > 1)
        return PRIM_BAD_NUM_ARGS;
    if (!is_class_shaped(class) || !is_smallint(fetch_slot(class, CLASS_FORMAT)))
        return PRIM_BAD_RECEIVER;
    if (argc == 1) {
        if (!is_smallint(argv[1]) || smallint_value(argv[1]) < 0)
            return PRIM_BAD_ARGUMENT;
        n = (uint64_t)smallint_value(argv[1]);
    }
    int64_t spec = smallint_value(fetch_slot(class, CLASS_FORMAT));
    uint64_t slots = class_format_fixed(spec);
    unsigned format = class_format_spec(spec);
    if (format > FORMAT_EPHEMERON && format < FORMAT_64)
        return PRIM_BAD_RECEIVER; /* immediate */
    if (argc == 1 && !is_indexable_format(format))
        return PRIM_BAD_RECEIVER;
    if (format <= FORMAT_64)
        slots += n;
    else if (format < FORMAT_16)
        slots += (n + 1) / 2;
    else if (format < FORMAT_BYTES)
        slots += (n + 3) / 4;
    else
        slots += (n + 7) / 8;
    return prim_answer(argv, prim_new_uint64(vm, object_bytes_for(slots)));
}

/* ---- Caches --------------------------------------------------------------------------------- */

static int prim_flush_all(struct vm *vm, oop *argv, unsigned argc) {
    (void)argv, (void)argc;
    lookup_flush_all(vm);
    return PRIM_OK;
}

/* The receiver is a method whose bytes or literals may have changed. */
static int prim_flush_method(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    if (is_object(argv[0]) && is_method_format(format_of(argv[0])))
        code_forget(vm, argv[0]);
    return PRIM_OK;
}

static int prim_flush_selector(struct vm *vm, oop *argv, unsigned argc) {
    (void)argc;
    lookup_flush_selector(vm, argv[0]);
    return PRIM_OK;
}

const struct numbered_prim prims_reflect[] = {
    {72, prim_become_forward, "arrayBecomeOneWay"},
    {75, prim_identity_hash, "identityHash"},
    {77, prim_some_instance, "someInstance"},
    {78, prim_next_instance, "nextInstance"},
    {89, prim_flush_all, "flushCache"},
    {115, prim_change_class, "changeClass"},
    {116, prim_flush_method, "flushCacheByMethod"},
    {119, prim_flush_selector, "flushCacheBySelector"},
    {128, prim_become, "arrayBecome"},
    {132, prim_object_points_to, "objectPointsTo"},
    {138, prim_some_object, "someObject"},
    {139, prim_next_object, "nextObject"},
    {160, prim_adopt_instance, "adoptInstance"},
    {161, prim_set_or_has_hash, "setOrHasIdentityHash"},
    {163, prim_get_immutability, "getImmutability"},
    {164, prim_set_immutability, "setImmutability"},
    {172, prim_next_mourner, "fetchNextMourner"},
    {175, prim_behavior_hash, "behaviorHash"},
    {176, prim_max_identity_hash, "maxIdentityHash"},
    {177, prim_all_instances, "allInstances"},
    {178, prim_all_objects, "allObjects"},
    {181, prim_size_of_instance, "sizeInBytesOfInstance"},
    {182, prim_size_in_bytes, "sizeInBytes"},
    {183, prim_is_pinned, "isPinned"},
    {184, prim_pin, "pin"},
    {215, prim_flush_method, "voidVMStateForMethod"},
    {248, prim_become_forward_no_copy, "arrayBecomeOneWayNoCopyHash"},
    {249, prim_become_forward_flag, "arrayBecomeOneWayCopyHash"},
    {0, NULL, NULL},
};
