/* ops_fused.h - runs of operations that occur often, in one. Part of threaded.c.
 * The parts stay in place behind the first with their operands, so that any
 * bytecode boundary can be resumed; when the short way does not apply, the
 * handler goes on in the part that has a long one. */

/* ---- Pushes ------------------------------------------------------------------------- */

#define PUSH_PAIR(name, first, second) \
    OP(name) {                         \
        oop a = (first), b = (second); \
        sp[1] = a;                     \
        sp[2] = b;                     \
        sp += 2;                       \
        NEXT(2);                       \
    }

#define TEMP(n) (fp[(int32_t)OPERAND_AT(n)])
#define IVAR(n) (fetch_slot(RECEIVER, OPERAND_AT(n)))
#define INTEGER(n) (smallint((int32_t)OPERAND_AT(n)))

PUSH_PAIR(push_temp_push_temp, TEMP(0), TEMP(1))
PUSH_PAIR(push_receiver_push_temp, RECEIVER, TEMP(1))
PUSH_PAIR(push_temp_push_integer, TEMP(0), INTEGER(1))
PUSH_PAIR(push_ivar_push_temp, IVAR(0), TEMP(1))
PUSH_PAIR(push_ivar_push_ivar, IVAR(0), IVAR(1))

/* ---- Sums ------------------------------------------------------------------------------ */

