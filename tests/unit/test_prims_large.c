/* The LargeIntegers plugin: against vectors made by Python, and laws that hold
 * for numbers of any size. */
#include "prims_fixture.h"
#include "../../vm/prims/large_limbs.h"

#include <stdio.h>
#include <stdlib.h>

struct vector {
    const char *name, *arguments, *expected;
};
static const struct vector vectors[] = {
#include "large_vectors.h"
};

/* A SmallInteger where it fits, else a LargeInteger of the fewest bytes. */
static oop parse_integer(struct fixture *f, const char *text, size_t size) {
    bool negative = *text == '-';
    text += negative;
    size -= negative;
    oop large = heap_new_bytes(&f->vm.heap, (size + 1) / 2,
                               negative ? CLASS_INDEX_LARGE_NEGATIVE : CLASS_INDEX_LARGE_POSITIVE);
    for (size_t i = 0; i < size; i++) {
        char c = text[size - 1 - i];
        int digit = c <= '9' ? c - '0' : c - 'a' + 10;
        object_bytes(large)[i / 2] |= (uint8_t)(digit << (i % 2 * 4));
    }
    struct magnitude64 m;
    if (prim_read_magnitude64(large, &m) && m.value <= (uint64_t)SMALLINT_MAX + negative)
        return prim_new_magnitude64(&f->vm, m);
    return large;
}

static oop parse_argument(struct fixture *f, const char *text, size_t size) {
    if (size == 4 && memcmp(text, "true", 4) == 0)
        return f->vm.heap.true_;
    if (size == 5 && memcmp(text, "false", 5) == 0)
        return f->vm.heap.false_;
    return parse_integer(f, text, size);
}

static int show(struct fixture *f, oop o, char *out, size_t room) {
    if (o == f->vm.heap.true_ || o == f->vm.heap.false_)
        return snprintf(out, room, "%s", o == f->vm.heap.true_ ? "true" : "false");
    if (is_smallint(o)) {
        int64_t v = smallint_value(o);
        return snprintf(out, room, "s%s%llx", v < 0 ? "-" : "", (unsigned long long)llabs(v));
    }
    if (has_class_index(o, CLASS_INDEX_ARRAY)) {
        int n = show(f, fetch_slot(o, 0), out, room);
        out[n++] = ' ';
        return n + show(f, fetch_slot(o, 1), out + n, room - (size_t)n);
    }
    int n =
        snprintf(out, room, "%c%llu:", has_class_index(o, CLASS_INDEX_LARGE_NEGATIVE) ? '-' : '+',
                 (unsigned long long)num_bytes(o));
    for (uint64_t i = num_bytes(o); i > 0; i--)
        n += snprintf(out + n, room - (size_t)n, "%02x", object_bytes(o)[i - 1]);
    for (uint64_t i = num_bytes(o); i < num_slots(o) * 8; i++)
        assert_int_equal(object_bytes(o)[i], 0);
    return n;
}

static void answers_agree_with_python(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        oop argv[8];
        unsigned n = 0;
        for (const char *at = vectors[i].arguments; *at;) {
            size_t size = strcspn(at, " ");
            argv[n++] = parse_argument(f, at, size);
            at += size + (at[size] == ' ');
        }
        char got[4096];
        int status = call_name(f, "LargeIntegers", vectors[i].name, argv, n - 1);
        if (status == PRIM_OK)
            show(f, argv[0], got, sizeof got);
        else
            snprintf(got, sizeof got, "fail %d", status);
        assert_string_equal(got, vectors[i].expected);
        fixture_forget(f);
    }
}

/* ---- Laws ------------------------------------------------------------------------- */

#define MOST 80

/* Limbs that are often all ones, all zeros or a single bit. */
static size_t random_limbs(uint64_t *seed, uint64_t *out, size_t most) {
    size_t n = 1 + next_random(seed) % most;
    for (size_t i = 0; i < n; i++) {
        uint64_t r = next_random(seed);
        out[i] = r % 8 == 0 ? 0 : r % 8 == 1 ? UINT64_MAX : r % 8 == 2 ? UINT64_C(1) << 63 : r;
    }
    return limbs_significant(out, n);
}

/* Digits of 16 bits, the way it is done on paper. */
static void multiply_on_paper(uint64_t *r, const uint64_t *a, size_t an, const uint64_t *b,
                              size_t bn) {
    const uint16_t *x = (const uint16_t *)(const void *)a, *y = (const uint16_t *)(const void *)b;
    uint16_t *z = (uint16_t *)(void *)r;
    memset(r, 0, (an + bn) * 8);
    for (size_t i = 0; i < 4 * an; i++) {
        uint32_t carry = 0;
        for (size_t j = 0; j < 4 * bn; j++) {
            uint32_t t = (uint32_t)x[i] * y[j] + z[i + j] + carry;
            z[i + j] = (uint16_t)t;
            carry = t >> 16;
        }
        z[i + 4 * bn] = (uint16_t)carry;
    }
}

