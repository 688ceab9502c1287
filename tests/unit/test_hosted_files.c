/* The hosted platform's files, directories, image mapping, memory and saving. */
#include "../../host/hosted/hosted.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

struct place {
    struct platform *p;
    char dir[64], path[128], other[128];
};

static int enter(void **state) {
    struct place *t = calloc(1, sizeof *t);
    strcpy(t->dir, "/tmp/mote-files-XXXXXX");
    if (mkdtemp(t->dir) == NULL)
        return -1;
    snprintf(t->path, sizeof t->path, "%s/file", t->dir);
    snprintf(t->other, sizeof t->other, "%s/other", t->dir);
    t->p = hosted_open(NULL);
    *state = t;
    return t->p == NULL;
}

static int leave(void **state) {
    struct place *t = *state;
    char command[128];
    hosted_close(t->p);
    snprintf(command, sizeof command, "rm -rf %s", t->dir);
    int status = system(command);
    free(t);
    return status;
}

static void put(struct place *t, const char *path, const char *text) {
    int f = platform_file_open(t->p, path, PLATFORM_WRITE);
    assert_true(f >= 3);
    assert_int_equal(platform_file_write(t->p, f, text, strlen(text)), strlen(text));
    assert_int_equal(platform_file_close(t->p, f), 0);
}

static void expect(struct place *t, const char *path, const char *text) {
    char got[256] = "";
    int f = platform_file_open(t->p, path, PLATFORM_READ);
    assert_true(f >= 3);
    assert_int_equal(platform_file_read(t->p, f, got, sizeof got), strlen(text));
    assert_string_equal(got, text);
    platform_file_close(t->p, f);
}

/* Files in the directory, hidden ones included. */
static unsigned count_entries(struct place *t) {
    struct platform_dir *d;
    char name[256];
    unsigned n = 0;
    assert_int_equal(platform_dir_open(t->p, t->dir, &d), 0);
    while (platform_dir_next(d, name, sizeof name) > 0)
        n++;
    platform_dir_close(d);
    return n;
}

static void written_bytes_are_read_back(void **state) {
    struct place *t = *state;
    put(t, t->path, "hello");
    expect(t, t->path, "hello");
}

static void open_says_what_is_wrong(void **state) {
    struct place *t = *state;
    put(t, t->path, "x");
    assert_int_equal(platform_file_open(t->p, t->other, PLATFORM_READ), PLATFORM_ENOENT);
    assert_int_equal(platform_file_open(t->p, t->path, PLATFORM_CREATE), PLATFORM_EEXIST);
    assert_int_equal(platform_file_open(t->p, t->dir, PLATFORM_READ), PLATFORM_EISDIR);
    assert_int_equal(platform_file_open(t->p, t->dir, PLATFORM_WRITE), PLATFORM_EISDIR);
    char below[160];
    snprintf(below, sizeof below, "%s/below", t->path);
    assert_int_equal(platform_file_open(t->p, below, PLATFORM_READ), PLATFORM_ENOTDIR);
}

static void positions_sizes_and_truncation(void **state) {
    struct place *t = *state;
    put(t, t->path, "0123456789");
    int f = platform_file_open(t->p, t->path, PLATFORM_WRITE);
    char byte;
    assert_int_equal(platform_file_size(t->p, f), 10);
    assert_int_equal(platform_file_seek(t->p, f, 4), 0);
    assert_int_equal(platform_file_read(t->p, f, &byte, 1), 1);
    assert_int_equal(byte, '4');
    assert_int_equal(platform_file_position(t->p, f), 5);
    assert_int_equal(platform_file_truncate(t->p, f, 3), 0);
    assert_int_equal(platform_file_size(t->p, f), 3);
    assert_int_equal(platform_file_sync(t->p, f), 0);
    assert_int_equal(platform_file_kind(t->p, f), PLATFORM_KIND_FILE);
    assert_int_equal(platform_file_seek(t->p, f, UINT64_MAX), PLATFORM_EINVAL);
    platform_file_close(t->p, f);
}

static void handles_that_are_not_open_fail(void **state) {
    struct place *t = *state;
    char byte = 0;
    static const int bad[] = {-1, 3, 99, INT32_MAX, INT32_MIN};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(platform_file_read(t->p, bad[i], &byte, 1), PLATFORM_EINVAL);
        assert_int_equal(platform_file_write(t->p, bad[i], &byte, 1), PLATFORM_EINVAL);
        assert_int_equal(platform_file_close(t->p, bad[i]), PLATFORM_EINVAL);
        assert_int_equal(platform_file_size(t->p, bad[i]), PLATFORM_EINVAL);
        assert_int_equal(platform_file_kind(t->p, bad[i]), PLATFORM_KIND_UNKNOWN);
    }
}

