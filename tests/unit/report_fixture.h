/*
 * report_fixture.h - ELF files put together in memory for the tests of crash
 * reports: one text segment, one data segment, and the sections that a test
 * writes itself, byte by byte.
 */
#ifndef MOTE_REPORT_FIXTURE_H
#define MOTE_REPORT_FIXTURE_H

#include "../../host/tender/report/report.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define TEXT 0x201000u
#define TEXT_BYTES 0x1000u
#define DATA 0x203000u
#define DATA_BYTES 0x1000u

/* ---- Bytes -------------------------------------------------------------------- */

struct bytes {
    uint8_t data[8192];
    size_t size;
};

static inline void put(struct bytes *b, uint64_t value, unsigned bytes) {
    assert_true(b->size + bytes <= sizeof b->data);
    memcpy(b->data + b->size, &value, bytes);
    b->size += bytes;
}

static inline void put_unsigned(struct bytes *b, uint64_t value) {
    do {
        put(b, (value & 0x7f) | (value > 0x7f ? 0x80 : 0), 1);
        value >>= 7;
    } while (value != 0);
}

static inline void put_signed(struct bytes *b, int64_t value) {
    for (;;) {
        unsigned byte = (unsigned)value & 0x7f;
        value >>= 7;
        bool last = (value == 0 && !(byte & 0x40)) || (value == -1 && byte & 0x40);
        put(b, byte | (last ? 0 : 0x80), 1);
        if (last)
            return;
    }
}

static inline void put_text(struct bytes *b, const char *text) {
    size_t n = strlen(text) + 1;
    assert_true(b->size + n <= sizeof b->data);
    memcpy(b->data + b->size, text, n);
    b->size += n;
}

/* Begin something that starts with its length in four bytes, and end it. */
static inline size_t open_length(struct bytes *b) {
    put(b, 0, 4);
    return b->size;
}

static inline void close_length(struct bytes *b, size_t start) {
    uint32_t length = (uint32_t)(b->size - start);
    memcpy(b->data + start - 4, &length, 4);
}

/* ---- Call frame information ------------------------------------------------------ */

/* The CIE that clang writes: CFA is rsp + 8, the return address lies at CFA - 8. */
static inline void put_cie(struct bytes *b) {
    size_t start = open_length(b);
    put(b, 0xffffffff, 4);
    put(b, 4, 1);
    put_text(b, "");
    put(b, 8, 2); /* address size 8, segment size 0 */
    put_unsigned(b, 1);
    put_signed(b, -8);
    put_unsigned(b, CRASH_RIP);
    put(b, 0x0c, 1), put_unsigned(b, CRASH_RSP), put_unsigned(b, 8);
    put(b, 0x80 | CRASH_RIP, 1), put_unsigned(b, 1);
    close_length(b, start);
}

/* An FDE of the CIE at offset 0; its instructions follow, then close_length. */
static inline size_t open_fde(struct bytes *b, uint64_t function, uint64_t bytes) {
    size_t start = open_length(b);
    put(b, 0, 4);
    put(b, function, 8);
    put(b, bytes, 8);
    return start;
}

/* ---- Files -------------------------------------------------------------------------- */

struct fixture {
    struct bytes text, symbols, names, debug_frame, eh_frame, lines, line_strings, strings;
    struct elf elf;
    struct sections sections;
    uint8_t *file;
};

static inline void fixture_symbol(struct fixture *f, const char *name, unsigned info,
                                  uint64_t value, uint64_t bytes) {
    if (f->names.size == 0)
        put(&f->names, 0, 1);
    put(&f->symbols, f->names.size, 4);
    put(&f->symbols, info, 1);
    put(&f->symbols, 0, 1);
    put(&f->symbols, 1, 2);
    put(&f->symbols, value, 8);
    put(&f->symbols, bytes, 8);
    put_text(&f->names, name);
}

static inline void fixture_function(struct fixture *f, const char *name, uint64_t value,
                                    uint64_t bytes) {
    fixture_symbol(f, name, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), value, bytes);
}

/* A call instruction of five bytes. */
static inline void fixture_call(struct fixture *f, uint64_t at, uint64_t to) {
    int32_t distance = (int32_t)(to - (at + 5));
    f->text.data[at - TEXT] = 0xe8;
    memcpy(f->text.data + (at - TEXT) + 1, &distance, 4);
}

/* The file, in a block of exactly its size, so that a sanitizer sees reads beyond. */
static inline void fixture_finish(struct fixture *f) {
    static const struct {
        const char *name;
        size_t member;
        unsigned type, link;
    } list[] = {
        {"", 0, SHT_NULL, 0},
        {".text", offsetof(struct fixture, text), SHT_PROGBITS, 0},
        {".symtab", offsetof(struct fixture, symbols), SHT_SYMTAB, 3},
        {".strtab", offsetof(struct fixture, names), SHT_STRTAB, 0},
        {".debug_frame", offsetof(struct fixture, debug_frame), SHT_PROGBITS, 0},
        {".eh_frame", offsetof(struct fixture, eh_frame), SHT_PROGBITS, 0},
        {".debug_line", offsetof(struct fixture, lines), SHT_PROGBITS, 0},
        {".debug_line_str", offsetof(struct fixture, line_strings), SHT_PROGBITS, 0},
        {".debug_str", offsetof(struct fixture, strings), SHT_PROGBITS, 0},
        {".shstrtab", 0, SHT_STRTAB, 0},
    };
    enum { COUNT = sizeof list / sizeof list[0] };
    struct bytes names = {.size = 0};
    Elf64_Shdr headers[COUNT] = {0};
    Elf64_Ehdr h = {.e_shentsize = sizeof headers[0], .e_shnum = COUNT, .e_shstrndx = COUNT - 1};
    f->text.size = TEXT_BYTES;
    size_t size = sizeof h;
    for (unsigned i = 0; i < COUNT; i++) {
        const struct bytes *b = (const void *)((const char *)f + list[i].member);
        headers[i].sh_name = (uint32_t)names.size;
        put_text(&names, list[i].name);
        headers[i].sh_type = list[i].type;
        headers[i].sh_link = list[i].link;
        headers[i].sh_offset = size;
        headers[i].sh_size = i == COUNT - 1 ? names.size : i == 0 ? 0 : b->size;
        headers[i].sh_addr = b == &f->eh_frame ? DATA : 0;
        size += headers[i].sh_size;
    }
    h.e_shoff = size;
    f->file = malloc(size + sizeof headers);
    assert_non_null(f->file);
    memcpy(f->file, &h, sizeof h);
    for (unsigned i = 1; i < COUNT; i++) {
        const struct bytes *b = (const void *)((const char *)f + list[i].member);
        memcpy(f->file + headers[i].sh_offset, i == COUNT - 1 ? names.data : b->data,
               headers[i].sh_size);
    }
    memcpy(f->file + size, headers, sizeof headers);
    f->elf =
        (struct elf){.fd = -1,
                     .file = f->file,
                     .file_bytes = size + sizeof headers,
                     .segments = 2,
                     .segment = {{TEXT, TEXT_BYTES, headers[1].sh_offset, TEXT_BYTES, false, true},
                                 {DATA, DATA_BYTES, 0, 0, true, false}}};
    sections_find(&f->sections, &f->elf);
}

static inline struct fixture *fixture_new(void) {
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    return f;
}

static inline void fixture_free(struct fixture *f) {
    free(f->file);
    free(f);
}

#endif
