/* The kernel's command line. */
#include "kernel_fixture.h"

#include "../../kernel/args.c"

static int parse(const char *text) {
    size_t where;
    memset(&kernel, 0, sizeof kernel);
    return args_parse(&kernel, text, strlen(text), &where);
}

static size_t fails_at(const char *text) {
    size_t where = 12345;
    memset(&kernel, 0, sizeof kernel);
    assert_int_equal(args_parse(&kernel, text, strlen(text), &where), PLATFORM_EINVAL);
    return where;
}

static void settings_are_read(void **state) {
    (void)state;
    assert_int_equal(
        parse("image=\"/a/b c.image\" program=\"/mote\" utc_offset=-3600 memory=1048576 "
              "stdin=terminal stdout=pipe stderr=file arg=one arg=\"two \\\"2\\\"\" "
              "env=\"A=1\" env=B=x=y"),
        0);
    assert_string_equal(kernel.image_name, "/a/b c.image");
    assert_string_equal(platform_program_path(&kernel), "/mote");
    assert_int_equal(kernel.utc_offset, -3600);
    assert_int_equal(kernel.memory, 1048576);
    assert_int_equal(kernel.kind[0], PLATFORM_KIND_TERMINAL);
    assert_int_equal(kernel.kind[1], PLATFORM_KIND_PIPE);
    assert_int_equal(kernel.kind[2], PLATFORM_KIND_FILE);
    assert_int_equal(platform_argc(&kernel), 2);
    assert_string_equal(platform_argv(&kernel, 0), "one");
    assert_string_equal(platform_argv(&kernel, 1), "two \"2\"");
    assert_null(platform_argv(&kernel, 2));
    assert_string_equal(platform_getenv(&kernel, "A"), "1");
    assert_string_equal(platform_getenv(&kernel, "B"), "x=y");
    assert_null(platform_getenv(&kernel, "C"));
    assert_null(platform_getenv(&kernel, ""));
}

static void nothing_is_fine(void **state) {
    (void)state;
    assert_int_equal(parse(""), 0);
    assert_int_equal(parse(" \t\n "), 0);
    assert_int_equal(kernel.kind[0], PLATFORM_KIND_PIPE);
    assert_int_equal(platform_argc(&kernel), 0);
    assert_string_equal(platform_program_path(&kernel), "");
}

static void other_words_are_left_alone(void **state) {
    (void)state;
    assert_int_equal(parse("quiet virtio_mmio.device=512@0xfeb00000:5 = =x console=\"a b\" arg=z"),
                     0);
    assert_int_equal(platform_argc(&kernel), 1);
    assert_string_equal(platform_argv(&kernel, 0), "z");
}

static void values_may_be_odd(void **state) {
    (void)state;
    assert_int_equal(parse("arg= arg=\"\" arg=\"a\\nb\\\\\" arg=a\"b arg=\"last\""), 0);
    assert_string_equal(platform_argv(&kernel, 0), "");
    assert_string_equal(platform_argv(&kernel, 1), "");
    assert_string_equal(platform_argv(&kernel, 2), "a\nb\\");
    assert_string_equal(platform_argv(&kernel, 3), "a\"b");
    assert_string_equal(platform_argv(&kernel, 4), "last");
}

static void a_zero_ends_the_text(void **state) {
    (void)state;
    size_t where;
    memset(&kernel, 0, sizeof kernel);
    assert_int_equal(args_parse(&kernel, "arg=a\0 arg=b", 12, &where), 0);
    assert_int_equal(platform_argc(&kernel), 1);
}

static void what_cannot_be_is_told_with_its_place(void **state) {
    (void)state;
    assert_int_equal(fails_at("arg=a arg=\"b"), 6);
    assert_int_equal(fails_at("arg=\"a\"b"), 0);
    assert_int_equal(fails_at("a arg=\"\\x\""), 2);
    assert_int_equal(fails_at("arg=\"\\"), 0);
    assert_int_equal(fails_at("utc_offset="), 0);
    assert_int_equal(fails_at("utc_offset=1h"), 0);
    assert_int_equal(fails_at("utc_offset=86401"), 0);
    assert_int_equal(fails_at("utc_offset=99999999999999999999"), 0);
    assert_int_equal(fails_at("memory=0"), 0);
    assert_int_equal(fails_at("memory=-1"), 0);
    assert_int_equal(fails_at("stdin=tty"), 0);
    assert_int_equal(fails_at("env=NAME"), 0);
    assert_int_equal(fails_at("env==x"), 0);
}

static void memory_is_the_least_that_anybody_said(void **state) {
    (void)state;
    size_t where;
    memset(&kernel, 0, sizeof kernel);
    kernel.memory = 1000;
    assert_int_equal(args_parse(&kernel, "memory=2000", 11, &where), 0);
    assert_int_equal(kernel.memory, 1000);
    assert_int_equal(args_parse(&kernel, "memory=500", 10, &where), 0);
    assert_int_equal(kernel.memory, 500);
}

static void there_may_be_too_many(void **state) {
    (void)state;
    static char text[(KERNEL_ARGS + 1) * 6 + 1];
    for (unsigned i = 0; i <= KERNEL_ARGS; i++)
        memcpy(text + i * 6, "arg=x ", 6);
    text[KERNEL_ARGS * 6] = 0;
    assert_int_equal(parse(text), 0);
    assert_int_equal(platform_argc(&kernel), KERNEL_ARGS);
    text[KERNEL_ARGS * 6] = 'a';
    assert_int_equal(fails_at(text), KERNEL_ARGS * 6);
    static char huge[MOTE_BOOT_BYTES + 1];
    memset(huge, 'a', MOTE_BOOT_BYTES);
    assert_int_equal(fails_at(huge), 0);
}

/* Whatever comes, it ends, and no string leaves the copy. */
static void garbage_is_survived(void **state) {
    (void)state;
    static const char letters[] = "arg=env\"\\n =x stdin memory1 ";
    uint32_t seed = 1;
    for (unsigned round = 0; round < 20000; round++) {
        char text[40];
        size_t size = round % sizeof text, where;
        for (size_t i = 0; i < size; i++) {
            seed = seed * 1664525 + 1013904223;
            text[i] = letters[seed >> 16 & 31 ? (seed >> 16) % (sizeof letters - 1) : 0];
        }
        memset(&kernel, 0, sizeof kernel);
        int result = args_parse(&kernel, text, size, &where);
        assert_true(result == 0 || (result == PLATFORM_EINVAL && where <= size));
        for (unsigned i = 0; i < kernel.argc; i++)
            assert_true(strlen(kernel.argv[i]) <= size);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_read),
        cmocka_unit_test(nothing_is_fine),
        cmocka_unit_test(other_words_are_left_alone),
        cmocka_unit_test(values_may_be_odd),
        cmocka_unit_test(a_zero_ends_the_text),
        cmocka_unit_test(what_cannot_be_is_told_with_its_place),
        cmocka_unit_test(memory_is_the_least_that_anybody_said),
        cmocka_unit_test(there_may_be_too_many),
        cmocka_unit_test(garbage_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
