/* Saving through the tender: all or nothing, also when it is killed half way. */
#include "tender_fixture.h"

#include "../../include/mote/platform.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char directory[64], image[96], alias[96];

static void put(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void has(const char *text) {
    char got[256] = "";
    FILE *f = fopen(image, "r");
    assert_non_null(f);
    size_t n = fread(got, 1, sizeof got - 1, f);
    fclose(f);
    got[n] = 0;
    assert_string_equal(got, text);
}

static unsigned entries(void) {
    unsigned n = 0;
    DIR *d = opendir(directory);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n;
}

static int make(void **state) {
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/test_tender_save.XXXXXX");
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(image, sizeof image, "%s/a.image", directory);
    snprintf(alias, sizeof alias, "%s/l.image", directory);
    put(image, "old contents");
    chmod(image, 0640);
    return symlink("a.image", alias);
}

static int unmake(void **state) {
    (void)state;
    char path[512];
    DIR *d = opendir(directory);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", directory, e->d_name);
        unlink(path);
    }
    closedir(d);
    return rmdir(directory);
}

static void rig_save(struct rig_tender *r, const char *path) {
    rig_open(r);
    r->config.save_path = path;
    r->config.image = 0;
    assert_int_equal(save_prepare(&r->t), 0);
    assert_true(r->t.save_directory >= 0);
    memcpy(r->t.low + DATA, "new contents, longer", 20);
}

static void rig_end(struct rig_tender *r) {
    close(r->t.save_directory);
    rig_close(r);
}

static void commit_replaces_the_file_behind_the_link(void **state) {
    (void)state;
    struct rig_tender r;
    rig_save(&r, alias);
    assert_int_equal(save_begin(&r.t), 0);
    assert_int_equal(save_begin(&r.t), PLATFORM_EAGAIN);
    assert_int_equal(save_write(&r.t, DATA, 12, UINT64_MAX), 0);
    assert_int_equal(save_write(&r.t, DATA + 12, 8, UINT64_MAX), 0);
    assert_int_equal(save_write(&r.t, DATA + 4, 1, 0), 0); /* "c" over the "n" */
    has("old contents");
    assert_int_equal(save_commit(&r.t), 0);
    has("cew contents, longer");
    struct stat st;
    assert_int_equal(lstat(alias, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(stat(image, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(entries(), 4);
    assert_int_equal(save_commit(&r.t), PLATFORM_EINVAL);
    rig_end(&r);
}

static void abort_leaves_the_old_file_and_nothing_else(void **state) {
    (void)state;
    struct rig_tender r;
    rig_save(&r, image);
    assert_int_equal(save_begin(&r.t), 0);
    assert_int_equal(save_write(&r.t, DATA, 12, UINT64_MAX), 0);
    assert_int_equal(save_abort(&r.t), 0);
    has("old contents");
    assert_int_equal(entries(), 4);
    rig_end(&r);
}

static void what_cannot_be_written_is_refused(void **state) {
    (void)state;
    struct rig_tender r;
    rig_save(&r, image);
    assert_int_equal(save_write(&r.t, DATA, 1, 0), PLATFORM_EINVAL); /* not begun */
    assert_int_equal(save_begin(&r.t), 0);
    static const uint64_t bad[][3] = {{TEXT, 1, 0},
                                      {MOTE_SHARED, 1, 0},
                                      {MOTE_IMAGE_BASE, 1, 0},
                                      {DATA, DATA_BYTES + 1, 0},
                                      {DATA, UINT64_MAX, 0},
                                      {UINT64_MAX, 1, 0},
                                      {DATA, 1, UINT64_MAX - 1},
                                      {DATA, 2, UINT64_C(1) << 63},
                                      {DATA, 2, (UINT64_C(1) << 44) - 1}};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(save_write(&r.t, bad[i][0], bad[i][1], bad[i][2]), PLATFORM_EINVAL);
    save_abort(&r.t);
    has("old contents");
    rig_end(&r);
}

static void no_image_no_saving(void **state) {
    (void)state;
    struct rig_tender r;
    rig_open(&r);
    assert_int_equal(save_prepare(&r.t), 0);
    assert_int_equal(save_begin(&r.t), PLATFORM_ENOTSUP);
    rig_close(&r);
}

/* Killed at some moment of a save: the old file or the new one. (Between naming and
 * renaming, a temporary name may stay.) */
static void kill_leaves_old_or_new(void **state) {
    (void)state;
    bool old = false, fresh = false;
    for (unsigned i = 0; i < 60 && !(old && fresh); i++) {
        put(image, "old contents");
        struct rig_tender r;
        rig_save(&r, image);
        pid_t child = fork();
        if (child == 0) {
            save_begin(&r.t);
            save_write(&r.t, DATA, 20, 0);
            save_commit(&r.t);
            pause();
        }
        usleep(i * i * 10);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        struct stat st;
        assert_int_equal(stat(image, &st), 0);
        assert_true(st.st_size == 12 || st.st_size == 20);
        has(st.st_size == 12 ? "old contents" : "new contents, longer");
        old |= st.st_size == 12;
        fresh |= st.st_size == 20;
        rig_end(&r);
    }
    assert_true(fresh);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(commit_replaces_the_file_behind_the_link, make, unmake),
        cmocka_unit_test_setup_teardown(abort_leaves_the_old_file_and_nothing_else, make, unmake),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_is_refused, make, unmake),
        cmocka_unit_test(no_image_no_saving),
        cmocka_unit_test_setup_teardown(kill_leaves_old_or_new, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
