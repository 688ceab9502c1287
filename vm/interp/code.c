/* code.c - the table of threaded code; see code.h. */
#include "code.h"
#include "activate.h"
#include "lookup.h"
#include "threaded.h"
#include "translate.h"
#include "../prims/count.h"

#define ZONE_CHUNK (UINT64_C(64) << 10)
#define LINKED_MAX (UINT64_C(1) << 20)

static uint64_t key_hash(oop method, uint64_t start) {
    uint64_t h = (method >> 4) ^ (start * 31);
    return h ^ h >> 12;
}

int code_open(struct vm *vm) {
    struct code_table *t = platform_reserve(vm->platform, 0, sizeof *t);
    if (!t || platform_commit(vm->platform, t, sizeof *t) != 0)
        return PLATFORM_ENOMEM;
    vm->codes = t;
    t->limit = CODE_ZONE_BYTES;
    const char *text = platform_getenv(vm->platform, "MOTE_CODE_ZONE");
    if (text) {
        uint64_t bytes = 0;
        while (*text >= '0' && *text <= '9' && bytes < CODE_ZONE_BYTES)
            bytes = bytes * 10 + (uint64_t)(*text++ - '0');
        if (bytes >= ZONE_CHUNK && bytes < CODE_ZONE_BYTES)
            t->limit = bytes;
    }
    /* Twice the limit: between the wish to flush and the next safe point
     * translation goes on. */
    t->zone = platform_reserve(vm->platform, 0, 2 * CODE_ZONE_BYTES);
    t->linked = platform_reserve(vm->platform, 0, LINKED_MAX * sizeof *t->linked);
    if (!t->zone || !t->linked)
        return PLATFORM_ENOMEM;
    return 0;
}

void code_close(struct vm *vm) {
    struct code_table *t = vm->codes;
    if (!t)
        return;
    if (t->zone)
        platform_unreserve(vm->platform, t->zone, 2 * CODE_ZONE_BYTES);
    if (t->linked)
        platform_unreserve(vm->platform, t->linked, LINKED_MAX * sizeof *t->linked);
    platform_unreserve(vm->platform, t, sizeof *t);
    vm->codes = NULL;
}

/* Of Context or a class above it: contexts inherit it. */
static bool is_context_method(struct vm *vm, oop method) {
    oop in = activate_method_class(vm, method);
    oop class = heap_class_at(&vm->heap, CLASS_INDEX_CONTEXT);
    for (unsigned depth = 0; depth < 64 && class != vm->heap.nil; depth++) {
        class = follow(class);
        if (class == in)
            return true;
        if (is_immediate(class) || num_slots(class) <= CLASS_FORMAT)
            break;
        class = fetch_slot(class, CLASS_SUPERCLASS);
    }
    return false;
}

/* The entry for a method whose primitive does nothing but answer something
 * that can be had without a frame. */
static bool choose_quick_enter(struct vm *vm, struct code *code, unsigned prim) {
    static handler_fn *const constants[8] = {enter_receiver, enter_true_,   enter_false_,
                                             enter_nil,      enter_integer, enter_integer,
                                             enter_integer,  enter_integer};
    if (prim < 256 || prim > 519)
        return false;
    if (prim < 264) {
        code->enter = constants[prim - 256];
        code->quick = (uint8_t)(prim - 260); /* -1 + quick: the integer */
    } else {
        code->enter = is_context_method(vm, code->method) ? enter_ivar_of_context : enter_ivar;
        code->quick = (uint8_t)(prim - 264);
    }
    return true;
}

