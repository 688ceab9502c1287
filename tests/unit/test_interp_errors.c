/* Where the image is asked: messages not understood, objects that cannot run,
 * unused bytecodes, stores into read-only objects. */
#include "rig.h"

/* Catcher answers (selector arguments receiver lookupClass) for what it does not understand. */
static void catcher(struct rig *r) {
    asm_new_class(&r->a, "Catcher", "Object", FORMAT_FIXED, 0);
    asm_new(&r->a, "catcher", "Catcher", 0);
    def(r, "Catcher doesNotUnderstand:",
        "temp 0 int 1 send instVarAt: temp 0 int 2 send instVarAt: self "
        "temp 0 int 3 send instVarAt: fill 4 return");
}

static void a_message_not_understood_arrives_with_selector_arguments_and_class(void **state) {
    struct rig *r = *state;
    catcher(r);
    def(r, "Test run",
        "lit @catcher send foo lit @catcher int 1 send bar: "
        "lit @catcher int 1 int 2 int 3 send a:b:c: lit @catcher int 7 send + fill 4 return");
    shows(r, "((#foo () aCatcher Catcher) (#bar: (1) aCatcher Catcher) "
             "(#a:b:c: (1 2 3) aCatcher Catcher) (#+ (7) aCatcher Catcher))");
}

static void super_not_understood_arrives_with_the_class_above(void **state) {
    struct rig *r = *state;
    catcher(r);
    def(r, "Catcher foo", "self super foo return");
    def(r, "Catcher bar:", "self temp 0 super bar: return");
    def(r, "Object doesNotUnderstand:",
        "temp 0 int 1 send instVarAt: temp 0 int 2 send instVarAt: temp 0 int 3 send instVarAt: "
        "fill 3 return");
    def(r, "Test run",
        "lit @catcher send foo lit @catcher send foo lit @catcher int 5 send bar: "
        "lit @catcher int 6 send bar: fill 4 return");
    shows(r, "((#foo () Object) (#foo () Object) (#bar: (5) Object) (#bar: (6) Object))");
}

static void one_site_understands_one_class_and_not_the_other(void **state) {
    struct rig *r = *state;
    catcher(r);
    def(r, "Test ask:", "temp 0 send foo return");
    def(r, "Test foo", "lit #understood return");
    def(r, "Test run",
        "self self send ask: self lit @catcher send ask: self self send ask: "
        "self lit @catcher send ask: fill 4 return");
    shows(r, "(#understood (#foo () aCatcher Catcher) #understood (#foo () aCatcher Catcher))");
}

static void doesNotUnderstand_not_understood_ends_the_run_with_a_reason(void **state) {
    struct rig *r = *state;
    asm_new_class(&r->a, "Lonely", "Object", FORMAT_FIXED, 0);
    tiny_put(&r->a.t, asm_class(&r->a, "Lonely"), CLASS_SUPERCLASS, r->a.t.nil);
    asm_new(&r->a, "lonely", "Lonely", 0);
    def(r, "Test run", "lit @lonely send foo return");
    assert_int_equal(rig_run(r), VM_CRASHED);
    assert_non_null(strstr(vm_error(r->vm), "doesNotUnderstand"));
    int status;
    assert_int_equal(vm_run(r->vm, PLATFORM_NEVER, &status), VM_CRASHED);
}

static void a_class_without_a_dictionary_asks_its_superclass_cannotInterpret(void **state) {
    struct rig *r = *state;
    asm_new_class(&r->a, "Proxy", "Object", FORMAT_FIXED, 1);
    asm_new_class(&r->a, "Subproxy", "Proxy", FORMAT_FIXED, 1);
    asm_new(&r->a, "proxy", "Proxy", 0);
    asm_new(&r->a, "subproxy", "Subproxy", 0);
    def(r, "Object cannotInterpret:",
        "temp 0 int 1 send instVarAt: temp 0 int 2 send instVarAt: fill 2 return");
    def(r, "Subproxy known", "lit #known return");
    def(r, "Proxy none", "int 1 return");
    def(r, "Test dropDictionary", "lit %Proxy int 2 nil send instVarAt:put: return");
    def(r, "Test run",
        "self send dropDictionary pop lit @proxy send size lit @proxy int 3 send foo: "
        "lit @subproxy send known lit @subproxy send other fill 4 return");
    shows(r, "((#size ()) (#foo: (3)) #known (#other ()))");
}

static void an_object_in_a_dictionary_is_asked_to_run(void **state) {
    struct rig *r = *state;
    asm_new_class(&r->a, "Runner", "Object", FORMAT_FIXED, 0);
    def(r, "Runner run:with:in:", "self temp 0 temp 1 temp 2 fill 4 return");
    asm_install(&r->a, "Test", "foo", asm_new(&r->a, NULL, "Runner", 0));
    asm_install(&r->a, "Test", "with:with:", asm_new(&r->a, NULL, "Runner", 0));
    def(r, "Test run",
        "self send foo self send foo self int 1 int 2 send with:with: fill 3 return");
    shows(r, "((aRunner #foo () aTest) (aRunner #foo () aTest) (aRunner #with:with: (1 2) aTest))");
}

