/* Rewriting images into canonical form, and moving canonical ones. */
#include "image_fixture.h"
#include "../../vm/image/class_set.h"

static struct bytes canonical_tiny(bool spread) {
    struct tiny t;
    size_t size;
    tiny_standard(&t, spread);
    uint8_t *file = tiny_finish(&t, &size);
    struct bytes out = canonical(file, size);
    free(file);
    tiny_free(&t);
    return out;
}

static void the_synthetic_image_is_sound(void **state) {
    (void)state;
    for (int spread = 0; spread < 2; spread++) {
        struct tiny t;
        size_t size;
        struct lines lines = {0};
        tiny_standard(&t, spread != 0);
        uint8_t *file = tiny_finish(&t, &size);
        if (image_check(file, size, 10, keep_line, &lines) != 0)
            fail_msg("%s", lines.first);
        free(file);
        tiny_free(&t);
    }
}

static void keep_first(void *arg, const struct image_error *problem) {
    *(struct image_error *)arg = *problem;
}

static void canonical_form_has_padded_header_base_and_one_segment(void **state) {
    (void)state;
    struct bytes out = canonical_tiny(true);
    struct image_header h;
    struct image_error e;
    assert_true(image_header_read(out.at, out.size, out.size, &h, &e));
    assert_true(image_is_canonical(&h, out.size));
    assert_int_equal(h.header_size, 4096);
    assert_int_equal(h.base, HEAP_IMAGE_BASE);
    assert_int_equal(h.first_segment_size, h.data_size);
    assert_int_equal(h.free_old_space, 0);
    /* What the image told other VMs stays. */
    assert_int_equal(h.last_hash, 12345);
    assert_int_equal(h.window_size, 640 << 16 | 480);
    assert_int_equal(h.flags, 2);
    assert_int_equal(h.eden_bytes, 1 << 20);
    assert_int_equal(h.semaphores, 7);
    assert_int_equal(h.unknown, 3);
    assert_int_equal(h.format, IMAGE_FORMAT_SISTA);
    /* The bridge: class 3, nothing beyond it. */
    assert_int_equal(word_at(&out, out.size - 16) & 0x3fffff, CLASS_INDEX_BRIDGE);
    assert_int_equal(word_at(&out, out.size - 8), 0);
    free(out.at);
}

static void the_header_says_which_classes_have_instances(void **state) {
    (void)state;
    struct bytes out = canonical_tiny(true);
    struct class_set classes;
    class_set_read(&classes, out.at);
    assert_true(classes.known);
    assert_true(class_set_has(&classes, CLASS_INDEX_ARRAY));
    assert_true(class_set_has(&classes, TINY_METACLASS));
    assert_false(class_set_has(&classes, 30000));
    /* One that is missing there is found by the check. */
    struct image_error first = {0};
    out.at[128 + 16 + TINY_METACLASS / 8] &= (uint8_t)~(1u << TINY_METACLASS % 8);
    assert_true(image_check(out.at, out.size, 1, keep_first, &first) > 0);
    assert_non_null(strstr(first.text, "class index"));
    /* Images of other VMs have no such set: everything is possible. */
    memset(out.at + 128, 0, 16);
    assert_int_equal(image_check(out.at, out.size, 1, NULL, NULL), 0);
    class_set_read(&classes, out.at);
    assert_true(class_set_has(&classes, 30000));
    free(out.at);
}

static void free_chunks_segments_and_forwarders_leave_no_trace(void **state) {
    (void)state;
    struct bytes plain = canonical_tiny(false), spread = canonical_tiny(true);
    assert_int_equal(plain.size, spread.size);
    assert_memory_equal(plain.at, spread.at, plain.size);
    free(plain.at);
    free(spread.at);
}

static void canonicalizing_the_canonical_changes_nothing(void **state) {
    (void)state;
    struct bytes once = canonical_tiny(true), twice = canonical(once.at, once.size);
    assert_int_equal(once.size, twice.size);
    assert_memory_equal(once.at, twice.at, once.size);
    free(once.at);
    free(twice.at);
}

/* The canonical object with that header, the `n`th of them. */
static uint64_t find_header(const struct bytes *b, uint64_t mask, uint64_t header, unsigned n) {
    uint64_t at = IMAGE_CANONICAL_HEADER;
    while (at < b->size - 16) {
        if (word_at(b, at) >> 56 == 255)
            at += 8;
        uint64_t h = word_at(b, at), slots = h >> 56;
        if (slots == 255)
            slots = word_at(b, at - 8) & OVERFLOW_COUNT_MASK;
        if ((h & mask) == header && n-- == 0)
            return at;
        at += 8 + (slots == 0 ? 8 : slots * 8);
    }
    fail_msg("no object with header 0x%llx", (unsigned long long)header);
    return 0;
}

