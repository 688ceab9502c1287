/*
 * elf.h - a mote's ELF file: checked completely before anything is mapped.
 *
 * Accepted: ELF64, little-endian, x86-64, ET_EXEC; PT_LOAD segments page aligned
 * (address and file offset), in [MOTE_ELF_BASE, MOTE_ELF_END), in ascending order
 * without overlap, none both writable and executable, file part within the file;
 * one PT_NOTE with a mote_note of MOTE_ABI_VERSION, its entry in an executable
 * segment, its tls in a writable one. System V ABI, AMD64 supplement; gABI ch. 5.
 *
 * Errors: elf_open answers 0, 65 or 66 and one line "FILE: PLACE: what is wrong".
 */
#ifndef MOTE_TENDER_ELF_H
#define MOTE_TENDER_ELF_H

#include "mote/abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS 16

struct elf_segment {
    uint64_t address, bytes;          /* in memory; address is page aligned */
    uint64_t file_offset, file_bytes; /* page aligned; bytes present in the file */
    bool writable, executable;
};

struct elf {
    int fd;
    const uint8_t *file; /* mapped, read-only */
    size_t file_bytes;
    unsigned segments;
    struct elf_segment segment[ELF_SEGMENTS];
    struct mote_note note;
};

int elf_open(struct elf *e, const char *path, char *error, size_t error_size);
/* The check alone, on any bytes (fuzzed). */
int elf_check(struct elf *e, const uint8_t *file, size_t bytes, const char *name, char *error,
              size_t error_size);
void elf_close(struct elf *e);

#endif
