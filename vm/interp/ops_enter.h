/* ops_enter.h - how activations begin. Part of threaded.c.
 * x is the code entered, pc where it returns to, the receiver lies below
 * x->nargs arguments at sp. */

/* A frame is built: test the stack and look for events. Deep recursion allocates
 * nothing but contexts, here, so this is also where it collects. */
SLOW(entered) {
    EXTERNALISE;
    if (sp > vm->stack_limit)
        zone_overflow(vm);
    if (vm->heap.collect_wanted)
        collect(vm);
    if (*vm->preempt)
        events_check(vm);
    INTERNALISE;
    DISPATCH;
}

#define BUILD_FRAME(receiver)                         \
    do {                                              \
        oop *frame_ = sp + 1;                         \
        frame_[FRAME_CALLER_FP] = (oop)(uintptr_t)fp; \
        frame_[FRAME_CALLER_PC] = (oop)(uintptr_t)pc; \
        frame_[FRAME_METHOD] = x->method;             \
        frame_[FRAME_CONTEXT] = 0;                    \
        frame_[FRAME_CODE] = (oop)(uintptr_t)x;       \
        frame_[FRAME_RECEIVER] = (receiver);          \
        sp = frame_ + FRAME_RECEIVER;                 \
        fp = frame_;                                  \
        pc = x->body;                                 \
    } while (0)

#define FRAME_BUILT                                                   \
    do {                                                              \
        if (unlikely(sp > vm->stack_limit) || unlikely(*vm->preempt)) \
            TAIL(slow_entered);                                       \
        DISPATCH;                                                     \
    } while (0)

/* The receiver, or the closure, below the arguments. */
#define STACKED_RECEIVER (sp[x->receiver_slot])

/* A few at most: unrolled or vectorised loops only cost. */
#define FILL(from, to)                                                                             \
    do {                                                                                           \
        oop nil_ = NIL;                                                                            \
        _Pragma("clang loop vectorize(disable) unroll(disable)") for (unsigned n_ = (from);        \
                                                                      n_ < (to); n_++) PUSH(nil_); \
    } while (0)

ENTER(method) {
    BUILD_FRAME(STACKED_RECEIVER);
    FILL(0, x->fill);
    FRAME_BUILT;
}

/* Without temporaries. */
ENTER(plain_method) {
    BUILD_FRAME(STACKED_RECEIVER);
    FRAME_BUILT;
}

/* From the value primitives: the closure lies where the receiver does. */
ENTER(block) {
    oop closure = STACKED_RECEIVER;
    unsigned first;
    oop receiver;
    if (x->kind == CODE_FULL_BLOCK) {
        first = FULL_CLOSURE_FIRST_COPIED;
        receiver = fetch_slot(closure, FULL_CLOSURE_RECEIVER);
    } else {
        first = CLOSURE_FIRST_COPIED;
        receiver = fetch_slot(fetch_slot(closure, CLOSURE_OUTER_CONTEXT), CONTEXT_RECEIVER);
    }
    if (unlikely(vm->heap.forwarders_exist))
        receiver = follow(receiver);
    BUILD_FRAME(receiver);
    unsigned copied = (unsigned)num_slots(closure) - first;
    if (unlikely(copied > 64)) /* no compiler makes these: damage */
        copied = 64;
    _Pragma("clang loop vectorize(disable) unroll(disable)") for (unsigned i = 0; i < copied; i++)
        PUSH(fetch_slot(closure, first + i));
    FILL(copied, x->fill);
    FRAME_BUILT;
}

/* The primitive failed with vm->prim_status: run the method's own code. */
ENTER(prim_failed) {
    BUILD_FRAME(STACKED_RECEIVER);
    FILL(0, x->fill);
    if (x->stores_error)
        *sp = activate_prim_error(vm);
    FRAME_BUILT;
}

#define FAIL(status)                \
    do {                            \
        vm->prim_status = (status); \
        TAIL(enter_prim_failed);    \
    } while (0)

ENTER(prim) {
    EXTERNALISE;
    vm->prim_method = x->method;
    oop *argv = sp - x->nargs;
    int status = x->prim(vm, argv, x->nargs);
    if (likely(status == PRIM_OK)) {
        sp = argv;
        NEXT_SAFE(0);
    }
    INTERNALISE; /* a failing primitive may have moved the frame (snapshot) */
    if (status == PRIM_RESUME)
        NEXT_SAFE(0);
    if (unlikely(vm->heap.forwarders_exist) &&
        activate_follow_arguments(vm, sp - x->nargs, x->nargs))
        TAIL(enter_prim); /* once more: now there are none */
    FAIL(status);
}

