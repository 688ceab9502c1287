/* The cache of canonical images: which file is mapped, when an entry is made,
 * when it is not used. */
#include "image_fixture.h"
#include "../../host/mote/cache.h"
#include "../../host/mote/cache_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct fixture {
    char folder[64], image[128], cache[128], path[4096], error[512];
};

static void write_file(const char *path, const void *data, size_t size) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    struct tiny t;
    size_t size;
    snprintf(f->folder, sizeof f->folder, "/tmp/mote-cache-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->image, sizeof f->image, "%s/a.image", f->folder);
    snprintf(f->cache, sizeof f->cache, "%s/cache/deep", f->folder);
    setenv("XDG_CACHE_HOME", f->cache, 1);
    tiny_standard(&t, true);
    uint8_t *file = tiny_finish(&t, &size);
    write_file(f->image, file, size);
    free(file);
    tiny_free(&t);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    char command[128];
    snprintf(command, sizeof command, "chmod -R u+rwx %s; rm -rf %s", f->folder, f->folder);
    int status = system(command);
    free(f);
    return status;
}

static int ask(struct fixture *f) {
    return cache_canonical_path(f->image, f->path, sizeof f->path, f->error, sizeof f->error);
}

static unsigned count_entries(struct fixture *f) {
    char path[256];
    unsigned count = 0;
    snprintf(path, sizeof path, "%s/mote", f->cache);
    DIR *d = opendir(path);
    for (struct dirent *e = d == NULL ? NULL : readdir(d); e != NULL; e = readdir(d))
        count += e->d_name[0] != '.';
    if (d != NULL)
        closedir(d);
    return count;
}

static void a_foreign_image_gets_one_private_canonical_entry(void **state) {
    struct fixture *f = *state;
    struct stat st;
    char first[4096];
    assert_int_equal(ask(f), CACHE_OK);
    assert_int_equal(strncmp(f->path, f->cache, strlen(f->cache)), 0);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    char folder[256];
    snprintf(folder, sizeof folder, "%s/mote", f->cache);
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    snprintf(first, sizeof first, "%s", f->path);
    assert_int_equal(ask(f), CACHE_OK);
    assert_string_equal(first, f->path);
    assert_int_equal(count_entries(f), 1);
    /* An entry is canonical, so it stands for itself. */
    snprintf(f->image, sizeof f->image, "%s", first);
    assert_int_equal(ask(f), CACHE_OK);
    assert_string_equal(first, f->path);
}

static void a_changed_image_gets_a_new_entry_and_the_old_one_goes(void **state) {
    struct fixture *f = *state;
    char first[4096];
    assert_int_equal(ask(f), CACHE_OK);
    snprintf(first, sizeof first, "%s", f->path);
    struct timespec times[2] = {{1, 0}, {1, 0}};
    assert_int_equal(utimensat(AT_FDCWD, f->image, times, 0), 0);
    assert_int_equal(ask(f), CACHE_OK);
    assert_string_not_equal(first, f->path);
    assert_int_equal(count_entries(f), 1);
    assert_int_not_equal(access(first, F_OK), 0);
}

static void a_damaged_entry_is_made_anew(void **state) {
    struct fixture *f = *state;
    struct stat st;
    assert_int_equal(ask(f), CACHE_OK);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(truncate(f->path, st.st_size - 8), 0);
    assert_int_equal(ask(f), CACHE_OK);
    off_t size = st.st_size;
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_size, size);
}

static void without_a_place_for_it_there_is_no_cache(void **state) {
    struct fixture *f = *state;
    setenv("XDG_CACHE_HOME", "/dev/null/nowhere", 1);
    assert_int_equal(ask(f), CACHE_NONE);
    assert_non_null(strstr(f->error, "cache: "));
    unsetenv("XDG_CACHE_HOME");
    setenv("HOME", "relative", 1);
    assert_int_equal(ask(f), CACHE_NONE);
}

