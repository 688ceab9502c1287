/* Numbered integer primitives: 1-18, 20-37, 159, 575, against __int128. */
#include "prims_fixture.h"

typedef __int128 wide;

static const int64_t edges[] = {
    0,
    1,
    -1,
    2,
    -2,
    3,
    -3,
    7,
    -7,
    10,
    -10,
    255,
    256,
    -256,
    INT32_MAX,
    INT32_MIN,
    UINT32_MAX,
    SMALLINT_MAX,
    SMALLINT_MIN,
    SMALLINT_MAX - 1,
    SMALLINT_MIN + 1,
    INT64_C(1) << 59,
    -(INT64_C(1) << 59),
    INT64_C(3037000499),
    -INT64_C(3037000500),
};
#define EDGES (sizeof edges / sizeof edges[0])

static wide floor_quotient(wide a, wide b) {
    wide q = a / b;
    return a % b != 0 && (a % b < 0) != (b < 0) ? q - 1 : q;
}

/* What a binary primitive of SmallIntegers should answer; false: it fails. */
static bool expected_small(unsigned number, wide a, wide b, wide *out) {
    switch (number) {
    case 1:
        *out = a + b;
        return true;
    case 2:
        *out = a - b;
        return true;
    case 9:
        *out = a * b;
        return true;
    case 10:
        if (b == 0 || a % b != 0)
            return false;
        *out = a / b;
        return true;
    case 11:
        if (b == 0)
            return false;
        *out = a - floor_quotient(a, b) * b;
        return true;
    case 12:
        if (b == 0)
            return false;
        *out = floor_quotient(a, b);
        return true;
    case 13:
        if (b == 0)
            return false;
        *out = a / b;
        return true;
    case 14:
        *out = a & b;
        return true;
    case 15:
        *out = a | b;
        return true;
    default:
        *out = a ^ b;
        return true;
    }
}

static void small_arithmetic_is_exact_or_fails(void **state) {
    struct fixture *f = *state;
    static const unsigned numbers[] = {1, 2, 9, 10, 11, 12, 13, 14, 15, 16};
    for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++)
        for (size_t i = 0; i < EDGES; i++)
            for (size_t j = 0; j < EDGES; j++) {
                wide expected;
                bool ok = expected_small(numbers[n], edges[i], edges[j], &expected) &&
                          expected >= SMALLINT_MIN && expected <= SMALLINT_MAX;
                oop got = answer_1(f, numbers[n], smallint(edges[i]), smallint(edges[j]));
                assert_int_equal(got, ok ? smallint((int64_t)expected) : 0);
            }
}

static void small_arithmetic_fails_for_other_operands(void **state) {
    struct fixture *f = *state;
    oop others[] = {smallfloat(1.0), character(65), f->vm.heap.nil, new_string(f, "1")};
    for (unsigned number = 1; number <= 17; number++)
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
            assert_int_equal(answer_1(f, number, smallint(1), others[i]), 0);
            assert_int_equal(answer_1(f, number, others[i], smallint(1)), 0);
        }
}

static void comparisons_agree_with_c(void **state) {
    struct fixture *f = *state;
    for (unsigned base = 3; base <= 23; base += 20) /* 3-8 and 23-28 */
        for (size_t i = 0; i < EDGES; i++)
            for (size_t j = 0; j < EDGES; j++) {
                int64_t a = edges[i], b = edges[j];
                bool expected[6] = {a<b, a> b, a <= b, a >= b, a == b, a != b};
                for (unsigned k = 0; k < 6; k++)
                    assert_int_equal(answer_1(f, base + k, smallint(a), smallint(b)),
                                     boolean(&f->vm, expected[k]));
            }
}

static void equality_takes_large_integers_of_64_bits(void **state) {
    struct fixture *f = *state;
    oop large = prim_new_int64(&f->vm, INT64_MIN), same = prim_new_int64(&f->vm, INT64_MIN);
    assert_int_equal(answer_1(f, 7, large, same), f->vm.heap.true_);
    assert_int_equal(answer_1(f, 8, large, same), f->vm.heap.false_);
    assert_int_equal(answer_1(f, 7, smallint(1), large), f->vm.heap.false_);
    assert_int_equal(answer_1(f, 7, smallint(1), prim_new_uint64(&f->vm, UINT64_MAX)), 0);
    assert_int_equal(answer_1(f, 3, smallint(1), large), 0);
}

