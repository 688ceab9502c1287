/* thisContext: contexts in step with their frames, read, written, cut off, resumed. */
#include "rig.h"

/* Setters as Pharo compiles them: with the long forms that see contexts. */
static void setters(struct rig *r) {
    def(r, "Context privSender:", "temp 0 popIvarX 0 returnSelf");
    def(r, "Context setPc:", "temp 0 popIvarX 1 returnSelf");
    def(r, "Context setStackp:", "temp 0 storeIvarX 2 pop returnSelf");
    def(r, "Context stackp:", "primitive 76 lit #failed return");
}

static void the_chain_of_senders_names_the_methods_that_run(void **state) {
    struct rig *r = *state;
    asm_name(&r->a, "a", asm_method(&r->a, "Test", "a", "int 1 self send b return"));
    def(r, "Test b",
        "thisContext send sender send method lit @a send == "
        "thisContext send sender send sender send receiver "
        "thisContext send sender send sender send sender send sender fill 3 return");
    def(r, "Test run", "self send a return");
    shows(r, "(true aTest nil)");
}

static void a_context_shows_receiver_method_and_closure_of_its_frame(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "temps 1 thisContext send receiver thisContext send closure "
        "block 0 0 0 thisContext send closure thisContext send receiver "
        "thisContext send sender send method thisContext send method send == fill 3 blockReturn "
        "end popTemp 0 temp 0 send value dup int 1 send at: temp 0 send == popVar Same "
        "pop var Same fill 3 return");
    shows(r, "(aTest nil true)");
}

static void pc_and_stack_pointer_are_in_step(void **state) {
    struct rig *r = *state;
    /* stackp counts temporaries and what is on the stack below thisContext. */
    def(r, "Test with:",
        "temps 1 thisContext send stackp int 5 int 6 thisContext send stackp fill 4 return");
    def(r, "Test pcs",
        "temps 1 thisContext send pc popTemp 0 thisContext send pc temp 0 send - return");
    def(r, "Test run", "self int 1 send with: self send pcs fill 2 return");
    /* The pc is that behind the send: between the two lie a store, a push, a send. */
    shows(r, "((2 5 6 5) 3)");
}

static void temporaries_are_read_and_written_through_the_context(void **state) {
    struct rig *r = *state;
    def(r, "Test set:",
        "temp 0 int 1 int 11 send tempAt:put: pop temp 0 int 3 int 33 send tempAt:put: "
        "return");
    def(r, "Test with:with:",
        "temps 1 int 3 popTemp 2 int 44 thisContext int 2 send tempAt: "
        "self thisContext send set: pop temp 0 temp 1 temp 2 fill 5 return");
    def(r, "Test run", "self int 1 int 2 send with:with: return");
    shows(r, "(44 2 11 2 33)");
}

static void elements_of_the_stack_are_read_and_written_through_the_context(void **state) {
    struct rig *r = *state;
    def(r, "Test look:",
        "temp 0 int 1 send tempAt: temp 0 int 2 send tempAt: temp 0 int 1 int 70 send tempAt:put: "
        "temp 0 send basicSize fill 4 return");
    def(r, "Test run", "int 7 int 8 self thisContext send look: fill 3 return");
    shows(r, "(70 8 (7 8 70 2))");
}

static void elements_beyond_the_stack_do_not_exist(void **state) {
    struct rig *r = *state;
    def(r, "Context tempAt:", "primitive 210 lit #none return");
    def(r, "Context tempAt:put:", "primitive 211 lit #none return");
    def(r, "Test run",
        "temps 1 thisContext int 0 send tempAt: thisContext int 5 send tempAt: "
        "thisContext int 9 int 1 send tempAt:put: thisContext nil send tempAt: fill 4 return");
    shows(r, "(#none #none #none #none)");
}

static void instVarAt_sees_the_frame(void **state) {
    struct rig *r = *state;
    def(r, "Test look:",
        "temp 0 int 1 send instVarAt: send class temp 0 int 2 send instVarAt: send class "
        "temp 0 int 3 send instVarAt: temp 0 int 4 send instVarAt: send class "
        "temp 0 int 6 send instVarAt: fill 5 return");
    def(r, "Test run", "temps 1 int 5 popTemp 0 self thisContext send look: return");
    shows(r, "(Context SmallInteger 1 CompiledMethod aTest)");
}

