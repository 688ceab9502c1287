/* Float primitives 38-59, 541-559 and FloatMathPlugin, bit by bit. */
#include "prims_fixture.h"

#include <float.h>
#include <math.h>

static double from_bits(uint64_t bits) {
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}
static uint64_t to_bits(double d) {
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits;
}

static const double edges[] = {
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    1.5,
    -1.5,
    2.0,
    3.0,
    0.1,
    1e10,
    1e300,
    -1e300,
    1e-300,
    DBL_MIN,
    -DBL_MIN,
    4.9406564584124654e-324,
    -4.9406564584124654e-324,
    DBL_MAX,
    -DBL_MAX,
    INFINITY,
    -INFINITY,
    NAN,
    9007199254740993.0,
    1152921504606846976.0,
    -1152921504606846976.0,
    1152921504606846848.0,
    5.8774717541114375e-39,
    5.877471754111438e-39,
    1.3611294676837539e39,
};
#define EDGES (sizeof edges / sizeof edges[0])

/* SmallFloats for the immediate primitives, boxed ones where needed. */
static oop new_float(struct fixture *f, double d) {
    return heap_new_float(&f->vm.heap, d);
}

/* A Float that is boxed though it need not be. */
static oop new_boxed(struct fixture *f, double d) {
    oop o = heap_new_bits(&f->vm.heap, 1, FORMAT_32, CLASS_INDEX_FLOAT);
    memcpy(object_bytes(o), &d, sizeof d);
    return o;
}

static void check_bits(oop got, double expected) {
    double d;
    assert_true(got != 0);
    assert_true(prim_read_float(got, &d));
    if (isnan(expected))
        assert_true(isnan(d));
    else
        assert_int_equal(to_bits(d), to_bits(expected));
    assert_int_equal(is_smallfloat(got), fits_smallfloat(d));
}

/* Base 0: boxed receivers; 500: SmallFloat receivers. */
static void check_pair(struct fixture *f, unsigned base, oop a, oop b, double x, double y) {
    check_bits(answer_1(f, base + 41, a, b), x + y);
    check_bits(answer_1(f, base + 42, a, b), x - y);
    check_bits(answer_1(f, base + 49, a, b), x * y);
    oop quotient = answer_1(f, base + 50, a, b);
    if (y == 0.0)
        assert_int_equal(quotient, 0);
    else
        check_bits(quotient, x / y);
    bool expected[6] = {x<y, x> y, x <= y, x >= y, x == y, x != y};
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(answer_1(f, base + 43 + i, a, b), boolean(&f->vm, expected[i]));
}

static void arithmetic_and_comparison_are_those_of_the_hardware(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < EDGES; i++)
        for (size_t j = 0; j < EDGES; j++) {
            oop a = new_float(f, edges[i]), b = new_boxed(f, edges[j]);
            check_pair(f, 0, new_boxed(f, edges[i]), new_float(f, edges[j]), edges[i], edges[j]);
            if (is_smallfloat(a))
                check_pair(f, 500, a, b, edges[i], edges[j]);
            fixture_forget(f);
        }
}

static void random_floats_give_the_same_bits(void **state) {
    struct fixture *f = *state;
    uint64_t seed = 41;
    for (int i = 0; i < 50000; i++) {
        double x = from_bits(next_random(&seed)), y = from_bits(next_random(&seed));
        if (!isnan(x) && !isnan(y))
            check_pair(f, 0, new_boxed(f, x), new_boxed(f, y), x, y);
        fixture_forget(f);
    }
}

static void comparison_with_an_integer_is_exact(void **state) {
    struct fixture *f = *state;
    const int64_t odd = (INT64_C(1) << 53) + 1;
    oop rounded = new_float(f, (double)odd); /* 2^53 */
    for (unsigned base = 0; base <= 500; base += 500) {
        assert_int_equal(answer_1(f, base + 43, rounded, smallint(odd)), f->vm.heap.true_);
        assert_int_equal(answer_1(f, base + 45, rounded, smallint(odd)), f->vm.heap.true_);
        assert_int_equal(answer_1(f, base + 44, rounded, smallint(odd)), f->vm.heap.false_);
        assert_int_equal(answer_1(f, base + 46, rounded, smallint(odd)), f->vm.heap.false_);
        assert_int_equal(answer_1(f, base + 47, rounded, smallint(odd)), f->vm.heap.false_);
        assert_int_equal(answer_1(f, base + 48, rounded, smallint(odd)), f->vm.heap.true_);
        assert_int_equal(answer_1(f, base + 47, rounded, smallint(odd - 1)), f->vm.heap.true_);
    }
    oop top = new_float(f, 0x1p60);
    assert_int_equal(answer_1(f, 544, top, smallint(SMALLINT_MAX)), f->vm.heap.true_);
    assert_int_equal(answer_1(f, 47, top, smallint(SMALLINT_MAX)), f->vm.heap.false_);
}