static void collector_bits_go_and_pinned_immutable_and_hash_stay(void **state) {
    (void)state;
    struct bytes out = canonical_tiny(true);
    uint64_t pinned = find_header(&out, HDR_CLASS_MASK, CLASS_INDEX_BYTE_ARRAY, 0);
    uint64_t h = word_at(&out, pinned);
    assert_true((h & HDR_PINNED) != 0);
    assert_int_equal(h & (HDR_REMEMBERED | HDR_MARKED | HDR_GREY), 0);
    h = word_at(&out, find_header(&out, HDR_CLASS_MASK, CLASS_INDEX_BYTE_STRING, 0));
    assert_true((h & HDR_IMMUTABLE) != 0);
    h = word_at(&out, find_header(&out, HDR_CLASS_MASK, TINY_METACLASS, 0));
    assert_int_equal(header_hash(h), CLASS_INDEX_SMALLINT);
    free(out.at);
}

static void structures_of_other_vms_are_dropped(void **state) {
    (void)state;
    struct bytes out = canonical_tiny(true);
    uint64_t roots = find_header(&out, HDR_CLASS_MASK, CLASS_INDEX_ARRAY_PUN, 0);
    for (unsigned i = 0; i < HIDDEN_ROOT_SLOTS; i++)
        assert_int_equal(word_at(&out, roots + 8 + (CLASS_TABLE_ROOTS + i) * 8), HEAP_IMAGE_BASE);
    uint64_t lists = find_header(&out, HDR_CLASS_MASK, 19, 0);
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(word_at(&out, lists + 8 + i * 8), 0);
    for (uint64_t at = IMAGE_CANONICAL_HEADER; at < out.size; at += 8)
        assert_true(word_at(&out, at) != make_header(32, FORMAT_64, 18));
    free(out.at);
}

static void slots_beyond_the_stack_pointer_become_nil(void **state) {
    (void)state;
    struct bytes out = canonical_tiny(false);
    uint64_t context = find_header(&out, HDR_CLASS_MASK, CLASS_INDEX_CONTEXT, 0);
    for (unsigned i = CONTEXT_FIXED + 2; i < CONTEXT_SMALL_SLOTS; i++)
        assert_int_equal(word_at(&out, context + 8 + i * 8), HEAP_IMAGE_BASE);
    free(out.at);
}

static void a_context_whose_frame_is_gone_cannot_be_resumed(void **state) {
    (void)state;
    struct tiny t;
    size_t size;
    tiny_standard(&t, false);
    oop widow = tiny_new(&t, CLASS_INDEX_CONTEXT, FORMAT_INDEXABLE, CONTEXT_SMALL_SLOTS);
    tiny_put(&t, widow, CONTEXT_SENDER, smallint(0x7ffe12345));
    tiny_put(&t, widow, CONTEXT_PC, smallint(0x7ffe12346));
    tiny_put(&t, widow, CONTEXT_STACKP, smallint(1));
    tiny_put(&t, widow, CONTEXT_METHOD, t.method);
    uint8_t *file = tiny_finish(&t, &size);
    struct bytes out = canonical(file, size);
    uint64_t context = find_header(&out, HDR_CLASS_MASK, CLASS_INDEX_CONTEXT, 1);
    assert_int_equal(word_at(&out, context + 8), HEAP_IMAGE_BASE);
    assert_int_equal(word_at(&out, context + 16), HEAP_IMAGE_BASE);
    assert_int_equal(word_at(&out, context + 24), smallint(1));
    free(out.at);
    free(file);
    tiny_free(&t);
}

static void memory_at_any_base_equals_the_relocated_file(void **state) {
    (void)state;
    struct tiny t;
    size_t size;
    uint64_t data_size, special = 0, moved = 0;
    struct image_error e;
    struct image_header h;
    const uint64_t base = UINT64_C(0x1234000000);
    tiny_standard(&t, true);
    uint8_t *file = tiny_finish(&t, &size);
    assert_true(image_canonical_data_size(file, size, &data_size, &e));
    uint8_t *memory = malloc(data_size);
    assert_true(image_canonicalize_to(file, size, base, memory, data_size, &special, &e));
    struct bytes out = canonical(file, size);
    assert_true(image_header_read(out.at, out.size, out.size, &h, &e));
    assert_int_equal(h.data_size, data_size);
    moved = h.special_objects;
    assert_true(image_relocate(out.at + 4096, data_size, HEAP_IMAGE_BASE, base, &moved, &e));
    assert_int_equal(moved, special);
    assert_memory_equal(out.at + 4096, memory, data_size);
    assert_false(image_canonicalize_to(file, size, base, memory, data_size - 8, &special, &e));
    free(memory);
    free(out.at);
    free(file);
    tiny_free(&t);
}

