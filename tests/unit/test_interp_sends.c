/* Sends: arguments, inline caches, super, methods without frames, changed methods. */
#include "rig.h"

static void sends_pass_up_to_fifteen_arguments(void **state) {
    struct rig *r = *state;
    char selector[64] = "", where[80], body[300], source[2000], expected[300] = "(";
    size_t n = (size_t)sprintf(source, "large ");
    for (unsigned args = 1; args <= 15; args++) {
        strcat(selector, args == 1 ? "a:" : "b:");
        snprintf(where, sizeof where, "Test %s", selector);
        /* the first and the last, and how many */
        snprintf(body, sizeof body, "large temp 0 int 100 send * temp %u send + return", args - 1);
        def(r, where, body);
        n += (size_t)sprintf(source + n, "self ");
        for (unsigned i = 0; i < args; i++)
            n += (size_t)sprintf(source + n, "int %u ", 10 * args + i);
        n += (size_t)sprintf(source + n, "send %s ", selector);
        sprintf(expected + strlen(expected), args == 1 ? "%u" : " %u",
                10 * args * 100 + 10 * args + args - 1);
    }
    sprintf(source + n, "fill 15 return");
    strcat(expected, ")");
    def(r, "Test run", source);
    shows(r, expected);
}

static void selectors_beyond_the_short_forms_are_sent(void **state) {
    struct rig *r = *state;
    char source[4000], where[40];
    size_t n = (size_t)sprintf(source, "int 0 ");
    for (unsigned i = 0; i < 70; i++) {
        n += (size_t)sprintf(source + n, "self int %u send plus%u: send + ", i, i);
        snprintf(where, sizeof where, "Test plus%u:", i);
        def(r, where, "temp 0 int 1000 send + return");
    }
    sprintf(source + n, "return");
    def(r, "Test run", source);
    answers(r, 70 * 1000 + 69 * 70 / 2);
}

/* Classes C0 to C9, `number` answers 0 to 9. */
static void ten_classes(struct rig *r) {
    char name[16], where[40], source[40];
    for (unsigned i = 0; i < 10; i++) {
        sprintf(name, "C%u", i);
        asm_new_class(&r->a, name, "Object", FORMAT_FIXED, 1);
        asm_new(&r->a, name, name, 0);
        sprintf(where, "C%u number", i);
        sprintf(source, "int %u return", i);
        def(r, where, source);
        sprintf(where, "C%u doubled:", i);
        sprintf(source, "temp 0 int %u send + return", i);
        def(r, where, source);
    }
}

static void a_send_site_follows_its_receivers_from_one_class_to_ten(void **state) {
    struct rig *r = *state;
    ten_classes(r);
    /* 300 sends from one place: first one class, then two in turn, then all. */
    def(r, "Test run",
        "temps 3 "
        "lit @C0 lit @C1 lit @C2 lit @C3 lit @C4 lit @C5 lit @C6 lit @C7 lit @C8 lit @C9 "
        "fill 10 popTemp 0 int 0 popTemp 1 int 0 popTemp 2 "
        "again: temp 1 int 300 send < jumpFalse done "
        "temp 2 temp 0 self temp 1 send place: send at: send number send + popTemp 2 "
        "temp 1 int 1 send + popTemp 1 jump again done: temp 2 return");
    def(r, "Test place:",
        "temp 0 int 100 send < jumpFalse two int 10 return "
        "two: temp 0 int 200 send < jumpFalse all "
        "temp 0 int 2 send \\\\ int 1 send + return "
        "all: temp 0 int 10 send \\\\ int 1 send + return");
    answers(r, 100 * 9 + 50 * 1 + 10 * 45);
}

static void immediates_and_objects_meet_at_one_site(void **state) {
    struct rig *r = *state;
    asm_name(&r->a, "half", smallfloat(0.5));
    def(r, "Object kind", "lit #object return");
    def(r, "SmallInteger kind", "lit #integer return");
    def(r, "Character kind", "lit #character return");
    def(r, "SmallFloat64 kind", "lit #float return");
    def(r, "UndefinedObject kind", "lit #nil return");
    def(r, "Test kindOf:", "temp 0 send kind return");
    def(r, "Test run",
        "self int 1 send kindOf: self char 65 send kindOf: self lit @half send kindOf: "
        "self nil send kindOf: self true send kindOf: self self send kindOf: "
        "self int 7 send kindOf: fill 7 return");
    shows(r, "(#integer #character #float #nil #object #object #integer)");
}

