/*
 * decode.h - what a bytecode is: length, operands, effect on the stack, where
 * it leads. For V3PlusClosures and Sista V1; knows no objects. For checkers
 * and printers; the interpreter's translator has decoders of its own.
 *
 * Source: StackInterpreter class>>initializeBytecodeTableForSqueakV3PlusClosures
 * and ...ForSistaV1, class comment of Pharo's EncoderForSistaV1.
 */
#ifndef MOTE_BYTECODE_DECODE_H
#define MOTE_BYTECODE_DECODE_H

#include <stdbool.h>
#include <stdint.h>

enum bytecode_kind {
    BYTECODE_NOTHING,        /* no operation */
    BYTECODE_PUSH,           /* receiver, constants, context, process */
    BYTECODE_PUSH_INST_VAR,  /* index */
    BYTECODE_PUSH_TEMP,      /* index */
    BYTECODE_PUSH_LITERAL,   /* index */
    BYTECODE_PUSH_VARIABLE,  /* index of the literal that holds it */
    BYTECODE_STORE_INST_VAR, /* index; with or without pop, as in the next three */
    BYTECODE_STORE_TEMP,
    BYTECODE_STORE_VARIABLE,
    BYTECODE_PUSH_REMOTE, /* index in the vector that temporary `vector` holds */
    BYTECODE_STORE_REMOTE,
    BYTECODE_POP,
    BYTECODE_DUP,
    BYTECODE_SPECIAL_SEND,   /* index of the special selector, nargs (arithmetic: 1) */
    BYTECODE_SEND,           /* index of the selector literal, nargs */
    BYTECODE_SUPER_SEND,     /* the same; the method's class is its last literal */
    BYTECODE_DIRECTED_SUPER, /* the same; the class is on the stack */
    BYTECODE_JUMP,           /* target */
    BYTECODE_JUMP_IF,        /* target; pops the condition */
    BYTECODE_RETURN,         /* from the method; with or without a value from the stack */
    BYTECODE_BLOCK_RETURN,
    BYTECODE_CALL_PRIMITIVE, /* index: the primitive */
    BYTECODE_NEW_ARRAY,      /* index: its size */
    BYTECODE_CLOSURE,        /* embedded block of nargs, copied; its code: [next, target) */
    BYTECODE_FULL_CLOSURE,   /* index of the compiled block; copied */
    BYTECODE_UNUSED,         /* the image's unusedBytecode is sent */
};

struct bytecode {
    enum bytecode_kind kind;
    uint32_t length; /* prefixes included */
    uint32_t index, vector, nargs, copied;
    uint32_t pops, pushes;
    bool ends;      /* the next bytecode is not reached from here */
    int64_t target; /* position; may be anything */
};

/* The bytecode at `pos` of code that ends at `size`. False when it is cut off. */
bool bytecode_decode(bool sista, const uint8_t *bytes, uint64_t size, uint64_t pos,
                     struct bytecode *out);

#endif