static void products_are_those_worked_out_on_paper(void **state) {
    (void)state;
    uint64_t seed = 1, a[MOST], b[MOST], r[2 * MOST], expected[2 * MOST];
    for (int i = 0; i < 500; i++) {
        size_t an = random_limbs(&seed, a, MOST), bn = random_limbs(&seed, b, MOST);
        limbs_multiply(r, a, an, b, bn);
        multiply_on_paper(expected, a, an, b, bn);
        assert_memory_equal(r, expected, (an + bn) * 8);
    }
}

static void check_division(const uint64_t *a, size_t an, const uint64_t *d, size_t dn) {
    static uint64_t q[2 * MOST], r[MOST], back[4 * MOST], work[4 * MOST];
    limbs_divide(q, r, a, an, d, dn, work);
    assert_true(limbs_compare(r, limbs_significant(r, dn), d, dn) < 0);
    size_t qn = an - dn + 1;
    multiply_on_paper(back, q, qn, d, dn);
    assert_int_equal(limbs_add(back, back, qn + dn, r, dn), 0);
    assert_int_equal(limbs_compare(back, limbs_significant(back, qn + dn), a, an), 0);
}

static void quotient_times_divisor_and_remainder_is_the_dividend(void **state) {
    (void)state;
    uint64_t seed = 2;
    static uint64_t a[2 * MOST], d[MOST];
    for (int i = 0; i < 20000; i++) {
        size_t most = i % 100 == 0 ? MOST : 4;
        size_t dn = random_limbs(&seed, d, most), an = random_limbs(&seed, a, 2 * most);
        if (dn != 0 && an >= dn)
            check_division(a, an, d, dn);
    }
}

/* Here the first estimate of a quotient digit is one too great even though it
 * was made from two digits of the divisor (Knuth's rare case). */
static void an_estimate_that_is_too_great_is_put_right(void **state) {
    (void)state;
    const uint64_t half = UINT64_C(1) << 63;
    const uint64_t a[] = {0, 0, half, half - 1}, d[] = {1, 0, half};
    check_division(a, 4, d, 3);
    const uint64_t b[] = {3, 0, half, half - 1, 5}, e[] = {UINT64_MAX, 0, half};
    check_division(b, 5, e, 3);
}

static void subtraction_undoes_addition(void **state) {
    (void)state;
    uint64_t seed = 3, a[MOST], b[MOST], sum[MOST + 1];
    for (int i = 0; i < 2000; i++) {
        size_t an = random_limbs(&seed, a, MOST), bn = random_limbs(&seed, b, MOST);
        if (an < bn)
            continue;
        sum[an] = limbs_add(sum, a, an, b, bn);
        limbs_subtract(sum, sum, an + 1, b, bn);
        assert_int_equal(limbs_compare(sum, limbs_significant(sum, an + 1), a, an), 0);
    }
}

static void shifting_there_and_back_changes_nothing(void **state) {
    (void)state;
    uint64_t seed = 4, a[MOST], up[2 * MOST], down[MOST];
    for (int i = 0; i < 2000; i++) {
        size_t an = random_limbs(&seed, a, MOST);
        uint64_t by = next_random(&seed) % (64 * (MOST - 1));
        limbs_shift_left(up, 2 * MOST, a, an, by);
        limbs_shift_right(down, an, up, 2 * MOST, by);
        assert_memory_equal(down, a, an * 8);
    }
}

/* ---- What the plugin does with odd arguments -------------------------------------------- */

static oop new_large_bytes(struct fixture *f, uint32_t class_index, size_t size, uint8_t last) {
    oop o = heap_new_bytes(&f->vm.heap, size, class_index);
    if (size > 0)
        object_bytes(o)[size - 1] = last;
    return o;
}

static int call_2(struct fixture *f, const char *name, oop a, oop b, oop *answer) {
    oop argv[2] = {a, b};
    int status = call_name(f, "LargeIntegers", name, argv, 1);
    *answer = argv[0];
    return status;
}

static void normalising_answers_small_integers_and_shorter_copies(void **state) {
    struct fixture *f = *state;
    oop padded = new_large_bytes(f, CLASS_INDEX_LARGE_POSITIVE, 20, 0);
    object_bytes(padded)[8] = 7;
    oop argv[1] = {padded};
    assert_int_equal(call_name(f, "LargeIntegers", "primNormalizePositive", argv, 0), PRIM_OK);
    assert_int_equal(num_bytes(argv[0]), 9);
    oop again = argv[0];
    assert_int_equal(call_name(f, "LargeIntegers", "primNormalizePositive", argv, 0), PRIM_OK);
    assert_int_equal(argv[0], again);
    argv[0] = new_large_bytes(f, CLASS_INDEX_LARGE_NEGATIVE, 8, 0x10); /* -2^60 */
    assert_int_equal(call_name(f, "LargeIntegers", "primNormalizeNegative", argv, 0), PRIM_OK);
    assert_int_equal(argv[0], smallint(SMALLINT_MIN));
    argv[0] = new_large_bytes(f, CLASS_INDEX_LARGE_POSITIVE, 0, 0);
    assert_int_equal(call_name(f, "LargeIntegers", "primNormalizePositive", argv, 0), PRIM_OK);
    assert_int_equal(argv[0], smallint(0));
    assert_int_equal(call_name(f, "LargeIntegers", "primNormalizePositive", argv, 0),
                     PRIM_BAD_ARGUMENT);
}

