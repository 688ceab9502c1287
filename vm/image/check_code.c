/*
 * check_code.c - see check_code.h.
 *
 * The code is followed from its first bytecode along all ways it can go, as an
 * abstract machine that knows the depth of the stack only. Every byte is
 * followed at most once, so the time is linear in the code's size. What cannot
 * be reached is not looked at: after the last bytecode come trailers of any
 * form.
 */
#include "check_code.h"
#include "image_memory.h"
#include "../bytecode/decode.h"

enum { UNSEEN = 0, INSIDE = 1, SEEN = 2 };

struct code_point {
    uint8_t state;   /* INSIDE: a byte of a bytecode that begins before */
    int16_t depth;   /* of the stack, temporaries included, at a SEEN one */
    uint32_t region; /* first byte of the block it belongs to */
};

struct code_visit {
    uint32_t pos, region;
};

struct code {
    const struct image_map *map;
    uint64_t word;        /* of the header */
    const uint8_t *bytes; /* all data, literals included: positions count from here */
    uint64_t start, limit;
    int64_t header;
    uint32_t literals, capacity;
    bool sista;
    struct code_scratch *scratch;
    uint64_t visit_count;
    struct report *report;
    bool failed; /* one problem a method is enough */
};

#define CODE_PROBLEM(c, pos, format, ...)                                    \
    do {                                                                     \
        (c)->failed = true;                                                  \
        report_problem((c)->report, map_offset((c)->map, (c)->word),         \
                       " (method 0x%llx), bytecode at %llu: " format,        \
                       (unsigned long long)map_address((c)->map, (c)->word), \
                       (unsigned long long)(pos), __VA_ARGS__);              \
    } while (0)

static bool reserve(struct code_scratch *s, uint64_t size) {
    if (size <= s->capacity)
        return true;
    code_scratch_free(s);
    s->points = image_allocate(size, sizeof *s->points);
    s->visits = image_allocate(size, sizeof *s->visits);
    if (s->points == NULL || s->visits == NULL) {
        code_scratch_free(s);
        s->exhausted = true;
        return false;
    }
    s->capacity = size;
    return true;
}

void code_scratch_free(struct code_scratch *s) {
    image_release(s->points);
    image_release(s->visits);
    s->points = NULL;
    s->visits = NULL;
    s->capacity = 0;
}

/* ---- Ways ---------------------------------------------------------------- */

/* Control comes to `pos` with that depth, in that block. */
static void arrive(struct code *c, uint64_t from, int64_t pos, uint32_t depth, uint32_t region) {
    if (pos < (int64_t)c->start || pos >= (int64_t)c->limit) {
        CODE_PROBLEM(c, from, "leads to %lld, outside the code", (long long)pos);
        return;
    }
    struct code_point *p = &c->scratch->points[pos];
    if (p->state == UNSEEN) {
        *p = (struct code_point){SEEN, (int16_t)depth, region};
        c->scratch->visits[c->visit_count++] = (struct code_visit){(uint32_t)pos, region};
    } else if (p->state == INSIDE) {
        CODE_PROBLEM(c, from, "leads to %lld, which is inside a bytecode", (long long)pos);
    } else if (p->region != region) {
        CODE_PROBLEM(c, from, "leads to %lld, which belongs to another block", (long long)pos);
    } else if (p->depth != (int16_t)depth) {
        CODE_PROBLEM(c, from, "comes to %lld with %u on the stack, others with %d", (long long)pos,
                     depth, p->depth);
    }
}

/* ---- Operands -------------------------------------------------------------- */

static oop literal(const struct code *c, uint32_t i) {
    return map_follow(c->map, map_slot(c->map, c->word, 1 + (uint64_t)i));
}

static bool literal_exists(struct code *c, uint64_t pos, uint32_t i) {
    if (i < c->literals)
        return true;
    CODE_PROBLEM(c, pos, "literal %u of %u", i, c->literals);
    return false;
}

/* Something with a value in its second slot. */
static void check_variable(struct code *c, uint64_t pos, uint32_t i) {
    uint64_t word;
    if (!literal_exists(c, pos, i))
        return;
    if (!map_object(c->map, literal(c, i), &word) ||
        !is_pointers_format(header_format(map_word(c->map, word))) || map_slots(c->map, word) < 2)
        CODE_PROBLEM(c, pos, "literal %u is no variable", i);
}

