/* Processes, semaphores, critical sections: who runs when. `note:` writes the order. */
#include "rig.h"

static void semaphore(struct rig *r, const char *name, int64_t signals) {
    tiny_put(&r->a.t, asm_new(&r->a, name, "Semaphore", 0), 2, smallint(signals));
}

/* A process that runs `body` and then suspends itself. */
static void process(struct rig *r, const char *name, int priority, const char *body) {
    char where[60], source[600];
    snprintf(where, sizeof where, "Test %s", name);
    snprintf(source, sizeof source, "%s lit @%s send suspend pop returnSelf", body, name);
    asm_process(&r->a, name, name, priority);
    def(r, where, source);
}

static void a_process_of_higher_priority_runs_when_resumed(void **state) {
    struct rig *r = *state;
    process(r, "p", 41, "self int 2 send note: pop");
    def(r, "Test run",
        "self int 1 send note: pop lit @p send resume lit @p send == popVar Same "
        "self int 3 send note: pop var Same return");
    shows(r, "true");
    assert_int_equal(smallint_value(rig_global(r, "Log")), 123);
}

static void processes_of_equal_or_lower_priority_wait_their_turn(void **state) {
    struct rig *r = *state;
    semaphore(r, "never", 0);
    process(r, "p", 40, "self int 3 send note: pop");
    process(r, "q", 39, "self int 5 send note: pop self int 0 send quit: pop");
    process(r, "s", 40, "self int 4 send note: pop");
    def(r, "Test run",
        "self int 1 send note: pop lit @q send resume pop lit @p send resume pop "
        "lit @s send resume pop self int 2 send note: pop lit @never send wait return");
    notes(r, 12345);
}

static void yield_lets_others_of_the_same_priority_run(void **state) {
    struct rig *r = *state;
    process(r, "p", 40,
            "self int 2 send note: pop lit @scheduler send yield pop "
            "self int 4 send note: pop");
    process(r, "q", 39, "self int 9 send note: pop");
    def(r, "Test run",
        "lit @q send resume pop lit @scheduler send yield pop lit @p send resume pop "
        "self int 1 send note: pop lit @scheduler send yield pop self int 3 send note: pop "
        "lit @scheduler send yield pop self int 5 send note: pop "
        "lit @scheduler send yield pop int 7 return");
    answers(r, 7);
    assert_int_equal(smallint_value(rig_global(r, "Log")), 12345);
}

static void excess_signals_are_counted(void **state) {
    struct rig *r = *state;
    semaphore(r, "s", 0);
    process(r, "p", 30, "self int 9 send note: pop lit @s send signal pop");
    def(r, "Test run",
        "lit @p send resume pop lit @s send signal lit @s send == "
        "lit @s send signal pop lit @s int 3 send instVarAt: "
        "lit @s send wait pop lit @s send wait pop self int 1 send note: pop "
        "lit @s int 3 send instVarAt: lit @s send wait pop self int 2 send note: pop "
        "fill 3 return");
    shows(r, "(true 2 0)");
    assert_int_equal(smallint_value(rig_global(r, "Log")), 192);
}

static void those_who_wait_longest_go_first(void **state) {
    struct rig *r = *state;
    semaphore(r, "s", 0);
    process(r, "a", 42, "lit @s send wait pop self int 1 send note: pop");
    process(r, "b", 50, "lit @s send wait pop self int 2 send note: pop");
    process(r, "c", 42, "lit @s send wait pop self int 3 send note: pop");
    def(r, "Test run",
        "lit @a send resume pop lit @b send resume pop lit @c send resume pop "
        "lit @s send signal pop lit @s send signal pop lit @s send signal pop int 7 return");
    answers(r, 7);
    assert_int_equal(smallint_value(rig_global(r, "Log")), 123);
}

static void a_preempted_process_goes_to_the_back_of_its_list(void **state) {
    struct rig *r = *state;
    semaphore(r, "never", 0);
    process(r, "high", 50, "self int 1 send note: pop");
    process(r, "peer", 40, "self int 2 send note: pop");
    def(r, "Test run",
        "lit @peer send resume pop lit @high send resume pop self int 3 send note: pop int 7 "
        "return");
    answers(r, 7);
    assert_int_equal(smallint_value(rig_global(r, "Log")), 123);
}

