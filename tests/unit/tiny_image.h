/*
 * tiny_image.h - builds small valid images in memory, for tests: about 45 KB,
 * most of it the hidden roots and one page of the class table, which every
 * image has. Objects are placed where the test wants them: after free chunks,
 * in further segments, behind forwarders.
 */
#ifndef MOTE_TESTS_TINY_IMAGE_H
#define MOTE_TESTS_TINY_IMAGE_H

#include "../../vm/image/image.h"

#define TINY_BASE UINT64_C(0x804000)
#define TINY_SEGMENTS 8u

struct tiny {
    uint8_t *data; /* without header */
    uint64_t used, capacity;
    uint32_t format;
    unsigned segments;
    struct {
        uint64_t at, base, size;
    } segment[TINY_SEGMENTS];
    oop nil, false_, true_, lists, roots, page, special;
    /* Of tiny_standard: */
    oop object_class, array, metaclass, association, method, sista_method, block, context, process,
        dictionary, methods, closure, full_closure, bytes, weak, ephemeron, characters, selector,
        scheduler, string, process_lists;
};

enum tiny_class { /* indices that only these images use */
                  TINY_UNDEFINED = 64,
                  TINY_FALSE,
                  TINY_TRUE,
                  TINY_METACLASS,
                  TINY_DICTIONARY,
                  TINY_ASSOCIATION,
                  TINY_PROCESS,
                  TINY_SCHEDULER,
                  TINY_METHOD,
                  TINY_BLOCK,
                  TINY_SYMBOL,
                  TINY_WEAK,
                  TINY_EPHEMERON,
                  TINY_POINT,
                  TINY_SEMAPHORE,
                  TINY_OBJECT,
};

/* The first objects and the class table, then: */
void tiny_begin(struct tiny *t);
/* Pointer objects hold nil, others zero. `format` with padding, as in headers. */
oop tiny_new(struct tiny *t, uint32_t class_index, unsigned format, uint64_t slots);
oop tiny_forwarder(struct tiny *t, oop target);
void tiny_free_chunk(struct tiny *t, uint64_t slots);
/* End this segment; the next lies `gap` bytes beyond its end. */
void tiny_split(struct tiny *t, uint64_t gap);

uint64_t *tiny_words(struct tiny *t, oop o); /* [0] is the header; moves with the next object */
void tiny_put(struct tiny *t, oop o, uint64_t slot, uint64_t value);
/* Compiled code: format by the number of bytes; the literals hold nil. */
oop tiny_code(struct tiny *t, uint32_t class_index, int64_t header, const void *code,
              uint64_t bytes);

/* All that an image needs, and one of most kinds of things. `spread`: with free
 * chunks, forwarders and three segments in between. */
void tiny_standard(struct tiny *t, bool spread);
/* Header and data; the caller frees. */
uint8_t *tiny_finish(struct tiny *t, size_t *size);
/* Where the header of an object lies in the file of tiny_finish. */
uint64_t tiny_offset(const struct tiny *t, oop o);
void tiny_free(struct tiny *t);

#endif