/* With --count-primitives; forwards to the primitive and notes what it did. */
ENTER(counted_prim) {
    EXTERNALISE;
    vm->prim_method = x->method;
    oop *argv = sp - x->nargs;
    const struct code called = *x; /* the primitive may drop all code */
    int status = x->prim(vm, argv, x->nargs);
    activate_count(vm, &called, status);
    if (status == PRIM_OK) {
        sp = argv;
        NEXT_SAFE(0);
    }
    INTERNALISE;
    if (status == PRIM_RESUME)
        NEXT_SAFE(0);
    if (vm->heap.forwarders_exist && activate_follow_arguments(vm, sp - x->nargs, x->nargs))
        TAIL(enter_counted_prim);
    FAIL(status);
}

/* ---- Quick methods: no frame --------------------------------------------------------- */

#define QUICK(name, v)  \
    ENTER(name) {       \
        sp -= x->nargs; \
        *sp = (v);      \
        DISPATCH;       \
    }

QUICK(receiver, *sp)
QUICK(true_, vm->heap.true_)
QUICK(false_, vm->heap.false_)
QUICK(nil, NIL)
QUICK(integer, smallint((int64_t)x->quick - 1))

ENTER(ivar) {
    sp -= x->nargs;
    *sp = fetch_slot(*sp, x->quick);
    DISPATCH;
}

/* Of Context or a class above it. */
ENTER(ivar_of_context) {
    sp -= x->nargs;
    oop receiver = *sp;
    if (unlikely(is_object(receiver) && header_class(header_of(receiver)) == CLASS_INDEX_CONTEXT)) {
        EXTERNALISE;
        *sp = context_get(vm, receiver, x->quick);
        NEXT_SAFE(0);
    }
    *sp = fetch_slot(receiver, x->quick);
    DISPATCH;
}

/* ---- Primitives too hot for a C call -------------------------------------------------- */

ENTER(identical) {
    oop answer = identical(vm, sp[-1], sp[0]) ? vm->heap.true_ : vm->heap.false_;
    if (unlikely(x->nargs != 1))
        TAIL(enter_prim);
    *--sp = answer;
    DISPATCH;
}

ENTER(not_identical) {
    oop answer = identical(vm, sp[-1], sp[0]) ? vm->heap.false_ : vm->heap.true_;
    if (unlikely(x->nargs != 1))
        TAIL(enter_prim);
    *--sp = answer;
    DISPATCH;
}

ENTER(class) {
    if (unlikely(x->nargs != 0)) /* thisContext objectClass: anObject */
        TAIL(enter_prim);
    oop object = *sp;
    if (unlikely(is_object(object) && is_forwarder(object)))
        object = follow(object);
    *sp = heap_class_of(&vm->heap, object);
    DISPATCH;
}

ENTER(at) {
    oop array = sp[-1], index = sp[0];
    if (likely(is_object(array) && is_smallint(index))) {
        unsigned format = format_of(array);
        uint64_t i = (uint64_t)smallint_value(index) - 1;
        if (format == FORMAT_ARRAY && i < num_slots(array)) {
            *--sp = fetch_slot(array, i);
            DISPATCH;
        }
        if (is_bytes_format(format) && i < num_bytes(array)) {
            *--sp = smallint(object_bytes(array)[i]);
            DISPATCH;
        }
    }
    TAIL(enter_prim);
}

ENTER(at_put) {
    oop array = sp[-2], index = sp[-1], value = sp[0];
    if (likely(is_object(array) && is_smallint(index))) {
        unsigned format = format_of(array);
        uint64_t i = (uint64_t)smallint_value(index) - 1;
        if (format == FORMAT_ARRAY && i < num_slots(array) && !is_immutable(array)) {
            put_slot(array, i, value);
            sp -= 2;
            *sp = value;
            if (unlikely(array >= vm->heap.new_limit && is_young(&vm->heap, value))) {
                vm->stored_into = array;
                TAIL(slow_remember);
            }
            DISPATCH;
        }
        if (is_bytes_format(format) && i < num_bytes(array) && !is_immutable(array) &&
            is_smallint(value) && (uint64_t)smallint_value(value) < 256) {
            object_bytes(array)[i] = (uint8_t)smallint_value(value);
            sp -= 2;
            *sp = value;
            DISPATCH;
        }
    }
    TAIL(enter_prim);
}

