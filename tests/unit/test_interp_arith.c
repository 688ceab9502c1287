/* The arithmetic special selectors: what is computed in place, and what is sent. */
#include "rig.h"

#include <math.h>

#define MAX "1152921504606846975"
#define MIN "-1152921504606846976"
#define SENT "#sent"

struct sum {
    const char *a, *selector, *b, *answer;
};

/* Each case in a method of its own; whatever is sent answers #sent. */
static void compute(struct rig *r, const struct sum *list, unsigned count) {
    static const char *const classes[] = {"SmallInteger", "SmallFloat64", "BoxedFloat64",
                                          "ByteString"};
    char where[40], source[200], run[2000], expected[2000] = "(";
    for (unsigned i = 0; i < count; i++)
        for (unsigned c = 0; c < 4; c++) {
            snprintf(where, sizeof where, "%s %s", classes[c], list[i].selector);
            def(r, where,
                strcmp(list[i].selector, "bitShift:") == 0 && c == 0
                    ? "primitive 17 lit #sent return"
                    : "lit #sent return");
        }
    size_t n = (size_t)sprintf(run, "large ");
    for (unsigned i = 0; i < count; i++) {
        snprintf(where, sizeof where, "Test case%u", i);
        snprintf(source, sizeof source, "lit %s lit %s send %s return", list[i].a, list[i].b,
                 list[i].selector);
        def(r, where, source);
        n += (size_t)sprintf(run + n, "self send case%u ", i);
        strcat(expected, i ? " " : "");
        strcat(expected, list[i].answer);
    }
    sprintf(run + n, "fill %u return", count);
    strcat(expected, ")");
    def(r, "Test run", run);
    shows(r, expected);
}
#define COMPUTE(r, list) compute(r, list, sizeof list / sizeof list[0])

static void sums_that_fit_are_computed_and_others_sent(void **state) {
    static const struct sum list[] = {
        {"3", "+", "4", "7"},  {"-3", "+", "-4", "-7"}, {MAX, "+", "0", MAX},
        {MAX, "+", "1", SENT}, {MAX, "+", MAX, SENT},   {MIN, "+", "-1", SENT},
        {MIN, "+", MAX, "-1"}, {"3", "-", "4", "-1"},   {MIN, "-", "0", MIN},
        {MIN, "-", "1", SENT}, {MAX, "-", "-1", SENT},  {"0", "-", MIN, SENT},
        {"-1", "-", MIN, MAX}, {"1", "+", "'x'", SENT}, {"'x'", "-", "1", SENT},
    };
    COMPUTE(*state, list);
}

static void products_that_fit_are_computed_and_others_sent(void **state) {
    static const struct sum list[] = {
        {"6", "*", "7", "42"},
        {"-6", "*", "7", "-42"},
        {MAX, "*", "1", MAX},
        {MAX, "*", "-1", "-" MAX},
        {MIN, "*", "-1", SENT},
        {MIN, "*", "1", MIN},
        {"576460752303423488", "*", "2", SENT},
        {"-576460752303423488", "*", "2", MIN},
        {"1073741824", "*", "1073741824", SENT},
        {"0", "*", MIN, "0"},
        {"3037000499", "*", "3037000499", SENT},
        {"2", "*", "'x'", SENT},
    };
    COMPUTE(*state, list);
}

static void quotients_are_exact_or_sent(void **state) {
    static const struct sum list[] = {
        {"42", "/", "7", "6"},   {"42", "/", "-7", "-6"}, {"43", "/", "7", SENT},
        {"42", "/", "0", SENT},  {MIN, "/", "-1", SENT},  {"0", "/", "5", "0"},
        {"'x'", "/", "2", SENT},
    };
    COMPUTE(*state, list);
}

static void integer_quotients_round_down(void **state) {
    static const struct sum list[] = {
        {"7", "//", "2", "3"},   {"-7", "//", "2", "-4"}, {"7", "//", "-2", "-4"},
        {"-7", "//", "-2", "3"}, {"8", "//", "-2", "-4"}, {"1", "//", "0", SENT},
        {MIN, "//", "-1", SENT}, {MIN, "//", "1", MIN},   {"0", "//", "-3", "0"},
        {"1", "//", "-5", "-1"},
    };
    COMPUTE(*state, list);
}

