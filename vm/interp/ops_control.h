/* ops_control.h - jumps, returns, bytecodes that are none. Part of threaded.c. */

OP(jump) {
    pc += SIGNED_OPERAND;
    DISPATCH;
}

/* Loops look for events here, as activations do where they test the stack. */
OP(jump_back) {
    pc += SIGNED_OPERAND;
    if (unlikely(*vm->preempt))
        TAIL(slow_events);
    DISPATCH;
}

/* The value on the stack is no Boolean; pc is past the jump, where
 * mustBeBoolean returns to. */
SLOW(must_be_boolean) {
    SEND_SPECIAL_OBJECT(SPECIAL_MUST_BE_BOOLEAN, 0);
}

#define JUMP_ON(wanted, other)                 \
    do {                                       \
        oop value = *sp;                       \
        if (value == vm->heap.wanted) {        \
            sp--;                              \
            pc += SIGNED_OPERAND;              \
            DISPATCH;                          \
        }                                      \
        if (likely(value == vm->heap.other)) { \
            sp--;                              \
            NEXT(1);                           \
        }                                      \
        pc += 1;                               \
        TAIL(slow_must_be_boolean);            \
    } while (0)

OP(jump_true) {
    JUMP_ON(true_, false_);
}
OP(jump_false) {
    JUMP_ON(false_, true_);
}

/* Return the value on the stack from a frame that has a context. */
SLOW(return_married) {
    pc += 1;
    EXTERNALISE;
    x = return_from_married(vm);
    INTERNALISE;
    if (unlikely(x != NULL))
        TAIL(x->enter);
    NEXT_SAFE(0);
}

/* Operand: slots from the receiver to fp. */
#define RETURN(v)                               \
    do {                                        \
        oop value_ = (v);                       \
        if (unlikely(fp[FRAME_CONTEXT] != 0)) { \
            PUSH(value_);                       \
            TAIL(slow_return_married);          \
        }                                       \
        sp = fp - OPERAND;                      \
        *sp = value_;                           \
        pc = frame_caller_pc(fp);               \
        fp = frame_caller(fp);                  \
        DISPATCH;                               \
    } while (0)

OP(return_top) {
    RETURN(*sp);
}
OP(return_receiver) {
    RETURN(RECEIVER);
}
OP(return_true) {
    RETURN(vm->heap.true_);
}
OP(return_false) {
    RETURN(vm->heap.false_);
}
OP(return_nil) {
    RETURN(NIL);
}
OP(return_block_top) {
    RETURN(*sp);
}
OP(return_block_nil) {
    RETURN(NIL);
}

/* ^ in a block: from the method where the block was written. */
OP(return_home) {
    pc += 1;
    EXTERNALISE;
    x = return_from_home(vm);
    INTERNALISE;
    if (x)
        TAIL(x->enter);
    NEXT_SAFE(0);
}

/* The context's pc stays at the bytecode: unusedBytecode names it. */
OP(unknown) {
    oop context = frame_context(vm, fp);
    if (unlikely(!context))
        TAIL(slow_no_memory);
    PUSH(context);
    SEND_SPECIAL_OBJECT(SPECIAL_UNKNOWN_BYTECODE, 0);
}

OP(trap) {
    oop context = frame_context(vm, fp);
    if (unlikely(!context))
        TAIL(slow_no_memory);
    PUSH(context);
    pc += 1;
    SEND_SPECIAL_OBJECT(SPECIAL_SISTA_TRAP, 0);
}
