/* translate.c - the common half of the translator; the decoders are
 * translate_v3.c and translate_sista.c. */
#include "translate.h"
#include "threaded.h"

/* Scratch memory for the largest method that is translated: 1 MiB of bytecodes
 * (a V3 or Sista jump reaches far less). Committed as far as needed. */
#define MAX_BYTES (UINT32_C(1) << 20)
#define WORDS_PER_BYTE 3u
#define WORDS_BYTES ((size_t)MAX_BYTES * WORDS_PER_BYTE * sizeof(struct insn) + PLATFORM_PAGE)
#define MAP_BYTES ((size_t)MAX_BYTES * sizeof(uint32_t) + PLATFORM_PAGE)

static bool scratch(struct vm *vm, struct translation *t, uint32_t bytes) {
    struct code_table *c = vm->codes;
    if (!c->scratch) {
        c->scratch = platform_reserve(vm->platform, 0, WORDS_BYTES + MAP_BYTES);
        if (!c->scratch)
            return false;
    }
    if (bytes > MAX_BYTES)
        bytes = MAX_BYTES;
    uint32_t words = bytes * WORDS_PER_BYTE + 8;
    if (bytes > c->scratch_bytes) {
        size_t want =
            (words * sizeof(struct insn) + PLATFORM_PAGE - 1) & ~(size_t)(PLATFORM_PAGE - 1);
        size_t map = (bytes * sizeof(uint32_t) + PLATFORM_PAGE - 1) & ~(size_t)(PLATFORM_PAGE - 1);
        if (platform_commit(vm->platform, c->scratch, want) != 0 ||
            platform_commit(vm->platform, c->scratch + WORDS_BYTES, map) != 0)
            return false;
        c->scratch_bytes = bytes;
    }
    t->words = (struct insn *)(void *)c->scratch;
    t->map = (uint32_t *)(void *)(c->scratch + WORDS_BYTES);
    t->capacity = words;
    return true;
}

/* ---- Emitting ------------------------------------------------------------------ */

void emit(struct translation *t, enum opcode op, uint32_t a) {
    if (t->count < t->capacity)
        t->words[t->count++] = (struct insn){.op = (int32_t)op, .a = a};
}

static void emit_cache(struct translation *t) {
    for (int i = 0; i < 2; i++)
        if (t->count < t->capacity)
            t->words[t->count++] = (struct insn){.class_index = 0};
}

void emit_unknown(struct translation *t) {
    emit(t, OP_unknown, 0);
}

/* Slot of a temporary relative to fp. */
static uint32_t temp_slot(const struct translation *t, uint32_t i) {
    return (uint32_t)(i < t->nargs ? (int32_t)i - t->nargs
                                   : FRAME_TEMPS_SLOT + (int32_t)i - t->nargs);
}

void emit_push_temp(struct translation *t, uint32_t i) {
    emit(t, OP_push_temp, temp_slot(t, i));
}

void emit_store_temp(struct translation *t, uint32_t i, bool pop) {
    emit(t, pop ? OP_pop_temp : OP_store_temp, temp_slot(t, i));
}

/* Only the long forms, which compilers use for contexts, look whether the
 * receiver is one. */
void emit_push_ivar(struct translation *t, uint32_t i, bool maybe_context) {
    emit(t, maybe_context ? OP_push_ivar_of_context : OP_push_ivar, i);
}

void emit_store_ivar(struct translation *t, uint32_t i, bool pop, bool maybe_context) {
    if (maybe_context)
        emit(t, pop ? OP_pop_ivar_of_context : OP_store_ivar_of_context, i);
    else
        emit(t, pop ? OP_pop_ivar : OP_store_ivar, i);
}

static bool literal_ok(struct translation *t, uint32_t i) {
    if (i < t->literals)
        return true;
    emit_unknown(t);
    return false;
}

void emit_push_literal(struct translation *t, uint32_t i) {
    if (literal_ok(t, i))
        emit(t, OP_push_literal, i + 1);
}

