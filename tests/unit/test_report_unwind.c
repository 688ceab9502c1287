/* Symbols, and stacks: with and without call frame information, and hostile ones. */
#include "report_fixture.h"

/* ---- Symbols --------------------------------------------------------------------- */

static void assert_symbol(struct fixture *f, uint64_t address, const char *name) {
    struct symbol symbol;
    bool found = symbol_at(&f->sections, address, &symbol);
    assert_int_equal(found, name != NULL);
    if (found) {
        assert_int_equal(symbol.name_bytes, strlen(name));
        assert_memory_equal(symbol.name, name, symbol.name_bytes);
    }
}

static void the_innermost_symbol_with_a_size_wins(void **state) {
    (void)state;
    struct fixture *f = fixture_new();
    fixture_symbol(f, "__text_start", ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), TEXT, 0);
    fixture_symbol(f, "alias", ELF64_ST_INFO(STB_LOCAL, STT_FUNC), TEXT, 0x40);
    fixture_function(f, "first", TEXT, 0x40);
    fixture_symbol(f, "label", ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), TEXT + 0x10, 0);
    fixture_symbol(f, "memcpy", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), TEXT + 0x50, 0);
    fixture_symbol(f, "thread", ELF64_ST_INFO(STB_GLOBAL, STT_TLS), TEXT + 0x60, 8);
    fixture_symbol(f, "table", ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), DATA + 8, 16);
    fixture_finish(f);
    assert_symbol(f, TEXT - 1, NULL);
    assert_symbol(f, TEXT, "first");
    assert_symbol(f, TEXT + 0x20, "first");
    assert_symbol(f, TEXT + 0x40, "label"); /* padding: nothing better is known */
    assert_symbol(f, TEXT + 0x50, "memcpy");
    assert_symbol(f, TEXT + 0x61, "memcpy");
    assert_symbol(f, TEXT + TEXT_BYTES, NULL);
    assert_symbol(f, DATA + 7, NULL);
    assert_symbol(f, DATA + 23, "table");
    assert_symbol(f, DATA + 24, NULL);
    fixture_free(f);
}

static void names_outside_their_table_are_none(void **state) {
    (void)state;
    struct fixture *f = fixture_new();
    fixture_function(f, "far", TEXT, 0x40);
    fixture_function(f, "open", TEXT + 0x40, 0x40);
    uint32_t far = 1u << 30;
    memcpy(f->symbols.data, &far, 4);
    f->names.size--; /* the last name has no end */
    fixture_finish(f);
    assert_symbol(f, TEXT, NULL);
    assert_symbol(f, TEXT + 0x40, NULL);
    fixture_free(f);
}

static void section_headers_may_be_anything(void **state) {
    (void)state;
    struct fixture *f = fixture_new();
    fixture_function(f, "first", TEXT, 0x40);
    put_cie(&f->debug_frame);
    fixture_finish(f);
    size_t headers = f->elf.file_bytes - 10 * sizeof(Elf64_Shdr);
    for (size_t at = headers; at < f->elf.file_bytes; at++) {
        uint8_t old = f->file[at];
        for (unsigned i = 0; i < 3; i++) {
            f->file[at] = (uint8_t[]){0xff, 0x80, (uint8_t)(old + 1)}[i];
            struct symbol symbol;
            struct cfi_row row;
            sections_find(&f->sections, &f->elf);
            symbol_at(&f->sections, TEXT, &symbol);
            cfi_row_at(&f->sections, TEXT, &row);
        }
        f->file[at] = old;
    }
    for (size_t size = 0; size < f->elf.file_bytes; size += 7) {
        struct elf shorter = f->elf;
        shorter.file_bytes = size;
        sections_find(&f->sections, &shorter);
        assert_symbol(f, TEXT, NULL);
    }
    fixture_free(f);
}

/* ---- Stacks ------------------------------------------------------------------------ */

#define STACK (MOTE_STACK_TOP - 0x1000u)

enum {
    START = TEXT + 0x800,  /* return address undefined; calls OUTER */
    OUTER = TEXT + 0x100,  /* pushes rbx; calls LEAF, MOVE, and through a pointer */
    LEAF = TEXT + 0x200,   /* assembly without CFI */
    MOVE = TEXT + 0x300,   /* jumps into LEAF */
    FRAMED = TEXT + 0x400, /* its CFA is rbp + 16 */
};

static uint64_t stack[0x1000 / 8];
static size_t readable = sizeof stack; /* from the start of STACK */

static size_t read_stack(void *arg, uint64_t address, void *out, size_t bytes) {
    (void)arg;
    if (address < STACK || address - STACK >= readable)
        return 0;
    size_t most = readable - (address - STACK);
    bytes = bytes < most ? bytes : most;
    memcpy(out, (const char *)stack + (address - STACK), bytes);
    return bytes;
}

