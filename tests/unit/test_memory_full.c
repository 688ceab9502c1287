/* The full collector: mark, sweep, compaction, giving back, limits. */
#include "memory_fixture.h"

static void a_full_collection_frees_and_memory_is_used_again(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    f->roots[0] = new_list(f, 5000);
    f->roots[1] = new_list(f, 20000);
    heap_tenure_all(&f->heap);
    uint64_t used = f->heap.old_used_bytes;
    f->roots[1] = f->heap.nil;
    heap_full_collect(&f->heap);
    verify(f);
    assert_int_equal(f->heap.old_used_bytes, used - 20000 * 24);
    assert_list(f, f->roots[0], 5000);
    uint64_t grown = f->heap.stats.grown_bytes;
    for (unsigned i = 0; i < 20; i++) {
        f->roots[1] = new_list(f, 20000);
        heap_tenure_all(&f->heap);
        f->roots[1] = f->heap.nil;
        heap_full_collect(&f->heap);
        verify(f);
    }
    assert_int_equal(f->heap.stats.grown_bytes, grown);
    fixture_close(f);
}

static void holes_of_every_size_are_used_again(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    oop keep = new_array(f, 3000);
    f->roots[0] = keep;
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 3000; i++) {
            new_old_array(f, (i * 7 + round) % 300);
            heap_store(&f->heap, f->roots[0], i, new_old_array(f, (i + round) % 90));
        }
        verify(f);
        heap_full_collect(&f->heap);
        verify(f);
        for (unsigned i = 0; i < 3000; i++)
            assert_int_equal(num_slots(fetch_slot(f->roots[0], i)), (i + round) % 90);
    }
    fixture_close(f);
}

static uint64_t resident_bytes(uintptr_t from, uintptr_t to) {
    FILE *smaps = fopen("/proc/self/smaps", "r");
    assert_non_null(smaps);
    char line[512];
    uint64_t sum = 0;
    bool inside = false;
    while (fgets(line, sizeof line, smaps) != NULL) {
        unsigned long start, end, kb;
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
            inside = start >= from && end <= to;
        else if (inside && sscanf(line, "Rss: %lu kB", &kb) == 1)
            sum += kb * 1024;
    }
    fclose(smaps);
    return sum;
}

static void large_dead_objects_go_back_to_the_platform(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    struct heap *h = &f->heap;
    for (unsigned asked = 0; asked < 2; asked++) {
        oop bytes = heap_new_bytes(h, 32 * MIB, CLASS_INDEX_BYTE_ARRAY);
        assert_int_not_equal(bytes, 0);
        f->roots[0] = new_list(f, 10); /* tenured behind it, in the same segment */
        memset(object_bytes(bytes), 1, 32 * MIB);
        if (asked) {
            heap_full_collect(h);
        } else {
            assert_true(h->collect_wanted);
            heap_collect(h);
        }
        verify(f);
        assert_true(resident_bytes(h->window, h->window + h->window_bytes) < 4 * MIB);
    }
    fixture_close(f);
}

static void resident_memory_falls_after_a_full_collection(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    struct heap *h = &f->heap;
    for (unsigned i = 0; i < 400; i++) {
        f->roots[i] = heap_new_bytes(h, 60000, CLASS_INDEX_BYTE_ARRAY);
        memset(object_bytes(f->roots[i]), 1, 60000);
        if (h->collect_wanted)
            heap_collect(h);
    }
    uint64_t before = resident_bytes(h->window, h->window + h->window_bytes);
    for (unsigned i = 0; i < 400; i++)
        f->roots[i] = h->nil;
    heap_full_collect(h);
    verify(f);
    uint64_t after = resident_bytes(h->window, h->window + h->window_bytes);
    assert_true(before > 24000000);
    assert_true(after < 2 * MIB);
    fixture_close(f);
}

/* Fill old space with small objects and let one in `keep_every` live. */
static void fragment(struct fixture *f, unsigned n, unsigned keep_every) {
    f->roots[0] = new_old_array(f, n / keep_every);
    for (unsigned i = 0; i < n; i++) {
        oop o = new_old_array(f, 10);
        put_slot(o, 0, smallint(i));
        if (i % keep_every == 0)
            heap_store(&f->heap, f->roots[0], i / keep_every, o);
        if (i % keep_every == 0 && i > 0) /* references between them */
            heap_store(&f->heap, o, 1, fetch_slot(f->roots[0], i / keep_every - 1));
    }
}

static void check_fragmented(struct fixture *f, unsigned n, unsigned keep_every) {
    for (unsigned i = 0; i < n; i += keep_every) {
        oop o = fetch_slot(f->roots[0], i / keep_every);
        assert_int_equal(fetch_slot(o, 0), smallint(i));
        if (i > 0)
            assert_int_equal(fetch_slot(o, 1), fetch_slot(f->roots[0], i / keep_every - 1));
    }
}

