/* decode.c - see decode.h: what the two sets share, and V3PlusClosures. */
#include "decode.h"
#include "decode_sets.h"

void bytecode_set(struct bytecode *b, enum bytecode_kind kind, uint32_t index, uint32_t pops,
                  uint32_t pushes) {
    b->kind = kind;
    b->index = index;
    b->pops = pops;
    b->pushes = pushes;
}

void bytecode_set_send(struct bytecode *b, enum bytecode_kind kind, uint32_t index,
                       uint32_t nargs) {
    bytecode_set(b, kind, index, nargs + (kind == BYTECODE_DIRECTED_SUPER ? 2 : 1), 1);
    b->nargs = nargs;
}

void bytecode_set_store(struct bytecode *b, enum bytecode_kind kind, uint32_t index, bool pop) {
    bytecode_set(b, kind, index, 1, pop ? 0 : 1);
}

void bytecode_set_jump(struct bytecode *b, bool conditional, int64_t target) {
    bytecode_set(b, conditional ? BYTECODE_JUMP_IF : BYTECODE_JUMP, 0, conditional ? 1 : 0, 0);
    b->target = target;
    b->ends = !conditional;
}

void bytecode_set_return(struct bytecode *b, bool block, bool top) {
    bytecode_set(b, block ? BYTECODE_BLOCK_RETURN : BYTECODE_RETURN, 0, top ? 1 : 0, 0);
    b->ends = true;
}

void bytecode_set_unused(struct bytecode *b) {
    bytecode_set(b, BYTECODE_UNUSED, 0, 0, 0);
    b->ends = true;
}

void bytecode_set_special(struct bytecode *b, uint32_t selector) {
    /* at: at:put: size next nextPut: atEnd == class, blockCopy: or ~~ value
     * value: do: new new: x y; all sixteen of arithmetic before take one. */
    static const uint8_t nargs[16] = {1, 2, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 0};
    bytecode_set_send(b, BYTECODE_SPECIAL_SEND, selector, selector < 16 ? 1 : nargs[selector - 16]);
}

void bytecode_set_array(struct bytecode *b, uint8_t operand) {
    bytecode_set(b, BYTECODE_NEW_ARRAY, operand & 127, operand >> 7 ? operand & 127 : 0, 1);
}

void bytecode_set_remote(struct bytecode *b, unsigned which, const uint8_t *operands) {
    if (which == 0)
        bytecode_set(b, BYTECODE_PUSH_REMOTE, operands[0], 0, 1);
    else
        bytecode_set_store(b, BYTECODE_STORE_REMOTE, operands[0], which == 2);
    b->vector = operands[1];
}

/* ---- V3PlusClosures --------------------------------------------------------- */

static uint32_t v3_length(uint8_t code) {
    if (code >= 160 && code < 176)
        return 2;
    if (code < 128 || code > 143)
        return 1;
    static const uint8_t lengths[16] = {2, 2, 2, 2, 3, 2, 2, 1, 1, 1, 2, 3, 3, 3, 3, 4};
    return lengths[code - 128];
}

/* 128 push, 129 store, 130 store and pop: kind of variable above six bits of index. */
static void v3_extended(struct bytecode *b, unsigned operation, uint8_t operand) {
    static const enum bytecode_kind pushes[4] = {BYTECODE_PUSH_INST_VAR, BYTECODE_PUSH_TEMP,
                                                 BYTECODE_PUSH_LITERAL, BYTECODE_PUSH_VARIABLE};
    static const enum bytecode_kind stores[4] = {BYTECODE_STORE_INST_VAR, BYTECODE_STORE_TEMP,
                                                 BYTECODE_UNUSED, BYTECODE_STORE_VARIABLE};
    unsigned kind = operand >> 6;
    if (operation == 0)
        bytecode_set(b, pushes[kind], operand & 63, 0, 1);
    else if (kind == 2)
        bytecode_set_unused(b);
    else
        bytecode_set_store(b, stores[kind], operand & 63, operation == 2);
}

static void v3_double_extended(struct bytecode *b, uint8_t operation, uint8_t index) {
    switch (operation >> 5) {
    case 0:
        bytecode_set_send(b, BYTECODE_SEND, index, operation & 31);
        break;
    case 1:
        bytecode_set_send(b, BYTECODE_SUPER_SEND, index, operation & 31);
        break;
    case 2:
        bytecode_set(b, BYTECODE_PUSH_INST_VAR, index, 0, 1);
        break;
    case 3:
        bytecode_set(b, BYTECODE_PUSH_LITERAL, index, 0, 1);
        break;
    case 4:
        bytecode_set(b, BYTECODE_PUSH_VARIABLE, index, 0, 1);
        break;
    case 7:
        bytecode_set_store(b, BYTECODE_STORE_VARIABLE, index, false);
        break;
    default:
        bytecode_set_store(b, BYTECODE_STORE_INST_VAR, index, operation >> 5 == 6);
    }
}

