/* Opening and adopting, instantiation, class table, hashes, enumeration, barrier. */
#include "memory_fixture.h"

static oop make_class(struct fixture *f, unsigned spec, unsigned fixed) {
    oop class = heap_new_pointers(&f->heap, 3, FORMAT_FIXED, METACLASS_INDEX);
    put_slot(class, CLASS_FORMAT, smallint((int64_t)(spec << 16 | fixed)));
    return class;
}

static oop instantiate(struct fixture *f, oop class, uint64_t n, enum heap_error expected) {
    enum heap_error error = HEAP_INAPPROPRIATE;
    oop o = heap_instantiate(&f->heap, class, n, true, HEAP_INSTANTIATE_NEW, &error);
    assert_int_equal(error, expected);
    assert_true((o != 0) == (expected == HEAP_OK));
    return o;
}

static void an_empty_heap_of_any_legal_image_size_opens(void **state) {
    (void)state;
    uint64_t sizes[] = {66 * KIB, 256 * KIB, 256 * KIB + 8, 5 * MIB + 4096};
    for (unsigned i = 0; i < 4; i++) {
        struct fixture *f = malloc(sizeof *f);
        image_begin(f, (struct heap_config){.max_bytes = 64 * MIB}, sizes[i], false);
        image_end(f);
        assert_true(f->heap.old_base >= f->heap.perm_base + sizes[i]);
        f->roots[0] = new_list(f, 100);
        heap_full_collect(&f->heap);
        verify(f);
        fixture_close(f);
    }
}

static void the_fixed_base_is_honoured_or_refused(void **state) {
    (void)state;
    struct fixture *f = malloc(sizeof *f);
    image_begin(f, (struct heap_config){.max_bytes = 64 * MIB}, 256 * KIB, true);
    image_end(f);
    assert_int_equal(f->heap.perm_base, HEAP_IMAGE_BASE);
    struct heap second;
    assert_int_equal(heap_open(&second, f->platform, NULL, NULL, 256 * KIB, true), PLATFORM_ENOMEM);
    assert_int_equal(heap_open(&second, f->platform, NULL, NULL, 256 * KIB, false), 0);
    heap_close(&second);
    heap_close(&second); /* closing twice is harmless */
    verify(f);
    fixture_close(f);
}

static void the_final_bridge_is_left_out(void **state) {
    (void)state;
    struct fixture *f = malloc(sizeof *f);
    image_begin(f, (struct heap_config){.max_bytes = 64 * MIB}, 256 * KIB, false);
    uintptr_t end = f->next;
    uint64_t *bridge = (uint64_t *)end;
    bridge[0] = (uint64_t)HDR_OVERFLOW_SLOTS << HDR_SLOTS_SHIFT;
    bridge[1] = make_header(HDR_OVERFLOW_SLOTS, FORMAT_64, CLASS_INDEX_BRIDGE);
    f->next = end + 16;
    image_end(f);
    assert_int_equal(f->heap.perm_limit, end);
    verify(f);
    fixture_close(f);
}

static void stale_hidden_roots_are_cleared(void **state) {
    (void)state;
    struct fixture *f = malloc(sizeof *f);
    image_begin(f, (struct heap_config){.max_bytes = 64 * MIB}, 256 * KIB, false);
    oop stack = image_object(f, 20, FORMAT_64, 19);
    oop hidden = object_at_start(object_end(object_at_start(object_end(f->heap.true_))));
    put_slot(hidden, CLASS_TABLE_ROOTS + 2, stack);
    image_end(f);
    assert_int_equal(fetch_slot(f->heap.hidden_roots, CLASS_TABLE_ROOTS + 2), f->heap.nil);
    fixture_close(f);
}