static struct fixture *program(void) {
    struct fixture *f = fixture_new();
    fixture_function(f, "start", START, 0x40);
    fixture_function(f, "outer", OUTER, 0x80);
    fixture_symbol(f, "leaf", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), LEAF, 0);
    fixture_function(f, "move", MOVE, 0x20);
    fixture_function(f, "framed", FRAMED, 0x40);
    struct bytes *b = &f->debug_frame;
    put_cie(b);
    size_t fde = open_fde(b, START, 0x40);
    put(b, 0x07, 1), put_unsigned(b, CRASH_RIP);
    close_length(b, fde);
    fde = open_fde(b, OUTER, 0x80);
    put(b, 0x41, 1), put(b, 0x0e, 1), put_unsigned(b, 16);
    put(b, 0x80 | CRASH_RBX, 1), put_unsigned(b, 2);
    close_length(b, fde);
    fde = open_fde(b, FRAMED, 0x40);
    put(b, 0x0c, 1), put_unsigned(b, CRASH_RBP), put_unsigned(b, 16);
    put(b, 0x80 | CRASH_RBP, 1), put_unsigned(b, 2);
    close_length(b, fde);
    fixture_call(f, START + 0x10, OUTER);
    fixture_call(f, OUTER + 0x10, LEAF);
    fixture_call(f, OUTER + 0x20, MOVE);
    f->text.data[OUTER - TEXT + 0x30] = 0xff; /* call *rax */
    f->text.data[OUTER - TEXT + 0x31] = 0xd0;
    fixture_call(f, OUTER + 0x40, FRAMED);
    fixture_call(f, MOVE + 4, LEAF);
    f->text.data[MOVE - TEXT + 4] = 0xe9; /* a jump */
    memset(stack, 0, sizeof stack);
    readable = sizeof stack;
    return f;
}

static struct frame frames[REPORT_FRAMES];
static unsigned count;
static const char *why;

static void unwind(struct fixture *f, uint64_t rip, uint64_t rsp, uint64_t rbp) {
    uint64_t registers[CRASH_REGISTERS] = {[CRASH_RIP] = rip, [CRASH_RSP] = rsp, [CRASH_RBP] = rbp};
    struct memory memory = {read_stack, NULL};
    fixture_finish(f);
    count = unwind_stack(&f->sections, &memory, registers, frames, REPORT_FRAMES, &why);
}

static void assert_frame(unsigned i, uint64_t pc, bool guessed) {
    assert_true(i < count);
    assert_int_equal(frames[i].pc, pc);
    assert_int_equal(frames[i].call, i != 0);
    assert_int_equal(frames[i].guessed, guessed);
}

static void a_stack_ends_where_its_start_says_so(void **state) {
    (void)state;
    struct fixture *f = program();
    stack[1] = START + 0x15;
    unwind(f, OUTER + 8, STACK, 0);
    assert_int_equal(count, 2);
    assert_frame(0, OUTER + 8, false);
    assert_frame(1, START + 0x15, false);
    assert_null(why);
    fixture_free(f);
}

static void the_caller_of_assembly_is_found_by_its_call(void **state) {
    (void)state;
    struct fixture *f = program();
    stack[1] = START + 0x15; /* left by somebody: calls another function */
    stack[2] = OUTER + 0x32;
    stack[4] = OUTER + 0x15; /* the true one */
    stack[6] = START + 0x15;
    unwind(f, LEAF + 3, STACK, 1);
    assert_int_equal(count, 3);
    assert_frame(1, OUTER + 0x15, true);
    assert_frame(2, START + 0x15, false);
    assert_null(why);
    fixture_free(f);
}

static void or_by_the_call_of_what_jumps_into_it(void **state) {
    (void)state;
    struct fixture *f = program();
    stack[0] = OUTER + 0x25;
    stack[2] = START + 0x15;
    unwind(f, LEAF + 3, STACK, 1);
    assert_int_equal(count, 3);
    assert_frame(1, OUTER + 0x25, true);
    fixture_free(f);
}

static void a_wild_jump_left_its_return_address(void **state) {
    (void)state;
    static const uint64_t targets[] = {0, DATA, MOTE_ARENA, UINT64_MAX, UINT64_C(1) << 63};
    for (unsigned i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct fixture *f = program();
        stack[0] = OUTER + 0x32;
        stack[2] = START + 0x15;
        unwind(f, targets[i], STACK, 0);
        assert_int_equal(count, 3);
        assert_frame(0, targets[i], false);
        assert_frame(1, OUTER + 0x32, true);
        assert_frame(2, START + 0x15, false);
        fixture_free(f);
    }
}

