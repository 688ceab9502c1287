/* become: while the objects are on the stack, in caches, running, or classes. */
#include "rig.h"

static void pairs(struct rig *r) {
    asm_new_class(&r->a, "A", "Object", FORMAT_FIXED, 1);
    asm_new_class(&r->a, "B", "Object", FORMAT_FIXED, 1);
    asm_new(&r->a, "a", "A", 0);
    asm_new(&r->a, "b", "B", 0);
    def(r, "A name", "lit #a return");
    def(r, "B name", "lit #b return");
    def(r, "Object become:",
        "self fill 1 temp 0 fill 1 send elementsExchangeIdentityWith: pop returnSelf");
    def(r, "Object forward:",
        "self fill 1 temp 0 fill 1 send elementsForwardIdentityTo: pop returnSelf");
}

static void references_on_the_stack_change(void **state) {
    struct rig *r = *state;
    pairs(r);
    def(r, "Test run",
        "temps 2 lit @a popTemp 0 lit @b popTemp 1 temp 0 temp 0 temp 1 send become: pop "
        "send name temp 0 send name temp 1 send name temp 0 temp 1 send == fill 4 return");
    shows(r, "(#b #b #a false)");
}

static void references_in_objects_and_variables_change(void **state) {
    struct rig *r = *state;
    pairs(r);
    def(r, "Test run",
        "temps 1 lit @a fill 1 popTemp 0 lit @a popVar G lit @a popIvar 0 "
        "lit @a lit @b send become: pop temp 0 int 1 send at: send name var G send name "
        "ivar 0 send name lit @a send name ivar 0 var G send == fill 5 return");
    shows(r, "(#b #b #b #b true)");
}

static void forwarding_makes_two_references_one(void **state) {
    struct rig *r = *state;
    pairs(r);
    def(r, "Test run",
        "lit @a popVar G lit @b popVar H var G fill 1 popVar I var G var H send forward: pop "
        "var G send name var G var H send == var I int 1 send at: var H send == "
        "var H var I int 1 send at: send ~~ fill 4 return");
    shows(r, "(#b true true false)");
}

static void a_receiver_becomes_another_while_its_method_runs(void **state) {
    struct rig *r = *state;
    pairs(r);
    def(r, "A test",
        "int 1 popIvar 0 self lit @b send become: pop "
        "int 2 popIvar 0 self send name ivar 0 fill 2 return");
    def(r, "Test run", "lit @a send test lit @b int 1 send instVarAt: fill 2 return");
    shows(r, "((#b 2) 1)");
}

static void the_receiver_of_callers_far_below_changes(void **state) {
    struct rig *r = *state;
    pairs(r);
    def(r, "A down:",
        "temp 0 int 0 send = jumpFalse more self lit @b send become: pop int 0 return "
        "more: self temp 0 int 1 send - send down: ivar 0 send + return");
    def(r, "Test run",
        "lit @a int 1 int 1 send instVarAt:put: pop lit @b int 1 int 1000 send instVarAt:put: pop "
        "lit @a int 200 send down: return");
    answers(r, 200000);
}

static void a_send_site_sees_the_new_class_of_its_receiver(void **state) {
    struct rig *r = *state;
    pairs(r);
    def(r, "Test nameOf:", "temp 0 send name return");
    def(r, "Test run",
        "temps 1 lit @a popTemp 0 self temp 0 send nameOf: self temp 0 send nameOf: "
        "temp 0 lit @b send become: pop self temp 0 send nameOf: self lit @b send nameOf: "
        "fill 4 return");
    shows(r, "(#a #a #b #a)");
}

static void the_temporaries_of_a_block_become_others(void **state) {
    struct rig *r = *state;
    pairs(r);
    def(r, "Test run",
        "temps 2 array 1 popTemp 0 lit @a popTemp 1 lit @a popRemote 0 0 "
        "temp 0 temp 1 block 0 2 0 temp 1 lit @b send become: pop "
        "temp 1 send name remote 0 0 send name fill 2 blockReturn end send value "
        "temp 0 lit @a fill 1 send become: pop remote 0 0 send name fill 2 return");
    shows(r, "((#b #b) #b)");
}

static void a_class_that_becomes_another_changes_its_instances(void **state) {
    struct rig *r = *state;
    pairs(r);
    def(r, "Test nameOf:", "temp 0 send name return");
    def(r, "Test run",
        "temps 2 lit @a popTemp 0 lit @b popTemp 1 "
        "self temp 0 send nameOf: self temp 1 send nameOf: "
        "lit %A lit %B send become: pop self temp 0 send nameOf: self temp 1 send nameOf: "
        "temp 0 send class lit %A send == fill 5 return");
    shows(r, "(#a #b #b #a true)");
}

static void a_class_forwarded_to_its_new_version_keeps_its_instances(void **state) {
    struct rig *r = *state;
    pairs(r);
    def(r, "Test nameOf:", "temp 0 send name return");
    def(r, "Test run",
        "temps 1 lit @a popTemp 0 self temp 0 send nameOf: lit %A lit %B send forward: pop "
        "self temp 0 send nameOf: temp 0 send class lit %B send == fill 3 return");
    shows(r, "(#a #b true)");
}

