/* Address space and accounting of the arena, without memory behind it. */
#include "kernel_fixture.h"

#include <sys/mman.h>

#include "../../kernel/memory.c"
#include "../../kernel/spans.c"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static uintptr_t accessible_at, discarded_at;
static size_t accessible_bytes, discarded_bytes;
static int door_answer;

static int fake_make_accessible(uintptr_t at, size_t size) {
    accessible_at = at;
    accessible_bytes = size;
    return door_answer;
}

static void fake_discard(uintptr_t at, size_t size) {
    discarded_at = at;
    discarded_bytes += size;
    assert_true(at + size <= MOTE_IMAGE_BASE || at >= image_end);
}

static const struct door fake_door = {.make_accessible = fake_make_accessible,
                                      .discard = fake_discard};

static void open_with(uint64_t image_bytes, uint64_t memory) {
    memset(&kernel, 0, sizeof kernel);
    kernel.door = &fake_door;
    kernel.arena_end = MOTE_IMAGE_BASE + 4 * GIB;
    kernel.image_bytes = image_bytes;
    kernel.memory = memory;
    door_answer = 0;
    discarded_bytes = 0;
    memory_open();
}

static uintptr_t reserve(uintptr_t hint, size_t size) {
    return (uintptr_t)platform_reserve(&kernel, hint, size);
}

static void small_ones_are_packed_and_large_ones_start_a_stripe(void **state) {
    (void)state;
    open_with(0, GIB);
    assert_int_equal(reserve(0, 1), MOTE_ARENA);
    assert_int_equal(reserve(0, 5000), MOTE_ARENA + 4096);
    assert_int_equal(reserve(0, 4 * MIB), MOTE_ARENA + MOTE_STRIPE);
    assert_int_equal(reserve(0, MOTE_GRANULE), MOTE_ARENA + 2 * MOTE_STRIPE);
    assert_int_equal(reserve(0, 4096), MOTE_ARENA + 3 * 4096);
}

static void space_is_used_again(void **state) {
    (void)state;
    open_with(0, GIB);
    uintptr_t a = reserve(0, 4096), b = reserve(0, 4096), c = reserve(0, 4096);
    platform_unreserve(&kernel, (void *)b, 4096);
    assert_int_equal(reserve(0, 4096), b);
    platform_unreserve(&kernel, (void *)a, 4096);
    platform_unreserve(&kernel, (void *)c, 4096);
    platform_unreserve(&kernel, (void *)b, 4096);
    assert_int_equal(free_space.count, 1);
    assert_int_equal(discarded_bytes, 4 * 4096);
}

static void a_hint_is_kept_or_refused(void **state) {
    (void)state;
    open_with(10 * MIB, GIB);
    uintptr_t window = MOTE_IMAGE_BASE - GIB;
    assert_int_equal(reserve(window, 3 * GIB), window);
    assert_int_equal(reserve(window, 3 * GIB), 0);
    assert_int_equal(reserve(window + 4096, 4096), 0);
    assert_int_equal(reserve(MOTE_ARENA + 1, 4096), 0);
    assert_int_equal(reserve(0x200000, 4096), 0);
    assert_int_equal(reserve(kernel.arena_end - 4096, 8192), 0);
    assert_int_equal(reserve(kernel.arena_end, 4096), 0);
    assert_int_equal(reserve(0, 0), 0);
    assert_int_equal(reserve(0, SIZE_MAX), 0);
    assert_int_equal(reserve(0, 9 * GIB), 0);
}

static void others_stay_out_of_new_space_and_image(void **state) {
    (void)state;
    open_with(10 * MIB, GIB);
    uintptr_t low_end = MOTE_IMAGE_BASE - GIB;
    for (unsigned i = 0; i < 60; i++) {
        uintptr_t at = reserve(0, 100 * MIB);
        if (at != 0)
            assert_true(at + 100 * MIB <= low_end || at >= MOTE_IMAGE_BASE + 10 * MIB - 4096);
    }
    assert_int_equal(reserve(low_end, GIB), low_end);
}