static void instances_have_the_shape_their_class_says(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    struct {
        unsigned spec, fixed;
        uint64_t n, slots;
        unsigned format;
    } cases[] = {
        {FORMAT_ARRAY, 0, 5, 5, 2},         {FORMAT_INDEXABLE, 2, 3, 5, 3},
        {FORMAT_WEAK, 1, 3, 4, 4},          {FORMAT_64, 0, 3, 3, 9},
        {FORMAT_32, 0, 4, 2, 10},           {FORMAT_32, 0, 5, 3, 11},
        {FORMAT_16, 0, 4, 1, 12},           {FORMAT_16, 0, 5, 2, 15},
        {FORMAT_16, 0, 7, 2, 13},           {FORMAT_BYTES, 0, 0, 0, 16},
        {FORMAT_BYTES, 0, 8, 1, 16},        {FORMAT_BYTES, 0, 9, 2, 23},
        {FORMAT_BYTES, 0, 15, 2, 17},       {FORMAT_FIXED, 3, 0, 3, 1},
        {FORMAT_EMPTY, 0, 0, 0, 0},         {FORMAT_EPHEMERON, 3, 0, 3, 5},
        {FORMAT_ARRAY, 0, 70000, 70000, 2},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        f->roots[0] = make_class(f, cases[i].spec, cases[i].fixed);
        oop o = instantiate(f, f->roots[0], cases[i].n, HEAP_OK);
        assert_int_equal(num_slots(o), cases[i].slots);
        assert_int_equal(format_of(o), cases[i].format);
        assert_int_equal(heap_class_of(&f->heap, o), f->roots[0]);
        oop fill = cases[i].spec <= FORMAT_LAST_POINTERS ? f->heap.nil : 0;
        for (uint64_t s = 0; s < cases[i].slots; s++)
            assert_int_equal(fetch_slot(o, s), fill);
    }
    verify(f);
    fixture_close(f);
}

static void what_cannot_be_instantiated_is_refused(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    struct heap *h = &f->heap;
    instantiate(f, make_class(f, FORMAT_FIXED, 2), 1, HEAP_BAD_RECEIVER);
    instantiate(f, make_class(f, FORMAT_METHOD, 0), 1, HEAP_BAD_RECEIVER);
    instantiate(f, make_class(f, FORMAT_FORWARDED, 0), 0, HEAP_BAD_RECEIVER);
    instantiate(f, class_named(f, CLASS_INDEX_FLOAT), 3, HEAP_BAD_RECEIVER);
    instantiate(f, class_named(f, CLASS_INDEX_FLOAT), 2, HEAP_OK);
    instantiate(f, class_named(f, CLASS_INDEX_ARRAY), UINT64_C(1) << 60, HEAP_NO_MEMORY);
    instantiate(f, class_named(f, CLASS_INDEX_BYTE_ARRAY), UINT64_MAX, HEAP_NO_MEMORY);
    instantiate(f, class_named(f, CLASS_INDEX_ARRAY), UINT64_C(1) << 33, HEAP_NO_MEMORY);
    instantiate(f, smallint(3), 0, HEAP_BAD_RECEIVER);
    instantiate(f, new_array(f, 2), 0, HEAP_BAD_RECEIVER);
    instantiate(f, heap_new_string(h, "not a class at all.........", 27), 0, HEAP_BAD_RECEIVER);
    enum heap_error error;
    unsigned specs[] = {FORMAT_ARRAY, FORMAT_INDEXABLE, FORMAT_WEAK, FORMAT_BYTES, FORMAT_METHOD};
    for (unsigned i = 0; i < 5; i++) {
        oop class = make_class(f, specs[i], 0);
        assert_int_equal(heap_instantiate(h, class, 0, false, HEAP_INSTANTIATE_NEW, &error), 0);
        assert_int_equal(error, HEAP_BAD_RECEIVER);
    }
    fixture_close(f);
}

static void instances_may_be_born_old_or_pinned(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    struct heap *h = &f->heap;
    enum heap_error error;
    oop class = class_named(f, CLASS_INDEX_BYTE_ARRAY);
    oop old = heap_instantiate(h, class, 10, true, HEAP_INSTANTIATE_OLD, &error);
    oop pinned = heap_instantiate(h, class, 10, true, HEAP_INSTANTIATE_PINNED, &error);
    assert_false(is_young(h, old) || is_young(h, pinned));
    assert_false(is_pinned(old));
    assert_true(is_pinned(pinned));
    verify(f);
    fixture_close(f);
}

