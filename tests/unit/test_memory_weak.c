/* Weak objects, ephemerons and the queue of mourners, in both collectors. */
#include "memory_fixture.h"

typedef void collector(struct heap *h);

static collector *const collectors[] = {heap_scavenge, heap_tenure_all, heap_full_collect};

/* A weak object, new or old, with a strong slot, a live and a dead element. */
static oop weak_with_elements(struct fixture *f, bool old) {
    oop weak = new_weak(f, 3);
    f->roots[0] = weak;
    if (old) {
        heap_tenure_all(&f->heap);
        weak = f->roots[0];
    }
    f->roots[1] = new_list(f, 2);
    heap_store(&f->heap, weak, 0, new_list(f, 1));
    heap_store(&f->heap, weak, 1, f->roots[1]);
    heap_store(&f->heap, weak, 2, new_list(f, 3));
    heap_store(&f->heap, weak, 3, smallint(7));
    return weak;
}

static void check_weak(struct fixture *f) {
    oop weak = f->roots[0];
    assert_list(f, fetch_slot(weak, 0), 1);
    assert_int_equal(fetch_slot(weak, 1), f->roots[1]);
    assert_int_equal(fetch_slot(weak, 2), f->heap.nil);
    assert_int_equal(fetch_slot(weak, 3), smallint(7));
    verify(f);
}

static void weak_slots_lose_the_dead_and_keep_the_living(void **state) {
    (void)state;
    for (unsigned c = 0; c < 3; c++) {
        for (unsigned old = 0; old < 2; old++) {
            struct fixture *f = fixture_open();
            weak_with_elements(f, old != 0);
            collectors[c](&f->heap);
            check_weak(f);
            assert_int_equal(f->finalizations, 1);
            assert_int_equal(heap_next_mourner(&f->heap), 0);
            collectors[c](&f->heap);
            check_weak(f);
            assert_int_equal(f->finalizations, 1);
            fixture_close(f);
        }
    }
}

static void weak_objects_mourn_once_with_new_finalization(void **state) {
    (void)state;
    for (unsigned c = 0; c < 3; c++) {
        for (unsigned old = 0; old < 2; old++) {
            struct fixture *f = fixture_open();
            f->heap.new_finalization = true;
            weak_with_elements(f, old != 0);
            collectors[c](&f->heap);
            heap_store(&f->heap, f->roots[0], 2, new_list(f, 3));
            collectors[c](&f->heap); /* loses another element, waits already */
            assert_int_equal(f->finalizations, 2);
            assert_int_equal(heap_next_mourner(&f->heap), f->roots[0]);
            assert_int_equal(heap_next_mourner(&f->heap), 0);
            check_weak(f);
            fixture_close(f);
        }
    }
}

static void old_elements_die_only_in_a_full_collection(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    f->roots[0] = new_weak(f, 1);
    f->roots[1] = new_list(f, 3);
    heap_store(&f->heap, f->roots[0], 1, f->roots[1]);
    heap_tenure_all(&f->heap);
    f->roots[1] = f->heap.nil;
    heap_scavenge(&f->heap);
    assert_list(f, fetch_slot(f->roots[0], 1), 3);
    heap_full_collect(&f->heap);
    assert_int_equal(fetch_slot(f->roots[0], 1), f->heap.nil);
    verify(f);
    fixture_close(f);
}

static void weak_slots_follow_forwarders(void **state) {
    (void)state;
    for (unsigned c = 0; c < 3; c++) {
        struct fixture *f = fixture_open();
        f->roots[0] = new_weak(f, 2);
        f->roots[1] = new_array(f, 1);
        f->roots[2] = new_array(f, 1);
        f->roots[3] = new_list(f, 2);
        f->roots[4] = new_list(f, 3);
        heap_store(&f->heap, f->roots[0], 1, f->roots[3]);
        heap_store(&f->heap, f->roots[1], 0, f->roots[3]);
        heap_store(&f->heap, f->roots[2], 0, f->roots[4]);
        assert_int_equal(heap_become(&f->heap, f->roots[1], f->roots[2], false, true), HEAP_OK);
        collectors[c](&f->heap);
        assert_int_equal(follow(fetch_slot(f->roots[0], 1)), f->roots[4]);
        assert_list(f, f->roots[4], 3);
        verify(f);
        fixture_close(f);
    }
}

static void an_ephemeron_with_a_live_key_holds_its_value(void **state) {
    (void)state;
    for (unsigned c = 0; c < 3; c++) {
        struct fixture *f = fixture_open();
        f->roots[0] = new_list(f, 2);
        f->roots[1] = new_ephemeron(f, f->roots[0], new_list(f, 5));
        for (unsigned n = 0; n < 5; n++) {
            collectors[c](&f->heap);
            verify(f);
            assert_int_equal(format_of(f->roots[1]), FORMAT_EPHEMERON);
            assert_int_equal(fetch_slot(f->roots[1], 0), f->roots[0]);
            assert_list(f, fetch_slot(f->roots[1], 1), 5);
        }
        assert_int_equal(heap_next_mourner(&f->heap), 0);
        assert_int_equal(f->finalizations, 0);
        fixture_close(f);
    }
}

