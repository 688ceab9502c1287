/* Line tables: rows, files and directories, forms, damaged and foreign tables. */
#include "report_fixture.h"

enum { MD5 = 5 };

/* The header that clang-19 writes: directories of line strings, files of line
 * strings, directory numbers and checksums. */
static size_t open_table(struct fixture *f, unsigned version) {
    static const uint8_t operands[] = {0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1};
    struct bytes *b = &f->lines;
    size_t start = open_length(b);
    put(b, version, 2), put(b, 8, 1), put(b, 0, 1);
    size_t header = open_length(b);
    put(b, 1, 1), put(b, 1, 1), put(b, 1, 1);
    put(b, (uint8_t)-5, 1), put(b, 14, 1), put(b, 13, 1);
    for (unsigned i = 0; i < sizeof operands; i++)
        put(b, operands[i], 1);
    static const char *const directories[] = {"/home/ann/mote", "vm/memory",
                                              "/home/ann/mote/include", "/usr/include/bits"};
    static const struct {
        const char *name;
        unsigned directory;
    } files[] = {{"vm/main.c", 0}, {"heap.c", 1}, {"abi.h", 2}, {"types.h", 3}, {"/abs/gen.c", 1}};
    put(b, 1, 1), put_unsigned(b, 1), put_unsigned(b, 0x1f);
    put_unsigned(b, 4);
    for (unsigned i = 0; i < 4; i++) {
        put(b, f->line_strings.size, 4);
        put_text(&f->line_strings, directories[i]);
    }
    put(b, 3, 1), put_unsigned(b, 1), put_unsigned(b, 0x1f);
    put_unsigned(b, 2), put_unsigned(b, 0x0b), put_unsigned(b, MD5), put_unsigned(b, 0x1e);
    put_unsigned(b, 5);
    for (unsigned i = 0; i < 5; i++) {
        put(b, f->line_strings.size, 4);
        put_text(&f->line_strings, files[i].name);
        put(b, files[i].directory, 1);
        put(b, 0, 8), put(b, 0, 8);
    }
    close_length(b, header);
    return start;
}

static void set_address(struct bytes *b, uint64_t address) {
    put(b, 0, 1), put_unsigned(b, 9), put(b, 2, 1), put(b, address, 8);
}

static void set_file(struct bytes *b, unsigned file) {
    put(b, 4, 1), put_unsigned(b, file);
}

/* A special opcode. */
static void step(struct bytes *b, unsigned bytes, int lines) {
    put(b, (uint64_t)(13 + (int)bytes * 14 + lines + 5), 1);
}

static void end_sequence(struct bytes *b) {
    put(b, 0, 1), put_unsigned(b, 1), put(b, 1, 1);
}

static void add_program(struct bytes *b) {
    set_address(b, TEXT);
    set_file(b, 0);
    put(b, 3, 1), put_signed(b, 99);  /* advance_line: 100 */
    put(b, 1, 1);                     /* copy */
    step(b, 4, 3);                    /* TEXT + 4: 103 */
    put(b, 5, 1), put_unsigned(b, 7); /* column */
    put(b, 6, 1);                     /* negate_stmt */
    set_file(b, 1);
    put(b, 2, 1), put_unsigned(b, 0x20); /* advance_pc */
    put(b, 3, 1), put_signed(b, -90);    /* 13 */
    put(b, 1, 1);                        /* TEXT + 0x24 */
    set_file(b, 2);
    put(b, 8, 1);                                                    /* const_add_pc: 17 */
    step(b, 0, -1);                                                  /* TEXT + 0x35: 12 */
    put(b, 0, 1), put_unsigned(b, 3), put(b, 0x80, 1), put(b, 0, 2); /* a vendor's */
    set_file(b, 3);
    put(b, 9, 1), put(b, 0x100, 2); /* fixed_advance_pc */
    put(b, 10, 1);                  /* prologue_end */
    step(b, 1, 0);                  /* TEXT + 0x136: 12 */
    set_file(b, 4);
    step(b, 10, 0); /* TEXT + 0x140: 12, and at once again: the last one counts */
    put(b, 3, 1), put_signed(b, -12);
    put(b, 1, 1);
    put(b, 2, 1), put_unsigned(b, 0x10);
    end_sequence(b); /* TEXT + 0x150 */
}

static struct line find(struct fixture *f, uint64_t address) {
    struct line line = {.address = address};
    lines_find(&f->sections, &line, 1);
    return line;
}

static void assert_line(struct fixture *f, uint64_t address, const char *file, unsigned number) {
    struct line line = find(f, address);
    assert_true(line.found);
    assert_string_equal(line.file, file);
    assert_int_equal(line.number, number);
}

