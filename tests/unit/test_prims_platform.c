/* System attributes, image name, VM parameters, SecurityPlugin. */
#include "prims_fixture.h"
#include "../../vm/prims/file_state.h"

#include <stdlib.h>
#include <string.h>

static struct fixture fixture;
static char image_name[FILE_PATH_MAX];

static int enter(void **state) {
    fixture_open(&fixture);
    strcpy(image_name, "/images/my.image");
    fixture.vm.image_name = image_name;
    fixture.vm.preemption_yields = true;
    fixture.vm.image_format = 68021;
    *state = &fixture;
    return 0;
}

static int leave(void **state) {
    (void)state;
    file_state_close(&fixture.vm);
    fixture_close(&fixture);
    return 0;
}

static int call(unsigned number, oop *answer, unsigned argc, oop a, oop b) {
    oop argv[3] = {fixture.vm.heap.nil, a, b};
    int status = call_number(&fixture, number, argv, argc);
    *answer = argv[0];
    return status;
}

static bool contains(oop o, const char *text) {
    char bytes[1024] = "";
    assert_true(is_bytes(o) && num_bytes(o) < sizeof bytes);
    memcpy(bytes, object_bytes(o), num_bytes(o));
    return strstr(bytes, text) != NULL;
}

static oop attribute(int64_t number) {
    oop answer;
    assert_int_equal(call(149, &answer, 1, smallint(number), 0), PRIM_OK);
    return answer;
}

static void attributes_are_those_of_a_unix_vm(void **state) {
    (void)state;
    oop answer, nil = fixture.vm.heap.nil;
    assert_true(contains(attribute(1), "/images/my.image"));
    assert_true(contains(attribute(1001), "unix"));
    assert_true(contains(attribute(1002), "linux-gnu"));
    assert_true(contains(attribute(1004), "VMMaker.oscog-eem."));
    assert_true(contains(attribute(1007), "VMMaker.oscog-eem."));
    assert_true(contains(attribute(1009), "Date: "));
    assert_int_equal(attribute(1008), nil); /* there is no code generator */
    assert_int_equal(attribute(2), nil);    /* no arguments here */
    assert_true(contains(attribute(-1), "-headless"));
    assert_int_equal(attribute(-3), nil);
    assert_int_equal(attribute(1201), nil);
    assert_int_equal(attribute(SMALLINT_MAX), nil);
    assert_int_equal(attribute(SMALLINT_MIN), nil);
    assert_int_equal(call(149, &answer, 1, nil, 0), PRIM_BAD_ARGUMENT);
}

static void image_name_is_read_and_set(void **state) {
    (void)state;
    oop answer;
    assert_int_equal(call(121, &answer, 0, 0, 0), PRIM_OK);
    assert_true(contains(answer, "/images/my.image"));
    assert_int_equal(call(121, &answer, 1, new_string(&fixture, "other.image"), 0), PRIM_OK);
    assert_string_equal(image_name, "other.image");
    assert_int_equal(call(121, &answer, 1, smallint(1), 0), PRIM_BAD_ARGUMENT);
    oop endless = heap_new_bytes(&fixture.vm.heap, FILE_PATH_MAX, CLASS_INDEX_BYTE_STRING);
    memset(object_bytes(endless), 'a', FILE_PATH_MAX);
    assert_int_equal(call(121, &answer, 1, endless, 0), PRIM_BAD_ARGUMENT);
    assert_string_equal(image_name, "other.image");
}

static void image_write_can_be_given_up(void **state) {
    (void)state;
    oop argv[1] = {fixture.vm.heap.nil};
    assert_int_equal(call_name(&fixture, "SecurityPlugin", "primitiveCanWriteImage", argv, 0), 0);
    assert_int_equal(argv[0], fixture.vm.heap.true_);
    assert_int_equal(call_name(&fixture, "SecurityPlugin", "primitiveDisableImageWrite", argv, 0),
                     0);
    assert_int_equal(call_name(&fixture, "SecurityPlugin", "primitiveCanWriteImage", argv, 0), 0);
    assert_int_equal(argv[0], fixture.vm.heap.false_);
    oop answer;
    assert_int_equal(call(121, &answer, 1, new_string(&fixture, "x"), 0), PRIM_UNSUPPORTED);
    assert_int_equal(
        call_name(&fixture, "SecurityPlugin", "primitiveGetSecureUserDirectory", argv, 0), 0);
    assert_true(contains(argv[0], "/images/secure"));
}

static void all_parameters_come_in_one_array(void **state) {
    (void)state;
    oop all, one;
    assert_int_equal(call(254, &all, 0, 0, 0), PRIM_OK);
    assert_int_equal(num_slots(all), 76);
    static const int64_t steady[] = {1,  3,  7,  9,  24, 25, 40, 41, 42,
                                     44, 48, 65, 66, 70, 71, 75, 76};
    for (unsigned i = 0; i < sizeof steady / sizeof steady[0]; i++) {
        assert_int_equal(call(254, &one, 1, smallint(steady[i]), 0), PRIM_OK);
        assert_int_equal(fetch_slot(all, (uint64_t)steady[i] - 1), one);
    }
    assert_int_equal(fetch_slot(all, 40 - 1), smallint(8));
    assert_int_equal(fetch_slot(all, 41 - 1), smallint(68021));
    assert_int_equal(fetch_slot(all, 46 - 1), fixture.vm.heap.nil); /* no machine code zone */
    for (unsigned i = 0; i < 76; i++)
        assert_true(fetch_slot(all, i) != 0);
}

