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

/* Exceptions of the processor (SDM volume 3, table 6-1), for doors that see them. */
enum crash_vector {
    VECTOR_DIVIDE_ERROR = 0,
    VECTOR_DEBUG = 1,
    VECTOR_NMI = 2,
    VECTOR_BREAKPOINT = 3,
    VECTOR_OVERFLOW = 4,
    VECTOR_INVALID_OPCODE = 6,
    VECTOR_DOUBLE_FAULT = 8,
    VECTOR_STACK_FAULT = 12,
    VECTOR_GENERAL_PROTECTION = 13,
    VECTOR_PAGE_FAULT = 14,
    VECTOR_X87_ERROR = 16,
    VECTOR_ALIGNMENT = 17,
    VECTOR_MACHINE_CHECK = 18,
    VECTOR_SIMD_ERROR = 19,
};

/* Set kind, address and what of `c`; `error` and `address` are a page fault's. */
void crash_from_vector(uint64_t vector, uint64_t error, uint64_t address, struct crash *c);

#endif