static void operands_that_are_no_numbers_fail(void **state) {
    struct fixture *f = *state;
    oop short_float = heap_new_bits(&f->vm.heap, 1, FORMAT_BYTES + 5, CLASS_INDEX_FLOAT);
    oop fake = heap_new_pointers(&f->vm.heap, 1, FORMAT_ARRAY, CLASS_INDEX_FLOAT);
    oop others[] = {f->vm.heap.nil, character(1), new_string(f, "12345678"),
                    short_float,    fake,         prim_new_uint64(&f->vm, UINT64_MAX)};
    for (unsigned number = 41; number <= 50; number++)
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
            assert_int_equal(answer_1(f, number, smallfloat(1.0), others[i]), 0);
            assert_int_equal(answer_1(f, number + 500, smallfloat(1.0), others[i]), 0);
            assert_int_equal(answer_1(f, number, others[i], smallfloat(1.0)), 0);
            assert_int_equal(answer_1(f, number + 500, others[i], smallfloat(1.0)), 0);
        }
}

static void truncation_fails_beyond_small_integers(void **state) {
    struct fixture *f = *state;
    assert_int_equal(answer_0(f, 551, smallfloat(-2.75)), smallint(-2));
    assert_int_equal(answer_0(f, 551, smallfloat(1e17)), smallint(100000000000000000));
    assert_int_equal(answer_0(f, 551, smallfloat(-0x1p60)), smallint(SMALLINT_MIN));
    assert_int_equal(answer_0(f, 551, smallfloat(0x1p60)), 0);
    assert_int_equal(answer_0(f, 51, new_boxed(f, 0x1p60)), 0);
    assert_int_equal(answer_0(f, 51, new_float(f, 5e-324)), smallint(0));
    assert_int_equal(answer_0(f, 51, new_float(f, 1e300)), 0);
    assert_int_equal(answer_0(f, 51, new_float(f, NAN)), 0);
    assert_int_equal(answer_0(f, 51, new_float(f, INFINITY)), 0);
}

static void functions_of_one_float_are_the_c_library_s(void **state) {
    struct fixture *f = *state;
    uint64_t seed = 56;
    for (int i = 0; i < 20000; i++) {
        double d = i < (int)EDGES ? edges[i]
                   : i % 2 == 0   ? from_bits(next_random(&seed))
                                  : (double)(int64_t)next_random(&seed) * 0x1p-52;
        oop o = new_boxed(f, d);
        double whole;
        check_bits(answer_0(f, 52, o), modf(d, &whole));
        check_bits(answer_0(f, 56, o), sin(d));
        check_bits(answer_0(f, 57, o), atan(d));
        check_bits(answer_0(f, 58, o), log(d));
        check_bits(answer_0(f, 59, o), exp(d));
        oop root = answer_0(f, 55, o);
        if (d >= 0.0)
            check_bits(root, sqrt(d));
        else
            assert_int_equal(root, 0);
        int power = 0;
        if (isfinite(d))
            frexp(d, &power);
        assert_int_equal(answer_0(f, 53, o), smallint(power - 1));
        for (unsigned number = 551; fits_smallfloat(d) && number <= 559; number++) {
            oop small = number == 554 ? 0 : answer_0(f, number, smallfloat(d));
            oop boxed = number == 554 ? 0 : answer_0(f, number - 500, o);
            if (is_object(small) && small != 0)
                assert_int_equal(fetch_slot(small, 0), fetch_slot(boxed, 0));
            else
                assert_int_equal(small, boxed);
        }
        fixture_forget(f);
    }
}

static void scaling_by_powers_of_two_rounds_once_and_underflows_gradually(void **state) {
    struct fixture *f = *state;
    uint64_t seed = 54;
    for (int i = 0; i < 50000; i++) {
        double d = i < (int)EDGES ? edges[i] : from_bits(next_random(&seed));
        int by = (int)(next_random(&seed) % 4400) - 2200;
        if (isnan(d))
            continue;
        check_bits(answer_1(f, 54, new_boxed(f, d), smallint(by)), ldexp(d, by));
        if (fits_smallfloat(d))
            check_bits(answer_1(f, 554, smallfloat(d), smallint(by)), ldexp(d, by));
        fixture_forget(f);
    }
    check_bits(answer_1(f, 554, smallfloat(3.0), smallint(-1075)), 0x1p-1073);
    check_bits(answer_1(f, 554, smallfloat(-1.0), smallint(SMALLINT_MIN)), -0.0);
    check_bits(answer_1(f, 554, smallfloat(1.0), smallint(SMALLINT_MAX)), INFINITY);
    oop argv[2] = {smallfloat(1.0), smallfloat(1.0)};
    assert_int_equal(call_number(f, 54, argv, 1), PRIM_BAD_ARGUMENT);
}

