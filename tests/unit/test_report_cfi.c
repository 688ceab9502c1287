/* Call frame information: each instruction, both sections, damaged tables. */
#include "report_fixture.h"

static struct cfi_row row_at(struct fixture *f, uint64_t pc) {
    struct cfi_row row;
    assert_true(cfi_row_at(&f->sections, pc, &row));
    return row;
}

static void assert_cfa(const struct cfi_row *row, unsigned reg, int64_t offset) {
    assert_true(row->known);
    assert_int_equal(row->cfa_register, reg);
    assert_int_equal(row->cfa_offset, offset);
}

static void assert_rule(const struct cfi_row *row, unsigned reg, enum cfi_how how, int64_t n) {
    assert_int_equal(row->rule[reg].how, how);
    if (how == CFI_AT || how == CFI_IS || how == CFI_REGISTER)
        assert_int_equal(row->rule[reg].n, n);
}

static void rows_follow_pushes_and_pops(void **state) {
    (void)state;
    struct fixture *f = fixture_new();
    struct bytes *b = &f->debug_frame;
    put_cie(b);
    size_t fde = open_fde(b, TEXT, 0x40);
    put(b, 0x40 | 1, 1);                                         /* after `push rbx` */
    put(b, 0x0e, 1), put_unsigned(b, 16);                        /* def_cfa_offset */
    put(b, 0x80 | CRASH_RBX, 1), put_unsigned(b, 2);             /* offset */
    put(b, 0x40 | 0x1e, 1), put(b, 0x0e, 1), put_unsigned(b, 8); /* after `pop rbx` */
    put(b, 0xc0 | CRASH_RBX, 1);                                 /* restore */
    close_length(b, fde);
    fixture_finish(f);

    struct cfi_row row = row_at(f, TEXT);
    assert_int_equal(row.start, TEXT);
    assert_cfa(&row, CRASH_RSP, 8);
    assert_rule(&row, CRASH_RIP, CFI_AT, -8);
    assert_rule(&row, CRASH_RBX, CFI_SAME, 0);
    row = row_at(f, TEXT + 1);
    assert_cfa(&row, CRASH_RSP, 16);
    assert_rule(&row, CRASH_RBX, CFI_AT, -16);
    row = row_at(f, TEXT + 0x1e);
    assert_cfa(&row, CRASH_RSP, 16);
    row = row_at(f, TEXT + 0x1f);
    assert_cfa(&row, CRASH_RSP, 8);
    assert_rule(&row, CRASH_RBX, CFI_SAME, 0);
    row = row_at(f, TEXT + 0x3f);
    assert_cfa(&row, CRASH_RSP, 8);
    struct cfi_row none;
    assert_false(cfi_row_at(&f->sections, TEXT + 0x40, &none));
    assert_false(cfi_row_at(&f->sections, TEXT - 1, &none));
    fixture_free(f);
}