static void clones_share_contents_but_not_identity(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    struct heap *h = &f->heap;
    oop o = new_point(f, smallint(1), new_list(f, 2));
    heap_identity_hash(h, o);
    set_header(o, header_of(o) | HDR_IMMUTABLE);
    oop c = heap_clone(h, o);
    assert_int_equal(header_hash(header_of(c)), 0);
    assert_false(is_immutable(c));
    assert_int_equal(fetch_slot(c, 1), fetch_slot(o, 1));
    f->roots[0] = heap_clone(h, new_array(f, 20000)); /* old at once */
    heap_store(h, f->roots[0], 5, new_list(f, 3));
    f->roots[1] = heap_clone(h, f->roots[0]);
    heap_scavenge(h);
    verify(f);
    assert_list(f, fetch_slot(f->roots[1], 5), 3);
    fixture_close(f);
}

static void floats_and_strings_are_made_in_their_formats(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    struct heap *h = &f->heap;
    assert_true(is_smallfloat(heap_new_float(h, 1.5)));
    oop big = heap_new_float(h, 1e300);
    assert_int_equal(class_index_of(big), CLASS_INDEX_FLOAT);
    assert_int_equal(format_of(big), FORMAT_32);
    double d;
    memcpy(&d, object_bytes(big), 8);
    assert_true(d == 1e300);
    oop s = heap_new_string(h, "seven..", 7);
    assert_int_equal(num_bytes(s), 7);
    assert_int_equal(class_index_of(s), CLASS_INDEX_BYTE_STRING);
    fixture_close(f);
}

static void hashes_are_stable_and_spread(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    static uint8_t seen[HASH_MASK + 1];
    memset(seen, 0, sizeof seen);
    unsigned distinct = 0;
    for (unsigned i = 0; i < 20000; i++) {
        oop o = new_point(f, f->heap.nil, f->heap.nil);
        uint32_t hash = heap_identity_hash(&f->heap, o);
        assert_int_not_equal(hash, 0);
        assert_true(hash <= HASH_MASK);
        assert_int_equal(heap_identity_hash(&f->heap, o), hash);
        distinct += seen[hash] == 0;
        seen[hash] = 1;
    }
    assert_true(distinct > 19900);
    fixture_close(f);
}

static void classes_get_indices_and_holes_are_used_again(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    struct heap *h = &f->heap;
    uint32_t indices[20];
    for (unsigned i = 0; i < 20; i++) {
        f->roots[i] = make_class(f, FORMAT_FIXED, 1);
        indices[i] = heap_class_index(h, f->roots[i]);
        assert_int_equal(indices[i], FIRST_FREE_INDEX + i);
        assert_int_equal(heap_class_index(h, f->roots[i]), indices[i]);
        assert_int_equal(header_hash(header_of(f->roots[i])), indices[i]);
    }
    oop instance = instantiate(f, f->roots[7], 0, HEAP_OK);
    f->roots[100] = instance;
    heap_full_collect(h);
    verify(f);
    for (unsigned i = 5; i < 10; i++)
        f->roots[i] = h->nil;
    unsigned changes = f->class_changes;
    heap_full_collect(h);
    verify(f);
    assert_true(f->class_changes > changes);
    for (unsigned i = 5; i < 10; i++) {
        bool alive = i == 7; /* held by its instance */
        assert_true((heap_class_at(h, indices[i]) != h->nil) == alive);
    }
    assert_int_equal(heap_class_of(h, f->roots[100]), heap_class_at(h, indices[7]));
    uint32_t reused[] = {indices[5], indices[6], indices[8], indices[9], FIRST_FREE_INDEX + 20};
    for (unsigned i = 0; i < 5; i++) {
        f->roots[5] = make_class(f, FORMAT_FIXED, 1);
        assert_int_equal(heap_class_index(h, f->roots[5]), reused[i]);
    }
    verify(f);
    fixture_close(f);
}

