/* Permanent space: a mapped image whose pages the collectors leave alone. */
#include "memory_fixture.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CELLS 20000 /* permanent points, some of them garbage */

/* An image with an array of points in special object 40; of every ten points the array
 * holds nine. Points refer to their neighbours. roots 0: an array of strings that
 * every hundredth point is a key of. */
static void add_cells(struct fixture *f) {
    struct heap *h = &f->heap;
    oop array = image_object(f, CELLS, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    put_slot(h->special_objects, 40, array);
    oop previous = h->nil;
    for (unsigned i = 0; i < CELLS; i++) {
        oop p = image_object(f, 2, FORMAT_FIXED, POINT_INDEX);
        put_slot(p, 0, smallint(i));
        put_slot(p, 1, i % 10 == 1 ? h->nil : previous);
        if (i % 10 != 0)
            put_slot(array, i, p);
        previous = i % 10 == 0 ? h->nil : p;
    }
    oop weak = image_object(f, 4, FORMAT_WEAK, WEAK_INDEX);
    put_slot(h->special_objects, 41, weak);
    oop ephemeron = image_object(f, 3, FORMAT_EPHEMERON, EPHEMERON_INDEX);
    put_slot(h->special_objects, 42, ephemeron);
}

static struct fixture *open_cells(void) {
    struct fixture *f = malloc(sizeof *f);
    image_begin(f, (struct heap_config){.max_bytes = 256 * MIB}, 2 * MIB, true);
    add_cells(f);
    image_end(f);
    return f;
}

/* The same, mapped from a file as an image would be. */
static struct fixture *open_mapped(void) {
    struct fixture *f = malloc(sizeof *f);
    image_begin(f, (struct heap_config){.max_bytes = 256 * MIB}, 2 * MIB, true);
    add_cells(f);
    struct heap *h = &f->heap;
    size_t bytes = f->next - h->perm_base;
    char name[] = "/tmp/mote-memory-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    unlink(name);
    assert_int_equal(write(fd, (void *)h->perm_base, bytes), bytes);
    assert_ptr_equal(mmap((void *)h->perm_base, round_up(bytes, 4096), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_FIXED, fd, 0),
                     (void *)h->perm_base);
    close(fd);
    image_end(f);
    return f;
}

/* Bytes of the mapping's pages that were copied on write. (Private_Dirty would count pages of a
 * file that was just written, too.) */
static uint64_t copied_bytes(uintptr_t at) {
    FILE *smaps = fopen("/proc/self/smaps", "r");
    assert_non_null(smaps);
    char line[512];
    unsigned long start, end, kb, sum = 0;
    bool inside = false;
    while (fgets(line, sizeof line, smaps) != NULL) {
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
            inside = at >= start && at < end;
        else if (inside && sscanf(line, "Anonymous: %lu kB", &kb) == 1)
            sum += kb * 1024;
    }
    fclose(smaps);
    return sum;
}

static void churn(struct fixture *f) {
    for (unsigned i = 0; i < 20000; i++) {
        f->roots[i % 100] = new_point(f, smallint(i), f->roots[(i + 7) % 100]);
        if (i % 1000 == 0)
            f->roots[i % 100] = f->heap.nil;
        if (f->heap.collect_wanted)
            heap_collect(&f->heap);
    }
    for (unsigned i = 0; i < 100; i++)
        f->roots[i] = f->heap.nil;
}

static void ten_full_collections_dirty_no_page_of_a_mapped_image(void **state) {
    (void)state;
    struct fixture *f = open_mapped();
    struct heap *h = &f->heap;
    size_t bytes = h->perm_limit - h->perm_base;
    void *before = malloc(bytes);
    memcpy(before, (void *)h->perm_base, bytes);
    assert_int_equal(copied_bytes(h->perm_base), 0);
    for (unsigned i = 0; i < 10; i++) {
        churn(f);
        heap_full_collect(h);
    }
    assert_int_equal(h->stats.full_collections, 10);
    assert_int_equal(copied_bytes(h->perm_base), 0);
    assert_memory_equal((void *)h->perm_base, before, bytes);
    verify(f);
    free(before);
    fixture_close(f);
}

static unsigned count_points(struct fixture *f) {
    unsigned n = 0;
    oop point = class_named(f, POINT_INDEX);
    for (oop o = heap_next_instance(&f->heap, point, 0); o != 0;
         o = heap_next_instance(&f->heap, point, o))
        n++;
    return n;
}

static void a_class_without_permanent_instances_is_not_searched_for_there(void **state) {
    (void)state;
    struct fixture *f = open_cells();
    struct heap *h = &f->heap;
    h->perm_classes.known = true; /* and empty, so that one sees who looks */
    f->roots[0] = heap_new_pointers(h, 2, FORMAT_FIXED, POINT_INDEX);
    assert_int_equal(count_points(f), 1);
    heap_tenure_all(h);
    assert_int_equal(count_points(f), 1);
    class_set_add(&h->perm_classes, POINT_INDEX);
    assert_int_equal(count_points(f), CELLS + 1);
    memset(h->perm_classes.bits, 0, sizeof h->perm_classes.bits);
    /* Exchanged contents may bring other classes there. */
    oop a = heap_new_pointers(h, 1, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    put_slot(a, 0, f->roots[0]);
    f->roots[1] = a;
    oop b = heap_new_pointers(h, 1, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    put_slot(b, 0, fetch_slot(fetch_slot(h->special_objects, 40), 1));
    f->roots[2] = b;
    assert_int_equal(heap_become(h, f->roots[1], f->roots[2], true, false), HEAP_OK);
    assert_int_equal(count_points(f), CELLS + 1);
    fixture_close(f);
}

static void count_object(struct heap *h, oop o, void *arg) {
    (void)h;
    *(unsigned *)arg += class_index_of(o) == POINT_INDEX;
}

static void the_dead_are_invisible_after_a_full_collection(void **state) {
    (void)state;
    struct fixture *f = open_cells();
    struct heap *h = &f->heap;
    assert_int_equal(count_points(f), CELLS);
    heap_full_collect(h);
    assert_int_equal(count_points(f), CELLS / 10 * 9);
    assert_int_equal(num_slots(heap_all_instances(h, class_named(f, POINT_INDEX))), CELLS / 10 * 9);
    unsigned live = 0;
    heap_each_live_object(h, count_object, &live);
    assert_int_equal(live, CELLS / 10 * 9);
    oop cells = fetch_slot(h->special_objects, 40);
    for (unsigned i = 0; i < CELLS; i += 2)
        heap_store(h, cells, i, h->nil);
    for (unsigned i = 1; i < CELLS; i += 2) {
        if (i % 10 != 0)
            heap_store(h, fetch_slot(cells, i), 1, h->nil);
    }
    heap_full_collect(h);
    verify(f);
    assert_int_equal(count_points(f), CELLS / 2);
    assert_int_equal(fetch_slot(fetch_slot(cells, 777), 0), smallint(777));
    fixture_close(f);
}

static void weak_references_to_the_dead_are_nilled(void **state) {
    (void)state;
    struct fixture *f = open_cells();
    struct heap *h = &f->heap;
    oop cells = fetch_slot(h->special_objects, 40), weak = fetch_slot(h->special_objects, 41);
    put_slot(weak, 1, fetch_slot(cells, 19));
    put_slot(weak, 2, fetch_slot(cells, 12));
    heap_full_collect(h);
    assert_int_equal(fetch_slot(weak, 1), fetch_slot(cells, 19));
    for (unsigned i = 11; i < 20; i++)
        heap_store(h, cells, i, h->nil);
    heap_store(h, cells, 0, smallint(1));
    heap_full_collect(h);
    assert_int_equal(fetch_slot(weak, 1), h->nil);
    assert_int_equal(fetch_slot(weak, 2), h->nil);
    verify(f);
    fixture_close(f);
}

static void permanent_ephemerons_fire(void **state) {
    (void)state;
    struct fixture *f = open_cells();
    struct heap *h = &f->heap;
    oop ephemeron = fetch_slot(h->special_objects, 42);
    f->roots[0] = new_list(f, 2);
    heap_store(h, ephemeron, 0, f->roots[0]);
    heap_store(h, ephemeron, 1, f->roots[0]);
    heap_scavenge(h);
    heap_full_collect(h);
    assert_int_equal(heap_next_mourner(h), 0);
    f->roots[0] = h->nil;
    heap_full_collect(h);
    verify(f);
    assert_int_equal(heap_next_mourner(h), ephemeron);
    assert_list(f, fetch_slot(ephemeron, 0), 2);
    fixture_close(f);
}

static void the_dead_leave_the_remembered_set(void **state) {
    (void)state;
    struct fixture *f = open_cells();
    struct heap *h = &f->heap;
    oop cells = fetch_slot(h->special_objects, 40);
    oop cell = fetch_slot(cells, 11);
    heap_store(h, cell, 0, new_list(f, 3));
    heap_scavenge(h);
    assert_int_equal(h->remembered_count, 1);
    for (unsigned i = 11; i < 20; i++)
        heap_store(h, cells, i, h->nil);
    heap_full_collect(h);
    assert_int_equal(h->remembered_count, 0);
    verify(f);
    for (unsigned i = 0; i < 5; i++) {
        heap_scavenge(h);
        heap_full_collect(h);
        verify(f);
    }
    fixture_close(f);
}

static void permanent_objects_can_be_replaced(void **state) {
    (void)state;
    struct fixture *f = open_cells();
    struct heap *h = &f->heap;
    oop cells = fetch_slot(h->special_objects, 40);
    oop a = new_array(f, 1), b = new_array(f, 1);
    put_slot(a, 0, fetch_slot(cells, 15));
    put_slot(b, 0, new_list(f, 4));
    assert_int_equal(heap_become(h, a, b, false, true), HEAP_OK);
    assert_int_equal(count_points(f), CELLS - 1 + 4);
    heap_scavenge(h);
    verify(f);
    heap_full_collect(h);
    verify(f);
    assert_list(f, fetch_slot(cells, 15), 4);
    assert_list(f, fetch_slot(fetch_slot(cells, 16), 1), 4);
    fixture_close(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_full_collections_dirty_no_page_of_a_mapped_image),
        cmocka_unit_test(a_class_without_permanent_instances_is_not_searched_for_there),
        cmocka_unit_test(the_dead_are_invisible_after_a_full_collection),
        cmocka_unit_test(weak_references_to_the_dead_are_nilled),
        cmocka_unit_test(permanent_ephemerons_fire),
        cmocka_unit_test(the_dead_leave_the_remembered_set),
        cmocka_unit_test(permanent_objects_can_be_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
