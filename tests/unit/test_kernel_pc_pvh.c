/* What a PVH loader says, as it should be and as it should not. Physical memory
 * is an array here, at BASE. */
#include "../../kernel/boot/pvh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BASE UINT64_C(0x9000)
#define MIB UINT64_C(0x100000)

static uint8_t physical[0x40000];
static struct pvh_boot boot;

static const void *at(uint64_t address, uint64_t bytes) {
    bool inside = address >= BASE && address - BASE <= sizeof physical &&
                  bytes <= sizeof physical - (address - BASE);
    return inside ? physical + (address - BASE) : NULL;
}

static void put(uint64_t address, const void *data, size_t bytes) {
    memcpy(physical + (address - BASE), data, bytes);
}

enum { INFO = 0x9000, MEMMAP = 0x9100, MODULES = 0xa000, COMMAND_LINE = 0xb000 };

static void put32(uint64_t address, uint32_t value) {
    put(address, &value, sizeof value);
}

static void put64(uint64_t address, uint64_t value) {
    put(address, &value, sizeof value);
}

static void entry(unsigned i, uint64_t start, uint64_t bytes, uint32_t type) {
    put64(MEMMAP + i * 24, start);
    put64(MEMMAP + i * 24 + 8, bytes);
    put32(MEMMAP + i * 24 + 16, type);
    put32(INFO + 48, i + 1);
}

/* Two pieces of memory, an image and a command line. */
static int good_tables(void **state) {
    (void)state;
    memset(physical, 0xee, sizeof physical);
    memset(physical, 0, 56);
    put32(INFO, 0x336ec578);
    put32(INFO + 4, 1);
    put32(INFO + 12, 1);
    put64(INFO + 16, MODULES);
    put64(INFO + 24, COMMAND_LINE);
    put64(INFO + 40, MEMMAP);
    entry(0, 0, 0x9fc00, 1);
    entry(1, 0xf0000, 0x10000, 2);
    entry(2, MIB, 127 * MIB, 1);
    put64(MODULES, 0x7000000);
    put64(MODULES + 8, 12345);
    put(COMMAND_LINE, "arg=x", 6);
    return 0;
}

static void good_tables_are_read(void **state) {
    (void)state;
    assert_null(pvh_read(&boot, INFO, at));
    assert_int_equal(boot.ram.count, 2);
    assert_int_equal(boot.ram.span[0].to, 0x9f000); /* whole pages */
    assert_int_equal(boot.ram.span[1].from, MIB);
    assert_int_equal(boot.ram.span[1].to, 128 * MIB);
    assert_int_equal(boot.image, 0x7000000);
    assert_int_equal(boot.image_bytes, 12345);
    assert_string_equal(boot.command_line, "arg=x");
    assert_int_equal(boot.command_line_bytes, 5);
}

static void little_is_enough(void **state) {
    (void)state;
    put32(INFO + 12, 0);
    put64(INFO + 24, 0);
    assert_null(pvh_read(&boot, INFO, at));
    assert_int_equal(boot.image_bytes, 0);
    assert_string_equal(boot.command_line, "");
}

static void refused(const char *why) {
    const char *said = pvh_read(&boot, INFO, at);
    assert_non_null(said);
    assert_non_null(strstr(said, why));
}

static void what_is_no_start_information_is_refused(void **state) {
    (void)state;
    put32(INFO, 0x336ec579);
    refused("no PVH start information");
    assert_non_null(pvh_read(&boot, 0, at));
    assert_non_null(pvh_read(&boot, UINT64_MAX - 8, at));
    assert_non_null(pvh_read(&boot, BASE + sizeof physical - 8, at));
}

static void a_memory_map_there_must_be(void **state) {
    (void)state;
    put32(INFO + 4, 0);
    refused("no memory map");
    good_tables(state);
    put32(INFO + 48, 0);
    refused("no memory map");
    good_tables(state);
    put32(INFO + 48, UINT32_MAX);
    refused("absurd");
    good_tables(state);
    put64(INFO + 40, UINT64_MAX - 100);
    refused("absurd");
    good_tables(state);
    put64(INFO + 40, UINT64_MAX / 2);
    refused("cannot be read");
    good_tables(state);
    entry(0, 0, MIB, 2);
    put32(INFO + 48, 1);
    refused("no usable memory");
}

static void what_overlaps_is_not_used(void **state) {
    (void)state;
    entry(3, 64 * MIB, 64 * MIB + 1, 2);
    entry(4, 10 * MIB + 1, 10, 5);
    entry(5, 2 * MIB, 100 * MIB, 1); /* the same again */
    assert_null(pvh_read(&boot, INFO, at));
    assert_int_equal(spans_count(&boot.ram, 0, UINT64_MAX), 0x9f000 + 63 * MIB - 0x1000);
    assert_int_equal(spans_count(&boot.ram, 10 * MIB, 10 * MIB + 0x1000), 0);
    assert_int_equal(spans_count(&boot.ram, 64 * MIB, UINT64_MAX), 0);
}