static void the_image_is_given_away_once(void **state) {
    (void)state;
    open_with(10 * MIB, GIB);
    uintptr_t window = MOTE_IMAGE_BASE - GIB;
    assert_int_equal(reserve(window, 2 * GIB), window);
    platform_unreserve(&kernel, (void *)window, 2 * GIB);
    assert_int_equal(discarded_bytes, 2 * GIB - (10 * MIB - 4096));
    assert_int_equal(reserve(window, 2 * GIB), 0);
    assert_int_equal(reserve(window, GIB), window);
}

static void committed_pages_count_once(void **state) {
    (void)state;
    open_with(0, MIB);
    void *p = platform_reserve(&kernel, 0, 2 * MIB);
    assert_int_equal(platform_commit(&kernel, p, 512 * 1024), 0);
    assert_int_equal(kernel.committed, 512 * 1024);
    assert_int_equal(platform_commit(&kernel, p, 768 * 1024), 0);
    assert_int_equal(kernel.committed, 768 * 1024);
    assert_int_equal(platform_commit(&kernel, (char *)p + MIB, 1), 0);
    assert_int_equal(kernel.committed, 772 * 1024);
    assert_int_equal(accessible_bytes, 4096);
    assert_int_equal(platform_commit(&kernel, p, 2 * MIB), PLATFORM_ENOMEM);
    assert_int_equal(kernel.committed, 772 * 1024);
    platform_release(&kernel, p, 256 * 1024);
    assert_int_equal(kernel.committed, 516 * 1024);
    platform_unreserve(&kernel, p, 2 * MIB);
    assert_int_equal(kernel.committed, 0);
}

static void a_refusal_by_the_door_counts_nothing(void **state) {
    (void)state;
    open_with(0, MIB);
    void *p = platform_reserve(&kernel, 0, MIB);
    door_answer = PLATFORM_ENOMEM;
    assert_int_equal(platform_commit(&kernel, p, 4096), PLATFORM_ENOMEM);
    assert_int_equal(kernel.committed, 0);
}

/* Where the image is read instead of mapped, its place is ordinary memory: here
 * with pages behind it, unlike the rest of the arena. */
