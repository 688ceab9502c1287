/* Opening and checking a mote's ELF file. */
#include "elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

enum { HEADERS_MAX = 64, FILE_MAX = 1 << 30 };

struct check {
    struct elf *e;
    const uint8_t *file;
    size_t bytes;
    const char *name;
    char *error;
    size_t error_size;
    bool note_found;
    char place[32];
};

__attribute__((format(printf, 3, 4))) static int bad(const struct check *c, const char *place,
                                                     const char *format, ...) {
    char what[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(c->error, c->error_size, "%s: %s: %s", c->name, place, what);
    return EX_DATAERR;
}

/* "segment N": made when something is wrong with it. */
static const char *segment_place(struct check *c, unsigned number) {
    snprintf(c->place, sizeof c->place, "segment %u", number);
    return c->place;
}

static uint64_t page_up(uint64_t n) {
    return (n + MOTE_PAGE - 1) & ~(uint64_t)(MOTE_PAGE - 1);
}

static int check_header(const struct check *c, const Elf64_Ehdr *h) {
    if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
        return bad(c, "header", "not an ELF file");
    if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
        h->e_ident[EI_VERSION] != EV_CURRENT || h->e_version != EV_CURRENT)
        return bad(c, "header", "not a 64-bit little-endian ELF file of version 1");
    if (h->e_machine != EM_X86_64)
        return bad(c, "header", "machine %u, not x86-64", h->e_machine);
    if (h->e_type != ET_EXEC)
        return bad(c, "header", "type %u: a mote is linked at a fixed address (type 2)", h->e_type);
    if (h->e_phentsize != sizeof(Elf64_Phdr))
        return bad(c, "header", "program headers of %u bytes, not %zu", h->e_phentsize,
                   sizeof(Elf64_Phdr));
    if (h->e_phnum == 0 || h->e_phnum > HEADERS_MAX)
        return bad(c, "header", "%u program headers, not 1 to %d", h->e_phnum, HEADERS_MAX);
    if (h->e_phoff > c->bytes || c->bytes - h->e_phoff < h->e_phnum * sizeof(Elf64_Phdr))
        return bad(c, "header", "the program headers lie outside the file");
    return 0;
}

static int check_place(struct check *c, unsigned number, const Elf64_Phdr *p) {
    if ((p->p_vaddr | p->p_offset) % MOTE_PAGE != 0)
        return bad(c, segment_place(c, number),
                   "address %#lx or file offset %#lx is not page aligned", p->p_vaddr, p->p_offset);
    if (p->p_memsz == 0)
        return bad(c, segment_place(c, number), "empty");
    if (p->p_vaddr < MOTE_ELF_BASE || p->p_vaddr >= MOTE_ELF_END ||
        p->p_memsz > MOTE_ELF_END - p->p_vaddr)
        return bad(c, segment_place(c, number), "%#lx bytes at %#lx lie outside %#x to %#x",
                   p->p_memsz, p->p_vaddr, MOTE_ELF_BASE, MOTE_ELF_END);
    if (p->p_filesz > p->p_memsz)
        return bad(c, segment_place(c, number), "%#lx bytes in the file for %#lx in memory",
                   p->p_filesz, p->p_memsz);
    if (p->p_offset > c->bytes || p->p_filesz > c->bytes - p->p_offset)
        return bad(c, segment_place(c, number),
                   "%#lx bytes at file offset %#lx lie outside the file", p->p_filesz, p->p_offset);
    return 0;
}

static int check_rights(struct check *c, unsigned number, const Elf64_Phdr *p) {
    if ((p->p_flags & (PF_W | PF_X)) == (PF_W | PF_X))
        return bad(c, segment_place(c, number), "both writable and executable");
    if ((p->p_flags & (PF_R | PF_W | PF_X)) == 0)
        return bad(c, segment_place(c, number), "neither readable, writable nor executable");
    if ((p->p_flags & PF_W) == 0 && p->p_filesz != p->p_memsz)
        return bad(c, segment_place(c, number), "read-only, but larger in memory than in the file");
    return 0;
}

static int check_segment(struct check *c, unsigned number, const Elf64_Phdr *p) {
    struct elf *e = c->e;
    int status = check_place(c, number, p);
    if (status == 0)
        status = check_rights(c, number, p);
    if (status != 0)
        return status;
    if (e->segments == ELF_SEGMENTS)
        return bad(c, segment_place(c, number), "more than %d segments to load", ELF_SEGMENTS);
    if (e->segments > 0) {
        const struct elf_segment *last = &e->segment[e->segments - 1];
        if (p->p_vaddr < page_up(last->address + last->bytes))
            return bad(c, segment_place(c, number),
                       "at %#lx, not after the end of the one before it, %#lx", p->p_vaddr,
                       last->address + last->bytes);
    }
    e->segment[e->segments++] = (struct elf_segment){.address = p->p_vaddr,
                                                     .bytes = p->p_memsz,
                                                     .file_offset = p->p_offset,
                                                     .file_bytes = p->p_filesz,
                                                     .writable = (p->p_flags & PF_W) != 0,
                                                     .executable = (p->p_flags & PF_X) != 0};
    return 0;
}

/* gABI, "Note Section": 4-byte words; name and description are padded to p_align
 * where that is 8, else to 4. */