static void an_unused_bytecode_is_told_to_the_context_whose_pc_is_at_it(void **state) {
    struct rig *r = *state;
    def(r, "CompiledMethod at:", "primitive 60 int -1 return");
    def(r, "Context unusedBytecode",
        "temps 1 self send method self send pc send at: popTemp 0 "
        "thisContext self send sender send terminateTo: pop temp 0 return");
    def2(r, "Test a", "int 9 bytes 126 return", "int 9 bytes 84 return");
    def2(r, "Test b", "int 9 bytes 127 return", "int 9 bytes 254,0,0 return");
    def(r, "Test run", "self send a self send b fill 2 return");
    shows(r, r->sista ? "(84 254)" : "(126 127)");
}

static void read_only(struct rig *r) {
    asm_new_class(&r->a, "Fixed", "Object", FORMAT_FIXED, 70);
    asm_immutable(&r->a, asm_new(&r->a, "fixed", "Fixed", 0));
    def(r,
        "Object attemptToAssign:withIndex:", "self temp 0 temp 1 fill 3 popVar Attempt nil return");
}

static void a_store_into_a_read_only_object_is_asked_for_and_does_not_happen(void **state) {
    struct rig *r = *state;
    static const char *const stores[] = {"popIvar 0",       "storeIvar 0 pop",  "popIvar 8",
                                         "popIvar 65",      "storeIvar 65 pop", "popIvarX 1",
                                         "storeIvarX 2 pop"};
    char where[40], source[2000];
    size_t n = 0;
    read_only(r);
    for (unsigned i = 0; i < 7; i++) {
        snprintf(where, sizeof where, "Fixed store%u", i);
        /* The answer of attemptToAssign: is on the stack behind the store. */
        char body[100];
        snprintf(body, sizeof body, "int 5 int %u %s ivar 0 ivar 65 fill 2 return", i + 1,
                 stores[i]);
        def(r, where, body);
        n += (size_t)sprintf(source + n, "lit @fixed send store%u pop var Attempt ", i);
    }
    sprintf(source + n, "fill 7 return");
    def(r, "Test run", source);
    shows(r, "((aFixed 1 1) (aFixed 2 1) (aFixed 3 9) (aFixed 4 66) (aFixed 5 66) (aFixed 6 2) "
             "(aFixed 7 3))");
    oop fixed = rig_object(r, "fixed");
    for (unsigned i = 0; i < 70; i++)
        assert_true(fetch_slot(fixed, i) == r->vm->heap.nil);
}

static void a_store_into_a_read_only_variable_is_asked_for(void **state) {
    struct rig *r = *state;
    read_only(r);
    asm_name(&r->a, "binding", asm_global(&r->a, "Constant"));
    tiny_put(&r->a.t, asm_object(&r->a, "binding"), 1, smallint(99));
    asm_immutable(&r->a, asm_object(&r->a, "binding"));
    def(r, "Test run",
        "self send pop pop var Attempt self send store pop var Attempt var Constant fill 3 return");
    def(r, "Test pop", "int 7 popVar Constant returnSelf");
    def(r, "Test store", "int 8 storeVar Constant return");
    shows(r, "((aAssociation 7 2) (aAssociation 8 2) 99)");
}

static void primitive_stores_into_read_only_objects_fail(void **state) {
    struct rig *r = *state;
    oop array = tiny_new(&r->a.t, CLASS_INDEX_ARRAY, FORMAT_ARRAY, 2);
    asm_immutable(&r->a, array);
    asm_name(&r->a, "array", array);
    def(r, "Object at:put:", "primitive 61 lit #failed return");
    def(r, "Object instVarAt:put:", "primitive 74 lit #failed return");
    def(r, "Test run",
        "lit @array int 1 int 5 send at:put: lit @array int 1 send at: "
        "lit @array int 1 int 5 send instVarAt:put: fill 3 return");
    shows(r, "(#failed nil #failed)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG(a_message_not_understood_arrives_with_selector_arguments_and_class),
        RIG(super_not_understood_arrives_with_the_class_above),
        RIG(one_site_understands_one_class_and_not_the_other),
        RIG(doesNotUnderstand_not_understood_ends_the_run_with_a_reason),
        RIG(a_class_without_a_dictionary_asks_its_superclass_cannotInterpret),
        RIG(an_object_in_a_dictionary_is_asked_to_run),
        RIG(an_unused_bytecode_is_told_to_the_context_whose_pc_is_at_it),
        RIG(a_store_into_a_read_only_object_is_asked_for_and_does_not_happen),
        RIG(a_store_into_a_read_only_variable_is_asked_for),
        RIG(primitive_stores_into_read_only_objects_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
