/* The kernel's heap, on the hosted platform's memory. */
#include "kernel_fixture.h"

#define malloc kernel_malloc
#define free kernel_free
#define calloc kernel_calloc
#define realloc kernel_realloc
void *kernel_malloc(size_t size);
void kernel_free(void *p);
void *kernel_calloc(size_t count, size_t size);
void *kernel_realloc(void *p, size_t size);

#include "../../kernel/libc/malloc.c"

static void sizes_are_rounded_up_to_a_class(void **state) {
    (void)state;
    for (size_t size = 0; size <= SMALL_MAX; size++) {
        unsigned class = class_for(size);
        assert_true(class < CLASSES && class_size[class] >= size);
        assert_true(class == 0 || class_size[class - 1] < size);
    }
}

static void blocks_are_aligned_and_apart(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 16, 17, 200, 2048, 2049, 4032, 4033, 100000, 3000000};
    uint8_t *p[sizeof sizes / sizeof sizes[0]];
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        p[i] = malloc(sizes[i]);
        assert_non_null(p[i]);
        assert_int_equal((uintptr_t)p[i] % 16, 0);
        memset(p[i], (int)i, sizes[i]);
    }
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(p[i][k], i);
        free(p[i]);
    }
    free(NULL);
}

static void calloc_is_zero_and_knows_overflow(void **state) {
    (void)state;
    for (size_t size = 8; size < 100000; size *= 3) {
        uint8_t *p = malloc(size);
        memset(p, 0xaa, size);
        free(p);
        p = calloc(size, 1);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        free(p);
    }
    volatile size_t huge = SIZE_MAX / 2;
    assert_null(calloc(huge, 4));
    assert_null(malloc(huge + 1));
    assert_null(malloc(SIZE_MAX));
    assert_int_equal(errno, ENOMEM);
}

static void realloc_keeps_what_fits(void **state) {
    (void)state;
    uint8_t *p = realloc(NULL, 1);
    size_t had = 1;
    p[0] = 0;
    for (size_t size = 3; size < 2000000; size = size * 3 / 2) {
        p = realloc(p, size);
        for (size_t i = 0; i < had; i++)
            assert_int_equal(p[i], (uint8_t)(i * 7));
        for (size_t i = had; i < size; i++)
            p[i] = (uint8_t)(i * 7);
        had = size;
    }
    for (; had > 0; had /= 3) {
        p = realloc(p, had);
        for (size_t i = 0; i < had; i++)
            assert_int_equal(p[i], (uint8_t)(i * 7));
    }
    free(p);
}

static void emptied_slabs_serve_other_classes(void **state) {
    (void)state;
    enum { COUNT = 20000 };
    static void *p[COUNT];
    uintptr_t end_before = 0;
    for (size_t size = 16; size <= 128; size *= 2) {
        size_t count = COUNT * 16 / size;
        for (size_t i = 0; i < count; i++)
            p[i] = malloc(size);
        if (end_before == 0)
            end_before = chunk;
        for (size_t i = 0; i < count; i++)
            free(p[i]);
    }
    assert_true(chunk <= end_before + 8 * SLAB_BYTES);
    assert_true(empty_count <= SPARE_SLABS);
}

/* Random sizes and orders; each block holds its own address and length. */
static void disorder(void **state) {
    (void)state;
    enum { COUNT = 500 };
    static struct {
        uint64_t *p;
        size_t words;
    } block[COUNT];
    uint32_t seed = 11;
    for (unsigned round = 0; round < 100000; round++) {
        seed = seed * 1664525 + 1013904223;
        unsigned i = (seed >> 8) % COUNT;
        if (block[i].p != NULL) {
            for (size_t k = 0; k < block[i].words; k++)
                assert_true(block[i].p[k] == (uintptr_t)block[i].p + k);
            free(block[i].p);
            block[i].p = NULL;
        } else {
            block[i].words = 1 + (seed >> 20) % ((seed & 0xf0000) == 0 ? 2000 : 60);
            block[i].p = malloc(block[i].words * 8);
            for (size_t k = 0; k < block[i].words; k++)
                block[i].p[k] = (uintptr_t)block[i].p + k;
        }
    }
    for (unsigned i = 0; i < COUNT; i++)
        free(block[i].p);
}

static void wrong_pointers_are_found_out(void **state) {
    (void)state;
    char *p = malloc(100), *other = malloc(100), *large = malloc(5000);
    assert_non_null(other);
    expect_panic(free(p + 16), "not a block in use");
    expect_panic(free(large + 16), "not a block in use");
    free(p);
    expect_panic(free(p), "free already");
    free(large);
    free(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_rounded_up_to_a_class),
        cmocka_unit_test(blocks_are_aligned_and_apart),
        cmocka_unit_test(calloc_is_zero_and_knows_overflow),
        cmocka_unit_test(realloc_keeps_what_fits),
        cmocka_unit_test(emptied_slabs_serve_other_classes),
        cmocka_unit_test(disorder),
        cmocka_unit_test(wrong_pointers_are_found_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