static void the_frame_pointer_is_the_last_resort(void **state) {
    (void)state;
    struct fixture *f = program();
    stack[0] = 1;
    stack[10] = STACK + 160;
    stack[11] = OUTER + 0x45;
    stack[13] = START + 0x15;
    unwind(f, TEXT + 0xf00, STACK, STACK + 80); /* nobody's code */
    assert_int_equal(count, 3);
    assert_frame(1, OUTER + 0x45, true);
    fixture_free(f);
    f = program();
    unwind(f, TEXT + 0xf00, STACK, STACK + 80); /* zeroes there */
    assert_int_equal(count, 1);
    assert_non_null(why);
    fixture_free(f);
}

static void frames_by_rbp_restore_it(void **state) {
    (void)state;
    struct fixture *f = program();
    stack[4] = 77;
    stack[5] = OUTER + 0x45;
    stack[7] = START + 0x15;
    unwind(f, FRAMED + 8, STACK, STACK + 32);
    assert_int_equal(count, 3);
    assert_frame(1, OUTER + 0x45, false);
    assert_frame(2, START + 0x15, false);
    fixture_free(f);
}

static void bad_stacks_end_with_a_reason(void **state) {
    (void)state;
    static const uint64_t wild[] = {0,          STACK - 8,  STACK + 0x1000,      8,
                                    UINT64_MAX, MOTE_ARENA, UINT64_C(1) << 63,   STACK + 0xffc,
                                    DATA,       TEXT,       MOTE_STACK_TOP - 4u, UINT64_MAX - 7};
    for (unsigned i = 0; i < sizeof wild / sizeof wild[0]; i++)
        for (unsigned j = 0; j < sizeof wild / sizeof wild[0]; j++) {
            struct fixture *f = program();
            unwind(f, i % 2 ? OUTER + 8 : LEAF + 1, wild[i], wild[j]);
            assert_int_equal(count, 1);
            assert_non_null(why);
            fixture_free(f);
            f = program();
            unwind(f, FRAMED + 8, wild[j], wild[i]);
            assert_int_equal(count, 1);
            fixture_free(f);
        }
    struct fixture *f = program();
    stack[1] = DATA; /* no code */
    unwind(f, OUTER + 8, STACK, 0);
    assert_int_equal(count, 1);
    assert_non_null(strstr(why, "not in the program's text"));
    fixture_free(f);
    f = program(); /* where the stack of a mote begins */
    unwind(f, OUTER + 8, MOTE_STACK_TOP - 16, 0);
    assert_int_equal(count, 1);
    assert_null(why);
    fixture_free(f);
}

static void a_short_read_is_the_end(void **state) {
    (void)state;
    struct fixture *f = program();
    stack[1] = OUTER + 0x15;
    stack[3] = START + 0x15;
    readable = 24;
    unwind(f, OUTER + 8, STACK, 0);
    assert_int_equal(count, 2);
    assert_non_null(strstr(why, "cannot be read where"));
    fixture_free(f);
    f = program();
    stack[1] = OUTER + 0x15;
    readable = 12;
    unwind(f, LEAF + 8, STACK, 0); /* half of the return address */
    assert_int_equal(count, 1);
    fixture_free(f);
}

static void circles_are_left(void **state) {
    (void)state;
    struct fixture *f = program();
    for (unsigned i = 0; i < sizeof stack / 8; i += 2) /* frames by rbp that lead to each other */
        stack[i] = STACK + 64, stack[i + 1] = FRAMED + 0x10;
    unwind(f, FRAMED + 8, STACK, STACK + 128);
    assert_in_range(count, 1, 3);
    assert_non_null(strstr(why, "not lie above"));
    fixture_free(f);
}

static void recursion_stops_at_the_limit(void **state) {
    (void)state;
    struct fixture *f = program();
    for (unsigned i = 1; i < sizeof stack / 8; i += 2)
        stack[i] = OUTER + 0x15;
    unwind(f, OUTER + 8, STACK, 0);
    assert_int_equal(count, REPORT_FRAMES);
    assert_string_equal(why, "there are more");
    fixture_free(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_innermost_symbol_with_a_size_wins),
        cmocka_unit_test(names_outside_their_table_are_none),
        cmocka_unit_test(section_headers_may_be_anything),
        cmocka_unit_test(a_stack_ends_where_its_start_says_so),
        cmocka_unit_test(the_caller_of_assembly_is_found_by_its_call),
        cmocka_unit_test(or_by_the_call_of_what_jumps_into_it),
        cmocka_unit_test(a_wild_jump_left_its_return_address),
        cmocka_unit_test(the_frame_pointer_is_the_last_resort),
        cmocka_unit_test(frames_by_rbp_restore_it),
        cmocka_unit_test(bad_stacks_end_with_a_reason),
        cmocka_unit_test(a_short_read_is_the_end),
        cmocka_unit_test(circles_are_left),
        cmocka_unit_test(recursion_stops_at_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
