/*
 * report.h - the parts of a crash report, each usable on its own.
 *
 *   sections.c  the parts of the ELF file that it needs
 *   symbols.c   address -> function or variable
 *   cfi.c       address -> how its frame is laid out (.debug_frame, .eh_frame)
 *   unwind.c    registers and memory -> frames
 *   lines.c     address -> file and line (.debug_line)
 *   operand.c   instruction and registers -> the address that it could not use
 *   words.c     kinds of crashes and places in memory, in words
 *   print.c     crash_report of crash.h
 *
 * Registers and memory are a hostile mote's, and the ELF file may be damaged:
 * everything here is bounded by the size of the file and by the constants
 * below, allocates nothing, does not recurse, makes no system call but the
 * write of the report, and never fails: what cannot be found out is left out.
 */
#ifndef MOTE_TENDER_REPORT_H
#define MOTE_TENDER_REPORT_H

#include "../crash.h"
#include "bytes.h"

#define REPORT_FRAMES 64
#define REPORT_PATH 100 /* of a source file, with the final 0; what is longer loses its start */
#define REPORT_WORDS 256

/* ---- sections.c ------------------------------------------------------------- */

struct sections {
    const struct elf *elf;
    struct span symbols, names; /* .symtab and its string table */
    struct span debug_frame, eh_frame;
    struct span lines, line_strings, strings; /* .debug_line, .debug_line_str, .debug_str */
};

void sections_find(struct sections *s, const struct elf *e);
/* The segment that holds an address, or NULL. */
const struct elf_segment *segment_at(const struct elf *e, uint64_t address);
/* An address of the program's instructions. */
bool is_code(const struct elf *e, uint64_t address);
/* The bytes [address, address + bytes) of a segment as the file has them, or NULL. */
const uint8_t *file_at(const struct elf *e, uint64_t address, size_t bytes);

/* ---- symbols.c -------------------------------------------------------------- */

struct symbol {
    uint64_t start, bytes; /* its address; bytes 0: not known */
    const char *name;      /* in the file: not ended by 0, arbitrary bytes */
    size_t name_bytes;
};

bool symbol_at(const struct sections *s, uint64_t address, struct symbol *out);

/* ---- cfi.c ------------------------------------------------------------------ */

enum cfi_how {
    CFI_SAME,     /* as in the callee (also: not said) */
    CFI_LOST,     /* DW_CFA_undefined; of the return address: the outermost frame */
    CFI_AT,       /* in memory at CFA + n */
    CFI_IS,       /* it is CFA + n */
    CFI_REGISTER, /* in register n */
};

/* One row of the table: how to get from a frame to its caller. */
struct cfi_row {
    uint64_t start; /* of the function */
    bool signal;    /* the caller's pc is not a return address but where it was interrupted */
    bool known;     /* CFA is register cfa_register + cfa_offset; else by an expression */
    unsigned cfa_register;
    int64_t cfa_offset;
    struct {
        enum cfi_how how;
        int64_t n;
    } rule[CRASH_REGISTERS];
};

/* False where there is none or it is damaged. */
bool cfi_row_at(const struct sections *s, uint64_t pc, struct cfi_row *out);

/* ---- unwind.c --------------------------------------------------------------- */

struct memory {
    /* As tender_door.read: may be short. */
    size_t (*read)(void *arg, uint64_t address, void *out, size_t bytes);
    void *arg;
};

struct frame {
    uint64_t pc;
    bool call;    /* pc is a return address: the call lies before it */
    bool guessed; /* found without CFI */
};

/* The frames of a stack, innermost first, at most `max`; `why` becomes the reason
 * why there are no more, NULL after the outermost one. */
unsigned unwind_stack(const struct sections *s, const struct memory *m,
                      const uint64_t registers[CRASH_REGISTERS], struct frame *frames, unsigned max,
                      const char **why);

/* ---- lines.c ---------------------------------------------------------------- */

struct line {
    uint64_t address; /* the caller's */
    bool found;
    bool near; /* the compiler's own code; number is of what comes before it, or 0 */
    unsigned number;
    char file[REPORT_PATH];
};

/* Fill in file and line of all of these addresses in one pass over .debug_line. */
void lines_find(const struct sections *s, struct line *lines, unsigned count);

/* ---- operand.c -------------------------------------------------------------- */

/* Does the instruction at `code` use memory at an address that cannot be one? */
bool wild_operand(struct cursor code, const uint64_t registers[CRASH_REGISTERS], uint64_t *address);

/* ---- words.c ---------------------------------------------------------------- */

/* What lies at an address: "the program's text". */
const char *place_name(const struct tender *t, uint64_t address);
/* What happened, in one line without a newline: at most REPORT_WORDS with the final 0. */
void crash_words(const struct tender *t, const struct sections *s, const struct crash *c,
                 char out[REPORT_WORDS]);

/* ---- print.c ---------------------------------------------------------------- */

/* crash_report to any file descriptor. */
void report_print(int fd, struct tender *t, const struct crash *c);

#endif
