/* Every form of push, store and pop, in both bytecode sets. */
#include "rig.h"

static void constants_are_pushed(void **state) {
    struct rig *r = *state;
    def(r, "Test run", "self true false nil fill 4 return");
    shows(r, "(aTest true false nil)");
}

static void integers_of_every_size_are_pushed(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "int -1 int 0 int 1 int 2 int -2 int 127 int 128 int -128 int -129 int 255 int 256 "
        "int 32767 int -32768 int 1000000 fill 14 return");
    shows(r, "(-1 0 1 2 -2 127 128 -128 -129 255 256 32767 -32768 1000000)");
}

static void characters_of_every_size_are_pushed(void **state) {
    struct rig *r = *state;
    def(r, "Test run", "char 65 char 127 char 200 char 955 fill 4 return");
    shows(r, "($A $<127> $<200> $<955>)");
}

static void instance_variables_near_and_far_are_stored_and_pushed(void **state) {
    struct rig *r = *state;
    static const unsigned at[] = {0, 1, 6, 7, 8, 14, 15, 16, 31, 62, 63, 64, 79};
    char store[1000] = "", push[1000] = "", expected[200] = "(";
    asm_new_class(&r->a, "Wide", "Object", FORMAT_FIXED, 80);
    size_t n = 0, m = 0, e = 1;
    for (unsigned i = 0; i < sizeof at / sizeof at[0]; i++) {
        n += (size_t)sprintf(store + n, "int %u %s %u ", 100 + i, i % 2 ? "popIvar" : "storeIvar",
                             at[i]);
        if (i % 2 == 0)
            n += (size_t)sprintf(store + n, "pop ");
        m += (size_t)sprintf(push + m, "ivar %u ", at[i]);
        e += (size_t)sprintf(expected + e, i ? " %u" : "%u", 100 + i);
    }
    /* The other way of storing each, with the value it has. */
    for (unsigned i = 0; i < sizeof at / sizeof at[0]; i++)
        n += (size_t)sprintf(store + n, i % 2 ? "ivar %u storeIvar %u pop " : "ivar %u popIvar %u ",
                             at[i], at[i]);
    sprintf(store + n, "returnSelf");
    sprintf(push + m, "fill %u return", (unsigned)(sizeof at / sizeof at[0]));
    sprintf(expected + e, ")");
    def(r, "Wide fillYourself", store);
    def(r, "Wide contents", push);
    def(r, "Test run", "lit %Wide send new send fillYourself send contents return");
    shows(r, expected);
}

static void long_forms_reach_near_instance_variables(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "int 5 popIvarX 0 int 6 storeIvarX 3 pop ivarX 0 ivarX 3 ivar 0 ivar 3 fill 4 return");
    shows(r, "(5 6 5 6)");
}

static void extended_bytecodes_reach_near_variables(void **state) {
    struct rig *r = *state;
    asm_global(&r->a, "G");
    /* Literals: 0 the selector, 1 the global. */
    def2(r, "Test run",
         "temps 1 self send five popTemp 0 var G pop bytes 128,0x40,130,0x00,128,0x40,130,0xc1 "
         "bytes 128,0x00,128,0xc1,128,0x80,132,0x60,0,132,0x80,1 fill 5 return",
         "temps 1 self send five popTemp 0 var G pop bytes 229,0,240,0,229,0,241,1 "
         "bytes 226,0,227,1,228,0,228,0,227,1 fill 5 return");
    def(r, "Test five", "int 5 return");
    shows(r, "(5 5 #five #five 5)");
}

static void forty_temporaries_hold_their_values(void **state) {
    struct rig *r = *state;
    char source[2000];
    size_t n = (size_t)sprintf(source, "temps 40 large ");
    for (unsigned i = 0; i < 40; i++)
        n += (size_t)sprintf(source + n, i % 2 ? "int %u popTemp %u " : "int %u storeTemp %u pop ",
                             i + 200, i);
    for (unsigned i = 0; i < 12; i++)
        n += (size_t)sprintf(source + n, "temp %u ", i < 4 ? i : i * 4 - 5);
    sprintf(source + n, "fill 12 return");
    def(r, "Test run", source);
    shows(r, "(200 201 202 203 211 215 219 223 227 231 235 239)");
}

static void temporaries_begin_as_nil(void **state) {
    struct rig *r = *state;
    def(r, "Test run", "temps 3 temp 0 temp 1 temp 2 fill 3 return");
    shows(r, "(nil nil nil)");
}

