/*
 * control.c - contexts, unwinding, primitives called by number. Blocks and
 * perform: are in vm/interp/ops_enter.h.
 */
#include "prim.h"
#include "../interp/code.h"
#include "../interp/context.h"
#include "../interp/run.h"
#include "../interp/zone.h"

enum { MARK_UNWIND = 198, MARK_HANDLER = 199 };

static bool is_context(oop o) {
    return has_class_index(o, CLASS_INDEX_CONTEXT) && num_slots(o) >= CONTEXT_FIXED;
}

/* ---- Contexts as arrays of their temporaries and stack ----------------------------------- */

static bool context_index(struct vm *vm, oop context, oop index, uint64_t *i) {
    *i = (uint64_t)smallint_value(index) - 1;
    return is_smallint(index) && *i < context_stackp(vm, context);
}

static int prim_context_at(struct vm *vm, oop *argv, unsigned argc) {
    uint64_t i;
    if (argc != 1 || !is_context(argv[0]))
        return PRIM_BAD_RECEIVER;
    if (!context_index(vm, argv[0], argv[1], &i))
        return PRIM_BAD_INDEX;
    argv[0] = context_get(vm, argv[0], CONTEXT_FIXED + i);
    return PRIM_OK;
}

static int prim_context_at_put(struct vm *vm, oop *argv, unsigned argc) {
    uint64_t i;
    if (argc != 2 || !is_context(argv[0]))
        return PRIM_BAD_RECEIVER;
    if (!context_index(vm, argv[0], argv[1], &i))
        return PRIM_BAD_INDEX;
    oop context = argv[0], value = argv[2];
    argv[0] = value;
    vm->sp = argv;
    context_put(vm, context, CONTEXT_FIXED + i, value);
    return PRIM_RESUME;
}

static int prim_context_size(struct vm *vm, oop *argv, unsigned argc) {
    if (argc > 1 || !is_context(argv[argc]))
        return PRIM_BAD_RECEIVER;
    argv[0] = smallint((int64_t)context_stackp(vm, argv[argc]));
    return PRIM_OK;
}

/* Cells that become accessible are nil. */
static int prim_store_stackp(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 1 || !is_context(argv[0]) || !is_smallint(argv[1]))
        return PRIM_FAIL;
    oop context = argv[0];
    uint64_t room = num_slots(context) - CONTEXT_FIXED;
    uint64_t stackp = (uint64_t)smallint_value(argv[1]), old = context_stackp(vm, context);
    if (stackp > room || vm->fp[FRAME_CONTEXT] == context)
        return PRIM_FAIL;
    vm->sp = argv;
    context_put(vm, context, CONTEXT_STACKP, smallint((int64_t)stackp)); /* divorces */
    for (uint64_t i = old; i < stackp; i++)
        put_slot(context, CONTEXT_FIXED + i, vm->heap.nil);
    return PRIM_RESUME;
}

/* Bit 0 and 1: it has a frame. */
static int prim_context_xray(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm, (void)argc;
    if (!is_context(argv[0]))
        return PRIM_BAD_RECEIVER;
    argv[0] = smallint(context_is_married(argv[0]) ? 3 : 0);
    return PRIM_OK;
}

/* ---- Unwinding ------------------------------------------------------------------------------ */

/* The first context from c on, before `stop`, whose method is marked; nil if there is none. */
static int find_marked(struct vm *vm, oop *argv, struct chain c, oop stop, unsigned mark) {
    while (!chain_ended(&c) && !(stop != vm->heap.nil && chain_is(&c, stop))) {
        if (chain_primitive(&c) == mark)
            return prim_answer(argv, chain_context(vm, &c));
        c = chain_sender(vm, c);
    }
    argv[0] = vm->heap.nil;
    return PRIM_OK;
}

static int prim_find_unwind(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 1 || !is_context(argv[0]) || (argv[1] != vm->heap.nil && !is_context(argv[1])))
        return PRIM_FAIL;
    struct chain c = chain_sender(vm, chain_at(vm, argv[0]));
    return find_marked(vm, argv, c, argv[1], MARK_UNWIND);
}