static void the_class_table_grows_by_pages(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    struct heap *h = &f->heap;
    f->roots[0] = new_old_array(f, 5000);
    for (unsigned i = 0; i < 5000; i++) {
        oop class = make_class(f, FORMAT_FIXED, i % 10);
        heap_store(h, f->roots[0], i, class);
        assert_int_equal(heap_class_index(h, class), FIRST_FREE_INDEX + i);
        if (i % 1000 == 0)
            heap_scavenge(h);
    }
    assert_int_equal(class_table_pages(h), 6);
    heap_full_collect(h);
    verify(f);
    for (unsigned i = 0; i < 5000; i++)
        assert_int_equal(heap_class_at(h, FIRST_FREE_INDEX + i), fetch_slot(f->roots[0], i));
    f->roots[0] = h->nil;
    heap_full_collect(h);
    verify(f);
    assert_int_equal(heap_class_index(h, make_class(f, FORMAT_FIXED, 1)), FIRST_FREE_INDEX);
    fixture_close(f);
}

static void what_is_no_class_gets_no_index(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    struct heap *h = &f->heap;
    assert_int_equal(heap_class_index(h, smallint(1)), 0);
    assert_int_equal(heap_class_index(h, new_array(f, 2)), 0);
    assert_int_equal(heap_class_index(h, new_array(f, 3)), 0); /* nil for a format */
    assert_int_equal(heap_class_index(h, heap_new_bytes(h, 40, CLASS_INDEX_BYTE_ARRAY)), 0);
    oop hashed = make_class(f, FORMAT_FIXED, 1);
    heap_identity_hash(h, hashed);
    uint32_t index = heap_class_index(h, hashed);
    assert_int_equal(heap_class_at(h, index), hashed);
    fixture_close(f);
}

static unsigned count_instances(struct fixture *f, oop class) {
    unsigned n = 0;
    for (oop o = heap_next_instance(&f->heap, class, 0); o != 0;
         o = heap_next_instance(&f->heap, class, o)) {
        assert_int_equal(heap_class_of(&f->heap, o), class);
        n++;
    }
    return n;
}

static void enumeration_finds_every_object_once(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    struct heap *h = &f->heap;
    f->roots[0] = new_list(f, 100);
    heap_tenure_all(h);
    f->roots[1] = new_list(f, 200);
    heap_scavenge(h);
    f->roots[2] = new_list(f, 300);
    oop point = class_named(f, POINT_INDEX);
    assert_int_equal(count_instances(f, point), 600);
    oop all = heap_all_instances(h, point);
    assert_int_equal(num_slots(all), 600);
    assert_int_equal(heap_next_object(h, 0), h->nil);
    unsigned objects = 0, arrays = 0;
    for (oop o = heap_next_object(h, 0); o != 0; o = heap_next_object(h, o)) {
        assert_true(class_index_of(o) > CLASS_INDEX_LAST_PUN);
        objects++;
        arrays += class_index_of(o) == CLASS_INDEX_ARRAY;
    }
    oop all_objects = heap_all_objects(h);
    assert_int_equal(num_slots(all_objects), objects);
    /* The answer does not contain itself, nor does it miss the one before. */
    oop all_arrays = heap_all_instances(h, class_named(f, CLASS_INDEX_ARRAY));
    assert_int_equal(num_slots(all_arrays), arrays + 1);
    f->roots[3] = all_objects;
    verify(f);
    heap_full_collect(h);
    verify(f);
    assert_int_equal(count_instances(f, class_named(f, METACLASS_INDEX)), 13);
    fixture_close(f);
}

static void enumeration_finds_old_answers_larger_than_eden(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    f->roots[0] = new_list(f, 30000);
    oop all = heap_all_instances(&f->heap, class_named(f, POINT_INDEX));
    assert_int_equal(num_slots(all), 30000);
    assert_false(is_young(&f->heap, all));
    f->roots[1] = all;
    heap_scavenge(&f->heap);
    verify(f);
    fixture_close(f);
}

static void count_object(struct heap *h, oop o, void *arg) {
    (void)h;
    uintptr_t *last = arg;
    assert_true(o > last[0]);
    last[0] = o;
    last[1]++;
}