static oop shifted(struct fixture *f, oop a, int64_t by) {
    return answer_1(f, 17, a, smallint(by));
}

static void bit_shift_fails_rather_than_lose_high_bits(void **state) {
    struct fixture *f = *state;
    assert_int_equal(shifted(f, smallint(5), 3), smallint(40));
    assert_int_equal(shifted(f, smallint(-5), 3), smallint(-40));
    assert_int_equal(shifted(f, smallint(-5), -1), smallint(-3));
    assert_int_equal(shifted(f, smallint(SMALLINT_MIN), -61), smallint(-1));
    assert_int_equal(shifted(f, smallint(1), 62), 0);
    assert_int_equal(shifted(f, smallint(1), -62), 0);
    assert_int_equal(shifted(f, smallint(4), 61), 0);
    int64_t v;
    assert_true(prim_read_int64(shifted(f, smallint(1), 61), &v));
    assert_int_equal(v, INT64_C(1) << 61);
    assert_true(prim_read_int64(shifted(f, smallint(-4), 61), &v));
    assert_int_equal(v, INT64_MIN);
}

static void bit_operations_take_unsigned_64_bit_integers(void **state) {
    struct fixture *f = *state;
    oop top = prim_new_uint64(&f->vm, UINT64_MAX), minus = prim_new_int64(&f->vm, INT64_MIN);
    assert_int_equal(answer_1(f, 14, top, smallint(12)), smallint(12));
    uint64_t v;
    assert_true(prim_read_uint64(answer_1(f, 16, top, smallint(1)), &v));
    assert_int_equal(v, UINT64_MAX - 1);
    assert_int_equal(answer_1(f, 14, top, smallint(-1)), 0);
    assert_int_equal(answer_1(f, 15, minus, smallint(1)), 0);
}

static void a_point_is_made_of_a_number_argument_only(void **state) {
    struct fixture *f = *state;
    oop argv[2] = {f->vm.heap.nil, smallfloat(2.5)};
    assert_int_equal(call_number(f, 18, argv, 1), PRIM_OK);
    assert_true(has_class_index(argv[0], POINT_INDEX));
    assert_int_equal(fetch_slot(argv[0], 0), f->vm.heap.nil);
    assert_int_equal(fetch_slot(argv[0], 1), smallfloat(2.5));
    oop bad[2] = {smallint(1), character(65)};
    assert_int_equal(call_number(f, 18, bad, 1), PRIM_BAD_ARGUMENT);
    assert_int_equal(bad[0], smallint(1));
}

static void hash_multiply_gives_28_bits(void **state) {
    struct fixture *f = *state;
    assert_int_equal(answer_0(f, 159, smallint(1)), smallint(1664525));
    assert_int_equal(answer_0(f, 159, smallint(-1)), smallint(-1664525 & 0xfffffff));
    uint64_t v = UINT64_C(0x8123456789abcdef);
    assert_int_equal(answer_0(f, 159, prim_new_uint64(&f->vm, v)),
                     smallint((int64_t)(v * 1664525 & 0xfffffff)));
    oop bad[1] = {smallfloat(1.0)};
    assert_int_equal(call_number(f, 159, bad, 0), PRIM_BAD_RECEIVER);
}

static void high_bit_counts_from_one(void **state) {
    struct fixture *f = *state;
    assert_int_equal(answer_0(f, 575, smallint(0)), smallint(0));
    assert_int_equal(answer_0(f, 575, smallint(1)), smallint(1));
    assert_int_equal(answer_0(f, 575, smallint(SMALLINT_MAX)), smallint(60));
    assert_int_equal(answer_0(f, 575, smallint(-1)), 0);
}

static void a_primitive_checks_how_many_arguments_it_got(void **state) {
    struct fixture *f = *state;
    for (unsigned number = 1; number <= 37; number++) {
        oop argv[3] = {smallint(4), smallint(2), smallint(1)};
        if (number == 19)
            continue;
        assert_int_not_equal(call_number(f, number, argv, 0), PRIM_OK);
        assert_int_not_equal(call_number(f, number, argv, 2), PRIM_OK);
    }
}