/* Primitives that change frames, and those too hot for a C call. */
static handler_fn *special_enter(unsigned prim) {
    switch (prim) {
    case 60:
        return enter_at;
    case 61:
        return enter_at_put;
    case 62:
        return enter_size;
    case 70:
        return enter_new;
    case 71:
        return enter_new_size;
    case 83:
        return enter_perform;
    case 84:
        return enter_perform_with_args;
    case 100:
        return enter_perform_in_superclass;
    case 110:
        return enter_identical;
    case 111:
        return enter_class;
    case 169:
        return enter_not_identical;
    case 188:
        return enter_execute_method_args;
    case 189:
        return enter_execute_method;
    case 201:
    case 202:
    case 203:
    case 204:
    case 205:
    case 207:
    case 209:
    case 221:
    case 222:
        return enter_value;
    case 206:
    case 208:
        return enter_value_with_args;
    default:
        return NULL;
    }
}

static int prim_missing_number(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm, (void)argv, (void)argc;
    return PRIM_NO_CODE;
}

static int prim_missing_name(struct vm *vm, oop *argv, unsigned argc) {
    (void)vm, (void)argv, (void)argc;
    return PRIM_NOT_FOUND;
}

bool code_prim_is_missing(const struct code *code) {
    return code->prim == prim_missing_number || code->prim == prim_missing_name;
}

/* Literal 0 of a method with primitive 117: module, function, session, index. */
static prim_fn *named_prim(oop method) {
    if (method_header_literals(method_header(method)) == 0)
        return NULL;
    oop spec = follow(method_literal(method, 0));
    if (is_immediate(spec) || format_of(spec) != FORMAT_ARRAY || num_slots(spec) < 2)
        return NULL;
    oop module = follow(fetch_slot(spec, 0)), name = follow(fetch_slot(spec, 1));
    if (!is_bytes(name))
        return NULL;
    bool has_module = is_bytes(module);
    return prim_named(has_module ? (const char *)object_bytes(module) : "",
                      has_module ? num_bytes(module) : 0, (const char *)object_bytes(name),
                      num_bytes(name));
}

static void choose_enter(struct vm *vm, struct code *code) {
    unsigned number = code->prim_number;
    code->enter = code->kind != CODE_METHOD ? enter_block
                  : code->fill              ? enter_method
                                            : enter_plain_method;
    if (code->kind != CODE_METHOD || number == 0 || number == 198 || number == 199)
        return;
    if (choose_quick_enter(vm, code, number))
        return;
    if (number == 117) {
        code->prim = named_prim(code->method);
        if (!code->prim)
            code->prim = prim_missing_name;
    } else {
        code->prim = prim_numbered(number);
        if (!code->prim)
            code->prim = prim_missing_number;
    }
    handler_fn *special = special_enter(number);
    if (special)
        code->enter = special;
    else
        code->enter = vm->prim_counts ? enter_counted_prim : enter_prim;
}

static void *zone_allocate(struct vm *vm, size_t bytes) {
    struct code_table *t = vm->codes;
    bytes = (bytes + 15) & ~(size_t)15;
    if (t->used + bytes > 2 * CODE_ZONE_BYTES)
        return NULL;
    while (t->used + bytes > t->committed) {
        if (platform_commit(vm->platform, t->zone + t->committed, ZONE_CHUNK) != 0)
            return NULL;
        t->committed += ZONE_CHUNK;
    }
    void *p = t->zone + t->used;
    t->used += bytes;
    if (t->used > t->limit) {
        t->flush_wanted = true;
        *vm->preempt = 1;
    }
    return p;
}

const struct code *code_for(struct vm *vm, oop method, uint32_t start) {
    struct code_table *t = vm->codes;
    struct code **bucket = &t->buckets[key_hash(method, start) & (CODE_BUCKETS - 1)];
    for (struct code *c = *bucket; c; c = c->next)
        if (c->method == method && c->start == start)
            return c;
    struct translation tr;
    if (!translate(vm, method, start, &tr))
        return NULL;
    struct code *code = zone_allocate(vm, sizeof *code + tr.count * sizeof(struct insn));
    if (!code)
        return NULL;
    t->translations++;
    memset(code, 0, sizeof *code);
    memcpy(code->body, tr.words, tr.count * sizeof(struct insn));
    code->method = method;
    code->start = start;
    code->length = tr.count;
    code->nargs = tr.nargs;
    code->receiver_slot = -(int32_t)tr.nargs;
    code->fill = tr.fill;
    code->kind = (uint8_t)tr.kind;
    code->tier = TIER_THREADED;
    code->prim_number = tr.prim_number;
    code->stores_error = tr.stores_error;
    choose_enter(vm, code);
    code->next = *bucket;
    *bucket = code;
    return code;
}

