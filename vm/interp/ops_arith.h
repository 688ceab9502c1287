/* ops_arith.h - the arithmetic special selectors. Part of threaded.c.
 * SmallIntegers and SmallFloats inline; other floats by arith.c; everything
 * else, overflow included, is a send. */

#define ARGUMENTS              \
    oop b = sp[0], a = sp[-1]; \
    int64_t r;                 \
    (void)r

#define ANSWER(v, words) \
    do {                 \
        *--sp = (v);     \
        NEXT(words);     \
    } while (0)

static inline bool are_smallfloats(oop a, oop b) {
    return is_smallfloat(a) && is_smallfloat(b);
}

/* An operation on floats of any kind, or a send. */
SLOW(arith) {
    if (is_smallfloat(sp[0]) || is_smallfloat(sp[-1]) ||
        class_index_of(sp[0]) == CLASS_INDEX_FLOAT || class_index_of(sp[-1]) == CLASS_INDEX_FLOAT) {
        oop answer = arith_float(vm, OPERAND & 0xffff, sp[-1], sp[0]);
        if (answer) {
            *--sp = answer;
            NEXT_SAFE(SEND_WORDS);
        }
    }
    TAIL(slow_send_special);
}

#define FLOAT_ARITH(operator)                                                                      \
    if (are_smallfloats(a, b)) {                                                                   \
        oop answer_;                                                                               \
        if (likely(smallfloat_encode(smallfloat_value(a) operator smallfloat_value(b), &answer_))) \
            ANSWER(answer_, SEND_WORDS);                                                           \
    }

OP(add) {
    ARGUMENTS;
    if (likely(are_smallints(a, b)) &&
        likely(!__builtin_add_overflow((int64_t)a, (int64_t)(b - TAG_SMALLINT), &r)))
        ANSWER((oop)r, SEND_WORDS);
    FLOAT_ARITH(+)
    TAIL(slow_arith);
}

OP(subtract) {
    ARGUMENTS;
    if (likely(are_smallints(a, b)) &&
        likely(!__builtin_sub_overflow((int64_t)a, (int64_t)(b - TAG_SMALLINT), &r)))
        ANSWER((oop)r, SEND_WORDS);
    FLOAT_ARITH(-)
    TAIL(slow_arith);
}

OP(multiply) {
    ARGUMENTS;
    if (likely(are_smallints(a, b)) &&
        likely(!__builtin_mul_overflow((int64_t)(a - TAG_SMALLINT), smallint_value(b), &r)))
        ANSWER((oop)r + TAG_SMALLINT, SEND_WORDS);
    FLOAT_ARITH(*)
    TAIL(slow_arith);
}

#define COMPARE(name, operator)                                                                    \
    OP(name) {                                                                                     \
        ARGUMENTS;                                                                                 \
        if (likely(are_smallints(a, b)))                                                           \
            ANSWER((int64_t)a operator(int64_t) b ? vm->heap.true_ : vm->heap.false_, SEND_WORDS); \
        if (are_smallfloats(a, b))                                                                 \
            ANSWER(smallfloat_value(a) operator smallfloat_value(b) ? vm->heap.true_               \
                                                                    : vm->heap.false_,             \
                   SEND_WORDS);                                                                    \
        TAIL(slow_arith);                                                                          \
    }

COMPARE(less, <)
COMPARE(greater, >)
COMPARE(less_equal, <=)
COMPARE(greater_equal, >=)
COMPARE(equal, ==)
COMPARE(not_equal, !=)

/* Exact quotients only; the rest is Fractions, made by Smalltalk. */
OP(divide) {
    ARGUMENTS;
    if (are_smallints(a, b) && b != smallint(0) && smallint_value(a) % smallint_value(b) == 0) {
        int64_t q = smallint_value(a) / smallint_value(b);
        if (fits_smallint(q))
            ANSWER(smallint(q), SEND_WORDS);
    }
    TAIL(slow_arith);
}

/* Towards negative infinity, as // and \\ want. */
OP(int_divide) {
    ARGUMENTS;
    if (likely(are_smallints(a, b)) && b != smallint(0)) {
        int64_t n = smallint_value(a), d = smallint_value(b), q = n / d;
        if (n % d != 0 && (n ^ d) < 0)
            q--;
        if (fits_smallint(q))
            ANSWER(smallint(q), SEND_WORDS);
    }
    TAIL(slow_send_special);
}

OP(modulo) {
    ARGUMENTS;
    if (likely(are_smallints(a, b)) && b != smallint(0)) {
        int64_t d = smallint_value(b), m = smallint_value(a) % d;
        if (m != 0 && (m ^ d) < 0)
            m += d;
        ANSWER(smallint(m), SEND_WORDS);
    }
    TAIL(slow_send_special);
}

OP(bit_and) {
    ARGUMENTS;
    if (likely(are_smallints(a, b)))
        ANSWER(a & b, SEND_WORDS);
    TAIL(slow_send_special);
}

OP(bit_or) {
    ARGUMENTS;
    if (likely(are_smallints(a, b)))
        ANSWER(a | b, SEND_WORDS);
    TAIL(slow_send_special);
}

OP(bit_shift) {
    ARGUMENTS;
    if (likely(are_smallints(a, b))) {
        int64_t n = smallint_value(a), shift = smallint_value(b);
        if (shift <= 0)
            ANSWER(smallint(shift <= -63 ? (n < 0 ? -1 : 0) : n >> -shift), SEND_WORDS);
        if (shift < 60 && n >= 0 && n <= SMALLINT_MAX >> shift)
            ANSWER(smallint(n << shift), SEND_WORDS);
    }
    TAIL(slow_send_special);
}

OP(make_point) {
    oop point = are_smallints(sp[-1], sp[0]) ? activate_new_point(vm) : 0;
    if (!point)
        TAIL(slow_send_special);
    put_slot(point, 0, sp[-1]);
    put_slot(point, 1, sp[0]);
    *--sp = point;
    NEXT_SAFE(SEND_WORDS);
}

/* Identity sees through forwarders. */
static inline bool identical(struct vm *vm, oop a, oop b) {
    return a == b || (unlikely(vm->heap.forwarders_exist) && follow(a) == follow(b));
}

OP(identical) {
    oop answer = identical(vm, sp[-1], sp[0]) ? vm->heap.true_ : vm->heap.false_;
    ANSWER(answer, 1);
}

OP(not_identical) {
    oop answer = identical(vm, sp[-1], sp[0]) ? vm->heap.false_ : vm->heap.true_;
    ANSWER(answer, 1);
}

OP(class_of) {
    oop object = *sp;
    if (unlikely(is_object(object) && is_forwarder(object)))
        object = follow(object);
    *sp = heap_class_of(&vm->heap, object);
    NEXT(1);
}