static int check_notes(struct check *c, unsigned number, const Elf64_Phdr *p) {
    if (p->p_offset > c->bytes || p->p_filesz > c->bytes - p->p_offset)
        return bad(c, segment_place(c, number), "the notes lie outside the file");
    uint64_t align = p->p_align == 8 ? 8 : 4, at = p->p_offset, end = p->p_offset + p->p_filesz;
    while (end - at >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr n;
        memcpy(&n, c->file + at, sizeof n);
        uint64_t name = at + sizeof n;
        uint64_t description = (name + n.n_namesz + align - 1) & ~(align - 1);
        uint64_t next = (description + n.n_descsz + align - 1) & ~(align - 1);
        if (description > end || n.n_descsz > end - description)
            return bad(c, segment_place(c, number),
                       "the note at file offset %#lx runs past the end", at);
        if (n.n_type == MOTE_NOTE_TYPE && n.n_namesz == sizeof MOTE_NOTE_NAME &&
            memcmp(c->file + name, MOTE_NOTE_NAME, sizeof MOTE_NOTE_NAME) == 0) {
            if (c->note_found)
                return bad(c, segment_place(c, number), "a second Mote note");
            if (n.n_descsz < sizeof c->e->note)
                return bad(c, segment_place(c, number), "a Mote note of %u bytes, not %zu",
                           n.n_descsz, sizeof c->e->note);
            memcpy(&c->e->note, c->file + description, sizeof c->e->note);
            c->note_found = true;
        }
        if (next >= end)
            break;
        at = next;
    }
    return 0;
}

static const struct elf_segment *segment_of(const struct elf *e, uint64_t address) {
    for (unsigned i = 0; i < e->segments; i++) {
        if (address >= e->segment[i].address &&
            address - e->segment[i].address < e->segment[i].bytes)
            return &e->segment[i];
    }
    return NULL;
}

static int check_note(const struct check *c) {
    const struct mote_note *n = &c->e->note;
    if (!c->note_found)
        return bad(c, "notes", "no Mote note: not a mote");
    if (n->version != MOTE_ABI_VERSION)
        return bad(c, "Mote note", "made for version %u of the tender's contract, this is %d",
                   n->version, MOTE_ABI_VERSION);
    const struct elf_segment *s = segment_of(c->e, n->entry);
    if (s == NULL || !s->executable)
        return bad(c, "Mote note", "the entry %#lx is in no executable segment", n->entry);
    s = segment_of(c->e, n->tls);
    if (s == NULL || !s->writable || n->tls % 16 != 0)
        return bad(c, "Mote note",
                   "the thread pointer %#lx is not aligned to 16 in a writable "
                   "segment",
                   n->tls);
    return 0;
}

int elf_check(struct elf *e, const uint8_t *file, size_t bytes, const char *name, char *error,
              size_t error_size) {
    *e = (struct elf){.fd = -1, .file = file, .file_bytes = bytes};
    struct check c = {.e = e,
                      .file = file,
                      .bytes = bytes,
                      .name = name,
                      .error = error,
                      .error_size = error_size};
    Elf64_Ehdr h;
    if (bytes < sizeof h)
        return bad(&c, "header", "not an ELF file: %zu bytes", bytes);
    memcpy(&h, file, sizeof h);
    int status = check_header(&c, &h);
    for (unsigned i = 0; status == 0 && i < h.e_phnum; i++) {
        Elf64_Phdr p;
        memcpy(&p, file + h.e_phoff + i * sizeof p, sizeof p);
        if (p.p_type == PT_LOAD)
            status = check_segment(&c, i, &p);
        else if (p.p_type == PT_NOTE)
            status = check_notes(&c, i, &p);
        else if (p.p_type == PT_INTERP || p.p_type == PT_DYNAMIC)
            status = bad(&c, "header", "dynamically linked; link with -static");
    }
    if (status == 0 && e->segments == 0)
        status = bad(&c, "header", "no segment to load");
    return status != 0 ? status : check_note(&c);
}

static int cannot_open(const char *path, const char *what, char *error, size_t error_size) {
    snprintf(error, error_size, "%s: open: %s", path, what);
    return EX_NOINPUT;
}

int elf_open(struct elf *e, const char *path, char *error, size_t error_size) {
    *e = (struct elf){.fd = -1};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hang */
    if (fd < 0)
        return cannot_open(path, strerror(errno), error, error_size);
    struct stat st;
    const char *what = NULL;
    void *file = NULL;
    if (fstat(fd, &st) != 0)
        what = strerror(errno);
    else if (!S_ISREG(st.st_mode))
        what = "not a regular file";
    if (what == NULL && (st.st_size == 0 || st.st_size > FILE_MAX)) {
        close(fd);
        snprintf(error, error_size, "%s: header: not an ELF file: %lld bytes", path,
                 (long long)st.st_size);
        return EX_DATAERR;
    }
    if (what == NULL) {
        file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (file == MAP_FAILED)
            what = strerror(errno);
    }
    if (what != NULL) {
        close(fd);
        return cannot_open(path, what, error, error_size);
    }
    int status = elf_check(e, file, (size_t)st.st_size, path, error, error_size);
    e->fd = fd;
    if (status != 0)
        elf_close(e);
    return status;
}

void elf_close(struct elf *e) {
    if (e->fd < 0)
        return;
    munmap((void *)(uintptr_t)e->file, e->file_bytes);
    close(e->fd);
    *e = (struct elf){.fd = -1};
}
