/* Float arrays, SHA-1 and big numbers of DSAPrims, UUIDs, clocks, locale; the
 * primitive table; the counting of calls. */
#include "prims_fixture.h"
#include "../../vm/prims/count.h"
#include "../../vm/prims/tables.h"

#include <stdio.h>

/* ---- Float arrays: each test runs for both element sizes ------------------------- */

struct kind {
    const char *module, *with_array; /* the latter: "...FloatArray" or "...Float64Array" */
    bool wide;
};
static const struct kind kinds[] = {
    {"FloatArrayPlugin", "FloatArray", false},
    {"Float64ArrayPlugin", "Float64Array", true},
};

static oop new_floats(struct fixture *f, const struct kind *k, const double *values, uint64_t n) {
    oop o = k->wide
                ? heap_new_bits(&f->vm.heap, n, FORMAT_64, CLASS_INDEX_BITMAP)
                : heap_new_bits(&f->vm.heap, (n + 1) / 2, FORMAT_32 + (n & 1), CLASS_INDEX_BITMAP);
    for (uint64_t i = 0; i < n; i++) {
        float single = (float)values[i];
        if (k->wide)
            memcpy(object_bytes(o) + 8 * i, &values[i], 8);
        else
            memcpy(object_bytes(o) + 4 * i, &single, 4);
    }
    return o;
}

static double float_at(const struct kind *k, oop o, uint64_t i) {
    float single;
    double d;
    if (k->wide)
        memcpy(&d, object_bytes(o) + 8 * i, 8);
    else
        memcpy(&single, object_bytes(o) + 4 * i, 4);
    return k->wide ? d : (double)single;
}

static int call_float(struct fixture *f, const struct kind *k, const char *prefix,
                      const char *suffix, oop *argv, unsigned argc) {
    char name[64];
    snprintf(name, sizeof name, "primitive%s%s", prefix, suffix);
    return call_name(f, k->module, name, argv, argc);
}

static void float_arrays_compute_element_by_element(void **state) {
    struct fixture *f = *state;
    const double x[3] = {1.5, -2.0, 3.25}, y[3] = {2.0, 0.5, -4.0};
    for (const struct kind *k = kinds; k < kinds + 2; k++) {
        static const char *const names[] = {"Add", "Sub", "Mul", "Div"};
        for (int op = 0; op < 4; op++) {
            oop argv[2] = {new_floats(f, k, x, 3), new_floats(f, k, y, 3)}, array = argv[0];
            assert_int_equal(call_float(f, k, names[op], k->with_array, argv, 1), PRIM_OK);
            assert_int_equal(argv[0], array);
            oop scalar[2] = {new_floats(f, k, x, 3), smallfloat(2.0)}, scaled = scalar[0];
            assert_int_equal(call_float(f, k, names[op], "Scalar", scalar, 1), PRIM_OK);
            for (uint64_t i = 0; i < 3; i++) {
                double expected[4] = {x[i] + y[i], x[i] - y[i], x[i] * y[i], x[i] / y[i]};
                double with_two[4] = {x[i] + 2, x[i] - 2, x[i] * 2, x[i] / 2};
                assert_true(float_at(k, array, i) == expected[op]);
                assert_true(float_at(k, scaled, i) == with_two[op]);
            }
        }
        const double zero[3] = {1.0, -0.0, 1.0};
        oop argv[2] = {new_floats(f, k, x, 3), new_floats(f, k, zero, 3)}, array = argv[0];
        assert_int_equal(call_float(f, k, "Div", k->with_array, argv, 1), PRIM_FAIL);
        assert_true(float_at(k, array, 0) == 1.5);
        argv[1] = new_floats(f, k, y, 2);
        assert_int_equal(call_float(f, k, "Add", k->with_array, argv, 1), PRIM_FAIL);
        argv[1] = new_floats(f, k == kinds ? kinds + 1 : kinds, y, 3);
        assert_int_equal(call_float(f, k, "Add", k->with_array, argv, 1), PRIM_FAIL);
        argv[1] = argv[0];
        make_immutable(argv[0]);
        assert_int_equal(call_float(f, k, "Add", k->with_array, argv, 1), PRIM_NO_MODIFICATION);
    }
}

