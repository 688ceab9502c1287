/* The scavenger: survivors, tenuring, remembered set, contexts, eden's size. */
#include "memory_fixture.h"

static void scavenging_keeps_what_roots_reach(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    f->roots[0] = new_list(f, 1000);
    oop before = f->roots[0];
    heap_scavenge(&f->heap);
    assert_int_not_equal(f->roots[0], before);
    assert_true(is_young(&f->heap, f->roots[0]));
    assert_list(f, f->roots[0], 1000);
    verify(f);
    fixture_close(f);
}

static void scavenging_drops_what_nothing_reaches(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    new_list(f, 1000);
    f->roots[0] = new_list(f, 3);
    heap_scavenge(&f->heap);
    assert_int_equal(f->heap.stats.last_scavenge_survivor_bytes, 3 * 24);
    assert_int_equal(f->heap.eden_free, f->heap.eden_base);
    fixture_close(f);
}

static void scavenging_keeps_sharing_and_cycles(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    oop shared = new_point(f, smallint(1), smallint(2));
    oop a = new_point(f, shared, f->heap.nil), b = new_point(f, shared, a);
    heap_store(&f->heap, a, 1, b);
    f->roots[0] = a;
    f->roots[1] = a;
    heap_scavenge(&f->heap);
    a = f->roots[0];
    assert_int_equal(f->roots[1], a);
    b = fetch_slot(a, 1);
    assert_int_equal(fetch_slot(b, 1), a);
    assert_int_equal(fetch_slot(a, 0), fetch_slot(b, 0));
    verify(f);
    fixture_close(f);
}

static void objects_keep_hash_format_and_bytes_when_they_move(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    f->roots[0] = heap_new_string(&f->heap, "bytes that move", 15);
    uint32_t hash = heap_identity_hash(&f->heap, f->roots[0]);
    assert_int_not_equal(hash, 0);
    for (unsigned i = 0; i < 6; i++) {
        heap_scavenge(&f->heap);
        oop s = f->roots[0];
        assert_int_equal(heap_identity_hash(&f->heap, s), hash);
        assert_int_equal(num_bytes(s), 15);
        assert_memory_equal(object_bytes(s), "bytes that move", 15);
        verify(f);
    }
    fixture_close(f);
}

static void objects_with_overflow_headers_survive(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    uint64_t sizes[] = {0, 1, 254, 255, 256, 5000};
    for (unsigned i = 0; i < 6; i++) {
        f->roots[i] = new_array(f, sizes[i]);
        for (uint64_t s = 0; s < sizes[i]; s++)
            put_slot(f->roots[i], s, smallint((int64_t)s));
    }
    for (unsigned n = 0; n < 6; n++) {
        heap_scavenge(&f->heap);
        verify(f);
    }
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(num_slots(f->roots[i]), sizes[i]);
        for (uint64_t s = 0; s < sizes[i]; s++)
            assert_int_equal(fetch_slot(f->roots[i], s), smallint((int64_t)s));
    }
    fixture_close(f);
}

static void survivors_are_tenured_at_the_age_limit(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    f->roots[0] = new_list(f, 10);
    for (unsigned i = 0; i < 3; i++) {
        heap_scavenge(&f->heap);
        assert_true(is_young(&f->heap, f->roots[0]));
    }
    heap_scavenge(&f->heap);
    assert_false(is_young(&f->heap, f->roots[0]));
    assert_int_equal(f->heap.stats.tenured_objects, 10);
    assert_int_equal(header_of(f->roots[0]) & (HDR_REMEMBERED | HDR_GREY), 0);
    assert_list(f, f->roots[0], 10);
    verify(f);
    fixture_close(f);
}

static void many_survivors_lower_the_age_limit(void **state) {
    (void)state;
    struct fixture *f =
        fixture_open_with((struct heap_config){.max_bytes = 256 * MIB, .eden_bytes = MIB});
    f->roots[0] = new_list(f, 14000); /* over half of a survivor space */
    heap_scavenge(&f->heap);
    assert_true(is_young(&f->heap, f->roots[0]));
    heap_scavenge(&f->heap);
    assert_false(is_young(&f->heap, f->roots[0]));
    assert_list(f, f->roots[0], 14000);
    verify(f);
    fixture_close(f);
}

