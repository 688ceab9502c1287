/* ops_stack.h - push, store, pop, arrays, closures. Part of threaded.c. */

OP(push_temp) {
    PUSH(fp[SIGNED_OPERAND]);
    NEXT(1);
}

OP(push_ivar) {
    PUSH(fetch_slot(RECEIVER, OPERAND));
    NEXT(1);
}

OP(push_ivar_of_context) {
    oop receiver = RECEIVER;
    if (unlikely(class_index_of(receiver) == CLASS_INDEX_CONTEXT)) {
        EXTERNALISE;
        PUSH(context_get(vm, receiver, OPERAND));
        NEXT_SAFE(1);
    }
    PUSH(fetch_slot(receiver, OPERAND));
    NEXT(1);
}

OP(push_literal) {
    PUSH(fetch_slot(METHOD, OPERAND));
    NEXT(1);
}

/* A binding may have become a forwarder since the translation. */
static inline oop binding_at(struct vm *vm, const oop *fp, uint32_t i) {
    oop binding = fetch_slot(fp[FRAME_METHOD], i);
    return unlikely(vm->heap.forwarders_exist) ? follow(binding) : binding;
}

OP(push_literal_variable) {
    PUSH(fetch_slot(binding_at(vm, fp, OPERAND), 1));
    NEXT(1);
}

OP(push_receiver) {
    PUSH(RECEIVER);
    NEXT(1);
}

OP(push_true) {
    PUSH(vm->heap.true_);
    NEXT(1);
}

OP(push_false) {
    PUSH(vm->heap.false_);
    NEXT(1);
}

OP(push_nil) {
    PUSH(NIL);
    NEXT(1);
}

OP(push_integer) {
    PUSH(smallint(SIGNED_OPERAND));
    NEXT(1);
}

OP(push_character) {
    PUSH(character(OPERAND));
    NEXT(1);
}

OP(push_context) {
    oop context = frame_context(vm, fp);
    if (unlikely(!context))
        TAIL(slow_no_memory);
    PUSH(context);
    NEXT_SAFE(1);
}

OP(push_process) {
    PUSH(active_process(vm));
    NEXT(1);
}

/* Operand: signed frame slot of the temp vector, 16 bits; index, 16 bits. */
static inline oop temp_vector(struct vm *vm, oop *fp, uint32_t operand) {
    oop *slot = &fp[(int32_t)operand >> 16];
    if (unlikely(vm->heap.forwarders_exist))
        *slot = follow(*slot);
    return *slot;
}

OP(push_remote) {
    PUSH(fetch_slot(temp_vector(vm, fp, OPERAND), OPERAND & 0xffff));
    NEXT(1);
}

OP(dup) {
    oop top = *sp;
    PUSH(top);
    NEXT(1);
}

OP(pop) {
    sp--;
    NEXT(1);
}

OP(store_temp) {
    fp[SIGNED_OPERAND] = *sp;
    NEXT(1);
}

OP(pop_temp) {
    fp[SIGNED_OPERAND] = *sp--;
    NEXT(1);
}

/* The object on top of the stack below value and index is read-only:
 * attemptToAssign:withIndex: returns past the store, with no value. */
SLOW(read_only) {
    SEND_SPECIAL_OBJECT(SPECIAL_ATTEMPT_TO_ASSIGN, 2);
}

/* An old object comes to refer to a young one. The fast path leaves this to a tail
 * call, so that it needs no stack frame; vm->stored_into is in place of registers. */
SLOW(remember) {
    heap_remember(&vm->heap, vm->stored_into);
    DISPATCH;
}

#define STORE(object, index, pops, words)                                             \
    do {                                                                              \
        oop object_ = (object);                                                       \
        oop value_ = *sp;                                                             \
        uint32_t index_ = (index);                                                    \
        sp -= (pops);                                                                 \
        pc += (words);                                                                \
        if (unlikely(is_immutable(object_))) {                                        \
            PUSH(object_);                                                            \
            PUSH(value_);                                                             \
            PUSH(smallint((int64_t)index_ + 1));                                      \
            TAIL(slow_read_only);                                                     \
        }                                                                             \
        put_slot(object_, index_, value_);                                            \
        if (unlikely(object_ >= vm->heap.new_limit && is_young(&vm->heap, value_))) { \
            vm->stored_into = object_;                                                \
            TAIL(slow_remember);                                                      \
        }                                                                             \
        DISPATCH;                                                                     \
    } while (0)

OP(store_ivar) {
    STORE(RECEIVER, OPERAND, 0, 1);
}
OP(pop_ivar) {
    STORE(RECEIVER, OPERAND, 1, 1);
}
OP(store_literal_variable) {
    STORE(binding_at(vm, fp, OPERAND), 1u, 0, 1);
}
OP(pop_literal_variable) {
    STORE(binding_at(vm, fp, OPERAND), 1u, 1, 1);
}