static void integers_become_the_nearest_float(void **state) {
    struct fixture *f = *state;
    check_bits(answer_0(f, 40, smallint(0)), 0.0);
    check_bits(answer_0(f, 40, smallint(SMALLINT_MAX)), 0x1p60);
    check_bits(answer_0(f, 40, smallint((INT64_C(1) << 53) + 3)), 9007199254740996.0);
    assert_int_equal(answer_0(f, 40, smallfloat(1.0)), 0);
}

static void float_halves_are_read_and_written(void **state) {
    struct fixture *f = *state;
    const uint64_t bits = UINT64_C(0x400921fb54442d18);
    oop small = smallfloat(from_bits(bits)), boxed = new_boxed(f, 1.0);
    assert_int_equal(answer_1(f, 38, small, smallint(1)), smallint((int64_t)(bits >> 32)));
    assert_int_equal(answer_1(f, 38, small, smallint(2)), smallint((int64_t)(uint32_t)bits));
    oop upper[3] = {boxed, smallint(1), smallint((int64_t)(bits >> 32))};
    oop lower[3] = {boxed, smallint(2), smallint((int64_t)(uint32_t)bits)};
    assert_int_equal(call_number(f, 39, upper, 2), PRIM_OK);
    assert_int_equal(upper[0], upper[2]);
    assert_int_equal(call_number(f, 39, lower, 2), PRIM_OK);
    assert_int_equal(fetch_slot(boxed, 0), bits);
    oop wrong[2] = {boxed, smallint(3)};
    assert_int_equal(call_number(f, 38, wrong, 1), PRIM_BAD_INDEX);
    oop immediate[3] = {small, smallint(1), smallint(0)};
    assert_int_equal(call_number(f, 39, immediate, 2), PRIM_BAD_RECEIVER);
    oop negative[3] = {boxed, smallint(1), smallint(-1)};
    assert_int_equal(call_number(f, 39, negative, 2), PRIM_BAD_ARGUMENT);
    make_immutable(boxed);
    oop fixed[3] = {boxed, smallint(1), smallint(0)};
    assert_int_equal(call_number(f, 39, fixed, 2), PRIM_NO_MODIFICATION);
    assert_int_equal(fetch_slot(boxed, 0), bits);
}

static void the_float_math_plugin_fails_where_c_answers_nan(void **state) {
    struct fixture *f = *state;
    oop argv[2] = {smallfloat(2.0), smallfloat(0.5)};
    assert_int_equal(call_name(f, "FloatMathPlugin", "primitiveRaisedToPower", argv, 1), PRIM_OK);
    check_bits(argv[0], sqrt(2.0));
    oop cosine[1] = {smallfloat(1.0)};
    assert_int_equal(call_name(f, "FloatMathPlugin", "primitiveCos", cosine, 0), PRIM_OK);
    check_bits(cosine[0], cos(1.0));
    static const char *const names[] = {"primitiveArcCos", "primitiveLogN", "primitiveLog10",
                                        "primitiveSqrt"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        oop negative[1] = {smallfloat(-2.0)};
        assert_int_equal(call_name(f, "FloatMathPlugin", names[i], negative, 0), PRIM_FAIL);
    }
    oop none[1] = {smallfloat(2.0)};
    assert_int_equal(call_name(f, "FloatMathPlugin", "primitiveHypot", none, 0), PRIM_FAIL);
    oop scale[2] = {smallfloat(1.0), smallint(-1074)};
    assert_int_equal(call_name(f, "FloatMathPlugin", "primitiveTimesTwoPower", scale, 1), PRIM_OK);
    check_bits(scale[0], 5e-324);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic_and_comparison_are_those_of_the_hardware),
        cmocka_unit_test(random_floats_give_the_same_bits),
        cmocka_unit_test(comparison_with_an_integer_is_exact),
        cmocka_unit_test(operands_that_are_no_numbers_fail),
        cmocka_unit_test(truncation_fails_beyond_small_integers),
        cmocka_unit_test(functions_of_one_float_are_the_c_library_s),
        cmocka_unit_test(scaling_by_powers_of_two_rounds_once_and_underflows_gradually),
        cmocka_unit_test(integers_become_the_nearest_float),
        cmocka_unit_test(float_halves_are_read_and_written),
        cmocka_unit_test(the_float_math_plugin_fails_where_c_answers_nan),
    };
    return cmocka_run_group_tests_name("float primitives", tests, setup_fixture, teardown_fixture);
}
