/* The hosted platform's events: deadline, preempt byte, wait, wake, signals. */
#include "../../host/hosted/hosted.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#define MS UINT64_C(1000000)

static struct platform *open_platform(bool signals) {
    struct hosted_config config = {.catch_signals = signals};
    struct platform *p = hosted_open(&config);
    assert_non_null(p);
    return p;
}

/* Busy until the preempt byte is set or `limit` has passed; the time taken. */
static uint64_t spin(struct platform *p, uint64_t limit) {
    uint64_t start = platform_monotonic_ns(p);
    volatile uint8_t *preempt = platform_preempt(p);
    while (!*preempt && platform_monotonic_ns(p) - start < limit)
        ;
    return platform_monotonic_ns(p) - start;
}

static void deadline_sets_preempt_byte_of_a_busy_program(void **state) {
    (void)state;
    struct platform *p = open_platform(false);
    platform_set_deadline(p, platform_monotonic_ns(p) + 5 * MS);
    uint64_t took = spin(p, 2000 * MS);
    assert_int_equal(*platform_preempt(p), 1);
    assert_in_range(took, 4 * MS, 1000 * MS);
    hosted_close(p);
}

static void deadline_in_the_past_sets_it_at_once(void **state) {
    (void)state;
    struct platform *p = open_platform(false);
    platform_set_deadline(p, platform_monotonic_ns(p) - 1);
    assert_int_equal(*platform_preempt(p), 1);
    hosted_close(p);
}

static void taken_back_deadline_does_not_come(void **state) {
    (void)state;
    struct platform *p = open_platform(false);
    platform_set_deadline(p, platform_monotonic_ns(p) + 5 * MS);
    platform_set_deadline(p, PLATFORM_NEVER);
    spin(p, 30 * MS);
    assert_int_equal(*platform_preempt(p), 0);
    hosted_close(p);
}

static void deadline_can_be_asked_for_again_after_it_came(void **state) {
    (void)state;
    struct platform *p = open_platform(false);
    for (int i = 0; i < 20; i++) {
        platform_set_deadline(p, platform_monotonic_ns(p) + 1 * MS);
        spin(p, 2000 * MS);
        assert_int_equal(*platform_preempt(p), 1);
        *platform_preempt(p) = 0;
    }
    hosted_close(p);
}

static void deadlines_of_two_platforms_are_apart(void **state) {
    (void)state;
    struct platform *a = open_platform(false), *b = open_platform(false);
    platform_set_deadline(a, platform_monotonic_ns(a) + 5 * MS);
    platform_set_deadline(b, platform_monotonic_ns(b) + 3600000 * MS);
    spin(a, 2000 * MS);
    assert_int_equal(*platform_preempt(a), 1);
    assert_int_equal(*platform_preempt(b), 0);
    hosted_close(a);
    hosted_close(b);
}

static void wait_sleeps_until_its_deadline(void **state) {
    (void)state;
    struct platform *p = open_platform(false);
    uint64_t start = platform_monotonic_ns(p);
    platform_wait(p, start + 20 * MS);
    assert_in_range(platform_monotonic_ns(p) - start, 20 * MS, 2000 * MS);
    hosted_close(p);
}

static void wait_returns_at_once_when_preempt_byte_is_set(void **state) {
    (void)state;
    struct platform *p = open_platform(false);
    *platform_preempt(p) = 1;
    uint64_t start = platform_monotonic_ns(p);
    platform_wait(p, PLATFORM_NEVER);
    assert_in_range(platform_monotonic_ns(p) - start, 0, 1000 * MS);
    hosted_close(p);
}

static void *wake_later(void *arg) {
    usleep(20000);
    platform_wake(arg);
    return NULL;
}

static void wake_from_another_thread_ends_a_wait(void **state) {
    (void)state;
    struct platform *p = open_platform(false);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wake_later, p), 0);
    platform_wait(p, PLATFORM_NEVER);
    assert_int_equal(*platform_preempt(p), 1);
    pthread_join(thread, NULL);
    hosted_close(p);
}