OP(store_remote) {
    STORE(temp_vector(vm, fp, OPERAND), OPERAND & 0xffff, 0, 1);
}
OP(pop_remote) {
    STORE(temp_vector(vm, fp, OPERAND), OPERAND & 0xffff, 1, 1);
}

/* Writing a married context turns frames into contexts, perhaps this one. */
#define STORE_CONTEXT(pops)                     \
    do {                                        \
        oop value = *sp;                        \
        uint32_t index = OPERAND;               \
        oop context = RECEIVER;                 \
        sp -= (pops);                           \
        pc += 1;                                \
        EXTERNALISE;                            \
        context_put(vm, context, index, value); \
        INTERNALISE;                            \
        NEXT_SAFE(0);                           \
    } while (0)

OP(store_ivar_of_context) {
    if (unlikely(class_index_of(RECEIVER) == CLASS_INDEX_CONTEXT))
        STORE_CONTEXT(0);
    STORE(RECEIVER, OPERAND, 0, 1);
}

OP(pop_ivar_of_context) {
    if (unlikely(class_index_of(RECEIVER) == CLASS_INDEX_CONTEXT))
        STORE_CONTEXT(1);
    STORE(RECEIVER, OPERAND, 1, 1);
}

OP(new_array) {
    oop array = heap_allocate(&vm->heap, OPERAND, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    if (unlikely(!array))
        TAIL(slow_no_memory);
    for (uint32_t i = 0; i < OPERAND; i++)
        put_slot(array, i, NIL);
    PUSH(array);
    NEXT_SAFE(1);
}

/* The array may be in old space when eden is full: heap_store. */
OP(fill_array) {
    uint32_t n = OPERAND;
    oop array = heap_allocate(&vm->heap, n, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    if (unlikely(!array))
        TAIL(slow_no_memory);
    sp -= n;
    for (uint32_t i = 0; i < n; i++)
        heap_store(&vm->heap, array, i, sp[1 + i]);
    PUSH(array);
    NEXT_SAFE(1);
}

/* Operand: arguments, copied values << 8; next word: op is the start of the
 * body in the method, a its size. */
OP(closure) {
    uint32_t nargs = OPERAND & 0xff, copied = OPERAND >> 8;
    oop context = frame_context(vm, fp);
    oop closure = context ? heap_allocate(&vm->heap, CLOSURE_FIRST_COPIED + copied,
                                          FORMAT_INDEXABLE, CLASS_INDEX_BLOCK_CLOSURE)
                          : 0;
    if (unlikely(!closure))
        TAIL(slow_no_memory);
    heap_store(&vm->heap, closure, CLOSURE_OUTER_CONTEXT, context);
    put_slot(closure, CLOSURE_START_PC, smallint((int64_t)pc[1].op + 1));
    put_slot(closure, CLOSURE_NUM_ARGS, smallint(nargs));
    sp -= copied;
    for (uint32_t i = 0; i < copied; i++)
        heap_store(&vm->heap, closure, CLOSURE_FIRST_COPIED + i, sp[1 + i]);
    PUSH(closure);
    NEXT_SAFE(2);
}

/* Operand: literal of the compiled block; flags << 16: copied values in bits
 * 0-5, 6 no outer context, 7 receiver on the stack below the copied values. */
OP(full_closure) {
    uint32_t flags = OPERAND >> 16, copied = flags & 63;
    oop context = flags & 64 ? NIL : frame_context(vm, fp);
    oop closure = context ? heap_allocate(&vm->heap, FULL_CLOSURE_FIRST_COPIED + copied,
                                          FORMAT_INDEXABLE, CLASS_INDEX_FULL_BLOCK_CLOSURE)
                          : 0;
    if (unlikely(!closure))
        TAIL(slow_no_memory);
    oop block = follow(fetch_slot(METHOD, OPERAND & 0xffff));
    sp -= copied;
    oop *values = sp;
    oop receiver = flags & 128 ? *sp-- : RECEIVER;
    heap_store(&vm->heap, closure, CLOSURE_OUTER_CONTEXT, context);
    heap_store(&vm->heap, closure, FULL_CLOSURE_METHOD, block);
    put_slot(closure, CLOSURE_NUM_ARGS, smallint(method_header_args(method_header(block))));
    heap_store(&vm->heap, closure, FULL_CLOSURE_RECEIVER, receiver);
    for (uint32_t i = 0; i < copied; i++)
        heap_store(&vm->heap, closure, FULL_CLOSURE_FIRST_COPIED + i, values[1 + i]);
    PUSH(closure);
    NEXT_SAFE(1);
}
