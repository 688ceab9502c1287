/*
 * decode_sets.h - inside vm/bytecode/: setters that both decoders use.
 */
#ifndef MOTE_BYTECODE_DECODE_SETS_H
#define MOTE_BYTECODE_DECODE_SETS_H

#include "decode.h"

void bytecode_set(struct bytecode *b, enum bytecode_kind kind, uint32_t index, uint32_t pops,
                  uint32_t pushes);
void bytecode_set_send(struct bytecode *b, enum bytecode_kind kind, uint32_t index, uint32_t nargs);
void bytecode_set_special(struct bytecode *b, uint32_t selector);
void bytecode_set_store(struct bytecode *b, enum bytecode_kind kind, uint32_t index, bool pop);
void bytecode_set_jump(struct bytecode *b, bool conditional, int64_t target);
void bytecode_set_return(struct bytecode *b, bool block, bool top);
void bytecode_set_unused(struct bytecode *b);
/* Size in seven bits, "filled from the stack" in the eighth. */
void bytecode_set_array(struct bytecode *b, uint8_t operand);
/* which: 0 push, 1 store, 2 store and pop; operands: index, vector's temporary. */
void bytecode_set_remote(struct bytecode *b, unsigned which, const uint8_t *operands);

bool sista_decode(const uint8_t *bytes, uint64_t size, uint64_t pos, struct bytecode *b);

#endif