static void many_files_can_be_open(void **state) {
    struct place *t = *state;
    int files[100];
    put(t, t->path, "x");
    for (int i = 0; i < 100; i++)
        assert_true((files[i] = platform_file_open(t->p, t->path, PLATFORM_READ)) >= 3);
    for (int i = 0; i < 100; i++)
        assert_int_equal(platform_file_close(t->p, files[i]), 0);
    assert_int_equal(platform_file_open(t->p, t->path, PLATFORM_READ), files[0]); /* used again */
}

static void standard_streams_stay_open_for_the_launcher(void **state) {
    struct place *t = *state;
    assert_int_equal(platform_file_close(t->p, 1), 0);
    assert_true(fcntl(1, F_GETFD) >= 0);
}

/* What has come out of the pipe so far. */
static void arrived(int from, const char *text) {
    char got[256] = "";
    ssize_t n = read(from, got, sizeof got - 1);
    assert_int_equal(n < 0 ? 0 : n, strlen(text));
    assert_string_equal(got, text);
}

static void standard_output_is_held_back_to_the_end_of_a_line(void **state) {
    struct place *t = *state;
    int ends[2], saved = dup(1);
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    dup2(ends[1], 1);
    platform_file_write(t->p, 1, "a", 1);
    platform_file_write(t->p, 1, "b", 1);
    arrived(ends[0], "");
    platform_file_write(t->p, 1, "c\n", 2);
    arrived(ends[0], "abc\n");
    platform_file_write(t->p, 1, "d", 1);
    assert_int_equal(platform_file_flush(t->p, 1), 0);
    arrived(ends[0], "d");
    platform_file_write(t->p, 1, "e", 1);
    platform_wait(t->p, platform_monotonic_ns(t->p) + 1000000);
    arrived(ends[0], "e");
    char block[3000];
    memset(block, 'x', sizeof block);
    platform_file_write(t->p, 1, "f", 1);
    platform_file_write(t->p, 1, block, sizeof block);
    char got[4096];
    assert_int_equal(read(ends[0], got, sizeof got), 3001);
    platform_file_write(t->p, 1, "g", 1);
    hosted_close(t->p);
    arrived(ends[0], "g");
    t->p = hosted_open(NULL);
    dup2(saved, 1);
    close(saved);
    close(ends[0]);
    close(ends[1]);
}

static void paths_are_made_renamed_and_removed(void **state) {
    struct place *t = *state;
    struct platform_stat st;
    char text[128];
    assert_int_equal(platform_mkdir(t->p, t->path), 0);
    assert_int_equal(platform_mkdir(t->p, t->path), PLATFORM_EEXIST);
    assert_int_equal(platform_unlink(t->p, t->path), PLATFORM_EISDIR);
    assert_int_equal(platform_rmdir(t->p, t->path), 0);
    put(t, t->path, "x");
    assert_int_equal(platform_chmod(t->p, t->path, 0640), 0);
    assert_int_equal(platform_rename(t->p, t->path, t->other), 0);
    assert_int_equal(platform_stat(t->p, t->path, true, &st), PLATFORM_ENOENT);
    assert_int_equal(platform_stat(t->p, t->other, true, &st), 0);
    assert_int_equal(st.mode, S_IFREG | 0640);
    assert_int_equal(st.size, 1);
    assert_int_equal(platform_symlink(t->p, t->other, t->path), 0);
    assert_int_equal(platform_stat(t->p, t->path, false, &st), 0);
    assert_true(S_ISLNK(st.mode));
    assert_int_equal(platform_readlink(t->p, t->path, text, sizeof text), strlen(t->other));
    assert_string_equal(text, t->other);
    assert_int_equal(platform_readlink(t->p, t->path, text, 5), PLATFORM_EINVAL);
    assert_int_equal(platform_access(t->p, t->path, 4), 0);
}

static void directories_are_listed_without_dots(void **state) {
    struct place *t = *state;
    put(t, t->path, "x");
    put(t, t->other, "x");
    struct platform_dir *d;
    char name[8];
    assert_int_equal(platform_dir_open(t->p, t->path, &d), PLATFORM_ENOTDIR);
    assert_int_equal(platform_dir_open(t->p, t->dir, &d), 0);
    unsigned files = 0, others = 0;
    for (int pass = 0; pass < 2; pass++) {
        int64_t n;
        while ((n = platform_dir_next(d, name, sizeof name)) > 0) {
            assert_int_equal((size_t)n, strlen(name));
            files += strcmp(name, "file") == 0;
            others += strcmp(name, "other") == 0;
        }
        assert_int_equal(n, 0);
        platform_dir_rewind(d);
    }
    assert_int_equal(files, 2);
    assert_int_equal(others, 2);
    platform_dir_close(d);
}

