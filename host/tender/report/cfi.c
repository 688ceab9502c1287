/*
 * cfi.c - call frame information: the row of the unwind table for an address.
 * DWARF 5, section 6.4; .eh_frame as in the LSB, section 10.6. Expressions are
 * not evaluated: clang writes none for the code that it compiles.
 */
#include "report.h"

#define REMEMBERED 8 /* deepest nesting of DW_CFA_remember_state */
#define RETURN_ADDRESS CRASH_RIP

/* Pointer encodings of .eh_frame. */
enum {
    PE_FORMAT = 0x0f,
    PE_ABSOLUTE = 0,
    PE_UDATA2 = 2,
    PE_UDATA4 = 3,
    PE_UDATA8 = 4,
    PE_SDATA2 = 0xa,
    PE_SDATA4 = 0xb,
    PE_SDATA8 = 0xc,
    PE_RELATIVE = 0x70,
    PE_PC_RELATIVE = 0x10,
};

/* Everything that FDEs share. */
struct cie {
    uint64_t code_align;
    int64_t data_align;
    uint8_t encoding;
    bool sized_augmentation, signal;
    struct cursor program;
};

struct table {
    const struct span *span;
    bool eh;
};

static uint64_t take_pointer(struct cursor *c, const struct table *t, uint8_t encoding) {
    uint64_t at = t->span->address + (uint64_t)(c->at - t->span->bytes), value;
    switch (encoding & PE_FORMAT) {
    case PE_ABSOLUTE:
    case PE_UDATA8:
    case PE_SDATA8:
        value = take(c, 8);
        break;
    case PE_UDATA4:
        value = take(c, 4);
        break;
    case PE_SDATA4:
        value = (uint64_t)(int32_t)take(c, 4);
        break;
    case PE_UDATA2:
        value = take(c, 2);
        break;
    case PE_SDATA2:
        value = (uint64_t)(int16_t)take(c, 2);
        break;
    default:
        fail(c);
        return 0;
    }
    if ((encoding & PE_RELATIVE) == PE_PC_RELATIVE)
        return value + at;
    if ((encoding & PE_RELATIVE) != 0)
        fail(c);
    return value;
}

/* One entry of the table, without its length; false at the end. */
static bool next_entry(struct cursor *c, struct cursor *entry) {
    while (left(c) >= 4) {
        uint64_t length = take(c, 4);
        if (length == 0) /* .eh_frame: the end of one of the files linked */
            continue;
        if (length >= 0xfffffff0) /* 64-bit DWARF: nobody writes it here */
            return false;
        *entry = take_part(c, length);
        return !entry->bad;
    }
    return false;
}

static bool read_augmentation(struct cie *cie, struct cursor *c, const struct table *t,
                              const char *letters, size_t count) {
    if (count == 0)
        return true;
    if (letters[0] != 'z')
        return false;
    cie->sized_augmentation = true;
    struct cursor data = take_part(c, take_unsigned(c));
    for (size_t i = 1; i < count && !data.bad; i++) {
        if (letters[i] == 'R')
            cie->encoding = (uint8_t)take(&data, 1);
        else if (letters[i] == 'L')
            skip(&data, 1);
        else if (letters[i] == 'P')
            take_pointer(&data, t, (uint8_t)take(&data, 1) & PE_FORMAT);
        else if (letters[i] == 'S')
            cie->signal = true;
        else
            break; /* the rest is skipped by its size */
    }
    return !data.bad;
}

static bool read_cie(struct cie *cie, const struct table *t, uint64_t offset) {
    const struct span *span = t->span;
    struct cursor all = read_span(span), c;
    const char *letters;
    *cie = (struct cie){.encoding = PE_ABSOLUTE};
    skip(&all, offset);
    if (!next_entry(&all, &c) || take(&c, 4) != (t->eh ? 0 : 0xffffffff))
        return false;
    uint64_t version = take(&c, 1);
    if (version != 1 && version != 3 && version != 4)
        return false;
    size_t count = take_string(&c, 8, &letters);
    if (version == 4 && take(&c, 2) != 8) /* size of an address, of a segment */
        return false;
    cie->code_align = take_unsigned(&c);
    cie->data_align = take_signed(&c);
    if ((version == 1 ? take(&c, 1) : take_unsigned(&c)) != RETURN_ADDRESS)
        return false;
    if (!read_augmentation(cie, &c, t, letters, count))
        return false;
    cie->program = c;
    return !c.bad;
}