static void a_preempted_process_stays_first_where_the_image_says_so(void **state) {
    struct rig *r = *state;
    r->flags = 2 | 16;
    process(r, "high", 50, "self int 1 send note: pop");
    process(r, "peer", 40, "self int 2 send note: pop");
    def(r, "Test run",
        "lit @peer send resume pop lit @high send resume pop self int 3 send note: pop int 7 "
        "return");
    answers(r, 7);
    assert_int_equal(smallint_value(rig_global(r, "Log")), 13);
}

static void suspend_answers_the_list_that_was_left(void **state) {
    struct rig *r = *state;
    semaphore(r, "s", 0);
    process(r, "waiter", 50, "lit @s send wait pop self int 9 send note: pop");
    process(r, "ready", 40, "self int 8 send note: pop");
    def(r, "Test run",
        "lit @waiter send resume pop lit @ready send resume pop "
        "lit @waiter send suspend lit @s send == lit @ready send suspend send class "
        "lit @s int 1 send instVarAt: lit @s send signal pop lit @s int 3 send instVarAt: "
        "fill 4 return");
    shows(r, "(true LinkedList nil 1)");
    assert_int_equal(smallint_value(rig_global(r, "Log")), 0);
}

static void a_suspended_process_goes_on_where_it_was(void **state) {
    struct rig *r = *state;
    asm_process(&r->a, "p", "p", 50);
    def(r, "Test p",
        "temps 1 int 5 popTemp 0 lit @p send suspend popVar Answered self temp 0 send note: pop "
        "lit @p send suspend pop returnSelf");
    def(r, "Test run",
        "lit @p send resume pop self int 1 send note: pop self send scavenge pop "
        "lit @p send resume pop self int 2 send note: pop var Answered return");
    shows(r, "nil");
    assert_int_equal(smallint_value(rig_global(r, "Log")), 152);
}

static void resume_fails_for_what_has_no_context(void **state) {
    struct rig *r = *state;
    asm_new(&r->a, "empty", "Process", 0);
    def(r, "Process resume", "primitive 87 lit #failed return");
    def(r, "Process suspend", "primitive 88 lit #failed return");
    def(r, "Test run",
        "lit @empty send resume lit @main send resume lit @empty send suspend fill 3 return");
    shows(r, "(#failed #failed #failed)");
}

static void wait_and_signal_fail_for_what_is_no_semaphore(void **state) {
    struct rig *r = *state;
    def(r, "Object signal", "primitive 85 lit #failed return");
    def(r, "Object wait", "primitive 86 lit #failed return");
    def(r, "Test run", "self send signal int 3 send wait fill 2 return");
    shows(r, "(#failed #failed)");
}

static void mutexes(struct rig *r) {
    def(r, "Mutex exit", "primitive 185 lit #failed return");
    def(r, "Mutex enter", "primitive 186 lit #failed return");
    def(r, "Mutex test", "primitive 187 lit #failed return");
    asm_new(&r->a, "m", "Mutex", 0);
}

static void a_critical_section_is_entered_by_one_process_at_a_time(void **state) {
    struct rig *r = *state;
    mutexes(r);
    process(r, "p", 50,
            "lit @m send enter popVar Entered self int 3 send note: pop "
            "lit @m send exit pop self int 4 send note: pop");
    def(r, "Test run",
        "lit @m send enter self int 1 send note: pop lit @p send resume pop "
        "self int 2 send note: pop lit @m send enter lit @m send exit pop "
        "self int 5 send note: pop var Entered lit @m int 3 send instVarAt: fill 4 return");
    shows(r, "(false true false nil)");
    assert_int_equal(smallint_value(rig_global(r, "Log")), 12345);
}

static void ownership_is_tested_without_waiting(void **state) {
    struct rig *r = *state;
    mutexes(r);
    process(r, "p", 50, "lit @m send test popVar Tested");
    def(r, "Test run",
        "lit @m send test lit @m send test lit @p send resume pop var Tested "
        "lit @m int 3 send instVarAt: lit @main send == fill 4 return");
    shows(r, "(false true nil true)");
}