static void survivors_that_do_not_fit_are_tenured(void **state) {
    (void)state;
    struct fixture *f =
        fixture_open_with((struct heap_config){.max_bytes = 256 * MIB, .eden_bytes = MIB});
    f->roots[0] = new_list(f, 40000); /* most of eden */
    heap_scavenge(&f->heap);
    assert_true(f->heap.stats.tenured_bytes > 256 * KIB);
    assert_list(f, f->roots[0], 40000);
    verify(f);
    fixture_close(f);
}

static void tenuring_all_empties_new_space(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    f->roots[0] = new_list(f, 100);
    heap_tenure_all(&f->heap);
    assert_int_equal(f->heap.past_free, f->heap.survivor[f->heap.past]);
    assert_false(is_young(&f->heap, f->roots[0]));
    assert_int_equal(f->heap.remembered_count, 0);
    verify(f);
    fixture_close(f);
}

static void old_objects_that_refer_to_young_ones_are_remembered(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    f->roots[0] = new_old_array(f, 4);
    heap_scavenge(&f->heap); /* forgets it: nothing young in it */
    assert_int_equal(f->heap.remembered_count, 0);
    heap_store(&f->heap, f->roots[0], 2, new_list(f, 5));
    assert_int_equal(f->heap.remembered_count, 1);
    heap_store(&f->heap, f->roots[0], 3, new_list(f, 6));
    assert_int_equal(f->heap.remembered_count, 1);
    for (unsigned i = 0; i < 6; i++) {
        heap_scavenge(&f->heap);
        verify(f);
        assert_list(f, fetch_slot(f->roots[0], 2), 5);
        assert_list(f, fetch_slot(f->roots[0], 3), 6);
    }
    assert_int_equal(f->heap.remembered_count, 0); /* tenured by now */
    fixture_close(f);
}

static void permanent_objects_are_remembered_too(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    heap_store(&f->heap, f->heap.special_objects, 40, new_list(f, 5));
    heap_scavenge(&f->heap);
    verify(f);
    assert_list(f, fetch_slot(f->heap.special_objects, 40), 5);
    assert_int_equal(f->heap.remembered_count, 1);
    heap_store(&f->heap, f->heap.special_objects, 40, f->heap.nil);
    heap_scavenge(&f->heap);
    assert_int_equal(f->heap.remembered_count, 0);
    fixture_close(f);
}

static void tenured_objects_remember_their_young_referents(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    f->roots[0] = new_point(f, smallint(1), f->heap.nil);
    for (unsigned i = 0; i < 3; i++)
        heap_scavenge(&f->heap);
    heap_store(&f->heap, f->roots[0], 1, new_list(f, 3));
    heap_scavenge(&f->heap);
    assert_false(is_young(&f->heap, f->roots[0]));
    assert_true(is_young(&f->heap, fetch_slot(f->roots[0], 1)));
    verify(f);
    heap_scavenge(&f->heap);
    assert_list(f, fetch_slot(f->roots[0], 1), 3);
    fixture_close(f);
}

static void only_the_live_slots_of_a_context_are_traced(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    oop c = heap_new_pointers(&f->heap, CONTEXT_SMALL_SLOTS, FORMAT_INDEXABLE, CLASS_INDEX_CONTEXT);
    put_slot(c, CONTEXT_STACKP, smallint(2));
    put_slot(c, CONTEXT_FIXED + 0, new_list(f, 1));
    put_slot(c, CONTEXT_FIXED + 1, new_list(f, 2));
    put_slot(c, CONTEXT_FIXED + 2, 0x5555555555555550); /* stale */
    f->roots[0] = c;
    heap_scavenge(&f->heap);
    verify(f);
    heap_full_collect(&f->heap);
    verify(f);
    c = f->roots[0];
    assert_list(f, fetch_slot(c, CONTEXT_FIXED + 1), 2);
    assert_int_equal(fetch_slot(c, CONTEXT_FIXED + 2), 0x5555555555555550);
    fixture_close(f);
}

