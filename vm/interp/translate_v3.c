/*
 * translate_v3.c - decoder of the V3PlusClosures bytecode set.
 * Source: the tables of StackInterpreter class>>initializeBytecodeTableFor-
 * SqueakV3PlusClosures and Pharo's EncoderForV3PlusClosures.
 */
#include "translate.h"

enum { V3_STORE_TEMP = 129, V3_CALL_PRIMITIVE = 139, V3_CLOSURE = 143 };

void translate_block_extent(const struct translation *t, uint32_t *nargs, uint32_t *copied,
                            uint32_t *size) {
    const uint8_t *b = t->bytes;
    uint32_t s = t->start;
    if (!method_header_is_sista(t->header)) {
        if (s < 4 || b[s - 4] != V3_CLOSURE)
            return;
        *nargs = b[s - 3] & 15;
        *copied = b[s - 3] >> 4;
        *size = (uint32_t)b[s - 2] << 8 | b[s - 1];
    } else if (s >= 3 && b[s - 3] == 250) { /* an embedded block of the Sista set */
        *nargs = b[s - 2] & 7;
        *copied = b[s - 2] >> 3 & 7;
        *size = b[s - 1];
    }
}

static void push_constant(struct translation *t, unsigned i) {
    static const uint8_t ops[4] = {OP_push_receiver, OP_push_true, OP_push_false, OP_push_nil};
    if (i < 4)
        emit(t, ops[i], 0);
    else
        emit_push_integer(t, (int64_t)i - 5);
}

/* 128-130: kind in the two top bits, index below. */
static void extended(struct translation *t, unsigned op, uint8_t d) {
    uint32_t i = d & 63;
    switch (op << 2 | d >> 6) {
    case 0 << 2 | 0:
        emit_push_ivar(t, i, false);
        break;
    case 0 << 2 | 1:
        emit_push_temp(t, i);
        break;
    case 0 << 2 | 2:
        emit_push_literal(t, i);
        break;
    case 0 << 2 | 3:
        emit_push_literal_variable(t, i);
        break;
    case 1 << 2 | 0:
    case 2 << 2 | 0:
        emit_store_ivar(t, i, op == 2, false);
        break;
    case 1 << 2 | 1:
    case 2 << 2 | 1:
        emit_store_temp(t, i, op == 2);
        break;
    case 1 << 2 | 3:
    case 2 << 2 | 3:
        emit_store_literal_variable(t, i, op == 2);
        break;
    default:
        emit_unknown(t);
    }
}

/* 132: operation in the three top bits of the second byte. */
static void double_extended(struct translation *t, uint8_t d, uint8_t i) {
    switch (d >> 5) {
    case 0:
        emit_send(t, i, d & 31);
        break;
    case 1:
        emit_super_send(t, i, d & 31, false);
        break;
    case 2:
        emit_push_ivar(t, i, true);
        break;
    case 3:
        emit_push_literal(t, i);
        break;
    case 4:
        emit_push_literal_variable(t, i);
        break;
    case 5:
        emit_store_ivar(t, i, false, true);
        break;
    case 6:
        emit_store_ivar(t, i, true, true);
        break;
    default:
        emit_store_literal_variable(t, i, false);
    }
}

static uint32_t length_of(uint8_t b) {
    if (b >= 160 && b < 176)
        return 2;
    switch (b) {
    case 128:
    case 129:
    case 130:
    case 131:
    case 133:
    case 134:
    case 138:
        return 2;
    case 132:
    case V3_CALL_PRIMITIVE:
    case 140:
    case 141:
    case 142:
        return 3;
    case V3_CLOSURE:
        return 4;
    default:
        return 1;
    }
}

