/* Recursion deeper than the stack zone, and without end. */
#include "rig.h"

static void count_to(struct rig *r, const char *selector, unsigned depth) {
    char source[100];
    snprintf(source, sizeof source, "int %u send %s return", depth, selector);
    def(r, "Test run", source);
}

static void a_recursion_a_million_deep_comes_back_with_the_sum(void **state) {
    struct rig *r = *state;
    unsigned depth = r->stress ? 3000 : 1000000;
    r->max_bytes = UINT64_C(1) << 30;
    def(r, "SmallInteger sum",
        "self int 0 send = jumpFalse more int 0 return "
        "more: self self int 1 send - send sum send + return");
    count_to(r, "sum", depth);
    answers(r, (int64_t)depth * (depth + 1) / 2);
}

static void deep_recursion_keeps_arguments_and_temporaries(void **state) {
    struct rig *r = *state;
    unsigned depth = r->stress ? 1000 : 20000;
    def(r, "SmallInteger down:with:",
        "temps 1 self temp 0 send + popTemp 2 self int 0 send = jumpFalse more temp 1 return "
        "more: self int 1 send - temp 0 int 2 send + temp 1 temp 2 send + send down:with: "
        "temp 2 temp 0 send - self send - send + return");
    char source[100];
    snprintf(source, sizeof source, "int %u int 0 int 0 send down:with: return", depth);
    def(r, "Test run", source);
    /* sum of (self + argument) on the way down: (depth - k) + 2k for k < depth */
    answers(r, (int64_t)depth * depth + (int64_t)depth * (depth - 1) / 2);
}

static void deep_recursion_of_blocks_comes_back(void **state) {
    struct rig *r = *state;
    unsigned depth = r->stress ? 700 : 20000;
    char source[300];
    snprintf(source, sizeof source,
             "temps 1 array 1 popTemp 0 temp 0 block 1 1 0 temp 0 int 0 send = jumpFalse more "
             "int 0 blockReturn more: remote 0 1 temp 0 int 1 send - send value: temp 0 send + "
             "blockReturn end popRemote 0 0 remote 0 0 int %u send value: return",
             depth);
    def(r, "Test run", source);
    answers(r, (int64_t)depth * (depth + 1) / 2);
}

static void two_processes_recurse_at_the_same_time(void **state) {
    struct rig *r = *state;
    asm_process(&r->a, "other", "other", 40);
    /* Each yields at every level, so pages of both are pushed out in turn. */
    def(r, "Test down:",
        "temp 0 int 0 send = jumpFalse more int 0 return "
        "more: lit @scheduler send yield pop self temp 0 int 1 send - send down: temp 0 send + "
        "return");
    unsigned depth = r->stress ? 300 : 4000;
    char source[200];
    snprintf(source, sizeof source,
             "self int %u send down: popVar Other lit @other send suspend pop returnSelf", depth);
    def(r, "Test other", source);
    snprintf(source, sizeof source,
             "lit @other send resume pop self int %u send down: "
             "lit @scheduler send yield pop var Other fill 2 return",
             depth);
    def(r, "Test run", source);
    unsigned sum = depth * (depth + 1) / 2;
    snprintf(source, sizeof source, "(%u %u)", sum, sum);
    shows(r, source);
    assert_true(r->vm->process_switches >= depth);
}

static void recursion_without_end_exhausts_memory_with_a_reason(void **state) {
    struct rig *r = *state;
    r->max_bytes = UINT64_C(24) << 20;
    if (r->stress)
        r->max_bytes = UINT64_C(8) << 20;
    def(r, "Test forever", "self send forever int 1 send + return");
    def(r, "Test run", "self send forever return");
    assert_int_equal(rig_run(r), VM_EXHAUSTED);
    assert_true(strlen(vm_error(r->vm)) > 10);
    /* It stays so. */
    assert_int_equal(rig_run_ms(r, 1000), VM_EXHAUSTED);
}

