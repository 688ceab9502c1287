/*
 * unwind.c - from registers and memory to the frames of a C stack.
 *
 * Each function that the compiler made says in the ELF file how its frame lies
 * (cfi.c). Assembly code and the C library's functions say nothing. There the
 * caller is looked for on the stack: a word that points behind a call of this very
 * function; failing that, the frame that rbp may point to. A jump to where no
 * code is leaves the return address on top of the stack.
 *
 * Nothing of what is found need be true. A frame must lie above the one before and
 * its pc in the program's text, so this ends.
 */
#include "report.h"

#include <string.h>

#define SEARCH_BYTES 16384u /* of stack, for the return address of a function without CFI */
#define CHUNK 512u
#define JUMP_BYTES 4096u /* largest function that is searched for jumps */
#define SHORT_BYTES 64u
#define JUMP_TRIES 200u /* of all frames together */

struct walk {
    const struct sections *s;
    const struct memory *m;
    uint64_t registers[CRASH_REGISTERS];
    unsigned tries; /* left of JUMP_TRIES */
    const char *why;
};

static bool read_word(const struct walk *w, uint64_t address, uint64_t *out) {
    return w->m->read(w->m->arg, address, out, sizeof *out) == sizeof *out;
}

/* ---- With CFI ------------------------------------------------------------------- */

enum step { STEP_UP, STEP_END, STEP_BLIND };

static enum step step_by_row(struct walk *w, const struct cfi_row *row) {
    uint64_t callers[CRASH_REGISTERS];
    uint64_t cfa = w->registers[row->cfa_register] + (uint64_t)row->cfa_offset;
    if (row->rule[CRASH_RIP].how == CFI_LOST)
        return STEP_END;
    memcpy(callers, w->registers, sizeof callers);
    callers[CRASH_RSP] = cfa;
    for (unsigned i = 0; i < CRASH_REGISTERS; i++) {
        uint64_t n = (uint64_t)row->rule[i].n;
        switch (row->rule[i].how) {
        case CFI_AT:
            if (!read_word(w, cfa + n, &callers[i]) && i == CRASH_RIP) {
                w->why = "the stack cannot be read where its caller should be";
                return STEP_END;
            }
            break;
        case CFI_IS:
            callers[i] = cfa + n;
            break;
        case CFI_REGISTER:
            if (n < CRASH_REGISTERS)
                callers[i] = w->registers[n];
            break;
        case CFI_SAME:
        case CFI_LOST:
            break;
        }
    }
    if (callers[CRASH_RSP] <= w->registers[CRASH_RSP]) {
        w->why = "the next frame would not lie above this one";
        return STEP_END;
    }
    memcpy(w->registers, callers, sizeof callers);
    return STEP_UP;
}

/* ---- Without ---------------------------------------------------------------------- */

/* Does a call end at `address`? If it is a direct one, `to` becomes what it calls, else 0. */
static bool is_after_call(const struct elf *e, uint64_t address, uint64_t *to) {
    *to = 0;
    if (!is_code(e, address))
        return false;
    const uint8_t *code = file_at(e, address - 5, 5);
    if (code != NULL && code[0] == 0xe8) { /* call rel32 */
        int32_t distance;
        memcpy(&distance, code + 1, sizeof distance);
        *to = address + (uint64_t)(int64_t)distance;
        return true;
    }
    /* call *r/m64: ff /2, with 0, 1 or 4 bytes of displacement, perhaps a SIB byte */
    for (uint64_t length = 2; length <= 7; length++) {
        code = file_at(e, address - length, 2);
        if (code != NULL && code[0] == 0xff && (code[1] >> 3 & 7) == 2)
            return true;
    }
    return false;
}

static void enter_caller(struct walk *w, uint64_t pc, uint64_t rsp) {
    w->registers[CRASH_RIP] = pc;
    w->registers[CRASH_RSP] = rsp;
}

/* Does the function at `from` jump into `to`? memmove does, into memcpy, and so
 * does whatever ends in a call. Looks at bytes, not at instructions: now and then
 * it sees a jump where there is none. */
