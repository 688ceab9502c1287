/* FilePlugin and FileAttributesPlugin on a real directory. */
#include "prims_fixture.h"
#include "../../vm/prims/file_state.h"
#include "../../vm/prims/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_BYTES 24

static struct fixture fixture;
static char dir[64];

static int enter(void **state) {
    fixture_open(&fixture);
    strcpy(dir, "/tmp/mote-prims-XXXXXX");
    *state = &fixture;
    return mkdtemp(dir) == NULL;
}

static int leave(void **state) {
    (void)state;
    char command[128];
    file_state_close(&fixture.vm);
    fixture_close(&fixture);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

static prim_fn *find(const struct named_prim *table, const char *name) {
    for (; table->fn != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table->fn;
    fail_msg("no primitive %s", name);
    return NULL;
}

/* Call with the receiver nil; the answer (or the receiver) is left in *answer. */
static int call(const struct named_prim *table, const char *name, oop *answer, unsigned argc,
                const oop *arguments) {
    oop argv[6] = {fixture.vm.heap.nil};
    for (unsigned i = 0; i < argc; i++)
        argv[i + 1] = arguments[i];
    int status = find(table, name)(&fixture.vm, argv, argc);
    *answer = argv[0];
    return status;
}
#define FILE_CALL(name, answer, ...) \
    call(named_file, name, answer, sizeof(oop[]){__VA_ARGS__} / sizeof(oop), (oop[]){__VA_ARGS__})
#define ATTRIBUTE_CALL(name, answer, ...)                                               \
    call(named_file_attributes, name, answer, sizeof(oop[]){__VA_ARGS__} / sizeof(oop), \
         (oop[]){__VA_ARGS__})

static oop string(const char *text) {
    return new_string(&fixture, text);
}
static oop path(const char *name) {
    char text[256];
    snprintf(text, sizeof text, "%s/%s", dir, name);
    return string(text);
}
static oop yes(void) {
    return fixture.vm.heap.true_;
}
static oop no(void) {
    return fixture.vm.heap.false_;
}
static oop nil(void) {
    return fixture.vm.heap.nil;
}

static oop open_file(const char *name, bool writable) {
    oop handle;
    assert_int_equal(FILE_CALL("primitiveFileOpen", &handle, path(name), writable ? yes() : no()),
                     PRIM_OK);
    assert_int_equal(num_bytes(handle), RECORD_BYTES);
    return handle;
}

static void put(const char *name, const char *text) {
    oop handle = open_file(name, true), answer;
    size_t n = strlen(text);
    assert_int_equal(FILE_CALL("primitiveFileWrite", &answer, handle, string(text), smallint(1),
                               smallint((int64_t)n)),
                     PRIM_OK);
    assert_int_equal(answer, smallint((int64_t)n));
    assert_int_equal(FILE_CALL("primitiveFileClose", &answer, handle), PRIM_OK);
}

static bool bytes_are(oop o, const char *text) {
    return num_bytes(o) == strlen(text) && memcmp(object_bytes(o), text, strlen(text)) == 0;
}

/* ---- FilePlugin ------------------------------------------------------------------ */

static void what_is_written_is_read(void **state) {
    (void)state;
    put("file", "hello world");
    oop handle = open_file("file", false), answer, buffer = string("..............");
    assert_int_equal(
        FILE_CALL("primitiveFileRead", &answer, handle, buffer, smallint(3), smallint(5)), PRIM_OK);
    assert_int_equal(answer, smallint(5));
    assert_true(bytes_are(buffer, "..hello......."));
    assert_int_equal(FILE_CALL("primitiveFileGetPosition", &answer, handle), PRIM_OK);
    assert_int_equal(answer, smallint(5));
    assert_int_equal(FILE_CALL("primitiveFileAtEnd", &answer, handle), PRIM_OK);
    assert_int_equal(answer, no());
    assert_int_equal(FILE_CALL("primitiveFileSetPosition", &answer, handle, smallint(6)), PRIM_OK);
    assert_int_equal(
        FILE_CALL("primitiveFileRead", &answer, handle, buffer, smallint(1), smallint(14)),
        PRIM_OK);
    assert_int_equal(answer, smallint(5));
    assert_int_equal(FILE_CALL("primitiveFileAtEnd", &answer, handle), PRIM_OK);
    assert_int_equal(answer, yes());
    assert_int_equal(FILE_CALL("primitiveFileSize", &answer, handle), PRIM_OK);
    assert_int_equal(answer, smallint(11));
}

static void counts_are_in_elements(void **state) {
    (void)state;
    put("file", "abcdefghijklmnop");
    oop handle = open_file("file", false), answer;
    oop words = heap_new_bits(&fixture.vm.heap, 2, FORMAT_32, CLASS_INDEX_BITMAP);
    assert_int_equal(
        FILE_CALL("primitiveFileRead", &answer, handle, words, smallint(2), smallint(3)), PRIM_OK);
    assert_int_equal(answer, smallint(3));
    assert_memory_equal(object_bytes(words), "\0\0\0\0abcdefghijkl", 16);
    assert_int_equal(
        FILE_CALL("primitiveFileRead", &answer, handle, words, smallint(2), smallint(4)),
        PRIM_BAD_INDEX);
}

static void ranges_outside_the_object_fail(void **state) {
    (void)state;
    put("file", "abc");
    oop handle = open_file("file", false), answer, buffer = string("....");
    oop huge = prim_new_uint64(&fixture.vm, UINT64_MAX);
    const oop bad[][2] = {{smallint(0), smallint(1)},
                          {smallint(1), smallint(5)},
                          {smallint(5), smallint(1)},
                          {smallint(6), smallint(0)},
                          {huge, huge},
                          {smallint(2), huge}};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(
            FILE_CALL("primitiveFileRead", &answer, handle, buffer, bad[i][0], bad[i][1]),
            PRIM_BAD_INDEX);
    assert_int_equal(
        FILE_CALL("primitiveFileRead", &answer, handle, buffer, smallint(-1), smallint(1)),
        PRIM_BAD_ARGUMENT);
    assert_int_equal(
        FILE_CALL("primitiveFileRead", &answer, handle, nil(), smallint(1), smallint(0)),
        PRIM_BAD_ARGUMENT);
    assert_int_equal(
        FILE_CALL("primitiveFileRead", &answer, handle, smallint(3), smallint(1), smallint(1)),
        PRIM_BAD_ARGUMENT);
    assert_int_equal(
        FILE_CALL("primitiveFileRead", &answer, handle, buffer, smallint(5), smallint(0)), PRIM_OK);
    assert_true(bytes_are(buffer, "...."));
    make_immutable(buffer);
    assert_int_equal(
        FILE_CALL("primitiveFileRead", &answer, handle, buffer, smallint(1), smallint(1)),
        PRIM_NO_MODIFICATION);
}

static void stale_closed_and_forged_handles_fail(void **state) {
    (void)state;
    put("file", "abc");
    oop handle = open_file("file", false), answer;
    uint8_t copy[RECORD_BYTES];
    memcpy(copy, object_bytes(handle), sizeof copy);
    object_bytes(handle)[0] ^= 1; /* of another session */
    assert_int_equal(FILE_CALL("primitiveFileSize", &answer, handle), PRIM_FAIL);
    object_bytes(handle)[0] ^= 1;
    assert_int_equal(FILE_CALL("primitiveFileClose", &answer, handle), PRIM_OK);
    assert_int_equal(FILE_CALL("primitiveFileClose", &answer, handle), PRIM_FAIL);
    assert_int_equal(FILE_CALL("primitiveFileSize", &answer, handle), PRIM_FAIL);
    oop forged = new_bytes_of(&fixture, copy, sizeof copy);
    assert_int_equal(FILE_CALL("primitiveFileSize", &answer, forged), PRIM_FAIL);
    object_bytes(forged)[14] = 0xff;
    assert_int_equal(FILE_CALL("primitiveFileSize", &answer, forged), PRIM_FAIL);
    assert_int_equal(FILE_CALL("primitiveFileSize", &answer, string("short")), PRIM_BAD_ARGUMENT);
    assert_int_equal(FILE_CALL("primitiveFileSize", &answer, smallint(1)), PRIM_BAD_ARGUMENT);
}

static void opening_fails_with_the_standard_codes(void **state) {
    (void)state;
    oop answer;
    char nul[] = "a\0b";
    assert_int_equal(FILE_CALL("primitiveFileOpen", &answer, path("none"), no()), PRIM_FAIL);
    assert_int_equal(FILE_CALL("primitiveFileOpen", &answer, path("none"), nil()), PRIM_FAIL);
    assert_int_equal(FILE_CALL("primitiveFileOpen", &answer, nil(), no()), PRIM_FAIL);
    assert_int_equal(FILE_CALL("primitiveFileOpen", &answer, new_bytes_of(&fixture, nul, 3), yes()),
                     PRIM_FAIL);
    oop endless = heap_new_bytes(&fixture.vm.heap, 100000, CLASS_INDEX_BYTE_STRING);
    memset(object_bytes(endless), 'a', 100000);
    assert_int_equal(FILE_CALL("primitiveFileOpen", &answer, endless, no()), PRIM_FAIL);
    put("file", "x");
    assert_int_equal(FILE_CALL("primitiveFileOpenNew", &answer, path("file")), PRIM_INAPPROPRIATE);
    assert_int_equal(FILE_CALL("primitiveFileOpenNew", &answer, path("new")), PRIM_OK);
    assert_int_equal(FILE_CALL("primitiveFileOpen", &answer, path("file")), PRIM_FAIL);
    oop handle = open_file("file", false);
    assert_int_equal(
        FILE_CALL("primitiveFileWrite", &answer, handle, string("x"), smallint(1), smallint(1)),
        PRIM_FAIL);
}

static void truncation_sync_rename_and_deletion(void **state) {
    (void)state;
    put("file", "0123456789");
    oop handle = open_file("file", true), answer;
    assert_int_equal(FILE_CALL("primitiveFileTruncate", &answer, handle, smallint(4)), PRIM_OK);
    assert_int_equal(FILE_CALL("primitiveFileFlush", &answer, handle), PRIM_OK);
    assert_int_equal(FILE_CALL("primitiveFileSync", &answer, handle), PRIM_OK);
    assert_int_equal(FILE_CALL("primitiveFileSize", &answer, handle), PRIM_OK);
    assert_int_equal(answer, smallint(4));
    assert_int_equal(FILE_CALL("primitiveFileClose", &answer, handle), PRIM_OK);
    assert_int_equal(FILE_CALL("primitiveFileRename", &answer, path("file"), path("moved")),
                     PRIM_OK);
    assert_int_equal(FILE_CALL("primitiveFileRename", &answer, path("file"), path("moved")),
                     PRIM_FAIL);
    assert_int_equal(FILE_CALL("primitiveFileDelete", &answer, path("moved")), PRIM_OK);
    assert_int_equal(FILE_CALL("primitiveFileDelete", &answer, path("moved")), PRIM_FAIL);
    assert_int_equal(FILE_CALL("primitiveFileDelete", &answer, nil()), PRIM_BAD_ARGUMENT);
    assert_int_equal(FILE_CALL("primitiveDirectoryCreate", &answer, path("d")), PRIM_OK);
    assert_int_equal(FILE_CALL("primitiveFileDelete", &answer, path("d")), PRIM_OK);
}

static void standard_streams_are_three_handles(void **state) {
    (void)state;
    oop answer, size;
    assert_int_equal(call(named_file, "primitiveFileStdioHandles", &answer, 0, NULL), PRIM_OK);
    assert_int_equal(num_slots(answer), 3);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(num_bytes(fetch_slot(answer, i)), RECORD_BYTES);
    assert_int_equal(FILE_CALL("primitiveFileSize", &size, fetch_slot(answer, 1)), PRIM_OK);
    assert_int_equal(size, smallint(0));
    oop type;
    assert_int_equal(FILE_CALL("primitiveFileDescriptorType", &type, smallint(0)), PRIM_OK);
    assert_in_range(smallint_value(type), 1, 3);
    assert_int_equal(FILE_CALL("primitiveFileDescriptorType", &type, smallint(77)), PRIM_OK);
    assert_int_equal(type, smallint(-1));
    assert_int_equal(FILE_CALL("primitiveFileDescriptorType", &type, nil()), PRIM_BAD_ARGUMENT);
}

static void end_of_a_pipe_is_seen_without_losing_a_byte(void **state) {
    (void)state;
    int ends[2], saved = dup(0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "abcd", 4), 4);
    close(ends[1]);
    dup2(ends[0], 0);
    oop handles, answer, buffer = string("......");
    call(named_file, "primitiveFileStdioHandles", &handles, 0, NULL);
    oop input = fetch_slot(handles, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(FILE_CALL("primitiveFileAtEnd", &answer, input), PRIM_OK);
        assert_int_equal(answer, no());
    }
    assert_int_equal(
        FILE_CALL("primitiveFileRead", &answer, input, buffer, smallint(1), smallint(6)), PRIM_OK);
    assert_int_equal(answer, smallint(4));
    assert_true(bytes_are(buffer, "abcd.."));
    assert_int_equal(FILE_CALL("primitiveFileAtEnd", &answer, input), PRIM_OK);
    assert_int_equal(answer, yes());
    dup2(saved, 0);
    close(saved);
    close(ends[0]);
}

static void directories_are_listed_by_index_and_name(void **state) {
    (void)state;
    oop answer;
    put("one", "1");
    put("two", "22");
    assert_int_equal(FILE_CALL("primitiveDirectoryCreate", &answer, path("three")), PRIM_OK);
    unsigned seen = 0;
    for (int64_t i = 1;; i++) {
        assert_int_equal(FILE_CALL("primitiveDirectoryLookup", &answer, string(dir), smallint(i)),
                         PRIM_OK);
        if (answer == nil())
            break;
        assert_int_equal(num_slots(answer), 5);
        oop name = fetch_slot(answer, 0);
        seen |= bytes_are(name, "one") ? 1 : bytes_are(name, "two") ? 2 : 4;
        assert_int_equal(fetch_slot(answer, 3), bytes_are(name, "three") ? yes() : no());
    }
    assert_int_equal(seen, 7);
    /* Backwards too, though that takes a pass each. */
    assert_int_equal(FILE_CALL("primitiveDirectoryLookup", &answer, string(dir), smallint(3)),
                     PRIM_OK);
    assert_true(answer != nil());
    assert_int_equal(FILE_CALL("primitiveDirectoryLookup", &answer, string(dir), smallint(1)),
                     PRIM_OK);
    assert_true(answer != nil());
    assert_int_equal(FILE_CALL("primitiveDirectoryLookup", &answer, string(dir), smallint(99)),
                     PRIM_OK);
    assert_int_equal(answer, nil());
    assert_int_equal(FILE_CALL("primitiveDirectoryLookup", &answer, path("none"), smallint(1)),
                     PRIM_FAIL);
    assert_int_equal(FILE_CALL("primitiveDirectoryLookup", &answer, string(dir), smallint(0)),
                     PRIM_FAIL);

    assert_int_equal(FILE_CALL("primitiveDirectoryEntry", &answer, string(dir), string("two")),
                     PRIM_OK);
    assert_int_equal(fetch_slot(answer, 4), smallint(2));
    int64_t modified = smallint_value(fetch_slot(answer, 2));
    int64_t now = platform_wall_us(fixture.vm.platform) / 1000000 + INT64_C(2177452800) +
                  platform_utc_offset(fixture.vm.platform);
    assert_in_range(now - modified + 100, 0, 200);
    assert_int_equal(FILE_CALL("primitiveDirectoryEntry", &answer, string(dir), string("none")),
                     PRIM_OK);
    assert_int_equal(answer, nil());
    assert_int_equal(FILE_CALL("primitiveDirectoryDelete", &answer, path("three")), PRIM_OK);
    assert_int_equal(call(named_file, "primitiveDirectoryDelimitor", &answer, 0, NULL), PRIM_OK);
    assert_int_equal(answer, character('/'));
}

static void mac_types_are_checked_and_left_alone(void **state) {
    (void)state;
    oop answer, file = path("file"), four = string("TEXT"), five = string("TEXTS");
    assert_int_equal(FILE_CALL("primitiveDirectorySetMacTypeAndCreator", &answer, file, four, four),
                     PRIM_OK);
    assert_int_equal(FILE_CALL("primitiveDirectorySetMacTypeAndCreator", &answer, file, four, five),
                     PRIM_FAIL);
    assert_int_equal(FILE_CALL("primitiveDirectoryGetMacTypeAndCreator", &answer, file, four, four),
                     PRIM_OK);
    assert_true(bytes_are(four, "TEXT"));
}

static void file_access_can_be_given_up(void **state) {
    (void)state;
    oop answer;
    put("file", "x");
    call(named_file, "primitiveHasFileAccess", &answer, 0, NULL);
    assert_int_equal(answer, yes());
    assert_int_equal(call(named_file, "primitiveDisableFileAccess", &answer, 0, NULL), PRIM_OK);
    call(named_file, "primitiveHasFileAccess", &answer, 0, NULL);
    assert_int_equal(answer, no());
    assert_int_equal(FILE_CALL("primitiveFileOpen", &answer, path("file"), no()), PRIM_FAIL);
    assert_int_equal(FILE_CALL("primitiveFileDelete", &answer, path("file")), PRIM_FAIL);
    assert_int_equal(call(named_file, "primitiveFileStdioHandles", &answer, 0, NULL),
                     PRIM_UNSUPPORTED);
}

static void handles_of_two_vms_are_apart(void **state) {
    (void)state;
    put("file", "x");
    oop handle = open_file("file", false), answer;
    struct file_state *s = file_state(&fixture.vm);
    int32_t session = s->session;
    assert_true(session != 0);
    s->session = session ^ 1; /* what another VM, or this image after a restart, has */
    assert_int_equal(FILE_CALL("primitiveFileAtEnd", &answer, handle), PRIM_FAIL);
    s->session = session;
    assert_int_equal(FILE_CALL("primitiveFileAtEnd", &answer, handle), PRIM_OK);
}

/* ---- FileAttributesPlugin ---------------------------------------------------------- */

static void attributes_one_by_one_and_together(void **state) {
    (void)state;
    oop answer;
    put("file", "four");
    assert_int_equal(ATTRIBUTE_CALL("primitiveChangeMode", &answer, path("file"), smallint(0640)),
                     PRIM_OK);
    assert_int_equal(ATTRIBUTE_CALL("primitiveFileAttribute", &answer, path("file"), smallint(2)),
                     PRIM_OK);
    assert_int_equal(answer, smallint(S_IFREG | 0640));
    assert_int_equal(ATTRIBUTE_CALL("primitiveFileAttribute", &answer, path("file"), smallint(8)),
                     PRIM_OK);
    assert_int_equal(answer, smallint(4));
    assert_int_equal(ATTRIBUTE_CALL("primitiveFileAttribute", &answer, path("file"), smallint(13)),
                     PRIM_OK);
    assert_int_equal(answer, yes());
    assert_int_equal(ATTRIBUTE_CALL("primitiveFileAttribute", &answer, path("file"), smallint(16)),
                     PRIM_OK);
    assert_int_equal(answer, no());
    assert_int_equal(ATTRIBUTE_CALL("primitiveFileAttributes", &answer, path("file"), smallint(1)),
                     PRIM_OK);
    assert_int_equal(num_slots(answer), 13);
    assert_int_equal(fetch_slot(answer, 0), nil());
    assert_int_equal(fetch_slot(answer, 1), smallint(S_IFREG | 0640));
    assert_int_equal(fetch_slot(answer, 7), smallint(4));
    assert_int_equal(fetch_slot(answer, 11), nil());
    assert_int_equal(ATTRIBUTE_CALL("primitiveFileAttributes", &answer, path("file"), smallint(2)),
                     PRIM_OK);
    assert_int_equal(num_slots(answer), 3);
    assert_int_equal(ATTRIBUTE_CALL("primitiveFileAttributes", &answer, path("file"), smallint(3)),
                     PRIM_OK);
    assert_int_equal(num_slots(answer), 2);
    assert_int_equal(num_slots(fetch_slot(answer, 0)), 13);
}

static void attributes_of_a_link_name_its_target(void **state) {
    (void)state;
    oop answer;
    char link[256];
    snprintf(link, sizeof link, "%s/link", dir);
    assert_int_equal(symlink("nowhere", link), 0);
    assert_int_equal(ATTRIBUTE_CALL("primitiveFileAttribute", &answer, path("link"), smallint(16)),
                     PRIM_OK);
    assert_int_equal(answer, yes());
    assert_int_equal(ATTRIBUTE_CALL("primitiveFileAttributes", &answer, path("link"), smallint(5)),
                     PRIM_OK);
    assert_true(bytes_are(fetch_slot(answer, 0), "nowhere"));
    assert_int_equal(ATTRIBUTE_CALL("primitiveFileAttributes", &answer, path("link"), smallint(1)),
                     PRIM_OS_ERROR);
    assert_int_equal(fixture.vm.os_error, -3);
    assert_int_equal(ATTRIBUTE_CALL("primitiveFileExists", &answer, path("link")), PRIM_OK);
    assert_int_equal(answer, no());
}

static void attribute_failures_have_the_plugins_codes(void **state) {
    (void)state;
    oop answer, endless = heap_new_bytes(&fixture.vm.heap, 4096, CLASS_INDEX_BYTE_ARRAY);
    memset(object_bytes(endless), 'a', 4096);
    assert_int_equal(ATTRIBUTE_CALL("primitiveFileExists", &answer, endless), PRIM_OS_ERROR);
    assert_int_equal(fixture.vm.os_error, -1);
    assert_int_equal(ATTRIBUTE_CALL("primitiveFileExists", &answer, nil()), PRIM_BAD_ARGUMENT);
    assert_int_equal(ATTRIBUTE_CALL("primitiveFileAttribute", &answer, path("x"), smallint(0)),
                     PRIM_BAD_ARGUMENT);
    assert_int_equal(ATTRIBUTE_CALL("primitiveFileAttribute", &answer, path("x"), smallint(17)),
                     PRIM_BAD_ARGUMENT);
    assert_int_equal(ATTRIBUTE_CALL("primitiveFileAttributes", &answer, path("x"), smallint(0)),
                     PRIM_OS_ERROR);
    assert_int_equal(fixture.vm.os_error, -6);
    assert_int_equal(ATTRIBUTE_CALL("primitiveChangeMode", &answer, path("x"), smallint(0)),
                     PRIM_OS_ERROR);
    assert_int_equal(fixture.vm.os_error, 2); /* ENOENT */
    assert_int_equal(ATTRIBUTE_CALL("primitiveOpendir", &answer, path("x")), PRIM_OS_ERROR);
    assert_int_equal(fixture.vm.os_error, -9);
}

static void directory_is_read_rewound_and_closed(void **state) {
    (void)state;
    oop entry, next, answer;
    assert_int_equal(ATTRIBUTE_CALL("primitiveOpendir", &entry, string(dir)), PRIM_OK);
    assert_int_equal(entry, nil()); /* it is empty */
    put("a", "1");
    put("b", "22");
    assert_int_equal(ATTRIBUTE_CALL("primitiveOpendir", &entry, string(dir)), PRIM_OK);
    assert_int_equal(num_slots(entry), 3);
    assert_int_equal(num_bytes(fetch_slot(entry, 0)), 1);
    assert_int_equal(num_slots(fetch_slot(entry, 1)), 13);
    oop handle = fetch_slot(entry, 2);
    assert_int_equal(ATTRIBUTE_CALL("primitiveReaddir", &next, handle), PRIM_OK);
    assert_true(*object_bytes(fetch_slot(next, 0)) != *object_bytes(fetch_slot(entry, 0)));
    assert_int_equal(fetch_slot(next, 2), nil());
    assert_int_equal(ATTRIBUTE_CALL("primitiveReaddir", &answer, handle), PRIM_OK);
    assert_int_equal(answer, nil());
    assert_int_equal(ATTRIBUTE_CALL("primitiveRewinddir", &next, handle), PRIM_OK);
    assert_int_equal(*object_bytes(fetch_slot(next, 0)), *object_bytes(fetch_slot(entry, 0)));
    assert_int_equal(ATTRIBUTE_CALL("primitiveClosedir", &answer, handle), PRIM_OK);
    assert_int_equal(answer, handle);
    assert_int_equal(ATTRIBUTE_CALL("primitiveReaddir", &answer, handle), PRIM_OS_ERROR);
    assert_int_equal(ATTRIBUTE_CALL("primitiveClosedir", &answer, handle), PRIM_OS_ERROR);
    object_bytes(handle)[0] ^= 1;
    assert_int_equal(ATTRIBUTE_CALL("primitiveReaddir", &answer, handle), PRIM_OS_ERROR);
    assert_int_equal(fixture.vm.os_error, -17);
    assert_int_equal(ATTRIBUTE_CALL("primitiveReaddir", &answer, string("short")),
                     PRIM_BAD_ARGUMENT);
    assert_int_equal(ATTRIBUTE_CALL("primitiveClosedir", &answer, nil()), PRIM_BAD_ARGUMENT);
}

static void an_old_directory_handle_does_not_reach_a_new_one(void **state) {
    (void)state;
    oop first, second, answer;
    put("a", "1");
    assert_int_equal(ATTRIBUTE_CALL("primitiveOpendir", &first, string(dir)), PRIM_OK);
    assert_int_equal(ATTRIBUTE_CALL("primitiveClosedir", &answer, fetch_slot(first, 2)), PRIM_OK);
    assert_int_equal(ATTRIBUTE_CALL("primitiveOpendir", &second, string(dir)), PRIM_OK);
    assert_int_equal(ATTRIBUTE_CALL("primitiveReaddir", &answer, fetch_slot(first, 2)),
                     PRIM_OS_ERROR);
    assert_int_equal(ATTRIBUTE_CALL("primitiveReaddir", &answer, fetch_slot(second, 2)), PRIM_OK);
}

static void masks_paths_and_version(void **state) {
    (void)state;
    oop answer;
    assert_int_equal(call(named_file_attributes, "primitiveFileMasks", &answer, 0, NULL), PRIM_OK);
    assert_int_equal(num_slots(answer), 8);
    assert_int_equal(fetch_slot(answer, 0), smallint(S_IFMT));
    assert_int_equal(fetch_slot(answer, 5), smallint(S_IFDIR));
    assert_int_equal(call(named_file_attributes, "primitivePathMax", &answer, 0, NULL), PRIM_OK);
    assert_int_equal(answer, smallint(4096));
    assert_int_equal(ATTRIBUTE_CALL("primitiveStToPlatPath", &answer, string("/tmp/\xc3\xa4")),
                     PRIM_OK);
    assert_true(bytes_are(answer, "/tmp/\xc3\xa4"));
    assert_int_equal(call(named_file_attributes, "primitiveLogicalDrives", &answer, 0, NULL),
                     PRIM_FAIL);
    assert_int_equal(call(named_file_attributes, "primitiveVersionString", &answer, 0, NULL),
                     PRIM_OK);
    assert_true(bytes_are(answer, "2.0.9"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, enter, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read),
        TEST(counts_are_in_elements),
        TEST(ranges_outside_the_object_fail),
        TEST(stale_closed_and_forged_handles_fail),
        TEST(opening_fails_with_the_standard_codes),
        TEST(truncation_sync_rename_and_deletion),
        TEST(standard_streams_are_three_handles),
        TEST(end_of_a_pipe_is_seen_without_losing_a_byte),
        TEST(directories_are_listed_by_index_and_name),
        TEST(mac_types_are_checked_and_left_alone),
        TEST(file_access_can_be_given_up),
        TEST(handles_of_two_vms_are_apart),
        TEST(attributes_one_by_one_and_together),
        TEST(attributes_of_a_link_name_its_target),
        TEST(attribute_failures_have_the_plugins_codes),
        TEST(directory_is_read_rewound_and_closed),
        TEST(an_old_directory_handle_does_not_reach_a_new_one),
        TEST(masks_paths_and_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