static void division_refuses_unnormalised_operands_and_zero(void **state) {
    struct fixture *f = *state;
    oop padded = new_large_bytes(f, CLASS_INDEX_LARGE_POSITIVE, 20, 0);
    oop ten = new_large_bytes(f, CLASS_INDEX_LARGE_POSITIVE, 10, 1);
    oop no = f->vm.heap.false_;
    oop a[3] = {padded, ten, no}, b[3] = {ten, padded, no}, c[3] = {ten, smallint(0), no};
    assert_int_equal(call_name(f, "LargeIntegers", "primDigitDivNegative", a, 2), PRIM_FAIL);
    assert_int_equal(call_name(f, "LargeIntegers", "primDigitDivNegative", b, 2), PRIM_FAIL);
    assert_int_equal(call_name(f, "LargeIntegers", "primDigitDivNegative", c, 2), PRIM_FAIL);
    oop d[3] = {ten, smallint(3), smallint(1)};
    assert_int_equal(call_name(f, "LargeIntegers", "primDigitDivNegative", d, 2),
                     PRIM_BAD_ARGUMENT);
}

static void what_is_no_integer_is_a_bad_argument(void **state) {
    struct fixture *f = *state;
    static const char *const names[] = {
        "primDigitAdd",   "primDigitSubtract", "primDigitCompare",          "primDigitBitAnd",
        "primDigitBitOr", "primDigitBitXor",   "primDigitBitShiftMagnitude"};
    oop fake = heap_new_pointers(&f->vm.heap, 1, FORMAT_ARRAY, CLASS_INDEX_LARGE_POSITIVE);
    oop others[] = {f->vm.heap.nil, smallfloat(2.0), new_string(f, "12345678"), fake};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        for (size_t k = 0; k < sizeof others / sizeof others[0]; k++) {
            oop answer;
            assert_int_equal(call_2(f, names[i], smallint(1), others[k], &answer),
                             PRIM_BAD_ARGUMENT);
            assert_int_equal(answer, smallint(1));
            assert_int_equal(call_2(f, names[i], others[k], smallint(1), &answer),
                             PRIM_BAD_ARGUMENT);
        }
}

static void too_few_arguments_are_refused(void **state) {
    struct fixture *f = *state;
    extern const struct named_prim named_large[];
    for (const struct named_prim *p = named_large; p->fn; p++) {
        oop argv[1] = {smallint(1)};
        int status = p->fn(&f->vm, argv, 0);
        bool has_none = strstr(p->name, "DigitLength") || strstr(p->name, "ModuleName");
        assert_int_equal(status, has_none ? PRIM_OK : PRIM_BAD_ARGUMENT);
    }
}

static void rubbish_behind_the_last_byte_is_not_computed_with(void **state) {
    struct fixture *f = *state;
    oop dirty = new_large_bytes(f, CLASS_INDEX_LARGE_POSITIVE, 9, 1), answer;
    object_bytes(dirty)[9] = 1;
    assert_int_equal(call_2(f, "primDigitAdd", dirty, smallint(1), &answer), PRIM_BAD_ARGUMENT);
}

static void a_shift_beyond_all_memory_fails(void **state) {
    struct fixture *f = *state;
    oop answer;
    assert_int_equal(
        call_2(f, "primDigitBitShiftMagnitude", smallint(1), smallint(SMALLINT_MAX), &answer),
        PRIM_NO_MEMORY);
    assert_int_equal(
        call_2(f, "primDigitBitShiftMagnitude", smallint(1), smallint(SMALLINT_MIN), &answer),
        PRIM_OK);
    assert_int_equal(answer, smallint(0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_agree_with_python),
        cmocka_unit_test(products_are_those_worked_out_on_paper),
        cmocka_unit_test(quotient_times_divisor_and_remainder_is_the_dividend),
        cmocka_unit_test(an_estimate_that_is_too_great_is_put_right),
        cmocka_unit_test(subtraction_undoes_addition),
        cmocka_unit_test(shifting_there_and_back_changes_nothing),
        cmocka_unit_test(normalising_answers_small_integers_and_shorter_copies),
        cmocka_unit_test(division_refuses_unnormalised_operands_and_zero),
        cmocka_unit_test(what_is_no_integer_is_a_bad_argument),
        cmocka_unit_test(too_few_arguments_are_refused),
        cmocka_unit_test(rubbish_behind_the_last_byte_is_not_computed_with),
        cmocka_unit_test(a_shift_beyond_all_memory_fails),
    };
    return cmocka_run_group_tests_name("large integers", tests, setup_fixture, teardown_fixture);
}