static bool refuse(void *arg, const void *data, size_t size) {
    (void)data;
    uint64_t *left = arg;
    if (size > *left)
        return false;
    *left -= size;
    return true;
}

static void a_failing_sink_is_said(void **state) {
    (void)state;
    struct tiny t;
    size_t size;
    struct image_error e;
    tiny_standard(&t, false);
    uint8_t *file = tiny_finish(&t, &size);
    for (uint64_t room = 0; room < size; room += 9973) {
        uint64_t left = room;
        assert_false(image_canonicalize(file, size, false, refuse, &left, &e));
        assert_int_equal(strncmp(e.text, "output: ", 8), 0);
    }
    free(file);
    tiny_free(&t);
}

static void roots_of_a_canonical_image_pass_and_of_a_damaged_one_do_not(void **state) {
    (void)state;
    struct bytes out = canonical_tiny(false);
    struct image_header h;
    struct image_error e;
    assert_true(image_header_read(out.at, out.size, out.size, &h, &e));
    if (!image_check_roots(out.at + 4096, h.data_size, &h, &e))
        fail_msg("%s", e.text);
    /* Whatever word of the first objects, the class table's beginning or the
     * special objects is damaged: no crash, and what is needed is missed. */
    unsigned missed = 0;
    for (uint64_t at = 4096; at < out.size - 8; at += 8) {
        uint64_t good = word_at(&out, at), bad = UINT64_C(0xfffffffffffffff8);
        memcpy(out.at + at, &bad, 8);
        missed += !image_check_roots(out.at + 4096, h.data_size, &h, &e);
        memcpy(out.at + at, &good, 8);
    }
    assert_true(missed > 60);
    free(out.at);
}

static void real_images_become_canonical_and_stay_so(void **state) {
    (void)state;
    static const char *const names[] = {"candle.image", "pharo8-kernel.image"};
    for (unsigned i = 0; i < 2; i++) {
        struct bytes file = real_image(names[i]), once = canonical(file.at, file.size);
        struct bytes twice = canonical(once.at, once.size);
        struct image_header h;
        struct image_error e;
        assert_int_equal(once.size, twice.size);
        assert_memory_equal(once.at, twice.at, once.size);
        assert_true(image_header_read(once.at, once.size, once.size, &h, &e));
        assert_true(image_check_roots(once.at + 4096, h.data_size, &h, &e));
        free(file.at);
        free(once.at);
        free(twice.at);
    }
}

static void information_counts_what_is_there(void **state) {
    (void)state;
    struct tiny t;
    size_t size;
    struct image_info info;
    struct image_error e;
    tiny_standard(&t, true);
    uint8_t *file = tiny_finish(&t, &size);
    assert_true(image_info_read(file, size, &info, &e));
    assert_false(info.canonical);
    assert_int_equal(info.segment_count, 3);
    assert_int_equal(info.segments[1].base, TINY_BASE + info.segments[0].bytes + 4096);
    assert_int_equal(info.segments[2].base, info.segments[1].base + info.segments[1].bytes);
    assert_int_equal(info.v3_methods, 1);
    assert_int_equal(info.sista_methods, 1);
    assert_int_equal(info.other_code, 1);
    assert_int_equal(info.pinned, 1);
    assert_int_equal(info.immutable, 1);
    assert_int_equal(info.free_bytes, 300 * 8 + 16 + 16);
    assert_int_equal(info.classes, 29);
    for (uint64_t i = 0; i < info.count_size; i++) {
        if (info.counts[i].class_index != TINY_METHOD)
            continue;
        assert_string_equal(info.counts[i].name, "CompiledMethod");
        assert_int_equal(info.counts[i].instances, 2);
    }
    image_info_free(&info);
    free(file);
    tiny_free(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_synthetic_image_is_sound),
        cmocka_unit_test(canonical_form_has_padded_header_base_and_one_segment),
        cmocka_unit_test(the_header_says_which_classes_have_instances),
        cmocka_unit_test(free_chunks_segments_and_forwarders_leave_no_trace),
        cmocka_unit_test(canonicalizing_the_canonical_changes_nothing),
        cmocka_unit_test(collector_bits_go_and_pinned_immutable_and_hash_stay),
        cmocka_unit_test(structures_of_other_vms_are_dropped),
        cmocka_unit_test(slots_beyond_the_stack_pointer_become_nil),
        cmocka_unit_test(a_context_whose_frame_is_gone_cannot_be_resumed),
        cmocka_unit_test(memory_at_any_base_equals_the_relocated_file),
        cmocka_unit_test(a_failing_sink_is_said),
        cmocka_unit_test(roots_of_a_canonical_image_pass_and_of_a_damaged_one_do_not),
        cmocka_unit_test(real_images_become_canonical_and_stay_so),
        cmocka_unit_test(information_counts_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
