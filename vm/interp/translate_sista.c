/*
 * translate_sista.c - decoder of the Sista V1 bytecode set.
 * Source: StackInterpreter class>>initializeBytecodeTableForSistaV1 and the
 * class comment of Pharo's EncoderForSistaV1.
 */
#include "translate.h"

/* The prefixes before a bytecode: their values, and how many there were. */
struct extensions {
    uint32_t a;
    int64_t b;
    unsigned count_a, count_b;
};

static uint32_t length_of(uint8_t c) {
    return c < 224 ? 1 : c < 248 ? 2 : 3;
}

static void push_constant(struct translation *t, unsigned i) {
    static const uint8_t ops[4] = {OP_push_receiver, OP_push_true, OP_push_false, OP_push_nil};
    if (i < 4)
        emit(t, ops[i], 0);
    else
        emit_push_integer(t, (int64_t)i - 4);
}

static void one_byte(struct translation *t, uint32_t pos, uint8_t c, const struct extensions *e) {
    static const uint8_t returns[5] = {RETURN_RECEIVER, RETURN_TRUE, RETURN_FALSE, RETURN_NIL,
                                       RETURN_TOP};
    if (c < 16)
        emit_push_ivar(t, c, false);
    else if (c < 32)
        emit_push_literal_variable(t, c & 15);
    else if (c < 64)
        emit_push_literal(t, c & 31);
    else if (c < 76)
        emit_push_temp(t, c - 64u);
    else if (c < 82)
        push_constant(t, c - 76u);
    else if (c == 82 && e->b == 0)
        emit(t, OP_push_context, 0);
    else if (c == 82 && e->b == 1)
        emit(t, OP_push_process, 0);
    else if (c == 83)
        emit(t, OP_dup, 0);
    else if (c >= 88 && c <= 92)
        emit_return(t, returns[c - 88]);
    else if (c == 93 || c == 94)
        emit_return_from_block(t, c == 93 ? RETURN_NIL : RETURN_TOP);
    else if (c == 95)
        ; /* no operation */
    else if (c >= 96 && c < 128)
        emit_special_send(t, c - 96u);
    else if (c >= 128 && c < 176)
        emit_send(t, c & 15, (c >> 4) - 8u);
    else if (c >= 176 && c < 200)
        emit_jump(t,
                  c < 184   ? JUMP_ALWAYS
                  : c < 192 ? JUMP_IF_TRUE
                            : JUMP_IF_FALSE,
                  (int64_t)pos + 1 + (c & 7) + 1);
    else if (c >= 200 && c < 208)
        emit_store_ivar(t, c & 7, true, false);
    else if (c >= 208 && c < 216)
        emit_store_temp(t, c & 7, true);
    else if (c == 216)
        emit(t, OP_pop, 0);
    else if (c == 217)
        emit(t, OP_trap, 0);
    else
        emit_unknown(t);
}

static uint32_t with_a(const struct extensions *e, uint8_t d) {
    return (e->a << 8 | d) & 0xffffff;
}

static void super_send(struct translation *t, const struct extensions *e, uint8_t d) {
    bool directed = e->b >= 64;
    int64_t nargs = ((directed ? e->b - 64 : e->b) << 3) + (d & 7);
    if (nargs < 0 || nargs > 15)
        emit_unknown(t);
    else
        emit_super_send(t, (e->a << 5) + (d >> 3), (uint32_t)nargs, directed);
}

static void two_bytes(struct translation *t, uint32_t next, const uint8_t *b,
                      const struct extensions *e) {
    int64_t wide = e->b * 256 + b[1];
    switch (b[0]) {
    case 226:
        emit_push_ivar(t, with_a(e, b[1]), true);
        break;
    case 227:
        emit_push_literal_variable(t, with_a(e, b[1]));
        break;
    case 228:
        emit_push_literal(t, with_a(e, b[1]));
        break;
    case 229:
        emit_push_temp(t, b[1]);
        break;
    case 231:
        emit_new_array(t, b[1] & 127, b[1] >> 7);
        break;
    case 232:
        emit_push_integer(t, wide);
        break;
    case 233:
        emit_push_character(t, wide);
        break;
    case 234:
        if (e->b < 0 || e->b > 1)
            emit_unknown(t);
        else
            emit_send(t, (e->a << 5) + (b[1] >> 3), (uint32_t)(e->b << 3) + (b[1] & 7));
        break;
    case 235:
        super_send(t, e, b[1]);
        break;
    case 237:
        emit_jump(t, JUMP_ALWAYS, (int64_t)next + wide);
        break;
    case 238:
        emit_jump(t, JUMP_IF_TRUE, (int64_t)next + wide);
        break;
    case 239:
        emit_jump(t, JUMP_IF_FALSE, (int64_t)next + wide);
        break;
    case 240:
    case 243:
        emit_store_ivar(t, with_a(e, b[1]), b[0] == 240, true);
        break;
    case 241:
    case 244:
        emit_store_literal_variable(t, with_a(e, b[1]), b[0] == 241);
        break;
    case 242:
    case 245:
        emit_store_temp(t, b[1], b[0] == 242);
        break;
    default:
        emit_unknown(t);
    }
}

static void three_bytes(struct translation *t, uint32_t next, const uint8_t *b,
                        const struct extensions *e) {
    switch (b[0]) {
    case 248:
        emit_call_primitive(t, b[1] | (uint32_t)b[2] << 8);
        t->stores_error = next + 1 < t->limit && b[3] == 245;
        break;
    case 249:
        emit_full_closure(t, with_a(e, b[1]), b[2]);
        break;
    case 251:
        emit_remote(t, b[2], b[1], OP_push_remote);
        break;
    case 252:
        emit_remote(t, b[2], b[1], OP_store_remote);
        break;
    case 253:
        emit_remote(t, b[2], b[1], OP_pop_remote);
        break;
    default:
        emit_unknown(t);
    }
}

/* 250: a block embedded in the method, as V3 has them. Only the form without
 * extensions: a block's extent must be readable at its start. */
static bool embedded_block(struct translation *t, uint32_t pos, const struct extensions *e,
                           uint32_t *length) {
    const uint8_t *b = t->bytes + pos;
    if (b[0] != 250 || e->count_a || e->count_b)
        return false;
    emit_closure(t, b[1] & 7, b[1] >> 3 & 7, pos + 3, b[2]);
    *length += b[2];
    return true;
}

void translate_sista(struct translation *t) {
    uint32_t pos = t->start;
    struct extensions e = {0};
    while (translate_more(t, pos)) {
        const uint8_t *b = t->bytes + pos;
        uint32_t length = length_of(b[0]);
        if (length > t->limit - pos) {
            translate_begin(t, pos);
            emit_unknown(t);
            return;
        }
        if (e.count_a + e.count_b == 0) /* a bytecode begins at its first prefix */
            translate_begin(t, pos);
        if (b[0] == 224) {
            e.a = e.a << 8 | b[1];
            e.count_a++;
            pos += 2;
            continue;
        }
        if (b[0] == 225) {
            e.b = e.count_b == 0 && b[1] > 127 ? (int64_t)b[1] - 256
                                               : (int64_t)((uint64_t)e.b << 8 | b[1]);
            e.count_b++;
            pos += 2;
            continue;
        }
        if (length == 1)
            one_byte(t, pos, b[0], &e);
        else if (length == 2)
            two_bytes(t, pos + 2, b, &e);
        else if (!embedded_block(t, pos, &e, &length))
            three_bytes(t, pos + 3, b, &e);
        e = (struct extensions){0};
        if (length > t->limit - pos)
            return;
        pos += length;
        t->stop = pos;
    }
}