/* ---- Saving ------------------------------------------------------------------- */

static void save_replaces_all_at_once_and_keeps_the_mode(void **state) {
    struct place *t = *state;
    struct platform_save *s;
    struct platform_stat st;
    put(t, t->path, "old");
    platform_chmod(t->p, t->path, 0604);
    assert_int_equal(platform_save_begin(t->p, t->path, &s), 0);
    assert_int_equal(platform_save_write(s, "nXw", 3), 0);
    assert_int_equal(platform_save_write_at(s, 1, "e", 1), 0);
    expect(t, t->path, "old");
    assert_int_equal(platform_save_commit(s), 0);
    expect(t, t->path, "new");
    assert_int_equal(platform_stat(t->p, t->path, true, &st), 0);
    assert_int_equal(st.mode & 07777, 0604);
    assert_int_equal(count_entries(t), 1);
}

static void aborted_save_leaves_nothing(void **state) {
    struct place *t = *state;
    struct platform_save *s;
    put(t, t->path, "old");
    assert_int_equal(platform_save_begin(t->p, t->path, &s), 0);
    assert_int_equal(platform_save_write(s, "new", 3), 0);
    platform_save_abort(s);
    expect(t, t->path, "old");
    assert_int_equal(count_entries(t), 1);
}

static void save_makes_a_new_file(void **state) {
    struct place *t = *state;
    struct platform_save *s;
    assert_int_equal(platform_save_begin(t->p, t->path, &s), 0);
    assert_int_equal(platform_save_write(s, "new", 3), 0);
    assert_int_equal(platform_save_commit(s), 0);
    expect(t, t->path, "new");
}

static void save_through_a_link_replaces_its_target(void **state) {
    struct place *t = *state;
    struct platform_save *s;
    struct platform_stat st;
    put(t, t->other, "old");
    platform_symlink(t->p, "other", t->path);
    assert_int_equal(platform_save_begin(t->p, t->path, &s), 0);
    assert_int_equal(platform_save_write(s, "new", 3), 0);
    assert_int_equal(platform_save_commit(s), 0);
    expect(t, t->other, "new");
    assert_int_equal(platform_stat(t->p, t->path, false, &st), 0);
    assert_true(S_ISLNK(st.mode));
}

static void save_of_large_blocks_arrives_whole(void **state) {
    struct place *t = *state;
    struct platform_save *s;
    size_t size = 3000001;
    uint8_t *data = malloc(size), *got = malloc(size);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i * 7 >> 3);
    assert_int_equal(platform_save_begin(t->p, t->path, &s), 0);
    for (size_t done = 0, step = 1; done < size; done += step, step = step * 5 % 700001 + 1) {
        if (step > size - done)
            step = size - done;
        assert_int_equal(platform_save_write(s, data + done, step), 0);
    }
    assert_int_equal(platform_save_commit(s), 0);
    int f = platform_file_open(t->p, t->path, PLATFORM_READ);
    assert_int_equal(platform_file_read(t->p, f, got, size), size);
    assert_memory_equal(data, got, size);
    free(data);
    free(got);
}

static void save_says_what_is_wrong(void **state) {
    struct place *t = *state;
    struct platform_save *s;
    char path[160];
    assert_int_equal(platform_save_begin(t->p, t->dir, &s), PLATFORM_EISDIR);
    snprintf(path, sizeof path, "%s/none/file", t->dir);
    assert_int_equal(platform_save_begin(t->p, path, &s), PLATFORM_ENOENT);
    assert_int_equal(platform_save_begin(t->p, "", &s), PLATFORM_ENOENT);
    if (geteuid() != 0) {
        put(t, t->path, "x");
        platform_chmod(t->p, t->path, 0444);
        assert_int_equal(platform_save_begin(t->p, t->path, &s), PLATFORM_EACCES);
    }
}

/* ---- Image and memory ---------------------------------------------------------- */