static void check_full_closure(struct code *c, uint64_t pos, const struct bytecode *b) {
    uint64_t word;
    if (!literal_exists(c, pos, b->index))
        return;
    if (!map_object(c->map, literal(c, b->index), &word) ||
        !is_method_format(header_format(map_word(c->map, word)))) {
        CODE_PROBLEM(c, pos, "literal %u is no compiled block", b->index);
        return;
    }
    int64_t header = smallint_value(map_slot(c->map, word, 0));
    if (method_header_args(header) + b->copied > method_header_temps(header))
        CODE_PROBLEM(c, pos, "%u copied values for a block of %u temporaries", b->copied,
                     method_header_temps(header));
}

static void check_call_primitive(struct code *c, uint64_t pos, const struct bytecode *b) {
    uint64_t word;
    if (pos != c->start || !method_header_has_primitive(c->header)) {
        if (!c->sista || b->index < 32768) /* Sista's inlined ones are unused bytecodes here */
            CODE_PROBLEM(c, pos, "calls primitive %u, but %s", b->index,
                         pos == c->start ? "the header knows of none" : "not at the beginning");
        return;
    }
    if (b->index == 117 &&
        (c->literals == 0 || !map_object(c->map, literal(c, 0), &word) ||
         !is_pointers_format(header_format(map_word(c->map, word))) || map_slots(c->map, word) < 4))
        CODE_PROBLEM(c, pos, "%s", "a named primitive without a description in the first literal");
}

/* The class whose superclass is meant: the last literal's value. For compiled
 * blocks the last literal is the outer code, whose own was or will be looked at. */
static void check_super(struct code *c, uint64_t pos) {
    uint64_t word;
    if (c->literals == 0) {
        CODE_PROBLEM(c, pos, "%s", "super in a method without its class");
        return;
    }
    if (!map_object(c->map, literal(c, c->literals - 1), &word)) {
        CODE_PROBLEM(c, pos, "%s", "super in a method whose last literal is no class variable");
        return;
    }
    uint64_t h = map_word(c->map, word);
    if (c->sista && is_method_format(header_format(h)))
        return;
    if (!is_pointers_format(header_format(h)) || map_slots(c->map, word) < 2)
        CODE_PROBLEM(c, pos, "%s", "super in a method whose last literal is no class variable");
}

static void check_temporary(struct code *c, uint64_t pos, uint32_t index, uint32_t depth) {
    if (index >= depth)
        CODE_PROBLEM(c, pos, "temporary %u of %u", index, depth);
}

static void check_operands(struct code *c, uint64_t pos, const struct bytecode *b, uint32_t depth) {
    switch (b->kind) {
    case BYTECODE_PUSH_TEMP:
    case BYTECODE_STORE_TEMP:
        check_temporary(c, pos, b->index, depth);
        break;
    case BYTECODE_PUSH_REMOTE:
    case BYTECODE_STORE_REMOTE:
        check_temporary(c, pos, b->vector, depth);
        break;
    case BYTECODE_PUSH_LITERAL:
    case BYTECODE_SEND:
    case BYTECODE_DIRECTED_SUPER:
        literal_exists(c, pos, b->index);
        break;
    case BYTECODE_SUPER_SEND:
        if (literal_exists(c, pos, b->index))
            check_super(c, pos);
        break;
    case BYTECODE_PUSH_VARIABLE:
    case BYTECODE_STORE_VARIABLE:
        check_variable(c, pos, b->index);
        break;
    case BYTECODE_FULL_CLOSURE:
        check_full_closure(c, pos, b);
        break;
    case BYTECODE_CALL_PRIMITIVE:
        check_call_primitive(c, pos, b);
        break;
    default:
        break;
    }
}

/* ---- One bytecode ------------------------------------------------------------ */

static bool claim(struct code *c, uint64_t pos, const struct bytecode *b) {
    struct code_point *points = c->scratch->points;
    for (uint64_t i = pos + 1; i < pos + b->length; i++) {
        if (points[i].state == SEEN) {
            CODE_PROBLEM(c, pos, "another bytecode begins inside it at %llu",
                         (unsigned long long)i);
            return false;
        }
        points[i].state = INSIDE;
    }
    return true;
}

