/* Standard streams over a console that is played here; events and the clock. */
#include "kernel_fixture.h"

#include "../../kernel/clock.c"
#include "../../kernel/console.c"
#include "../../kernel/events.c"
#include "../../kernel/streams.c"

static char written[2][8192];
static size_t written_size[2];
static const char *input; /* NULL: none yet, "": the end */
static const char *input_after_wait;
static unsigned waits, stops, reports;
static unsigned wakes_for_nothing; /* of the next waits */
static uint64_t armed;
static volatile uint8_t preempt;
static struct mote_clock record;

static void put(unsigned i, const void *data, size_t size) {
    memcpy(written[i] + written_size[i], data, size);
    written_size[i] += size;
    written[i][written_size[i]] = 0;
}

static struct console out, errors;

static void put_console(struct console *c, const void *data, size_t size) {
    put(c == &errors, data, size);
}

static void flush_console(struct console *c) {
    (void)c;
}

static int64_t read_console(struct console *c, void *data, size_t size) {
    (void)c;
    if (input == NULL)
        return 0;
    if (*input == 0)
        return -1;
    size_t n = strlen(input);
    n = n < size ? n : size;
    memcpy(data, input, n);
    input = input[n] == 0 ? NULL : input + n;
    return (int64_t)n;
}

static bool want_input(struct console *c) {
    (void)c;
    return input != NULL;
}

static struct console out = {put_console, flush_console, read_console, want_input};
static struct console errors = {put_console, flush_console, NULL, NULL};

static void fake_wait(uint64_t deadline) {
    (void)deadline;
    assert_int_equal(preempt, 0);
    waits++;
    if (wakes_for_nothing > 0) {
        wakes_for_nothing--;
        return;
    }
    if (input_after_wait != NULL && waits == 3) { /* after two wakes for nothing */
        input = input_after_wait;
        input_after_wait = NULL;
    }
    preempt = 1;
}

static void fake_arm(uint64_t deadline) {
    armed = deadline;
}

static unsigned fake_stops(void) {
    return stops;
}

static unsigned fake_reports(void) {
    return reports;
}

static const struct door fake_door = {.arm = fake_arm,
                                      .wait = fake_wait,
                                      .stop_requests = fake_stops,
                                      .report_requests = fake_reports};

static int enter(void **state) {
    (void)state;
    memset(&kernel, 0, sizeof kernel);
    kernel.door = &fake_door;
    kernel.preempt = &preempt;
    /* A clock that stands at 1000 ns: a multiplier of 0. */
    record = (struct mote_clock){.version = 2, .system_time = 1000, .wall_offset = 5000000};
    kernel.clock = &record;
    for (unsigned i = 0; i < 3; i++)
        kernel.kind[i] = PLATFORM_KIND_PIPE;
    console_attach(&out);
    console_attach(&errors);
    written_size[0] = written_size[1] = 0;
    written[0][0] = written[1][0] = 0;
    input = input_after_wait = NULL;
    waits = stops = reports = wakes_for_nothing = held_size = 0;
    preempt = 0;
    armed = 0;
    return 0;
}

static void output_goes_out_by_lines(void **state) {
    (void)state;
    assert_int_equal(platform_file_write(&kernel, 1, "ab", 2), 2);
    assert_string_equal(written[0], "");
    assert_int_equal(platform_file_write(&kernel, 1, "c\nd", 3), 3);
    assert_string_equal(written[0], "abc\nd");
    platform_file_write(&kernel, 1, "e", 1);
    assert_int_equal(platform_file_flush(&kernel, 1), 0);
    assert_string_equal(written[0], "abc\nde");
    platform_file_write(&kernel, 1, "f", 1);
    platform_file_write(&kernel, 2, "!", 1); /* in the order in which it was written */
    assert_string_equal(written[0], "abc\ndef");
    assert_string_equal(written[1], "!");
}

static void long_output_is_whole(void **state) {
    (void)state;
    static char text[5000];
    memset(text, 'x', sizeof text);
    platform_file_write(&kernel, 1, "a", 1);
    assert_int_equal(platform_file_write(&kernel, 1, text, sizeof text), sizeof text);
    assert_int_equal(written_size[0], 5001);
    assert_int_equal(written[0][0], 'a');
}

static void a_wait_brings_output_out(void **state) {
    (void)state;
    platform_file_write(&kernel, 1, "prompt> ", 8);
    platform_wait(&kernel, 2000);
    assert_string_equal(written[0], "prompt> ");
    assert_int_equal(waits, 1);
}

static void a_wait_ends_for_a_reason(void **state) {
    (void)state;
    wakes_for_nothing = 3;
    platform_wait(&kernel, PLATFORM_NEVER);
    assert_int_equal(waits, 4);
    assert_int_equal(preempt, 1);
}

static void one_console_serves_both(void **state) {
    (void)state;
    kernel.errors = NULL;
    assert_int_equal(platform_console_write(&kernel, 2, "x", 1), 1);
    assert_string_equal(written[0], "x");
}

