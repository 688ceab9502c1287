/* guest_at, and the arguments of calls: what a mote may name. */
#include "tender_fixture.h"

#include "../../include/mote/platform.h"

static bool ok(struct rig_tender *r, uint64_t address, uint64_t bytes) {
    void *at = guest_at(&r->t, guest(address), bytes);
    assert_true(at == NULL || at == r->t.low + address);
    return at != NULL;
}

static void writable_low_memory_can_be_named(void **state) {
    (void)state;
    struct rig_tender r;
    rig_open(&r);
    assert_true(ok(&r, DATA, DATA_BYTES));
    assert_true(ok(&r, DATA + DATA_BYTES - 1, 1));
    assert_true(ok(&r, DATA + DATA_BYTES, 0));
    assert_true(ok(&r, MOTE_RINGS, MOTE_RINGS_BYTES));
    assert_true(ok(&r, MOTE_STACK_TOP - MOTE_STACK_BYTES, MOTE_STACK_BYTES));
    rig_close(&r);
}

static void nothing_else_can(void **state) {
    (void)state;
    struct rig_tender r;
    rig_open(&r);
    static const uint64_t bad[] = {0,
                                   MOTE_BOOT,
                                   MOTE_CLOCK,
                                   MOTE_GATE,
                                   MOTE_TRAPS,
                                   MOTE_SHARED,
                                   MOTE_SHARED + 48,
                                   MOTE_SIGNAL_STACK,
                                   MOTE_IMAGE_HEADER,
                                   TEXT,
                                   DATA - 1,
                                   DATA + DATA_BYTES + 1,
                                   MOTE_STACK_TOP - MOTE_STACK_BYTES - 1,
                                   MOTE_STACK_TOP + 1,
                                   MOTE_LOW_END,
                                   MOTE_ARENA,
                                   MOTE_IMAGE_BASE,
                                   UINT64_C(1) << 63,
                                   UINT64_MAX};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(ok(&r, bad[i], 1));
    rig_close(&r);
}

static void lengths_that_wrap_or_cross_an_end_are_refused(void **state) {
    (void)state;
    struct rig_tender r;
    rig_open(&r);
    assert_false(ok(&r, DATA, DATA_BYTES + 1));
    assert_false(ok(&r, DATA + 1, DATA_BYTES));
    assert_false(ok(&r, DATA, UINT64_MAX));
    assert_false(ok(&r, DATA, UINT64_MAX - DATA));
    assert_false(ok(&r, DATA, UINT64_MAX - DATA + 1));
    assert_false(ok(&r, DATA, -(uint64_t)DATA));
    assert_false(ok(&r, UINT64_MAX, 2));
    assert_false(ok(&r, UINT64_MAX - 15, 16));
    assert_false(ok(&r, MOTE_RINGS - 1, 2));
    assert_false(ok(&r, MOTE_STACK_TOP - 1, 2));
    rig_close(&r);
}

/* ---- Calls ------------------------------------------------------------------------ */

static uint64_t got_address, got_bytes;
static int times;

static int64_t note_range(struct tender *t, uint64_t address, uint64_t bytes) {
    (void)t;
    got_address = address;
    got_bytes = bytes;
    times++;
    return 0;
}

static int64_t call(struct rig_tender *r, uint32_t number, uint64_t a, uint64_t b, uint64_t c) {
    r->t.shared->call.number = number;
    r->t.shared->call.argument[0] = a;
    r->t.shared->call.argument[1] = b;
    r->t.shared->call.argument[2] = c;
    r->t.shared->call.argument[3] = 0;
    r->t.shared->call.state = MOTE_CALL_POSTED;
    tender_call(&r->t);
    assert_int_equal(r->t.shared->call.state, MOTE_CALL_DONE);
    return r->t.shared->call.result;
}