static void family(struct rig *r) {
    asm_new_class(&r->a, "Parent", "Object", FORMAT_FIXED, 0);
    asm_new_class(&r->a, "Child", "Parent", FORMAT_FIXED, 0);
    asm_new_class(&r->a, "Grandchild", "Child", FORMAT_FIXED, 0);
    def(r, "Parent name", "lit #parent return");
    def(r, "Child name", "lit #child return");
    def(r, "Grandchild name", "lit #grandchild return");
    def(r, "Parent add:to:", "temp 0 temp 1 send + return");
    def(r, "Child add:to:", "int 1000 return");
}

static void super_begins_above_the_class_of_the_method(void **state) {
    struct rig *r = *state;
    family(r);
    def(r, "Child superName", "self super name return");
    def(r, "Child superAdd", "self int 3 int 4 super add:to: return");
    def(r, "Grandchild superName", "self super superName return");
    def(r, "Test run",
        "lit %Grandchild send new send superName lit %Child send new send superName "
        "lit %Grandchild send new send superName lit %Child send new send superAdd fill 4 return");
    shows(r, "(#parent #parent #parent 7)");
}

static void super_in_a_block_begins_above_the_class_of_its_method(void **state) {
    struct rig *r = *state;
    family(r);
    def(r, "Child superName",
        "block 0 0 0 block 0 0 0 self super name blockReturn end send value blockReturn end "
        "send value return");
    def(r, "Test run",
        "lit %Grandchild send new send superName lit %Child send new send superName fill 2 return");
    shows(r, "(#parent #parent)");
}

static void super_takes_many_arguments_and_far_literals(void **state) {
    struct rig *r = *state;
    family(r);
    def(r, "Parent a:b:c:d:e:f:g:h:i:",
        "large temp 0 temp 1 temp 2 temp 3 temp 4 temp 5 temp 6 temp 7 temp 8 fill 9 return");
    char source[2000];
    size_t n = (size_t)sprintf(source, "large ");
    for (unsigned i = 0; i < 60; i++)
        n += (size_t)sprintf(source + n, "lit %u pop ", 5000 + i);
    sprintf(source + n, "self int 1 int 2 int 3 int 4 int 5 int 6 int 7 int 8 int 9 "
                        "super a:b:c:d:e:f:g:h:i: return");
    def(r, "Child test", source);
    def(r, "Test run", "lit %Grandchild send new send test return");
    shows(r, "(1 2 3 4 5 6 7 8 9)");
}

static void directed_super_begins_above_the_class_on_the_stack(void **state) {
    struct rig *r = *state;
    family(r);
    def(r, "Grandchild up1", "self lit %Grandchild directedSuper name return");
    def(r, "Grandchild up2", "self lit %Child directedSuper name return");
    def(r, "Grandchild sum", "self int 3 int 4 lit %Child directedSuper add:to: return");
    def(r, "Test run",
        "lit %Grandchild send new popVar G var G send up1 var G send up2 var G send up1 "
        "var G send sum fill 4 return");
    shows(r, "(#child #parent #child 7)");
}

static void quick_methods_answer_without_a_frame(void **state) {
    struct rig *r = *state;
    def(r, "Test yourself", "primitive 256 returnSelf");
    def(r, "Test yes", "primitive 257 returnTrue");
    def(r, "Test no", "primitive 258 returnFalse");
    def(r, "Test nothing", "primitive 259 returnNil");
    def(r, "Test minusOne", "primitive 260 int -1 return");
    def(r, "Test zero", "primitive 261 int 0 return");
    def(r, "Test one", "primitive 262 int 1 return");
    def(r, "Test two", "primitive 263 int 2 return");
    def(r, "Test first", "primitive 264 ivar 0 return");
    def(r, "Test fourth", "primitive 267 ivar 3 return");
    def(r, "Test two:with:", "primitive 263 int 2 return");
    def(r, "Test fourth:", "primitive 267 ivar 3 return");
    def(r, "Test run",
        "large int 10 popIvar 0 int 40 popIvar 3 self send yourself self send yes self send no "
        "self send nothing self send minusOne self send zero self send one self send two "
        "self send first self send fourth self int 5 int 6 send two:with: "
        "self int 5 send fourth: fill 12 return");
    shows(r, "(aTest true false nil -1 0 1 2 10 40 2 40)");
}