static void arguments_are_temporaries_that_can_be_stored(void **state) {
    struct rig *r = *state;
    def(r, "Test with:with:",
        "temps 1 temp 0 popTemp 2 temp 1 popTemp 0 temp 2 popTemp 1 "
        "temp 0 temp 1 temp 2 fill 3 return");
    def(r, "Test run", "self int 1 int 2 send with:with: return");
    shows(r, "(2 1 1)");
}

static void literals_near_and_far_are_pushed(void **state) {
    struct rig *r = *state;
    unsigned count = r->sista ? 300 : 250;
    char *source = malloc(20000);
    size_t n = (size_t)sprintf(source, "int 0 ");
    int64_t sum = 0;
    for (unsigned i = 0; i < count; i++) {
        sum += 70000 + i * 3;
        n += (size_t)sprintf(source + n, "lit %u send + ", 70000 + i * 3);
    }
    sprintf(source + n, "return");
    def(r, "Test run", source);
    free(source);
    answers(r, sum);
}

static void variables_near_and_far_are_stored_and_pushed(void **state) {
    struct rig *r = *state;
    char source[4000];
    size_t n = 0;
    for (unsigned i = 0; i < 80; i++)
        n += (size_t)sprintf(source + n, i % 2 ? "int %u popVar G%u " : "int %u storeVar G%u pop ",
                             i % 2 ? 1u : 2u, i);
    for (unsigned i = 0; i < 12; i++)
        n += (size_t)sprintf(source + n, "var G%u ", i * 7);
    sprintf(source + n, "fill 12 return");
    def(r, "Test run", source);
    shows(r, "(2 1 2 1 2 1 2 1 2 1 2 1)");
    char name[8];
    for (unsigned i = 0; i < 80; i++) {
        sprintf(name, "G%u", i);
        assert_int_equal(smallint_value(rig_global(r, name)), i % 2 ? 1 : 2);
    }
}

static void remote_temporaries_live_in_an_array(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "large temps 15 array 120 popTemp 14 int 1 popRemote 0 14 int 2 storeRemote 119 14 "
        "remote 0 14 remote 119 14 remote 60 14 fill 4 return");
    shows(r, "(2 1 2 nil)");
}

static void arrays_are_made_empty_or_from_the_stack(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "large array 0 array 3 fill 0 int 1 int 2 fill 2 array 127 send size fill 5 return");
    shows(r, "(() (nil nil nil) () (1 2) 127)");
}

static void the_top_of_the_stack_is_duplicated_and_dropped(void **state) {
    struct rig *r = *state;
    def(r, "Test run", "int 1 dup int 2 dup pop fill 3 return");
    shows(r, "(1 1 2)");
}

static void the_active_context_and_process_are_pushed(void **state) {
    struct rig *r = *state;
    def2(r, "Test run", "thisContext thisContext thisContext send == fill 2 return",
         "thisContext bytes 225,1,82 bytes 225,1,82 lit @main send == fill 3 return");
    shows(r, r->sista ? "(aContext aProcess true)" : "(aContext true)");
}

static void prefixes_add_up_and_end_with_their_bytecode(void **state) {
    struct rig *r = *state;
    /* Two of kind b, a negative one, and a push after each that has none. */
    def(r, "Test run",
        "bytes 225,1,225,0,232,5 bytes 232,6 bytes 225,255,232,7 bytes 95 bytes 232,8 "
        "bytes 225,128,225,0,232,0 fill 5 return");
    shows(r, "(65541 6 -249 8 -8388608)");
}

static void one_method_mixes_both_sets_with_another(void **state) {
    struct rig *r = *state;
    r->a.sista = !r->a.sista;
    def(r, "Test other:", "temp 0 int 3 send * return");
    r->a.sista = !r->a.sista;
    def(r, "Test run", "self int 14 send other: return");
    answers(r, 42);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG(constants_are_pushed),
        RIG(integers_of_every_size_are_pushed),
        RIG(characters_of_every_size_are_pushed),
        RIG(instance_variables_near_and_far_are_stored_and_pushed),
        RIG(long_forms_reach_near_instance_variables),
        RIG(extended_bytecodes_reach_near_variables),
        RIG(forty_temporaries_hold_their_values),
        RIG(temporaries_begin_as_nil),
        RIG(arguments_are_temporaries_that_can_be_stored),
        RIG(literals_near_and_far_are_pushed),
        RIG(variables_near_and_far_are_stored_and_pushed),
        RIG(remote_temporaries_live_in_an_array),
        RIG(arrays_are_made_empty_or_from_the_stack),
        RIG(the_top_of_the_stack_is_duplicated_and_dropped),
        RIG(the_active_context_and_process_are_pushed),
        RIG_SISTA(prefixes_add_up_and_end_with_their_bytecode),
        RIG(one_method_mixes_both_sets_with_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