static void image_is_mapped_copy_on_write(void **state) {
    struct place *t = *state;
    char page[PLATFORM_PAGE] = "in the file", got[16];
    int f = platform_file_open(t->p, t->path, PLATFORM_WRITE);
    platform_file_write(t->p, f, page, sizeof page);
    platform_file_write(t->p, f, page, 100);
    struct platform_image *image;
    uint64_t size;
    assert_int_equal(platform_image_open(t->p, t->path, &image, &size), 0);
    assert_int_equal(size, PLATFORM_PAGE + 100);
    assert_int_equal(platform_image_read(image, PLATFORM_PAGE + 90, got, 16), 10);
    char *base = platform_reserve(t->p, 0, 4 * PLATFORM_PAGE);
    assert_non_null(base);
    assert_int_equal(platform_image_map(image, 0, base + 1, PLATFORM_PAGE), PLATFORM_EINVAL);
    assert_int_equal(platform_image_map(image, 0, base, 3 * PLATFORM_PAGE), PLATFORM_EINVAL);
    assert_int_equal(platform_image_map(image, 0, base, 2 * PLATFORM_PAGE), 0);
    platform_image_close(image);
    assert_string_equal(base, "in the file");
    strcpy(base, "in memory");
    assert_int_equal(platform_file_seek(t->p, f, 0), 0);
    assert_int_equal(platform_file_read(t->p, f, got, 12), 12);
    assert_string_equal(got, "in the file");
    platform_unreserve(t->p, base, 4 * PLATFORM_PAGE);
}

static void image_that_is_no_file_is_refused(void **state) {
    struct place *t = *state;
    struct platform_image *image;
    uint64_t size;
    assert_int_equal(platform_image_open(t->p, t->path, &image, &size), PLATFORM_ENOENT);
    assert_int_equal(platform_image_open(t->p, t->dir, &image, &size), PLATFORM_EISDIR);
    assert_int_equal(mkfifo(t->path, 0600), 0);
    assert_int_equal(platform_image_open(t->p, t->path, &image, &size), PLATFORM_ENOTSUP);
}

static void memory_is_reserved_committed_and_released(void **state) {
    struct place *t = *state;
    uintptr_t fixed = UINT64_C(0x2f0000000000);
    uint8_t *base = platform_reserve(t->p, fixed, 1 << 20);
    assert_ptr_equal(base, (void *)fixed);
    assert_null(platform_reserve(t->p, fixed, PLATFORM_PAGE));
    assert_int_equal(platform_commit(t->p, base, 1 << 16), 0);
    assert_int_equal(base[100], 0);
    base[100] = 1;
    platform_release(t->p, base, 1 << 16);
    assert_int_equal(base[100], 0);
    platform_unreserve(t->p, base, 1 << 20);
    base = platform_reserve(t->p, fixed, PLATFORM_PAGE);
    assert_ptr_equal(base, (void *)fixed);
    platform_unreserve(t->p, base, PLATFORM_PAGE);
}

static void memory_limit_is_below_what_the_machine_has(void **state) {
    struct place *t = *state;
    uint64_t limit = platform_memory_limit(t->p);
    uint64_t all = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    assert_in_range(limit, 1 << 20, all / 4 * 3 + 1);
}

static void arguments_environment_and_program(void **state) {
    (void)state;
    char *argv[] = {"one", "two", NULL};
    struct hosted_config config = {.argc = 2, .argv = argv, .program_path = "/bin/launcher"};
    struct platform *p = hosted_open(&config);
    assert_int_equal(platform_argc(p), 2);
    assert_string_equal(platform_argv(p, 1), "two");
    assert_null(platform_argv(p, 2));
    setenv("MOTE_TEST_VARIABLE", "value", 1);
    assert_string_equal(platform_getenv(p, "MOTE_TEST_VARIABLE"), "value");
    assert_null(platform_getenv(p, "MOTE_NO_SUCH_VARIABLE"));
    assert_string_equal(platform_program_path(p), "/bin/launcher");
    uint64_t a = 0, b = 0;
    platform_entropy(p, &a, sizeof a);
    platform_entropy(p, &b, sizeof b);
    assert_true(a != b);
    hosted_close(p);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, enter, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(written_bytes_are_read_back),
        TEST(open_says_what_is_wrong),
        TEST(positions_sizes_and_truncation),
        TEST(handles_that_are_not_open_fail),
        TEST(many_files_can_be_open),
        TEST(standard_streams_stay_open_for_the_launcher),
        TEST(standard_output_is_held_back_to_the_end_of_a_line),
        TEST(paths_are_made_renamed_and_removed),
        TEST(directories_are_listed_without_dots),
        TEST(save_replaces_all_at_once_and_keeps_the_mode),
        TEST(aborted_save_leaves_nothing),
        TEST(save_makes_a_new_file),
        TEST(save_through_a_link_replaces_its_target),
        TEST(save_of_large_blocks_arrives_whole),
        TEST(save_says_what_is_wrong),
        TEST(image_is_mapped_copy_on_write),
        TEST(image_that_is_no_file_is_refused),
        TEST(memory_is_reserved_committed_and_released),
        TEST(memory_limit_is_below_what_the_machine_has),
        cmocka_unit_test(arguments_environment_and_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
