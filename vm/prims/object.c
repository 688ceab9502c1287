/*
 * object.c - indexed and named slots, instances, classes of objects: the
 * primitives that read and write single objects. The common cases of 60-62, 70
 * and 71 are in vm/interp/ops_enter.h; these handle the rest.
 */
#include "prim.h"
#include "../interp/context.h"

static bool is_context(oop o) {
    return has_class_index(o, CLASS_INDEX_CONTEXT);
}

/* Named slots before the indexable ones of a pointers object. */
static uint64_t fixed_slots(struct vm *vm, oop o) {
    unsigned format = format_of(o);
    if (format == FORMAT_ARRAY || format >= FORMAT_64)
        return 0;
    if (format < FORMAT_ARRAY || format == FORMAT_EPHEMERON)
        return num_slots(o);
    oop spec = fetch_slot(heap_class_of(&vm->heap, o), CLASS_FORMAT);
    uint64_t fixed = is_smallint(spec) ? class_format_fixed(smallint_value(spec)) : 0;
    return fixed < num_slots(o) ? fixed : num_slots(o);
}

/* First byte of a method's bytecodes, where its indexable part begins for at:. */
static uint64_t method_first_byte(oop method) {
    oop header = fetch_slot(method, 0);
    uint64_t first = is_smallint(header) ? method_initial_pc(method) : 8;
    return first < num_bytes(method) ? first : num_bytes(method);
}

static uint64_t indexable_size(struct vm *vm, oop o) {
    unsigned format = format_of(o);
    if (is_context(o))
        return context_stackp(vm, o);
    if (is_pointers_format(format))
        return num_slots(o) - fixed_slots(vm, o);
    if (format < FORMAT_32)
        return num_slots(o);
    if (format < FORMAT_16)
        return num_bytes(o) / 4;
    if (format < FORMAT_BYTES)
        return num_bytes(o) / 2;
    return num_bytes(o);
}

/* Element i (0-based, in range). 0: no memory. */
static oop element(struct vm *vm, oop o, uint64_t i) {
    unsigned format = format_of(o);
    const uint8_t *data = object_bytes(o);
    if (is_context(o))
        return context_get(vm, o, CONTEXT_FIXED + i);
    if (is_pointers_format(format))
        return fetch_slot(o, fixed_slots(vm, o) + i);
    if (format < FORMAT_32)
        return prim_new_uint64(vm, fetch_slot(o, i));
    if (format < FORMAT_16) {
        uint32_t word;
        memcpy(&word, data + 4 * i, sizeof word);
        return smallint(word);
    }
    if (format < FORMAT_BYTES) {
        uint16_t half;
        memcpy(&half, data + 2 * i, sizeof half);
        return smallint(half);
    }
    return smallint(data[i]);
}

static int put_element(struct vm *vm, oop o, uint64_t i, oop value) {
    unsigned format = format_of(o);
    uint8_t *data = object_bytes(o);
    uint64_t v;
    if (is_context(o)) {
        context_put(vm, o, CONTEXT_FIXED + i, value);
        return PRIM_OK;
    }
    if (is_pointers_format(format)) {
        heap_store(&vm->heap, o, fixed_slots(vm, o) + i, value);
        return PRIM_OK;
    }
    if (!prim_read_uint64(value, &v))
        return PRIM_BAD_ARGUMENT;
    if (format < FORMAT_32) {
        put_slot(o, i, v);
        return PRIM_OK;
    }
    if (!is_smallint(value))
        return PRIM_BAD_ARGUMENT;
    if (format < FORMAT_16) {
        uint32_t word = (uint32_t)v;
        if (v > UINT32_MAX)
            return PRIM_BAD_ARGUMENT;
        memcpy(data + 4 * i, &word, sizeof word);
    } else if (format < FORMAT_BYTES) {
        uint16_t half = (uint16_t)v;
        if (v > UINT16_MAX)
            return PRIM_BAD_ARGUMENT;
        memcpy(data + 2 * i, &half, sizeof half);
    } else {
        if (v > UINT8_MAX)
            return PRIM_BAD_ARGUMENT;
        data[i] = (uint8_t)v;
    }
    return PRIM_OK;
}