static void compaction_moves_objects_and_frees_their_segments(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    fragment(f, 200000, 20);
    uint64_t total = f->heap.old_used_bytes + f->heap.old_free_bytes;
    oop last = fetch_slot(f->roots[0], 9999);
    f->weak_root = last;
    uint32_t hash = heap_identity_hash(&f->heap, last);
    heap_full_collect(&f->heap);
    verify(f);
    assert_int_equal(f->heap.stats.compactions, 1);
    assert_true(f->heap.old_used_bytes + f->heap.old_free_bytes < total / 4);
    check_fragmented(f, 200000, 20);
    assert_int_equal(f->weak_root, fetch_slot(f->roots[0], 9999));
    assert_int_equal(heap_identity_hash(&f->heap, f->weak_root), hash);
    assert_false(f->heap.forwarders_exist);
    heap_full_collect(&f->heap);
    verify(f);
    check_fragmented(f, 200000, 20);
    fixture_close(f);
}

static void pinned_objects_stay_where_they_are(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    fragment(f, 200000, 20);
    oop pinned[5];
    for (unsigned i = 0; i < 5; i++) {
        pinned[i] = heap_pin(&f->heap, fetch_slot(f->roots[0], i * 2000));
        assert_int_equal(pinned[i], fetch_slot(f->roots[0], i * 2000));
    }
    for (unsigned n = 0; n < 3; n++) {
        heap_full_collect(&f->heap);
        verify(f);
        for (unsigned i = 0; i < 5; i++)
            assert_int_equal(pinned[i], fetch_slot(f->roots[0], i * 2000));
        check_fragmented(f, 200000, 20);
    }
    assert_true(f->heap.stats.compactions > 0);
    fixture_close(f);
}

static void the_mark_stack_survives_exhaustion(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    f->roots[0] = new_list(f, 30000); /* deep */
    oop wide = new_array(f, 5000);
    f->roots[1] = wide;
    for (unsigned i = 0; i < 5000; i++)
        heap_store(&f->heap, wide, i, new_list(f, 3));
    f->roots[2] = new_ephemeron(f, fetch_slot(wide, 7), new_list(f, 4));
    f->heap.work->mark_limit = 16;
    heap_full_collect(&f->heap);
    verify(f);
    assert_list(f, f->roots[0], 30000);
    for (unsigned i = 0; i < 5000; i++)
        assert_list(f, fetch_slot(f->roots[1], i), 3);
    assert_list(f, fetch_slot(f->roots[2], 1), 4);
    fixture_close(f);
}

static void forwarders_are_followed_and_freed(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    f->roots[0] = new_array(f, 1);
    f->roots[1] = new_array(f, 1);
    f->roots[2] = new_old_array(f, 1);
    heap_store(&f->heap, f->roots[0], 0, new_old_array(f, 3));
    heap_store(&f->heap, f->roots[1], 0, new_list(f, 3));
    heap_store(&f->heap, f->roots[2], 0, fetch_slot(f->roots[0], 0));
    heap_store(&f->heap, f->heap.special_objects, 41, fetch_slot(f->roots[0], 0));
    assert_int_equal(heap_become(&f->heap, f->roots[0], f->roots[1], false, true), HEAP_OK);
    assert_true(is_forwarder(fetch_slot(f->roots[2], 0)));
    assert_true(f->heap.forwarders_exist);
    heap_full_collect(&f->heap);
    assert_false(f->heap.forwarders_exist);
    assert_false(is_forwarder(fetch_slot(f->roots[2], 0)));
    assert_list(f, fetch_slot(f->roots[2], 0), 3);
    verify(f); /* finds no forwarder any more */
    fixture_close(f);
}

static void automatic_collections_keep_old_space_bounded(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    for (unsigned i = 0; i < 20000; i++) {
        new_old_array(f, 500);
        if (f->heap.collect_wanted)
            heap_collect(&f->heap);
    }
    assert_true(f->heap.stats.full_collections >= 2);
    assert_true(f->heap.old_used_bytes + f->heap.old_free_bytes < 32 * MIB);
    verify(f);
    fixture_close(f);
}