static int prim_find_handler(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 0 || !is_context(argv[0]))
        return PRIM_FAIL;
    return find_marked(vm, argv, chain_at(vm, argv[0]), vm->heap.nil, MARK_HANDLER);
}

/* thisContext terminateTo: previous. What lies between them dies, if previous is
 * among the senders at all; previous becomes the sender. */
static int prim_terminate_to(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 1 || !is_context(argv[0]) || argv[0] == argv[1] ||
        (argv[1] != vm->heap.nil && !is_context(argv[1])))
        return PRIM_FAIL;
    oop context = argv[0], previous = argv[1];
    struct chain c = chain_sender(vm, chain_at(vm, context));
    while (!chain_ended(&c) && !chain_is(&c, previous))
        c = chain_sender(vm, c);
    bool among = !chain_ended(&c) || previous == vm->heap.nil;
    vm->sp = argv;
    oop between = context_get(vm, context, CONTEXT_SENDER);
    context_put(vm, context, CONTEXT_SENDER, previous);
    if (among && !zone_kill_between(vm, between, previous))
        vm_leave(vm, VM_EXHAUSTED, "no memory for contexts");
    return PRIM_RESUME;
}

/* ---- Blocks and primitives by number -------------------------------------------------------- */

/* outerContext closureCopy: numArgs copiedValues: anArray */
static int prim_closure_copy(struct vm *vm, oop *argv, unsigned argc) {
    if (argc != 2 || !is_context(argv[0]) || !is_smallint(argv[1]) || is_immediate(argv[2]) ||
        format_of(argv[2]) != FORMAT_ARRAY)
        return PRIM_BAD_ARGUMENT;
    uint64_t copied = num_slots(argv[2]);
    oop pc = context_get(vm, argv[0], CONTEXT_PC);
    oop closure = heap_allocate(&vm->heap, CLOSURE_FIRST_COPIED + copied, FORMAT_INDEXABLE,
                                CLASS_INDEX_BLOCK_CLOSURE);
    if (!closure)
        return PRIM_NO_MEMORY;
    /* The block begins behind the two bytes of the jump over it. */
    int64_t start = is_smallint(pc) ? smallint_value(pc) + 2 : 0;
    heap_store(&vm->heap, closure, CLOSURE_OUTER_CONTEXT, argv[0]);
    put_slot(closure, CLOSURE_START_PC, smallint(start));
    put_slot(closure, CLOSURE_NUM_ARGS, argv[1]);
    for (uint64_t i = 0; i < copied; i++)
        heap_store(&vm->heap, closure, CLOSURE_FIRST_COPIED + i, fetch_slot(argv[2], i));
    argv[0] = closure;
    return PRIM_OK;
}

/* Primitives that enter code need a method of their own. */
static bool can_be_tried(int64_t number) {
    static const uint16_t not[] = {83,  84,  100, 117, 118, 188, 189, 201, 202, 203,
                                   204, 205, 206, 207, 208, 209, 218, 221, 222};
    for (size_t i = 0; i < sizeof not/ sizeof not[0]; i++)
        if (number == not[i])
            return false;
    return number > 0 && number < 65536;
}

/* Methods that answer a constant or an instance variable. */
static int try_quick(struct vm *vm, oop *argv, unsigned number, oop receiver) {
    oop constants[8] = {receiver,     vm->heap.true_, vm->heap.false_, vm->heap.nil,
                        smallint(-1), smallint(0),    smallint(1),     smallint(2)};
    if (number < 264) {
        argv[0] = constants[number - 256];
        return PRIM_OK;
    }
    if (is_immediate(receiver) || !is_pointers_format(format_of(receiver)) ||
        number - 264 >= num_slots(receiver))
        return PRIM_BAD_RECEIVER;
    argv[0] = is_context(receiver) ? context_get(vm, receiver, number - 264)
                                   : fetch_slot(receiver, number - 264);
    return PRIM_OK;
}

/* Call fn with the receiver and the array's elements in place of our own
 * receiver and arguments, so that it may answer as it likes (switch processes). */