static void objects_without_end_exhaust_memory_with_a_reason(void **state) {
    struct rig *r = *state;
    r->max_bytes = UINT64_C(8) << 20;
    r->eden_bytes = UINT64_C(128) << 10;
    /* Ever smaller ones, until not even the smallest can be had. */
    def(r, "Metaclass new:",
        "primitive 71 temp 0 int 130 send < jumpTrue small self temp 0 int 2 send // send new: "
        "return small: array 127 return");
    def(r, "Test run",
        "temps 1 nil popTemp 0 again: temp 0 lit %Array int 20000 send new: fill 2 popTemp 0 "
        "jump again");
    assert_int_equal(rig_run(r), VM_EXHAUSTED);
    assert_true(strlen(vm_error(r->vm)) > 10);
}

static void an_allocation_that_cannot_be_fails_its_primitive(void **state) {
    struct rig *r = *state;
    r->max_bytes = UINT64_C(24) << 20;
    def(r, "Metaclass new:", "temps 1 primitive 71 errorTemp 1 temp 1 return");
    def(r, "Test run",
        "lit %Array int 100000000 send new: lit %Array nil send new: "
        "lit %Array int 3 send new: fill 3 return");
    /* The table of errors in the image ends before 9. */
    shows(r, "(9 #bad argument (nil nil nil))");
}

static void the_low_space_semaphore_is_signalled_before_memory_ends(void **state) {
    struct rig *r = *state;
    r->max_bytes = UINT64_C(24) << 20;
    asm_process(&r->a, "watcher", "watch", 60);
    oop semaphore = asm_new(&r->a, "low", "Semaphore", 0);
    tiny_put(&r->a.t, semaphore, 2, smallint(0));
    def(r, "Object lowSpaceSemaphore:", "primitive 124 int 1 return");
    def(r, "Object signalAtBytesLeft:", "primitive 125 int 1 return");
    def(r, "Test watch",
        "lit @low send wait pop int 5 popVar Answer self int 0 send quit: returnSelf");
    def(r, "Test run",
        "temps 1 self lit @low send lowSpaceSemaphore: pop self int 4000000 send "
        "signalAtBytesLeft: "
        "pop lit @watcher send resume pop "
        "nil popTemp 0 again: temp 0 lit %Array int 10000 send new: fill 2 popTemp 0 jump again");
    answers(r, 5);
}

static void memory_ends_when_nobody_heeds_the_low_space_semaphore(void **state) {
    struct rig *r = *state;
    r->max_bytes = UINT64_C(16) << 20;
    r->eden_bytes = UINT64_C(128) << 10;
    asm_process(&r->a, "watcher", "watch", 60);
    tiny_put(&r->a.t, asm_new(&r->a, "low", "Semaphore", 0), 2, smallint(0));
    def(r, "Object lowSpaceSemaphore:", "primitive 124 int 1 return");
    def(r, "Object signalAtBytesLeft:", "primitive 125 int 1 return");
    def(r, "Test watch",
        "lit @low send wait pop self int 5 send note: pop "
        "lit @watcher send suspend pop returnSelf");
    def(r, "Test down", "self send down pop int 1 return");
    def(r, "Test run",
        "temps 1 self lit @low send lowSpaceSemaphore: pop self int 2000000 send "
        "signalAtBytesLeft: "
        "pop lit @watcher send resume pop self send down return");
    assert_int_equal(rig_run(r), VM_EXHAUSTED);
    assert_int_equal(smallint_value(rig_global(r, "Log")), 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG(a_recursion_a_million_deep_comes_back_with_the_sum),
        RIG(deep_recursion_keeps_arguments_and_temporaries),
        RIG(deep_recursion_of_blocks_comes_back),
        RIG(two_processes_recurse_at_the_same_time),
        RIG(recursion_without_end_exhausts_memory_with_a_reason),
        RIG(objects_without_end_exhaust_memory_with_a_reason),
        RIG(an_allocation_that_cannot_be_fails_its_primitive),
        RIG(the_low_space_semaphore_is_signalled_before_memory_ends),
        RIG(memory_ends_when_nobody_heeds_the_low_space_semaphore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
