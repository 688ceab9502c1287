/* Performing selectors and methods found at run time; what failing primitives tell. */
#include "rig.h"

static void performers(struct rig *r) {
    static const char *const list[][2] = {
        {"Object perform:", "temps 1 primitive 83 errorTemp 1 temp 1 return"},
        {"Object perform:with:", "temps 1 primitive 83 errorTemp 2 temp 2 return"},
        {"Object perform:with:with:", "temps 1 primitive 83 errorTemp 3 temp 3 return"},
        {"Object perform:withArguments:", "temps 1 primitive 84 errorTemp 2 temp 2 return"},
        {"Object perform:withArguments:inSuperclass:",
         "temps 1 primitive 100 errorTemp 3 temp 3 return"},
        {"Object withArgs:executeMethod:", "temps 1 primitive 188 errorTemp 2 temp 2 return"},
        {"Object executeMethod:", "temps 1 primitive 189 errorTemp 1 temp 1 return"},
        {"Object with:executeMethod:", "temps 1 primitive 189 errorTemp 2 temp 2 return"},
        {"Object with:with:executeMethod:", "temps 1 primitive 189 errorTemp 3 temp 3 return"},
        {"Object object:perform:withArguments:inClass:",
         "temps 1 primitive 100 errorTemp 4 temp 4 return"},
        {"Object receiver:withArguments:executeMethod:",
         "temps 1 primitive 188 errorTemp 3 temp 3 return"},
    };
    for (unsigned i = 0; i < sizeof list / sizeof list[0]; i++)
        def(r, list[i][0], list[i][1]);
    asm_new_class(&r->a, "Parent", "Object", FORMAT_FIXED, 0);
    asm_new_class(&r->a, "Child", "Parent", FORMAT_FIXED, 0);
    asm_new(&r->a, "child", "Child", 0);
    def(r, "Parent name", "lit #parent return");
    def(r, "Child name", "lit #child return");
    def(r, "Child with:", "self temp 0 fill 2 return");
    def(r, "Child with:with:", "self temp 0 temp 1 fill 3 return");
    def(r, "Child doesNotUnderstand:",
        "temp 0 int 1 send instVarAt: temp 0 int 2 send instVarAt: fill 2 return");
}

static void perform_passes_its_arguments_on(void **state) {
    struct rig *r = *state;
    performers(r);
    def(r, "Test run",
        "lit @child lit #name send perform: lit @child lit #with: int 1 send perform:with: "
        "lit @child lit #with:with: int 1 int 2 send perform:with:with: fill 3 return");
    shows(r, "(#child (aChild 1) (aChild 1 2))");
}

static void perform_of_the_unknown_is_not_understood(void **state) {
    struct rig *r = *state;
    performers(r);
    def(r, "Test run",
        "lit @child lit #foo send perform: lit @child lit #foo: int 1 send perform:with: "
        "lit @child lit #bar:with: int 1 int 2 fill 2 send perform:withArguments: fill 3 return");
    shows(r, "((#foo ()) (#foo: (1)) (#bar:with: (1 2)))");
}

static void perform_with_the_wrong_number_of_arguments_fails(void **state) {
    struct rig *r = *state;
    performers(r);
    def(r, "Test run",
        "lit @child lit #with: send perform: lit @child lit #name int 1 send perform:with: "
        "lit @child lit #with:with: int 1 fill 1 send perform:withArguments: fill 3 return");
    shows(r, "(#bad number of arguments #bad number of arguments #bad number of arguments)");
}

static void perform_takes_arguments_from_an_array(void **state) {
    struct rig *r = *state;
    performers(r);
    def(r, "Test run",
        "lit @child lit #name array 0 send perform:withArguments: "
        "lit @child lit #with:with: int 1 int 2 fill 2 send perform:withArguments: "
        "lit @child lit #name int 3 send perform:withArguments: fill 3 return");
    shows(r, "(#child (aChild 1 2) #bad argument)");
}

static void perform_begins_in_a_superclass(void **state) {
    struct rig *r = *state;
    performers(r);
    def(r, "Test run",
        "lit @child lit #name array 0 lit %Parent send perform:withArguments:inSuperclass: "
        "lit @child lit #name array 0 lit %Child send perform:withArguments:inSuperclass: "
        "lit @child lit #name array 0 lit %Array send perform:withArguments:inSuperclass: "
        "self lit @child lit #name array 0 lit %Parent "
        "send object:perform:withArguments:inClass: fill 4 return");
    shows(r, "(#parent #child #bad argument #parent)");
}

static void methods_are_executed_without_being_installed(void **state) {
    struct rig *r = *state;
    performers(r);
    asm_name(&r->a, "none", asm_code(&r->a, "Child", "none", "self int 5 fill 2 return"));
    asm_name(&r->a, "two",
             asm_code(&r->a, "Child", "two:with:", "self temp 0 temp 1 fill 3 return"));
    asm_name(&r->a, "quick", asm_code(&r->a, "Child", "quick", "primitive 263 int 2 return"));
    def(r, "Test run",
        "lit @child lit @none send executeMethod: "
        "lit @child int 1 int 2 lit @two send with:with:executeMethod: "
        "lit @child int 1 int 2 fill 2 lit @two send withArgs:executeMethod: "
        "lit @child lit @quick send executeMethod: "
        "self lit @child int 1 int 2 fill 2 lit @two send receiver:withArguments:executeMethod: "
        "fill 5 return");
    shows(r, "((aChild 5) (aChild 1 2) (aChild 1 2) 2 (aChild 1 2))");
}

