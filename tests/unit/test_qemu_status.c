/* What comes through QEMU's status port: a status, dumps, nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../host/qemu/status.c"

static struct status s;

static int fresh(void **state) {
    (void)state;
    memset(&s, 0, sizeof s);
    return 0;
}

/* The number of dumps in these bytes. */
static unsigned take(const void *bytes, size_t n) {
    unsigned dumps = 0;
    for (size_t i = 0; i < n; i++)
        dumps += status_take(&s, ((const uint8_t *)bytes)[i]);
    return dumps;
}

static void every_byte_is_a_status(void **state) {
    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        uint8_t byte = (uint8_t)i;
        fresh(NULL);
        assert_false(s.has_value);
        assert_int_equal(take(&byte, 1), 0);
        assert_true(s.has_value);
        assert_int_equal(s.value, i);
        assert_false(status_in_dump(&s));
    }
}

static uint8_t *a_dump(uint64_t stack_bytes) {
    static uint8_t bytes[sizeof(struct mote_dump) + MOTE_DUMP_MOST];
    struct mote_dump d = {.magic = MOTE_DUMP_MAGIC, .vector = 14, .stack_bytes = stack_bytes};
    memset(bytes, 'M', sizeof bytes);
    memcpy(bytes, &d, sizeof d);
    return bytes;
}

static void dumps_come_before_the_status(void **state) {
    (void)state;
    static const uint64_t sizes[] = {MOTE_DUMP_LEAST, MOTE_DUMP_LEAST + 1, MOTE_DUMP_MOST};
    for (unsigned i = 0; i < 3; i++) {
        size_t n = sizeof(struct mote_dump) + sizes[i];
        assert_int_equal(take(a_dump(sizes[i]), n - 1), 0);
        assert_true(status_in_dump(&s));
        assert_false(s.has_value);
        assert_int_equal(take("M", 1), 1);
        assert_false(status_in_dump(&s));
        assert_false(s.has_value);
        assert_int_equal(s.dump.head.vector, 14);
    }
    assert_int_equal(take("\x46", 1), 0);
    assert_true(s.has_value);
    assert_int_equal(s.value, 70);
}

static void a_dump_that_cannot_be_is_none(void **state) {
    (void)state;
    static const uint64_t sizes[] = {0, MOTE_DUMP_LEAST - 1, MOTE_DUMP_MOST + 1, UINT64_MAX,
                                     UINT64_MAX - sizeof(struct mote_dump) + 2};
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(take(a_dump(sizes[i]), sizeof(struct mote_dump)), 0);
        assert_false(status_in_dump(&s));
    }
    assert_int_equal(take("MoteDumMoteDumpling", 19), 0);
    fresh(NULL);
    assert_int_equal(take("MMoteDumx", 9), 0);
    assert_true(s.has_value);
    assert_int_equal(s.value, 'x');
}

static void a_dump_after_its_own_first_letter(void **state) {
    (void)state;
    assert_int_equal(take("M", 1), 0);
    assert_int_equal(take(a_dump(MOTE_DUMP_LEAST), sizeof(struct mote_dump) + MOTE_DUMP_LEAST), 1);
}

static void nonsense_does_no_harm(void **state) {
    (void)state;
    srand(3);
    for (unsigned i = 0; i < 2000000; i++) {
        uint8_t byte = (uint8_t)rand();
        if (rand() % 2000 == 0)
            take(a_dump((uint64_t)rand() % 0x20000), (size_t)rand() % 300);
        take(&byte, 1);
        assert_true(s.used <= sizeof s.dump.bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_byte_is_a_status, fresh),
        cmocka_unit_test_setup(dumps_come_before_the_status, fresh),
        cmocka_unit_test_setup(a_dump_that_cannot_be_is_none, fresh),
        cmocka_unit_test_setup(a_dump_after_its_own_first_letter, fresh),
        cmocka_unit_test_setup(nonsense_does_no_harm, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