static void quick_accessors_see_the_frame(void **state) {
    struct rig *r = *state;
    def(r, "Context quickSender", "primitive 264 ivarX 0 return");
    def(r, "Context quickPc", "primitive 265 ivarX 1 return");
    def(r, "Context quickMethod", "primitive 267 ivarX 3 return");
    def(r, "Test run",
        "thisContext send quickSender send class thisContext send quickPc send class "
        "thisContext send quickMethod send class fill 3 return");
    shows(r, "(Context SmallInteger CompiledMethod)");
}

static void a_context_is_dead_when_its_method_has_returned(void **state) {
    struct rig *r = *state;
    def(r, "Test me:", "thisContext return");
    def(r, "Test run",
        "temps 1 self int 7 send me: popTemp 0 temp 0 send pc temp 0 send sender "
        "temp 0 send receiver temp 0 int 1 send tempAt: fill 4 return");
    shows(r, "(nil nil aTest 7)");
}

static void a_context_is_the_same_object_every_time(void **state) {
    struct rig *r = *state;
    def(r, "Test sender", "thisContext send sender return");
    def(r, "Test run",
        "thisContext thisContext send == thisContext self send sender send == "
        "block 0 0 0 thisContext send closure int 1 send instVarAt: blockReturn end send value "
        "thisContext send == fill 3 return");
    shows(r, "(true true true)");
}

static void a_new_sender_is_returned_to(void **state) {
    struct rig *r = *state;
    setters(r);
    def(r, "Test skip",
        "thisContext thisContext send sender send sender send privSender: pop "
        "int 5 return");
    def(r, "Test middle", "self send skip pop int 6 return");
    def(r, "Test run", "int 1 self send middle int 2 fill 3 return");
    shows(r, "(1 5 2)");
}

static void senders_are_swapped_far_below_the_top(void **state) {
    struct rig *r = *state;
    setters(r);
    /* down: 0 makes the method `outer` below return to its sender's sender. */
    def(r, "Test down:with:",
        "temp 0 int 0 send = jumpFalse more "
        "temp 1 temp 1 send sender send sender send privSender: pop int 5 return "
        "more: self temp 0 int 1 send - temp 1 send down:with: int 1 send + return");
    def(r, "Test outer:", "self temp 0 thisContext send down:with: return");
    def(r, "Test middle:", "self temp 0 send outer: pop int 6 return");
    char source[120];
    sprintf(source, "int 1 self int %d send middle: int 2 fill 3 return", r->stress ? 400 : 2000);
    def(r, "Test run", source);
    shows(r, r->stress ? "(1 405 2)" : "(1 2005 2)");
}

static void a_pc_written_is_where_the_method_goes_on(void **state) {
    struct rig *r = *state;
    setters(r);
    /* Jump over the store behind the send: one bytecode of that size in both sets. */
    def(r, "Test jump:", "temp 0 temp 0 send pc int 2 send + send setPc: pop int 9 return");
    def(r, "Test run",
        "temps 1 int 3 popTemp 0 self thisContext send jump: self popTemp 0 temp 0 fill 2 return");
    shows(r, "(9 3)");
}

static void a_stack_pointer_written_cuts_the_stack(void **state) {
    struct rig *r = *state;
    setters(r);
    def(r, "Test cut:", "temp 0 temp 0 send stackp int 1 send - send setStackp: pop int 9 return");
    def(r, "Test grow:", "temp 0 temp 0 send stackp int 1 send + send stackp: pop int 9 return");
    def(r, "Test a", "int 7 int 8 self thisContext send cut: fill 2 return");
    def(r, "Test b", "int 7 int 8 self thisContext send grow: fill 2 return");
    def(r, "Test run", "self send a self send b fill 2 return");
    shows(r, "((7 9) (nil 9))");
}

static void instVarAt_put_writes_the_frame(void **state) {
    struct rig *r = *state;
    def(r, "Test skip",
        "thisContext int 1 thisContext send sender send sender send instVarAt:put: "
        "pop int 5 return");
    def(r, "Test middle", "self send skip pop int 6 return");
    def(r, "Test run", "int 1 self send middle int 2 fill 3 return");
    shows(r, "(1 5 2)");
}

static void terminateTo_cuts_off_what_lies_between(void **state) {
    struct rig *r = *state;
    def(r, "Test cut:", "thisContext temp 0 send terminateTo: pop int 5 return");
    def(r, "Test b:", "thisContext popVar Between self temp 0 send cut: pop int 6 return");
    def(r, "Test a:", "self temp 0 send b: pop int 7 return");
    def(r, "Test run",
        "int 1 self thisContext send a: var Between send pc var Between send sender fill 4 return");
    shows(r, "(1 5 nil nil)");
}

