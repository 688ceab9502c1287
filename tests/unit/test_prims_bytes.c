/* Strings, arrays and raw data: 63, 64, 105, 143-145, 156, 158, 165, 166, 238,
 * 239 and MiscPrimitivePlugin. */
#include "prims_fixture.h"

#define MISC "MiscPrimitivePlugin"

static int call_args(struct fixture *f, unsigned number, oop *answer, unsigned argc, ...) {
    oop argv[8];
    va_list list;
    va_start(list, argc);
    for (unsigned i = 0; i <= argc; i++)
        argv[i] = va_arg(list, oop);
    va_end(list);
    int status = call_number(f, number, argv, argc);
    *answer = argv[0];
    return status;
}

static int misc_args(struct fixture *f, const char *name, oop *answer, unsigned argc, ...) {
    oop argv[8];
    va_list list;
    va_start(list, argc);
    for (unsigned i = 0; i <= argc; i++)
        argv[i] = va_arg(list, oop);
    va_end(list);
    int status = call_name(f, MISC, name, argv, argc);
    *answer = argv[0];
    return status;
}

static oop new_words(struct fixture *f, const uint32_t *words, uint64_t count) {
    oop o =
        heap_new_bits(&f->vm.heap, (count + 1) / 2, FORMAT_32 + (count & 1), CLASS_INDEX_BITMAP);
    memcpy(object_bytes(o), words, count * 4);
    return o;
}
static oop new_shorts(struct fixture *f, uint64_t count) {
    return heap_new_bits(&f->vm.heap, (count + 3) / 4, FORMAT_16 + (unsigned)(-count & 3),
                         CLASS_INDEX_BITMAP);
}
static oop new_array(struct fixture *f, uint64_t count) {
    return heap_new_pointers(&f->vm.heap, count, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
}
static oop new_indexable(struct fixture *f, uint64_t elements) {
    return heap_new_pointers(&f->vm.heap, 2 + elements, FORMAT_INDEXABLE, INDEXABLE_INDEX);
}

/* ---- 63, 64 --------------------------------------------------------------------- */

static void string_at_answers_characters(void **state) {
    struct fixture *f = *state;
    oop answer, string = new_string(f, "Mote");
    assert_int_equal(call_args(f, 63, &answer, 1, string, smallint(1)), PRIM_OK);
    assert_int_equal(answer, character('M'));
    assert_int_equal(call_args(f, 63, &answer, 1, string, smallint(4)), PRIM_OK);
    assert_int_equal(call_args(f, 63, &answer, 1, string, smallint(0)), PRIM_BAD_INDEX);
    assert_int_equal(call_args(f, 63, &answer, 1, string, smallint(5)), PRIM_BAD_INDEX);
    assert_int_equal(call_args(f, 63, &answer, 1, string, smallint(SMALLINT_MIN)), PRIM_BAD_INDEX);
    assert_int_equal(call_args(f, 63, &answer, 1, string, f->vm.heap.nil), PRIM_BAD_ARGUMENT);
    assert_int_equal(call_args(f, 63, &answer, 1, smallint(3), smallint(1)), PRIM_INAPPROPRIATE);
    assert_int_equal(call_args(f, 63, &answer, 1, f->vm.heap.nil, smallint(1)), PRIM_BAD_RECEIVER);
    uint32_t codes[3] = {0x10ffff, 0x7ffffff, 0x8000000};
    oop wide = new_words(f, codes, 3);
    assert_int_equal(call_args(f, 63, &answer, 1, wide, smallint(1)), PRIM_OK);
    assert_int_equal(answer, character(0x10ffff));
    assert_int_equal(call_args(f, 63, &answer, 1, wide, smallint(2)), PRIM_OK);
    assert_int_equal(call_args(f, 63, &answer, 1, wide, smallint(3)), PRIM_BAD_RECEIVER);
}

static void string_at_put_stores_characters_that_fit(void **state) {
    struct fixture *f = *state;
    oop answer, string = new_string(f, "Mote");
    assert_int_equal(call_args(f, 64, &answer, 2, string, smallint(2), character(255)), PRIM_OK);
    assert_int_equal(answer, character(255));
    assert_int_equal(object_bytes(string)[1], 255);
    assert_int_equal(call_args(f, 64, &answer, 2, string, smallint(2), character(256)),
                     PRIM_BAD_ARGUMENT);
    assert_int_equal(call_args(f, 64, &answer, 2, string, smallint(2), smallint(65)),
                     PRIM_BAD_ARGUMENT);
    assert_int_equal(call_args(f, 64, &answer, 2, string, smallint(5), character(65)),
                     PRIM_BAD_INDEX);
    make_immutable(string);
    assert_int_equal(call_args(f, 64, &answer, 2, string, smallint(1), character(65)),
                     PRIM_NO_MODIFICATION);
    uint32_t codes[1] = {0};
    oop wide = new_words(f, codes, 1);
    assert_int_equal(call_args(f, 64, &answer, 2, wide, smallint(1), character(0x10ffff)), PRIM_OK);
    assert_int_equal(object_bytes(wide)[2], 0x10);
    assert_int_equal(object_bytes(wide)[4], 0);
}

/* ---- 105 ---------------------------------------------------------------------------- */

static int replace(struct fixture *f, oop to, int64_t start, int64_t stop, oop from, int64_t at) {
    oop answer;
    int status =
        call_args(f, 105, &answer, 4, to, smallint(start), smallint(stop), from, smallint(at));
    assert_int_equal(answer, to);
    return status;
}

static void replace_copies_bytes_between_byte_objects(void **state) {
    struct fixture *f = *state;
    oop to = new_string(f, "abcdefgh"), from = new_bytes_of(f, "12345", 5);
    assert_int_equal(replace(f, to, 3, 5, from, 2), PRIM_OK);
    assert_memory_equal(object_bytes(to), "ab234fgh", 8);
    assert_int_equal(replace(f, to, 1, 0, from, 1), PRIM_OK);
    assert_int_equal(replace(f, to, 1, 0, from, 6), PRIM_OK);
    assert_int_equal(replace(f, to, 1, 0, from, 7), PRIM_BAD_INDEX);
    assert_int_equal(replace(f, to, 0, 1, from, 1), PRIM_BAD_INDEX);
    assert_int_equal(replace(f, to, 8, 9, from, 1), PRIM_BAD_INDEX);
    assert_int_equal(replace(f, to, 1, 3, from, 4), PRIM_BAD_INDEX);
    assert_int_equal(replace(f, to, 3, 1, from, 1), PRIM_BAD_INDEX);
    assert_int_equal(replace(f, to, 1, SMALLINT_MAX, from, SMALLINT_MAX), PRIM_BAD_INDEX);
    assert_memory_equal(object_bytes(to), "ab234fgh", 8);
}

static void overlapping_copies_upwards_repeat_the_first_elements(void **state) {
    struct fixture *f = *state;
    oop string = new_string(f, "abcdefgh");
    assert_int_equal(replace(f, string, 3, 8, string, 1), PRIM_OK);
    assert_memory_equal(object_bytes(string), "abababab", 8);
    string = new_string(f, "abcdefgh");
    assert_int_equal(replace(f, string, 1, 6, string, 3), PRIM_OK);
    assert_memory_equal(object_bytes(string), "cdefghgh", 8);
    oop array = new_array(f, 4);
    put_slot(array, 0, smallint(7));
    assert_int_equal(replace(f, array, 2, 4, array, 1), PRIM_OK);
    assert_int_equal(fetch_slot(array, 3), smallint(7));
}

static void replace_wants_the_same_kind_of_object(void **state) {
    struct fixture *f = *state;
    uint32_t words[4] = {1, 2, 3, 4};
    oop bytes = new_string(f, "abcd"), bitmap = new_words(f, words, 4), array = new_array(f, 4);
    assert_int_equal(replace(f, bytes, 1, 2, bitmap, 1), PRIM_INAPPROPRIATE);
    assert_int_equal(replace(f, bitmap, 1, 2, bytes, 1), PRIM_INAPPROPRIATE);
    assert_int_equal(replace(f, array, 1, 2, bytes, 1), PRIM_INAPPROPRIATE);
    assert_int_equal(replace(f, bytes, 1, 2, array, 1), PRIM_INAPPROPRIATE);
    assert_int_equal(replace(f, array, 1, 2, new_indexable(f, 4), 1), PRIM_INAPPROPRIATE);
    assert_int_equal(replace(f, bytes, 1, 2, smallint(5), 1), PRIM_BAD_ARGUMENT);
    oop method = heap_new_bits(&f->vm.heap, 4, FORMAT_METHOD, CLASS_INDEX_ARRAY);
    assert_int_equal(replace(f, method, 1, 2, method, 1), PRIM_INAPPROPRIATE);
    assert_int_equal(replace(f, bytes, 1, 2, method, 1), PRIM_INAPPROPRIATE);
    oop weak = heap_new_pointers(&f->vm.heap, 4, FORMAT_WEAK, INDEXABLE_INDEX);
    assert_int_equal(replace(f, weak, 1, 2, array, 1), PRIM_OK);
    make_immutable(bytes);
    assert_int_equal(replace(f, bytes, 1, 2, new_string(f, "xy"), 1), PRIM_NO_MODIFICATION);
    assert_int_equal(replace(f, bytes, 1, 0, new_string(f, "xy"), 1), PRIM_OK);
}

static void replace_leaves_named_slots_alone(void **state) {
    struct fixture *f = *state;
    oop to = new_indexable(f, 3), from = new_indexable(f, 3);
    for (int i = 0; i < 5; i++)
        put_slot(from, (uint64_t)i, smallint(i));
    assert_int_equal(replace(f, to, 1, 3, from, 1), PRIM_OK);
    assert_int_equal(fetch_slot(to, 0), f->vm.heap.nil);
    assert_int_equal(fetch_slot(to, 1), f->vm.heap.nil);
    assert_int_equal(fetch_slot(to, 2), smallint(2));
    assert_int_equal(fetch_slot(to, 4), smallint(4));
    assert_int_equal(replace(f, to, 1, 4, from, 1), PRIM_BAD_INDEX);
    assert_int_equal(replace(f, to, 1, 3, from, 2), PRIM_BAD_INDEX);
}

static void contexts_are_not_copied_into(void **state) {
    struct fixture *f = *state;
    oop context =
        heap_new_pointers(&f->vm.heap, CONTEXT_SMALL_SLOTS, FORMAT_INDEXABLE, CLASS_INDEX_CONTEXT);
    assert_int_equal(replace(f, context, 1, 1, context, 1), PRIM_INAPPROPRIATE);
}

static void an_old_array_that_gets_young_elements_is_remembered(void **state) {
    struct fixture *f = *state;
    struct heap *h = &f->vm.heap;
    oop old = heap_allocate_old(h, 3, FORMAT_ARRAY, CLASS_INDEX_ARRAY, false);
    for (uint64_t i = 0; i < 3; i++)
        put_slot(old, i, h->nil);
    oop young = new_array(f, 3), element = new_string(f, "young");
    put_slot(young, 2, element);
    h->remembered_count = 0;
    memset(h->remembered.bits + (old - h->remembered.base) / 64, 0, 1);
    assert_int_equal(replace(f, old, 1, 2, young, 1), PRIM_OK);
    assert_int_equal(h->remembered_count, 0);
    assert_int_equal(replace(f, old, 3, 3, young, 3), PRIM_OK);
    assert_int_equal(h->remembered_count, 1);
    assert_int_equal(h->remembered_set[0], old);
    assert_int_equal(fetch_slot(old, 2), element);
}

/* ---- 145 ---------------------------------------------------------------------------- */

static void constant_fill_fills_elements_and_not_the_padding(void **state) {
    struct fixture *f = *state;
    oop answer, bytes = heap_new_bytes(&f->vm.heap, 13, CLASS_INDEX_BYTE_ARRAY);
    assert_int_equal(call_args(f, 145, &answer, 1, bytes, smallint(0xab)), PRIM_OK);
    assert_int_equal(answer, bytes);
    for (int i = 0; i < 16; i++)
        assert_int_equal(object_bytes(bytes)[i], i < 13 ? 0xab : 0);
    assert_int_equal(call_args(f, 145, &answer, 1, bytes, smallint(256)), PRIM_BAD_ARGUMENT);
    assert_int_equal(call_args(f, 145, &answer, 1, bytes, smallint(-1)), PRIM_BAD_ARGUMENT);
    oop shorts = new_shorts(f, 3);
    assert_int_equal(call_args(f, 145, &answer, 1, shorts, smallint(0x1234)), PRIM_OK);
    assert_int_equal(fetch_slot(shorts, 0), UINT64_C(0x123412341234));
    uint32_t words[3] = {0};
    oop bitmap = new_words(f, words, 3);
    assert_int_equal(call_args(f, 145, &answer, 1, bitmap, smallint(0xfedcba98)), PRIM_OK);
    assert_int_equal(fetch_slot(bitmap, 1), UINT64_C(0xfedcba98));
    oop longs = heap_new_bits(&f->vm.heap, 2, FORMAT_64, CLASS_INDEX_BITMAP);
    oop most = prim_new_uint64(&f->vm, UINT64_MAX);
    assert_int_equal(call_args(f, 145, &answer, 1, longs, most), PRIM_OK);
    assert_int_equal(fetch_slot(longs, 1), UINT64_MAX);
    assert_int_equal(call_args(f, 145, &answer, 1, bitmap, most), PRIM_BAD_ARGUMENT);
    assert_int_equal(call_args(f, 145, &answer, 1, new_array(f, 2), smallint(1)),
                     PRIM_BAD_RECEIVER);
    make_immutable(bytes);
    assert_int_equal(call_args(f, 145, &answer, 1, bytes, smallint(1)), PRIM_NO_MODIFICATION);
}

/* ---- 143, 144, 165, 166, 238, 239 ------------------------------------------------------ */

static void short_access_is_signed(void **state) {
    struct fixture *f = *state;
    oop answer, bytes = heap_new_bytes(&f->vm.heap, 5, CLASS_INDEX_BYTE_ARRAY);
    assert_int_equal(call_args(f, 144, &answer, 2, bytes, smallint(2), smallint(-2)), PRIM_OK);
    assert_int_equal(call_args(f, 143, &answer, 1, bytes, smallint(2)), PRIM_OK);
    assert_int_equal(answer, smallint(-2));
    assert_int_equal(call_args(f, 143, &answer, 1, bytes, smallint(3)), PRIM_BAD_INDEX);
    assert_int_equal(call_args(f, 144, &answer, 2, bytes, smallint(1), smallint(32768)),
                     PRIM_BAD_ARGUMENT);
    assert_int_equal(call_args(f, 143, &answer, 1, new_array(f, 2), smallint(1)),
                     PRIM_INAPPROPRIATE);
}

static void integer_access_is_signed_by_element_size(void **state) {
    struct fixture *f = *state;
    oop answer, bytes = heap_new_bytes(&f->vm.heap, 3, CLASS_INDEX_BYTE_ARRAY);
    oop shorts = new_shorts(f, 2),
        longs = heap_new_bits(&f->vm.heap, 1, FORMAT_64, CLASS_INDEX_BITMAP);
    uint32_t words[2] = {0};
    oop bitmap = new_words(f, words, 2);
    oop objects[4] = {bytes, shorts, bitmap, longs};
    for (int i = 0; i < 4; i++) {
        int64_t lowest = i == 3 ? INT64_MIN : -(INT64_C(1) << ((8 << i) - 1));
        oop value = prim_new_int64(&f->vm, lowest);
        assert_int_equal(call_args(f, 166, &answer, 2, objects[i], smallint(1), value), PRIM_OK);
        assert_int_equal(answer, value);
        assert_int_equal(call_args(f, 165, &answer, 1, objects[i], smallint(1)), PRIM_OK);
        int64_t got;
        assert_true(prim_read_int64(answer, &got));
        assert_int_equal(got, lowest);
        if (i < 3)
            assert_int_equal(
                call_args(f, 166, &answer, 2, objects[i], smallint(1), smallint(lowest - 1)),
                PRIM_BAD_ARGUMENT);
        if (i < 3)
            assert_int_equal(
                call_args(f, 166, &answer, 2, objects[i], smallint(1), smallint(-lowest)),
                PRIM_BAD_ARGUMENT);
        assert_int_equal(call_args(f, 165, &answer, 1, objects[i], smallint(9)), PRIM_BAD_INDEX);
        make_immutable(objects[i]);
        assert_int_equal(call_args(f, 166, &answer, 2, objects[i], smallint(1), smallint(0)),
                         PRIM_NO_MODIFICATION);
    }
    assert_int_equal(call_args(f, 165, &answer, 1, smallint(1), smallint(1)), PRIM_BAD_RECEIVER);
}

static void float_elements_are_read_and_written_in_both_sizes(void **state) {
    struct fixture *f = *state;
    oop answer, longs = heap_new_bits(&f->vm.heap, 2, FORMAT_64, CLASS_INDEX_BITMAP);
    uint32_t words[3] = {0};
    oop bitmap = new_words(f, words, 3);
    assert_int_equal(call_args(f, 239, &answer, 2, longs, smallint(2), smallfloat(0.1)), PRIM_OK);
    assert_int_equal(call_args(f, 238, &answer, 1, longs, smallint(2)), PRIM_OK);
    assert_int_equal(answer, smallfloat(0.1));
    assert_int_equal(call_args(f, 239, &answer, 2, bitmap, smallint(3), smallfloat(0.1)), PRIM_OK);
    assert_int_equal(answer, smallfloat(0.1));
    assert_int_equal(call_args(f, 238, &answer, 1, bitmap, smallint(3)), PRIM_OK);
    assert_int_equal(answer, smallfloat((double)0.1f));
    assert_int_equal(call_args(f, 238, &answer, 1, bitmap, smallint(4)), PRIM_BAD_INDEX);
    assert_int_equal(call_args(f, 239, &answer, 2, bitmap, smallint(1), smallint(1)),
                     PRIM_BAD_ARGUMENT);
    assert_int_equal(call_args(f, 238, &answer, 1, new_shorts(f, 4), smallint(1)),
                     PRIM_BAD_RECEIVER);
}

/* ---- MiscPrimitivePlugin, 156, 158 ------------------------------------------------------- */

static oop identity_table(struct fixture *f) {
    uint8_t table[256];
    for (int i = 0; i < 256; i++)
        table[i] = (uint8_t)i;
    return new_bytes_of(f, table, 256);
}
static oop lower_case_table(struct fixture *f) {
    oop table = identity_table(f);
    for (int c = 'A'; c <= 'Z'; c++)
        object_bytes(table)[c] = (uint8_t)(c + 32);
    return table;
}

static int64_t compared(struct fixture *f, const char *a, const char *b, oop order) {
    oop answer;
    assert_int_equal(misc_args(f, "primitiveCompareString", &answer, 3, f->vm.heap.nil,
                               new_string(f, a), new_string(f, b), order),
                     PRIM_OK);
    return smallint_value(answer);
}

static void strings_compare_by_the_order_given(void **state) {
    struct fixture *f = *state;
    oop exact = identity_table(f), folded = lower_case_table(f), answer;
    assert_int_equal(compared(f, "abc", "abd", exact), 1);
    assert_int_equal(compared(f, "abc", "ABC", folded), 2);
    assert_int_equal(compared(f, "abc", "ABC", exact), 3);
    assert_int_equal(compared(f, "ab", "abc", exact), 1);
    assert_int_equal(compared(f, "abc", "ab", exact), 3);
    assert_int_equal(compared(f, "", "", exact), 2);
    oop two[3] = {new_string(f, "a"), new_string(f, "b"), exact}; /* the receiver compared */
    assert_int_equal(call_name(f, MISC, "primitiveCompareString", two, 2), PRIM_OK);
    assert_int_equal(two[0], smallint(1));
    assert_int_equal(misc_args(f, "primitiveCompareString", &answer, 2, new_string(f, "a"),
                               new_string(f, "a"), new_string(f, "short")),
                     PRIM_BAD_ARGUMENT);
}

static void string_hash_is_the_standard_one(void **state) {
    struct fixture *f = *state;
    oop answer;
    const char *text = "Mote: a mote boots straight on the hypervisor";
    int64_t expected = 4711;
    for (const char *c = text; *c; c++) /* as the image's own code does it */
        expected = (expected + *c) * 1664525 % (1 << 28);
    assert_int_equal(misc_args(f, "primitiveStringHash", &answer, 2, f->vm.heap.nil,
                               new_string(f, text), smallint(4711)),
                     PRIM_OK);
    assert_int_equal(answer, smallint(expected));
    assert_int_equal(
        misc_args(f, "primitiveStringHash", &answer, 1, new_string(f, ""), smallint(-1)), PRIM_OK);
    assert_int_equal(answer, smallint(0xfffffff));
}

static void searching_answers_indices_from_one_or_zero(void **state) {
    struct fixture *f = *state;
    oop answer, nil = f->vm.heap.nil, text = new_string(f, "one two Three"),
                set = identity_table(f);
    memset(object_bytes(set), 0, 256);
    object_bytes(set)['t'] = 1;
    assert_int_equal(
        misc_args(f, "primitiveFindFirstInString", &answer, 3, nil, text, set, smallint(1)),
        PRIM_OK);
    assert_int_equal(answer, smallint(5));
    misc_args(f, "primitiveFindFirstInString", &answer, 3, nil, text, set, smallint(6));
    assert_int_equal(answer, smallint(0));
    assert_int_equal(
        misc_args(f, "primitiveFindFirstInString", &answer, 3, nil, text, set, smallint(0)),
        PRIM_BAD_INDEX);
    misc_args(f, "primitiveIndexOfAsciiInString", &answer, 3, nil, smallint('t'), text,
              smallint(1));
    assert_int_equal(answer, smallint(5));
    misc_args(f, "primitiveIndexOfAsciiInString", &answer, 3, nil, smallint(300), text,
              smallint(1));
    assert_int_equal(answer, smallint(0));
    misc_args(f, "primitiveIndexOfAsciiInString", &answer, 3, nil, smallint('o'), text,
              smallint(100));
    assert_int_equal(answer, smallint(0));
    oop folded = lower_case_table(f);
    misc_args(f, "primitiveFindSubstring", &answer, 4, nil, new_string(f, "three"), text,
              smallint(1), folded);
    assert_int_equal(answer, smallint(9));
    misc_args(f, "primitiveFindSubstring", &answer, 4, nil, new_string(f, "three"), text,
              smallint(10), folded);
    assert_int_equal(answer, smallint(0));
    misc_args(f, "primitiveFindSubstring", &answer, 4, nil, new_string(f, ""), text, smallint(1),
              folded);
    assert_int_equal(answer, smallint(0));
    misc_args(f, "primitiveFindSubstring", &answer, 4, nil, new_string(f, "a longer key than it"),
              text, smallint(-5), folded);
    assert_int_equal(answer, smallint(0));
}

static void translation_changes_the_range_given(void **state) {
    struct fixture *f = *state;
    oop answer, text = new_string(f, "ABCDEF"), table = lower_case_table(f), nil = f->vm.heap.nil;
    assert_int_equal(misc_args(f, "primitiveTranslateStringWithTable", &answer, 4, nil, text,
                               smallint(2), smallint(4), table),
                     PRIM_OK);
    assert_memory_equal(object_bytes(text), "AbcdEF", 6);
    assert_int_equal(misc_args(f, "primitiveTranslateStringWithTable", &answer, 4, nil, text,
                               smallint(2), smallint(7), table),
                     PRIM_BAD_INDEX);
    make_immutable(text);
    assert_int_equal(misc_args(f, "primitiveTranslateStringWithTable", &answer, 4, nil, text,
                               smallint(2), smallint(4), table),
                     PRIM_NO_MODIFICATION);
}

static void byte_objects_compare_whatever_their_class(void **state) {
    struct fixture *f = *state;
    oop answer, a = new_string(f, "abc"), b = new_bytes_of(f, "abc", 3), c = new_string(f, "abd");
    assert_int_equal(call_args(f, 156, &answer, 1, a, b), PRIM_OK);
    assert_int_equal(answer, f->vm.heap.true_);
    assert_int_equal(call_args(f, 156, &answer, 1, a, c), PRIM_OK);
    assert_int_equal(answer, f->vm.heap.false_);
    assert_int_equal(call_args(f, 156, &answer, 1, a, smallint(1)), PRIM_BAD_ARGUMENT);
    assert_int_equal(call_args(f, 158, &answer, 1, a, c), PRIM_OK);
    assert_int_equal(answer, smallint(-1));
    assert_int_equal(call_args(f, 158, &answer, 1, new_string(f, "ab"), a), PRIM_OK);
    assert_int_equal(answer, smallint(-1));
    assert_int_equal(call_args(f, 158, &answer, 2, a, c, new_string(f, "x")), PRIM_BAD_ARGUMENT);
}

static void compressed_bitmaps_come_back_the_same(void **state) {
    struct fixture *f = *state;
    uint64_t seed = 99;
    static uint32_t words[3000];
    for (int round = 0; round < 300; round++) {
        uint64_t size = round < 20 ? (uint64_t)round : next_random(&seed) % 3000;
        for (uint64_t i = 0; i < size; i++) {
            uint64_t r = next_random(&seed);
            uint32_t fresh =
                r % 4 == 0 ? 0x01010101u * (uint32_t)(r >> 8 & 255) : (uint32_t)(r >> 8);
            words[i] = i > 0 && r % 8 > 3 ? words[i - 1] : fresh;
        }
        oop answer, bitmap = new_words(f, words, size);
        oop packed =
            heap_new_bytes(&f->vm.heap, size * 4 + 7 + size / 1984 * 3, CLASS_INDEX_BYTE_ARRAY);
        assert_int_equal(misc_args(f, "primitiveCompressToByteArray", &answer, 2, f->vm.heap.nil,
                                   bitmap, packed),
                         PRIM_OK);
        oop exact = new_bytes_of(f, object_bytes(packed), (size_t)smallint_value(answer));
        uint64_t skip = size <= 223 ? 1 : 2; /* the size itself */
        oop copy =
            heap_new_bits(&f->vm.heap, num_slots(bitmap), format_of(bitmap), CLASS_INDEX_BITMAP);
        assert_int_equal(misc_args(f, "primitiveDecompressFromByteArray", &answer, 2, copy, exact,
                                   smallint((int64_t)skip + 1)),
                         PRIM_OK);
        assert_memory_equal(object_bytes(copy), words, size * 4);
        fixture_forget(f);
    }
}

static void the_compressed_form_is_the_standard_one(void **state) {
    struct fixture *f = *state;
    const uint32_t words[] = {0x11223344, 0x55667788, 7, 7, 0x05050505};
    const uint8_t expected[] = {5,    11, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                0x88, 10, 0,    0,    0,    7,    5,    5};
    oop answer, packed = heap_new_bytes(&f->vm.heap, 27, CLASS_INDEX_BYTE_ARRAY);
    assert_int_equal(misc_args(f, "primitiveCompressToByteArray", &answer, 2, f->vm.heap.nil,
                               new_words(f, words, 5), packed),
                     PRIM_OK);
    assert_int_equal(answer, smallint(sizeof expected));
    assert_memory_equal(object_bytes(packed), expected, sizeof expected);
}

static void damaged_compressed_bitmaps_are_refused(void **state) {
    struct fixture *f = *state;
    uint64_t seed = 5;
    uint32_t words[64] = {0};
    for (int i = 0; i < 20000; i++) {
        uint8_t junk[40];
        uint64_t size = next_random(&seed) % sizeof junk;
        for (uint64_t k = 0; k < size; k++)
            junk[k] = (uint8_t)next_random(&seed);
        oop answer, bitmap = new_words(f, words, next_random(&seed) % 64);
        int status = misc_args(f, "primitiveDecompressFromByteArray", &answer, 2, bitmap,
                               new_bytes_of(f, junk, size), smallint(1));
        assert_true(status == PRIM_OK || status == PRIM_BAD_INDEX);
        fixture_forget(f);
    }
}

static void samples_become_16_bit(void **state) {
    struct fixture *f = *state;
    const uint8_t samples[] = {0, 1, 127, 128, 255};
    oop answer, from = new_bytes_of(f, samples, 5), to = new_shorts(f, 5);
    assert_int_equal(
        misc_args(f, "primitiveConvert8BitSigned", &answer, 2, f->vm.heap.nil, from, to), PRIM_OK);
    const int16_t expected[] = {0, 256, 127 * 256, -128 * 256, -256};
    assert_memory_equal(object_bytes(to), expected, sizeof expected);
    assert_int_equal(misc_args(f, "primitiveConvert8BitSigned", &answer, 2, f->vm.heap.nil, from,
                               new_shorts(f, 4)),
                     PRIM_BAD_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(string_at_answers_characters),
        cmocka_unit_test(string_at_put_stores_characters_that_fit),
        cmocka_unit_test(replace_copies_bytes_between_byte_objects),
        cmocka_unit_test(overlapping_copies_upwards_repeat_the_first_elements),
        cmocka_unit_test(replace_wants_the_same_kind_of_object),
        cmocka_unit_test(replace_leaves_named_slots_alone),
        cmocka_unit_test(contexts_are_not_copied_into),
        cmocka_unit_test(an_old_array_that_gets_young_elements_is_remembered),
        cmocka_unit_test(constant_fill_fills_elements_and_not_the_padding),
        cmocka_unit_test(short_access_is_signed),
        cmocka_unit_test(integer_access_is_signed_by_element_size),
        cmocka_unit_test(float_elements_are_read_and_written_in_both_sizes),
        cmocka_unit_test(strings_compare_by_the_order_given),
        cmocka_unit_test(string_hash_is_the_standard_one),
        cmocka_unit_test(searching_answers_indices_from_one_or_zero),
        cmocka_unit_test(translation_changes_the_range_given),
        cmocka_unit_test(byte_objects_compare_whatever_their_class),
        cmocka_unit_test(compressed_bitmaps_come_back_the_same),
        cmocka_unit_test(the_compressed_form_is_the_standard_one),
        cmocka_unit_test(damaged_compressed_bitmaps_are_refused),
        cmocka_unit_test(samples_become_16_bit),
    };
    return cmocka_run_group_tests_name("bytes and strings", tests, setup_fixture, teardown_fixture);
}
