/* Time and events: timers, sleeping, posted events, deadlines, interrupts, two machines. */
#include "rig.h"

#include <pthread.h>
#include <sys/resource.h>
#include <time.h>

static void semaphore(struct rig *r, const char *name) {
    tiny_put(&r->a.t, asm_new(&r->a, name, "Semaphore", 0), 2, smallint(0));
}

static double cpu_ms(void) {
    struct rusage u;
    getrusage(RUSAGE_THREAD, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Timers, clocks, and a process that idles as Pharo's does. */
static void clocks(struct rig *r) {
    semaphore(r, "timer");
    def(r, "Object signal:atUTC:", "primitive 242 self int 230 send quit: returnSelf");
    def(r, "Object signal:atMs:", "primitive 136 self int 230 send quit: returnSelf");
    def(r, "Object utc", "primitive 240 self int 230 send quit: returnSelf");
    def(r, "Object ms", "primitive 135 self int 230 send quit: returnSelf");
    def(r, "Object relinquish:", "primitive 230 self int 230 send quit: returnSelf");
    def(r, "Test idle", "again: self int 1000 send relinquish: pop jump again");
    asm_process(&r->a, "idle", "idle", 10);
}

static const char *const wait_utc =
    "temps 1 lit @idle send resume pop self send utc popTemp 0 "
    "self lit @timer self send utc int 100000 send + send signal:atUTC: pop "
    "lit @timer send wait pop self send utc temp 0 send - return";

/* The run takes 100 ms, a tenth of which it computes at most. */
static void sleeps_a_tenth_of_a_second(struct rig *r) {
    rig_open(r);
    double wall = now_ms(), cpu = cpu_ms();
    exits(r, 0);
    wall = now_ms() - wall;
    cpu = cpu_ms() - cpu;
    assert_true(wall >= 99 && wall < 2000);
    assert_true(cpu < 50);
}

static void a_timer_by_the_microsecond_clock_wakes_a_sleeping_image(void **state) {
    struct rig *r = *state;
    clocks(r);
    def(r, "Test run", wait_utc);
    sleeps_a_tenth_of_a_second(r);
    int64_t slept = smallint_value(rig_global(r, "Answer"));
    assert_true(slept >= 100000 && slept < 2000000);
    assert_true(r->vm->preempt_checks < 20);
}

static void a_timer_by_the_millisecond_clock_wakes_a_sleeping_image(void **state) {
    struct rig *r = *state;
    clocks(r);
    def(r, "Test run",
        "lit @idle send resume pop self lit @timer self send ms int 100 send + send signal:atMs: "
        "pop lit @timer send wait pop int 7 return");
    sleeps_a_tenth_of_a_second(r);
    assert_int_equal(smallint_value(rig_global(r, "Answer")), 7);
}

static void an_image_without_an_idle_process_sleeps_too(void **state) {
    struct rig *r = *state;
    clocks(r);
    def(r, "Test run",
        "self lit @timer self send utc int 100000 send + send signal:atUTC: pop "
        "lit @timer send wait pop int 7 return");
    sleeps_a_tenth_of_a_second(r);
    assert_int_equal(smallint_value(rig_global(r, "Answer")), 7);
}

static void a_timer_interrupts_a_loop(void **state) {
    struct rig *r = *state;
    clocks(r);
    asm_process(&r->a, "waiter", "waiter", 60);
    def(r, "Test waiter",
        "self lit @timer self send utc int 20000 send + send signal:atUTC: pop "
        "lit @timer send wait pop int 7 popVar Answer self int 0 send quit: returnSelf");
    def(r, "Test run", "lit @waiter send resume pop again: jump again");
    answers(r, 7);
}

static void a_timer_of_the_past_signals_at_once_and_nil_stops_one(void **state) {
    struct rig *r = *state;
    clocks(r);
    def(r, "Test run",
        "temps 1 self lit @timer self send utc int 20000 send + send signal:atUTC: pop "
        "self nil int 0 send signal:atUTC: pop self send utc int 60000 send + popTemp 0 "
        "again: self send utc temp 0 send < jumpFalse done jump again done: "
        "lit @timer int 3 send instVarAt: self lit @timer int 5 send signal:atUTC: pop "
        "lit @timer send wait pop lit @timer int 3 send instVarAt: fill 2 return");
    shows(r, "(0 0)");
}

/* The semaphores at 1 and 3 are external objects. */
static void externals(struct rig *r) {
    semaphore(r, "one");
    semaphore(r, "three");
    oop table = tiny_new(&r->a.t, CLASS_INDEX_ARRAY, FORMAT_ARRAY, 3);
    tiny_put(&r->a.t, table, 0, asm_object(&r->a, "one"));
    tiny_put(&r->a.t, table, 2, asm_object(&r->a, "three"));
    tiny_put(&r->a.t, r->a.t.special, SPECIAL_EXTERNAL_OBJECTS, table);
}

struct poster {
    struct vm *vm;
    unsigned delay_ms;
    uint32_t index;
    bool interrupt;
};

static void *post_later(void *arg) {
    struct poster *p = arg;
    struct timespec t = {.tv_nsec = p->delay_ms * 1000000L};
    nanosleep(&t, NULL);
    if (p->interrupt)
        vm_interrupt(p->vm);
    else
        vm_post_event(p->vm, p->index);
    return NULL;
}

static void an_event_posted_by_another_thread_wakes_a_sleeping_image(void **state) {
    struct rig *r = *state;
    externals(r);
    def(r, "Test run", "lit @three send wait pop int 7 return");
    rig_open(r);
    struct poster p = {.vm = r->vm, .delay_ms = 50, .index = 3};
    pthread_t thread;
    double cpu = cpu_ms(), wall = now_ms();
    assert_int_equal(pthread_create(&thread, NULL, post_later, &p), 0);
    answers(r, 7);
    assert_true(now_ms() - wall >= 45);
    assert_true(cpu_ms() - cpu < 25);
    pthread_join(thread, NULL);
}

static void events_posted_before_the_run_are_all_signalled(void **state) {
    struct rig *r = *state;
    externals(r);
    def(r, "Test run",
        "lit @three send wait pop lit @three send wait pop lit @one send wait pop "
        "lit @three int 3 send instVarAt: lit @one int 3 send instVarAt: fill 2 return");
    rig_open(r);
    for (unsigned i = 0; i < 5; i++)
        vm_post_event(r->vm, 3);
    vm_post_event(r->vm, 1);
    vm_post_event(r->vm, 2); /* nil there, and no such indices: nothing happens */
    vm_post_event(r->vm, 0);
    vm_post_event(r->vm, 4);
    vm_post_event(r->vm, UINT32_MAX);
    shows(r, "(3 0)");
}

static void an_event_interrupts_a_loop(void **state) {
    struct rig *r = *state;
    externals(r);
    asm_process(&r->a, "waiter", "waiter", 60);
    def(r, "Test waiter",
        "lit @one send wait pop int 7 popVar Answer self int 0 send quit: returnSelf");
    def(r, "Test run", "lit @waiter send resume pop again: jump again");
    rig_open(r);
    struct poster p = {.vm = r->vm, .delay_ms = 20, .index = 1};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, post_later, &p), 0);
    answers(r, 7);
    pthread_join(thread, NULL);
}