static void terminateTo_reaches_across_pages(void **state) {
    struct rig *r = *state;
    def(r, "Test down:to:",
        "temp 0 int 0 send = jumpFalse more "
        "thisContext temp 1 send terminateTo: pop int 5 return "
        "more: self temp 0 int 1 send - temp 1 send down:to: pop int 8 return");
    def(r, "Test run", "int 1 self int 1000 thisContext send down:to: int 2 fill 3 return");
    shows(r, "(1 5 2)");
}

static void terminateTo_nil_and_contexts_elsewhere_make_them_the_sender(void **state) {
    struct rig *r = *state;
    asm_process(&r->a, "other", "other", 50);
    def(r, "Test other", "thisContext popVar Other lit @other send suspend pop returnSelf");
    def(r, "Test a",
        "thisContext var Other send terminateTo: pop thisContext send sender var Other send == "
        "popVar Same thisContext nil send terminateTo: pop thisContext send sender popVar Sender "
        "int 5 return");
    def(r, "Context cannotReturn:",
        "var Same var Sender temp 0 fill 3 popVar Answer self int 0 send quit: returnSelf");
    def(r, "Test run", "lit @other send resume pop self send a return");
    shows(r, "(true nil 5)");
}

static void marked_methods_are_found_among_the_senders(void **state) {
    struct rig *r = *state;
    asm_name(&r->a, "protect",
             asm_method(&r->a, "Test", "protect:", "primitive 198 temp 0 send value return"));
    asm_name(&r->a, "handle",
             asm_method(&r->a, "Test", "handle:", "primitive 199 temp 0 send value return"));
    def(r, "Test look",
        "thisContext nil send findNextUnwindContextUpTo: send method lit @protect send == "
        "thisContext send findNextHandlerContext send method lit @handle send == "
        "thisContext thisContext send sender send findNextUnwindContextUpTo: fill 3 return");
    def(r, "Test run",
        "self block 0 0 0 self block 0 0 0 self send look blockReturn end send protect: "
        "blockReturn end send handle: "
        "thisContext nil send findNextUnwindContextUpTo: "
        "thisContext send findNextHandlerContext fill 3 return");
    shows(r, "((true true nil) nil nil)");
}

/* A context made by hand for a method of Test, about to run. */
static void maker(struct rig *r) {
    asm_name(&r->a, "jumped",
             asm_method(&r->a, "Test",
                        "jumped:", "temps 1 temp 0 popTemp 1 temp 1 int 1 send + return"));
    char source[500];
    int64_t header = smallint_value(tiny_words(&r->a.t, asm_object(&r->a, "jumped"))[1]);
    sprintf(
        source,
        "temps 1 lit %%Context int 16 send new: popTemp 1 "
        "temp 1 int 1 temp 0 send instVarAt:put: pop "
        "temp 1 int 2 int %d send instVarAt:put: pop temp 1 int 3 int 2 send instVarAt:put: pop "
        "temp 1 int 4 lit @jumped send instVarAt:put: pop "
        "temp 1 int 6 self send instVarAt:put: pop temp 1 int 1 int 41 send tempAt:put: pop "
        "temp 1 return",
        (1 + (int)method_header_literals(header)) * 8 + 1);
    def(r, "Test make:", source);
}

static void a_context_made_by_hand_runs_when_returned_to(void **state) {
    struct rig *r = *state;
    setters(r);
    maker(r);
    /* Returning into a context pushes the value; the method begins with it on its stack. */
    def(r, "Test go:",
        "temps 1 self temp 0 send make: popTemp 1 thisContext temp 1 send privSender: pop "
        "int 7 return");
    def(r, "Test run", "int 1 self thisContext send go: int 2 fill 3 return");
    shows(r, "(1 42 2)");
}

static void arguments_popped_before_the_start_come_back_as_the_value_returned(void **state) {
    struct rig *r = *state;
    setters(r);
    maker(r);
    /* Pharo's jump: the top of the stack is popped and returned into the context. Here the one
     * element above the argument is the temporary. */
    def(r, "Test go:",
        "temps 1 self temp 0 send make: popTemp 1 temp 1 int 1 send setStackp: pop "
        "thisContext temp 1 send privSender: pop nil return");
    def(r, "Test run", "int 1 self thisContext send go: int 2 fill 3 return");
    shows(r, "(1 42 2)");
}

