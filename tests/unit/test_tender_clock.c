/* The clock record follows CLOCK_MONOTONIC and never goes back. */
#include "tender_fixture.h"

#include <time.h>

#define MS UINT64_C(1000000)

static uint64_t host_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 * MS + (uint64_t)now.tv_nsec;
}

/* How far the record is from the host, in ns: 0 if it lies between two readings. */
static uint64_t away(const struct tender *t) {
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < 100; i++) {
        uint64_t before = host_now(), mote = clock_now(t), after = host_now();
        uint64_t off = mote < before ? before - mote : mote > after ? mote - after : 0;
        best = off < best ? off : best;
    }
    return best;
}

static void follows_the_host_and_never_goes_back(void **state) {
    (void)state;
    struct rig_tender r;
    clock_prepare();
    rig_open(&r);
    if (clock_start(&r.t) != 0) {
        rig_close(&r);
        skip();
    }
    assert_true(away(&r.t) < MS / 10);
    uint64_t end = host_now() + 300 * MS, last = 0;
    while (host_now() < end) {
        uint64_t now = clock_now(&r.t);
        assert_true(now >= last);
        last = now;
        if (now >= clock_next(&r.t))
            clock_refine(&r.t);
        assert_int_equal(r.t.clock->version & 1, 0);
    }
    assert_true(away(&r.t) < MS / 10);
    clock_refine(&r.t);
    assert_true(away(&r.t) < MS / 100);
    rig_close(&r);
}

static void wall_clock_and_seed_are_there(void **state) {
    (void)state;
    struct rig_tender r;
    clock_prepare();
    rig_open(&r);
    if (clock_start(&r.t) != 0) {
        rig_close(&r);
        skip();
    }
    int64_t wall = (int64_t)clock_now(&r.t) + r.t.clock->wall_offset;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t off = wall / 1000000000 - now.tv_sec;
    assert_true(off >= -1 && off <= 1);
    static const uint8_t zero[32];
    assert_memory_not_equal(r.t.clock->seed, zero, sizeof zero);
    assert_int_not_equal(r.t.clock->generation, 0);
    rig_close(&r);
}

/* The vCPU of a virtual machine may have a TSC of its own. */
static void another_origin_of_the_tsc_makes_no_difference(void **state) {
    (void)state;
    struct rig_tender r;
    clock_prepare();
    rig_open(&r);
    r.t.tsc_offset = -123456789012;
    if (clock_start(&r.t) == 0)
        assert_true(away(&r.t) < MS / 10);
    rig_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_host_and_never_goes_back),
        cmocka_unit_test(wall_clock_and_seed_are_there),
        cmocka_unit_test(another_origin_of_the_tsc_makes_no_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
