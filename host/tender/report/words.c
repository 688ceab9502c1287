/*
 * words.c - what happened, and where in memory, in words: for somebody who knows
 * Smalltalk and not hypervisors, and the other way round.
 */
#include "report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- Places --------------------------------------------------------------------- */

#define STACK_BOTTOM (MOTE_STACK_TOP - MOTE_STACK_BYTES)
#define LONGEST_INSTRUCTION 15
#define NULL_FIELDS 0x10000 /* below: a field of what a null pointer points to */

static const struct place {
    uint64_t start, end;
    bool mapped;
    const char *name;
} places[] = {
    {0, MOTE_PAGE, false, "page zero: a null pointer?"},
    {MOTE_PAGE, NULL_FIELDS, false, "close to zero: a field of a null pointer?"},
    {MOTE_BOOT, MOTE_BOOT + MOTE_BOOT_BYTES, true, "boot information, which is read-only"},
    {MOTE_CLOCK, MOTE_CLOCK + MOTE_PAGE, true, "the clock, which is read-only"},
    {MOTE_GATE, MOTE_GATE + MOTE_GATE_BYTES, true, "the gate to the tender, which is code"},
    {MOTE_TRAPS, MOTE_TRAPS + MOTE_TRAPS_BYTES, true, "the tender's crash handlers"},
    {MOTE_SHARED, MOTE_SHARED + MOTE_SHARED_BYTES, true, "memory shared with the tender"},
    {MOTE_RINGS, MOTE_RINGS + MOTE_RINGS_BYTES, true, "the rings of the devices"},
    {MOTE_SIGNAL_STACK, MOTE_SIGNAL_STACK + MOTE_SIGNAL_STACK_BYTES, true,
     "the stack of the crash handler"},
    {MOTE_IMAGE_HEADER, MOTE_IMAGE_HEADER + MOTE_PAGE, true,
     "the image's header, which is read-only"},
    {MOTE_ELF_BASE, MOTE_ELF_END, false, "not part of the program"},
    {MOTE_ELF_END, STACK_BOTTOM, false, "the guard below the stack: stack overflow"},
    {STACK_BOTTOM, MOTE_STACK_TOP, true, "the stack"},
    {MOTE_STACK_TOP, MOTE_LOW_END, false, "above the stack"},
    {MOTE_CODE_EXECUTABLE, MOTE_CODE_WRITABLE, false, "kept for generated code"},
    {MOTE_WINDOW, MOTE_WINDOW_END, false, "kept for shared memory"},
};

static struct place place_at(const struct tender *t, uint64_t address) {
    struct place here = {.name = "outside of everything"};
    const struct elf_segment *s = segment_at(&t->program, address);
    if (s != NULL) {
        here.mapped = true;
        here.name = s->executable ? "the program's text, which is read-only"
                    : s->writable ? "the program's data"
                                  : "the program's read-only data";
        return here;
    }
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++)
        if (address >= places[i].start && address < places[i].end)
            return places[i];
    if (address >= MOTE_IMAGE_BASE && address < t->image_end) {
        here.mapped = true;
        here.name = "the image";
    } else if (address >= MOTE_ARENA && address < t->arena_end)
        here.name = "the arena, where the program did not ask for memory";
    else if (address >= t->arena_end && address < UINT64_C(1) << 47)
        here.name = "above all memory";
    else if (address >= UINT64_C(1) << 47)
        here.name = "no address of a program";
    return here;
}

const char *place_name(const struct tender *t, uint64_t address) {
    return place_at(t, address).name;
}

/* ---- A line of text -------------------------------------------------------------- */

struct text {
    char *out;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...) {
    va_list list;
    va_start(list, format);
    int n = vsnprintf(t->out + t->used, REPORT_WORDS - t->used, format, list);
    va_end(list);
    if (n > 0)
        t->used += (size_t)n;
    if (t->used >= REPORT_WORDS)
        t->used = REPORT_WORDS - 1;
}

static void add_address(struct text *text, const struct tender *t, const struct sections *s,
                        uint64_t address) {
    struct place here = place_at(t, address);
    struct symbol symbol;
    add(text, "0x%" PRIx64 ", ", address);
    add(text, here.mapped ? "in %s" : "which is not mapped (%s)", here.name);
    if (symbol_at(s, address, &symbol) && symbol.name_bytes < 64) {
        add(text, " (%.*s", (int)symbol.name_bytes, symbol.name);
        add(text, address != symbol.start ? "+0x%" PRIx64 ")" : ")", address - symbol.start);
    }
}

/* Instructions that somebody meets who is new to motes, or whose compiler ended
 * a path that cannot be. */
static const struct {
    uint8_t bytes[2], count;
    const char *words;
} instructions[] = {
    {{0x0f, 0x0b}, 2, "ud2: the compiler put it where no program may come"},
    {{0x0f, 0x05}, 2, "syscall: there is no operating system under a mote"},
    {{0x0f, 0x34}, 2, "sysenter: there is no operating system under a mote"},
    {{0xcd, 0x80}, 2, "int 0x80: there is no operating system under a mote"},
    {{0xf4, 0}, 1, "hlt: only a kernel at ring 0 may, use platform_wait"},
    {{0xfa, 0}, 1, "cli: only a kernel at ring 0 may"},
    {{0xfb, 0}, 1, "sti: only a kernel at ring 0 may"},
    {{0x0f, 0x30}, 2, "wrmsr: only a kernel at ring 0 may"},
    {{0x0f, 0x32}, 2, "rdmsr: only a kernel at ring 0 may"},
    {{0x0f, 0x20}, 2, "that uses a control register: only a kernel at ring 0 may"},
    {{0x0f, 0x22}, 2, "that uses a control register: only a kernel at ring 0 may"},
};

