/*
 * asm_image.h - images that run, made of hand-assembled methods: the classes,
 * selectors and processes that the VM knows, a few methods that tests lean on,
 * and whatever a test adds. Methods are written once, in the language of
 * asm_code.c, and assembled as V3PlusClosures or as Sista V1.
 *
 * The active process is about to run Test>>main, which stores the answer of
 * Test>>run in the global Answer and quits with status 0.
 *
 * Errors: a mistake in a test (unknown name, bad source) ends it through cmocka.
 */
#ifndef MOTE_TESTS_ASM_IMAGE_H
#define MOTE_TESTS_ASM_IMAGE_H

#include "tiny_image.h"

#define ASM_NAMES 512u
#define ASM_METHODS 512u
#define ASM_FIRST_CLASS 100u /* index of the first class that a test adds */
/* Special objects: Arrays of the globals' associations, of the named objects. */
#define ASM_SPECIAL_GLOBALS 56
#define ASM_SPECIAL_OBJECTS 55

struct asm_name {
    char text[40];
    oop oop;
};
struct asm_names {
    struct asm_name list[ASM_NAMES];
    unsigned count;
};

struct asm_image {
    struct tiny t;
    bool sista;
    struct asm_names classes, symbols, globals, objects;
    uint32_t next_class, next_hash;
    struct {
        oop class, selector, method;
    } methods[ASM_METHODS];
    unsigned method_count;
    struct {
        oop context;
        char selector[32];
    } contexts[16]; /* filled when the methods are known */
    unsigned context_count;
    oop test;
};

void asm_open(struct asm_image *a, bool sista);
void asm_close(struct asm_image *a);
/* The image file; the caller frees. */
uint8_t *asm_finish(struct asm_image *a, size_t *size);

oop asm_class(struct asm_image *a, const char *name);
oop asm_symbol(struct asm_image *a, const char *name);
/* Association of a global variable; the first mention makes it, holding nil. */
oop asm_global(struct asm_image *a, const char *name);
oop asm_object(struct asm_image *a, const char *name);
void asm_name(struct asm_image *a, const char *name, oop o);

/* spec: enum object_format; fixed: named slots. */
oop asm_new_class(struct asm_image *a, const char *name, const char *superclass, unsigned spec,
                  unsigned fixed);
/* An instance, nil-filled or zero; named for `lit @NAME`. */
oop asm_new(struct asm_image *a, const char *name, const char *class, uint64_t slots);
oop asm_bytes(struct asm_image *a, const char *class, const void *data, size_t size);
oop asm_float(struct asm_image *a, double d); /* boxed */
/* A process about to run Test>>selector (no arguments); named. */
oop asm_process(struct asm_image *a, const char *name, const char *selector, int priority);
void asm_immutable(struct asm_image *a, oop o);

/* Anything at all under a selector. */
void asm_install(struct asm_image *a, const char *class, const char *selector, oop method);
/* Assemble and install: see asm_code.c. */
oop asm_method(struct asm_image *a, const char *class, const char *selector, const char *source);
/* Compiled code that is in no dictionary. */
oop asm_code(struct asm_image *a, const char *class, const char *selector, const char *source);

oop asm_names_find(const struct asm_names *n, const char *text); /* 0: none */
void asm_names_add(struct asm_names *n, const char *text, oop o);
unsigned asm_arguments(const char *selector);
/* Index of a special selector, -1 if it is none. */
int asm_special(const char *selector);

#endif
