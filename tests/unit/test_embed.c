/* The example of an embedding program (BUILD/examples/embed) and the interface it
 * uses: opening, running, posting, destroying, again and again. */
#include "rig.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Beside this binary, which is BUILD/tests/unit/test_embed. */
static void example_path(char path[1024]) {
    ssize_t n = readlink("/proc/self/exe", path, 1000);
    assert_true(n > 0);
    path[n] = 0;
    for (int up = 0; up < 3; up++)
        *strrchr(path, '/') = 0;
    strcat(path, "/examples/embed");
    if (access(path, X_OK) != 0) {
        print_message("%s is not built\n", path);
        skip();
    }
}

/* Exit status of the example on that image. */
static int embed(const char *image) {
    char path[1024];
    example_path(path);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int nothing = open("/dev/null", O_WRONLY);
        dup2(nothing, 2);
        execl(path, path, image, "one", "two", (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_true(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void write_image(struct rig *r, char path[64]) {
    size_t size;
    uint8_t *file = asm_finish(&r->a, &size);
    snprintf(path, 64, "/tmp/mote-embed.%d.image", (int)getpid());
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_true(fwrite(file, 1, size, f) == size && fclose(f) == 0);
    free(file);
}

static void the_example_ends_with_the_exit_status_of_the_image(void **state) {
    struct rig *r = *state;
    char path[64];
    def(r, "Test run", "self int 17 send quit: return");
    write_image(r, path);
    int status = embed(path);
    unlink(path);
    assert_int_equal(status, 17);
}

static void the_example_wakes_an_image_by_an_event(void **state) {
    struct rig *r = *state;
    char path[64];
    tiny_put(&r->a.t, asm_new(&r->a, "one", "Semaphore", 0), 2, smallint(0));
    oop table = tiny_new(&r->a.t, CLASS_INDEX_ARRAY, FORMAT_ARRAY, 1);
    tiny_put(&r->a.t, table, 0, asm_object(&r->a, "one"));
    tiny_put(&r->a.t, r->a.t.special, SPECIAL_EXTERNAL_OBJECTS, table);
    def(r, "Test run", "lit @one send wait pop self int 18 send quit: return");
    write_image(r, path);
    int status = embed(path);
    unlink(path);
    assert_int_equal(status, 18);
}

static void the_example_says_what_is_wrong_with_an_image(void **state) {
    (void)state;
    assert_int_equal(embed("/nonexistent.image"), VM_NO_IMAGE);
    assert_int_equal(embed("/proc/self/exe"), VM_BAD_IMAGE);
}

static void machines_are_opened_and_destroyed_many_times(void **state) {
    struct rig *r = *state;
    def(r, "Test run", "int 42 return");
    char path[64], error[200];
    write_image(r, path);
    for (unsigned i = 0; i < 50; i++) {
        struct platform *platform = hosted_open(&(struct hosted_config){0});
        struct vm *vm;
        int status = -1;
        assert_int_equal(vm_open(&vm, platform, path, NULL, error, sizeof error), VM_OK);
        if (i % 3 != 0) /* or never run */
            assert_int_equal(vm_run(vm, PLATFORM_NEVER, &status), VM_EXITED);
        vm_close(vm);
        hosted_close(platform);
    }
    unlink(path);
}

static void append_text(void *arg, const char *text, size_t size) {
    char *all = arg;
    size_t n = strlen(all);
    if (n + size < 4000) {
        memcpy(all + n, text, size);
        all[n + size] = 0;
    }
}

static void the_stack_of_a_stopped_machine_is_printed(void **state) {
    struct rig *r = *state;
    static char text[4000];
    memset(text, 0, sizeof text);
    asm_process(&r->a, "other", "sleep", 30);
    tiny_put(&r->a.t, asm_new(&r->a, "one", "Semaphore", 0), 2, smallint(0));
    def(r, "Test sleep", "lit @one send wait pop returnSelf");
    def(r, "Test forever", "again: jump again");
    def(r, "Test run", "lit @other send resume pop self send forever return");
    rig_open(r);
    assert_int_equal(rig_run_ms(r, 5), VM_DEADLINE);
    vm_print_stack(r->vm, true, append_text, text);
    assert_non_null(strstr(text, "forever"));
    assert_non_null(strstr(text, "main"));
    assert_non_null(strstr(text, "sleep"));
}

static void primitives_are_counted_by_name_and_outcome(void **state) {
    struct rig *r = *state;
    static char text[4000];
    memset(text, 0, sizeof text);
    r->count_primitives = true;
    def(r, "Object absent", "primitive 19 nil return");
    def(r, "Object forget", "primitive 214 nil return");
    def(r, "Array at:", "primitive 63 nil return");
    def(r, "Test run",
        "self send absent pop self send forget pop self send absent pop array 2 int 5 send at: pop "
        "self send collect pop int 7 return");
    answers(r, 7);
    vm_print_primitive_counts(r->vm, append_text, text);
    assert_non_null(strstr(text, "2            0            2    19"));
    assert_non_null(strstr(text, "voidVMState"));
    assert_non_null(strstr(text, "fullGC"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG_V3(the_example_ends_with_the_exit_status_of_the_image),
        RIG_SISTA(the_example_wakes_an_image_by_an_event),
        RIG_TEST(the_example_says_what_is_wrong_with_an_image, 0, ""),
        RIG_TEST(machines_are_opened_and_destroyed_many_times, 1, ""),
        RIG(primitives_are_counted_by_name_and_outcome),
        RIG(the_stack_of_a_stopped_machine_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