/* The object and 0-based index of an access; `extra` leading arguments carry the
 * object in the mirror forms (object:basicAt:). */
static int subscript(struct vm *vm, oop o, oop index, uint64_t *i) {
    if (is_immediate(o) || is_forwarder(o))
        return PRIM_BAD_RECEIVER;
    if (!is_indexable_format(format_of(o)))
        return PRIM_BAD_RECEIVER;
    if (!is_smallint(index))
        return PRIM_BAD_ARGUMENT;
    *i = (uint64_t)smallint_value(index) - 1;
    uint64_t first = is_method_format(format_of(o)) ? method_first_byte(o) : 0;
    return *i < indexable_size(vm, o) && *i >= first ? PRIM_OK : PRIM_BAD_INDEX;
}

static int prim_at(struct vm *vm, oop *argv, unsigned argc) {
    uint64_t i;
    if (argc < 1 || argc > 2)
        return PRIM_BAD_NUM_ARGS;
    oop o = argv[argc - 1];
    int status = subscript(vm, o, argv[argc], &i);
    return status != PRIM_OK ? status : prim_answer(argv, element(vm, o, i));
}

static int prim_at_put(struct vm *vm, oop *argv, unsigned argc) {
    uint64_t i;
    if (argc < 2 || argc > 3)
        return PRIM_BAD_NUM_ARGS;
    oop o = argv[argc - 2];
    int status = subscript(vm, o, argv[argc - 1], &i);
    if (status != PRIM_OK)
        return status;
    if (is_immutable(o))
        return PRIM_NO_MODIFICATION;
    status = put_element(vm, o, i, argv[argc]);
    if (status == PRIM_OK)
        argv[0] = argv[argc];
    return status;
}

static int prim_size(struct vm *vm, oop *argv, unsigned argc) {
    oop o = argv[argc];
    if (argc > 1)
        return PRIM_BAD_NUM_ARGS;
    if (is_immediate(o) || is_forwarder(o) || !is_indexable_format(format_of(o)))
        return PRIM_BAD_RECEIVER;
    argv[0] = smallint((int64_t)indexable_size(vm, o));
    return PRIM_OK;
}

/* Literals of compiled code; index 1 is the header. */
static bool literal_index(oop method, oop index, uint64_t *i) {
    if (is_immediate(method) || !is_method_format(format_of(method)) || !is_smallint(index) ||
        !is_smallint(fetch_slot(method, 0)))
        return false;
    *i = (uint64_t)smallint_value(index) - 1;
    return *i < 1u + method_header_literals(method_header(method)) && *i < num_slots(method);
}

static int prim_object_at(struct vm *vm, oop *argv, unsigned argc) {
    uint64_t i;
    (void)vm;
    if (argc != 1 || !is_smallint(argv[1]))
        return PRIM_BAD_ARGUMENT;
    if (!literal_index(argv[0], argv[1], &i))
        return PRIM_BAD_INDEX;
    argv[0] = fetch_slot(argv[0], i);
    return PRIM_OK;
}

static int prim_object_at_put(struct vm *vm, oop *argv, unsigned argc) {
    uint64_t i;
    if (argc != 2 || !is_smallint(argv[1]))
        return PRIM_BAD_ARGUMENT;
    if (!literal_index(argv[0], argv[1], &i))
        return PRIM_BAD_INDEX;
    if (is_immutable(argv[0]))
        return PRIM_NO_MODIFICATION;
    /* The header decides where bytecodes begin: only another SmallInteger. */
    if (i == 0 && (!is_smallint(argv[2]) || method_header_literals(smallint_value(argv[2])) !=
                                                method_header_literals(method_header(argv[0]))))
        return PRIM_BAD_ARGUMENT;
    heap_store(&vm->heap, argv[0], i, argv[2]);
    code_forget(vm, argv[0]);
    argv[0] = argv[2];
    return PRIM_OK;
}