static void an_ephemeron_fires_when_only_it_reaches_its_key(void **state) {
    (void)state;
    for (unsigned c = 0; c < 3; c++) {
        for (unsigned old = 0; old < 2; old++) {
            struct fixture *f = fixture_open();
            oop key = new_list(f, 2);
            f->roots[0] = new_ephemeron(f, f->heap.nil, f->heap.nil);
            if (old) {
                f->roots[1] = key;
                heap_tenure_all(&f->heap);
                f->roots[1] = f->heap.nil;
                key = new_list(f, 2);
            }
            heap_store(&f->heap, f->roots[0], 0, key);
            heap_store(&f->heap, f->roots[0], 1, key); /* its own value does not count */
            collectors[c](&f->heap);
            verify(f);
            assert_int_equal(f->finalizations, 1);
            assert_int_equal(format_of(f->roots[0]), FORMAT_FIXED);
            assert_list(f, fetch_slot(f->roots[0], 0), 2);
            assert_int_equal(fetch_slot(f->roots[0], 1), fetch_slot(f->roots[0], 0));
            assert_int_equal(heap_next_mourner(&f->heap), f->roots[0]);
            assert_int_equal(heap_next_mourner(&f->heap), 0);
            fixture_close(f);
        }
    }
}

static void chained_ephemerons_fire_or_hold_together(void **state) {
    (void)state;
    for (unsigned c = 0; c < 3; c++) {
        /* Each value is the next key: a live first key holds all. */
        struct fixture *f = fixture_open();
        oop array = new_array(f, 10), key = new_list(f, 1);
        f->roots[0] = array;
        f->roots[1] = key;
        for (unsigned i = 0; i < 10; i++) {
            oop next = new_list(f, 2);
            heap_store(&f->heap, array, 9 - i, new_ephemeron(f, key, next));
            key = next;
        }
        collectors[c](&f->heap);
        assert_int_equal(f->finalizations, 0);
        verify(f);
        f->roots[1] = f->heap.nil;
        heap_full_collect(&f->heap);
        verify(f);
        /* All are reachable without the keys, none of which is: all fire. */
        unsigned fired = 0;
        while (heap_next_mourner(&f->heap) != 0)
            fired++;
        assert_int_equal(fired, 10);
        fixture_close(f);
    }
}

static void an_unreachable_ephemeron_does_not_fire(void **state) {
    (void)state;
    for (unsigned c = 0; c < 3; c++) {
        struct fixture *f = fixture_open();
        new_ephemeron(f, new_list(f, 1), new_list(f, 2));
        collectors[c](&f->heap);
        assert_int_equal(heap_next_mourner(&f->heap), 0);
        verify(f);
        fixture_close(f);
    }
}

static void ephemerons_with_immediate_or_permanent_keys_hold(void **state) {
    (void)state;
    for (unsigned c = 0; c < 3; c++) {
        struct fixture *f = fixture_open();
        f->roots[0] = new_ephemeron(f, smallint(3), new_list(f, 2));
        f->roots[1] = new_ephemeron(f, f->heap.true_, new_list(f, 3));
        collectors[c](&f->heap);
        assert_list(f, fetch_slot(f->roots[0], 1), 2);
        assert_list(f, fetch_slot(f->roots[1], 1), 3);
        assert_int_equal(f->finalizations, 0);
        verify(f);
        fixture_close(f);
    }
}

static void mourners_survive_until_they_are_fetched(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    for (unsigned i = 0; i < 100; i++)
        f->roots[i] = new_ephemeron(f, new_list(f, 1), smallint(i));
    heap_scavenge(&f->heap);
    for (unsigned i = 0; i < 100; i++)
        f->roots[i] = f->heap.nil;
    heap_scavenge(&f->heap);
    heap_full_collect(&f->heap);
    verify(f);
    uint64_t sum = 0;
    for (unsigned i = 0; i < 100; i++) {
        oop e = heap_next_mourner(&f->heap);
        assert_int_not_equal(e, 0);
        assert_list(f, fetch_slot(e, 0), 1);
        sum += (uint64_t)smallint_value(fetch_slot(e, 1));
    }
    assert_int_equal(sum, 99 * 100 / 2);
    assert_int_equal(heap_next_mourner(&f->heap), 0);
    fixture_close(f);
}

static void the_queue_of_mourners_is_first_in_first_out(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    for (int64_t i = 0; i < 3000; i++) {
        mourner_queue(&f->heap, smallint(i));
        mourner_queue(&f->heap, smallint(i));
        assert_int_equal(heap_next_mourner(&f->heap), smallint(i / 2));
    }
    fixture_close(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weak_slots_lose_the_dead_and_keep_the_living),
        cmocka_unit_test(weak_objects_mourn_once_with_new_finalization),
        cmocka_unit_test(old_elements_die_only_in_a_full_collection),
        cmocka_unit_test(weak_slots_follow_forwarders),
        cmocka_unit_test(an_ephemeron_with_a_live_key_holds_its_value),
        cmocka_unit_test(an_ephemeron_fires_when_only_it_reaches_its_key),
        cmocka_unit_test(chained_ephemerons_fire_or_hold_together),
        cmocka_unit_test(an_unreachable_ephemeron_does_not_fire),
        cmocka_unit_test(ephemerons_with_immediate_or_permanent_keys_hold),
        cmocka_unit_test(mourners_survive_until_they_are_fetched),
        cmocka_unit_test(the_queue_of_mourners_is_first_in_first_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
