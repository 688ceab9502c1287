/*
 * lines.c - file and line of addresses, from .debug_line. DWARF 5, section 6.2;
 * tables of other versions are skipped.
 */
#include "report.h"

#include <string.h>

#define FORMATS 8 /* of a directory or file entry: pairs of content and form */
#define LONGEST_PATH 4096

enum { CONTENT_PATH = 1, CONTENT_DIRECTORY = 2 };

enum {
    FORM_BLOCK2 = 0x03,
    FORM_DATA2 = 0x05,
    FORM_DATA4 = 0x06,
    FORM_DATA8 = 0x07,
    FORM_STRING = 0x08,
    FORM_BLOCK = 0x09,
    FORM_DATA1 = 0x0b,
    FORM_STRP = 0x0e,
    FORM_UDATA = 0x0f,
    FORM_DATA16 = 0x1e,
    FORM_LINE_STRP = 0x1f,
};

/* A list of directories or files: its entries are read again for each question. */
struct list {
    unsigned formats;
    struct {
        uint64_t content, form;
    } format[FORMATS];
    uint64_t count;
    struct cursor entries;
};

struct entry {
    const char *path;
    size_t bytes;
    uint64_t directory;
};

struct header {
    struct list directories, files;
    uint8_t min_length, line_range, opcode_base;
    int8_t line_base;
    const uint8_t *operands; /* how many each standard opcode has, from 1 */
    struct cursor program;
};

/* ---- Directories and files ---------------------------------------------------------- */

static size_t string_at(const struct span *strings, uint64_t offset, const char **out) {
    struct cursor c = read_span(strings);
    skip(&c, offset);
    return take_string(&c, LONGEST_PATH, out);
}

static void read_field(const struct sections *s, struct cursor *c, uint64_t content, uint64_t form,
                       struct entry *e) {
    const char *text = NULL;
    size_t bytes = 0;
    uint64_t value = 0;
    switch (form) {
    case FORM_STRING:
        bytes = take_string(c, left(c), &text);
        break;
    case FORM_LINE_STRP:
        bytes = string_at(&s->line_strings, take(c, 4), &text);
        break;
    case FORM_STRP:
        bytes = string_at(&s->strings, take(c, 4), &text);
        break;
    case FORM_UDATA:
        value = take_unsigned(c);
        break;
    case FORM_DATA1:
        value = take(c, 1);
        break;
    case FORM_DATA2:
        value = take(c, 2);
        break;
    case FORM_DATA4:
        value = take(c, 4);
        break;
    case FORM_DATA8:
        value = take(c, 8);
        break;
    case FORM_DATA16:
        skip(c, 16);
        break;
    case FORM_BLOCK:
        skip(c, take_unsigned(c));
        break;
    case FORM_BLOCK2:
        skip(c, take(c, 2));
        break;
    default:
        fail(c);
    }
    if (content == CONTENT_PATH && text != NULL) {
        e->path = text;
        e->bytes = bytes;
    } else if (content == CONTENT_DIRECTORY)
        e->directory = value;
}

static void read_entry(const struct sections *s, const struct list *list, struct cursor *c,
                       struct entry *e) {
    *e = (struct entry){.path = ""};
    for (unsigned i = 0; i < list->formats; i++)
        read_field(s, c, list->format[i].content, list->format[i].form, e);
}

static void read_list(const struct sections *s, struct cursor *c, struct list *list) {
    struct entry e;
    list->formats = (unsigned)take(c, 1);
    if (list->formats == 0 || list->formats > FORMATS) {
        fail(c);
        return;
    }
    for (unsigned i = 0; i < list->formats; i++) {
        list->format[i].content = take_unsigned(c);
        list->format[i].form = take_unsigned(c);
    }
    list->count = take_unsigned(c);
    list->entries = *c;
    /* Each form takes a byte at least, so this ends where the data end. */
    for (uint64_t i = 0; i < list->count && !c->bad; i++)
        read_entry(s, list, c, &e);
}