static void remainders_have_the_sign_of_the_divisor(void **state) {
    static const struct sum list[] = {
        {"7", "\\\\", "2", "1"},   {"-7", "\\\\", "2", "1"},
        {"7", "\\\\", "-2", "-1"}, {"-7", "\\\\", "-2", "-1"},
        {"8", "\\\\", "-2", "0"},  {"1", "\\\\", "0", SENT},
        {MIN, "\\\\", "-1", "0"},  {"1", "\\\\", MIN, "-1152921504606846975"},
    };
    COMPUTE(*state, list);
}

static void shifts_are_computed_as_far_as_64_bits_hold_them(void **state) {
    static const struct sum list[] = {
        {"1", "bitShift:", "4", "16"},
        {"1", "bitShift:", "59", "576460752303423488"},
        {"1", "bitShift:", "60", "L1000000000000000"},
        {"3", "bitShift:", "59", "L1800000000000000"},
        {"-1", "bitShift:", "60", MIN},
        {"-1", "bitShift:", "61", "-L2000000000000000"},
        {"1", "bitShift:", "64", SENT},
        {"0", "bitShift:", "59", "0"},
        {"5", "bitShift:", "0", "5"},
        {"5", "bitShift:", "-1", "2"},
        {"-5", "bitShift:", "-1", "-3"},
        {"-5", "bitShift:", "-64", "-1"},
        {"5", "bitShift:", "-64", "0"},
        {"5", "bitShift:", MIN, "0"},
        {"5", "bitShift:", MAX, SENT},
        {"1", "bitShift:", "'x'", SENT},
    };
    COMPUTE(*state, list);
}

static void bits_are_combined_in_two_s_complement(void **state) {
    static const struct sum list[] = {
        {"12", "bitAnd:", "10", "8"},  {"-1", "bitAnd:", "255", "255"},
        {"-4", "bitAnd:", "-2", "-4"}, {MIN, "bitAnd:", MAX, "0"},
        {"12", "bitOr:", "10", "14"},  {"-8", "bitOr:", "3", "-5"},
        {"1", "bitAnd:", "'x'", SENT}, {"'x'", "bitOr:", "1", SENT},
    };
    COMPUTE(*state, list);
}

static void floats(struct rig *r) {
    asm_name(&r->a, "half", smallfloat(0.5));
    asm_name(&r->a, "third", smallfloat(-0.375));
    asm_name(&r->a, "zero", smallfloat(0.0));
    asm_name(&r->a, "big", asm_float(&r->a, 1e300));
    asm_name(&r->a, "nan", asm_float(&r->a, (double)NAN));
}

static void floats_of_both_kinds_are_computed(void **state) {
    floats(*state);
    static const struct sum list[] = {
        {"@half", "+", "@third", "0.125"},   {"@half", "-", "@third", "0.875"},
        {"@half", "*", "@third", "-0.1875"}, {"@half", "/", "@third", "-1.3333333333333333"},
        {"@big", "*", "@big", "inf"},        {"@big", "/", "@half", "2.0000000000000001e+300"},
        {"@big", "-", "@big", "0"},          {"@half", "/", "@zero", SENT},
        {"@half", "+", "'x'", SENT},         {"@half", "/", "@big", "5.0000000000000001e-301"},
        {"@half", "//", "@half", SENT},      {"@half", "bitAnd:", "1", SENT},
    };
    COMPUTE(*state, list);
}

static void integers_mix_with_floats_where_that_is_exact(void **state) {
    floats(*state);
    static const struct sum list[] = {
        {"1", "+", "@half", "1.5"},  {"@half", "+", "1", "1.5"}, {"3", "*", "@half", "1.5"},
        {"@half", "-", "2", "-1.5"}, {"1", "/", "@half", "2"},   {"1", "<", "@half", "false"},
        {"@half", "<", "1", "true"}, {"@big", ">", "7", "true"}, {MAX, ">=", "@half", SENT},
        {"1", "/", "@zero", SENT},   {"@half", "/", "0", SENT},  {MIN, "+", "@half", SENT},
    };
    COMPUTE(*state, list);
}

static void nothing_compares_with_not_a_number(void **state) {
    floats(*state);
    static const struct sum list[] = {
        {"@nan", "<", "@half", "false"}, {"@nan", ">", "@half", "false"},
        {"@nan", "<=", "@nan", "false"}, {"@nan", ">=", "1", "false"},
        {"@nan", "=", "@nan", "false"},  {"@nan", "~=", "@nan", "true"},
        {"@half", "=", "@half", "true"}, {"@half", "~=", "@half", "false"},
    };
    COMPUTE(*state, list);
}