/* Not in the cache of blocks. */
const struct code *code_for_closure_key(struct vm *vm, oop method, uint64_t start) {
    struct code_table *t = vm->codes;
    method = follow(method);
    unsigned h = code_block_hash(method, start);
    if (is_immediate(method) || !is_method_format(format_of(method)) ||
        start >= num_bytes(method) || num_slots(method) == 0)
        return NULL;
    const struct code *code = code_for(vm, method, (uint32_t)start);
    if (code && !is_young(&vm->heap, method)) {
        t->blocks[h].method = method;
        t->blocks[h].start = start;
        t->blocks[h].code = code;
    }
    return code;
}

void code_note_linked(struct vm *vm, struct insn *cache) {
    struct code_table *t = vm->codes;
    if (t->linked_count == t->linked_capacity) {
        size_t more = t->linked_capacity ? t->linked_capacity : PLATFORM_PAGE / sizeof *t->linked;
        if (t->linked_capacity + more > LINKED_MAX ||
            platform_commit(vm->platform, t->linked + t->linked_capacity,
                            more * sizeof *t->linked) != 0) {
            code_unlink_sends(vm); /* no room to remember more: start afresh */
        } else {
            t->linked_capacity += more;
        }
    }
    t->linked[t->linked_count++] = cache;
}

void code_unlink_sends(struct vm *vm) {
    struct code_table *t = vm->codes;
    for (size_t i = 0; i < t->linked_count; i++)
        t->linked[i][0].class_index = 0;
    t->linked_count = 0;
}

static void forget(struct code_table *t, struct code **where) {
    struct code *code = *where;
    *where = code->next;
    for (unsigned i = 0; i < BLOCK_CACHE_SIZE; i++)
        if (t->blocks[i].code == code)
            t->blocks[i].method = 0;
    code->method = 0;
}

void code_forget(struct vm *vm, oop method) {
    struct code_table *t = vm->codes;
    lookup_flush_method(vm, method);
    for (unsigned i = 0; i < CODE_BUCKETS; i++)
        for (struct code **c = &t->buckets[i]; *c;)
            if ((*c)->method == method)
                forget(t, c);
            else
                c = &(*c)->next;
}

void code_flush(struct vm *vm) {
    struct code_table *t = vm->codes;
    lookup_flush_all(vm);
    memset(t->buckets, 0, sizeof t->buckets);
    memset(t->blocks, 0, sizeof t->blocks);
    memset(t->offsets, 0, sizeof t->offsets);
    memset(t->words, 0, sizeof t->words);
    t->used = 0;
    t->flush_wanted = false;
    t->flushes++;
}

/* Frames keep their methods alive as strong roots, so the code of a dead method
 * has no frame and no inline cache may lead to it any more. */
void code_update_roots(struct vm *vm, oop (*survivor)(struct heap *h, oop o)) {
    struct code_table *t = vm->codes;
    struct code *moved = NULL;
    bool died = false;
    for (unsigned i = 0; i < CODE_BUCKETS; i++)
        for (struct code **c = &t->buckets[i]; *c;) {
            struct code *code = *c;
            oop now = survivor(&vm->heap, code->method);
            if (now == code->method) {
                c = &code->next;
                continue;
            }
            forget(t, c);
            if (now) {
                code->method = now;
                code->next = moved;
                moved = code;
            } else {
                died = true;
            }
        }
    while (moved) {
        struct code *code = moved;
        moved = code->next;
        struct code **bucket =
            &t->buckets[key_hash(code->method, code->start) & (CODE_BUCKETS - 1)];
        code->next = *bucket;
        *bucket = code;
    }
    if (died)
        lookup_flush_all(vm);
}
