/* The arena on a machine of its own: page tables and frames, with an array for
 * physical memory. What has been made accessible can always be touched, reads as
 * zero at first, and nothing is lost. */
#include "kernel_fixture.h"

#define MOTE_PC_CPU_H /* there is no processor to tell */
static void flush_page(uint64_t at) {
    (void)at;
}
static void load_tables(uint64_t root) {
    (void)root;
}

/* The kernel's segments, for the linker, whose own these names are; memory_start
 * is not called. */
#define __data_start kernel_data_start
#define __bss_end kernel_bss_end
const uint8_t __text_start[1], __text_end[1], __rodata_start[1], __rodata_end[1], __data_start[1],
    __bss_end[1];

#include "../../kernel/platform/pc/frames.c"
#include "../../kernel/platform/pc/tables.c"
#include "../../kernel/platform/pc/memory.c"

#define FIRST UINT64_C(0x40000000) /* physical */
enum { MEMORY = 16 << 20 };

static uint8_t *physical;

/* Two pieces of memory with a hole, and an empty address space. */
static int machine(void **state) {
    (void)state;
    static struct pvh_boot boot;
    if (physical == NULL)
        physical = aligned_alloc(PAGE, MEMORY);
    memset(physical, 0xa5, MEMORY); /* nobody said that it is empty */
    memset(&kernel, 0, sizeof kernel);
    kernel.arena_end = MOTE_ARENA + (UINT64_C(1) << 41);
    unused = returned = promised = first_returned = 0;
    all.count = unused_spans.count = 0;
    boot.ram = (struct spans){.span = boot.ram_span, .capacity = PVH_RAM};
    spans_add(&boot.ram, FIRST, FIRST + MEMORY / 2);
    spans_add(&boot.ram, FIRST + MEMORY / 2 + 0x10000, FIRST + MEMORY);
    assert_true(frames_start(&boot, 0, 0));
    direct = (uint64_t)physical - FIRST;
    tables_start();
    return 0;
}

/* As the processor does: where `at` is, or NULL after a fault that nobody helps. */
static uint64_t *touch(uint64_t at) {
    uint64_t *entry = tables_entry(at, false);
    if (entry == NULL || (*entry & TABLE_PRESENT) == 0) {
        if (!memory_fault(at, 2))
            return NULL;
        entry = tables_entry(at, false);
    }
    assert_true(*entry & TABLE_PRESENT);
    assert_int_equal(*entry & (TABLE_WRITE | TABLE_NO_EXECUTE), TABLE_WRITE | TABLE_NO_EXECUTE);
    uint64_t frame = *entry & TABLE_ADDRESS;
    assert_int_equal(spans_count(&all, frame, frame + PAGE), PAGE);
    return (uint64_t *)frame_at(frame) + at % PAGE / 8;
}

static void nothing_is_there_at_first(void **state) {
    (void)state;
    assert_null(touch(MOTE_ARENA));
    assert_null(touch(0));
    assert_null(touch(UINT64_MAX - 7));
    assert_int_equal(memory_make_accessible(MOTE_ARENA, PAGE), 0);
    assert_non_null(touch(MOTE_ARENA));
    assert_null(touch(MOTE_ARENA + PAGE));
    assert_null(touch(MOTE_ARENA - PAGE));
}

static void a_fault_on_a_page_that_is_there_is_real(void **state) {
    (void)state;
    assert_int_equal(memory_make_accessible(MOTE_ARENA, PAGE), 0);
    assert_non_null(touch(MOTE_ARENA));
    assert_false(memory_fault(MOTE_ARENA, 3));
}

static void other_ranges_are_refused(void **state) {
    (void)state;
    assert_int_equal(memory_make_accessible(MOTE_ARENA - PAGE, PAGE), PLATFORM_EINVAL);
    assert_int_equal(memory_make_accessible(MOTE_ARENA + 1, PAGE), PLATFORM_EINVAL);
    assert_int_equal(memory_make_accessible(MOTE_ARENA, 1), PLATFORM_EINVAL);
    assert_int_equal(memory_make_accessible(MOTE_ARENA, UINT64_MAX - PAGE + 1), PLATFORM_EINVAL);
    assert_int_equal(memory_make_accessible(kernel.arena_end, PAGE), PLATFORM_EINVAL);
    assert_int_equal(memory_make_accessible(0, PAGE), PLATFORM_EINVAL);
    memory_discard(0x200000, PAGE);
    memory_discard(MOTE_ARENA, UINT64_MAX - PAGE + 1);
}

static void all_of_it_can_be_had_and_no_more(void **state) {
    (void)state;
    uint64_t at = MOTE_IMAGE_BASE, pages = 0;
    while (memory_make_accessible(at + pages * PAGE, PAGE) == 0)
        pages++;
    assert_true(pages > MEMORY / PAGE - 40);
    assert_int_equal(memory_make_accessible(MOTE_ARENA, GRANULE), PLATFORM_ENOMEM);
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t *word = touch(at + i * PAGE);
        assert_non_null(word);
        assert_int_equal(*word, 0);
        *word = i + 1;
    }
    for (uint64_t i = 0; i < pages; i++)
        assert_int_equal(*touch(at + i * PAGE), i + 1);
}