static void the_process_that_waits_last_stays_waiting_when_another_is_woken(void **state) {
    struct rig *r = *state;
    externals(r);
    asm_process(&r->a, "high", "high", 60);
    asm_process(&r->a, "low", "low", 20);
    def(r, "Test high",
        "lit @one send wait pop self int 1 send note: pop "
        "lit @high send suspend pop returnSelf");
    def(r, "Test low",
        "lit @one send wait pop self int 2 send note: pop "
        "lit @three send signal pop returnSelf");
    def(r, "Test run",
        "lit @high send resume pop lit @low send resume pop lit @three send wait pop "
        "self int 3 send note: pop int 7 return");
    rig_open(r);
    assert_int_equal(rig_run_ms(r, 5), VM_DEADLINE);
    vm_post_event(r->vm, 1);
    assert_int_equal(rig_run_ms(r, 5), VM_DEADLINE);
    assert_int_equal(smallint_value(rig_global(r, "Log")), 1);
    vm_post_event(r->vm, 1);
    answers(r, 7);
    assert_int_equal(smallint_value(rig_global(r, "Log")), 123);
}

static void events_for_nobody_do_not_keep_a_sleeping_image_awake(void **state) {
    struct rig *r = *state;
    externals(r);
    def(r, "Test run", "lit @one send wait pop int 7 return");
    rig_open(r);
    vm_post_event(r->vm, 2);
    double cpu = cpu_ms();
    assert_int_equal(rig_run_ms(r, 50), VM_DEADLINE);
    assert_true(cpu_ms() - cpu < 25);
}

static void counter(struct rig *r, unsigned limit) {
    char source[300];
    snprintf(source, sizeof source,
             "temps 1 int 0 popTemp 0 again: temp 0 int %u send < jumpFalse done "
             "temp 0 int 1 send + popTemp 0 temp 0 popVar Seen self send work pop "
             "jump again done: temp 0 return",
             limit);
    def(r, "Test run", source);
    def(r, "Test work", "temps 1 array 3 popTemp 0 temp 0 return");
}

static void a_run_ends_at_its_deadline_and_goes_on_where_it_was(void **state) {
    struct rig *r = *state;
    unsigned limit = r->stress ? 2000 : 8000000, runs = 0;
    counter(r, limit);
    rig_open(r);
    enum vm_outcome outcome;
    int64_t seen = -1;
    while ((outcome = rig_run_ms(r, 2)) == VM_DEADLINE && ++runs < 100000) {
        oop o = rig_global(r, "Seen");
        assert_true(!is_smallint(o) || smallint_value(o) >= seen);
        seen = is_smallint(o) ? smallint_value(o) : seen;
    }
    assert_int_equal(outcome, VM_EXITED);
    assert_true(runs >= 3);
    answers(r, limit);
}

