/* become in all variants, pinning. Each runs with young, old and permanent objects. */
#include "memory_fixture.h"

enum place { YOUNG, OLD, PERMANENT, PLACES };

/* Two permanent arrays of the given sizes, then all classes as usual. */
static struct fixture *fixture_with_permanent(uint64_t size1, uint64_t size2, oop out[2]) {
    struct fixture *f = malloc(sizeof *f);
    image_begin(f, (struct heap_config){.max_bytes = 256 * MIB}, 256 * KIB, false);
    out[0] = image_object(f, size1, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    out[1] = image_object(f, size2, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    image_end(f);
    return f;
}

static oop array_in(struct fixture *f, enum place place, uint64_t size, oop permanent) {
    if (place == PERMANENT)
        return permanent;
    return place == OLD ? new_old_array(f, size) : new_array(f, size);
}

struct pair {
    struct fixture *f;
    enum place place_a, place_b;
};

/* roots 0 and 1: arrays a and b with a list of 1 and 2 in slot 0; 2 and 3: objects that
 * refer to them, old; 4 and 5: arguments. */
static struct fixture *pair_open(enum place pa, enum place pb, uint64_t size_a, uint64_t size_b) {
    oop permanent[2];
    struct fixture *f = fixture_with_permanent(size_a, size_b, permanent);
    f->roots[0] = array_in(f, pa, size_a, permanent[0]);
    f->roots[1] = array_in(f, pb, size_b, permanent[1]);
    for (unsigned i = 0; i < 2; i++) {
        heap_store(&f->heap, f->roots[i], 0, new_list(f, 1 + i));
        f->roots[2 + i] = new_old_array(f, 1);
        heap_store(&f->heap, f->roots[2 + i], 0, f->roots[i]);
        f->roots[4 + i] = new_array(f, 1);
        heap_store(&f->heap, f->roots[4 + i], 0, f->roots[i]);
        heap_store(&f->heap, f->heap.special_objects, 50 + i, f->roots[i]);
        heap_identity_hash(&f->heap, f->roots[i]);
    }
    return f;
}

static void assert_content(struct fixture *f, oop o, uint64_t size, int64_t list) {
    o = follow(o);
    assert_int_equal(class_index_of(o), CLASS_INDEX_ARRAY);
    assert_int_equal(num_slots(o), size);
    assert_list(f, fetch_slot(o, 0), list);
}

static void no_forwarders_in_roots(struct fixture *f) {
    for (unsigned i = 0; i < 6; i++)
        assert_false(is_forwarder(f->roots[i]));
    for (unsigned i = 0; i < 60; i++)
        assert_false(is_forwarder(fetch_slot(f->heap.special_objects, i)));
}

static void check_two_way(uint64_t size_a, uint64_t size_b, bool copy_hash) {
    for (unsigned p = 0; p < PLACES * PLACES; p++) {
        struct fixture *f = pair_open(p % PLACES, p / PLACES, size_a, size_b);
        struct heap *h = &f->heap;
        uint32_t hash_a = header_hash(header_of(f->roots[0]));
        uint32_t hash_b = header_hash(header_of(f->roots[1]));
        assert_int_equal(heap_become(h, f->roots[4], f->roots[5], true, copy_hash), HEAP_OK);
        no_forwarders_in_roots(f);
        verify(f);
        for (unsigned n = 0; n < 4; n++) {
            assert_content(f, f->roots[0], size_b, 2);
            assert_content(f, f->roots[1], size_a, 1);
            assert_content(f, fetch_slot(f->roots[2], 0), size_b, 2);
            assert_content(f, fetch_slot(f->roots[3], 0), size_a, 1);
            assert_content(f, fetch_slot(h->special_objects, 50), size_b, 2);
            assert_content(f, fetch_slot(f->roots[4], 0), size_b, 2);
            assert_int_equal(follow(fetch_slot(f->roots[2], 0)), f->roots[0]);
            assert_int_equal(heap_identity_hash(h, f->roots[0]), copy_hash ? hash_b : hash_a);
            assert_int_equal(heap_identity_hash(h, f->roots[1]), copy_hash ? hash_a : hash_b);
            (n % 2 == 0 ? heap_scavenge : heap_full_collect)(h);
            verify(f);
        }
        assert_true(f->class_changes > 0);
        fixture_close(f);
    }
}

static void two_way_become_of_equal_sizes_swaps_in_place(void **state) {
    (void)state;
    check_two_way(3, 3, false);
    check_two_way(300, 300, true);
}

static void two_way_become_of_unequal_sizes_forwards_to_copies(void **state) {
    (void)state;
    check_two_way(3, 4, false);
    check_two_way(2, 500, true);
    check_two_way(254, 255, false);
}

static void one_way_become_forwards(void **state) {
    (void)state;
    for (unsigned p = 0; p < PLACES * PLACES * 2; p++) {
        bool copy_hash = p % 2 != 0;
        struct fixture *f = pair_open(p / 2 % PLACES, p / 2 / PLACES, 3, 5);
        struct heap *h = &f->heap;
        uint32_t hash_a = header_hash(header_of(f->roots[0]));
        uint32_t hash_b = header_hash(header_of(f->roots[1]));
        assert_int_equal(heap_become(h, f->roots[4], f->roots[5], false, copy_hash), HEAP_OK);
        no_forwarders_in_roots(f);
        verify(f);
        for (unsigned n = 0; n < 4; n++) {
            assert_int_equal(f->roots[0], f->roots[1]);
            assert_content(f, f->roots[0], 5, 2);
            assert_int_equal(follow(fetch_slot(f->roots[2], 0)), f->roots[1]);
            assert_int_equal(follow(fetch_slot(f->roots[3], 0)), f->roots[1]);
            assert_int_equal(heap_identity_hash(h, f->roots[0]), copy_hash ? hash_a : hash_b);
            (n % 2 == 0 ? heap_scavenge : heap_full_collect)(h);
            verify(f);
        }
        fixture_close(f);
    }
}

static void objects_without_slots_can_be_replaced(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    f->roots[0] = new_array(f, 1);
    f->roots[1] = new_array(f, 1);
    heap_store(&f->heap, f->roots[0], 0, heap_new_pointers(&f->heap, 0, 0, EMPTY_INDEX));
    heap_store(&f->heap, f->roots[1], 0, new_list(f, 3));
    f->roots[2] = fetch_slot(f->roots[0], 0);
    assert_int_equal(heap_become(&f->heap, f->roots[0], f->roots[1], false, false), HEAP_OK);
    verify(f);
    assert_list(f, f->roots[2], 3);
    fixture_close(f);
}

static void a_failing_become_changes_nothing(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    struct heap *h = &f->heap;
    oop a = new_array(f, 2), b = new_array(f, 2);
    oop good = new_point(f, smallint(1), smallint(2)), other = new_point(f, h->nil, h->nil);
    put_slot(a, 0, good);
    put_slot(b, 0, other);
    struct {
        oop a, b;
        bool two_way, copy_hash;
        enum heap_error error;
    } cases[] = {
        {smallint(1), other, true, false, HEAP_INAPPROPRIATE},
        {other, smallint(1), true, false, HEAP_INAPPROPRIATE},
        {other, smallint(1), false, true, HEAP_INAPPROPRIATE},
        {h->nil, other, false, false, HEAP_INAPPROPRIATE},
        {other, h->true_, true, false, HEAP_INAPPROPRIATE},
        {h->hidden_roots, other, false, false, HEAP_INAPPROPRIATE},
        {other, h->hidden_roots, false, false, HEAP_INAPPROPRIATE},
        {class_named(f, POINT_INDEX), smallint(3), false, false, HEAP_INAPPROPRIATE},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_slot(a, 1, cases[i].a);
        put_slot(b, 1, cases[i].b);
        assert_int_equal(heap_become(h, a, b, cases[i].two_way, cases[i].copy_hash),
                         cases[i].error);
        assert_int_equal(fetch_slot(good, 0), smallint(1));
        assert_false(is_forwarder(good));
    }
    oop constant = new_point(f, h->nil, h->nil);
    set_header(constant, header_of(constant) | HDR_IMMUTABLE);
    put_slot(a, 1, constant);
    put_slot(b, 1, other);
    assert_int_equal(heap_become(h, a, b, true, false), HEAP_READ_ONLY);
    assert_int_equal(heap_become(h, a, b, false, false), HEAP_READ_ONLY);
    assert_int_equal(heap_become(h, b, a, true, false), HEAP_READ_ONLY);
    assert_int_equal(heap_become(h, b, a, false, true), HEAP_READ_ONLY);
    put_slot(a, 1, heap_pin(h, new_point(f, h->nil, h->nil)));
    assert_int_equal(heap_become(h, a, b, true, false), HEAP_PINNED);
    assert_int_equal(heap_become(h, a, b, false, false), HEAP_PINNED);
    assert_int_equal(heap_become(h, a, new_array(f, 3), true, false), HEAP_BAD_ARGUMENT);
    assert_int_equal(heap_become(h, smallint(1), b, true, false), HEAP_BAD_RECEIVER);
    assert_int_equal(heap_become(h, a, good, true, false), HEAP_BAD_ARGUMENT);
    verify(f);
    fixture_close(f);
}

static void an_object_may_be_forwarded_to_an_immediate(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    f->roots[0] = new_array(f, 1);
    f->roots[1] = new_array(f, 1);
    f->roots[2] = new_old_array(f, 1);
    heap_store(&f->heap, f->roots[0], 0, new_list(f, 2));
    heap_store(&f->heap, f->roots[1], 0, smallint(42));
    heap_store(&f->heap, f->roots[2], 0, fetch_slot(f->roots[0], 0));
    assert_int_equal(heap_become(&f->heap, f->roots[0], f->roots[1], false, false), HEAP_OK);
    verify(f);
    assert_int_equal(follow(fetch_slot(f->roots[2], 0)), smallint(42));
    heap_scavenge(&f->heap);
    verify(f);
    heap_full_collect(&f->heap);
    verify(f);
    assert_int_equal(fetch_slot(f->roots[2], 0), smallint(42));
    fixture_close(f);
}

static void the_same_object_may_stand_in_several_pairs(void **state) {
    (void)state;
    for (unsigned n = 0; n < 2; n++) {
        struct fixture *f = fixture_open();
        oop a = new_array(f, 3), b = new_array(f, 3);
        oop x = new_array(f, 1), y = new_array(f, 2), z = new_array(f, 3);
        oop objects[] = {x, y, z};
        for (unsigned i = 0; i < 3; i++) {
            heap_store(&f->heap, a, i, x);
            heap_store(&f->heap, b, i, objects[i]);
            f->roots[i] = objects[i];
        }
        assert_int_equal(heap_become(&f->heap, a, b, n == 0, false), HEAP_OK);
        verify(f);
        heap_full_collect(&f->heap);
        verify(f);
        if (n == 0) { /* rotated: x takes y, then z */
            assert_int_equal(num_slots(f->roots[0]), 3);
            assert_int_equal(num_slots(f->roots[1]), 1);
            assert_int_equal(num_slots(f->roots[2]), 2);
        } else {
            assert_int_equal(f->roots[0], f->roots[2]);
            assert_int_equal(f->roots[1], f->roots[2]);
            assert_int_equal(num_slots(f->roots[0]), 3);
        }
        fixture_close(f);
    }
}

static void chains_of_forwarders_are_followed_to_the_end(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    f->roots[0] = new_old_array(f, 1);
    oop first = new_array(f, 2);
    heap_store(&f->heap, f->roots[0], 0, first);
    oop last = first;
    for (unsigned i = 0; i < 50; i++) {
        oop a = new_array(f, 1), b = new_array(f, 1);
        oop next = i % 2 == 0 ? new_old_array(f, 1) : new_array(f, 3);
        put_slot(a, 0, last);
        put_slot(b, 0, next);
        assert_int_equal(heap_become(&f->heap, a, b, false, true), HEAP_OK);
        last = next;
    }
    heap_store(&f->heap, last, 0, new_list(f, 4));
    heap_scavenge(&f->heap);
    verify(f);
    assert_list(f, fetch_slot(follow(fetch_slot(f->roots[0], 0)), 0), 4);
    heap_full_collect(&f->heap);
    verify(f);
    assert_list(f, fetch_slot(fetch_slot(f->roots[0], 0), 0), 4);
    fixture_close(f);
}

static oop make_class(struct fixture *f, unsigned fixed) {
    oop class = heap_new_pointers(&f->heap, 3, FORMAT_FIXED, METACLASS_INDEX);
    put_slot(class, CLASS_FORMAT, smallint(FORMAT_FIXED << 16 | fixed));
    return class;
}

static oop make_instance(struct fixture *f, oop class) {
    enum heap_error error;
    oop o = heap_instantiate(&f->heap, class, 0, false, HEAP_INSTANTIATE_NEW, &error);
    assert_int_equal(error, HEAP_OK);
    return o;
}

static enum heap_error become_one(struct fixture *f, oop x, oop y, bool two_way, bool copy_hash) {
    oop a = new_array(f, 1), b = new_array(f, 1);
    heap_store(&f->heap, a, 0, x);
    heap_store(&f->heap, b, 0, y);
    return heap_become(&f->heap, a, b, two_way, copy_hash);
}

/* roots 0, 1: classes; 2, 3: an instance of each. */
static struct fixture *classes_open(void) {
    struct fixture *f = fixture_open();
    for (unsigned i = 0; i < 2; i++) {
        f->roots[i] = make_class(f, 1 + i);
        f->roots[2 + i] = make_instance(f, f->roots[i]);
    }
    return f;
}

static void check_classes(struct fixture *f) {
    struct heap *h = &f->heap;
    for (unsigned i = 0; i < 2; i++) {
        oop class = f->roots[i];
        uint32_t index = heap_class_index(h, class);
        assert_int_equal(heap_class_at(h, index), class);
        assert_int_equal(heap_class_of(h, make_instance(f, class)), class);
    }
    verify(f);
}

static void replaced_classes_take_their_instances_along(void **state) {
    (void)state;
    for (unsigned copy_hash = 0; copy_hash < 2; copy_hash++) {
        struct fixture *f = classes_open();
        struct heap *h = &f->heap;
        oop old_class = f->roots[0], new_class = f->roots[1];
        uint32_t i0 = heap_class_index(h, old_class), i1 = heap_class_index(h, new_class);
        assert_int_equal(become_one(f, old_class, new_class, false, copy_hash != 0), HEAP_OK);
        assert_int_equal(f->roots[0], new_class);
        assert_int_equal(heap_class_of(h, f->roots[2]), new_class);
        assert_int_equal(heap_class_of(h, f->roots[3]), new_class);
        assert_int_equal(heap_class_index(h, new_class), copy_hash ? i0 : i1);
        check_classes(f);
        heap_full_collect(h);
        check_classes(f);
        new_class = f->roots[1];
        assert_int_equal(heap_class_of(h, f->roots[2]), new_class);
        assert_int_equal(heap_class_of(h, f->roots[3]), new_class);
        f->roots[copy_hash ? 3 : 2] = h->nil; /* the last with the other index */
        heap_full_collect(h);
        assert_int_equal(heap_class_at(h, copy_hash ? i1 : i0), h->nil);
        check_classes(f);
        fixture_close(f);
    }
}

static void a_class_may_be_replaced_by_one_without_an_index(void **state) {
    (void)state;
    for (unsigned n = 0; n < 4; n++) {
        struct fixture *f = classes_open();
        struct heap *h = &f->heap;
        uint32_t index = heap_class_index(h, f->roots[0]);
        oop fresh = make_class(f, 7);
        if (n % 2 != 0)
            heap_identity_hash(h, fresh); /* a hash, but no place in the table */
        assert_int_equal(become_one(f, f->roots[0], fresh, false, n / 2 != 0), HEAP_OK);
        assert_int_equal(f->roots[0], fresh);
        assert_int_equal(heap_class_of(h, f->roots[2]), fresh);
        assert_int_equal(heap_class_index(h, fresh), index);
        check_classes(f);
        heap_full_collect(h);
        check_classes(f);
        assert_int_equal(heap_class_of(h, f->roots[2]), f->roots[0]);
        fixture_close(f);
    }
}

static void exchanged_classes_stand_at_their_hashes(void **state) {
    (void)state;
    for (unsigned copy_hash = 0; copy_hash < 2; copy_hash++) {
        struct fixture *f = classes_open();
        struct heap *h = &f->heap;
        assert_int_equal(become_one(f, f->roots[0], f->roots[1], true, copy_hash != 0), HEAP_OK);
        for (unsigned n = 0; n < 3; n++) {
            /* Contents are exchanged ... */
            assert_int_equal(fetch_slot(f->roots[0], CLASS_FORMAT),
                             smallint(FORMAT_FIXED << 16 | 2));
            /* ... and instances refer to their class, or stay with its contents. */
            assert_int_equal(heap_class_of(h, f->roots[2]), f->roots[copy_hash ? 1 : 0]);
            assert_int_equal(heap_class_of(h, f->roots[3]), f->roots[copy_hash ? 0 : 1]);
            check_classes(f);
            (n == 0 ? heap_scavenge : heap_full_collect)(h);
        }
        fixture_close(f);
    }
}

static void pinning_moves_young_objects_to_old_space(void **state) {
    (void)state;
    struct fixture *f = fixture_open();
    struct heap *h = &f->heap;
    f->roots[0] = f->roots[1] = new_list(f, 3);
    uint32_t hash = heap_identity_hash(h, f->roots[0]);
    oop pinned = heap_pin(h, f->roots[0]);
    assert_int_equal(f->roots[0], pinned);
    assert_int_equal(f->roots[1], pinned);
    assert_false(is_young(h, pinned));
    assert_true(is_pinned(pinned));
    assert_int_equal(heap_identity_hash(h, pinned), hash);
    for (unsigned n = 0; n < 6; n++) {
        (n % 2 == 0 ? heap_scavenge : heap_full_collect)(h);
        assert_int_equal(f->roots[0], pinned);
        assert_list(f, pinned, 3);
        verify(f);
    }
    heap_unpin(h, pinned);
    assert_false(is_pinned(pinned));
    assert_int_equal(heap_pin(h, h->special_objects), h->special_objects);
    fixture_close(f);
}

static void pinning_a_young_class_keeps_its_index(void **state) {
    (void)state;
    struct fixture *f = classes_open();
    uint32_t index = heap_class_index(&f->heap, f->roots[0]);
    oop pinned = heap_pin(&f->heap, f->roots[0]);
    assert_int_equal(heap_class_at(&f->heap, index), pinned);
    assert_int_equal(heap_class_of(&f->heap, f->roots[2]), pinned);
    check_classes(f);
    fixture_close(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_way_become_of_equal_sizes_swaps_in_place),
        cmocka_unit_test(two_way_become_of_unequal_sizes_forwards_to_copies),
        cmocka_unit_test(one_way_become_forwards),
        cmocka_unit_test(objects_without_slots_can_be_replaced),
        cmocka_unit_test(a_failing_become_changes_nothing),
        cmocka_unit_test(an_object_may_be_forwarded_to_an_immediate),
        cmocka_unit_test(the_same_object_may_stand_in_several_pairs),
        cmocka_unit_test(chains_of_forwarders_are_followed_to_the_end),
        cmocka_unit_test(replaced_classes_take_their_instances_along),
        cmocka_unit_test(a_class_may_be_replaced_by_one_without_an_index),
        cmocka_unit_test(exchanged_classes_stand_at_their_hashes),
        cmocka_unit_test(pinning_moves_young_objects_to_old_space),
        cmocka_unit_test(pinning_a_young_class_keeps_its_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