static void a_method_that_becomes_another_runs_as_the_other(void **state) {
    struct rig *r = *state;
    pairs(r);
    asm_name(&r->a, "new", asm_code(&r->a, "A", "name", "lit #new return"));
    asm_name(&r->a, "old", asm_method(&r->a, "A", "name", "lit #old return"));
    asm_name(&r->a, "long",
             asm_code(&r->a, "A", "name", "temps 5 lit #longer popTemp 4 temp 4 return"));
    def(r, "Test name", "lit @a send name return");
    def(r, "Test run",
        "self send name self send name lit @old lit @new send become: pop self send name "
        "lit @old lit @long send become: pop self send name self send collect pop "
        "lit @old lit @new send forward: pop self send name fill 5 return");
    shows(r, "(#old #old #new #longer #old)");
}

static void a_running_method_goes_on_in_the_one_it_became(void **state) {
    struct rig *r = *state;
    pairs(r);
    /* The same but for a literal. */
    asm_name(&r->a, "new", asm_code(&r->a, "A", "name", "self send change pop lit #new return"));
    asm_name(&r->a, "old", asm_method(&r->a, "A", "name", "self send change pop lit #old return"));
    def(r, "A change", "lit @old lit @new send forward: pop returnSelf");
    def(r, "Test run", "lit @a send name self send collect pop lit @a send name fill 2 return");
    shows(r, "(#new #new)");
}

static void a_method_dictionary_that_becomes_another_is_found(void **state) {
    struct rig *r = *state;
    pairs(r);
    def(r, "Object flush", "primitive 89 returnSelf");
    def(r, "Test run",
        "lit @a send name lit %A int 2 send instVarAt: lit %B int 2 send instVarAt: send become: "
        "pop self send flush pop lit @a send name lit @b send name fill 3 return");
    shows(r, "(#a #b #a)");
}

static void a_selector_that_becomes_another_finds_its_methods(void **state) {
    struct rig *r = *state;
    pairs(r);
    def(r, "A first", "int 1 return");
    def(r, "A second", "int 2 return");
    def(r, "Object flush", "primitive 89 returnSelf");
    /* Both exchanged everywhere: every send finds what it found. */
    def(r, "Test run",
        "lit @a send first lit @a send second lit #first lit #second send become: pop "
        "self send flush pop lit @a send first lit @a send second fill 4 return");
    shows(r, "(1 2 1 2)");
}

static void semaphores_and_processes_that_became_others_still_work(void **state) {
    struct rig *r = *state;
    pairs(r);
    tiny_put(&r->a.t, asm_new(&r->a, "s", "Semaphore", 0), 2, smallint(0));
    tiny_put(&r->a.t, asm_new(&r->a, "t", "Semaphore", 0), 2, smallint(5));
    asm_process(&r->a, "p", "p", 50);
    def(r, "Test p",
        "lit @s send wait pop self int 2 send note: pop lit @t send wait pop "
        "self int 3 send note: pop lit @p send suspend pop returnSelf");
    def(r, "Test run",
        "lit @p send resume pop self int 1 send note: pop lit @s lit @t send become: pop "
        "lit @t send signal pop lit @s int 3 send instVarAt: lit @t int 3 send instVarAt: "
        "fill 2 return");
    shows(r, "(5 0)");
    assert_int_equal(smallint_value(rig_global(r, "Log")), 12);
}

static void comparisons_and_primitives_see_through_forwarders(void **state) {
    struct rig *r = *state;
    pairs(r);
    oop array = tiny_new(&r->a.t, CLASS_INDEX_ARRAY, FORMAT_ARRAY, 2);
    asm_name(&r->a, "array", array);
    asm_name(&r->a, "string", asm_bytes(&r->a, "ByteString", "abc", 3));
    def(r, "Test run",
        "lit @array int 1 lit @string send at:put: pop lit @string lit 'wxyz' send forward: pop "
        "lit @array int 1 send at: send size lit @array int 1 send at: int 2 send at: "
        "lit @array int 1 send at: lit @string send == "
        "lit @array int 1 send at: send class fill 4 return");
    shows(r, "(4 120 true ByteString)");
}

static void thousands_become_others_between_collections(void **state) {
    struct rig *r = *state;
    pairs(r);
    unsigned count = r->stress ? 200 : 5000;
    char source[500];
    sprintf(source,
            "temps 3 int 0 popTemp 0 int 0 popTemp 1 lit %%A send new popTemp 2 "
            "again: temp 0 int %u send < jumpFalse done "
            "temp 2 int 1 temp 0 send instVarAt:put: pop "
            "lit %%B send new popVar New var New int 1 temp 0 int 1 send + send instVarAt:put: pop "
            "temp 2 var New send become: pop temp 2 int 1 send instVarAt: temp 1 send + popTemp 1 "
            "temp 0 int 1 send + popTemp 0 jump again done: temp 1 return",
            count);
    def(r, "Test run", source);
    answers(r, (int64_t)count * (count + 1) / 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG(references_on_the_stack_change),
        RIG(references_in_objects_and_variables_change),
        RIG(forwarding_makes_two_references_one),
        RIG(a_receiver_becomes_another_while_its_method_runs),
        RIG(the_receiver_of_callers_far_below_changes),
        RIG(a_send_site_sees_the_new_class_of_its_receiver),
        RIG(the_temporaries_of_a_block_become_others),
        RIG(a_class_that_becomes_another_changes_its_instances),
        RIG(a_class_forwarded_to_its_new_version_keeps_its_instances),
        RIG(a_method_that_becomes_another_runs_as_the_other),
        RIG(a_running_method_goes_on_in_the_one_it_became),
        RIG(a_method_dictionary_that_becomes_another_is_found),
        RIG(a_selector_that_becomes_another_finds_its_methods),
        RIG(semaphores_and_processes_that_became_others_still_work),
        RIG(comparisons_and_primitives_see_through_forwarders),
        RIG(thousands_become_others_between_collections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
