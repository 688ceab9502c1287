/*
 * sections.c - where the ELF file keeps what a report needs. The section headers
 * are not checked by elf_check, since no mote runs by them: a section that does
 * not lie in the file is one that is not there (gABI, chapter 4).
 */
#include "report.h"

#include <elf.h>

#define SECTIONS 1024
#define LARGEST (64u << 20) /* section that is looked into: a report takes seconds at most */

static bool read_header(const struct elf *e, const Elf64_Ehdr *h, unsigned i, Elf64_Shdr *out) {
    uint64_t at = (uint64_t)i * sizeof *out;
    if (h->e_shoff > e->file_bytes || at + sizeof *out > e->file_bytes - h->e_shoff)
        return false;
    memcpy(out, e->file + h->e_shoff + at, sizeof *out);
    return true;
}

static struct span section_bytes(const struct elf *e, const Elf64_Shdr *h) {
    struct span none = {0};
    if (h->sh_type == SHT_NOBITS || h->sh_size > LARGEST || h->sh_flags & SHF_COMPRESSED ||
        h->sh_offset > e->file_bytes || h->sh_size > e->file_bytes - h->sh_offset)
        return none;
    return (struct span){e->file + h->sh_offset, h->sh_size, h->sh_addr};
}

static bool named(const struct span *names, const Elf64_Shdr *h, const char *name) {
    struct cursor c = read_span(names);
    const char *found;
    skip(&c, h->sh_name);
    size_t length = take_string(&c, 32, &found);
    return !c.bad && length == strlen(name) && memcmp(found, name, length) == 0;
}

void sections_find(struct sections *s, const struct elf *e) {
    *s = (struct sections){.elf = e};
    Elf64_Ehdr h;
    Elf64_Shdr section, strings;
    if (e->file == NULL || e->file_bytes < sizeof h)
        return;
    memcpy(&h, e->file, sizeof h);
    if (h.e_shentsize != sizeof section || !read_header(e, &h, h.e_shstrndx, &section))
        return;
    struct span names = section_bytes(e, &section);
    if (names.size == 0)
        return;
    for (unsigned i = 0; i < h.e_shnum && i < SECTIONS && read_header(e, &h, i, &section); i++) {
        if (section.sh_type == SHT_SYMTAB && read_header(e, &h, section.sh_link, &strings)) {
            s->symbols = section_bytes(e, &section);
            s->names = section_bytes(e, &strings);
        } else if (named(&names, &section, ".debug_frame"))
            s->debug_frame = section_bytes(e, &section);
        else if (named(&names, &section, ".eh_frame"))
            s->eh_frame = section_bytes(e, &section);
        else if (named(&names, &section, ".debug_line"))
            s->lines = section_bytes(e, &section);
        else if (named(&names, &section, ".debug_line_str"))
            s->line_strings = section_bytes(e, &section);
        else if (named(&names, &section, ".debug_str"))
            s->strings = section_bytes(e, &section);
    }
}

const struct elf_segment *segment_at(const struct elf *e, uint64_t address) {
    for (unsigned i = 0; i < e->segments && i < ELF_SEGMENTS; i++)
        if (address >= e->segment[i].address &&
            address - e->segment[i].address < e->segment[i].bytes)
            return &e->segment[i];
    return NULL;
}

bool is_code(const struct elf *e, uint64_t address) {
    const struct elf_segment *s = segment_at(e, address);
    return s != NULL && s->executable;
}

const uint8_t *file_at(const struct elf *e, uint64_t address, size_t bytes) {
    const struct elf_segment *s = segment_at(e, address);
    if (s == NULL)
        return NULL;
    uint64_t at = address - s->address;
    if (at > s->file_bytes || bytes > s->file_bytes - at || s->file_offset > e->file_bytes ||
        at + bytes > e->file_bytes - s->file_offset)
        return NULL;
    return e->file + s->file_offset + at;
}
