/* Saving a running heap: what is live is written in canonical form. */
#include "image_fixture.h"
#include "../../host/hosted/hosted.h"

struct fixture {
    struct tiny t; /* addresses of the objects before they were moved */
    struct heap heap;
    struct platform *platform;
    struct bytes file;
    struct image_header header;
};

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    struct hosted_config config = {0};
    struct image_error e;
    size_t size;
    uint64_t data_size, special;
    tiny_standard(&f->t, false);
    uint8_t *file = tiny_finish(&f->t, &size);
    assert_true(image_header_read(file, size, size, &f->header, &e));
    f->platform = hosted_open(&config);
    assert_non_null(f->platform);
    assert_true(image_canonical_data_size(file, size, &data_size, &e));
    struct heap_hooks hooks = {0};
    struct heap_config sizes = {.max_bytes = 64 << 20};
    assert_int_equal(
        heap_open(&f->heap, f->platform, &sizes, &hooks, data_size - IMAGE_BRIDGE_BYTES, false), 0);
    assert_int_equal(
        platform_commit(f->platform, (void *)f->heap.perm_base, (data_size + 4095) / 4096 * 4096),
        0);
    uint8_t *data = malloc(data_size);
    assert_true(
        image_canonicalize_to(file, size, f->heap.perm_base, data, data_size, &special, &e));
    memcpy((void *)f->heap.perm_base, data, data_size - IMAGE_BRIDGE_BYTES);
    free(data);
    free(file);
    heap_adopt(&f->heap, special, 1);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    heap_close(&f->heap);
    hosted_close(f->platform);
    tiny_free(&f->t);
    free(f->file.at);
    free(f);
    return 0;
}

static void save(struct fixture *f) {
    struct image_error e = {0};
    f->file.size = 0;
    heap_full_collect(&f->heap);
    if (!image_write_heap(&f->heap, &f->header, append, &f->file, &e))
        fail_msg("%s", e.text);
}

/* The saved image is sound, canonical, and rewriting it changes nothing. */
static void check_saved(struct fixture *f) {
    struct image_header h;
    struct image_error e;
    struct lines lines = {0};
    assert_true(image_header_read(f->file.at, f->file.size, f->file.size, &h, &e));
    assert_true(image_is_canonical(&h, f->file.size));
    if (!image_check_roots(f->file.at + h.header_size, h.data_size, &h, &e))
        fail_msg("%s", e.text);
    if (image_check(f->file.at, f->file.size, 5, keep_line, &lines) != 0)
        fail_msg("%s", lines.first);
    struct bytes again = canonical(f->file.at, f->file.size);
    assert_int_equal(again.size, f->file.size);
    assert_memory_equal(again.at, f->file.at, again.size);
    free(again.at);
}

static uint64_t count_instances(struct fixture *f, uint32_t class_index) {
    struct image_info info;
    struct image_error e;
    uint64_t count = 0;
    assert_true(image_info_read(f->file.at, f->file.size, &info, &e));
    for (uint64_t i = 0; i < info.count_size; i++)
        if (info.counts[i].class_index == class_index)
            count = info.counts[i].instances;
    image_info_free(&info);
    return count;
}

/* Slot 79 of the process lists: an array that tests may fill. */
static void hang(struct fixture *f, unsigned slot, oop value) {
    oop scheduler =
        fetch_slot(fetch_slot(f->heap.special_objects, SPECIAL_SCHEDULER_ASSOCIATION), 1);
    heap_store(&f->heap, fetch_slot(scheduler, 0), slot, value);
}

static void a_heap_just_loaded_is_saved_without_what_is_unreachable(void **state) {
    struct fixture *f = *state;
    save(f);
    check_saved(f);
    assert_int_equal(count_instances(f, TINY_METHOD), 1); /* of two: one is in a dictionary */
    assert_int_equal(count_instances(f, TINY_EPHEMERON), 0);
    assert_int_equal(count_instances(f, CLASS_INDEX_CONTEXT), 1);
    struct image_header h;
    struct image_error e;
    assert_true(image_header_read(f->file.at, f->file.size, f->file.size, &h, &e));
    assert_int_equal(h.window_size, f->header.window_size);
    assert_int_equal(h.format, f->header.format);
}