static void an_overflow_becomes_a_large_integer(void **state) {
    struct rig *r = *state;
    def(r, "SmallInteger +", "primitive 21 lit #failed return");
    def(r, "SmallInteger -", "primitive 22 lit #failed return");
    def(r, "SmallInteger *", "primitive 29 lit #failed return");
    def(r, "LargePositiveInteger +", "primitive 21 lit #failed return");
    def(r, "LargePositiveInteger -", "primitive 22 lit #failed return");
    def(r, "LargeNegativeInteger +", "primitive 21 lit #failed return");
    /* Also where the operands are pushed in one operation with the sum. */
    def(r, "Test add:", "temp 0 int 1 send + return");
    def(r, "Test sub:", "temp 0 int 1 send - return");
    def(r, "Test add:to:", "temp 0 temp 1 send + return");
    def(r, "Test run",
        "lit " MAX " int 1 send + lit " MIN " int 1 send - "
        "lit " MAX " int 16 send * lit " MAX " int 1 send + int 1 send - "
        "self lit " MAX " send add: self lit " MIN " send sub: "
        "self lit " MAX " dup send add:to: fill 7 return");
    shows(r, "(L1000000000000000 -L1000000000000001 Lfffffffffffffff0 1152921504606846975 "
             "L1000000000000000 -L1000000000000001 L1ffffffffffffffe)");
}

static void points_are_made_of_integers(void **state) {
    struct rig *r = *state;
    def(r, "Point x", "primitive 264 ivar 0 return");
    def(r, "Point y", "primitive 265 ivar 1 return");
    def(r, "ByteString @", "lit #sent return");
    def(r, "Test run",
        "int 3 int -4 send @ dup send x popVar X dup send y popVar Y var X var Y "
        "lit 'a' int 1 send @ fill 4 return");
    shows(r, "(aPoint 3 -4 #sent)");
}

static void identity_and_class_are_never_sent(void **state) {
    struct rig *r = *state;
    def(r, "Object ==", "lit #sent return");
    def(r, "Object ~~", "lit #sent return");
    def(r, "Object class", "lit #sent return");
    def(r, "Test run",
        "int 1 int 1 send == nil false send == lit #a lit #a send ~~ lit #a lit #b send ~~ "
        "int 3 send class nil send class fill 6 return");
    shows(r, "(true false false true SmallInteger UndefinedObject)");
}

static void the_other_special_selectors_are_sent(void **state) {
    struct rig *r = *state;
    static const char *const selectors[] = {
        "at:",    "at:put:", "size", "next", "nextPut:", "atEnd", "value",
        "value:", "do:",     "new",  "new:", "x",        "y"};
    char where[40], source[2000];
    size_t n = 0;
    for (unsigned i = 0; i < 13; i++) {
        snprintf(where, sizeof where, "Test %s", selectors[i]);
        char body[60] = "self send class pop ";
        for (unsigned k = 0; k < asm_arguments(selectors[i]); k++)
            sprintf(body + strlen(body), "temp %u ", k);
        sprintf(body + strlen(body), "int %u fill %u return", i, asm_arguments(selectors[i]) + 1);
        def(r, where, body);
        n += (size_t)sprintf(source + n, "self ");
        for (unsigned k = 0; k < asm_arguments(selectors[i]); k++)
            n += (size_t)sprintf(source + n, "int %u ", 70 + k);
        n += (size_t)sprintf(source + n, "send %s ", selectors[i]);
    }
    sprintf(source + n, "fill 13 return");
    def(r, "Test run", source);
    shows(r, "((70 0) (70 71 1) (2) (3) (70 4) (5) (6) (70 7) (70 8) (9) (70 10) (11) (12))");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG(sums_that_fit_are_computed_and_others_sent),
        RIG(products_that_fit_are_computed_and_others_sent),
        RIG(quotients_are_exact_or_sent),
        RIG(integer_quotients_round_down),
        RIG(remainders_have_the_sign_of_the_divisor),
        RIG(shifts_are_computed_as_far_as_64_bits_hold_them),
        RIG(bits_are_combined_in_two_s_complement),
        RIG(floats_of_both_kinds_are_computed),
        RIG(integers_mix_with_floats_where_that_is_exact),
        RIG(nothing_compares_with_not_a_number),
        RIG(an_overflow_becomes_a_large_integer),
        RIG(points_are_made_of_integers),
        RIG(identity_and_class_are_never_sent),
        RIG(the_other_special_selectors_are_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
