/* Jumps, conditions that are no Booleans, comparisons fused with jumps. */
#include "rig.h"

static void short_jumps_skip_what_lies_between(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "int 0 sjump a int 9 send + a: false sjumpFalse b int 9 send + b: "
        "true sjumpFalse c int 1 send + c: true sjumpTrue d int 9 send + d: "
        "false sjumpTrue e int 10 send + e: return");
    answers(r, 11);
}

static void long_jumps_skip_what_lies_between(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "int 0 jump a int 9 send + a: false jumpFalse b int 9 send + b: "
        "true jumpFalse c int 1 send + c: true jumpTrue d int 9 send + d: "
        "false jumpTrue e int 10 send + e: return");
    answers(r, 11);
}

static void jumps_reach_a_thousand_bytes_both_ways(void **state) {
    struct rig *r = *state;
    char source[12000];
    size_t n = (size_t)sprintf(source, "int 0 jump mid back: jump end mid: ");
    for (unsigned i = 0; i < 125; i++) /* 1000 bytes */
        n += (size_t)sprintf(source + n, "bytes %s ",
                             r->sista ? "95,95,95,95,95,95,95,95"
                                      : "112,135,112,135,112,135,112,135");
    n += (size_t)sprintf(source + n, "int 7 send + jump back end: ");
    /* and over another thousand */
    n += (size_t)sprintf(source + n, "true jumpTrue past ");
    for (unsigned i = 0; i < 125; i++)
        n += (size_t)sprintf(source + n, "bytes %s ",
                             r->sista ? "95,95,95,95,95,95,95,95"
                                      : "112,135,112,135,112,135,112,135");
    sprintf(source + n, "past: return");
    def(r, "Test run", source);
    answers(r, 7);
}

static void a_loop_goes_back_until_its_condition_fails(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "temps 2 int 0 popTemp 0 int 1 popTemp 1 "
        "again: temp 1 int 100 send <= jumpFalse done temp 0 temp 1 send + popTemp 0 "
        "temp 1 int 1 send + popTemp 1 jump again done: temp 0 return");
    answers(r, 5050);
}

static void nested_loops_leave_the_stack_as_it_was(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "temps 2 int 0 int 0 popTemp 0 "
        "outer: temp 0 int 5 send = jumpTrue done int 0 popTemp 1 "
        "inner: temp 1 int 4 send < jumpFalse next int 1 send + "
        "temp 1 int 1 send + popTemp 1 jump inner "
        "next: temp 0 int 1 send + popTemp 0 jump outer done: return");
    answers(r, 20);
}

static void jumping_on_something_else_sends_mustBeBoolean_and_goes_on_behind(void **state) {
    struct rig *r = *state;
    def(r, "Object mustBeBoolean", "self int 1 send note: int 55 return");
    /* The answer of mustBeBoolean is on the stack, the jump not taken. */
    def(r, "Test a", "int 9 int 1 int 3 jumpFalse no send + return no: int 7 return");
    def(r, "Test b", "int 9 int 1 nil sjumpFalse no send + return no: int 7 return");
    def(r, "Test c", "int 9 int 1 lit #x jumpTrue no send + return no: int 7 return");
    def(r, "Test d", "int 9 int 1 self sjumpTrue no send + return no: int 7 return");
    def(r, "Test run", "self send a self send b self send c self send d fill 4 return");
    shows(r, "(56 56 56 56)");
    assert_int_equal(smallint_value(rig_global(r, "Log")), 1111);
}

/* Every comparison with every jump that may be fused with it. The methods answer
 * 1 when the comparison said true, 0 for false, 55 + ... for mustBeBoolean. */
static const char *const comparisons[] = {"<", ">", "<=", ">=", "=", "~=", "==", "~~"};
enum { COMPARISONS = 8 };

static void add_comparisons(struct rig *r) {
    char where[40], source[200];
    for (unsigned i = 0; i < COMPARISONS; i++) {
        snprintf(where, sizeof where, "Test f%u:with:", i);
        snprintf(source, sizeof source,
                 "temp 0 temp 1 send %s jumpFalse no int 1 return no: int 0 return",
                 comparisons[i]);
        def(r, where, source);
        snprintf(where, sizeof where, "Test t%u:with:", i);
        snprintf(source, sizeof source,
                 "temp 0 temp 1 send %s jumpTrue yes int 0 return yes: int 1 return",
                 comparisons[i]);
        def(r, where, source);
    }
}

/* run: all comparisons of a with b, jumping on false, then on true, as arrays. */
static void compare_all(struct rig *r, const char *a, const char *b) {
    char source[3000];
    size_t n = (size_t)sprintf(source, "large ");
    add_comparisons(r);
    for (unsigned t = 0; t < 2; t++) {
        for (unsigned i = 0; i < COMPARISONS; i++)
            n += (size_t)sprintf(source + n, "self %s %s send %c%u:with: ", a, b, t ? 't' : 'f', i);
        n += (size_t)sprintf(source + n, "fill 8 ");
    }
    sprintf(source + n, "fill 2 return");
    def(r, "Test run", source);
}

