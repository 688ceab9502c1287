/*
 * fuzz_elf.c - any bytes as a mote's ELF file. What elf_check accepts is as elf.h
 * says; what it refuses, it refuses with one line.
 */
#include "../../host/tender/elf.h"

#include <stdlib.h>
#include <string.h>

static void require(bool condition) {
    if (!condition)
        abort();
}

static const struct elf_segment *segment_of(const struct elf *e, uint64_t address) {
    for (unsigned i = 0; i < e->segments; i++)
        if (address - e->segment[i].address < e->segment[i].bytes)
            return &e->segment[i];
    return NULL;
}

static void accepted(const struct elf *e, size_t size) {
    uint64_t end = MOTE_ELF_BASE;
    require(e->segments > 0 && e->segments <= ELF_SEGMENTS);
    for (unsigned i = 0; i < e->segments; i++) {
        const struct elf_segment *s = &e->segment[i];
        require(s->address % MOTE_PAGE == 0 && s->file_offset % MOTE_PAGE == 0);
        require(s->address >= end && s->bytes > 0 && s->bytes <= MOTE_ELF_END - s->address);
        require(!s->writable || !s->executable);
        require(s->file_bytes <= s->bytes && s->file_offset <= size &&
                s->file_bytes <= size - s->file_offset);
        end = s->address + s->bytes;
    }
    require(e->note.version == MOTE_ABI_VERSION && e->note.tls % 16 == 0);
    const struct elf_segment *entry = segment_of(e, e->note.entry);
    const struct elf_segment *tls = segment_of(e, e->note.tls);
    require(entry != NULL && entry->executable);
    require(tls != NULL && tls->writable);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct elf e;
    char error[256] = "";
    int status = elf_check(&e, data, size, "FILE", error, sizeof error);
    if (status == 0) {
        accepted(&e, size);
    } else {
        require(status == 65 || status == 66);
        require(strncmp(error, "FILE: ", 6) == 0 && strchr(error, '\n') == NULL);
        require(strstr(error + 6, ": ") != NULL);
    }
    return 0;
}
