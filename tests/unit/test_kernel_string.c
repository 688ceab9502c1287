/* The kernel's memmove, memset and memcmp against plain loops, at all small sizes,
 * alignments and distances. memcpy is memmove by another name. */
#include "kernel_fixture.h"

#define memmove kernel_memmove
#define memset kernel_memset
#define memcmp kernel_memcmp
#define bcmp kernel_bcmp
#define memcpy kernel_memcpy
void *kernel_memmove(void *out, const void *in, size_t n);
void *kernel_memset(void *out, int byte, size_t n);
int kernel_memcmp(const void *left, const void *right, size_t n);
int kernel_bcmp(const void *left, const void *right, size_t n);
#define alias(name) alias("kernel_memmove")
#include "../../kernel/libc/copy.c"
#undef alias
#define word fill_word
#define half fill_half
#define vector fill_vector
#define STEP FILL_STEP
#define STRING_INSTRUCTION FILL_STRING_INSTRUCTION
#include "../../kernel/libc/fill.c"
#undef word
#define word compare_word
#include "../../kernel/libc/compare.c"

enum { ROOM = 9000 };

static uint8_t got[ROOM], wanted[ROOM];

static void scribble(uint32_t seed) {
    for (unsigned i = 0; i < ROOM; i++) {
        seed = seed * 1664525 + 1013904223;
        got[i] = wanted[i] = (uint8_t)(seed >> 24);
    }
}

static void expect_same(void) {
    for (unsigned i = 0; i < ROOM; i++)
        if (got[i] != wanted[i])
            fail_msg("byte %u", i);
}

static void plain_move(uint8_t *to, const uint8_t *from, size_t n) {
    static uint8_t copy[ROOM];
    for (size_t i = 0; i < n; i++)
        copy[i] = from[i];
    for (size_t i = 0; i < n; i++)
        to[i] = copy[i];
}

static void check_move(size_t to, size_t from, size_t n) {
    scribble((uint32_t)(to * 31 + from * 7 + n));
    assert_ptr_equal(kernel_memmove(got + to, got + from, n), got + to);
    plain_move(wanted + to, wanted + from, n);
    expect_same();
}

static const size_t long_sizes[] = {300, 1000, 2047, 2048, 2049, 2055, 4000};
enum { LONG_SIZES = sizeof long_sizes / sizeof long_sizes[0] };

static void apart(void **state) {
    (void)state;
    for (size_t n = 0; n < 270; n++)
        for (size_t shift = 0; shift < 3; shift++)
            check_move(shift * 5, 500 + shift, n);
    for (unsigned i = 0; i < LONG_SIZES; i++)
        for (size_t shift = 0; shift < 9; shift++)
            check_move(4400 + shift, 3, long_sizes[i]);
}

static void overlapping(void **state) {
    (void)state;
    for (size_t n = 0; n < 200; n += n < 70 ? 1 : 13)
        for (size_t by = 0; by < 80; by += by < 20 ? 1 : 11) {
            check_move(500 + by, 500, n);
            check_move(500, 500 + by, n);
        }
    for (unsigned i = 0; i < LONG_SIZES; i++)
        for (size_t by = 1; by < long_sizes[i]; by = by * 3 + 1) {
            check_move(100 + by, 100, long_sizes[i]);
            check_move(100, 100 + by, long_sizes[i]);
        }
}

static void filling(void **state) {
    (void)state;
    for (size_t n = 0; n < 5000; n += n < 300 ? 1 : 171)
        for (size_t at = 0; at < 4; at++) {
            scribble((uint32_t)n);
            assert_ptr_equal(kernel_memset(got + at, (int)(0x300 + n), n), got + at);
            for (size_t i = 0; i < n; i++)
                wanted[at + i] = (uint8_t)n;
            expect_same();
        }
}

static void comparing(void **state) {
    (void)state;
    for (size_t n = 0; n < 100; n++) {
        scribble(1);
        assert_int_equal(kernel_memcmp(got + 1, wanted + 1, n), 0);
        for (size_t i = 0; i < n; i++) {
            scribble(1);
            got[1 + i] = 0x80;
            wanted[1 + i] = 0x7f;
            if (i + 1 < n)
                got[2 + i] = 0, wanted[2 + i] = 0xff; /* counts for less */
            assert_true(kernel_memcmp(got + 1, wanted + 1, n) > 0);
            assert_true(kernel_memcmp(wanted + 1, got + 1, n) < 0);
            assert_true(kernel_bcmp(got + 1, wanted + 1, n) != 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apart),
        cmocka_unit_test(overlapping),
        cmocka_unit_test(filling),
        cmocka_unit_test(comparing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
