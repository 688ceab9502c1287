/*
 * crash.h - what a door knows about a crash, and the report that it becomes.
 */
#ifndef MOTE_TENDER_CRASH_H
#define MOTE_TENDER_CRASH_H

#include "tender.h"

/* In the order of the DWARF register numbers of x86-64 (psABI, figure 3.36). */
enum {
    CRASH_RAX,
    CRASH_RDX,
    CRASH_RCX,
    CRASH_RBX,
    CRASH_RSI,
    CRASH_RDI,
    CRASH_RBP,
    CRASH_RSP,
    CRASH_R8,
    CRASH_R9,
    CRASH_R10,
    CRASH_R11,
    CRASH_R12,
    CRASH_R13,
    CRASH_R14,
    CRASH_R15,
    CRASH_RIP,
    CRASH_REGISTERS
};

enum crash_kind {
    CRASH_READ,        /* at `address`, which is not mapped or not readable */
    CRASH_WRITE,       /* to `address`, not mapped or read-only */
    CRASH_EXECUTE,     /* a jump to `address` */
    CRASH_ACCESS,      /* one of these, not known which */
    CRASH_INSTRUCTION, /* undefined or not allowed here */
    CRASH_DIVIDE,
    CRASH_BREAKPOINT,
    CRASH_SYSTEM_CALL, /* `address` is its number; outside the policy */
    CRASH_PORT,        /* `address` is the port */
    CRASH_FILE,        /* the image or program file shrank under the mote */
    CRASH_STACK,       /* so broken that no handler could run (KVM_EXIT_SHUTDOWN) */
    CRASH_KILLED,      /* the process: `address` is the signal */
    CRASH_OTHER,       /* `what` says it */
};

struct crash {
    enum crash_kind kind;
    uint64_t address;
    const char *what; /* more words, or NULL */
    bool has_registers;
    uint64_t registers[CRASH_REGISTERS], flags;
};

/* Print the report on standard error: what happened and where, registers, C
 * frames with functions, files and lines where the ELF file has them. */
void crash_report(struct tender *t, const struct crash *c);

#endif