/* Does the FDE in `c` cover pc? Then `c` is left at its instructions. */
static bool read_fde(struct cursor *c, const struct table *t, uint64_t pc, struct cie *cie,
                     uint64_t *start) {
    uint64_t here = (uint64_t)(c->at - t->span->bytes), id = take(c, 4);
    if (c->bad || id == (t->eh ? 0 : 0xffffffff)) /* a CIE */
        return false;
    if (t->eh) {
        if (id > here)
            return false;
        if (!read_cie(cie, t, here - id))
            return false;
    }
    uint8_t encoding = t->eh ? cie->encoding : PE_ABSOLUTE;
    *start = take_pointer(c, t, encoding);
    uint64_t bytes = take_pointer(c, t, encoding & PE_FORMAT);
    if (c->bad || pc < *start || pc - *start >= bytes)
        return false;
    if (!t->eh && !read_cie(cie, t, id))
        return false;
    if (cie->sized_augmentation)
        skip(c, take_unsigned(c));
    return !c->bad;
}

/* ---- Instructions ------------------------------------------------------------- */

struct machine {
    const struct cie *cie;
    struct cfi_row row, initial;
    struct cfi_row remembered[REMEMBERED];
    unsigned depth;
    uint64_t at, pc;
};

/* Answers false when the row for pc is complete. */
static bool advance(struct machine *m, uint64_t by) {
    uint64_t to;
    if (__builtin_mul_overflow(by, m->cie->code_align, &to) ||
        __builtin_add_overflow(to, m->at, &to) || to > m->pc)
        return false;
    m->at = to;
    return true;
}

static void set_rule(struct machine *m, uint64_t reg, enum cfi_how how, int64_t n) {
    if (reg < CRASH_REGISTERS) {
        m->row.rule[reg].how = how;
        m->row.rule[reg].n = n;
    }
}

static int64_t scaled(const struct machine *m, uint64_t factor) {
    return (int64_t)(factor * (uint64_t)m->cie->data_align);
}

static void set_cfa(struct machine *m, uint64_t reg, uint64_t offset) {
    m->row.known = reg < CRASH_REGISTERS;
    m->row.cfa_register = (unsigned)(m->row.known ? reg : 0);
    m->row.cfa_offset = (int64_t)offset;
}

/* DW_CFA_* with the operation in the high two bits. */
static bool run_primary(struct machine *m, struct cursor *c, unsigned op) {
    unsigned reg = op & 0x3f;
    switch (op >> 6) {
    case 1: /* advance_loc */
        return advance(m, reg);
    case 2: /* offset */
        set_rule(m, reg, CFI_AT, scaled(m, take_unsigned(c)));
        return true;
    default: /* restore */
        if (reg < CRASH_REGISTERS)
            m->row.rule[reg] = m->initial.rule[reg];
        return true;
    }
}