static void the_image_is_cleared_where_it_is_not_mapped(void **state) {
    (void)state;
    const size_t size = 16 * 4096;
    open_with(4096 + 8 * 4096, GIB);
    char *image = mmap((void *)MOTE_IMAGE_BASE, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    assert_ptr_equal(image, (void *)MOTE_IMAGE_BASE);
    memset(image, 'x', size);
    assert_int_equal(reserve(MOTE_IMAGE_BASE, size), MOTE_IMAGE_BASE);
    memory_image_mapped(MOTE_IMAGE_BASE + 2 * 4096);
    assert_int_equal(platform_commit(&kernel, image, 6 * 4096), 0);
    assert_int_equal(image[2 * 4096 - 1], 'x'); /* mapped */
    assert_int_equal(image[2 * 4096], 0);
    assert_int_equal(image[6 * 4096 - 1], 0);
    assert_int_equal(image[6 * 4096], 'x'); /* not committed */
    image[5 * 4096] = 'y';
    assert_int_equal(platform_commit(&kernel, image + 4096, 15 * 4096), 0);
    assert_int_equal(image[5 * 4096], 'y'); /* was committed already */
    assert_int_equal(image[8 * 4096 - 1], 0);
    assert_int_equal(image[8 * 4096], 'x'); /* no longer the image: the door's affair */
    discarded_bytes = 0;
    platform_release(&kernel, image + 5 * 4096, 5 * 4096);
    assert_int_equal(image[5 * 4096], 0);
    assert_int_equal(discarded_bytes, 2 * 4096);
    munmap(image, size);
}

static void commit_wants_a_reservation(void **state) {
    (void)state;
    open_with(0, GIB);
    char *p = platform_reserve(&kernel, 0, 8192);
    assert_int_equal(platform_commit(&kernel, p, 12288), PLATFORM_EINVAL);
    assert_int_equal(platform_commit(&kernel, p + 1, 4096), PLATFORM_EINVAL);
    assert_int_equal(platform_commit(&kernel, (void *)0x1000, 4096), PLATFORM_EINVAL);
    assert_int_equal(platform_commit(&kernel, p, SIZE_MAX), PLATFORM_EINVAL);
    assert_int_equal(platform_commit(&kernel, p, 0), 0);
    platform_unreserve(&kernel, p + 8192, 4096); /* not reserved: nothing happens */
    assert_int_equal(discarded_bytes, 0);
}

/* Spans against a plain map of 256 units. */
static void spans_agree_with_a_map(void **state) {
    (void)state;
    static struct span table[200];
    struct spans s = {.span = table, .capacity = 200};
    bool map[256] = {false};
    uint32_t seed = 7;
    for (unsigned round = 0; round < 30000; round++) {
        seed = seed * 1664525 + 1013904223;
        unsigned from = seed >> 24, length = (seed >> 16 & 15) + 1;
        unsigned to = from + length < 256 ? from + length : 256;
        bool add = (seed >> 15 & 1) != 0;
        assert_true(add ? spans_add(&s, from, to) : spans_remove(&s, from, to));
        for (unsigned i = from; i < to; i++)
            map[i] = add;
        unsigned here = 0, all = 0;
        for (unsigned i = 0; i < 256; i++) {
            all += map[i];
            here += map[i] && i >= 100 && i < 180;
        }
        assert_int_equal(spans_count(&s, 0, 256), all);
        assert_int_equal(spans_count(&s, 100, 180), here);
        for (unsigned i = 0; i + 1 < s.count; i++)
            assert_true(s.span[i].from < s.span[i].to && s.span[i].to < s.span[i + 1].from);
        uintptr_t found = spans_find(&s, 5, 4, 16, 240);
        unsigned first = 16;
        for (unsigned run = 0; first < 240; first += 4) {
            for (run = 0; run < 5 && first + run < 240 && map[first + run]; run++)
                ;
            if (run == 5)
                break;
        }
        assert_int_equal(found, first < 240 ? first : 0);
    }
}

static void a_full_table_changes_nothing(void **state) {
    (void)state;
    struct span table[2];
    struct spans s = {.span = table, .capacity = 2};
    assert_true(spans_add(&s, 10, 20));
    assert_true(spans_add(&s, 30, 40));
    assert_false(spans_add(&s, 50, 60));
    assert_false(spans_remove(&s, 12, 14));
    assert_int_equal(spans_count(&s, 0, 100), 20);
    assert_true(spans_add(&s, 20, 30));
    assert_int_equal(s.count, 1);
}

/* Thousands of reservations in disorder: the tables may fill up, nothing is
 * counted away that was not counted. */
static void many_reservations(void **state) {
    (void)state;
    open_with(0, 64 * MIB);
    static void *p[4096];
    for (unsigned i = 0; i < 4096; i++) {
        p[i] = platform_reserve(&kernel, 0, 8192);
        assert_non_null(p[i]);
        assert_int_equal(platform_commit(&kernel, p[i], 4096), 0);
    }
    assert_int_equal(kernel.committed, 4096 * 4096);
    for (unsigned i = 0; i < 4096; i += 2)
        platform_unreserve(&kernel, p[i], 8192);
    for (unsigned i = 1; i < 4096; i += 2)
        platform_unreserve(&kernel, p[i], 8192);
    assert_true(kernel.committed <= 4096 * 4096);
    assert_non_null(platform_reserve(&kernel, 0, 4096));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_ones_are_packed_and_large_ones_start_a_stripe),
        cmocka_unit_test(space_is_used_again),
        cmocka_unit_test(a_hint_is_kept_or_refused),
        cmocka_unit_test(others_stay_out_of_new_space_and_image),
        cmocka_unit_test(the_image_is_given_away_once),
        cmocka_unit_test(committed_pages_count_once),
        cmocka_unit_test(a_refusal_by_the_door_counts_nothing),
        cmocka_unit_test(the_image_is_cleared_where_it_is_not_mapped),
        cmocka_unit_test(commit_wants_a_reservation),
        cmocka_unit_test(spans_agree_with_a_map),
        cmocka_unit_test(a_full_table_changes_nothing),
        cmocka_unit_test(many_reservations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