/* ---- Instances ------------------------------------------------------------------------ */

static int instantiate(struct vm *vm, oop *argv, unsigned argc, bool sized,
                       enum heap_instantiate where) {
    enum heap_error error = HEAP_OK;
    uint64_t size = 0;
    /* The mirror forms have the class as their first argument. */
    unsigned at = argc - (sized ? 1 : 0);
    if (at > 1)
        return PRIM_BAD_NUM_ARGS;
    if (sized) {
        if (!is_smallint(argv[argc]) || smallint_value(argv[argc]) < 0)
            return PRIM_BAD_ARGUMENT;
        size = (uint64_t)smallint_value(argv[argc]);
    }
    oop object = heap_instantiate(&vm->heap, argv[at], size, sized, where, &error);
    if (!object)
        return prim_heap_status(error);
    argv[0] = object;
    return PRIM_OK;
}

#define INSTANTIATE(name, sized, where)                        \
    static int name(struct vm *vm, oop *argv, unsigned argc) { \
        if (argc < (sized ? 1u : 0u))                          \
            return PRIM_BAD_NUM_ARGS;                          \
        return instantiate(vm, argv, argc, sized, where);      \
    }

INSTANTIATE(prim_new, false, HEAP_INSTANTIATE_NEW)
INSTANTIATE(prim_new_with_size, true, HEAP_INSTANTIATE_NEW)
INSTANTIATE(prim_new_old, false, HEAP_INSTANTIATE_OLD)
INSTANTIATE(prim_new_with_size_old, true, HEAP_INSTANTIATE_OLD)
INSTANTIATE(prim_new_pinned, false, HEAP_INSTANTIATE_PINNED)
INSTANTIATE(prim_new_with_size_pinned, true, HEAP_INSTANTIATE_PINNED)

/* newMethod: bytecodeCount header: headerWord */
static int prim_new_method(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 2 || !is_smallint(argv[1]) || !is_smallint(argv[2]) || smallint_value(argv[1]) < 0)
        return PRIM_BAD_ARGUMENT;
    if (is_immediate(argv[0]) || !is_pointers_format(format_of(argv[0])) ||
        num_slots(argv[0]) <= CLASS_FORMAT || !is_smallint(fetch_slot(argv[0], CLASS_FORMAT)) ||
        class_format_spec(smallint_value(fetch_slot(argv[0], CLASS_FORMAT))) < FORMAT_METHOD)
        return PRIM_BAD_RECEIVER;
    uint64_t literals = method_header_literals(smallint_value(argv[2]));
    uint64_t bytes = (1 + literals) * 8 + (uint64_t)smallint_value(argv[1]);
    if (bytes > UINT32_MAX)
        return PRIM_LIMIT_EXCEEDED;
    uint32_t index = heap_class_index(&vm->heap, argv[0]);
    uint64_t slots = (bytes + 7) / 8;
    oop method =
        index ? heap_allocate(&vm->heap, slots, FORMAT_METHOD + (unsigned)(-bytes & 7), index) : 0;
    if (!method)
        return PRIM_NO_MEMORY;
    memset(object_bytes(method), 0, slots * 8);
    put_slot(method, 0, argv[2]);
    for (uint64_t i = 1; i <= literals; i++)
        put_slot(method, i, vm->heap.nil);
    argv[0] = method;
    return PRIM_OK;
}