/* What of the instruction at rip the file has. */
static struct cursor code_at(const struct tender *t, const struct crash *c) {
    struct cursor none = {NULL, NULL, true};
    for (size_t bytes = LONGEST_INSTRUCTION; c->has_registers && bytes > 0; bytes--) {
        const uint8_t *code = file_at(&t->program, c->registers[CRASH_RIP], bytes);
        if (code != NULL)
            return (struct cursor){code, code + bytes, false};
    }
    return none;
}

/* Most faults of which the processor tells no more are of this kind. */
static bool add_wild_operand(struct text *text, const struct tender *t, const struct crash *c) {
    struct cursor code = code_at(t, c);
    uint64_t address;
    if (code.bad || !wild_operand(code, c->registers, &address))
        return false;
    add(text, "access to 0x%" PRIx64 ", an address that no memory can have: a damaged pointer?",
        address);
    return true;
}

/* The door's words, unless the instruction itself says more. */
static void add_instruction(struct text *text, const struct tender *t, const struct crash *c) {
    struct cursor code = code_at(t, c);
    for (unsigned i = 0; !code.bad && i < sizeof instructions / sizeof instructions[0]; i++)
        if (left(&code) >= instructions[i].count &&
            memcmp(code.at, instructions[i].bytes, instructions[i].count) == 0) {
            add(text, "instruction %s", instructions[i].words);
            return;
        }
    add(text, "%s",
        c->what != NULL ? c->what : "an instruction that does not exist or is not allowed");
    if (!code.bad)
        add(text, " (it begins with %02x)", code.at[0]);
}

static bool in_guard(uint64_t address) {
    return address >= MOTE_ELF_END && address < STACK_BOTTOM;
}

static void add_access(struct text *text, const struct tender *t, const struct sections *s,
                       const struct crash *c, const char *verb) {
    add(text, "%s ", verb);
    add_address(text, t, s, c->address);
    if (c->kind == CRASH_EXECUTE && place_at(t, c->address).mapped)
        add(text, ": nothing may be executed there");
    uint64_t rsp = c->has_registers ? c->registers[CRASH_RSP] : STACK_BOTTOM;
    if (!in_guard(rsp) && rsp != MOTE_STACK_TOP && !place_at(t, rsp).mapped)
        add(text, "; the stack pointer is wild, too");
}

/* Not even a frame for the handler could be pushed. */
static void add_stack(struct text *text, const struct tender *t, const struct crash *c) {
    uint64_t rsp = c->has_registers ? c->registers[CRASH_RSP] : 0;
    if (in_guard(rsp - 1) || in_guard(c->address)) {
        add(text, "stack overflow: the stack pointer is at 0x%" PRIx64, rsp);
        return;
    }
    add(text, "no crash handler could run: the stack pointer is wild, or the stack is full");
    if (c->has_registers)
        add(text, " (it is at 0x%" PRIx64 ", %s)", rsp, place_name(t, rsp));
}

void crash_words(const struct tender *t, const struct sections *s, const struct crash *c,
                 char out[REPORT_WORDS]) {
    struct text text = {.out = out};
    out[0] = 0;
    if ((c->kind == CRASH_INSTRUCTION || c->kind == CRASH_OTHER) && add_wild_operand(&text, t, c))
        return;
    switch (c->kind) {
    case CRASH_READ:
        add_access(&text, t, s, c, "read from");
        break;
    case CRASH_WRITE:
        add_access(&text, t, s, c, "write to");
        break;
    case CRASH_EXECUTE:
        add_access(&text, t, s, c, "jump to");
        break;
    case CRASH_ACCESS:
        add_access(&text, t, s, c, "access to");
        break;
    case CRASH_INSTRUCTION:
        add_instruction(&text, t, c);
        return;
    case CRASH_DIVIDE:
        add(&text, "an integer division by zero, or whose result does not fit");
        break;
    case CRASH_BREAKPOINT:
        add(&text, "a breakpoint, and no debugger");
        break;
    case CRASH_SYSTEM_CALL:
        add(&text, "system call %" PRIu64 ": there is no operating system under a mote",
            c->address);
        break;
    case CRASH_PORT:
        add(&text, "access to port 0x%" PRIx64 ", where there is nothing", c->address);
        break;
    case CRASH_FILE:
        add(&text, "the image or program file became shorter while it was in use");
        if (c->address != 0)
            add(&text, " (at 0x%" PRIx64 ", in %s)", c->address, place_name(t, c->address));
        break;
    case CRASH_STACK:
        add_stack(&text, t, c);
        break;
    case CRASH_KILLED:
        add(&text, "the mote's process was ended from outside by signal %" PRIu64, c->address);
        break;
    case CRASH_OTHER:
        break;
    }
    if (c->what != NULL)
        add(&text, "%s%s", text.used != 0 ? "; " : "", c->what);
    if (text.used == 0)
        add(&text, "nothing is known about it");
}