static void every_instruction_is_understood(void **state) {
    (void)state;
    struct fixture *f = fixture_new();
    struct bytes *b = &f->debug_frame;
    put_cie(b);
    size_t fde = open_fde(b, TEXT, 0x200000);
    put(b, 0x00, 1);                                                         /* nop */
    put(b, 0x05, 1), put_unsigned(b, CRASH_R12), put_unsigned(b, 3);         /* offset_extended */
    put(b, 0x11, 1), put_unsigned(b, CRASH_R13), put_signed(b, -3);          /* the same, signed */
    put(b, 0x07, 1), put_unsigned(b, CRASH_R14);                             /* undefined */
    put(b, 0x09, 1), put_unsigned(b, CRASH_R15), put_unsigned(b, CRASH_R11); /* register */
    put(b, 0x14, 1), put_unsigned(b, CRASH_RBX), put_unsigned(b, 2);         /* val_offset */
    put(b, 0x15, 1), put_unsigned(b, CRASH_R8), put_signed(b, -2);           /* the same, signed */
    put(b, 0x10, 1), put_unsigned(b, CRASH_R9), put_unsigned(b, 2), put(b, 0, 2); /* expression */
    put(b, 0x16, 1), put_unsigned(b, CRASH_R10), put_unsigned(b, 1), put(b, 0, 1);
    put(b, 0x2e, 1), put_unsigned(b, 300);                              /* GNU_args_size */
    put(b, 0x80 | 40, 1), put_unsigned(b, 1);                           /* a vector register */
    put(b, 0x02, 1), put(b, 0x10, 1);                                   /* advance_loc1 */
    put(b, 0x0a, 1);                                                    /* remember_state */
    put(b, 0x0d, 1), put_unsigned(b, CRASH_RBP);                        /* def_cfa_register */
    put(b, 0x08, 1), put_unsigned(b, CRASH_R12);                        /* same_value */
    put(b, 0x03, 1), put(b, 0x100, 2);                                  /* advance_loc2 */
    put(b, 0x0b, 1);                                                    /* restore_state */
    put(b, 0x04, 1), put(b, 0x10000, 4);                                /* advance_loc4 */
    put(b, 0x12, 1), put_unsigned(b, CRASH_RAX), put_signed(b, -4);     /* def_cfa_sf */
    put(b, 0x06, 1), put_unsigned(b, CRASH_R12);                        /* restore_extended */
    put(b, 0x01, 1), put(b, TEXT + 0x20000, 8);                         /* set_loc */
    put(b, 0x13, 1), put_signed(b, 2);                                  /* def_cfa_offset_sf */
    put(b, 0x40, 1), put(b, 0x0f, 1), put_unsigned(b, 3), put(b, 0, 3); /* an expression */
    close_length(b, fde);
    fixture_finish(f);

    struct cfi_row row = row_at(f, TEXT + 0xf);
    assert_rule(&row, CRASH_R12, CFI_AT, -24);
    assert_rule(&row, CRASH_R13, CFI_AT, 24);
    assert_rule(&row, CRASH_R14, CFI_LOST, 0);
    assert_rule(&row, CRASH_R15, CFI_REGISTER, CRASH_R11);
    assert_rule(&row, CRASH_RBX, CFI_IS, -16);
    assert_rule(&row, CRASH_R8, CFI_IS, 16);
    assert_rule(&row, CRASH_R9, CFI_LOST, 0);
    assert_rule(&row, CRASH_R10, CFI_LOST, 0);
    assert_cfa(&row, CRASH_RSP, 8);
    row = row_at(f, TEXT + 0x10);
    assert_cfa(&row, CRASH_RBP, 8);
    assert_rule(&row, CRASH_R12, CFI_SAME, 0);
    row = row_at(f, TEXT + 0x110);
    assert_cfa(&row, CRASH_RSP, 8);
    assert_rule(&row, CRASH_R12, CFI_AT, -24);
    row = row_at(f, TEXT + 0x10110);
    assert_cfa(&row, CRASH_RAX, 32);
    assert_rule(&row, CRASH_R12, CFI_SAME, 0);
    row = row_at(f, TEXT + 0x20000);
    assert_false(row.known);
    fixture_free(f);
}

/* As the assembler writes it: relative pointers of four bytes, sized augmentation. */
static void eh_frame_is_read_too(void **state) {
    (void)state;
    struct fixture *f = fixture_new();
    struct bytes *b = &f->eh_frame;
    size_t start = open_length(b);
    put(b, 0, 4);
    put(b, 1, 1);
    put_text(b, "zPLRS");
    put_unsigned(b, 1);
    put_signed(b, -8);
    put(b, CRASH_RIP, 1);
    put_unsigned(b, 7);
    put(b, 0x03, 1), put(b, 0, 4); /* personality: udata4 */
    put(b, 0xff, 1);               /* no LSDA */
    put(b, 0x1b, 1);               /* pointers: pcrel, sdata4 */
    put(b, 0x0c, 1), put_unsigned(b, CRASH_RSP), put_unsigned(b, 8);
    put(b, 0x80 | CRASH_RIP, 1), put_unsigned(b, 1);
    close_length(b, start);
    put(b, 0, 4); /* the end of one file's part */
    start = open_length(b);
    put(b, start, 4); /* back to the CIE */
    put(b, TEXT + 0x20 - (DATA + b->size), 4);
    put(b, 0x10, 4);
    put_unsigned(b, 0);
    put(b, 0x07, 1), put_unsigned(b, CRASH_RIP);
    close_length(b, start);
    fixture_finish(f);

    struct cfi_row row = row_at(f, TEXT + 0x2f);
    assert_int_equal(row.start, TEXT + 0x20);
    assert_true(row.signal);
    assert_cfa(&row, CRASH_RSP, 8);
    assert_rule(&row, CRASH_RIP, CFI_LOST, 0);
    assert_false(cfi_row_at(&f->sections, TEXT + 0x30, &row));
    fixture_free(f);
}

