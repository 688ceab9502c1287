/* decode_sista.c - see decode.h: Sista V1. */
#include "decode_sets.h"

/* No encoder writes more prefixes before a bytecode. */
#define MAX_PREFIXES 16u

struct prefixes {
    uint32_t a;
    int64_t b;
    unsigned count_a, count_b;
};

static void one_byte(struct bytecode *b, uint8_t code, const struct prefixes *x, int64_t next) {
    if (code < 16)
        bytecode_set(b, BYTECODE_PUSH_INST_VAR, code, 0, 1);
    else if (code < 32)
        bytecode_set(b, BYTECODE_PUSH_VARIABLE, code & 15, 0, 1);
    else if (code < 64)
        bytecode_set(b, BYTECODE_PUSH_LITERAL, code & 31, 0, 1);
    else if (code < 76)
        bytecode_set(b, BYTECODE_PUSH_TEMP, code - 64u, 0, 1);
    else if (code < 82 || (code == 82 && (x->b == 0 || x->b == 1)))
        bytecode_set(b, BYTECODE_PUSH, 0, 0, 1);
    else if (code == 83)
        bytecode_set(b, BYTECODE_DUP, 0, 1, 2);
    else if (code >= 88 && code < 93)
        bytecode_set_return(b, false, code == 92);
    else if (code == 93 || code == 94)
        bytecode_set_return(b, true, code == 94);
    else if (code == 95)
        bytecode_set(b, BYTECODE_NOTHING, 0, 0, 0);
    else if (code >= 96 && code < 128)
        bytecode_set_special(b, code - 96u);
    else if (code >= 128 && code < 176)
        bytecode_set_send(b, BYTECODE_SEND, code & 15, (code >> 4) - 8u);
    else if (code >= 176 && code < 200)
        bytecode_set_jump(b, code >= 184, next + (code & 7) + 1);
    else if (code >= 200 && code < 216)
        bytecode_set_store(b, code < 208 ? BYTECODE_STORE_INST_VAR : BYTECODE_STORE_TEMP, code & 7,
                           true);
    else if (code == 216)
        bytecode_set(b, BYTECODE_POP, 0, 1, 0);
    else
        bytecode_set_unused(b);
}

/* Selector literal above three bits of arguments, each widened by its prefix. */
static void send(struct bytecode *b, bool super, uint8_t operand, const struct prefixes *x) {
    int64_t high = x->b;
    bool directed = super && high >= 64;
    if (directed)
        high -= 64;
    if (high < 0 || high > 1) /* more than fifteen arguments */
        bytecode_set_unused(b);
    else
        bytecode_set_send(
            b, directed ? BYTECODE_DIRECTED_SUPER : (super ? BYTECODE_SUPER_SEND : BYTECODE_SEND),
            (operand >> 3) + (x->a << 5), (operand & 7u) + (uint32_t)high * 8);
}

static void two_bytes(struct bytecode *b, const uint8_t *at, const struct prefixes *x,
                      int64_t next) {
    uint32_t wide = at[1] + (x->a << 8);
    int64_t offset = at[1] + x->b * 256;
    switch (at[0]) {
    case 226:
        bytecode_set(b, BYTECODE_PUSH_INST_VAR, wide, 0, 1);
        break;
    case 227:
        bytecode_set(b, BYTECODE_PUSH_VARIABLE, wide, 0, 1);
        break;
    case 228:
        bytecode_set(b, BYTECODE_PUSH_LITERAL, wide, 0, 1);
        break;
    case 229:
        bytecode_set(b, BYTECODE_PUSH_TEMP, at[1], 0, 1);
        break;
    case 231:
        bytecode_set_array(b, at[1]);
        break;
    case 232:
    case 233:
        bytecode_set(b, BYTECODE_PUSH, 0, 0, 1);
        break;
    case 234:
    case 235:
        send(b, at[0] == 235, at[1], x);
        break;
    case 237:
        bytecode_set_jump(b, false, next + offset);
        break;
    case 238:
    case 239:
        bytecode_set_jump(b, true, next + offset);
        break;
    case 240:
    case 243:
        bytecode_set_store(b, BYTECODE_STORE_INST_VAR, wide, at[0] == 240);
        break;
    case 241:
    case 244:
        bytecode_set_store(b, BYTECODE_STORE_VARIABLE, wide, at[0] == 241);
        break;
    case 242:
    case 245:
        bytecode_set_store(b, BYTECODE_STORE_TEMP, at[1], at[0] == 242);
        break;
    default:
        bytecode_set_unused(b);
    }
}

static void full_closure(struct bytecode *b, const uint8_t *at, const struct prefixes *x) {
    uint32_t copied = at[2] & 63;
    bytecode_set(b, BYTECODE_FULL_CLOSURE, at[1] + (x->a << 8), copied + (at[2] >> 7), 1);
    b->copied = copied;
}

static void closure(struct bytecode *b, const uint8_t *at, const struct prefixes *x, int64_t next) {
    b->nargs = (at[1] & 7u) + x->a % 16 * 8;
    b->copied = (at[1] >> 3 & 7u) + (x->a / 16 & 15) * 8;
    bytecode_set(b, BYTECODE_CLOSURE, 0, b->copied, 1);
    b->target = next + at[2] + x->b * 256;
}

static void three_bytes(struct bytecode *b, const uint8_t *at, const struct prefixes *x,
                        int64_t next) {
    switch (at[0]) {
    case 248:
        bytecode_set(b, BYTECODE_CALL_PRIMITIVE, at[1] | (uint32_t)at[2] << 8, 0, 0);
        break;
    case 249:
        full_closure(b, at, x);
        break;
    case 250:
        closure(b, at, x, next);
        break;
    case 251:
    case 252:
    case 253:
        bytecode_set_remote(b, at[0] - 251u, at + 1);
        break;
    default:
        bytecode_set_unused(b);
    }
}

bool sista_decode(const uint8_t *bytes, uint64_t size, uint64_t pos, struct bytecode *b) {
    struct prefixes x = {0};
    uint64_t at = pos;
    while (bytes[at] == 224 || bytes[at] == 225) {
        if (size - at < 3) /* its operand, and the bytecode it is for */
            return false;
        uint8_t operand = bytes[at + 1];
        if (bytes[at] == 224) {
            x.a = (x.a << 8 | operand) & 0xffffff;
            x.count_a++;
        } else { /* signed by the first of them */
            x.b = x.count_b == 0 && operand > 127 ? (int64_t)operand - 256
                                                  : (int64_t)((uint64_t)x.b << 8 | operand);
            x.count_b++;
        }
        at += 2;
        if (x.count_a + x.count_b > MAX_PREFIXES || x.count_b > 4) {
            bytecode_set_unused(b);
            b->length = (uint32_t)(at - pos);
            return true;
        }
    }
    uint8_t code = bytes[at];
    uint32_t length = code < 224 ? 1 : code < 248 ? 2 : 3;
    if (length > size - at)
        return false;
    b->length = (uint32_t)(at - pos) + length;
    int64_t next = (int64_t)(at + length);
    if (length == 1)
        one_byte(b, code, &x, next);
    else if (length == 2)
        two_bytes(b, bytes + at, &x, next);
    else
        three_bytes(b, bytes + at, &x, next);
    return true;
}