static void critical_sections_pass_to_those_who_wait_longest(void **state) {
    struct rig *r = *state;
    mutexes(r);
    process(r, "p", 50, "lit @m send enter pop self int 1 send note: pop lit @m send exit pop");
    process(r, "q", 45, "lit @m send enter pop self int 2 send note: pop lit @m send exit pop");
    process(r, "s", 60, "lit @m send enter pop self int 3 send note: pop lit @m send exit pop");
    def(r, "Test run",
        "lit @m send enter pop lit @p send resume pop lit @q send resume pop lit @s send resume "
        "pop lit @m send exit pop int 7 return");
    answers(r, 7);
    assert_int_equal(smallint_value(rig_global(r, "Log")), 123);
}

static void a_process_made_by_the_image_runs_a_block(void **state) {
    struct rig *r = *state;
    def(r, "BlockClosure body", "self send value pop var Fork send suspend pop returnSelf");
    def(r, "FullBlockClosure body", "self send value pop var Fork send suspend pop returnSelf");
    def(r, "Test fork:",
        "temps 1 lit %Process send new popVar Fork "
        "var Fork int 2 self temp 0 send start: send instVarAt:put: pop "
        "var Fork int 3 int 41 send instVarAt:put: pop var Fork send resume return");
    oop first = asm_method(&r->a, "Test", "first:", "temp 0 send body return");
    int64_t header = smallint_value(tiny_words(&r->a.t, first)[1]);
    asm_name(&r->a, "pc", smallint((1 + (int64_t)method_header_literals(header)) * 8 + 1));
    asm_name(&r->a, "first", first);
    def(r, "Test start:",
        "lit %Context int 16 send new: popVar C "
        "var C int 2 lit @pc send instVarAt:put: pop var C int 3 int 1 send instVarAt:put: pop "
        "var C int 4 lit @first send instVarAt:put: pop var C int 6 self send instVarAt:put: pop "
        "var C int 1 temp 0 send tempAt:put: pop var C return");
    def(r, "Test run",
        "temps 1 int 2 popTemp 0 self int 1 send note: pop "
        "self temp 0 block 0 1 0 self temp 0 send note: blockReturn end send fork: pop "
        "self int 3 send note: pop int 7 return");
    answers(r, 7);
    assert_int_equal(smallint_value(rig_global(r, "Log")), 123);
}

static void nothing_to_run_and_nothing_to_wait_for_ends_the_run(void **state) {
    struct rig *r = *state;
    def(r, "Test run", "lit @main send suspend pop int 1 return");
    rig_open(r);
    assert_int_equal(vm_run(r->vm, PLATFORM_NEVER, &r->status), VM_NO_PROCESS);
    assert_true(strlen(vm_error(r->vm)) > 10);
}

static void hundreds_of_switches_lose_nothing(void **state) {
    struct rig *r = *state;
    semaphore(r, "ping", 0);
    semaphore(r, "pong", 0);
    process(r, "p", 40, "again: lit @ping send wait pop lit @pong send signal pop jump again");
    /* Each turn leaves a value on the stack of either. */
    def(r, "Test run",
        "temps 1 int 0 popTemp 0 lit @p send resume pop again: temp 0 int 500 send < jumpFalse "
        "done "
        "temp 0 int 1 send + lit @ping send signal pop lit @pong send wait pop popTemp 0 "
        "jump again done: temp 0 return");
    answers(r, 500);
    assert_true(r->vm->process_switches >= 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG(a_process_of_higher_priority_runs_when_resumed),
        RIG(processes_of_equal_or_lower_priority_wait_their_turn),
        RIG(yield_lets_others_of_the_same_priority_run),
        RIG(excess_signals_are_counted),
        RIG(those_who_wait_longest_go_first),
        RIG(a_preempted_process_goes_to_the_back_of_its_list),
        RIG(a_preempted_process_stays_first_where_the_image_says_so),
        RIG(suspend_answers_the_list_that_was_left),
        RIG(a_suspended_process_goes_on_where_it_was),
        RIG(resume_fails_for_what_has_no_context),
        RIG(wait_and_signal_fail_for_what_is_no_semaphore),
        RIG(a_critical_section_is_entered_by_one_process_at_a_time),
        RIG(ownership_is_tested_without_waiting),
        RIG(critical_sections_pass_to_those_who_wait_longest),
        RIG(a_process_made_by_the_image_runs_a_block),
        RIG(nothing_to_run_and_nothing_to_wait_for_ends_the_run),
        RIG(hundreds_of_switches_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