static void wake_before_a_wait_is_not_lost(void **state) {
    (void)state;
    struct platform *p = open_platform(false);
    platform_wake(p);
    *platform_preempt(p) = 0; /* seen, but the program goes to sleep all the same */
    uint64_t start = platform_monotonic_ns(p);
    platform_wait(p, start + 5000 * MS);
    assert_in_range(platform_monotonic_ns(p) - start, 0, 2000 * MS);
    hosted_close(p);
}

struct runner {
    struct platform *p;
    uint64_t took;
};

static void *run_elsewhere(void *arg) {
    struct runner *r = arg;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    platform_set_deadline(r->p, platform_monotonic_ns(r->p) + 5 * MS);
    r->took = spin(r->p, 2000 * MS);
    return NULL;
}

static void deadline_reaches_the_thread_that_runs_the_program(void **state) {
    (void)state;
    struct runner r = {.p = open_platform(false)};
    platform_set_deadline(r.p,
                          platform_monotonic_ns(r.p) + 3600000 * MS); /* timer of this thread */
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_elsewhere, &r), 0);
    pthread_join(thread, NULL);
    assert_in_range(r.took, 4 * MS, 1000 * MS);
    hosted_close(r.p);
}

static void interrupts_are_counted_and_set_the_preempt_byte(void **state) {
    (void)state;
    struct platform *p = open_platform(true), *deaf = open_platform(false);
    raise(SIGINT);
    raise(SIGTERM);
    assert_int_equal(*platform_preempt(p), 1);
    assert_int_equal(*platform_preempt(deaf), 0);
    assert_int_equal(platform_interrupts(p), 2);
    assert_int_equal(platform_interrupts(p), 0);
    assert_int_equal(platform_request(p), PLATFORM_REQUEST_STOP);
    assert_int_equal(platform_request(p), PLATFORM_REQUEST_NONE);
    raise(SIGUSR1);
    assert_int_equal(platform_interrupts(p), 1);
    assert_int_equal(platform_request(p), PLATFORM_REQUEST_REPORT);
    hosted_close(deaf);
    hosted_close(p);
}

static void *interrupt_later(void *arg) {
    usleep(20000);
    pthread_kill(*(pthread_t *)arg, SIGINT);
    return NULL;
}

static void interrupt_ends_a_read_from_a_pipe(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int saved = dup(0);
    dup2(ends[0], 0);
    struct platform *p = open_platform(true);
    pthread_t thread, self = pthread_self();
    assert_int_equal(pthread_create(&thread, NULL, interrupt_later, &self), 0);
    char byte;
    assert_int_equal(platform_file_read(p, 0, &byte, 1), PLATFORM_EAGAIN);
    pthread_join(thread, NULL);
    assert_int_equal(platform_interrupts(p), 1);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(platform_file_read(p, 0, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    hosted_close(p);
    dup2(saved, 0);
    close(saved);
    close(ends[0]);
    close(ends[1]);
}

static void handlers_are_given_back_when_the_last_platform_closes(void **state) {
    (void)state;
    struct sigaction before, after;
    sigaction(SIGINT, NULL, &before);
    struct platform *a = open_platform(true), *b = open_platform(true);
    hosted_close(a);
    sigaction(SIGINT, NULL, &after);
    assert_ptr_not_equal(after.sa_handler, before.sa_handler);
    hosted_close(b);
    sigaction(SIGINT, NULL, &after);
    assert_ptr_equal(after.sa_handler, before.sa_handler);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deadline_sets_preempt_byte_of_a_busy_program),
        cmocka_unit_test(deadline_in_the_past_sets_it_at_once),
        cmocka_unit_test(taken_back_deadline_does_not_come),
        cmocka_unit_test(deadline_can_be_asked_for_again_after_it_came),
        cmocka_unit_test(deadlines_of_two_platforms_are_apart),
        cmocka_unit_test(wait_sleeps_until_its_deadline),
        cmocka_unit_test(wait_returns_at_once_when_preempt_byte_is_set),
        cmocka_unit_test(wake_from_another_thread_ends_a_wait),
        cmocka_unit_test(wake_before_a_wait_is_not_lost),
        cmocka_unit_test(deadline_reaches_the_thread_that_runs_the_program),
        cmocka_unit_test(interrupts_are_counted_and_set_the_preempt_byte),
        cmocka_unit_test(interrupt_ends_a_read_from_a_pipe),
        cmocka_unit_test(handlers_are_given_back_when_the_last_platform_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