static void recursion_computes_fibonacci_numbers(void **state) {
    struct rig *r = *state;
    def(r, "SmallInteger fib",
        "self int 2 send < jumpFalse more int 1 return "
        "more: self int 1 send - send fib self int 2 send - send fib send + return");
    def(r, "Test run", "int 15 send fib return");
    answers(r, 987);
}

/* Overwrite all methods of a class's dictionary (it has one): slot 2 of a class is
 * its dictionary, whose second slot is the array of methods. */
static void replaceable(struct rig *r, unsigned flush_primitive) {
    char source[100];
    asm_new_class(&r->a, "Changing", "Object", FORMAT_FIXED, 0);
    def(r, "Changing number", "int 1 return");
    asm_name(&r->a, "better", asm_code(&r->a, "Changing", "number", "int 2 return"));
    sprintf(source, "primitive %u self int 240 send quit: returnSelf", flush_primitive);
    def(r, "Object flush", source);
    def(r, "Test replace",
        "temps 2 lit %Changing int 2 send instVarAt: int 2 send instVarAt: popTemp 0 "
        "int 1 popTemp 1 next: temp 1 int 4 send <= jumpFalse done "
        "temp 0 temp 1 lit @better send at:put: pop temp 1 int 1 send + popTemp 1 jump next "
        "done: returnSelf");
    def(r, "Test ask:", "temp 0 send number return");
}

static void a_changed_method_is_found_after_all_caches_are_flushed(void **state) {
    struct rig *r = *state;
    replaceable(r, 89);
    def(r, "Test run",
        "temps 1 lit %Changing send new popTemp 0 self temp 0 send ask: "
        "self temp 0 send ask: self send replace pop self send flush pop "
        "self temp 0 send ask: fill 3 return");
    shows(r, "(1 1 2)");
}

static void a_changed_method_is_found_after_its_selector_is_flushed(void **state) {
    struct rig *r = *state;
    replaceable(r, 119);
    def(r, "Test run",
        "temps 1 lit %Changing send new popTemp 0 self temp 0 send ask: "
        "self temp 0 send ask: self send replace pop lit #number send flush pop "
        "self temp 0 send ask: fill 3 return");
    shows(r, "(1 1 2)");
}

static void a_changed_method_is_found_after_the_old_one_is_flushed(void **state) {
    struct rig *r = *state;
    replaceable(r, 116);
    oop old = asm_code(&r->a, "Changing", "number", "int 1 return");
    asm_install(&r->a, "Changing", "number", old);
    asm_name(&r->a, "old", old);
    def(r, "Test run",
        "temps 1 lit %Changing send new popTemp 0 self temp 0 send ask: "
        "self temp 0 send ask: self send replace pop lit @old send flush pop "
        "self temp 0 send ask: fill 3 return");
    shows(r, "(1 1 2)");
}

static void an_exit_status_leaves_the_machine(void **state) {
    struct rig *r = *state;
    def(r, "Test run", "self int 17 send quit: return");
    exits(r, 17);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG(sends_pass_up_to_fifteen_arguments),
        RIG(selectors_beyond_the_short_forms_are_sent),
        RIG(a_send_site_follows_its_receivers_from_one_class_to_ten),
        RIG(immediates_and_objects_meet_at_one_site),
        RIG(super_begins_above_the_class_of_the_method),
        RIG(super_in_a_block_begins_above_the_class_of_its_method),
        RIG(super_takes_many_arguments_and_far_literals),
        RIG_SISTA(directed_super_begins_above_the_class_on_the_stack),
        RIG(quick_methods_answer_without_a_frame),
        RIG(recursion_computes_fibonacci_numbers),
        RIG(a_changed_method_is_found_after_all_caches_are_flushed),
        RIG(a_changed_method_is_found_after_its_selector_is_flushed),
        RIG(a_changed_method_is_found_after_the_old_one_is_flushed),
        RIG(an_exit_status_leaves_the_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