static void float_arrays_answer_elements_sums_and_length(void **state) {
    struct fixture *f = *state;
    const double x[2] = {3.0, -4.0}, nothing[2] = {0.0, 0.0};
    for (const struct kind *k = kinds; k < kinds + 2; k++) {
        oop array = new_floats(f, k, x, 2), zero = new_floats(f, k, nothing, 2);
        oop at[2] = {array, smallint(2)};
        assert_int_equal(call_float(f, k, "At", "", at, 1), PRIM_OK);
        assert_int_equal(at[0], smallfloat(-4.0));
        oop beyond[2] = {array, smallint(3)};
        assert_int_equal(call_float(f, k, "At", "", beyond, 1), PRIM_FAIL);
        oop sum[1] = {array}, length[1] = {array}, none[1] = {zero}, dot[2] = {array, array};
        assert_int_equal(call_float(f, k, "Sum", "", sum, 0), PRIM_OK);
        assert_int_equal(sum[0], smallfloat(-1.0));
        assert_int_equal(call_float(f, k, "Length", "", length, 0), PRIM_OK);
        assert_int_equal(length[0], smallfloat(5.0));
        assert_int_equal(call_float(f, k, "Length", "", none, 0), PRIM_BAD_RECEIVER);
        assert_int_equal(call_float(f, k, "DotProduct", "", dot, 1), PRIM_OK);
        assert_int_equal(dot[0], smallfloat(25.0));
        oop same[2] = {array, new_floats(f, k, x, 2)}, other[2] = {array, zero};
        assert_int_equal(call_float(f, k, "Equal", "", same, 1), PRIM_OK);
        assert_int_equal(same[0], f->vm.heap.true_);
        assert_int_equal(call_float(f, k, "Equal", "", other, 1), PRIM_OK);
        assert_int_equal(other[0], f->vm.heap.false_);
        oop hash[1] = {array};
        assert_int_equal(call_float(f, k, "HashArray", "", hash, 0), PRIM_OK);
        assert_true(is_smallint(hash[0]));
        oop put[3] = {array, smallint(1), smallint(8)};
        assert_int_equal(call_float(f, k, "AtPut", "", put, 2), PRIM_OK);
        assert_int_equal(put[0], smallint(8));
        assert_true(float_at(k, array, 0) == 8.0);
        const double unit[2] = {6.0, 8.0};
        oop scaled = new_floats(f, k, unit, 2), argv[1] = {scaled};
        assert_int_equal(call_float(f, k, "Normalize", "", argv, 0), PRIM_OK);
        assert_true(float_at(k, scaled, 1) == (k->wide ? 0.8 : (double)0.8f));
    }
    const double y[2] = {0.1, 7.0};
    oop from = new_floats(f, &kinds[0], y, 2), to = new_floats(f, &kinds[1], nothing, 2);
    oop argv[2] = {to, from};
    assert_int_equal(call_name(f, "Float64ArrayPlugin", "primitiveFromFloatArray", argv, 1),
                     PRIM_OK);
    assert_true(float_at(&kinds[1], to, 0) == (double)0.1f);
}

/* ---- DSAPrims ------------------------------------------------------------------------- */