/* One instruction after the usual CIE; is the table still usable? */
static bool usable(const uint8_t *instructions, size_t size) {
    struct fixture *f = fixture_new();
    put_cie(&f->debug_frame);
    size_t fde = open_fde(&f->debug_frame, TEXT, 0x40);
    for (size_t i = 0; i < size; i++)
        put(&f->debug_frame, instructions[i], 1);
    close_length(&f->debug_frame, fde);
    fixture_finish(f);
    struct cfi_row row;
    bool found = cfi_row_at(&f->sections, TEXT + 8, &row);
    fixture_free(f);
    return found;
}

static void nonsense_is_refused(void **state) {
    (void)state;
    static const uint8_t deep[] = {0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a};
    static const uint8_t long_number[] = {0x0e, 0x80, 0x80, 0x80, 0x80, 0x80,
                                          0x80, 0x80, 0x80, 0x80, 0x80, 0};
    assert_true(usable((const uint8_t[]){0x00}, 1));
    assert_false(usable((const uint8_t[]){0x3f}, 1));             /* unknown */
    assert_false(usable((const uint8_t[]){0x0b}, 1));             /* nothing remembered */
    assert_false(usable((const uint8_t[]){0x0e, 0x80}, 2));       /* cut short */
    assert_false(usable((const uint8_t[]){0x04, 0xff, 0xff}, 3)); /* cut short */
    assert_false(usable((const uint8_t[]){0x0f, 0x7f}, 2));       /* longer than the rest */
    assert_true(usable(deep, 8));
    assert_false(usable(deep, 9));
    assert_false(usable(long_number, sizeof long_number));
}

/* Cut off anywhere or with a bit turned over anywhere: an answer or none. */
static void damaged_tables_are_survived(void **state) {
    (void)state;
    for (size_t cut = 0; cut < 160; cut++) {
        struct fixture *f = fixture_new();
        struct bytes *b = &f->debug_frame;
        put_cie(b);
        for (unsigned i = 0; i < 3; i++) {
            size_t fde = open_fde(b, TEXT + 0x40 * i, 0x40);
            put(b, 0x44, 1), put(b, 0x0e, 1), put_unsigned(b, 16), put(b, 0x0a, 1);
            put(b, 0x44, 1), put(b, 0x0b, 1), put(b, 0x80 | CRASH_RBX, 1), put_unsigned(b, 2);
            close_length(b, fde);
        }
        if (cut < b->size)
            b->size = cut;
        fixture_finish(f);
        struct cfi_row row;
        for (uint64_t pc = TEXT; pc < TEXT + 0xd0; pc += 4)
            cfi_row_at(&f->sections, pc, &row);
        for (size_t bit = 0; bit < 8 * f->sections.debug_frame.size; bit++) {
            uint8_t *byte = f->file + (f->sections.debug_frame.bytes - f->file) + bit / 8;
            *byte ^= (uint8_t)(1 << bit % 8);
            cfi_row_at(&f->sections, TEXT + 0x48, &row);
            *byte ^= (uint8_t)(1 << bit % 8);
        }
        fixture_free(f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_follow_pushes_and_pops),
        cmocka_unit_test(every_instruction_is_understood),
        cmocka_unit_test(eh_frame_is_read_too),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(damaged_tables_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