static void assert_no_line(struct fixture *f, uint64_t address) {
    struct line line = find(f, address);
    assert_false(line.found);
    assert_string_equal(line.file, "");
}

static void rows_hold_up_to_the_next(void **state) {
    (void)state;
    struct fixture *f = fixture_new();
    size_t start = open_table(f, 5);
    add_program(&f->lines);
    close_length(&f->lines, start);
    fixture_finish(f);
    assert_no_line(f, TEXT - 1);
    assert_line(f, TEXT, "vm/main.c", 100);
    assert_line(f, TEXT + 3, "vm/main.c", 100);
    assert_line(f, TEXT + 4, "vm/main.c", 103);
    assert_line(f, TEXT + 0x23, "vm/main.c", 103);
    assert_line(f, TEXT + 0x24, "vm/memory/heap.c", 13);
    assert_line(f, TEXT + 0x35, "include/abi.h", 12);
    assert_line(f, TEXT + 0x135, "include/abi.h", 12);
    assert_line(f, TEXT + 0x136, "/usr/include/bits/types.h", 12);
    assert_line(f, TEXT + 0x140, "/abs/gen.c", 12);
    assert_line(f, TEXT + 0x14f, "/abs/gen.c", 12);
    assert_true(find(f, TEXT + 0x14f).near); /* line 0: of the row before */
    assert_false(find(f, TEXT + 0x136).near);
    assert_no_line(f, TEXT + 0x150);
    fixture_free(f);
}

static void many_are_found_at_once_over_several_tables(void **state) {
    (void)state;
    struct fixture *f = fixture_new();
    size_t start = open_table(f, 5);
    add_program(&f->lines);
    close_length(&f->lines, start);
    for (unsigned version = 2; version <= 6; version++) { /* others are passed over */
        start = open_table(f, version);
        set_address(&f->lines, TEXT + 0x100 * version);
        step(&f->lines, 0, 4);
        step(&f->lines, 8, 0);
        end_sequence(&f->lines);
        close_length(&f->lines, start);
    }
    fixture_finish(f);
    struct line lines[] = {{.address = TEXT + 0x24},  {.address = 0},
                           {.address = TEXT + 0x507}, {.address = TEXT + 4},
                           {.address = UINT64_MAX},   {.address = TEXT + 0x404}};
    lines_find(&f->sections, lines, 6);
    assert_string_equal(lines[0].file, "vm/memory/heap.c");
    assert_false(lines[1].found);
    assert_string_equal(lines[2].file, "vm/memory/heap.c");
    assert_int_equal(lines[2].number, 5);
    assert_string_equal(lines[3].file, "vm/main.c");
    assert_false(lines[4].found);
    assert_false(lines[5].found);
    fixture_free(f);
}

/* A table whose directories and files are of any form; one row at TEXT. */
static struct line with_forms(const uint8_t *lists, size_t size) {
    struct fixture *f = fixture_new();
    struct bytes *b = &f->lines;
    size_t start = open_length(b);
    put(b, 5, 2), put(b, 8, 1), put(b, 0, 1);
    size_t header = open_length(b);
    put(b, 1, 1), put(b, 1, 1), put(b, 1, 1), put(b, 0, 1), put(b, 1, 1), put(b, 10, 1);
    put(b, 0, 8), put(b, 0, 1);
    for (size_t i = 0; i < size; i++)
        put(b, lists[i], 1);
    close_length(b, header);
    set_address(b, TEXT);
    put(b, 1, 1);
    put(b, 2, 1), put_unsigned(b, 8);
    end_sequence(b);
    close_length(b, start);
    put_text(&f->strings, "from-strings.c");
    fixture_finish(f);
    struct line line = find(f, TEXT);
    fixture_free(f);
    return line;
}