static void a_range_too_large_leaves_all_as_it_was(void **state) {
    (void)state;
    uint64_t before = frames_free();
    assert_int_equal(memory_make_accessible(MOTE_ARENA, MEMORY), PLATFORM_ENOMEM);
    assert_int_equal(memory_make_accessible(MOTE_ARENA, UINT64_C(1) << 40), PLATFORM_ENOMEM);
    assert_int_equal(frames_free(), before);
    assert_null(touch(MOTE_ARENA));
}

static void what_is_discarded_comes_back(void **state) {
    (void)state;
    enum { BYTES = 3 * GRANULE };
    uint64_t at = MOTE_ARENA + 5 * PAGE;
    assert_int_equal(memory_make_accessible(at, BYTES), 0);
    uint64_t free = frames_free();
    for (unsigned round = 0; round < 20; round++) {
        for (uint64_t i = 0; i < BYTES; i += PAGE) {
            uint64_t *word = touch(at + i);
            assert_non_null(word);
            assert_int_equal(*word, 0);
            *word = 1;
        }
        memory_discard(at, BYTES);
        assert_int_equal(frames_free(), free + BYTES / PAGE);
        assert_int_equal(memory_make_accessible(at, BYTES), 0);
        assert_int_equal(frames_free(), free);
    }
}

static void discarded_memory_may_run_out(void **state) {
    (void)state;
    enum { BYTES = 6 * GRANULE };
    assert_int_equal(memory_make_accessible(MOTE_ARENA, BYTES), 0);
    memory_discard(MOTE_ARENA, BYTES);
    assert_int_equal(memory_make_accessible(MOTE_IMAGE_BASE, BYTES), 0);
    uint64_t at = MOTE_ARENA;
    while (touch(at) != NULL)
        at += PAGE;
    assert_true(at - MOTE_ARENA < 2 * GRANULE);
    assert_true(memory_is_promised(at));
    assert_false(memory_is_promised(MOTE_ARENA + BYTES));
    for (uint64_t i = 0; i < BYTES; i += PAGE)
        assert_non_null(touch(MOTE_IMAGE_BASE + i));
}

/* Against a model of 4096 pages: 0 not accessible, 1 accessible, 2 released. */
static void anything_in_any_order(void **state) {
    (void)state;
    enum { PAGES_ = 4096 };
    static uint8_t kind[PAGES_];
    static uint64_t holds[PAGES_];
    uint64_t base = MOTE_IMAGE_BASE - 1000 * PAGE, stamp = 1;
    memset(kind, 0, sizeof kind);
    memset(holds, 0, sizeof holds);
    srand(11);
    for (unsigned step = 0; step < 20000; step++) {
        uint64_t n = (uint64_t)rand() % (rand() % 8 == 0 ? 1500 : 20) + 1;
        uint64_t from = (uint64_t)rand() % (PAGES_ - n + 1);
        if (rand() % 8 == 0) { /* whole granules */
            from = 1000 % 512 + (uint64_t)(rand() % 4) * 512;
            n = 512;
        }
        unsigned what = (unsigned)rand() % 4;
        if (what == 0) {
            if (memory_make_accessible(base + from * PAGE, n * PAGE) == 0)
                memset(kind + from, 1, n);
        } else if (what == 1) {
            memory_discard(base + from * PAGE, n * PAGE);
            for (uint64_t i = from; i < from + n; i++) {
                kind[i] = kind[i] != 0 ? 2 : 0;
                holds[i] = 0;
            }
        } else {
            for (uint64_t i = from; i < from + n; i++) {
                uint64_t *word = touch(base + i * PAGE);
                if (kind[i] == 1)
                    assert_non_null(word);
                if (kind[i] == 0)
                    assert_null(word);
                if (word == NULL)
                    continue;
                assert_int_equal(*word, holds[i]);
                *word = holds[i] = stamp++;
            }
        }
        assert_true(promised <= unused + returned);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_there_at_first, machine),
        cmocka_unit_test_setup(a_fault_on_a_page_that_is_there_is_real, machine),
        cmocka_unit_test_setup(other_ranges_are_refused, machine),
        cmocka_unit_test_setup(all_of_it_can_be_had_and_no_more, machine),
        cmocka_unit_test_setup(a_range_too_large_leaves_all_as_it_was, machine),
        cmocka_unit_test_setup(what_is_discarded_comes_back, machine),
        cmocka_unit_test_setup(discarded_memory_may_run_out, machine),
        cmocka_unit_test_setup(anything_in_any_order, machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