/* Both sides are values, not on the stack: `at` words before the arithmetic. */
#define SUM(name, left, right, at, plain, intrinsic)                           \
    OP(name) {                                                                 \
        oop a = (left), b = (right);                                           \
        int64_t r;                                                             \
        if (likely(are_smallints(a, b)) &&                                     \
            likely(!intrinsic((int64_t)a, (int64_t)(b - TAG_SMALLINT), &r))) { \
            PUSH((oop)r);                                                      \
            NEXT((at) + SEND_WORDS);                                           \
        }                                                                      \
        sp[1] = a;                                                             \
        sp[2] = b;                                                             \
        sp += 2;                                                               \
        pc += (at);                                                            \
        TAIL(op_##plain);                                                      \
    }

/* The left side is on the stack. */
#define SUM_TO_TOP(name, right, plain, intrinsic)                              \
    OP(name) {                                                                 \
        oop a = *sp, b = (right);                                              \
        int64_t r;                                                             \
        if (likely(are_smallints(a, b)) &&                                     \
            likely(!intrinsic((int64_t)a, (int64_t)(b - TAG_SMALLINT), &r))) { \
            *sp = (oop)r;                                                      \
            NEXT(1 + SEND_WORDS);                                              \
        }                                                                      \
        PUSH(b);                                                               \
        pc += 1;                                                               \
        TAIL(op_##plain);                                                      \
    }

SUM_TO_TOP(push_integer_add, INTEGER(0), add, __builtin_add_overflow)
SUM_TO_TOP(push_integer_subtract, INTEGER(0), subtract, __builtin_sub_overflow)
SUM_TO_TOP(push_temp_add, TEMP(0), add, __builtin_add_overflow)
SUM_TO_TOP(push_temp_subtract, TEMP(0), subtract, __builtin_sub_overflow)
SUM(push_temps_add, TEMP(0), TEMP(1), 2, add, __builtin_add_overflow)
SUM(push_temps_subtract, TEMP(0), TEMP(1), 2, subtract, __builtin_sub_overflow)
SUM(push_temp_integer_add, TEMP(0), INTEGER(1), 2, add, __builtin_add_overflow)
SUM(push_temp_integer_subtract, TEMP(0), INTEGER(1), 2, subtract, __builtin_sub_overflow)

/* i := j + 1 */
OP(add_integer_to_temp) {
    oop a = TEMP(0), b = INTEGER(1);
    int64_t r;
    if (likely(is_smallint(a)) &&
        likely(!__builtin_add_overflow((int64_t)a, (int64_t)(b - TAG_SMALLINT), &r))) {
        TEMP(2 + SEND_WORDS) = (oop)r;
        NEXT(3 + SEND_WORDS);
    }
    sp[1] = a;
    sp[2] = b;
    sp += 2;
    pc += 2;
    TAIL(op_add);
}

/* ---- Sends ------------------------------------------------------------------------------- */

OP(push_temp_send) {
    PUSH(TEMP(0));
    SEND_AT(1);
}

OP(push_receiver_send) {
    PUSH(RECEIVER);
    SEND_AT(1);
}

OP(push_ivar_send) {
    PUSH(IVAR(0));
    SEND_AT(1);
}

OP(push_literal_variable_send) {
    PUSH(fetch_slot(binding_at(vm, fp, OPERAND), 1));
    SEND_AT(1);
}

OP(push_temp_send_special) {
    PUSH(TEMP(0));
    pc += 1;
    SEND_SPECIAL;
}

OP(push_ivar_send_special) {
    PUSH(IVAR(0));
    pc += 1;
    SEND_SPECIAL;
}

/* ---- Returns, stores, pops ---------------------------------------------------------------- */

OP(push_temp_return_top) {
    oop value = TEMP(0);
    pc += 1;
    RETURN(value);
}

OP(push_ivar_return_top) {
    oop value = IVAR(0);
    pc += 1;
    RETURN(value);
}

OP(pop_return_receiver) {
    pc += 1;
    RETURN(RECEIVER);
}

OP(store_temp_pop) {
    TEMP(0) = *sp--;
    NEXT(2);
}

OP(push_temp_pop_ivar) {
    PUSH(TEMP(0));
    pc += 1;
    STORE(RECEIVER, OPERAND, 1, 1);
}

OP(pop_push_temp) {
    *sp = TEMP(1);
    NEXT(2);
}

OP(pop_push_receiver) {
    *sp = RECEIVER;
    NEXT(2);
}

OP(pop_temp_push_temp) {
    TEMP(0) = *sp;
    *sp = TEMP(1);
    NEXT(2);
}

OP(pop_temp_jump_back) {
    TEMP(0) = *sp--;
    pc += 1;
    TAIL(op_jump_back);
}

OP(pop_jump_back) {
    sp--;
    pc += 1;
    TAIL(op_jump_back);
}

/* ---- Tests and jumps ------------------------------------------------------------------------ */

/* The jump is `words` words on. */
#define JUMP_IF(condition, words) \
    do {                          \
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
        if (likely(are_smallints(a, b))) {                               \
            sp -= 2;                                                     \
            JUMP_IF(negate((int64_t)a operator(int64_t) b), SEND_WORDS); \
        }                                                                \
        TAIL(op_##plain);                                                \
    }

COMPARE_JUMP(less_jump_false, less, <, !)
COMPARE_JUMP(less_jump_true, less, <, )
COMPARE_JUMP(greater_jump_false, greater, >, !)
COMPARE_JUMP(less_equal_jump_false, less_equal, <=, !)
COMPARE_JUMP(greater_equal_jump_false, greater_equal, >=, !)
COMPARE_JUMP(equal_jump_false, equal, ==, !)
COMPARE_JUMP(equal_jump_true, equal, ==, )

/* A temporary with another or an integer: compared, or compared and jumped upon. */
#define COMPARE_TEMP(name, right, plain, operator)                                   \
    OP(name) {                                                                       \
        oop a = TEMP(0), b = (right);                                                \
        if (likely(are_smallints(a, b))) {                                           \
            PUSH((int64_t)a operator(int64_t) b ? vm->heap.true_ : vm->heap.false_); \
            NEXT(2 + SEND_WORDS);                                                    \
        }                                                                            \
        sp[1] = a;                                                                   \
        sp[2] = b;                                                                   \
        sp += 2;                                                                     \
        pc += 2;                                                                     \
        TAIL(op_##plain);                                                            \
    }                                                                                \
    OP(name##_jump_false) {                                                          \
        oop a = TEMP(0), b = (right);                                                \
        if (likely(are_smallints(a, b)))                                             \
            JUMP_IF(!((int64_t)a operator(int64_t) b), 2 + SEND_WORDS);              \
        sp[1] = a;                                                                   \
        sp[2] = b;                                                                   \
        sp += 2;                                                                     \
        pc += 2;                                                                     \
        TAIL(op_##plain);                                                            \
    }

COMPARE_TEMP(temps_less_equal, TEMP(1), less_equal, <=)
COMPARE_TEMP(temps_less, TEMP(1), less, <)
COMPARE_TEMP(temp_less_equal_integer, INTEGER(1), less_equal, <=)
COMPARE_TEMP(temp_less_integer, INTEGER(1), less, <)
COMPARE_TEMP(temp_equal_integer, INTEGER(1), equal, ==)

OP(identical_jump_false) {
    bool same = identical(vm, sp[-1], sp[0]);
    sp -= 2;
    JUMP_IF(!same, 1);
}

OP(identical_jump_true) {
    bool same = identical(vm, sp[-1], sp[0]);
    sp -= 2;
    JUMP_IF(same, 1);
}

/* nil never becomes another object, but a forwarder may lead to it. */
static inline bool is_nil(struct vm *vm, oop o) {
    return o == NIL || (unlikely(vm->heap.forwarders_exist) && follow(o) == NIL);
}

OP(push_nil_identical) {
    *sp = is_nil(vm, *sp) ? vm->heap.true_ : vm->heap.false_;
    NEXT(2);
}

OP(nil_jump_false) {
    bool same = is_nil(vm, *sp--);
    JUMP_IF(!same, 2);
}

OP(nil_jump_true) {
    bool same = is_nil(vm, *sp--);
    JUMP_IF(same, 2);
}

/* A value that is no Boolean goes the long way: onto the stack, and op_jump_false. */
#define VALUE_JUMP_FALSE(name, the_value)       \
    OP(name) {                                  \
        oop value = (the_value);                \
        if (value == vm->heap.true_)            \
            NEXT(2);                            \
        if (likely(value == vm->heap.false_)) { \
            pc += 1;                            \
            pc += SIGNED_OPERAND;               \
            DISPATCH;                           \
        }                                       \
        PUSH(value);                            \
        pc += 1;                                \
        TAIL(op_jump_false);                    \
    }

VALUE_JUMP_FALSE(push_temp_jump_false, TEMP(0))
VALUE_JUMP_FALSE(push_ivar_jump_false, IVAR(0))