/* ---- 20-37 ------------------------------------------------------------------------------ */

static oop new_wide(struct fixture *f, wide v) {
    return prim_new_magnitude64(&f->vm, (struct magnitude64){(uint64_t)(v < 0 ? -v : v), v < 0});
}

static bool expected_64(unsigned number, wide a, wide b, wide *out) {
    switch (number) {
    case 20:
        if (b == 0)
            return false;
        *out = a % b;
        return true;
    case 21:
        *out = a + b;
        return true;
    case 22:
        *out = a - b;
        return true;
    case 30:
        if (b == 0 || a % b != 0)
            return false;
        *out = a / b;
        return true;
    case 31:
        if (b == 0)
            return false;
        *out = a - floor_quotient(a, b) * b;
        return true;
    case 32:
        if (b == 0)
            return false;
        *out = floor_quotient(a, b);
        return true;
    default:
        if (b == 0)
            return false;
        *out = a / b;
        return true; /* 33 */
    }
}

static void check_64(struct fixture *f, wide a, wide b) {
    static const unsigned numbers[] = {20, 21, 22, 30, 31, 32, 33};
    for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++) {
        wide expected;
        oop got = answer_1(f, numbers[n], new_wide(f, a), new_wide(f, b));
        bool ok = expected_64(numbers[n], a, b, &expected) && expected <= (wide)UINT64_MAX &&
                  expected >= -(wide)UINT64_MAX;
        struct magnitude64 m;
        assert_int_equal(got != 0, ok);
        if (!ok)
            continue;
        assert_true(prim_read_magnitude64(got, &m));
        assert_true((m.negative ? -(wide)m.value : (wide)m.value) == expected);
        assert_int_equal(is_smallint(got), expected >= SMALLINT_MIN && expected <= SMALLINT_MAX);
    }
    uint64_t product;
    uint64_t ma = (uint64_t)(a < 0 ? -a : a), mb = (uint64_t)(b < 0 ? -b : b);
    bool fits = !__builtin_mul_overflow(ma, mb, &product);
    assert_int_equal(answer_1(f, 29, new_wide(f, a), new_wide(f, b)) != 0, fits);
    if (fits) {
        struct magnitude64 m;
        assert_true(prim_read_magnitude64(answer_1(f, 29, new_wide(f, a), new_wide(f, b)), &m));
        assert_int_equal(m.value, product);
        assert_int_equal(m.negative, product != 0 && (a < 0) != (b < 0));
    }
    fixture_forget(f);
}

static void arithmetic_of_64_bit_magnitudes_agrees_with_int128(void **state) {
    struct fixture *f = *state;
    static const uint64_t more[] = {0,
                                    1,
                                    2,
                                    3,
                                    1000000007,
                                    UINT64_MAX,
                                    UINT64_MAX - 1,
                                    UINT64_C(1) << 63,
                                    UINT64_C(1) << 60,
                                    UINT64_C(1) << 61,
                                    UINT32_MAX,
                                    UINT64_C(1) << 32};
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        for (size_t j = 0; j < sizeof more / sizeof more[0]; j++)
            for (int signs = 0; signs < 4; signs++)
                check_64(f, signs & 1 ? -(wide)more[i] : (wide)more[i],
                         signs & 2 ? -(wide)more[j] : (wide)more[j]);
    uint64_t seed = 20;
    for (int i = 0; i < 20000; i++) {
        uint64_t a = next_random(&seed) >> next_random(&seed) % 64;
        uint64_t b = next_random(&seed) >> next_random(&seed) % 64;
        uint64_t signs = next_random(&seed);
        check_64(f, signs & 1 ? -(wide)a : (wide)a, signs & 2 ? -(wide)b : (wide)b);
    }
}