static void sha_1_of_abc_is_that_of_the_standard(void **state) {
    struct fixture *f = *state;
    uint8_t block[64] = {'a', 'b', 'c', 0x80, [63] = 24};
    oop expanded = heap_new_bits(&f->vm.heap, 40, FORMAT_32, CLASS_INDEX_BITMAP);
    oop hash = heap_new_bits(&f->vm.heap, 3, FORMAT_32 + 1, CLASS_INDEX_BITMAP);
    const uint32_t start[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    const uint32_t end[5] = {0xa9993e36, 0x4706816a, 0xba3e2571, 0x7850c26c, 0x9cd0d89d};
    memcpy(object_bytes(hash), start, sizeof start);
    oop expand[3] = {f->vm.heap.nil, new_bytes_of(f, block, 64), expanded};
    assert_int_equal(call_name(f, "DSAPrims", "primitiveExpandBlock", expand, 2), PRIM_OK);
    oop digest[3] = {f->vm.heap.nil, expanded, hash};
    assert_int_equal(call_name(f, "DSAPrims", "primitiveHashBlock", digest, 2), PRIM_OK);
    assert_memory_equal(object_bytes(hash), end, sizeof end);
    oop wrong[3] = {f->vm.heap.nil, hash, expanded};
    assert_int_equal(call_name(f, "DSAPrims", "primitiveHashBlock", wrong, 2), PRIM_BAD_ARGUMENT);
    oop has[1] = {f->vm.heap.nil};
    assert_int_equal(call_name(f, "DSAPrims", "primitiveHasSecureHashPrimitive", has, 0), PRIM_OK);
    assert_int_equal(has[0], f->vm.heap.true_);
}

static oop new_large_of(struct fixture *f, const void *bytes, size_t size) {
    oop o = heap_new_bytes(&f->vm.heap, size, CLASS_INDEX_LARGE_POSITIVE);
    memcpy(object_bytes(o), bytes, size);
    return o;
}

static void big_division_undoes_big_multiplication(void **state) {
    struct fixture *f = *state;
    uint64_t seed = 7;
    for (int i = 0; i < 500; i++) {
        uint8_t x[60], y[60];
        size_t xn = 2 + next_random(&seed) % 58, yn = 2 + next_random(&seed) % 58;
        for (size_t k = 0; k < sizeof x; k++) {
            x[k] = (uint8_t)next_random(&seed);
            y[k] = (uint8_t)next_random(&seed);
        }
        y[yn - 1] |= 0x80;
        oop a = new_large_of(f, x, xn), b = new_large_of(f, y, yn);
        oop product = heap_new_bytes(&f->vm.heap, xn + yn, CLASS_INDEX_LARGE_POSITIVE);
        oop quotient = heap_new_bytes(&f->vm.heap, xn, CLASS_INDEX_LARGE_POSITIVE);
        oop multiply[4] = {f->vm.heap.nil, a, b, product};
        assert_int_equal(call_name(f, "DSAPrims", "primitiveBigMultiply", multiply, 3), PRIM_OK);
        object_bytes(product)[0] ^= 1; /* a remainder of one, or of the divisor less one */
        oop divide[4] = {f->vm.heap.nil, product, b, quotient};
        assert_int_equal(call_name(f, "DSAPrims", "primitiveBigDivide", divide, 3), PRIM_OK);
        if (object_bytes(product)[0] == 1)
            assert_memory_equal(object_bytes(quotient), x, xn);
        for (size_t k = yn; k < xn + yn; k++)
            assert_int_equal(object_bytes(product)[k], 0);
        fixture_forget(f);
    }
    oop zero = heap_new_bytes(&f->vm.heap, 4, CLASS_INDEX_LARGE_POSITIVE);
    oop divide[4] = {f->vm.heap.nil, zero, zero, zero};
    assert_int_equal(call_name(f, "DSAPrims", "primitiveBigDivide", divide, 3), PRIM_BAD_ARGUMENT);
    oop highest[2] = {f->vm.heap.nil, zero};
    assert_int_equal(call_name(f, "DSAPrims", "primitiveHighestNonZeroDigitIndex", highest, 1),
                     PRIM_OK);
    assert_int_equal(highest[0], smallint(1));
}

/* ---- UUID, clocks, locale ----------------------------------------------------------------- */

static void a_uuid_is_random_with_version_and_variant(void **state) {
    struct fixture *f = *state;
    oop a = heap_new_bytes(&f->vm.heap, 16, CLASS_INDEX_BYTE_ARRAY), argv[1] = {a};
    oop b = heap_new_bytes(&f->vm.heap, 16, CLASS_INDEX_BYTE_ARRAY), other[1] = {b};
    assert_int_equal(call_name(f, "UUIDPlugin", "primitiveMakeUUID", argv, 0), PRIM_OK);
    assert_int_equal(call_name(f, "UUIDPlugin", "primitiveMakeUUID", other, 0), PRIM_OK);
    assert_int_equal(object_bytes(a)[6] >> 4, 4);
    assert_int_equal(object_bytes(a)[8] >> 6, 2);
    assert_memory_not_equal(object_bytes(a), object_bytes(b), 16);
    oop wrong[1] = {heap_new_bytes(&f->vm.heap, 15, CLASS_INDEX_BYTE_ARRAY)};
    assert_int_equal(call_name(f, "UUIDPlugin", "primitiveMakeUUID", wrong, 0), PRIM_FAIL);
}

static void clocks_count_from_1901_and_from_the_start(void **state) {
    struct fixture *f = *state;
    const int64_t epoch = INT64_C(2177452800);
    f->vm.start_ns = platform_monotonic_ns(f->vm.platform) - UINT64_C(5000000000);
    oop ms[1] = {smallint(0)};
    assert_int_equal(call_number(f, 135, ms, 0), PRIM_OK);
    assert_in_range(smallint_value(ms[0]), 5000, 10000);
    int64_t before = platform_wall_us(f->vm.platform) + epoch * 1000000;
    int64_t offset = platform_utc_offset(f->vm.platform);
    for (unsigned number = 240; number <= 246; number++) {
        oop argv[1] = {smallint(0)};
        if (number >= 242 && number <= 244)
            continue;
        assert_int_equal(call_number(f, number, argv, 0), PRIM_OK);
        bool local = number == 241 || number == 246;
        int64_t us = smallint_value(argv[0]) - (local ? offset * 1000000 : 0);
        assert_in_range(us, before, before + 10000000);
    }
    oop seconds[1] = {smallint(0)};
    assert_int_equal(call_number(f, 137, seconds, 0), PRIM_OK);
    assert_in_range(smallint_value(seconds[0]) - offset, before / 1000000, before / 1000000 + 10);
}

static void utc_and_offset_fill_a_given_or_new_array(void **state) {
    struct fixture *f = *state;
    oop fresh[1] = {smallint(0)};
    assert_int_equal(call_number(f, 244, fresh, 0), PRIM_OK);
    assert_int_equal(num_slots(fresh[0]), 2);
    assert_int_equal(fetch_slot(fresh[0], 1), smallint(platform_utc_offset(f->vm.platform)));
    oop array = heap_new_pointers(&f->vm.heap, 3, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    oop given[2] = {smallint(0), array};
    assert_int_equal(call_number(f, 244, given, 1), PRIM_OK);
    assert_int_equal(given[0], array);
    assert_true(is_smallint(fetch_slot(array, 0)));
    oop posix[2] = {smallint(0), array};
    assert_int_equal(call_name(f, "", "primitiveUtcWithOffset", posix, 1), PRIM_OK);
    assert_in_range(smallint_value(fetch_slot(array, 0)), INT64_C(1500000000000000),
                    INT64_C(5000000000000000));
    oop bad[2] = {smallint(0), new_string(f, "no array")};
    assert_int_equal(call_number(f, 244, bad, 1), PRIM_BAD_ARGUMENT);
    make_immutable(array);
    given[0] = smallint(0);
    assert_int_equal(call_number(f, 244, given, 1), PRIM_NO_MODIFICATION);
}

static void the_locale_has_two_letter_codes(void **state) {
    struct fixture *f = *state;
    oop argv[1] = {f->vm.heap.nil};
    assert_int_equal(call_name(f, "LocalePlugin", "primitiveLanguage", argv, 0), PRIM_OK);
    assert_int_equal(num_bytes(argv[0]), 3);
    assert_in_range(object_bytes(argv[0])[0], 'a', 'z');
    argv[0] = f->vm.heap.nil;
    assert_int_equal(call_name(f, "LocalePlugin", "primitiveDecimalSymbol", argv, 0), PRIM_OK);
    assert_memory_equal(object_bytes(argv[0]), ".", 1);
}

/* ---- The table and the counts -----------------------------------------------------------------
 */

static void primitives_are_found_by_number_and_by_name(void **state) {
    (void)state;
    assert_string_equal(prim_number_name(1), "primitiveAdd");
    assert_string_equal(prim_number_name(559), "primitiveSmallFloatExp");
    assert_null(prim_numbered(0));
    assert_null(prim_numbered(19));
    assert_null(prim_numbered(65));
    assert_null(prim_numbered(65535));
    assert_null(prim_number_name(65535));
    assert_non_null(prim_named("LargeIntegers", 13, "primDigitAdd", 12));
    assert_null(prim_named("LargeIntegers", 13, "primDigitAdd", 11));
    assert_null(prim_named("", 0, "primDigitAdd", 12));
    assert_ptr_equal(prim_named("", 0, "primitiveAddLargeIntegers", 25), prim_numbered(21));
}

static void no_number_stands_twice(void **state) {
    (void)state;
    const struct numbered_prim *const mine[] = {prims_integer, prims_integer64, prims_float,
                                                prims_strings, prims_words,     prims_misc,
                                                prims_time};
    for (size_t i = 0; i < sizeof mine / sizeof mine[0]; i++)
        for (const struct numbered_prim *p = mine[i]; p->fn; p++)
            assert_ptr_equal(prim_numbered(p->number), p->fn);
}

static void collect_text(void *arg, const char *text, size_t size) {
    strncat(arg, text, size);
}

static void counts_are_printed_the_most_frequent_first(void **state) {
    struct fixture *f = *state;
    struct prim_counts *counts = prim_counts_new(&f->vm);
    assert_non_null(counts);
    for (int i = 0; i < 3; i++)
        prim_counts_note(counts, 1, NULL, 0, NULL, 0, PRIM_CALLED);
    prim_counts_note(counts, 1, NULL, 0, NULL, 0, PRIM_CALL_FAILED);
    for (int i = 0; i < 5; i++)
        prim_counts_note(counts, 117, "SoundPlugin", 11, "primitiveBeep", 13, PRIM_MISSING);
    prim_counts_note(counts, 117, "", 0, "primitiveX", 10, PRIM_CALLED);
    for (int i = 0; i < 2; i++)
        prim_counts_note(counts, 117, "", 0, "", 0, PRIM_MISSING);
    char text[2000] = "";
    prim_counts_print(counts, collect_text, text);
    assert_string_equal(text,
                        "       calls       failed      missing number primitive\n"
                        "           5            0            5   117 SoundPlugin primitiveBeep\n"
                        "           4            1            0     1 primitiveAdd\n"
                        "           2            0            2   117 ?\n"
                        "           1            0            0   117 primitiveX\n");
    prim_counts_free(&f->vm, counts);
}

static void counting_more_names_than_there_is_room_for_sums_the_rest(void **state) {
    struct fixture *f = *state;
    struct prim_counts *counts = prim_counts_new(&f->vm);
    char name[200];
    memset(name, 'n', sizeof name);
    for (unsigned i = 0; i < 3 * PRIM_COUNT_NAMES; i++) {
        int n = snprintf(name, sizeof name, "name%u", i);
        prim_counts_note(counts, 117, "Module", 6, name, (size_t)n, PRIM_MISSING);
    }
    prim_counts_note(counts, 117, "Module", 6, name, sizeof name, PRIM_MISSING);
    prim_counts_note(counts, 60000, NULL, 0, NULL, 0, PRIM_CALLED);
    static char text[200000];
    text[0] = 0;
    prim_counts_print(counts, collect_text, text);
    assert_non_null(strstr(text, "        2050            0         2049  all others\n"));
    prim_counts_free(&f->vm, counts);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(float_arrays_compute_element_by_element),
        cmocka_unit_test(float_arrays_answer_elements_sums_and_length),
        cmocka_unit_test(sha_1_of_abc_is_that_of_the_standard),
        cmocka_unit_test(big_division_undoes_big_multiplication),
        cmocka_unit_test(a_uuid_is_random_with_version_and_variant),
        cmocka_unit_test(clocks_count_from_1901_and_from_the_start),
        cmocka_unit_test(utc_and_offset_fill_a_given_or_new_array),
        cmocka_unit_test(the_locale_has_two_letter_codes),
        cmocka_unit_test(primitives_are_found_by_number_and_by_name),
        cmocka_unit_test(no_number_stands_twice),
        cmocka_unit_test(counts_are_printed_the_most_frequent_first),
        cmocka_unit_test(counting_more_names_than_there_is_room_for_sums_the_rest),
    };
    return cmocka_run_group_tests_name("plugins", tests, setup_fixture, teardown_fixture);
}
