/* ^ in a block: where it returns to, what it unwinds, when it cannot. */
#include "rig.h"

/* Context>>aboutToReturn:through: much as Pharo has it, `self home` by way of the
 * closures: runs the unwind blocks from the inside out, then returns. */
static void unwinding(struct rig *r) {
    def(r, "Context home",
        "temps 1 self popTemp 0 up: temp 0 send closure nil send == jumpTrue done "
        "temp 0 send closure int 1 send instVarAt: popTemp 0 jump up done: temp 0 return");
    def(r, "Context aboutToReturn:through:",
        "temps 2 self send home popTemp 2 temp 1 popTemp 3 "
        "next: temp 3 nil send == jumpTrue done "
        "temp 3 int 2 send tempAt: nil send == jumpFalse skip "
        "temp 3 int 2 true send tempAt:put: pop "
        "temp 3 int 1 send tempAt: send value pop "
        "skip: temp 3 temp 2 send findNextUnwindContextUpTo: popTemp 3 jump next "
        "done: thisContext temp 2 send sender send terminateTo: pop temp 0 return");
}

static void it_returns_from_the_method_of_the_block(void **state) {
    struct rig *r = *state;
    def(r, "Test home", "block 0 0 0 int 7 return end send value pop int 8 return");
    def(r, "Test run", "int 1 self send home int 2 fill 3 return");
    shows(r, "(1 7 2)");
}

static void every_kind_of_return_leaves_the_method_of_the_block(void **state) {
    struct rig *r = *state;
    def(r, "Test a", "block 0 0 0 returnSelf end send value pop int 8 return");
    def(r, "Test b", "block 0 0 0 returnTrue end send value pop int 8 return");
    def(r, "Test c", "block 0 0 0 returnFalse end send value pop int 8 return");
    def(r, "Test d", "block 0 0 0 returnNil end send value pop int 8 return");
    def(r, "Test run", "self send a self send b self send c self send d fill 4 return");
    shows(r, "(aTest true false nil)");
}

static void it_returns_through_methods_and_blocks_in_between(void **state) {
    struct rig *r = *state;
    def(r, "Test home",
        "block 0 0 0 block 1 0 0 temp 0 return end blockReturn end send value popVar B "
        "self var B send call: pop int 8 return");
    def(r, "Test call:",
        "temp 0 block 0 1 0 temp 0 int 6 send value: blockReturn end "
        "send value pop int 9 return");
    def(r, "Test run", "int 1 self send home int 2 fill 3 return");
    shows(r, "(1 6 2)");
}

static void deep(struct rig *r) {
    def(r, "Test down:do:",
        "temp 0 int 0 send = jumpFalse more temp 1 temp 0 send value: return "
        "more: self temp 0 int 1 send - temp 1 send down:do: pop int 99 return");
}

static void it_returns_across_many_pages_of_the_stack(void **state) {
    struct rig *r = *state;
    deep(r);
    def(r, "Test home:", "self temp 0 block 1 0 0 int 5 return end send down:do: pop int 8 return");
    char source[100];
    sprintf(source, "int 1 self int %d send home: int 2 fill 3 return", r->stress ? 1500 : 30000);
    def(r, "Test run", source);
    shows(r, "(1 5 2)");
    assert_true(r->vm->stack_overflows > (r->stress ? 3u : 10u));
}

static void it_returns_to_a_home_that_is_no_frame_any_more(void **state) {
    struct rig *r = *state;
    deep(r);
    /* The process stays, but all other frames become contexts. */
    asm_process(&r->a, "other", "other", 50);
    def(r, "Test other", "self send collect pop lit @other send suspend pop returnSelf");
    def(r, "Test home",
        "self int 500 block 1 0 0 lit @other send resume pop self send collect pop int 5 return "
        "end send down:do: pop int 8 return");
    def(r, "Test run", "int 1 self send home int 2 fill 3 return");
    shows(r, "(1 5 2)");
}

static void a_dead_home_cannot_be_returned_from(void **state) {
    struct rig *r = *state;
    def(r, "Test make", "block 0 0 0 int 5 return end return");
    def(r, "Context cannotReturn:",
        "temp 0 popVar Value self popVar Where self send closure var Block send == popVar Same "
        "self int 0 send quit: returnSelf");
    def(r, "Test run", "self send make popVar Block var Block send value return");
    exits(r, 0);
    assert_int_equal(smallint_value(rig_global(r, "Value")), 5);
    assert_true(rig_global(r, "Same") == r->vm->heap.true_);
}

static void a_home_in_another_process_cannot_be_returned_from(void **state) {
    struct rig *r = *state;
    asm_process(&r->a, "other", "other", 50);
    def(r, "Test other", "var Block send value pop returnSelf");
    def(r, "Context cannotReturn:", "temp 0 popVar Value self int 0 send quit: returnSelf");
    def(r, "Test run",
        "block 0 0 0 int 5 return end popVar Block lit @other send resume pop int 8 return");
    exits(r, 0);
    assert_int_equal(smallint_value(rig_global(r, "Value")), 5);
}

