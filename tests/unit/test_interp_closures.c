/* Blocks: V3's embedded in their method, Sista's compiled on their own. */
#include "rig.h"

static void blocks_take_their_arguments(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "block 0 0 0 int 7 blockReturn end send value "
        "block 1 0 0 temp 0 blockReturn end int 1 send value: "
        "block 2 0 0 temp 0 temp 1 fill 2 blockReturn end int 1 int 2 send value:value: "
        "fill 3 return");
    shows(r, "(7 1 (1 2))");
}

static void blocks_take_fifteen_arguments_from_an_array(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "large block 15 0 0 large temp 0 temp 14 send + blockReturn end "
        "int 1 int 2 int 3 int 4 int 5 int 6 int 7 int 8 int 9 int 10 int 11 int 12 int 13 int 14 "
        "int 15 fill 15 send valueWithArguments: return");
    answers(r, 16);
}

static void a_wrong_number_of_arguments_fails_with_the_stack_intact(void **state) {
    struct rig *r = *state;
    static const char *const classes[] = {"BlockClosure", "FullBlockClosure"};
    for (unsigned i = 0; i < 2; i++) {
        char where[60];
        sprintf(where, "%s value", classes[i]);
        def(r, where, i ? "primitive 207 lit #none return" : "primitive 201 lit #none return");
        sprintf(where, "%s value:", classes[i]);
        def(r, where,
            i ? "primitive 207 temp 0 lit #one fill 2 return"
              : "primitive 202 temp 0 lit #one fill 2 return");
        sprintf(where, "%s valueWithArguments:", classes[i]);
        def(r, where, i ? "primitive 208 temp 0 return" : "primitive 206 temp 0 return");
    }
    def(r, "Test run",
        "temps 1 block 1 0 0 int 1 blockReturn end popTemp 0 "
        "temp 0 send value block 0 0 0 int 0 blockReturn end int 5 send value: "
        "temp 0 int 1 int 2 fill 2 send valueWithArguments: "
        "temp 0 lit 'abc' send valueWithArguments: temp 0 int 9 send value: fill 5 return");
    shows(r, "(#none (5 #one) (1 2) 'abc' 1)");
}

static void copied_values_follow_the_arguments(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "temps 3 int 10 popTemp 0 int 20 popTemp 1 "
        "temp 0 temp 1 block 2 2 1 temp 0 temp 1 temp 2 temp 3 temp 4 fill 5 blockReturn end "
        "popTemp 2 int 99 popTemp 0 temp 2 int 1 int 2 send value:value: return");
    shows(r, "(1 2 10 20 nil)");
}

static void nested_blocks_see_every_level(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "temps 1 int 1 popTemp 0 "
        "temp 0 block 1 1 0 temp 1 temp 0 "
        "block 1 2 0 temp 1 temp 2 temp 0 "
        "block 1 3 0 temp 1 temp 2 temp 3 temp 0 self fill 5 blockReturn end "
        "int 4 send value: blockReturn end "
        "int 3 send value: blockReturn end int 2 send value: return");
    shows(r, "(1 2 3 4 aTest)");
}

static void a_variable_that_blocks_write_is_shared_through_an_array(void **state) {
    struct rig *r = *state;
    def(r, "Test counter",
        "temps 1 array 1 popTemp 0 int 0 popRemote 0 0 "
        "temp 0 block 0 1 0 remote 0 0 int 1 send + storeRemote 0 0 blockReturn end "
        "temp 0 block 0 1 0 remote 0 0 blockReturn end fill 2 return");
    def(r, "Test run",
        "temps 1 self send counter popTemp 0 temp 0 int 1 send at: send value pop "
        "temp 0 int 1 send at: send value self send counter int 1 send at: send value "
        "temp 0 int 2 send at: send value fill 3 return");
    shows(r, "(2 1 2)");
}

static void a_block_calls_itself(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "temps 1 array 1 popTemp 0 "
        "temp 0 block 1 1 0 temp 0 int 2 send < jumpFalse more temp 0 blockReturn "
        "more: remote 0 1 temp 0 int 1 send - send value: "
        "remote 0 1 temp 0 int 2 send - send value: send + blockReturn end popRemote 0 0 "
        "remote 0 0 int 12 send value: return");
    answers(r, 144);
}