static int try_primitive(struct vm *vm, oop *argv, unsigned argc, prim_fn *fn, oop receiver,
                         oop array) {
    uint64_t n = num_slots(array);
    oop own[4];
    if (n > 15)
        return PRIM_NEGATED + PRIM_LIMIT_EXCEEDED;
    memcpy(own, argv, (argc + 1) * sizeof *argv);
    argv[0] = receiver;
    for (uint64_t i = 0; i < n; i++)
        argv[1 + i] = fetch_slot(array, i);
    vm->sp = argv + n;
    int status = fn(vm, argv, (unsigned)n);
    if (status > PRIM_OK) {
        memcpy(argv, own, (argc + 1) * sizeof *argv);
        vm->sp = argv + argc;
    }
    return status;
}

/* anObject tryPrimitive: number withArgs: array. A form with three arguments
 * exists in name only: the OpenSmalltalk VM, and so this one, takes the receiver
 * of the message all the same, and images expect it to fail. */
static int prim_do_primitive(struct vm *vm, oop *argv, unsigned argc) {
    if (argc < 2 || argc > 3)
        return PRIM_NEGATED + PRIM_UNSUPPORTED;
    oop number = argv[argc - 1], array = argv[argc];
    if (!is_smallint(number) || is_immediate(array) || format_of(array) != FORMAT_ARRAY)
        return PRIM_NEGATED + PRIM_BAD_ARGUMENT;
    if (smallint_value(number) >= 256 && smallint_value(number) < 520)
        return try_quick(vm, argv, (unsigned)smallint_value(number), argv[0]);
    prim_fn *fn = can_be_tried(smallint_value(number))
                      ? prim_numbered((unsigned)smallint_value(number))
                      : NULL;
    if (!fn)
        return PRIM_NEGATED + PRIM_BAD_INDEX;
    return try_primitive(vm, argv, argc, fn, argv[0], array);
}

/* aContext tryNamedPrimitiveIn: aMethod for: anObject withArgs: array. The method
 * names the primitive in its first literal. */
static int prim_do_named_primitive(struct vm *vm, oop *argv, unsigned argc) {
    enum { NOT_FOUND = 1, BAD_ARGUMENTS = 2, BAD_METHOD = 3 };
    if (argc != 3)
        return PRIM_NEGATED + BAD_ARGUMENTS;
    oop method = argv[1], receiver = argv[2], array = argv[3];
    if (is_immediate(array) || format_of(array) != FORMAT_ARRAY || is_immediate(method) ||
        !is_method_format(format_of(method)))
        return PRIM_NEGATED + BAD_ARGUMENTS;
    if (method_primitive(method) != 117 || method_header_literals(method_header(method)) == 0)
        return PRIM_NEGATED + BAD_METHOD;
    oop spec = follow(method_literal(method, 0));
    if (is_immediate(spec) || format_of(spec) != FORMAT_ARRAY || num_slots(spec) < 2)
        return PRIM_NEGATED + BAD_METHOD;
    oop module = follow(fetch_slot(spec, 0)), name = follow(fetch_slot(spec, 1));
    prim_fn *fn = !is_bytes(name) ? NULL
                                  : prim_named(is_bytes(module) ? (char *)object_bytes(module) : "",
                                               is_bytes(module) ? num_bytes(module) : 0,
                                               (char *)object_bytes(name), num_bytes(name));
    if (!fn)
        return PRIM_NEGATED + NOT_FOUND;
    return try_primitive(vm, argv, argc, fn, receiver, array);
}

const struct numbered_prim prims_control[] = {
    {76, prim_store_stackp, "storeStackp"},
    {118, prim_do_primitive, "doPrimitiveWithArgs"},
    {195, prim_find_unwind, "findNextUnwindContext"},
    {196, prim_terminate_to, "terminateTo"},
    {197, prim_find_handler, "findHandlerContext"},
    {200, prim_closure_copy, "closureCopyWithCopiedValues"},
    {210, prim_context_at, "contextAt"},
    {211, prim_context_at_put, "contextAtPut"},
    {212, prim_context_size, "contextSize"},
    {213, prim_context_xray, "contextXray"},
    {218, prim_do_named_primitive, "doNamedPrimitiveWithArgs"},
    {0, NULL, NULL},
};