static void the_first_method_of_a_process_cannot_return(void **state) {
    struct rig *r = *state;
    asm_process(&r->a, "other", "other", 50);
    def(r, "Test other", "int 5 return");
    def(r, "Context cannotReturn:",
        "temp 0 popVar Value self send receiver popVar Receiver self int 0 send quit: returnSelf");
    def(r, "Test run", "lit @other send resume pop int 8 return");
    exits(r, 0);
    assert_int_equal(smallint_value(rig_global(r, "Value")), 5);
}

static void ensured_blocks_run_when_nothing_happens(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "block 0 0 0 self int 1 send note: pop int 5 blockReturn end "
        "block 0 0 0 self int 2 send note: blockReturn end send ensure: return");
    answers(r, 5);
    assert_int_equal(smallint_value(rig_global(r, "Log")), 12);
}

static void ensured_blocks_run_from_the_inside_out_before_the_return(void **state) {
    struct rig *r = *state;
    unwinding(r);
    deep(r);
    def(r, "Test home",
        "block 0 0 0 "
        "block 0 0 0 self int 3 block 1 0 0 int 5 return end send down:do: blockReturn end "
        "block 0 0 0 self int 1 send note: blockReturn end send ensure: blockReturn end "
        "block 0 0 0 self int 2 send note: blockReturn end send ensure: pop int 8 return");
    def(r, "Test run", "int 1 self send home self int 3 send note: pop int 2 fill 3 return");
    shows(r, "(1 5 2)");
    assert_int_equal(smallint_value(rig_global(r, "Log")), 123);
}

static void ensured_blocks_run_across_many_pages(void **state) {
    struct rig *r = *state;
    unwinding(r);
    deep(r);
    def(r, "Test home",
        "block 0 0 0 self int 1500 block 1 0 0 int 5 return end send down:do: blockReturn end "
        "block 0 0 0 self int 1 send note: blockReturn end send ensure: pop int 8 return");
    def(r, "Test run", "int 1 self send home int 2 fill 3 return");
    shows(r, "(1 5 2)");
    assert_int_equal(smallint_value(rig_global(r, "Log")), 1);
}

static void the_image_learns_value_and_first_context_to_unwind(void **state) {
    struct rig *r = *state;
    for (unsigned i = 0; i < r->a.method_count; i++) /* of the class that is used */
        if (r->a.methods[i].selector == asm_symbol(&r->a, "ensure:") &&
            r->a.methods[i].class ==
                asm_class(&r->a, r->sista ? "FullBlockClosure" : "BlockClosure"))
            asm_name(&r->a, "ensure", r->a.methods[i].method);
    def(r, "Context aboutToReturn:through:",
        "self send closure var Block send == temp 0 temp 1 int 1 send tempAt: send class "
        "temp 1 send method lit @ensure send == fill 4 popVar Answer "
        "self int 0 send quit: returnSelf");
    def(r, "Test run",
        "block 0 0 0 int 5 return end popVar Block "
        "var Block block 0 0 0 nil blockReturn end send ensure: return");
    shows(r, r->sista ? "(true 5 FullBlockClosure true)" : "(true 5 BlockClosure true)");
}

static void a_return_within_an_ensured_block_wins(void **state) {
    struct rig *r = *state;
    unwinding(r);
    def(r, "Test home",
        "block 0 0 0 int 5 return end block 0 0 0 int 6 return end send ensure: pop int 8 return");
    def(r, "Test run", "int 1 self send home int 2 fill 3 return");
    shows(r, "(1 6 2)");
}

static void thousands_of_returns_leave_nothing_behind(void **state) {
    struct rig *r = *state;
    def(r, "Test find:",
        "temps 2 int 0 popTemp 1 again: temp 0 temp 1 block 0 2 0 "
        "temp 0 temp 1 send = jumpFalse no temp 1 return no: nil blockReturn end "
        "send value pop temp 1 int 1 send + popTemp 1 jump again");
    def(r, "Test run",
        "temps 2 int 0 popTemp 0 int 0 popTemp 1 again: temp 0 int 300 send < jumpFalse done "
        "temp 1 self temp 0 int 7 send \\\\ send find: send + popTemp 1 "
        "temp 0 int 1 send + popTemp 0 jump again done: temp 1 return");
    answers(r, 42 * 21 + (6 * 5) / 2 + 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG(it_returns_from_the_method_of_the_block),
        RIG(every_kind_of_return_leaves_the_method_of_the_block),
        RIG(it_returns_through_methods_and_blocks_in_between),
        RIG(it_returns_across_many_pages_of_the_stack),
        RIG(it_returns_to_a_home_that_is_no_frame_any_more),
        RIG(a_dead_home_cannot_be_returned_from),
        RIG(a_home_in_another_process_cannot_be_returned_from),
        RIG(the_first_method_of_a_process_cannot_return),
        RIG(ensured_blocks_run_when_nothing_happens),
        RIG(ensured_blocks_run_from_the_inside_out_before_the_return),
        RIG(ensured_blocks_run_across_many_pages),
        RIG(the_image_learns_value_and_first_context_to_unwind),
        RIG(a_return_within_an_ensured_block_wins),
        RIG(thousands_of_returns_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