static void a_closed_stream_takes_everything(void **state) {
    (void)state;
    kernel.kind[1] = kernel.kind[0] = PLATFORM_KIND_NONE;
    input = "x";
    char c;
    assert_int_equal(platform_console_write(&kernel, 1, "x", 1), 1);
    assert_string_equal(written[0], "");
    assert_int_equal(platform_file_read(&kernel, 0, &c, 1), 0);
}

static void reading_waits_and_keeps_events(void **state) {
    (void)state;
    char text[8] = "";
    input_after_wait = "hello";
    preempt = 1;
    assert_int_equal(platform_file_read(&kernel, 0, text, 3), 3);
    assert_string_equal(text, "hel");
    assert_int_equal(waits, 3);
    assert_int_equal(preempt, 1); /* the event that was there before */
    preempt = 0;
    assert_int_equal(platform_file_read(&kernel, 0, text, 8), 2);
    assert_int_equal(preempt, 0);
    input = "";
    assert_int_equal(platform_file_read(&kernel, 0, text, 8), 0);
}

static void a_request_ends_reading(void **state) {
    (void)state;
    char c;
    stops = 1;
    assert_int_equal(platform_file_read(&kernel, 0, &c, 1), PLATFORM_EAGAIN);
    assert_int_equal(platform_interrupts(&kernel), 1);
    assert_int_equal(platform_request(&kernel), PLATFORM_REQUEST_STOP);
    assert_int_equal(platform_interrupts(&kernel), 0);
    assert_int_equal(platform_request(&kernel), PLATFORM_REQUEST_NONE);
    reports = 2;
    assert_int_equal(platform_interrupts(&kernel), 2);
    assert_int_equal(platform_request(&kernel), PLATFORM_REQUEST_REPORT);
}

static void other_handles_are_refused(void **state) {
    (void)state;
    char c = 'x';
    assert_int_equal(platform_file_read(&kernel, 1, &c, 1), PLATFORM_EINVAL);
    assert_int_equal(platform_file_read(&kernel, -1, &c, 1), PLATFORM_EINVAL);
    assert_int_equal(platform_file_write(&kernel, 0, &c, 1), PLATFORM_EINVAL);
    assert_int_equal(platform_file_write(&kernel, 3, &c, 1), PLATFORM_EINVAL);
    assert_int_equal(platform_file_kind(&kernel, 3), PLATFORM_KIND_UNKNOWN);
    assert_int_equal(platform_file_close(&kernel, 3), PLATFORM_EINVAL);
}

static void a_wake_is_not_lost(void **state) {
    (void)state;
    platform_wake(&kernel);
    assert_int_equal(preempt, 1);
    platform_wait(&kernel, PLATFORM_NEVER);
    preempt = 0;
    platform_wait(&kernel, PLATFORM_NEVER);
    assert_int_equal(waits, 0);
    platform_wait(&kernel, PLATFORM_NEVER);
    assert_int_equal(waits, 1);
}

static void deadlines(void **state) {
    (void)state;
    platform_set_deadline(&kernel, 2000);
    assert_int_equal(armed, 2000);
    assert_int_equal(preempt, 0);
    platform_set_deadline(&kernel, PLATFORM_NEVER);
    assert_int_equal(armed, PLATFORM_NEVER);
    platform_set_deadline(&kernel, 1000); /* has passed */
    assert_int_equal(preempt, 1);
    preempt = 0;
    platform_wait(&kernel, 1000);
    assert_int_equal(waits, 0);
}

static void the_clock_counts_ticks(void **state) {
    (void)state;
    assert_int_equal(platform_wall_us(&kernel), 5001);
    assert_int_equal(scaled(1000, 0x80000000, 1), 1000);
    assert_int_equal(scaled(1000, 0x80000000, 0), 500);
    assert_int_equal(scaled(1000, 0xffffffff, -1), 499);
    assert_int_equal(scaled(UINT64_C(1) << 40, 0x80000000, 2), UINT64_C(1) << 41);
    /* A better record may say that it is earlier; time stands still then. */
    record.system_time = 900;
    assert_int_equal(platform_monotonic_ns(&kernel), 1000);
    record.generation = 1; /* somewhere else */
    assert_int_equal(platform_monotonic_ns(&kernel), 900);
    record.mul = 0x80000000;
    record.shift = 1;
    record.tsc_timestamp = UINT64_MAX; /* not reached yet: nothing is added */
    assert_int_equal(platform_monotonic_ns(&kernel), 900);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(output_goes_out_by_lines, enter),
        cmocka_unit_test_setup(long_output_is_whole, enter),
        cmocka_unit_test_setup(a_wait_brings_output_out, enter),
        cmocka_unit_test_setup(a_wait_ends_for_a_reason, enter),
        cmocka_unit_test_setup(one_console_serves_both, enter),
        cmocka_unit_test_setup(a_closed_stream_takes_everything, enter),
        cmocka_unit_test_setup(reading_waits_and_keeps_events, enter),
        cmocka_unit_test_setup(a_request_ends_reading, enter),
        cmocka_unit_test_setup(other_handles_are_refused, enter),
        cmocka_unit_test_setup(a_wake_is_not_lost, enter),
        cmocka_unit_test_setup(deadlines, enter),
        cmocka_unit_test_setup(the_clock_counts_ticks, enter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