static void enter_block(struct code *c, uint64_t pos, const struct bytecode *b) {
    uint64_t body = pos + b->length;
    if (b->target <= (int64_t)body || b->target > (int64_t)c->limit) {
        CODE_PROBLEM(c, pos, "its block ends at %lld, outside the code", (long long)b->target);
        return;
    }
    if (b->nargs + b->copied > c->capacity) {
        CODE_PROBLEM(c, pos, "its block has %u arguments and copied values", b->nargs + b->copied);
        return;
    }
    arrive(c, pos, (int64_t)body, b->nargs + b->copied, (uint32_t)body);
}

static void follow_bytecode(struct code *c, uint64_t pos, uint32_t region) {
    struct bytecode b;
    uint32_t depth = (uint32_t)c->scratch->points[pos].depth;
    if (!bytecode_decode(c->sista, c->bytes, c->limit, pos, &b)) {
        CODE_PROBLEM(c, pos, "%s", "it is cut off by the end of the method");
        return;
    }
    if (!claim(c, pos, &b))
        return;
    check_operands(c, pos, &b, depth);
    if (c->failed)
        return;
    if (b.pops > depth) {
        CODE_PROBLEM(c, pos, "takes %u from a stack of %u", b.pops, depth);
        return;
    }
    uint32_t after = depth - b.pops + b.pushes;
    if (after > c->capacity) {
        CODE_PROBLEM(c, pos, "stack depth %u of %u", after, c->capacity);
        return;
    }
    if (b.kind == BYTECODE_CLOSURE) {
        enter_block(c, pos, &b);
        if (!c->failed)
            arrive(c, pos, b.target, after, region);
        return;
    }
    if (b.kind == BYTECODE_JUMP || b.kind == BYTECODE_JUMP_IF)
        arrive(c, pos, b.target, after, region);
    if (!b.ends && !c->failed)
        arrive(c, pos, (int64_t)(pos + b.length), after, region);
}

static bool check_header(struct code *c) {
    uint32_t args = method_header_args(c->header), temps = method_header_temps(c->header);
    const char *wrong = NULL;
    if (args > temps)
        wrong = "more arguments than temporaries";
    else if (temps > c->capacity)
        wrong = "more temporaries than its frame has slots";
    else if (c->limit > UINT32_MAX)
        wrong = "it is too long";
    if (wrong != NULL)
        report_problem(c->report, map_offset(c->map, c->word), " (method 0x%llx), header: %s",
                       (unsigned long long)map_address(c->map, c->word), wrong);
    return wrong == NULL;
}

/* Compilers have set the flag for compiled blocks such as [ false ] too, whose
 * primitive nobody looks for. */
static bool is_method(const struct code *c) {
    const struct image_map *m = c->map;
    uint64_t special;
    return map_object(m, m->special_objects, &special) &&
           map_class_at(m, header_class(map_word(m, c->word))) ==
               map_follow(m, map_slot(m, special, SPECIAL_CLASS_COMPILED_METHOD));
}

static void check_primitive_call(struct code *c) {
    struct bytecode b;
    if (!method_header_has_primitive(c->header) || !is_method(c))
        return;
    if (!bytecode_decode(c->sista, c->bytes, c->limit, c->start, &b) ||
        b.kind != BYTECODE_CALL_PRIMITIVE)
        CODE_PROBLEM(c, c->start, "%s", "the header knows of a primitive, but none is called");
}

void image_check_code(const struct image_map *m, uint64_t word, struct code_scratch *scratch,
                      struct report *report) {
    uint64_t h = map_word(m, word), slots = map_slots(m, word);
    struct code c = {.map = m, .word = word, .scratch = scratch, .report = report};
    c.header = smallint_value(map_slot(m, word, 0));
    c.literals = method_header_literals(c.header);
    c.bytes = m->data + (word + 1) * 8;
    c.start = (1 + (uint64_t)c.literals) * 8;
    c.limit = slots * 8 - (header_format(h) & 7);
    c.capacity = (method_header_large_frame(c.header) ? CONTEXT_LARGE_SLOTS : CONTEXT_SMALL_SLOTS) -
                 CONTEXT_FIXED;
    c.sista = method_header_is_sista(c.header);
    if (!check_header(&c) || !reserve(scratch, c.limit))
        return;
    memset(scratch->points + c.start, 0, (c.limit - c.start) * sizeof *scratch->points);
    check_primitive_call(&c);
    if (!c.failed)
        arrive(&c, c.start, (int64_t)c.start, method_header_temps(c.header), (uint32_t)c.start);
    while (c.visit_count > 0 && !c.failed) {
        struct code_visit v = scratch->visits[--c.visit_count];
        follow_bytecode(&c, v.pos, v.region);
    }
}