static bool run_extended(struct machine *m, struct cursor *c, unsigned op) {
    uint64_t reg;
    switch (op) {
    case 0x00: /* nop */
        return true;
    case 0x01: /* set_loc */
        m->at = take(c, 8);
        return m->at <= m->pc;
    case 0x02: /* advance_loc1, 2, 4 */
        return advance(m, take(c, 1));
    case 0x03:
        return advance(m, take(c, 2));
    case 0x04:
        return advance(m, take(c, 4));
    case 0x05: /* offset_extended */
        reg = take_unsigned(c);
        set_rule(m, reg, CFI_AT, scaled(m, take_unsigned(c)));
        return true;
    case 0x06: /* restore_extended */
        reg = take_unsigned(c);
        if (reg < CRASH_REGISTERS)
            m->row.rule[reg] = m->initial.rule[reg];
        return true;
    case 0x07: /* undefined */
        set_rule(m, take_unsigned(c), CFI_LOST, 0);
        return true;
    case 0x08: /* same_value */
        set_rule(m, take_unsigned(c), CFI_SAME, 0);
        return true;
    case 0x09: /* register */
        reg = take_unsigned(c);
        set_rule(m, reg, CFI_REGISTER, (int64_t)take_unsigned(c));
        return true;
    case 0x0a: /* remember_state */
        if (m->depth == REMEMBERED)
            fail(c);
        else
            m->remembered[m->depth++] = m->row;
        return true;
    case 0x0b: /* restore_state */
        if (m->depth == 0)
            fail(c);
        else
            m->row = m->remembered[--m->depth];
        return true;
    case 0x0c: /* def_cfa */
        reg = take_unsigned(c);
        set_cfa(m, reg, take_unsigned(c));
        return true;
    case 0x0d: /* def_cfa_register */
        set_cfa(m, take_unsigned(c), (uint64_t)m->row.cfa_offset);
        return true;
    case 0x0e: /* def_cfa_offset */
        m->row.cfa_offset = (int64_t)take_unsigned(c);
        return true;
    case 0x0f: /* def_cfa_expression */
        m->row.known = false;
        skip(c, take_unsigned(c));
        return true;
    case 0x10: /* expression, val_expression */
    case 0x16:
        set_rule(m, take_unsigned(c), CFI_LOST, 0);
        skip(c, take_unsigned(c));
        return true;
    case 0x11: /* offset_extended_sf */
        reg = take_unsigned(c);
        set_rule(m, reg, CFI_AT, scaled(m, (uint64_t)take_signed(c)));
        return true;
    case 0x12: /* def_cfa_sf */
        reg = take_unsigned(c);
        set_cfa(m, reg, (uint64_t)scaled(m, (uint64_t)take_signed(c)));
        return true;
    case 0x13: /* def_cfa_offset_sf */
        m->row.cfa_offset = scaled(m, (uint64_t)take_signed(c));
        return true;
    case 0x14: /* val_offset */
        reg = take_unsigned(c);
        set_rule(m, reg, CFI_IS, scaled(m, take_unsigned(c)));
        return true;
    case 0x15: /* val_offset_sf */
        reg = take_unsigned(c);
        set_rule(m, reg, CFI_IS, scaled(m, (uint64_t)take_signed(c)));
        return true;
    case 0x2e: /* GNU_args_size */
        take_unsigned(c);
        return true;
    default:
        fail(c);
        return true;
    }
}

/* To the end, or to where the row for pc ends. */
static bool run(struct machine *m, struct cursor c) {
    while (left(&c) != 0) {
        unsigned op = (unsigned)take(&c, 1);
        if (!(op >> 6 ? run_primary(m, &c, op) : run_extended(m, &c, op)))
            break;
    }
    return !c.bad;
}

static bool find_in(const struct table *t, uint64_t pc, struct cfi_row *out) {
    struct cursor all = read_span(t->span), fde;
    while (next_entry(&all, &fde)) {
        struct cie cie;
        uint64_t start;
        if (!read_fde(&fde, t, pc, &cie, &start))
            continue;
        struct machine m = {.cie = &cie, .at = start, .pc = pc};
        if (!run(&m, cie.program))
            return false;
        m.initial = m.row;
        m.at = start;
        if (!run(&m, fde))
            return false;
        *out = m.row;
        out->start = start;
        out->signal = cie.signal;
        return true;
    }
    return false;
}

bool cfi_row_at(const struct sections *s, uint64_t pc, struct cfi_row *out) {
    const struct table debug = {&s->debug_frame, false}, eh = {&s->eh_frame, true};
    return (debug.span->size != 0 && find_in(&debug, pc, out)) ||
           (eh.span->size != 0 && find_in(&eh, pc, out));
}