/* A variable's binding: an object with a value in slot 1. */
static bool binding_ok(struct translation *t, uint32_t i) {
    if (!literal_ok(t, i))
        return false;
    oop binding = follow(method_literal(t->method, i));
    if (is_object(binding) && num_slots(binding) >= 2)
        return true;
    emit_unknown(t);
    return false;
}

void emit_push_literal_variable(struct translation *t, uint32_t i) {
    if (binding_ok(t, i))
        emit(t, OP_push_literal_variable, i + 1);
}

void emit_store_literal_variable(struct translation *t, uint32_t i, bool pop) {
    if (binding_ok(t, i))
        emit(t, pop ? OP_pop_literal_variable : OP_store_literal_variable, i + 1);
}

void emit_push_integer(struct translation *t, int64_t value) {
    if (value != (int32_t)value)
        emit_unknown(t);
    else
        emit(t, OP_push_integer, (uint32_t)value);
}

void emit_push_character(struct translation *t, int64_t value) {
    if (value < 0 || (uint64_t)value > CHARACTER_MAX)
        emit_unknown(t);
    else
        emit(t, OP_push_character, (uint32_t)value);
}

void emit_remote(struct translation *t, uint32_t vector, uint32_t i, enum opcode op) {
    emit(t, op, temp_slot(t, vector) << 16 | (i & 0xffff));
}

void emit_new_array(struct translation *t, uint32_t size, bool fill) {
    emit(t, fill ? OP_fill_array : OP_new_array, size);
}

/* Only as many arguments as a method can take. */
static bool send_ok(struct translation *t, uint32_t literal, uint32_t nargs) {
    if (nargs > 15) {
        emit_unknown(t);
        return false;
    }
    return literal_ok(t, literal);
}

void emit_send(struct translation *t, uint32_t literal, uint32_t nargs) {
    if (!send_ok(t, literal, nargs))
        return;
    emit(t, OP_send, (literal + 1) | nargs << 16);
    emit_cache(t);
}

void emit_super_send(struct translation *t, uint32_t literal, uint32_t nargs, bool directed) {
    if (!send_ok(t, literal, nargs))
        return;
    emit(t, directed ? OP_send_directed_super : OP_send_super, (literal + 1) | nargs << 16);
    emit_cache(t);
}

void emit_special_send(struct translation *t, unsigned i) {
    static const uint8_t arithmetic[16] = {
        OP_add,       OP_subtract,   OP_less,     OP_greater, OP_less_equal, OP_greater_equal,
        OP_equal,     OP_not_equal,  OP_multiply, OP_divide,  OP_modulo,     OP_make_point,
        OP_bit_shift, OP_int_divide, OP_bit_and,  OP_bit_or};
    static const uint8_t nargs[32] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                      1, 2, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 0};
    switch (i) {
    case 22:
        emit(t, OP_identical, 0);
        return;
    case 23:
        emit(t, OP_class_of, 0);
        return;
    case 24:
        emit(t, OP_not_identical, 0);
        return;
    default:
        break;
    }
    emit(t, i < 16 ? arithmetic[i] : OP_send_special, i | (uint32_t)nargs[i] << 16);
    emit_cache(t);
}

/* The target is a byte offset until translate() resolves it. */
void emit_jump(struct translation *t, enum jump_kind kind, int64_t target) {
    bool backward = target <= (int64_t)t->pos;
    if (target < (int64_t)t->start || target >= (int64_t)t->limit ||
        (backward && kind != JUMP_ALWAYS)) {
        emit_unknown(t);
        return;
    }
    if (target > (int64_t)t->furthest)
        t->furthest = (uint32_t)target;
    enum opcode op = kind == JUMP_IF_TRUE    ? OP_jump_true
                     : kind == JUMP_IF_FALSE ? OP_jump_false
                     : backward              ? OP_jump_back
                                             : OP_jump;
    emit(t, op, (uint32_t)target);
    if (kind == JUMP_ALWAYS)
        t->terminated = true;
}