static void an_exhausted_heap_says_low_space_and_refuses(void **state) {
    (void)state;
    struct fixture *f = fixture_open_with((struct heap_config){.max_bytes = 16 * MIB});
    struct heap *h = &f->heap;
    h->low_space_threshold = 2 * MIB;
    bool refused = false, warned = false;
    for (unsigned i = 0; i < 2000000 && !refused; i++) {
        oop o = heap_new_pointers(h, 2, FORMAT_FIXED, POINT_INDEX);
        if (o == 0) {
            heap_collect(h);
            o = heap_new_pointers(h, 2, FORMAT_FIXED, POINT_INDEX);
        }
        if (o == 0) {
            refused = true;
        } else {
            put_slot(o, 1, f->roots[0]);
            f->roots[0] = o;
        }
        if (h->collect_wanted)
            heap_collect(h);
        if (h->low_space && !warned) {
            warned = true;
            assert_false(refused);
            /* Ahead of the threshold by what a scavenge may tenure, and room to react. */
            uint64_t reserve = 2 * (h->eden_limit - h->eden_base) + h->max_bytes / 16;
            assert_true(heap_bytes_left(h) < 2 * MIB + reserve);
        }
    }
    assert_true(warned);
    assert_true(refused);
    verify(f);
    assert_true(h->old_used_bytes + 2 * h->survivor_bytes < 17 * MIB);
    f->roots[0] = h->nil;
    heap_collect(h);
    heap_full_collect(h);
    assert_true(heap_bytes_left(h) > 12 * MIB);
    assert_int_not_equal(heap_new_bytes(h, 4 * MIB, CLASS_INDEX_BYTE_ARRAY), 0);
    verify(f);
    fixture_close(f);
}

static void objects_beyond_the_limit_are_refused(void **state) {
    (void)state;
    struct fixture *f = fixture_open_with((struct heap_config){.max_bytes = 16 * MIB});
    assert_int_equal(heap_new_bytes(&f->heap, 64 * MIB, CLASS_INDEX_BYTE_ARRAY), 0);
    assert_int_equal(heap_new_pointers(&f->heap, UINT64_MAX / 8, 2, CLASS_INDEX_ARRAY), 0);
    assert_int_equal(heap_new_bytes(&f->heap, UINT64_MAX - 3, CLASS_INDEX_BYTE_ARRAY), 0);
    assert_false(heap_grow(&f->heap, 64 * MIB));
    assert_true(heap_grow(&f->heap, 2 * MIB));
    verify(f);
    fixture_close(f);
}

/* Old space cannot grow from here on. */
static void close_window(struct fixture *f) {
    f->heap.old_end_of_window = f->heap.old_limit;
}

static void survivors_stay_young_when_old_space_is_full(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    close_window(f);
    f->roots[0] = new_list(f, 1000);
    for (unsigned i = 0; i < 8; i++) {
        heap_scavenge(&f->heap);
        verify(f);
        assert_true(is_young(&f->heap, f->roots[0]));
        assert_list(f, f->roots[0], 1000);
    }
    fixture_close(f);
}

static void exhaustion_in_a_collection_is_told_to_the_owner(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    close_window(f);
    f->expect_exhausted = true;
    f->roots[0] = new_list(f, 30000); /* more than a survivor space holds */
    if (setjmp(f->exhausted) == 0) {
        heap_scavenge(&f->heap);
        fail_msg("the scavenge cannot have succeeded");
    }
    fixture_close(f);
}

static void two_heaps_live_in_one_process(void **state) {
    (void)state;
    struct fixture *a = fixture_open(), *b = fixture_open();
    a->roots[0] = new_list(a, 1000);
    b->roots[0] = new_list(b, 500);
    for (unsigned i = 0; i < 5; i++) {
        heap_scavenge(&a->heap);
        heap_full_collect(&b->heap);
    }
    verify(a);
    verify(b);
    assert_list(a, a->roots[0], 1000);
    fixture_close(a);
    assert_list(b, b->roots[0], 500);
    fixture_close(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_collection_frees_and_memory_is_used_again),
        cmocka_unit_test(holes_of_every_size_are_used_again),
        cmocka_unit_test(large_dead_objects_go_back_to_the_platform),
        cmocka_unit_test(resident_memory_falls_after_a_full_collection),
        cmocka_unit_test(compaction_moves_objects_and_frees_their_segments),
        cmocka_unit_test(pinned_objects_stay_where_they_are),
        cmocka_unit_test(the_mark_stack_survives_exhaustion),
        cmocka_unit_test(forwarders_are_followed_and_freed),
        cmocka_unit_test(automatic_collections_keep_old_space_bounded),
        cmocka_unit_test(an_exhausted_heap_says_low_space_and_refuses),
        cmocka_unit_test(objects_beyond_the_limit_are_refused),
        cmocka_unit_test(survivors_stay_young_when_old_space_is_full),
        cmocka_unit_test(exhaustion_in_a_collection_is_told_to_the_owner),
        cmocka_unit_test(two_heaps_live_in_one_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