static void even_all_arguments_may_be_popped_before_the_start(void **state) {
    struct rig *r = *state;
    setters(r);
    asm_name(&r->a, "first", asm_method(&r->a, "Test", "first:", "temp 0 int 1 send + return"));
    char source[500];
    int64_t header = smallint_value(tiny_words(&r->a.t, asm_object(&r->a, "first"))[1]);
    sprintf(
        source,
        "temps 1 lit %%Context int 16 send new: popTemp 1 "
        "temp 1 int 1 temp 0 send instVarAt:put: pop "
        "temp 1 int 2 int %d send instVarAt:put: pop temp 1 int 3 int 1 send instVarAt:put: pop "
        "temp 1 int 4 lit @first send instVarAt:put: pop "
        "temp 1 int 6 self send instVarAt:put: pop temp 1 int 1 int 41 send tempAt:put: pop "
        "temp 1 int 0 send setStackp: pop thisContext temp 1 send privSender: pop int 41 return",
        (1 + (int)method_header_literals(header)) * 8 + 1);
    def(r, "Test go:", source);
    def(r, "Test run", "int 1 self thisContext send go: int 2 fill 3 return");
    shows(r, "(1 42 2)");
}

static void a_copied_context_is_resumed_a_second_time(void **state) {
    struct rig *r = *state;
    setters(r);
    def(r, "Context copy", "primitive 148 lit #failed return");
    def(r, "Test mark", "thisContext send sender send copy popVar Copy int 1 return");
    def(r, "Test back:", "thisContext var Copy send privSender: pop temp 0 return");
    /* 1 first, then 2 from the copy, whose stack is that of the moment. */
    def(r, "Test run",
        "temps 1 int 7 self send mark popTemp 0 self temp 0 send note: pop "
        "temp 0 int 1 send = jumpFalse done self int 2 send back: pop done: return");
    answers(r, 7);
    assert_int_equal(smallint_value(rig_global(r, "Log")), 12);
}

static void contexts_survive_collections_and_stay_in_step(void **state) {
    struct rig *r = *state;
    def(r, "Test b:",
        "self send scavenge pop self send collect pop temp 0 int 1 int 8 send tempAt:put: pop "
        "self send scavenge pop thisContext send sender temp 0 send == return");
    def(r, "Test run", "temps 1 int 1 popTemp 0 self thisContext send b: temp 0 fill 2 return");
    shows(r, "(true 8)");
}

static void frames_and_contexts_alternate_without_loss(void **state) {
    struct rig *r = *state;
    /* Every third level asks for its context, every seventh writes its sender. */
    setters(r);
    def(r, "Test down:",
        "temps 2 temp 0 int 10 send * popTemp 1 temp 0 int 0 send = jumpFalse more int 0 return "
        "more: temp 0 int 3 send \\\\ int 0 send = jumpFalse seven thisContext popTemp 2 "
        "seven: temp 0 int 7 send \\\\ int 0 send = jumpFalse go "
        "thisContext thisContext send sender send privSender: pop "
        "go: self temp 0 int 1 send - send down: temp 1 send + return");
    def(r, "Test run", "self int 300 send down: return");
    answers(r, 10 * 300 * 301 / 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG(the_chain_of_senders_names_the_methods_that_run),
        RIG(a_context_shows_receiver_method_and_closure_of_its_frame),
        RIG(pc_and_stack_pointer_are_in_step),
        RIG(temporaries_are_read_and_written_through_the_context),
        RIG(elements_of_the_stack_are_read_and_written_through_the_context),
        RIG(elements_beyond_the_stack_do_not_exist),
        RIG(instVarAt_sees_the_frame),
        RIG(quick_accessors_see_the_frame),
        RIG(a_context_is_dead_when_its_method_has_returned),
        RIG(a_context_is_the_same_object_every_time),
        RIG(a_new_sender_is_returned_to),
        RIG(senders_are_swapped_far_below_the_top),
        RIG(a_pc_written_is_where_the_method_goes_on),
        RIG(a_stack_pointer_written_cuts_the_stack),
        RIG(instVarAt_put_writes_the_frame),
        RIG(terminateTo_cuts_off_what_lies_between),
        RIG(terminateTo_reaches_across_pages),
        RIG(terminateTo_nil_and_contexts_elsewhere_make_them_the_sender),
        RIG(marked_methods_are_found_among_the_senders),
        RIG(a_context_made_by_hand_runs_when_returned_to),
        RIG(arguments_popped_before_the_start_come_back_as_the_value_returned),
        RIG(even_all_arguments_may_be_popped_before_the_start),
        RIG(a_copied_context_is_resumed_a_second_time),
        RIG(contexts_survive_collections_and_stay_in_step),
        RIG(frames_and_contexts_alternate_without_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