ENTER(size) {
    oop object = *sp;
    if (likely(x->nargs == 0 && is_object(object))) {
        unsigned format = format_of(object);
        if (format == FORMAT_ARRAY) {
            *sp = smallint((int64_t)num_slots(object));
            DISPATCH;
        }
        if (is_bytes_format(format)) {
            *sp = smallint((int64_t)num_bytes(object));
            DISPATCH;
        }
    }
    TAIL(enter_prim);
}

/* Room for an instance of a class in eden, nil-filled; 0: let the primitive see. */
static inline oop quick_new(struct vm *vm, oop class, unsigned wanted, uint64_t indexable) {
    if (unlikely(is_immediate(class) || !is_pointers_format(format_of(class)) ||
                 num_slots(class) <= CLASS_FORMAT))
        return 0;
    int64_t format = smallint_value(fetch_slot(class, CLASS_FORMAT));
    unsigned spec = class_format_spec(format);
    uint32_t index = header_hash(header_of(class));
    uint64_t slots = class_format_fixed(format) + indexable;
    if (unlikely(spec > wanted || (wanted == FORMAT_ARRAY && spec != wanted) || index == 0 ||
                 slots > 200 || index == CLASS_INDEX_CONTEXT ||
                 heap_class_at(&vm->heap, index) != class))
        return 0;
    oop object = heap_allocate(&vm->heap, slots, spec, index);
    if (likely(object != 0))
        for (uint64_t i = 0; i < slots; i++)
            put_slot(object, i, vm->heap.nil);
    return object;
}

ENTER(new) {
    oop object = likely(x->nargs == 0) ? quick_new(vm, *sp, FORMAT_FIXED, 0) : 0;
    if (unlikely(!object))
        TAIL(enter_prim);
    *sp = object;
    NEXT_SAFE(0);
}

ENTER(new_size) {
    oop object = 0;
    if (likely(x->nargs == 1 && is_smallint(sp[0]) && (uint64_t)smallint_value(sp[0]) < 200))
        object = quick_new(vm, sp[-1], FORMAT_ARRAY, (uint64_t)smallint_value(sp[0]));
    if (unlikely(!object))
        TAIL(enter_prim);
    *--sp = object;
    NEXT_SAFE(0);
}

/* ---- Blocks and perform ------------------------------------------------------------------ */

ENTER(value) {
    oop closure = STACKED_RECEIVER;
    const struct code *block = NULL;
    if (likely(is_object(closure) && num_slots(closure) >= CLOSURE_FIRST_COPIED &&
               fetch_slot(closure, CLOSURE_NUM_ARGS) == smallint(x->nargs)))
        block = code_for_closure(vm, closure);
    if (likely(block && block->nargs == x->nargs)) {
        x = block;
        TAIL(enter_block);
    }
    if (vm->heap.forwarders_exist && activate_follow_arguments(vm, sp - x->nargs, x->nargs))
        TAIL(enter_value);
    FAIL(PRIM_BAD_NUM_ARGS);
}

/* Helpers that rearrange the stack answer the code to enter, or NULL (and
 * vm->prim_status) when the primitive fails. */
#define ACTIVATE(name)                                                          \
    ENTER(name) {                                                               \
        EXTERNALISE;                                                            \
        vm->prim_method = x->method;                                            \
        const struct code *next = activate_##name(vm, sp - x->nargs, x->nargs); \
        if (likely(next != NULL)) {                                             \
            sp = vm->sp;                                                        \
            CALL(next);                                                         \
        }                                                                       \
        if (unlikely(vm->heap.forwarders_exist) &&                              \
            activate_follow_arguments(vm, sp - x->nargs, x->nargs))             \
            TAIL(enter_##name);                                                 \
        TAIL(enter_prim_failed);                                                \
    }

ACTIVATE(value_with_args)
ACTIVATE(perform)
ACTIVATE(perform_with_args)
ACTIVATE(perform_in_superclass)
ACTIVATE(execute_method)
ACTIVATE(execute_method_args)