/* A copy of a context shows the state of its frame, without being married. */
static oop clone_context(struct vm *vm, oop context) {
    oop copy =
        heap_new_pointers(&vm->heap, num_slots(context), FORMAT_INDEXABLE, CLASS_INDEX_CONTEXT);
    if (!copy)
        return 0;
    uint64_t live = CONTEXT_FIXED + context_stackp(vm, context);
    for (uint64_t i = 0; i < live; i++)
        heap_store(&vm->heap, copy, i, context_get(vm, context, i));
    return copy;
}

static int prim_clone(struct vm *vm, oop *argv, unsigned argc) {
    oop o = argv[argc];
    if (argc > 1)
        return PRIM_BAD_NUM_ARGS;
    if (is_immediate(o)) {
        argv[0] = o;
        return PRIM_OK;
    }
    if (is_forwarder(o))
        return PRIM_BAD_RECEIVER;
    return prim_answer(argv, is_context(o) ? clone_context(vm, o) : heap_clone(&vm->heap, o));
}

static int prim_copy_object(struct vm *vm, oop *argv, unsigned argc) {
    if (argc < 1)
        return PRIM_BAD_NUM_ARGS;
    oop to = argv[0], from = argv[argc];
    if (is_immediate(to))
        return PRIM_BAD_RECEIVER;
    if (is_immediate(from) || class_index_of(to) != class_index_of(from))
        return PRIM_BAD_ARGUMENT;
    if (is_context(to) || is_method_format(format_of(to)))
        return PRIM_BAD_RECEIVER;
    if (format_of(to) != format_of(from) || num_slots(to) != num_slots(from))
        return PRIM_BAD_ARGUMENT;
    if (is_immutable(to))
        return PRIM_NO_MODIFICATION;
    if (!is_pointers_format(format_of(to)))
        memcpy(object_bytes(to), object_bytes(from), num_bytes(from));
    else
        for (uint64_t i = 0; i < num_slots(to); i++)
            heap_store(&vm->heap, to, i, fetch_slot(from, i));
    return PRIM_OK;
}

/* ---- Named slots ------------------------------------------------------------------------- */

static int named_slot(struct vm *vm, oop o, oop index, bool any, uint64_t *i) {
    if (is_immediate(o))
        return PRIM_INAPPROPRIATE;
    if (is_forwarder(o) || !is_smallint(index))
        return PRIM_BAD_ARGUMENT;
    *i = (uint64_t)smallint_value(index) - 1;
    if (!is_pointers_format(format_of(o))) {
        if (!any)
            return PRIM_BAD_INDEX;
        return *i < indexable_size(vm, o) ? PRIM_OK : PRIM_BAD_INDEX;
    }
    uint64_t limit = any ? num_slots(o) : is_context(o) ? CONTEXT_FIXED : fixed_slots(vm, o);
    return *i < limit ? PRIM_OK : PRIM_BAD_INDEX;
}

static int get_slot(struct vm *vm, oop *argv, unsigned argc, bool any) {
    uint64_t i;
    if (argc < 1 || argc > 2)
        return PRIM_BAD_NUM_ARGS;
    oop o = argv[argc - 1];
    int status = named_slot(vm, o, argv[argc], any, &i);
    if (status != PRIM_OK)
        return status;
    if (is_context(o))
        return prim_answer(argv, context_get(vm, o, i));
    if (!is_pointers_format(format_of(o)))
        return prim_answer(argv, element(vm, o, i));
    argv[0] = fetch_slot(o, i);
    return PRIM_OK;
}

static int set_slot(struct vm *vm, oop *argv, unsigned argc, bool any) {
    uint64_t i;
    if (argc < 2 || argc > 3)
        return PRIM_BAD_NUM_ARGS;
    oop o = argv[argc - 2], value = argv[argc];
    int status = named_slot(vm, o, argv[argc - 1], any, &i);
    if (status != PRIM_OK)
        return status;
    if (is_immutable(o))
        return PRIM_NO_MODIFICATION;
    if (is_context(o)) {
        argv[0] = value;
        vm->sp = argv;
        context_put(vm, o, i, value);
        return PRIM_RESUME;
    }
    if (!is_pointers_format(format_of(o))) {
        status = put_element(vm, o, i, value);
        if (status != PRIM_OK)
            return status;
    } else {
        heap_store(&vm->heap, o, i, value);
    }
    argv[0] = value;
    return PRIM_OK;
}