static void other_forms_are_read(void **state) {
    (void)state;
    static const uint8_t plain[] = {1, 1, 0x08, 1, 'd', 0, 1, 1, 0x08, 2, 'a', 0, 'b', 0};
    struct line line = with_forms(plain, sizeof plain);
    assert_true(line.found);
    assert_string_equal(line.file, "b");
    static const uint8_t strp[] = {1, 1, 0x08, 1, 'd', 0, 2, 1, 0x0e, 2, 0x05, 2,
                                   0, 0, 0,    0, 0,   0, 0, 0, 0,    0, 0,    0};
    assert_string_equal(with_forms(strp, sizeof strp).file, "from-strings.c");
    static const uint8_t many[] = {
        1,   1,   0x08, 1,    'd',  0, 6, 1, 0x08, 2, 0x0f, 3, 6, 4, 0x07, 6, 0x09, 7, 3, 2,
        'x', 0,   0,    0,    0,    0, 0, 0, 0,    0, 0,    0, 0, 0, 0,    2, 9,    9, 1, 0,
        7,   'y', 0,    0x80, 0x00, 0, 0, 0, 0,    0, 0,    0, 0, 0, 0,    0, 0,    0, 0, 0};
    assert_string_equal(with_forms(many, sizeof many).file, "y");
    static const uint8_t unknown[] = {1, 1, 0x08, 1, 'd', 0, 1, 1, 0x2c, 2, 'a', 0, 'b', 0};
    assert_false(with_forms(unknown, sizeof unknown).found);
    static const uint8_t no_formats[] = {1, 1, 0x08, 1, 'd', 0, 0, 0xff, 0xff, 0xff, 0xff, 0x7f};
    assert_false(with_forms(no_formats, sizeof no_formats).found);
    static const uint8_t endless[] = {1,    1,    0x08, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0x01, 'd',  0};
    assert_false(with_forms(endless, sizeof endless).found);
}

static void paths_are_shortened(void **state) {
    (void)state;
    static const struct {
        const char *path, *shortened;
    } table[] = {{"vm/interp/../memory/../object/format.h", "vm/object/format.h"},
                 {"a/b/../../c", "c"},
                 {"../../c", "../../c"},
                 {"./../c", "./../c"},
                 {"/../c", "/../c"},
                 {"a//../c", "a//../c"},
                 {"/a/../c", "/c"}};
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint8_t lists[100] = {1, 1, 0x08, 1, 'd', 0, 1, 1, 0x08, 2, 'a', 0};
        size_t n = strlen(table[i].path) + 1;
        memcpy(lists + 12, table[i].path, n);
        assert_string_equal(with_forms(lists, 12 + n).file, table[i].shortened);
    }
}

static void long_paths_lose_their_start(void **state) {
    (void)state;
    uint8_t lists[300] = {1, 1, 0x08, 2, 'd', 0};
    size_t at = 6;
    memset(lists + at, 'D', 90);
    at += 90;
    lists[at++] = 0;
    static const uint8_t format[] = {2, 1, 0x08, 2, 0x0b, 2, 'a', 0, 0};
    memcpy(lists + at, format, sizeof format);
    at += sizeof format;
    memset(lists + at, 'F', 50);
    at += 50;
    lists[at++] = 0;
    lists[at++] = 1;
    struct line line = with_forms(lists, at);
    assert_int_equal(strlen(line.file), REPORT_PATH - 1);
    assert_int_equal(line.file[REPORT_PATH - 1 - 51], '/');
    assert_int_equal(line.file[0], 'D');
}

static void impossible_headers_are_refused(void **state) {
    (void)state;
    static const unsigned places[] = {6, 7, 16, 17}; /* address, segment, line_range, opcode_base */
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct fixture *f = fixture_new();
        size_t start = open_table(f, 5);
        add_program(&f->lines);
        close_length(&f->lines, start);
        f->lines.data[places[i]] = i == 1 ? 1 : 0;
        fixture_finish(f);
        assert_no_line(f, TEXT);
        fixture_free(f);
    }
}

static void damaged_tables_are_survived(void **state) {
    (void)state;
    for (size_t cut = 0; cut < 260; cut++) {
        struct fixture *f = fixture_new();
        size_t start = open_table(f, 5);
        add_program(&f->lines);
        close_length(&f->lines, start);
        if (cut < f->lines.size)
            f->lines.size = cut;
        if (cut % 3 == 0)
            f->line_strings.size = cut / 3;
        fixture_finish(f);
        struct line lines[REPORT_FRAMES];
        for (unsigned i = 0; i < REPORT_FRAMES; i++)
            lines[i].address = TEXT + 8 * i;
        lines_find(&f->sections, lines, REPORT_FRAMES);
        for (size_t bit = 0; bit < 8 * f->sections.lines.size; bit++) {
            uint8_t *byte = f->file + (f->sections.lines.bytes - f->file) + bit / 8;
            *byte ^= (uint8_t)(1 << bit % 8);
            lines_find(&f->sections, lines, 3);
            *byte ^= (uint8_t)(1 << bit % 8);
        }
        fixture_free(f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_hold_up_to_the_next),
        cmocka_unit_test(many_are_found_at_once_over_several_tables),
        cmocka_unit_test(other_forms_are_read),
        cmocka_unit_test(paths_are_shortened),
        cmocka_unit_test(long_paths_lose_their_start),
        cmocka_unit_test(impossible_headers_are_refused),
        cmocka_unit_test(damaged_tables_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
