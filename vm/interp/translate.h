/*
 * translate.h - from bytecodes to threaded code.
 *
 * The translation of a unit is deterministic, so the map between bytecode
 * offsets and words is not kept: it is made again when a context's pc is asked for
 * (and a few answers are remembered).
 * Every bytecode boundary is a word boundary: fused operations leave the
 * operation that they swallow in place behind them, so any pc that a debugger
 * sets can be resumed.
 *
 * Bytes are not trusted: what does not decode, or names a literal or jump
 * target that is not there, becomes an operation that sends unusedBytecode.
 */
#ifndef MOTE_INTERP_TRANSLATE_H
#define MOTE_INTERP_TRANSLATE_H

#include "threaded.h"

#define NOT_MAPPED UINT32_MAX

/* The unit being translated; lives in scratch memory of the caller. */
struct translation {
    struct vm *vm;
    oop method;
    int64_t header;
    const uint8_t *bytes; /* data of the compiled code object */
    uint32_t start, end;  /* byte offsets: of the unit's first bytecode, of the object's end */
    uint32_t literals;
    enum code_kind kind;
    uint8_t nargs, fill;
    uint16_t prim_number;
    bool stores_error;

    struct insn *words; /* output; capacity for any method of this size */
    uint32_t count, capacity;
    uint32_t *map;     /* word index of the bytecode at start + i, or NOT_MAPPED */
    uint32_t pos;      /* of the bytecode being decoded, extensions included */
    uint32_t stop;     /* where decoding ended */
    uint32_t furthest; /* highest jump target so far */
    bool terminated;   /* the last operation does not fall through */
    uint32_t limit;    /* decoding stops here (end of V3 block, or end) */
};

/* Fill `t` for the unit (method, start): on return words[0..count) and map are
 * valid, until the scratch memory is used again. False: no memory. */
bool translate(struct vm *vm, oop method, uint32_t start, struct translation *t);

/* Byte offset (0-based, from the first byte of the object) of the bytecode that
 * the word is the first of. `method` is the frame's: code may have forgotten it. */
uint32_t translate_offset_of(struct vm *vm, oop method, const struct code *code,
                             const struct insn *pc);
/* The word for a byte offset; NULL when it is no bytecode boundary. */
const struct insn *translate_word_at(struct vm *vm, const struct code *code, uint32_t offset);

/* ---- For the two decoders ------------------------------------------------------ */

void translate_v3(struct translation *t);
void translate_sista(struct translation *t);
/* A bytecode begins at byte offset pos. */
void translate_begin(struct translation *t, uint32_t pos);
/* Decoding goes on: there is more, and something can get there. */
static inline bool translate_more(const struct translation *t, uint32_t pos) {
    return pos < t->limit && !(t->terminated && pos > t->furthest);
}
/* Arguments, copied values and size of the V3 block at t->start, from the
 * bytecode before it that makes its closure; zeros when there is none. */
void translate_block_extent(const struct translation *t, uint32_t *nargs, uint32_t *copied,
                            uint32_t *size);
/* FRAME_TEMPS of frame.h, which this module does not otherwise need. */
#define FRAME_TEMPS_SLOT 6

/* Operations as the decoders emit them; operands are checked here. Offsets are bytes from `bytes`.
 */
void emit(struct translation *t, enum opcode op, uint32_t a);
void emit_unknown(struct translation *t);
void emit_push_temp(struct translation *t, uint32_t i);
void emit_store_temp(struct translation *t, uint32_t i, bool pop);
void emit_push_ivar(struct translation *t, uint32_t i, bool maybe_context);
void emit_store_ivar(struct translation *t, uint32_t i, bool pop, bool maybe_context);
void emit_push_literal(struct translation *t, uint32_t i);
void emit_push_literal_variable(struct translation *t, uint32_t i);
void emit_store_literal_variable(struct translation *t, uint32_t i, bool pop);
void emit_push_integer(struct translation *t, int64_t value);
void emit_push_character(struct translation *t, int64_t value);
void emit_remote(struct translation *t, uint32_t vector, uint32_t i, enum opcode op);
void emit_new_array(struct translation *t, uint32_t size, bool fill);
void emit_send(struct translation *t, uint32_t literal, uint32_t nargs);
void emit_super_send(struct translation *t, uint32_t literal, uint32_t nargs, bool directed);
/* The special selector sends in their common order, 0-31 (+ - < > ... x y). */
void emit_special_send(struct translation *t, unsigned i);
enum jump_kind { JUMP_ALWAYS, JUMP_IF_TRUE, JUMP_IF_FALSE };
void emit_jump(struct translation *t, enum jump_kind kind, int64_t target);
enum return_value { RETURN_TOP, RETURN_RECEIVER, RETURN_TRUE, RETURN_FALSE, RETURN_NIL };
/* From the method: local in a method, through the home in a block. */
void emit_return(struct translation *t, enum return_value what);
void emit_return_from_block(struct translation *t, enum return_value what);
/* V3 style block embedded at `body`, `size` bytes long. */
void emit_closure(struct translation *t, uint32_t nargs, uint32_t copied, uint32_t body,
                  uint32_t size);
void emit_full_closure(struct translation *t, uint32_t literal, uint32_t flags);
void emit_call_primitive(struct translation *t, uint32_t number);

#endif
