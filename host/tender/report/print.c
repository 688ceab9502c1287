/*
 * print.c - the report of a crash: what happened, registers, C frames. What
 * comes from the ELF file is printed without control characters, since it goes
 * to somebody's terminal.
 */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Output --------------------------------------------------------------------- */

static void write_all(int fd, const char *text, size_t size) {
    while (size > 0) {
        ssize_t n = write(fd, text, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        text += n;
        size -= (size_t)n;
    }
}

/* One line in one write. */
__attribute__((format(printf, 2, 3))) static void print(int fd, const char *format, ...) {
    char line[1024];
    va_list list;
    va_start(list, format);
    int n = vsnprintf(line, sizeof line - 1, format, list);
    va_end(list);
    if (n < 0)
        return;
    size_t used = (size_t)n < sizeof line - 1 ? (size_t)n : sizeof line - 2;
    for (size_t i = 0; i < used; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    line[used++] = '\n';
    write_all(fd, line, used);
}

/* ---- Registers ------------------------------------------------------------------- */

static const struct {
    const char *name;
    unsigned number;
} registers[] = {
    {"rax", CRASH_RAX}, {"rbx", CRASH_RBX}, {"rcx", CRASH_RCX}, {"rdx", CRASH_RDX},
    {"rsi", CRASH_RSI}, {"rdi", CRASH_RDI}, {"rbp", CRASH_RBP}, {"rsp", CRASH_RSP},
    {"r8 ", CRASH_R8},  {"r9 ", CRASH_R9},  {"r10", CRASH_R10}, {"r11", CRASH_R11},
    {"r12", CRASH_R12}, {"r13", CRASH_R13}, {"r14", CRASH_R14}, {"r15", CRASH_R15},
};

static void print_registers(int fd, const struct crash *c) {
    print(fd, "  registers:");
    for (unsigned i = 0; i < sizeof registers / sizeof registers[0]; i += 4)
        print(fd, "    %s %016" PRIx64 "  %s %016" PRIx64 "  %s %016" PRIx64 "  %s %016" PRIx64,
              registers[i].name, c->registers[registers[i].number], registers[i + 1].name,
              c->registers[registers[i + 1].number], registers[i + 2].name,
              c->registers[registers[i + 2].number], registers[i + 3].name,
              c->registers[registers[i + 3].number]);
    print(fd, "    rip %016" PRIx64 "  flags %08" PRIx64, c->registers[CRASH_RIP], c->flags);
}

/* ---- Frames ---------------------------------------------------------------------- */

/* "0x20f3a1 scavenge_copy+0x31", looked up where the call is. */
static void frame_words(const struct tender *t, const struct sections *s, const struct frame *f,
                        char *out, size_t size) {
    uint64_t pc = f->pc - (f->call ? 1 : 0);
    struct symbol symbol;
    if (symbol_at(s, pc, &symbol))
        snprintf(out, size, "0x%" PRIx64 " %.*s+0x%" PRIx64, f->pc, (int)symbol.name_bytes,
                 symbol.name, f->pc - symbol.start);
    else if (is_code(&t->program, pc))
        snprintf(out, size, "0x%" PRIx64, f->pc);
    else
        snprintf(out, size, "0x%" PRIx64 " (%s)", f->pc, place_name(t, pc));
}

static void line_words(const struct line *line, char *out, size_t size) {
    if (line->file[0] == 0)
        out[0] = 0;
    else if (line->number == 0)
        snprintf(out, size, "%s", line->file);
    else
        snprintf(out, size, "%s%s:%u", line->near ? "near " : "", line->file, line->number);
}

static void print_frames(int fd, const struct tender *t, const struct sections *s,
                         const struct frame *frames, const struct line *lines, unsigned count) {
    char words[300], where[REPORT_PATH + 16];
    print(fd, "  C frames, innermost first:");
    for (unsigned i = 0; i < count; i++) {
        unsigned same = 0;
        frame_words(t, s, &frames[i], words, sizeof words);
        line_words(&lines[i], where, sizeof where);
        print(fd, "    #%-2u %s%s%s%s", i, words, where[0] != 0 ? "  " : "", where,
              frames[i].guessed ? "  (a guess)" : "");
        while (i + 1 < count && frames[i + 1].pc == frames[i].pc && frames[i + 1].call) {
            i++;
            same++;
        }
        if (same != 0)
            print(fd, "        and %u more of this", same);
    }
}

/* ---- All of it ------------------------------------------------------------------- */

static size_t read_mote(void *arg, uint64_t address, void *out, size_t bytes) {
    struct tender *t = arg;
    size_t got = t->door->read(t, address, out, bytes);
    return got < bytes ? got : bytes;
}

static void print_stack(int fd, struct tender *t, const struct sections *s, const struct crash *c) {
    struct frame frames[REPORT_FRAMES];
    struct line lines[REPORT_FRAMES];
    char words[300], where[REPORT_PATH + 16];
    const char *why;
    struct memory memory = {read_mote, t};
    unsigned count = unwind_stack(s, &memory, c->registers, frames, REPORT_FRAMES, &why);
    for (unsigned i = 0; i < count; i++) {
        uint64_t pc = frames[i].pc - (frames[i].call ? 1 : 0);
        /* The table has rows at address 0 for functions that the linker left out. */
        lines[i].address = is_code(&t->program, pc) ? pc : UINT64_MAX;
    }
    lines_find(s, lines, count);

    frame_words(t, s, &frames[0], words, sizeof words);
    line_words(&lines[0], where, sizeof where);
    print(fd, where[0] != 0 ? "  at %s (%s)" : "  at %s%s", words, where);
    print_registers(fd, c);
    print_frames(fd, t, s, frames, lines, count);
    if (why != NULL)
        print(fd, "    (%s)", why);
}

/* A file that became shorter cannot be looked into: that would end us as well. */
static bool file_is_whole(const struct elf *e) {
    struct stat now;
    return fstat(e->fd, &now) == 0 && (uint64_t)now.st_size >= e->file_bytes;
}

void report_print(int fd, struct tender *t, const struct crash *c) {
    struct sections s = {.elf = &t->program};
    char words[REPORT_WORDS];
    bool whole = c->kind != CRASH_FILE || file_is_whole(&t->program);
    if (whole)
        sections_find(&s, &t->program);
    crash_words(t, &s, c, words);
    print(fd, "mote: %.500s: crash: %s", t->config->name, words);
    if (c->has_registers && whole)
        print_stack(fd, t, &s, c);
    else if (c->has_registers)
        print_registers(fd, c);
    if (c->has_registers && t->config->image >= 0)
        print(fd, "  is the image damaged? mote image check %.900s", t->config->name);
}

void crash_report(struct tender *t, const struct crash *c) {
    report_print(STDERR_FILENO, t, c);
}
