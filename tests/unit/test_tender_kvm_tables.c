/* Page tables of the KVM tender, read back by a walk of its own (Intel SDM volume
 * 3, 4.5) that shares no code with the builder. */
#include "../../host/tender/kvm/tables.h"

#include "../../include/mote/abi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { ROOM = 64, PAGE = 4096, LARGE_PAGE = 0x200000 };

struct rig {
    uint8_t *memory;
    struct tables tables;
};

static void open_rig(struct rig *r, unsigned tables) {
    r->memory = calloc(ROOM, PAGE);
    assert_non_null(r->memory);
    tables_init(&r->tables, r->memory, PAGE, (uint64_t)(tables + 1) * PAGE);
}

static void close_rig(struct rig *r) {
    free(r->memory);
}

struct seen {
    bool present, user, writable, executable, large;
    uint64_t target;
};

static struct seen walk(const struct rig *r, uint64_t address) {
    struct seen s = {.user = true, .writable = true, .executable = true};
    uint64_t table = r->tables.root;
    for (int shift = 39; shift >= 12; shift -= 9) {
        uint64_t entry;
        memcpy(&entry, r->memory + table + ((address >> shift) & 511) * 8, 8);
        if ((entry & 1) == 0)
            return (struct seen){.present = false};
        s.writable = s.writable && (entry & 2) != 0;
        s.user = s.user && (entry & 4) != 0;
        s.executable = s.executable && (entry >> 63) == 0;
        table = entry & UINT64_C(0xffffffffff000);
        s.large = shift == 21 && (entry & 0x80) != 0;
        if (s.large || shift == 12)
            break;
        assert_int_equal(entry & 0x80, 0);
    }
    s.present = true;
    s.target = table + (address & (s.large ? LARGE_PAGE - 1 : PAGE - 1));
    return s;
}

static void each_access_has_its_rights_and_no_more(void **state) {
    (void)state;
    struct rig r;
    open_rig(&r, 16);
    assert_true(tables_map(&r.tables, 0x200000, PAGE, 0x200000, TABLES_READ));
    assert_true(tables_map(&r.tables, 0x201000, PAGE, 0x201000, TABLES_EXECUTE));
    assert_true(tables_map(&r.tables, 0x202000, PAGE, 0x7000, TABLES_WRITE));
    struct seen s = walk(&r, 0x200123);
    assert_true(s.present && s.user && !s.writable && !s.executable);
    assert_int_equal(s.target, 0x200123);
    s = walk(&r, 0x201fff);
    assert_true(s.present && s.user && !s.writable && s.executable);
    assert_int_equal(s.target, 0x201fff);
    s = walk(&r, 0x202008);
    assert_true(s.present && s.user && s.writable && !s.executable);
    assert_int_equal(s.target, 0x7008);
    close_rig(&r);
}

static void what_is_not_mapped_is_not_there(void **state) {
    (void)state;
    struct rig r;
    open_rig(&r, 16);
    assert_true(tables_map(&r.tables, 0x200000, 2 * PAGE, 0x200000, TABLES_WRITE));
    static const uint64_t outside[] = {0,          1,
                                       0x1000,     0x1fffff,
                                       0x202000,   0x3fffff,
                                       0x40200000, UINT64_C(1) << 39,
                                       MOTE_ARENA, (UINT64_C(1) << 47) - 1};
    struct tables_entry found;
    for (unsigned i = 0; i < sizeof outside / sizeof *outside; i++) {
        assert_false(walk(&r, outside[i]).present);
        assert_false(tables_find(&r.tables, outside[i], &found));
    }
    close_rig(&r);
}

static void whole_granules_are_large_pages(void **state) {
    (void)state;
    struct rig r;
    open_rig(&r, 16);
    assert_true(tables_map(&r.tables, MOTE_IMAGE_BASE, 3 * LARGE_PAGE, 0x8000000, TABLES_WRITE));
    for (unsigned i = 0; i < 3; i++) {
        struct seen s = walk(&r, MOTE_IMAGE_BASE + i * LARGE_PAGE + 0x12345);
        assert_true(s.present && s.user && s.writable && !s.executable && s.large);
        assert_int_equal(s.target, 0x8000000 + i * LARGE_PAGE + 0x12345);
    }
    assert_false(walk(&r, MOTE_IMAGE_BASE - 1).present);
    assert_false(walk(&r, MOTE_IMAGE_BASE + 3 * LARGE_PAGE).present);
    close_rig(&r);
}

static void large_pages_only_where_both_sides_are_aligned(void **state) {
    (void)state;
    struct rig r;
    open_rig(&r, 16);
    assert_true(tables_map(&r.tables, 0x1ff000, LARGE_PAGE + 2 * PAGE, 0x5ff000, TABLES_WRITE));
    assert_false(walk(&r, 0x1ff000).large);
    assert_true(walk(&r, 0x200000).large);
    assert_false(walk(&r, 0x400000).large);
    assert_true(tables_map(&r.tables, 0x1000000, LARGE_PAGE, 0x2001000, TABLES_WRITE));
    struct seen s = walk(&r, 0x1000000 + LARGE_PAGE - 1);
    assert_true(s.present && !s.large);
    assert_int_equal(s.target, 0x2001000 + LARGE_PAGE - 1);
    assert_false(walk(&r, 0x1000000 + LARGE_PAGE).present);
    close_rig(&r);
}