static void smaller_integers_compare_and_jump(void **state) {
    struct rig *r = *state;
    compare_all(r, "int 3", "int 4");
    shows(r, "((1 0 1 0 0 1 0 1) (1 0 1 0 0 1 0 1))");
}

static void greater_integers_compare_and_jump(void **state) {
    struct rig *r = *state;
    compare_all(r, "int 3", "int -4");
    shows(r, "((0 1 0 1 0 1 0 1) (0 1 0 1 0 1 0 1))");
}

static void equal_integers_compare_and_jump(void **state) {
    struct rig *r = *state;
    compare_all(r, "lit 1152921504606846975", "lit 1152921504606846975");
    shows(r, "((0 0 1 1 1 0 1 0) (0 0 1 1 1 0 1 0))");
}

static void floats_compare_and_jump(void **state) {
    struct rig *r = *state;
    asm_name(&r->a, "half", smallfloat(0.5));
    asm_name(&r->a, "big", asm_float(&r->a, 1e300));
    compare_all(r, "lit @half", "lit @big");
    shows(r, "((1 0 1 0 0 1 0 1) (1 0 1 0 0 1 0 1))");
}

static void a_comparison_that_is_sent_answers_the_jump_behind_it(void **state) {
    struct rig *r = *state;
    asm_new_class(&r->a, "Odd", "Object", FORMAT_FIXED, 0);
    asm_new(&r->a, "odd", "Odd", 0);
    for (unsigned i = 0; i < COMPARISONS; i++) {
        char where[40];
        snprintf(where, sizeof where, "Odd %s", comparisons[i]);
        def(r, where, i % 2 ? "returnTrue" : "returnFalse");
    }
    compare_all(r, "lit @odd", "int 5");
    /* == and ~~ are never sent */
    shows(r, "((0 1 0 1 0 1 0 1) (0 1 0 1 0 1 0 1))");
}

static void a_comparison_that_answers_no_boolean_sends_mustBeBoolean(void **state) {
    struct rig *r = *state;
    asm_new_class(&r->a, "Odd", "Object", FORMAT_FIXED, 0);
    asm_new(&r->a, "odd", "Odd", 0);
    for (unsigned i = 0; i < 6; i++) {
        char where[40];
        snprintf(where, sizeof where, "Odd %s", comparisons[i]);
        def(r, where, "temp 0 return");
    }
    def(r, "SmallInteger mustBeBoolean", "self self send note: returnSelf");
    compare_all(r, "lit @odd", "int 5");
    /* The jump is not taken: jumpFalse goes on where true leads, jumpTrue where false does. */
    shows(r, "((1 1 1 1 1 1 0 1) (0 0 0 0 0 0 0 1))");
    assert_int_equal(smallint_value(rig_global(r, "Log")), 555555555555);
}

static void integers_compared_with_what_they_do_not_know_send(void **state) {
    struct rig *r = *state;
    for (unsigned i = 0; i < 6; i++) {
        char where[40];
        snprintf(where, sizeof where, "SmallInteger %s", comparisons[i]);
        def(r, where, i % 2 ? "returnFalse" : "returnTrue");
    }
    compare_all(r, "int 3", "lit 'abc'");
    shows(r, "((1 0 1 0 1 0 0 1) (1 0 1 0 1 0 0 1))");
}

static void boolean_literals_jump_in_blocks_too(void **state) {
    struct rig *r = *state;
    def(r, "Test run",
        "block 1 0 0 temp 0 jumpFalse no int 1 blockReturn no: int 2 blockReturn end popVar B "
        "var B true send value: var B false send value: fill 2 return");
    shows(r, "(1 2)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG(short_jumps_skip_what_lies_between),
        RIG(long_jumps_skip_what_lies_between),
        RIG(jumps_reach_a_thousand_bytes_both_ways),
        RIG(a_loop_goes_back_until_its_condition_fails),
        RIG(nested_loops_leave_the_stack_as_it_was),
        RIG(jumping_on_something_else_sends_mustBeBoolean_and_goes_on_behind),
        RIG(smaller_integers_compare_and_jump),
        RIG(greater_integers_compare_and_jump),
        RIG(equal_integers_compare_and_jump),
        RIG(floats_compare_and_jump),
        RIG(a_comparison_that_is_sent_answers_the_jump_behind_it),
        RIG(a_comparison_that_answers_no_boolean_sends_mustBeBoolean),
        RIG(integers_compared_with_what_they_do_not_know_send),
        RIG(boolean_literals_jump_in_blocks_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