static bool entry_at(const struct sections *s, const struct list *list, uint64_t index,
                     struct entry *e) {
    struct cursor c = list->entries;
    if (index >= list->count)
        return false;
    for (uint64_t i = 0; i <= index && !c.bad; i++)
        read_entry(s, list, &c, e);
    return !c.bad;
}

/* Append; what does not fit pushes out the start. */
static void append(char out[REPORT_PATH], const char *text, size_t bytes) {
    size_t used = strlen(out), room = REPORT_PATH - 1;
    if (bytes > room) {
        text += bytes - room;
        bytes = room;
    }
    if (used + bytes > room) {
        size_t drop = used + bytes - room;
        memmove(out, out + drop, used - drop);
        used -= drop;
    }
    memcpy(out + used, text, bytes);
    out[used + bytes] = 0;
}

/* Take "DIRECTORY/../" out of a path, where DIRECTORY is a plain name. */
static void shorten(char *path) {
    char *up;
    while ((up = strstr(path, "/../")) != NULL) {
        char *name = up;
        while (name > path && name[-1] != '/')
            name--;
        if (name == up || *name == '.')
            return;
        memmove(name, up + 4, strlen(up + 4) + 1);
    }
}

/* As it was given to the compiler; in the directory where that ran, without it. */
static void name_file(const struct sections *s, const struct header *h, uint64_t file,
                      struct line *line) {
    struct entry e, directory, top;
    line->file[0] = 0;
    if (!entry_at(s, &h->files, file, &e))
        return;
    if (e.bytes != 0 && e.path[0] != '/' && e.directory != 0 &&
        entry_at(s, &h->directories, e.directory, &directory)) {
        if (entry_at(s, &h->directories, 0, &top) && directory.bytes > top.bytes &&
            memcmp(directory.path, top.path, top.bytes) == 0 && directory.path[top.bytes] == '/') {
            directory.path += top.bytes + 1;
            directory.bytes -= top.bytes + 1;
        }
        append(line->file, directory.path, directory.bytes);
        append(line->file, "/", 1);
    }
    append(line->file, e.path, e.bytes);
    shorten(line->file);
}

/* ---- The line number program --------------------------------------------------------- */

struct row {
    uint64_t address, file;
    int64_t line;
    bool near; /* line 0: file and line are those of the row before */
};

struct search {
    struct line *lines;
    uint64_t *files; /* the file's number in the table in which each was found */
    unsigned count;
    uint64_t low, high; /* of the addresses looked for */
};

/* A row holds from its address up to the next one's. */
static void match(struct search *q, const struct row *from, uint64_t to) {
    if (to <= q->low || from->address > q->high)
        return;
    for (unsigned i = 0; i < q->count; i++)
        if (!q->lines[i].found && q->lines[i].address >= from->address &&
            q->lines[i].address < to) {
            q->lines[i].found = true;
            q->lines[i].number =
                from->line > 0 && from->line <= UINT32_MAX ? (unsigned)from->line : 0;
            q->lines[i].near = from->near;
            q->files[i] = from->file;
        }
}

struct program {
    const struct header *h;
    struct search *q;
    struct cursor c;
    struct row row, before; /* `before`: the last one that was emitted */
    bool open;              /* there is one in this sequence */
};

/* Line 0 is code of the compiler's own, where it merged two places, say. What
 * comes before it is then better than nothing. */
static void emit(struct program *p) {
    struct row now = p->row;
    if (p->open) {
        match(p->q, &p->before, now.address);
        now.near = now.line == 0;
        if (now.near) {
            now.file = p->before.file;
            now.line = p->before.line;
        }
    }
    p->before = now;
    p->open = true;
}

static void restart(struct program *p) {
    p->row = (struct row){.file = 1, .line = 1};
    p->open = false;
}

static void advance(struct program *p, uint64_t operations) {
    p->row.address += operations * p->h->min_length;
}

static void add_lines(struct program *p, int64_t lines) {
    p->row.line = (int64_t)((uint64_t)p->row.line + (uint64_t)lines);
}

