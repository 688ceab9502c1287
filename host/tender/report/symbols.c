/*
 * symbols.c - the function or variable at an address, from the symbol table
 * (gABI, chapter 4).
 */
#include "report.h"

#include <elf.h>

#define NAME_BYTES 200

#define REACH 4096 /* of what has no size */

/* How well a symbol fits. */
enum { NO_FIT, BARE, TYPED, SIZED, SIZED_GLOBAL };

/* Does a symbol reach up to the address? Labels of assembly code may
 * have neither type nor size; they reach up to the next one. */
static unsigned rank(const struct elf *e, const Elf64_Sym *sym, uint64_t address) {
    unsigned type = ELF64_ST_TYPE(sym->st_info);
    if (sym->st_shndx == SHN_UNDEF || sym->st_name == 0 || sym->st_value > address)
        return NO_FIT;
    if (type != STT_FUNC && type != STT_OBJECT && type != STT_NOTYPE)
        return NO_FIT;
    if (sym->st_size != 0)
        return address - sym->st_value >= sym->st_size     ? NO_FIT
               : ELF64_ST_BIND(sym->st_info) == STB_GLOBAL ? SIZED_GLOBAL
                                                           : SIZED;
    if (address - sym->st_value >= REACH || segment_at(e, sym->st_value) != segment_at(e, address))
        return NO_FIT;
    return type == STT_NOTYPE ? BARE : TYPED;
}

/* What has a size knows where it ends; then the nearest before; then what
 * the linker saw, or what has a type. */
static bool better(unsigned r, uint64_t start, unsigned than, uint64_t than_start) {
    if ((r >= SIZED) != (than >= SIZED))
        return r >= SIZED;
    return start > than_start || (start == than_start && r > than);
}

bool symbol_at(const struct sections *s, uint64_t address, struct symbol *out) {
    struct cursor c = read_span(&s->symbols);
    Elf64_Sym sym;
    unsigned best = NO_FIT;
    if (s->symbols.size == 0 || segment_at(s->elf, address) == NULL)
        return false;
    for (; left(&c) >= sizeof sym; c.at += sizeof sym) {
        memcpy(&sym, c.at, sizeof sym);
        unsigned r = rank(s->elf, &sym, address);
        if (r == NO_FIT || (best != NO_FIT && !better(r, sym.st_value, best, out->start)))
            continue;
        struct cursor names = read_span(&s->names);
        skip(&names, sym.st_name);
        const char *name;
        size_t bytes = take_string(&names, NAME_BYTES, &name);
        if (names.bad || bytes == 0)
            continue;
        *out = (struct symbol){sym.st_value, sym.st_size, name, bytes};
        best = r;
    }
    return best != NO_FIT;
}