static void parameters_are_set_and_the_old_value_answered(void **state) {
    (void)state;
    oop answer;
    static const int64_t settable[] = {23, 24, 25, 43, 45, 49};
    for (unsigned i = 0; i < sizeof settable / sizeof settable[0]; i++) {
        oop before;
        call(254, &before, 1, smallint(settable[i]), 0);
        assert_int_equal(call(254, &answer, 2, smallint(settable[i]), smallint(4096)), PRIM_OK);
        assert_int_equal(answer, before);
        call(254, &answer, 1, smallint(settable[i]), 0);
        assert_int_equal(answer, smallint(4096));
    }
}

static void flags_follow_the_header(void **state) {
    (void)state;
    oop answer;
    fixture.vm.header_flags = 0x2;
    assert_int_equal(call(254, &answer, 2, smallint(48), smallint(0x90 | 4)), PRIM_OK);
    assert_int_equal(answer, smallint(0));
    assert_false(fixture.vm.preemption_yields);
    assert_int_equal(fixture.vm.header_flags & 0x240, 0x240);
    assert_int_equal(fixture.vm.header_flags & 0x3, 0x2);
    call(254, &answer, 1, smallint(48), 0);
    assert_int_equal(answer, smallint(0x94));
    assert_int_equal(call(254, &answer, 2, smallint(48), smallint(0x200)), PRIM_INAPPROPRIATE);
    assert_int_equal(call(254, &answer, 2, smallint(75), fixture.vm.heap.false_), PRIM_OK);
    call(254, &answer, 1, smallint(48), 0);
    assert_int_equal(answer, smallint(0xd4));
}

static void parameter_failures_have_the_standard_codes(void **state) {
    (void)state;
    oop answer, nil = fixture.vm.heap.nil;
    assert_int_equal(call(254, &answer, 1, nil, 0), PRIM_BAD_ARGUMENT);
    assert_int_equal(call(254, &answer, 1, smallint(0), 0), PRIM_BAD_INDEX);
    assert_int_equal(call(254, &answer, 1, smallint(77), 0), PRIM_BAD_INDEX);
    assert_int_equal(call(254, &answer, 2, smallint(1), smallint(1)), PRIM_INAPPROPRIATE);
    assert_int_equal(call(254, &answer, 2, smallint(24), smallint(0)), PRIM_INAPPROPRIATE);
    assert_int_equal(call(254, &answer, 2, smallint(43), smallint(70000)), PRIM_INAPPROPRIATE);
    assert_int_equal(call(254, &answer, 2, smallint(24), nil), PRIM_BAD_ARGUMENT);
    assert_int_equal(call(254, &answer, 2, smallint(55), nil), PRIM_BAD_ARGUMENT);
    assert_int_equal(call(254, &answer, 2, smallint(75), smallint(1)), PRIM_BAD_ARGUMENT);
    oop argv[4] = {nil, smallint(1), smallint(1), smallint(1)};
    assert_int_equal(call_number(&fixture, 254, argv, 3), PRIM_BAD_NUM_ARGS);
}

static void environment_variables_and_directory(void **state) {
    (void)state;
    setenv("MOTE_TEST_VARIABLE", "its value", 1);
    oop argv[2] = {fixture.vm.heap.nil, new_string(&fixture, "MOTE_TEST_VARIABLE")};
    assert_int_equal(call_name(&fixture, "", "primitiveGetenv", argv, 1), PRIM_OK);
    assert_true(contains(argv[0], "its value"));
    argv[1] = new_string(&fixture, "MOTE_NO_SUCH_VARIABLE");
    assert_int_equal(call_name(&fixture, "", "primitiveGetenv", argv, 1), PRIM_OK);
    assert_int_equal(argv[0], fixture.vm.heap.nil);
    argv[1] = smallint(1);
    assert_int_equal(call_name(&fixture, "", "primitiveGetenv", argv, 1), PRIM_BAD_ARGUMENT);
    assert_int_equal(call_name(&fixture, "", "primitiveGetCurrentWorkingDirectory", argv, 0), 0);
    assert_true(contains(argv[0], "/"));
    assert_int_equal(call_name(&fixture, "", "primitiveInterpreterSourceVersion", argv, 0), 0);
    assert_true(contains(argv[0], "Date: "));
}

static void both_bytecode_sets_are_there(void **state) {
    (void)state;
    oop argv[2] = {fixture.vm.heap.nil, fixture.vm.heap.true_};
    assert_int_equal(call_name(&fixture, "", "primitiveBytecodeSetsAvailable", argv, 0), PRIM_OK);
    assert_int_equal(num_slots(argv[0]), 3);
    assert_true(contains(fetch_slot(argv[0], 2), "EncoderForSistaV1"));
    assert_int_equal(call_name(&fixture, "", "primitiveMultipleBytecodeSetsActive", argv, 1), 0);
    assert_int_equal(argv[0], fixture.vm.heap.true_);
    assert_int_equal(fixture.vm.image_format, 68533);
    assert_int_equal(call_name(&fixture, "", "primitiveImageFormatVersion", argv, 0), PRIM_OK);
    assert_int_equal(argv[0], smallint(68533));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, enter, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(attributes_are_those_of_a_unix_vm),
        TEST(image_name_is_read_and_set),
        TEST(image_write_can_be_given_up),
        TEST(all_parameters_come_in_one_array),
        TEST(parameters_are_set_and_the_old_value_answered),
        TEST(flags_follow_the_header),
        TEST(parameter_failures_have_the_standard_codes),
        TEST(environment_variables_and_directory),
        TEST(both_bytecode_sets_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