static bool jumps_into(const struct sections *s, uint64_t from, const struct symbol *to) {
    struct symbol symbol;
    if (!symbol_at(s, from, &symbol) || symbol.start != from || symbol.bytes > JUMP_BYTES)
        return false;
    if (symbol.bytes == 0) /* of assembly code nobody says how long it is */
        symbol.bytes = SHORT_BYTES;
    const uint8_t *code = file_at(s->elf, from, symbol.bytes);
    for (uint64_t i = 0; code != NULL && i + 5 <= symbol.bytes; i++) {
        int32_t distance;
        memcpy(&distance, code + i + 1, sizeof distance);
        uint64_t target = from + i + 5 + (uint64_t)(int64_t)distance;
        bool jump = code[i] == 0xe9 || (i > 0 && code[i - 1] == 0x0f && code[i] >> 4 == 8);
        if (jump && target >= to->start && target - to->start < (to->bytes != 0 ? to->bytes : 1))
            return true;
    }
    return false;
}

/* A word of the stack that points behind a call which led to `function`. */
static bool search_call(struct walk *w, const struct symbol *function) {
    uint64_t words[CHUNK / 8], rsp = w->registers[CRASH_RSP];
    for (uint64_t at = 0; at < SEARCH_BYTES; at += CHUNK) {
        size_t got = w->m->read(w->m->arg, rsp + at, words, CHUNK) / 8;
        for (size_t i = 0; i < got; i++) {
            uint64_t to;
            if (!is_after_call(w->s->elf, words[i], &to) || to == 0)
                continue;
            if (to == function->start ||
                (w->tries != 0 && w->tries-- != 0 && jumps_into(w->s, to, function))) {
                enter_caller(w, words[i], rsp + at + i * 8 + 8);
                return true;
            }
        }
        if (got < CHUNK / 8)
            break;
    }
    return false;
}

static enum step step_blind(struct walk *w, bool innermost) {
    const struct elf *e = w->s->elf;
    uint64_t pc = w->registers[CRASH_RIP], rsp = w->registers[CRASH_RSP];
    uint64_t rbp = w->registers[CRASH_RBP], words[2], to;
    struct symbol symbol;
    w->why = "who called this is not known: no debug information, or the stack is damaged";
    if (symbol_at(w->s, pc, &symbol) && search_call(w, &symbol))
        return STEP_BLIND;
    if (innermost && read_word(w, rsp, words) && is_after_call(e, words[0], &to)) {
        enter_caller(w, words[0], rsp + 8);
        return STEP_BLIND;
    }
    if (rbp >= rsp && rbp % 8 == 0 &&
        w->m->read(w->m->arg, rbp, words, sizeof words) == sizeof words &&
        is_after_call(e, words[1], &to)) {
        enter_caller(w, words[1], rbp + 16);
        w->registers[CRASH_RBP] = words[0];
        return STEP_BLIND;
    }
    return STEP_END;
}

unsigned unwind_stack(const struct sections *s, const struct memory *m,
                      const uint64_t registers[CRASH_REGISTERS], struct frame *frames, unsigned max,
                      const char **why) {
    struct walk w = {.s = s, .m = m, .tries = JUMP_TRIES};
    struct frame frame = {0};
    unsigned count = 0;
    *why = NULL;
    memcpy(w.registers, registers, sizeof w.registers);
    while (count < max) {
        frame.pc = w.registers[CRASH_RIP];
        frames[count++] = frame;
        struct cfi_row row;
        uint64_t pc = frame.pc - (frame.call ? 1 : 0);
        bool has_row = is_code(s->elf, pc) && cfi_row_at(s, pc, &row);
        w.why = NULL;
        enum step step = has_row && row.known ? step_by_row(&w, &row) : step_blind(&w, count == 1);
        if (step == STEP_END) {
            *why = w.why;
            return count;
        }
        frame.call = !(has_row && row.signal);
        frame.guessed = step == STEP_BLIND;
        pc = w.registers[CRASH_RIP];
        if (pc == 0 && w.registers[CRASH_RSP] == MOTE_STACK_TOP) /* nobody called */
            return count;
        if (!is_code(s->elf, pc)) {
            *why = "its return address is not in the program's text";
            return count;
        }
    }
    *why = "there are more";
    return count;
}