static void long_form(struct translation *t, uint32_t pos, const uint8_t *b) {
    switch (b[0]) {
    case 128:
    case 129:
    case 130:
        extended(t, b[0] - 128u, b[1]);
        break;
    case 131:
        emit_send(t, b[1] & 31, b[1] >> 5);
        break;
    case 132:
        double_extended(t, b[1], b[2]);
        break;
    case 133:
        emit_super_send(t, b[1] & 31, b[1] >> 5, false);
        break;
    case 134:
        emit_send(t, b[1] & 63, b[1] >> 6);
        break;
    case 135:
        emit(t, OP_pop, 0);
        break;
    case 136:
        emit(t, OP_dup, 0);
        break;
    case 137:
        emit(t, OP_push_context, 0);
        break;
    case 138:
        emit_new_array(t, b[1] & 127, b[1] >> 7);
        break;
    case V3_CALL_PRIMITIVE:
        emit_call_primitive(t, b[1] | (uint32_t)b[2] << 8);
        t->stores_error = pos + 3 < t->limit && b[3] == V3_STORE_TEMP && b[4] >> 6 == 1;
        break;
    case 140:
        emit_remote(t, b[2], b[1], OP_push_remote);
        break;
    case 141:
        emit_remote(t, b[2], b[1], OP_store_remote);
        break;
    case 142:
        emit_remote(t, b[2], b[1], OP_pop_remote);
        break;
    default:
        emit_unknown(t);
    }
}

static void jump(struct translation *t, uint32_t pos, const uint8_t *b) {
    if (b[0] < 152)
        emit_jump(t, JUMP_ALWAYS, (int64_t)pos + 1 + (b[0] & 7) + 1);
    else if (b[0] < 160)
        emit_jump(t, JUMP_IF_FALSE, (int64_t)pos + 1 + (b[0] & 7) + 1);
    else if (b[0] < 168)
        emit_jump(t, JUMP_ALWAYS, (int64_t)pos + 2 + ((b[0] & 7) - 4) * 256 + b[1]);
    else
        emit_jump(t, b[0] < 172 ? JUMP_IF_TRUE : JUMP_IF_FALSE,
                  (int64_t)pos + 2 + (b[0] & 3) * 256 + b[1]);
}

static void decode(struct translation *t, uint32_t pos, const uint8_t *b) {
    uint8_t c = b[0];
    if (c < 16)
        emit_push_ivar(t, c, false);
    else if (c < 32)
        emit_push_temp(t, c & 15);
    else if (c < 64)
        emit_push_literal(t, c & 31);
    else if (c < 96)
        emit_push_literal_variable(t, c & 31);
    else if (c < 104)
        emit_store_ivar(t, c & 7, true, false);
    else if (c < 112)
        emit_store_temp(t, c & 7, true);
    else if (c < 120)
        push_constant(t, c & 7);
    else if (c < 124)
        emit_return(t, RETURN_RECEIVER + (c & 3u));
    else if (c == 124)
        emit_return(t, RETURN_TOP);
    else if (c == 125)
        emit_return_from_block(t, RETURN_TOP);
    else if (c < 128)
        emit_unknown(t);
    else if (c < 144)
        long_form(t, pos, b);
    else if (c < 176)
        jump(t, pos, b);
    else if (c < 208)
        emit_special_send(t, c - 176u);
    else
        emit_send(t, c & 15, (c >> 4) - 13u);
}

void translate_v3(struct translation *t) {
    uint32_t pos = t->start;
    while (translate_more(t, pos)) {
        const uint8_t *b = t->bytes + pos;
        uint32_t length = length_of(b[0]);
        translate_begin(t, pos);
        if (length > t->limit - pos) {
            emit_unknown(t);
            return;
        }
        if (b[0] == V3_CLOSURE) {
            uint32_t size = (uint32_t)b[2] << 8 | b[3];
            emit_closure(t, b[1] & 15, b[1] >> 4, pos + 4, size);
            length += size;
        } else {
            decode(t, pos, b);
        }
        if (length > t->limit - pos)
            return;
        pos += length;
        t->stop = pos;
    }
}