static void a_deadline_ends_the_sleep_of_an_idle_image(void **state) {
    struct rig *r = *state;
    externals(r);
    def(r, "Test run", "lit @one send wait pop int 7 return");
    rig_open(r);
    double wall = now_ms();
    assert_int_equal(rig_run_ms(r, 30), VM_DEADLINE);
    assert_true(now_ms() - wall >= 29);
    assert_int_equal(rig_run_ms(r, 0), VM_DEADLINE);
    vm_post_event(r->vm, 1);
    answers(r, 7);
}

static void an_endless_loop_is_interrupted_and_goes_on(void **state) {
    struct rig *r = *state;
    externals(r);
    asm_process(&r->a, "waiter", "waiter", 60);
    def(r, "Test waiter",
        "lit @one send wait pop int 7 popVar Answer self int 0 send quit: returnSelf");
    def(r, "Test run", "lit @waiter send resume pop again: jump again");
    rig_open(r);
    struct poster p = {.vm = r->vm, .delay_ms = 20, .interrupt = true};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, post_later, &p), 0);
    assert_int_equal(vm_run(r->vm, PLATFORM_NEVER, &r->status), VM_INTERRUPTED);
    pthread_join(thread, NULL);
    vm_post_event(r->vm, 1);
    answers(r, 7);
}

static void a_sleeping_image_is_interrupted(void **state) {
    struct rig *r = *state;
    externals(r);
    def(r, "Test run", "lit @one send wait pop int 7 return");
    rig_open(r);
    struct poster p = {.vm = r->vm, .delay_ms = 20, .interrupt = true};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, post_later, &p), 0);
    assert_int_equal(vm_run(r->vm, PLATFORM_NEVER, &r->status), VM_INTERRUPTED);
    pthread_join(thread, NULL);
    vm_post_event(r->vm, 1);
    answers(r, 7);
}

static void an_endless_recursion_without_loops_ends_at_its_deadline(void **state) {
    struct rig *r = *state;
    def(r, "Test down:",
        "temp 0 int 0 send = jumpFalse more int 0 return "
        "more: self temp 0 int 1 send - send down: pop "
        "self temp 0 int 1 send - send down: return");
    def(r, "Test run", "self int 60 send down: return");
    rig_open(r);
    assert_int_equal(rig_run_ms(r, 20), VM_DEADLINE);
    assert_int_equal(rig_run_ms(r, 20), VM_DEADLINE);
}

static void two_machines_in_one_process_run_in_turn(void **state) {
    struct rig *r = *state, *other;
    struct rig_kind kind = {!r->sista, r->stress};
    void *second = &kind;
    rig_setup(&second);
    other = second;
    unsigned limit = r->stress ? 1000 : 1500000;
    counter(r, limit);
    counter(other, limit + 1);
    rig_open(r);
    rig_open(other);
    assert_true(r->vm->heap.perm_base != other->vm->heap.perm_base);
    enum vm_outcome a, b;
    unsigned turns = 0;
    do {
        a = rig_run_ms(r, 2);
        b = rig_run_ms(other, 2);
        turns++;
    } while ((a == VM_DEADLINE || b == VM_DEADLINE) && turns < 100000);
    assert_true(turns > 2);
    answers(r, limit);
    answers(other, limit + 1);
    rig_teardown(&second);
}

static void *run_alone(void *arg) {
    rig_run(arg);
    return NULL;
}

static void two_machines_run_in_two_threads_at_once(void **state) {
    struct rig *r = *state, *other;
    struct rig_kind kind = {!r->sista, r->stress};
    void *second = &kind;
    rig_setup(&second);
    other = second;
    unsigned limit = r->stress ? 1000 : 1500000;
    counter(r, limit);
    counter(other, limit + 1);
    rig_open(r);
    rig_open(other);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_alone, other), 0);
    rig_run(r);
    pthread_join(thread, NULL);
    answers(r, limit);
    answers(other, limit + 1);
    rig_teardown(&second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG(a_timer_by_the_microsecond_clock_wakes_a_sleeping_image),
        RIG(a_timer_by_the_millisecond_clock_wakes_a_sleeping_image),
        RIG(an_image_without_an_idle_process_sleeps_too),
        RIG(a_timer_interrupts_a_loop),
        RIG(a_timer_of_the_past_signals_at_once_and_nil_stops_one),
        RIG(an_event_posted_by_another_thread_wakes_a_sleeping_image),
        RIG(events_posted_before_the_run_are_all_signalled),
        RIG(an_event_interrupts_a_loop),
        RIG(the_process_that_waits_last_stays_waiting_when_another_is_woken),
        RIG(events_for_nobody_do_not_keep_a_sleeping_image_awake),
        RIG(a_run_ends_at_its_deadline_and_goes_on_where_it_was),
        RIG(a_deadline_ends_the_sleep_of_an_idle_image),
        RIG(an_endless_loop_is_interrupted_and_goes_on),
        RIG(a_sleeping_image_is_interrupted),
        RIG(an_endless_recursion_without_loops_ends_at_its_deadline),
        RIG(two_machines_in_one_process_run_in_turn),
        RIG(two_machines_run_in_two_threads_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