static int prim_inst_var_at(struct vm *vm, oop *argv, unsigned argc) {
    return get_slot(vm, argv, argc, false);
}
static int prim_inst_var_at_put(struct vm *vm, oop *argv, unsigned argc) {
    return set_slot(vm, argv, argc, false);
}
static int prim_slot_at(struct vm *vm, oop *argv, unsigned argc) {
    return get_slot(vm, argv, argc, true);
}
static int prim_slot_at_put(struct vm *vm, oop *argv, unsigned argc) {
    return set_slot(vm, argv, argc, true);
}

/* ---- Identity -------------------------------------------------------------------------------- */

static int prim_identical(struct vm *vm, oop *argv, unsigned argc) {
    if (argc < 1 || argc > 2)
        return PRIM_BAD_NUM_ARGS;
    argv[0] = boolean(vm, follow(argv[argc - 1]) == follow(argv[argc]));
    return PRIM_OK;
}

static int prim_not_identical(struct vm *vm, oop *argv, unsigned argc) {
    if (argc < 1 || argc > 2)
        return PRIM_BAD_NUM_ARGS;
    argv[0] = boolean(vm, follow(argv[argc - 1]) != follow(argv[argc]));
    return PRIM_OK;
}

static int prim_class(struct vm *vm, oop *argv, unsigned argc) {
    argv[0] = heap_class_of(&vm->heap, follow(argv[argc]));
    return PRIM_OK;
}

static int prim_as_character(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    oop code = argv[argc];
    if (!is_smallint(code) || (uint64_t)smallint_value(code) > CHARACTER_MAX)
        return argc == 0 ? PRIM_BAD_RECEIVER : PRIM_BAD_ARGUMENT;
    argv[0] = character((uint32_t)smallint_value(code));
    return PRIM_OK;
}

static int prim_immediate_as_integer(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm;
    oop o = argv[argc];
    if (is_smallint(o))
        argv[0] = o;
    else if (is_character(o))
        argv[0] = smallint(character_value(o));
    else if (is_smallfloat(o)) { /* exponent as it is, the sign on top */
        uint64_t bits = o >> (TAG_BITS + 1);
        argv[0] = smallint((int64_t)(o & 8 ? bits | UINT64_C(15) << 60 : bits));
    } else
        return PRIM_BAD_RECEIVER;
    return PRIM_OK;
}

const struct numbered_prim prims_object[] = {
    {60, prim_at, "at"},
    {61, prim_at_put, "atPut"},
    {62, prim_size, "size"},
    {68, prim_object_at, "objectAt"},
    {69, prim_object_at_put, "objectAtPut"},
    {70, prim_new, "new"},
    {71, prim_new_with_size, "newWithArg"},
    {73, prim_inst_var_at, "instVarAt"},
    {74, prim_inst_var_at_put, "instVarAtPut"},
    {79, prim_new_method, "newMethod"},
    {110, prim_identical, "identical"},
    {111, prim_class, "class"},
    {148, prim_clone, "clone"},
    {168, prim_copy_object, "copyObject"},
    {169, prim_not_identical, "notIdentical"},
    {170, prim_as_character, "asCharacter"},
    {171, prim_immediate_as_integer, "immediateAsInteger"},
    {173, prim_slot_at, "slotAt"},
    {174, prim_slot_at_put, "slotAtPut"},
    {596, prim_new_old, "newOldSpace"},
    {597, prim_new_with_size_old, "newWithArgOldSpace"},
    {598, prim_new_pinned, "newPinned"},
    {599, prim_new_with_size_pinned, "newWithArgPinned"},
    {0, NULL, NULL},
};
