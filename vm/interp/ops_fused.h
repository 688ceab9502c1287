/* ops_fused.h - pairs that occur often, in one operation. Part of threaded.c.
 * The second of a pair stays in place behind the first with its operand, so
 * that any bytecode boundary can be resumed. */

OP(push_temp_push_temp) {
    oop first = fp[SIGNED_OPERAND], second = fp[(int32_t)OPERAND_AT(1)];
    sp[1] = first;
    sp[2] = second;
    sp += 2;
    NEXT(2);
}

OP(push_receiver_push_temp) {
    sp[1] = RECEIVER;
    sp[2] = fp[(int32_t)OPERAND_AT(1)];
    sp += 2;
    NEXT(2);
}

OP(push_temp_push_integer) {
    sp[1] = fp[SIGNED_OPERAND];
    sp[2] = smallint((int32_t)OPERAND_AT(1));
    sp += 2;
    NEXT(2);
}

/* The right-hand side without the stack; any trouble: do as the pair would. */
#define WITH(value, intrinsic)                                                 \
    do {                                                                       \
        oop a = *sp, b = (value);                                              \
        int64_t r;                                                             \
        if (likely(are_smallints(a, b)) &&                                     \
            likely(!intrinsic((int64_t)a, (int64_t)(b - TAG_SMALLINT), &r))) { \
            *sp = (oop)r;                                                      \
            NEXT(1 + SEND_WORDS);                                              \
        }                                                                      \
        PUSH(b);                                                               \
    } while (0)

OP(push_integer_add) {
    WITH(smallint(SIGNED_OPERAND), __builtin_add_overflow);
    pc += 1;
    TAIL(op_add);
}

OP(push_integer_subtract) {
    WITH(smallint(SIGNED_OPERAND), __builtin_sub_overflow);
    pc += 1;
    TAIL(op_subtract);
}

OP(push_temp_add) {
    WITH(fp[SIGNED_OPERAND], __builtin_add_overflow);
    pc += 1;
    TAIL(op_add);
}

OP(push_temp_send) {
    PUSH(fp[SIGNED_OPERAND]);
    SEND_AT(1);
}

OP(push_receiver_send) {
    PUSH(RECEIVER);
    SEND_AT(1);
}

OP(push_ivar_send) {
    PUSH(fetch_slot(RECEIVER, OPERAND));
    SEND_AT(1);
}

OP(push_temp_return_top) {
    oop value = fp[SIGNED_OPERAND];
    pc += 1;
    RETURN(value);
}

OP(push_ivar_return_top) {
    oop value = fetch_slot(RECEIVER, OPERAND);
    pc += 1;
    RETURN(value);
}

OP(pop_return_receiver) {
    pc += 1;
    RETURN(RECEIVER);
}

OP(store_temp_pop) {
    fp[SIGNED_OPERAND] = *sp--;
    NEXT(2);
}

OP(pop_push_temp) {
    *sp = fp[(int32_t)OPERAND_AT(1)];
    NEXT(2);
}

OP(pop_push_receiver) {
    *sp = RECEIVER;
    NEXT(2);
}

OP(pop_temp_push_temp) {
    fp[SIGNED_OPERAND] = *sp;
    *sp = fp[(int32_t)OPERAND_AT(1)];
    NEXT(2);
}

/* Compare and jump: op_jump_* is at pc[SEND_WORDS], or pc[1] behind ==. */
#define JUMP_IF(condition, words) \
    do {                          \
        sp -= 2;                  \
        if (condition) {          \
            pc += (words);        \
            pc += SIGNED_OPERAND; \
            DISPATCH;             \
        }                         \
        NEXT((words) + 1);        \
    } while (0)

#define COMPARE_JUMP(name, plain, operator, negate)                      \
    OP(name) {                                                           \
        oop b = sp[0], a = sp[-1];                                       \
        if (likely(are_smallints(a, b)))                                 \
            JUMP_IF(negate((int64_t)a operator(int64_t) b), SEND_WORDS); \
        TAIL(op_##plain);                                                \
    }

COMPARE_JUMP(less_jump_false, less, <, !)
COMPARE_JUMP(less_jump_true, less, <, )
COMPARE_JUMP(greater_jump_false, greater, >, !)
COMPARE_JUMP(less_equal_jump_false, less_equal, <=, !)
COMPARE_JUMP(greater_equal_jump_false, greater_equal, >=, !)
COMPARE_JUMP(equal_jump_false, equal, ==, !)
COMPARE_JUMP(equal_jump_true, equal, ==, )

OP(identical_jump_false) {
    bool same = identical(vm, sp[-1], sp[0]);
    JUMP_IF(!same, 1);
}

OP(identical_jump_true) {
    bool same = identical(vm, sp[-1], sp[0]);
    JUMP_IF(same, 1);
}