static void methods_of_other_arity_and_other_objects_are_not_executed(void **state) {
    struct rig *r = *state;
    performers(r);
    asm_name(&r->a, "two",
             asm_code(&r->a, "Child", "two:with:", "self temp 0 temp 1 fill 3 return"));
    def(r, "Test run",
        "lit @child int 1 lit @two send with:executeMethod: "
        "lit @child array 0 lit @two send withArgs:executeMethod: "
        "lit @child lit 'abc' send executeMethod: fill 3 return");
    shows(r, "(#bad number of arguments #bad number of arguments #bad argument)");
}

static void the_performed_runs_in_place_of_the_performer(void **state) {
    struct rig *r = *state;
    performers(r);
    def(r, "Child who", "thisContext send sender send method var Run send == return");
    def(r, "Test run",
        "thisContext send method popVar Run lit @child lit #who send perform: "
        "lit @child lit #who array 0 send perform:withArguments: fill 2 return");
    shows(r, "(true true)");
}

static void a_failing_primitive_stores_its_code(void **state) {
    struct rig *r = *state;
    /* The codes of the table are symbols, others integers; with temporaries around it. */
    def(r, "Test fail:", "temps 3 primitive 60 errorTemp 2 temp 1 temp 2 temp 3 fill 3 return");
    def(r, "Array at:", "temps 3 primitive 60 errorTemp 2 temp 1 temp 2 temp 3 fill 3 return");
    def(r, "Object missing", "temps 1 primitive 3999 errorTemp 0 temp 0 return");
    def(r, "Test run",
        "self int 1 send fail: array 2 int 9 send at: array 2 nil send at: self send missing "
        "fill 4 return");
    /* The code passes through the top of the stack, where the last temporary is. A numbered
     * primitive that does not exist has no code. */
    shows(r, "((nil #bad receiver #bad receiver) (nil #bad index #bad index) "
             "(nil #bad argument #bad argument) nil)");
}

static void only_a_store_at_the_beginning_is_for_the_code(void **state) {
    struct rig *r = *state;
    /* No store: the first temporary stays nil and the stack is right. */
    def(r, "Array at:", "temps 1 primitive 60 temp 1 temp 0 fill 2 return");
    def(r, "Array at:put:", "temps 1 primitive 61 int 5 popTemp 2 temp 2 return");
    def(r, "Test run", "array 2 int 9 send at: array 2 int 9 int 9 send at:put: fill 2 return");
    shows(r, "((nil 9) 5)");
}

static void a_named_primitive_that_is_missing_says_so(void **state) {
    struct rig *r = *state;
    oop spec = tiny_new(&r->a.t, CLASS_INDEX_ARRAY, FORMAT_ARRAY, 4);
    tiny_put(&r->a.t, spec, 0, asm_symbol(&r->a, "NoPlugin"));
    tiny_put(&r->a.t, spec, 1, asm_symbol(&r->a, "primitiveNothing"));
    tiny_put(&r->a.t, spec, 2, smallint(0));
    tiny_put(&r->a.t, spec, 3, smallint(0));
    asm_name(&r->a, "spec", spec);
    /* The description is the first literal. */
    def(r, "Test named", "temps 1 primitive 117 errorTemp 0 temp 0 return lit @spec returnSelf");
    def(r, "Test run", "self send named self send named fill 2 return");
    shows(r, "(11 11)");
}

static void a_primitive_fails_with_its_arguments_intact(void **state) {
    struct rig *r = *state;
    def(r, "Object at:put:", "primitive 61 self temp 0 temp 1 fill 3 return");
    def(r, "Object replaceFrom:to:with:startingAt:",
        "primitive 105 self temp 0 temp 1 temp 2 temp 3 fill 5 return");
    def(r, "Test run",
        "self int 1 int 2 send at:put: "
        "self int 1 int 2 lit 'abc' int 4 send replaceFrom:to:with:startingAt: fill 2 return");
    shows(r, "((aTest 1 2) (aTest 1 2 'abc' 4))");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG(perform_passes_its_arguments_on),
        RIG(perform_of_the_unknown_is_not_understood),
        RIG(perform_with_the_wrong_number_of_arguments_fails),
        RIG(perform_takes_arguments_from_an_array),
        RIG(perform_begins_in_a_superclass),
        RIG(methods_are_executed_without_being_installed),
        RIG(methods_of_other_arity_and_other_objects_are_not_executed),
        RIG(the_performed_runs_in_place_of_the_performer),
        RIG(a_failing_primitive_stores_its_code),
        RIG(only_a_store_at_the_beginning_is_for_the_code),
        RIG(a_named_primitive_that_is_missing_says_so),
        RIG(a_primitive_fails_with_its_arguments_intact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
