/*
 * dump.h - what the kernel tells `mote run --on qemu` about a crash: written byte
 * by byte to the port that later takes the exit status (status_port of the command
 * line), so that the host, which has the ELF file's symbols, can print the report.
 * After the structure come `stack_bytes` bytes of the stack from rsp on, at least
 * MOTE_DUMP_LEAST. Everything is little-endian; the host trusts none of it.
 */
#ifndef MOTE_DUMP_H
#define MOTE_DUMP_H

#include <stdint.h>

#define MOTE_DUMP_MAGIC "MoteDump"
#define MOTE_DUMP_LEAST 0x2000 /* more than the channel holds: the kernel waits for the host */
#define MOTE_DUMP_MOST 0x10000
#define MOTE_DUMP_REGISTERS 17 /* DWARF's order: rax rdx rcx rbx rsi rdi rbp rsp r8-r15 rip */

struct mote_dump {
    char magic[8];
    uint64_t vector, error, address; /* the exception, its error code, cr2 */
    uint64_t registers[MOTE_DUMP_REGISTERS], flags;
    uint64_t stack, stack_bytes;
};

#endif