static void locals_of_a_block_begin_as_nil_every_time(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "temps 1 block 0 0 2 temp 0 int 5 popTemp 0 int 6 popTemp 1 temp 1 fill 2 blockReturn end "
        "popTemp 0 temp 0 send value temp 0 send value fill 2 return");
    shows(r, "((nil 6) (nil 6))");
}

static void a_closure_knows_its_context_code_and_arguments(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "temps 1 block 2 0 0 nil blockReturn end popTemp 0 "
        "temp 0 int 1 send instVarAt: thisContext send == temp 0 int 2 send instVarAt: send class "
        "temp 0 int 3 send instVarAt: fill 3 return");
    shows(r, r->sista ? "(true CompiledBlock 2)" : "(true SmallInteger 2)");
}

static void a_full_closure_may_do_without_its_context(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "temps 1 blockX 1 0 0 64 temp 0 int 1 send + blockReturn end popTemp 0 "
        "temp 0 int 1 send instVarAt: temp 0 int 4 send value: "
        "temp 0 int 4 send instVarAt: fill 3 return");
    shows(r, "(nil 5 aTest)");
}

static void a_full_closure_may_take_its_receiver_from_the_stack(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "int 77 int 1 int 2 blockX 0 2 0 128 self temp 0 temp 1 fill 3 blockReturn end "
        "send value int 78 blockX 0 0 0 192 self blockReturn end send value fill 2 return");
    shows(r, "((77 1 2) 78)");
}

static void a_sista_method_may_embed_a_block(void **state) {
    struct rig *r = *state;
    /* 250: arguments, copied values << 3; the size of the body. */
    def(r, "Test run",
        "int 5 bytes 250,9,4 temp 0 temp 1 send - blockReturn int 7 send value: return");
    answers(r, 2);
}

static void self_in_a_block_is_the_receiver_and_its_variables_are_reached(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "block 1 0 0 temp 0 popIvar 2 ivar 2 self fill 2 blockReturn end int 3 send value: "
        "ivar 2 fill 2 return");
    shows(r, "((3 aTest) 3)");
}

static void a_block_outlives_its_method_and_collections(void **state) {
    struct rig *r = *state;
    def(r,
        "Test make:", "temp 0 block 1 1 0 temp 0 temp 1 send + self fill 2 blockReturn end return");
    def(r, "Test run",
        "temps 1 self int 40 send make: popTemp 0 self send scavenge pop self send collect pop "
        "temp 0 int 2 send value: return");
    shows(r, "(42 aTest)");
}

static void a_block_of_the_other_set_is_valued(void **state) {
    struct rig *r = *state;
    r->a.sista = !r->a.sista;
    def(r, "Test make:", "temp 0 block 1 1 0 temp 0 temp 1 send - blockReturn end return");
    r->a.sista = !r->a.sista;
    def(r, "Test run", "self int 40 send make: int 2 send value: return");
    answers(r, -38);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG(blocks_take_their_arguments),
        RIG(blocks_take_fifteen_arguments_from_an_array),
        RIG(a_wrong_number_of_arguments_fails_with_the_stack_intact),
        RIG(copied_values_follow_the_arguments),
        RIG(nested_blocks_see_every_level),
        RIG(a_variable_that_blocks_write_is_shared_through_an_array),
        RIG(a_block_calls_itself),
        RIG(locals_of_a_block_begin_as_nil_every_time),
        RIG(a_closure_knows_its_context_code_and_arguments),
        RIG_SISTA(a_full_closure_may_do_without_its_context),
        RIG_SISTA(a_full_closure_may_take_its_receiver_from_the_stack),
        RIG_SISTA(a_sista_method_may_embed_a_block),
        RIG(self_in_a_block_is_the_receiver_and_its_variables_are_reached),
        RIG(a_block_outlives_its_method_and_collections),
        RIG(a_block_of_the_other_set_is_valued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