static void shift_of_64_bit_magnitudes_rounds_down(void **state) {
    struct fixture *f = *state;
    uint64_t seed = 37;
    for (int i = 0; i < 20000; i++) {
        uint64_t m = next_random(&seed) >> next_random(&seed) % 64;
        wide a = next_random(&seed) & 1 ? -(wide)m : (wide)m;
        int64_t by = (int64_t)(next_random(&seed) % 141) - 70;
        oop got = answer_1(f, 37, new_wide(f, a), smallint(by));
        bool fits = by <= 0 || m == 0 ? by < 64 : by < 64 && m <= UINT64_MAX >> by;
        assert_int_equal(got != 0, fits);
        if (!fits)
            continue;
        wide expected = by >= 0 ? a * ((wide)1 << by) : by <= -64 ? (a < 0 ? -1 : 0) : a >> -by;
        struct magnitude64 r;
        assert_true(prim_read_magnitude64(got, &r));
        assert_true((r.negative ? -(wide)r.value : (wide)r.value) == expected);
        fixture_forget(f);
    }
}

static void nine_byte_integers_make_64_bit_primitives_fail(void **state) {
    struct fixture *f = *state;
    oop nine = heap_new_bytes(&f->vm.heap, 9, CLASS_INDEX_LARGE_POSITIVE);
    object_bytes(nine)[8] = 1;
    for (unsigned number = 20; number <= 37; number++) {
        assert_int_equal(answer_1(f, number, nine, smallint(1)), 0);
        if (number != 37)
            assert_int_equal(answer_1(f, number, smallint(1), nine), 0);
    }
}

static void short_large_integers_are_read_to_their_size_only(void **state) {
    struct fixture *f = *state;
    oop three = heap_new_bytes(&f->vm.heap, 3, CLASS_INDEX_LARGE_NEGATIVE);
    put_slot(three, 0, UINT64_C(0xdeadbeef00030201)); /* rubbish after three bytes */
    int64_t v;
    assert_true(prim_read_int64(three, &v));
    assert_int_equal(v, -0x030201);
    oop none = heap_new_bytes(&f->vm.heap, 0, CLASS_INDEX_LARGE_POSITIVE);
    assert_true(prim_read_int64(none, &v));
    assert_int_equal(v, 0);
}

static void an_object_of_an_integer_class_but_no_bytes_is_no_integer(void **state) {
    struct fixture *f = *state;
    oop fake = heap_new_pointers(&f->vm.heap, 1, FORMAT_ARRAY, CLASS_INDEX_LARGE_POSITIVE);
    oop forwarder = heap_new_pointers(&f->vm.heap, 1, FORMAT_FORWARDED, CLASS_INDEX_FORWARDED);
    put_slot(forwarder, 0, smallint(1));
    int64_t v;
    assert_false(prim_read_int64(fake, &v));
    assert_false(prim_read_int64(forwarder, &v));
    assert_int_equal(answer_1(f, 21, smallint(1), fake), 0);
    assert_int_equal(answer_1(f, 21, forwarder, smallint(1)), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_arithmetic_is_exact_or_fails),
        cmocka_unit_test(small_arithmetic_fails_for_other_operands),
        cmocka_unit_test(comparisons_agree_with_c),
        cmocka_unit_test(equality_takes_large_integers_of_64_bits),
        cmocka_unit_test(bit_shift_fails_rather_than_lose_high_bits),
        cmocka_unit_test(bit_operations_take_unsigned_64_bit_integers),
        cmocka_unit_test(a_point_is_made_of_a_number_argument_only),
        cmocka_unit_test(hash_multiply_gives_28_bits),
        cmocka_unit_test(high_bit_counts_from_one),
        cmocka_unit_test(a_primitive_checks_how_many_arguments_it_got),
        cmocka_unit_test(arithmetic_of_64_bit_magnitudes_agrees_with_int128),
        cmocka_unit_test(shift_of_64_bit_magnitudes_rounds_down),
        cmocka_unit_test(nine_byte_integers_make_64_bit_primitives_fail),
        cmocka_unit_test(short_large_integers_are_read_to_their_size_only),
        cmocka_unit_test(an_object_of_an_integer_class_but_no_bytes_is_no_integer),
    };
    return cmocka_run_group_tests_name("integer primitives", tests, setup_fixture,
                                       teardown_fixture);
}
