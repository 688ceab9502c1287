/* ops_send.h - sends with monomorphic inline caches. Part of threaded.c.
 * Operand: literal slot, arguments << 16. */

#define SEND_AT(n)                                                    \
    do {                                                              \
        oop receiver_ = sp[-(intptr_t)(OPERAND_AT(n) >> 16)];         \
        pc += (n);                                                    \
        if (likely(class_index_of(receiver_) == pc[1].class_index)) { \
            x = pc[2].target;                                         \
            pc += SEND_WORDS;                                         \
            TAIL(x->enter);                                           \
        }                                                             \
        TAIL(slow_send_miss);                                         \
    } while (0)

OP(send) {
    SEND_AT(0);
}

OP(send_special) {
    TAIL(slow_send_special);
}

/* The class where a super send begins depends on the method alone: one look-up,
 * kept until caches are flushed (class_index 1 marks it as done). */
OP(send_super) {
    if (unlikely(pc[1].class_index == 0)) {
        uint32_t nargs = OPERAND >> 16;
        EXTERNALISE;
        x = activate_super(vm, (struct insn *)(uintptr_t)&pc[1], METHOD,
                           fetch_slot(METHOD, OPERAND & 0xffff), nargs);
        sp = vm->sp;
    } else {
        x = pc[2].target;
    }
    pc += SEND_WORDS;
    TAIL(x->enter);
}

/* The class is on the stack above the arguments; not cached. */
OP(send_directed_super) {
    oop class = *sp--;
    EXTERNALISE;
    x = activate_directed_super(vm, class, fetch_slot(METHOD, OPERAND & 0xffff), OPERAND >> 16);
    sp = vm->sp;
    pc += SEND_WORDS;
    TAIL(x->enter);
}