static void entries_that_wrap_are_refused(void **state) {
    (void)state;
    static const struct {
        uint64_t start, bytes;
    } bad[] = {{UINT64_MAX - 0x1000, 0x2000},
               {0x1000, UINT64_MAX},
               {UINT64_MAX, 1},
               {UINT64_MAX, UINT64_MAX},
               {0x8000000000000000, 0x8000000000000000}};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        for (uint32_t type = 1; type < 3; type++) {
            good_tables(state);
            entry(3, bad[i].start, bad[i].bytes, type);
            refused("past the end of the address space");
        }
    }
}

static void memory_far_away_is_left_alone(void **state) {
    (void)state;
    entry(3, PVH_MEMORY_END - MIB, UINT64_C(1) << 50, 1);
    entry(4, PVH_MEMORY_END, 4 * MIB, 1);
    entry(5, 300 * MIB, 0xfff, 1); /* not a page */
    entry(6, 400 * MIB, 0, 1);
    assert_null(pvh_read(&boot, INFO, at));
    assert_int_equal(boot.ram.count, 3);
    assert_int_equal(boot.ram.span[2].to, PVH_MEMORY_END);
}

static void too_many_pieces_are_refused(void **state) {
    (void)state;
    for (unsigned i = 0; i < PVH_RAM + 1; i++)
        entry(i, i * 2 * MIB, MIB, 1);
    refused("too many pieces");
}

static void an_image_that_cannot_be_is_refused(void **state) {
    (void)state;
    put64(MODULES, 0x7000001);
    refused("not page aligned");
    put64(MODULES, 0x7000000);
    put64(MODULES + 8, UINT64_MAX - 0x7000000);
    refused("past the end of the address space");
    put64(INFO + 16, UINT64_MAX - 3);
    refused("list of modules");
    good_tables(state);
    put32(INFO + 12, UINT32_MAX);
    refused("list of modules");
}

static void an_empty_image_is_none(void **state) {
    (void)state;
    put64(MODULES + 8, 0);
    assert_null(pvh_read(&boot, INFO, at));
    assert_int_equal(boot.image, 0);
}

static void a_command_line_must_end(void **state) {
    (void)state;
    memset(physical + (COMMAND_LINE - BASE), 'x', PVH_COMMAND_LINE);
    refused("too long");
    put64(INFO + 24, BASE + sizeof physical - 4);
    refused("command line cannot be read");
    put64(INFO + 24, UINT64_MAX);
    refused("command line cannot be read");
}

/* Whatever the tables hold, what comes out is in order and whole pages. */
static void nonsense_does_no_harm(void **state) {
    srand(7);
    for (unsigned round = 0; round < 20000; round++) {
        good_tables(state);
        for (unsigned n = (unsigned)rand() % 8; n > 0; n--) {
            unsigned offset = (unsigned)rand() % 0x180;
            physical[rand() % 4 == 0 ? (MODULES - BASE) + offset % 32 : offset] = (uint8_t)rand();
        }
        if (pvh_read(&boot, INFO, at) != NULL)
            continue;
        assert_true(boot.ram.count > 0 && boot.ram.count <= PVH_RAM);
        for (unsigned i = 0; i < boot.ram.count; i++) {
            assert_true(boot.ram.span[i].from < boot.ram.span[i].to);
            assert_true(boot.ram.span[i].to <= PVH_MEMORY_END);
            assert_int_equal((boot.ram.span[i].from | boot.ram.span[i].to) % 0x1000, 0);
            assert_true(i == 0 || boot.ram.span[i - 1].to < boot.ram.span[i].from);
        }
        assert_int_equal(boot.image % 0x1000, 0);
        assert_true(boot.image <= UINT64_MAX - boot.image_bytes);
        assert_int_equal(strlen(boot.command_line), boot.command_line_bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(good_tables_are_read, good_tables),
        cmocka_unit_test_setup(little_is_enough, good_tables),
        cmocka_unit_test_setup(what_is_no_start_information_is_refused, good_tables),
        cmocka_unit_test_setup(a_memory_map_there_must_be, good_tables),
        cmocka_unit_test_setup(what_overlaps_is_not_used, good_tables),
        cmocka_unit_test_setup(entries_that_wrap_are_refused, good_tables),
        cmocka_unit_test_setup(memory_far_away_is_left_alone, good_tables),
        cmocka_unit_test_setup(too_many_pieces_are_refused, good_tables),
        cmocka_unit_test_setup(an_image_that_cannot_be_is_refused, good_tables),
        cmocka_unit_test_setup(an_empty_image_is_none, good_tables),
        cmocka_unit_test_setup(a_command_line_must_end, good_tables),
        cmocka_unit_test_setup(nonsense_does_no_harm, good_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