static void run_extended(struct program *p) {
    struct cursor part = take_part(&p->c, take_unsigned(&p->c));
    switch (take(&part, 1)) {
    case 1: /* DW_LNE_end_sequence */
        emit(p);
        restart(p);
        break;
    case 2: /* DW_LNE_set_address */
        p->row.address = take(&part, 8);
        break;
    default: /* discriminators and others say nothing here */
        break;
    }
}

static void run_standard(struct program *p, unsigned op) {
    switch (op) {
    case 0:
        run_extended(p);
        break;
    case 1: /* DW_LNS_copy */
        emit(p);
        break;
    case 2: /* DW_LNS_advance_pc */
        advance(p, take_unsigned(&p->c));
        break;
    case 3: /* DW_LNS_advance_line */
        add_lines(p, take_signed(&p->c));
        break;
    case 4: /* DW_LNS_set_file */
        p->row.file = take_unsigned(&p->c);
        break;
    case 8: /* DW_LNS_const_add_pc */
        advance(p, (255u - p->h->opcode_base) / p->h->line_range);
        break;
    case 9: /* DW_LNS_fixed_advance_pc */
        p->row.address += take(&p->c, 2);
        break;
    default: /* columns, flags, unknown ones */
        for (unsigned i = p->h->operands[op - 1]; i > 0; i--)
            take_unsigned(&p->c);
    }
}

static void run_program(const struct header *h, struct search *q) {
    struct program p = {.h = h, .q = q, .c = h->program};
    restart(&p);
    while (left(&p.c) != 0) {
        unsigned op = (unsigned)take(&p.c, 1);
        if (op < h->opcode_base) {
            run_standard(&p, op);
            continue;
        }
        op -= h->opcode_base;
        advance(&p, op / h->line_range);
        add_lines(&p, h->line_base + (int)(op % h->line_range));
        emit(&p);
    }
}

/* ---- Tables ------------------------------------------------------------------------- */

static bool read_header(const struct sections *s, struct cursor unit, struct header *h) {
    struct cursor c;
    if (take(&unit, 2) != 5 || take(&unit, 1) != 8 || take(&unit, 1) != 0)
        return false; /* version; size of an address, of a segment selector */
    c = take_part(&unit, take(&unit, 4));
    h->program = unit;
    h->min_length = (uint8_t)take(&c, 1);
    skip(&c, 2); /* operations an instruction (VLIW), default_is_stmt */
    h->line_base = (int8_t)take(&c, 1);
    h->line_range = (uint8_t)take(&c, 1);
    h->opcode_base = (uint8_t)take(&c, 1);
    if (c.bad || h->line_range == 0 || h->opcode_base == 0)
        return false;
    h->operands = c.at;
    skip(&c, h->opcode_base - 1u);
    read_list(s, &c, &h->directories);
    read_list(s, &c, &h->files);
    return !c.bad;
}

void lines_find(const struct sections *s, struct line *lines, unsigned count) {
    uint64_t files[REPORT_FRAMES];
    struct search q = {.lines = lines, .files = files, .low = UINT64_MAX};
    q.count = count < REPORT_FRAMES ? count : REPORT_FRAMES;
    for (unsigned i = 0; i < q.count; i++) {
        lines[i].found = false;
        lines[i].near = false;
        lines[i].number = 0;
        lines[i].file[0] = 0;
        files[i] = UINT64_MAX;
        q.low = lines[i].address < q.low ? lines[i].address : q.low;
        q.high = lines[i].address > q.high ? lines[i].address : q.high;
    }
    struct cursor all = read_span(&s->lines);
    while (left(&all) > 4) {
        uint64_t length = take(&all, 4);
        if (length >= 0xfffffff0) /* 64-bit DWARF */
            return;
        struct cursor unit = take_part(&all, length);
        struct header h;
        if (unit.bad)
            return;
        if (!read_header(s, unit, &h))
            continue;
        run_program(&h, &q);
        for (unsigned i = 0; i < q.count; i++)
            if (files[i] != UINT64_MAX) {
                name_file(s, &h, files[i], &lines[i]);
                files[i] = UINT64_MAX;
            }
    }
}
