/* Image headers: what is read, what is refused and how it is said. */
#include "../../vm/image/image.h"
#include "../../vm/memory/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct image_header good = {
    .format = IMAGE_FORMAT_V3,
    .header_size = 128,
    .data_size = 200000,
    .base = 0x804000,
    .special_objects = 0x820000,
    .last_hash = 99,
    .window_size = 640 << 16 | 480,
    .flags = 18,
    .extra_memory = 1,
    .eden_bytes = 2,
    .stack_pages = 3,
    .code_size = 4,
    .semaphores = 5,
    .unknown = 6,
    .first_segment_size = 200000,
    .free_old_space = 8,
};

static void a_header_comes_back_as_it_was_written(void **state) {
    (void)state;
    uint8_t bytes[IMAGE_HEADER_BYTES];
    struct image_header h = {0};
    struct image_error e;
    image_header_write(&good, bytes);
    assert_true(image_header_read(bytes, sizeof bytes, 200128, &h, &e));
    assert_memory_equal(&h, &good, sizeof h);
}

static void bytes_lie_where_other_readers_look(void **state) {
    (void)state;
    uint8_t b[IMAGE_HEADER_BYTES];
    image_header_write(&good, b);
    static const uint8_t first[] = {0xb5, 0x09, 1, 0,    128,  0, 0, 0, 0x40, 0x0d, 3, 0, 0,    0,
                                    0,    0,    0, 0x40, 0x80, 0, 0, 0, 0,    0,    0, 0, 0x82, 0};
    assert_memory_equal(b, first, sizeof first);
    assert_int_equal(b[48], 18); /* flags */
    assert_int_equal(b[56], 1);  /* extra memory */
    assert_int_equal(b[60], 3);  /* stack pages */
    assert_int_equal(b[62], 4);
    assert_int_equal(b[64], 2); /* eden */
    assert_int_equal(b[68], 5); /* semaphores */
    assert_int_equal(b[70], 6);
    assert_int_equal(b[72], 0x40); /* first segment */
    assert_int_equal(b[80], 8);
}

static void expect_refusal(const uint8_t *bytes, size_t size, uint64_t file_size,
                           const char *says) {
    struct image_header h;
    struct image_error e = {0};
    uint8_t *exact = malloc(size == 0 ? 1 : size); /* so that a sanitizer sees reads beyond */
    memcpy(exact, bytes, size);
    assert_false(image_header_read(exact, size, file_size, &h, &e));
    free(exact);
    if (strstr(e.text, says) == NULL)
        fail_msg("'%s' does not say '%s'", e.text, says);
    assert_null(strchr(e.text, '\n'));
    assert_int_equal(strncmp(e.text, "header: ", 8), 0);
}

static void each_damaged_header_is_refused_with_its_cause(void **state) {
    (void)state;
    static const struct {
        unsigned at, size;
        uint64_t value;
        const char *says;
    } table[] = {
        {0, 4, 0, "not a Smalltalk image"},
        {0, 4, 0x464c457f, "not a Smalltalk image"},
        {0, 4, 0xb5090100, "byte-swapped"},
        {0, 4, __builtin_bswap32(68021), "byte-swapped"},
        {0, 4, __builtin_bswap32(68533), "byte-swapped"},
        {0, 8, __builtin_bswap64(68021), "byte-swapped"},
        {0, 4, __builtin_bswap32(6521), "byte-swapped"},
        {0, 4, 6521, "32-bit Spur"},
        {0, 4, 7033, "32-bit Spur"},
        {0, 4, 6502, "before Spur"},
        {0, 4, 6504, "before Spur"},
        {0, 4, 6505, "before Spur"},
        {0, 4, 68000, "before Spur"},
        {0, 4, 68002, "before Spur"},
        {0, 4, 68003, "before Spur"},
        {0, 4, 68019, "abandoned"},
        {4, 4, 0, "header size 0"},
        {4, 4, 64, "header size 64"},
        {4, 4, 130, "multiple of 8"},
        {4, 4, 0xfffffff8, "more than the file's"},
        {8, 8, 200008, "truncated or damaged"},
        {8, 8, UINT64_MAX - 7, "truncated or damaged"},
        {8, 8, 199999, "multiple of 8"},
        {8, 8, 0, "first five objects"},
        {8, 8, 4096, "first five objects"},
        {16, 8, 0, "base address"},
        {16, 8, 0x804004, "base address"},
        {16, 8, UINT64_MAX - 7, "base address"},
        {24, 8, 0, "special objects"},
        {24, 8, 0x803ff8, "special objects"},
        {24, 8, 0x804000 + 200000 - 8, "special objects"},
        {24, 8, 0x820001, "special objects"},
        {24, 8, UINT64_MAX - 7, "special objects"},
        {72, 8, 0, "first segment"},
        {72, 8, 16, "first segment"},
        {72, 8, 200008, "first segment"},
        {72, 8, 199999, "first segment"},
    };
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint8_t bytes[IMAGE_HEADER_BYTES];
        image_header_write(&good, bytes);
        memcpy(bytes + table[i].at, &table[i].value, table[i].size);
        expect_refusal(bytes, sizeof bytes, 200128, table[i].says);
    }
}

static void files_without_a_whole_header_are_refused(void **state) {
    (void)state;
    uint8_t bytes[IMAGE_HEADER_BYTES];
    image_header_write(&good, bytes);
    expect_refusal(bytes, 0, 0, "empty");
    for (size_t size = 1; size < 8; size++)
        expect_refusal(bytes, size, size, "too few");
    for (size_t size = 8; size < IMAGE_HEADER_BYTES; size++)
        expect_refusal(bytes, size, size, "truncated");
    expect_refusal(bytes, IMAGE_HEADER_BYTES, IMAGE_HEADER_BYTES, "truncated");
    static const uint8_t text[] =
        "#!/bin/sh\necho this is a script and no image at all, believe me\n";
    expect_refusal(text, sizeof text, sizeof text, "not a Smalltalk image");
}

static void both_formats_are_read(void **state) {
    (void)state;
    uint8_t bytes[IMAGE_HEADER_BYTES];
    struct image_header h = good;
    struct image_error e;
    h.format = IMAGE_FORMAT_SISTA;
    image_header_write(&h, bytes);
    assert_true(image_header_read(bytes, sizeof bytes, 200128, &h, &e));
    assert_int_equal(h.format, IMAGE_FORMAT_SISTA);
}

static void canonical_is_told_by_header_base_segment_and_size(void **state) {
    (void)state;
    struct image_header h = good;
    h.header_size = IMAGE_CANONICAL_HEADER;
    h.base = HEAP_IMAGE_BASE;
    h.free_old_space = 0;
    assert_true(image_is_canonical(&h, 204096));
    assert_false(image_is_canonical(&h, 204095));
    assert_false(image_is_canonical(&h, 204097));
    struct image_header other = h;
    other.header_size = 128;
    assert_false(image_is_canonical(&other, 204096));
    other = h;
    other.base = 0x804000;
    assert_false(image_is_canonical(&other, 204096));
    other = h;
    other.first_segment_size -= 8;
    assert_false(image_is_canonical(&other, 204096));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_comes_back_as_it_was_written),
        cmocka_unit_test(bytes_lie_where_other_readers_look),
        cmocka_unit_test(each_damaged_header_is_refused_with_its_cause),
        cmocka_unit_test(files_without_a_whole_header_are_refused),
        cmocka_unit_test(both_formats_are_read),
        cmocka_unit_test(canonical_is_told_by_header_base_segment_and_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