static void finding_agrees_with_the_walk(void **state) {
    (void)state;
    struct rig r;
    open_rig(&r, 16);
    assert_true(tables_map(&r.tables, 0x3ff000, PAGE + LARGE_PAGE, 0x9ff000, TABLES_WRITE));
    assert_true(tables_map(&r.tables, 0x600000, 3 * PAGE, 0x111000, TABLES_EXECUTE));
    for (uint64_t address = 0x3fe000; address < 0x605000; address += 0x7ff) {
        struct seen s = walk(&r, address);
        struct tables_entry found;
        assert_int_equal(tables_find(&r.tables, address, &found), s.present);
        if (!s.present)
            continue;
        assert_int_equal(found.target, s.target);
        uint64_t page = s.large ? LARGE_PAGE : PAGE;
        assert_int_equal(found.bytes, page - address % page);
        assert_int_equal(found.access, s.executable ? TABLES_EXECUTE : TABLES_WRITE);
    }
    close_rig(&r);
}

static void addresses_beyond_the_lower_half_are_never_found(void **state) {
    (void)state;
    struct rig r;
    open_rig(&r, 16);
    assert_true(tables_map(&r.tables, 0x200000, PAGE, 0x200000, TABLES_READ));
    static const uint64_t beyond[] = {UINT64_C(1) << 47, UINT64_C(0x0001000000200000),
                                      UINT64_C(0xffff800000200000), UINT64_C(1) << 63, UINT64_MAX};
    struct tables_entry found;
    for (unsigned i = 0; i < sizeof beyond / sizeof *beyond; i++)
        assert_false(tables_find(&r.tables, beyond[i], &found));
    close_rig(&r);
}

static void a_second_map_replaces_the_first(void **state) {
    (void)state;
    struct rig r;
    open_rig(&r, 16);
    assert_true(tables_map(&r.tables, 0x200000, PAGE, 0x200000, TABLES_WRITE));
    uint64_t next = r.tables.next;
    assert_true(tables_map(&r.tables, 0x200000, PAGE, 0x300000, TABLES_EXECUTE));
    assert_int_equal(r.tables.next, next);
    struct seen s = walk(&r, 0x200000);
    assert_true(s.executable && !s.writable);
    assert_int_equal(s.target, 0x300000);
    close_rig(&r);
}

static void a_page_inside_a_large_one_is_refused(void **state) {
    (void)state;
    struct rig r;
    open_rig(&r, 16);
    assert_true(tables_map(&r.tables, 0x400000, LARGE_PAGE, 0x400000, TABLES_WRITE));
    assert_false(tables_map(&r.tables, 0x401000, PAGE, 0x1000, TABLES_EXECUTE));
    assert_true(walk(&r, 0x401000).writable);
    close_rig(&r);
}

static void running_out_of_tables_is_an_answer(void **state) {
    (void)state;
    for (unsigned tables = 1; tables < 4; tables++) {
        struct rig r;
        open_rig(&r, tables);
        assert_false(tables_map(&r.tables, 0x200000, PAGE, 0x200000, TABLES_WRITE));
        assert_false(walk(&r, 0x200000).present);
        assert_true(r.tables.next <= r.tables.end);
        close_rig(&r);
    }
    struct rig r;
    open_rig(&r, 4);
    assert_true(tables_map(&r.tables, 0x200000, PAGE, 0x200000, TABLES_WRITE));
    assert_false(tables_map(&r.tables, MOTE_ARENA, LARGE_PAGE, 0x400000, TABLES_WRITE));
    close_rig(&r);
}

static void the_number_of_tables_needed_is_never_too_small(void **state) {
    (void)state;
    static const struct {
        uint64_t at, granules;
    } ranges[] = {{MOTE_ARENA, 1},
                  {MOTE_IMAGE_BASE - LARGE_PAGE, 2},
                  {MOTE_IMAGE_BASE, 512},
                  {MOTE_IMAGE_BASE + LARGE_PAGE, 512},
                  {MOTE_IMAGE_BASE, 5000}};
    for (unsigned i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        struct rig r;
        open_rig(&r, 40);
        uint64_t before = r.tables.next, bytes = ranges[i].granules * LARGE_PAGE;
        assert_true(tables_map(&r.tables, ranges[i].at, bytes, 0, TABLES_WRITE));
        uint64_t used = (r.tables.next - before) / PAGE;
        uint64_t needed = tables_needed(ranges[i].at, bytes);
        assert_true(used <= needed && needed <= used + 1);
        close_rig(&r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_access_has_its_rights_and_no_more),
        cmocka_unit_test(what_is_not_mapped_is_not_there),
        cmocka_unit_test(whole_granules_are_large_pages),
        cmocka_unit_test(large_pages_only_where_both_sides_are_aligned),
        cmocka_unit_test(finding_agrees_with_the_walk),
        cmocka_unit_test(addresses_beyond_the_lower_half_are_never_found),
        cmocka_unit_test(a_second_map_replaces_the_first),
        cmocka_unit_test(a_page_inside_a_large_one_is_refused),
        cmocka_unit_test(running_out_of_tables_is_an_answer),
        cmocka_unit_test(the_number_of_tables_needed_is_never_too_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