static void live_objects_are_told_in_address_order(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    struct heap *h = &f->heap;
    f->roots[0] = new_list(f, 50);
    new_list(f, 70);
    heap_full_collect(h);
    uintptr_t seen[2] = {0, 0};
    heap_each_live_object(h, count_object, seen);
    /* nil false true, free lists, roots, 2 pages, 13 classes, an array of them, special objects,
     * list */
    assert_int_equal(seen[1], 3 + 1 + 1 + 2 + 13 + 1 + 1 + 50);
    fixture_close(f);
}

static void verification_finds_damage(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    struct heap *h = &f->heap;
    f->roots[0] = new_old_array(f, 4);
    f->roots[1] = new_list(f, 3);
    heap_scavenge(h);
    assert_int_equal(heap_verify(h, NULL, NULL), 0);
    put_slot(f->roots[0], 1, f->roots[1]); /* without the barrier */
    assert_int_not_equal(heap_verify(h, NULL, NULL), 0);
    put_slot(f->roots[0], 1, f->roots[1] + 8); /* inside an object */
    assert_int_not_equal(heap_verify(h, NULL, NULL), 0);
    put_slot(f->roots[0], 1, 7); /* no such tag */
    assert_int_not_equal(heap_verify(h, NULL, NULL), 0);
    put_slot(f->roots[0], 1, h->nil);
    assert_int_equal(heap_verify(h, NULL, NULL), 0);
    uint64_t header = header_of(f->roots[0]);
    set_header(f->roots[0], header + 700); /* no such class */
    assert_int_not_equal(heap_verify(h, NULL, NULL), 0);
    set_header(f->roots[0], header + (UINT64_C(9) << HDR_SLOTS_SHIFT)); /* too long */
    assert_int_not_equal(heap_verify(h, NULL, NULL), 0);
    set_header(f->roots[0], header);
    h->old_free_bytes += 8;
    assert_int_not_equal(heap_verify(h, NULL, NULL), 0);
    h->old_free_bytes -= 8;
    assert_int_equal(heap_verify(h, NULL, NULL), 0);
    fixture_close(f);
}

static void stress_mode_collects_and_verifies_at_every_nth_allocation(void **state) {
    (void)state;
    for (uint64_t n = 1; n <= 100; n *= 10) {
        struct fixture *f =
            fixture_open_with((struct heap_config){.max_bytes = 64 * MIB, .stress = n});
        for (int64_t i = 1; i <= 300; i++) {
            f->roots[1] =
                new_point(f, smallint(i), f->roots[1] == f->heap.nil ? f->heap.nil : f->roots[1]);
            if (f->heap.collect_wanted)
                heap_collect(&f->heap);
        }
        assert_list(f, f->roots[1], 300);
        assert_true(f->heap.stats.scavenges >= 300 / n);
        assert_true(f->heap.stats.full_collections >= 300 / n / 8);
        fixture_close(f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_heap_of_any_legal_image_size_opens),
        cmocka_unit_test(the_fixed_base_is_honoured_or_refused),
        cmocka_unit_test(the_final_bridge_is_left_out),
        cmocka_unit_test(stale_hidden_roots_are_cleared),
        cmocka_unit_test(instances_have_the_shape_their_class_says),
        cmocka_unit_test(what_cannot_be_instantiated_is_refused),
        cmocka_unit_test(instances_may_be_born_old_or_pinned),
        cmocka_unit_test(clones_share_contents_but_not_identity),
        cmocka_unit_test(floats_and_strings_are_made_in_their_formats),
        cmocka_unit_test(hashes_are_stable_and_spread),
        cmocka_unit_test(classes_get_indices_and_holes_are_used_again),
        cmocka_unit_test(the_class_table_grows_by_pages),
        cmocka_unit_test(what_is_no_class_gets_no_index),
        cmocka_unit_test(enumeration_finds_every_object_once),
        cmocka_unit_test(enumeration_finds_old_answers_larger_than_eden),
        cmocka_unit_test(live_objects_are_told_in_address_order),
        cmocka_unit_test(verification_finds_damage),
        cmocka_unit_test(stress_mode_collects_and_verifies_at_every_nth_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