void emit_return(struct translation *t, enum return_value what) {
    static const uint8_t local[5] = {OP_return_top, OP_return_receiver, OP_return_true,
                                     OP_return_false, OP_return_nil};
    static const uint8_t push[5] = {0, OP_push_receiver, OP_push_true, OP_push_false, OP_push_nil};
    if (t->kind == CODE_METHOD) {
        emit(t, local[what], t->nargs + 1u);
    } else {
        if (what != RETURN_TOP)
            emit(t, push[what], 0);
        emit(t, OP_return_home, 0);
    }
    t->terminated = true;
}

void emit_return_from_block(struct translation *t, enum return_value what) {
    if (t->kind == CODE_METHOD)
        emit_unknown(t);
    else
        emit(t, what == RETURN_TOP ? OP_return_block_top : OP_return_block_nil, t->nargs + 1u);
    t->terminated = true;
}

void emit_closure(struct translation *t, uint32_t nargs, uint32_t copied, uint32_t body,
                  uint32_t size) {
    if (nargs > 15 || size == 0 || body + (uint64_t)size > t->limit) {
        emit_unknown(t);
        return;
    }
    emit(t, OP_closure, nargs | copied << 8);
    if (t->count < t->capacity)
        t->words[t->count++] = (struct insn){.op = (int32_t)body, .a = size};
}

void emit_full_closure(struct translation *t, uint32_t literal, uint32_t flags) {
    if (!literal_ok(t, literal))
        return;
    oop block = follow(method_literal(t->method, literal));
    if (is_immediate(block) || !is_method_format(format_of(block)))
        emit_unknown(t);
    else
        emit(t, OP_full_closure, (literal + 1) | flags << 16);
}

void emit_call_primitive(struct translation *t, uint32_t number) {
    if (t->pos != t->start || t->kind != CODE_METHOD || (number & 0x8000))
        emit_unknown(t);
    else
        t->prim_number = (uint16_t)number;
}

/* ---- After decoding ------------------------------------------------------------- */

static handler_fn *const handlers[OPCODE_COUNT] = {
#define HANDLER(name, words) [OP_##name] = op_##name,
#define HANDLER_FUSED(name, first, second) [OP_##name] = op_##name,
    OPS_STACK(HANDLER) OPS_CONTROL(HANDLER) OPS_SEND(HANDLER) OPS_FUSED(HANDLER_FUSED)};

static const uint8_t words_of[OPCODE_COUNT] = {
#define WORDS(name, words) [OP_##name] = words,
    OPS_STACK(WORDS) OPS_CONTROL(WORDS) OPS_SEND(WORDS)};

enum second {
    SECOND_none,
#define SECOND(name) SECOND_##name,
    OPS_SECOND(SECOND) SECOND_COUNT
};

static const uint8_t second_of[OPCODE_COUNT] = {
#define SECOND_OF(name) [OP_##name] = SECOND_##name,
    OPS_SECOND(SECOND_OF)};

static const uint8_t fused[OPCODE_COUNT][SECOND_COUNT] = {
#define FUSED(name, first, second) [OP_##first][SECOND_##second] = OP_##name,
    OPS_FUSED(FUSED)};

static bool is_jump(int32_t op) {
    return op == OP_jump || op == OP_jump_back || op == OP_jump_true || op == OP_jump_false;
}

/* Resolve jumps, from byte offsets to distances in words; fuse runs; replace
 * numbers by handlers. The first word of each operation still has its number
 * when its predecessor looks at it. */
static void finish(struct translation *t) {
    uint32_t words;
    for (uint32_t i = 0; i < t->count; i += words) {
        struct insn *w = &t->words[i];
        int32_t op = w->op;
        words = words_of[op];
        if (is_jump(op)) {
            uint32_t target = t->map[w->a - t->start];
            if (target == NOT_MAPPED) /* into the middle of a bytecode */
                op = OP_unknown;
            else
                w->a = target - i;
        }
        for (uint32_t end = i + words; end < t->count;) {
            int32_t next = t->words[end].op;
            uint8_t both = fused[op][second_of[next]];
            if (!both)
                break;
            op = both;
            end += words_of[next];
        }
        w->op = handler_offset(handlers[op]);
    }
}