static void a_folder_that_others_may_write_is_not_used(void **state) {
    struct fixture *f = *state;
    char folder[256];
    assert_int_equal(ask(f), CACHE_OK);
    snprintf(folder, sizeof folder, "%s/mote", f->cache);
    assert_int_equal(chmod(folder, 0777), 0);
    assert_int_equal(ask(f), CACHE_NONE);
}

static void bad_images_and_missing_files_are_said(void **state) {
    struct fixture *f = *state;
    struct stat st;
    assert_int_equal(stat(f->image, &st), 0);
    /* Deep damage: a bit of the last object's pointers. */
    int fd = open(f->image, O_RDWR);
    uint64_t bad = 0x1237;
    assert_int_equal(pwrite(fd, &bad, 8, st.st_size - 64), 8);
    close(fd);
    assert_int_equal(ask(f), CACHE_BAD_IMAGE);
    assert_int_equal(strncmp(f->error, f->image, strlen(f->image)), 0);
    assert_non_null(strstr(f->error, ": offset 0x"));
    assert_int_equal(count_entries(f), 0);
    assert_int_equal(truncate(f->image, 100), 0);
    assert_int_equal(ask(f), CACHE_BAD_IMAGE);
    assert_non_null(strstr(f->error, ": header: truncated"));
    assert_int_equal(truncate(f->image, 0), 0);
    assert_int_equal(ask(f), CACHE_BAD_IMAGE);
    assert_non_null(strstr(f->error, "empty"));
    assert_int_equal(unlink(f->image), 0);
    assert_int_equal(ask(f), CACHE_NO_INPUT);
    assert_non_null(strstr(f->error, ": open: No such file"));
    assert_int_equal(mkdir(f->image, 0700), 0);
    assert_int_equal(ask(f), CACHE_NO_INPUT);
    assert_non_null(strstr(f->error, "Is a directory"));
    assert_int_equal(rmdir(f->image), 0);
    assert_int_equal(mkfifo(f->image, 0600), 0);
    assert_int_equal(ask(f), CACHE_NO_INPUT);
    assert_non_null(strstr(f->error, "not a regular file"));
}

static void trimming_removes_useless_and_oldest_entries_only(void **state) {
    (void)state;
    struct cache_store store;
    struct tiny {
        const char *name;
        long age;
        bool stays;
    } files[] = {
        {"v2-1-2-3-4.5-6.7.image", 100, true},
        {"v2-1-9-3-4.5-6.7.image", 300000, true},
        {"v2-1-8-3-4.5-6.7.image", 400000, false},
        {"v2-7-7-3-4.5-6.7.image", 0, true}, /* kept by name */
        {"v2-7-7-2-4.5-6.7.image", 0, false},
        {"v0-1-2-3-4.5-6.7.image", 0, false},
        {"v2-1-2-3-4.5-6.8.image.Xy12ab", 100, true},
        {"v2-1-2-3-4.5-6.9.image.Xy12ab", 200000, false},
        {"something else", 1000000, true},
    };
    char path[4096 + 300], data[8192] = {0};
    assert_true(cache_store_open(&store));
    for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", store.directory, files[i].name);
        write_file(path, data, sizeof data);
        struct timespec times[2] = {{time(NULL) - files[i].age, 0}, {time(NULL) - files[i].age, 0}};
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    }
    snprintf(path, sizeof path, "%s/%s", store.directory, files[3].name);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    cache_store_trim(&store, path, (uint64_t)st.st_blocks * 512 * 4);
    for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", store.directory, files[i].name);
        if ((access(path, F_OK) == 0) != files[i].stays)
            fail_msg("%s", files[i].name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(a_foreign_image_gets_one_private_canonical_entry),
        T(a_changed_image_gets_a_new_entry_and_the_old_one_goes),
        T(a_damaged_entry_is_made_anew),
        T(without_a_place_for_it_there_is_no_cache),
        T(a_folder_that_others_may_write_is_not_used),
        T(bad_images_and_missing_files_are_said),
        T(trimming_removes_useless_and_oldest_entries_only),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