static void numbers_that_are_no_calls_are_refused(void **state) {
    (void)state;
    struct rig_tender r;
    rig_open(&r);
    assert_int_equal(call(&r, MOTE_CALLS, 0, 0, 0), PLATFORM_ENOTSUP);
    assert_int_equal(call(&r, UINT32_MAX, 0, 0, 0), PLATFORM_ENOTSUP);
    assert_int_equal(call(&r, 0x80000002, 0, 0, 0), PLATFORM_ENOTSUP);
    assert_int_equal(call(&r, MOTE_CALL_MAP, MOTE_ARENA, MOTE_GRANULE, 0), PLATFORM_ENOTSUP);
    assert_int_equal(call(&r, MOTE_CALL_SAVE_BEGIN, 0, 0, 0), PLATFORM_ENOTSUP);
    assert_int_equal(call(&r, MOTE_CALL_SAVE_WRITE, DATA, 1, 0), PLATFORM_EINVAL);
    assert_int_equal(call(&r, MOTE_CALL_SAVE_COMMIT, 0, 0, 0), PLATFORM_EINVAL);
    assert_int_equal(call(&r, MOTE_CALL_SAVE_ABORT, 0, 0, 0), PLATFORM_EINVAL);
    assert_false(r.t.exiting);
    rig_close(&r);
}

static void discard_takes_pages_of_the_arena_only(void **state) {
    (void)state;
    struct rig_tender r;
    rig_open(&r);
    r.door.discard = note_range;
    times = 0;
    const uint64_t end = r.t.arena_end, image = MOTE_IMAGE_BASE, after = r.t.image_end;
    const struct {
        uint64_t address, bytes;
    } bad[] = {{0, MOTE_PAGE},
               {DATA, MOTE_PAGE},
               {MOTE_ARENA - MOTE_PAGE, 2 * MOTE_PAGE},
               {MOTE_ARENA, 1},
               {MOTE_ARENA + 1, MOTE_PAGE},
               {end, MOTE_PAGE},
               {end - MOTE_PAGE, 2 * MOTE_PAGE},
               {MOTE_ARENA, UINT64_MAX - MOTE_PAGE + 1},
               {MOTE_ARENA + MOTE_PAGE, -(uint64_t)MOTE_ARENA},
               {image, MOTE_PAGE},
               {image - MOTE_PAGE, 2 * MOTE_PAGE},
               {after - MOTE_PAGE, 2 * MOTE_PAGE},
               {MOTE_ARENA, end - MOTE_ARENA},
               {UINT64_MAX - MOTE_PAGE + 1, MOTE_PAGE}};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(call(&r, MOTE_CALL_DISCARD, bad[i].address, bad[i].bytes, 0),
                         PLATFORM_EINVAL);
    assert_int_equal(times, 0);
    assert_int_equal(call(&r, MOTE_CALL_DISCARD, image - MOTE_PAGE, MOTE_PAGE, 0), 0);
    assert_int_equal(call(&r, MOTE_CALL_DISCARD, after, end - after, 0), 0);
    assert_int_equal(times, 2);
    assert_true(got_address == after && got_bytes == end - after);
    rig_close(&r);
}

static void exit_counts_once(void **state) {
    (void)state;
    struct rig_tender r;
    rig_open(&r);
    call(&r, MOTE_CALL_EXIT, 0x1234, 0, 0);
    assert_true(r.t.exiting);
    assert_int_equal(r.t.status, 0x34);
    call(&r, MOTE_CALL_EXIT, 1, 0, 0);
    assert_int_equal(r.t.status, 0x34);
    rig_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writable_low_memory_can_be_named),
        cmocka_unit_test(nothing_else_can),
        cmocka_unit_test(lengths_that_wrap_or_cross_an_end_are_refused),
        cmocka_unit_test(numbers_that_are_no_calls_are_refused),
        cmocka_unit_test(discard_takes_pages_of_the_arena_only),
        cmocka_unit_test(exit_counts_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