bool translate(struct vm *vm, oop method, uint32_t start, struct translation *t) {
    int64_t header = method_header(method);
    *t = (struct translation){.vm = vm,
                              .method = method,
                              .header = header,
                              .bytes = object_bytes(method),
                              .literals = method_header_literals(header),
                              .nargs = (uint8_t)method_header_args(header)};
    uint32_t first = (uint32_t)method_initial_pc(method);
    t->end = (uint32_t)num_bytes(method);
    if (first > t->end) { /* more literals than the object has slots */
        t->literals = 0;
        first = t->end;
    }
    bool v3_block = start > FULL_BLOCK_START;
    t->start = v3_block ? start : first;
    if (t->start > t->end)
        t->start = t->end;
    t->limit = t->end;
    if (t->limit - t->start > MAX_BYTES)
        t->limit = t->start + MAX_BYTES;
    if (v3_block) {
        uint32_t copied = 0, size = 0, nargs = 0;
        t->kind = CODE_V3_BLOCK;
        translate_block_extent(t, &nargs, &copied, &size);
        t->nargs = (uint8_t)nargs;
        if (size && size < t->limit - t->start)
            t->limit = t->start + size;
    } else {
        /* A full block's temporaries include the copied values, which its closure brings. */
        t->kind = start ? CODE_FULL_BLOCK : CODE_METHOD;
        uint32_t temps = method_header_temps(header);
        t->fill = (uint8_t)(temps > t->nargs ? temps - t->nargs : 0);
    }
    if (!scratch(vm, t, t->limit - t->start))
        return false;
    memset(t->map, 0xff, (t->limit - t->start) * sizeof *t->map);
    t->terminated = false;
    if (method_header_is_sista(header))
        translate_sista(t);
    else
        translate_v3(t);
    /* Behind the last return too: a frame whose return failed stays there. */
    emit_unknown(t);
    finish(t);
    return true;
}

void translate_begin(struct translation *t, uint32_t pos) {
    t->pos = pos;
    t->map[pos - t->start] = t->count;
    t->terminated = false;
}

/* ---- The map ----------------------------------------------------------------------- */

static unsigned pc_hash(const struct code *code, uint32_t n) {
    return (unsigned)((uintptr_t)code >> 4 ^ n * 7) & (PC_CACHE_SIZE - 1);
}

static uint32_t find_offset(struct vm *vm, oop method, const struct code *code, uint32_t word) {
    struct translation t;
    if (!translate(vm, method, code->start, &t))
        return (uint32_t)method_initial_pc(method);
    uint32_t length = t.limit - t.start;
    for (uint32_t i = 0; i < length; i++)
        if (t.map[i] == word)
            return t.start + i;
    return t.stop;
}

static uint32_t find_word(struct vm *vm, const struct code *code, uint32_t offset) {
    struct translation t;
    if (!translate(vm, code->method, code->start, &t) || offset < t.start || offset >= t.limit)
        return NOT_MAPPED;
    return t.map[offset - t.start];
}

uint32_t translate_offset_of(struct vm *vm, oop method, const struct code *code,
                             const struct insn *pc) {
    uint32_t word = (uint32_t)(pc - code->body);
    unsigned h = pc_hash(code, word);
    struct code_table *t = vm->codes;
    if (t->offsets[h].code != code || t->offsets[h].word != word) {
        t->offsets[h].offset = find_offset(vm, method, code, word);
        t->offsets[h].word = word;
        t->offsets[h].code = code;
    }
    return t->offsets[h].offset;
}

const struct insn *translate_word_at(struct vm *vm, const struct code *code, uint32_t offset) {
    unsigned h = pc_hash(code, offset);
    struct code_table *t = vm->codes;
    if (t->words[h].code != code || t->words[h].offset != offset) {
        t->words[h].word = find_word(vm, code, offset);
        t->words[h].offset = offset;
        t->words[h].code = code;
    }
    uint32_t word = t->words[h].word;
    return word == NOT_MAPPED || word >= code->length ? NULL : code->body + word;
}