static void literals_of_methods_are_traced_and_bytecodes_are_not(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    oop m = heap_new_bits(&f->heap, 4, FORMAT_METHOD, CLASS_INDEX_BYTE_ARRAY);
    put_slot(m, 0, smallint(2));
    put_slot(m, 1, new_list(f, 1));
    put_slot(m, 2, new_list(f, 2));
    put_slot(m, 3, 0x1230); /* bytecodes */
    f->roots[0] = m;
    for (unsigned i = 0; i < 5; i++) {
        heap_scavenge(&f->heap);
        verify(f);
    }
    heap_full_collect(&f->heap);
    verify(f);
    assert_list(f, method_literal(f->roots[0], 0), 1);
    assert_list(f, method_literal(f->roots[0], 1), 2);
    assert_int_equal(fetch_slot(f->roots[0], 3), 0x1230);
    fixture_close(f);
}

static void a_full_eden_wants_a_collection_and_overflows_to_old_space(void **state) {
    (void)state;
    struct fixture *f =
        fixture_open_with((struct heap_config){.max_bytes = 256 * MIB, .eden_bytes = 64 * KIB});
    f->roots[0] = f->heap.nil;
    while (!f->heap.collect_wanted)
        f->roots[0] = new_point(f, smallint(0), f->roots[0]);
    assert_true(is_young(&f->heap, f->roots[0]));
    while (is_young(&f->heap, f->roots[0]))
        f->roots[0] = new_point(f, smallint(0), f->roots[0]);
    verify(f);
    heap_collect(&f->heap);
    assert_false(f->heap.collect_wanted);
    verify(f);
    fixture_close(f);
}

static void large_objects_are_born_old(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    f->roots[0] = new_array(f, 20000);
    assert_false(is_young(&f->heap, f->roots[0]));
    put_slot(f->roots[0], 19999, new_list(f, 4)); /* no barrier: remembered at birth */
    heap_scavenge(&f->heap);
    verify(f);
    assert_list(f, fetch_slot(f->roots[0], 19999), 4);
    fixture_close(f);
}

static void weak_roots_follow_survivors_and_lose_the_dead(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    f->roots[0] = f->weak_root = new_list(f, 1);
    heap_scavenge(&f->heap);
    assert_int_equal(f->weak_root, f->roots[0]);
    f->roots[0] = f->heap.nil;
    heap_scavenge(&f->heap);
    assert_int_equal(f->weak_root, 0);
    fixture_close(f);
}

static void eden_grows_under_load_and_goes_back(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    for (unsigned n = 0; n < 40; n++) {
        f->roots[0] = new_list(f, 10000);
        heap_collect(&f->heap);
    }
    assert_true(f->heap.survivor_bytes * 2 > EDEN_DEFAULT_BYTES);
    verify(f);
    uint64_t large = f->heap.survivor_bytes;
    for (unsigned n = 0; n < 8; n++) {
        f->heap.work->last_scavenge_end_ns -= UINT64_C(2000000000); /* as if idle */
        f->roots[0] = f->heap.nil;
        heap_collect(&f->heap);
    }
    assert_true(f->heap.survivor_bytes < large);
    assert_int_equal(f->heap.survivor_bytes * 2, EDEN_DEFAULT_BYTES);
    verify(f);
    fixture_close(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scavenging_keeps_what_roots_reach),
        cmocka_unit_test(scavenging_drops_what_nothing_reaches),
        cmocka_unit_test(scavenging_keeps_sharing_and_cycles),
        cmocka_unit_test(objects_keep_hash_format_and_bytes_when_they_move),
        cmocka_unit_test(objects_with_overflow_headers_survive),
        cmocka_unit_test(survivors_are_tenured_at_the_age_limit),
        cmocka_unit_test(many_survivors_lower_the_age_limit),
        cmocka_unit_test(survivors_that_do_not_fit_are_tenured),
        cmocka_unit_test(tenuring_all_empties_new_space),
        cmocka_unit_test(old_objects_that_refer_to_young_ones_are_remembered),
        cmocka_unit_test(permanent_objects_are_remembered_too),
        cmocka_unit_test(tenured_objects_remember_their_young_referents),
        cmocka_unit_test(only_the_live_slots_of_a_context_are_traced),
        cmocka_unit_test(literals_of_methods_are_traced_and_bytecodes_are_not),
        cmocka_unit_test(a_full_eden_wants_a_collection_and_overflows_to_old_space),
        cmocka_unit_test(large_objects_are_born_old),
        cmocka_unit_test(weak_roots_follow_survivors_and_lose_the_dead),
        cmocka_unit_test(eden_grows_under_load_and_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