static void new_objects_of_all_kinds_are_saved(void **state) {
    struct fixture *f = *state;
    struct heap *h = &f->heap;
    hang(f, 0, heap_new_string(h, "young", 5));
    oop large = heap_new_pointers(h, 100000, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    hang(f, 1, large);
    heap_store(h, large, 99999, heap_new_bytes(h, 70001, CLASS_INDEX_BYTE_ARRAY));
    heap_store(h, large, 5, heap_new_pointers(h, 0, FORMAT_ARRAY, CLASS_INDEX_ARRAY));
    oop weak = heap_new_pointers(h, 2, FORMAT_WEAK, TINY_WEAK);
    heap_store(h, weak, 0, heap_new_string(h, "nobody else", 11));
    heap_store(h, weak, 1, large);
    hang(f, 2, weak);
    hang(f, 3, heap_new_pointers(h, 255, FORMAT_ARRAY, CLASS_INDEX_ARRAY));
    hang(f, 4, heap_new_pointers(h, 254, FORMAT_ARRAY, CLASS_INDEX_ARRAY));
    hang(f, 5, heap_allocate_old(h, 3, FORMAT_BYTES, CLASS_INDEX_BYTE_ARRAY, true));
    save(f);
    check_saved(f);
    assert_int_equal(count_instances(f, TINY_WEAK), 1);
    assert_int_equal(count_instances(f, CLASS_INDEX_BYTE_ARRAY), 2);
    struct image_info info;
    struct image_error e;
    assert_true(image_info_read(f->file.at, f->file.size, &info, &e));
    assert_int_equal(info.pinned, 1);
    image_info_free(&info);
}

static void many_objects_keep_their_references(void **state) {
    struct fixture *f = *state;
    struct heap *h = &f->heap;
    enum { COUNT = 20000 };
    oop list = h->nil;
    for (unsigned i = 0; i < COUNT; i++) {
        oop link = heap_new_pointers(h, 2, FORMAT_FIXED, TINY_ASSOCIATION);
        heap_store(h, link, 0, smallint(i));
        heap_store(h, link, 1, list);
        list = link;
        hang(f, 0, list);
        if (i % 3 == 0)
            heap_new_string(h, "garbage", 7);
        if (i % 1000 == 999)
            heap_collect(h);
        oop scheduler =
            fetch_slot(fetch_slot(h->special_objects, SPECIAL_SCHEDULER_ASSOCIATION), 1);
        list = fetch_slot(fetch_slot(scheduler, 0), 0);
    }
    save(f);
    check_saved(f);
    /* Walk the list in the file. */
    struct image_header hd;
    struct image_error e;
    assert_true(image_header_read(f->file.at, f->file.size, f->file.size, &hd, &e));
#define SLOT(o, i) word_at(&f->file, (o) - HEAP_IMAGE_BASE + 4096 + 8 + (uint64_t)(i) * 8)
    oop at = SLOT(SLOT(SLOT(SLOT(hd.special_objects, SPECIAL_SCHEDULER_ASSOCIATION), 1), 0), 0);
    for (unsigned i = COUNT; i-- > 0; at = SLOT(at, 1))
        assert_int_equal(SLOT(at, 0), smallint(i));
    assert_int_equal(at, HEAP_IMAGE_BASE);
#undef SLOT
}

static void what_became_something_else_is_saved_as_that(void **state) {
    struct fixture *f = *state;
    struct heap *h = &f->heap;
    oop a = heap_new_string(h, "one", 3), b = heap_new_string(h, "other", 5);
    hang(f, 0, a);
    hang(f, 1, a);
    oop from = heap_new_pointers(h, 1, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    oop to = heap_new_pointers(h, 1, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    heap_store(h, from, 0, a);
    heap_store(h, to, 0, b);
    assert_int_equal(heap_become(h, from, to, false, false), HEAP_OK);
    save(f);
    check_saved(f);
    for (size_t i = 0; i + 5 <= f->file.size; i++)
        assert_true(memcmp(f->file.at + i, "one\0\0", 5) != 0);
}

static void slots_beyond_the_stack_pointer_are_saved_as_nil(void **state) {
    struct fixture *f = *state;
    struct heap *h = &f->heap;
    oop context = heap_new_pointers(h, CONTEXT_LARGE_SLOTS, FORMAT_INDEXABLE, CLASS_INDEX_CONTEXT);
    heap_store(h, context, CONTEXT_STACKP, smallint(1));
    for (unsigned i = CONTEXT_FIXED; i < CONTEXT_LARGE_SLOTS; i++)
        heap_store(h, context, i, smallint(7700 + i));
    hang(f, 0, context);
    save(f);
    check_saved(f);
    unsigned found = 0;
    for (uint64_t at = 4096; at < f->file.size; at += 8)
        for (unsigned i = CONTEXT_FIXED; i < CONTEXT_LARGE_SLOTS; i++)
            found += word_at(&f->file, at) == smallint(7700 + i);
    assert_int_equal(found, 1);
}

static bool refuse(void *arg, const void *data, size_t size) {
    (void)data;
    uint64_t *left = arg;
    if (size > *left)
        return false;
    *left -= size;
    return true;
}

static void saving_changes_nothing_and_a_failing_sink_is_said(void **state) {
    struct fixture *f = *state;
    struct image_error e;
    heap_full_collect(&f->heap);
    uint64_t bytes = f->heap.perm_limit - f->heap.perm_base, left = 10000;
    uint8_t *before = malloc(bytes);
    memcpy(before, (void *)f->heap.perm_base, bytes);
    assert_false(image_write_heap(&f->heap, &f->header, refuse, &left, &e));
    assert_string_equal(e.text, "save: the image file cannot be written");
    assert_true(image_write_heap(&f->heap, &f->header, append, &f->file, &e));
    assert_memory_equal(before, (void *)f->heap.perm_base, bytes);
    assert_int_equal(heap_verify(&f->heap, NULL, NULL), 0);
    free(before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(a_heap_just_loaded_is_saved_without_what_is_unreachable),
        T(new_objects_of_all_kinds_are_saved),
        T(many_objects_keep_their_references),
        T(what_became_something_else_is_saved_as_that),
        T(slots_beyond_the_stack_pointer_are_saved_as_nil),
        T(saving_changes_nothing_and_a_failing_sink_is_said),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