static void v3_closure(struct bytecode *b, const uint8_t *at, int64_t next) {
    bytecode_set(b, BYTECODE_CLOSURE, 0, at[1] >> 4, 1);
    b->nargs = at[1] & 15;
    b->copied = at[1] >> 4;
    b->target = next + (at[2] << 8 | at[3]);
}

static void v3_long(struct bytecode *b, const uint8_t *at, int64_t next) {
    switch (at[0]) {
    case 128:
    case 129:
    case 130:
        v3_extended(b, at[0] - 128u, at[1]);
        break;
    case 131:
        bytecode_set_send(b, BYTECODE_SEND, at[1] & 31, at[1] >> 5);
        break;
    case 132:
        v3_double_extended(b, at[1], at[2]);
        break;
    case 133:
        bytecode_set_send(b, BYTECODE_SUPER_SEND, at[1] & 31, at[1] >> 5);
        break;
    case 134:
        bytecode_set_send(b, BYTECODE_SEND, at[1] & 63, at[1] >> 6);
        break;
    case 135:
        bytecode_set(b, BYTECODE_POP, 0, 1, 0);
        break;
    case 136:
        bytecode_set(b, BYTECODE_DUP, 0, 1, 2);
        break;
    case 137:
        bytecode_set(b, BYTECODE_PUSH, 0, 0, 1);
        break;
    case 138:
        bytecode_set_array(b, at[1]);
        break;
    case 139:
        bytecode_set(b, BYTECODE_CALL_PRIMITIVE, at[1] | (uint32_t)at[2] << 8, 0, 0);
        break;
    case 143:
        v3_closure(b, at, next);
        break;
    default:
        bytecode_set_remote(b, at[0] - 140u, at + 1);
    }
}

static void v3_jump(struct bytecode *b, const uint8_t *at, int64_t next) {
    uint8_t code = at[0];
    if (code < 160)
        bytecode_set_jump(b, code >= 152, next + (code & 7) + 1);
    else if (code < 168)
        bytecode_set_jump(b, false, next + ((code & 7) - 4) * 256 + at[1]);
    else
        bytecode_set_jump(b, true, next + (code & 3) * 256 + at[1]);
}

static bool v3_decode(const uint8_t *bytes, uint64_t size, uint64_t pos, struct bytecode *b) {
    const uint8_t *at = bytes + pos;
    uint8_t code = at[0];
    b->length = v3_length(code);
    if (b->length > size - pos)
        return false;
    int64_t next = (int64_t)(pos + b->length);
    if (code < 16)
        bytecode_set(b, BYTECODE_PUSH_INST_VAR, code, 0, 1);
    else if (code < 32)
        bytecode_set(b, BYTECODE_PUSH_TEMP, code & 15, 0, 1);
    else if (code < 64)
        bytecode_set(b, BYTECODE_PUSH_LITERAL, code & 31, 0, 1);
    else if (code < 96)
        bytecode_set(b, BYTECODE_PUSH_VARIABLE, code & 31, 0, 1);
    else if (code < 112)
        bytecode_set_store(b, code < 104 ? BYTECODE_STORE_INST_VAR : BYTECODE_STORE_TEMP, code & 7,
                           true);
    else if (code < 120)
        bytecode_set(b, BYTECODE_PUSH, 0, 0, 1);
    else if (code < 126)
        bytecode_set_return(b, code == 125, code >= 124);
    else if (code < 128)
        bytecode_set_unused(b);
    else if (code < 144)
        v3_long(b, at, next);
    else if (code < 176)
        v3_jump(b, at, next);
    else if (code < 208)
        bytecode_set_special(b, code - 176u);
    else
        bytecode_set_send(b, BYTECODE_SEND, code & 15, (code >> 4) - 13u);
    return true;
}

bool bytecode_decode(bool sista, const uint8_t *bytes, uint64_t size, uint64_t pos,
                     struct bytecode *out) {
    *out = (struct bytecode){0};
    if (pos >= size)
        return false;
    return sista ? sista_decode(bytes, size, pos, out) : v3_decode(bytes, size, pos, out);
}
