/*
 * map.h - an image file in memory, taken apart: its segments, where its
 * objects begin, what its pointers mean, and where everything goes when it is
 * rewritten compactly. Input may be damaged in any way.
 *
 * Positions are word numbers: 8-byte words of the image data in file order,
 * bridges included. An oop is an address as the image knows it; segments say
 * which addresses their words stand for.
 *
 * Source: SpurSegmentManager>>readHeapFromImageFile:dataBytes: (the second word
 * of a segment's bridge is the size of the next segment, its slots are the
 * distance to it); the compaction arithmetic is that of the Compressor.
 */
#ifndef MOTE_IMAGE_MAP_H
#define MOTE_IMAGE_MAP_H

#include "bits.h"
#include "image.h"
#include "report.h"
#include "words.h"

struct image_segment {
    uint64_t word;  /* its first */
    uint64_t words; /* the bridge's two included */
    uint64_t base;  /* address of the first word */
};

struct image_forwarder {
    uint64_t word; /* of its header */
    oop target;    /* what a pointer to it means, as an old oop; no forwarder */
};

struct image_map {
    struct image_header header;
    const uint8_t *data; /* borrowed; header.data_size bytes */
    uint64_t words;
    struct image_segment *segments; /* by address and by word */
    uint64_t segment_count, segment_capacity;
    uint64_t *starts; /* bit: an object's header lies here */
    uint64_t object_count, free_bytes;
    struct image_forwarder *forwarders; /* by word */
    uint64_t forwarder_count, forwarder_capacity;
    oop nil, false_, true_, free_lists, hidden_roots, special_objects;
    /* image_map_plan */
    uint64_t *kept;        /* bit: the word is part of the canonical form */
    uint64_t *block_words; /* words kept before each 64 words */
    uint64_t kept_words;
};

/* Segments, object extents and forwarders of a file. Problems in the header or
 * the segments end the work (false, one problem); object problems are reported
 * and answer true (the rest of their segment is not looked at). The map must
 * be freed in every case. */
bool image_map_open(struct image_map *m, const uint8_t *file, size_t size, struct report *report);
void image_map_free(struct image_map *m);

static inline uint64_t map_word(const struct image_map *m, uint64_t word) {
    return load64(m->data + word * 8);
}
static inline uint64_t map_offset(const struct image_map *m, uint64_t word) {
    return m->header.header_size + word * 8;
}
/* The word an address stands for; false outside the segments. */
bool map_find(const struct image_map *m, uint64_t address, uint64_t *word);
/* The address of a word. */
uint64_t map_address(const struct image_map *m, uint64_t word);
/* The header word of an oop that points to an object (forwarders included). */
static inline bool map_object(const struct image_map *m, oop o, uint64_t *word) {
    return is_object(o) && map_find(m, o, word) && bit_test(m->starts, *word);
}
/* An immediate of a kind that there is. */
static inline bool is_known_immediate(oop o) {
    return is_smallint(o) || is_character(o) || is_smallfloat(o);
}
/* What a valid oop means: itself, or where a forwarder leads. */
oop map_follow(const struct image_map *m, oop o);

/* For the header at `word`: slots, and words of the body (at least one). */
static inline uint64_t map_slots(const struct image_map *m, uint64_t word) {
    uint64_t h = map_word(m, word);
    return header_slots(h) < HDR_OVERFLOW_SLOTS ? header_slots(h)
                                                : map_word(m, word - 1) & OVERFLOW_COUNT_MASK;
}
static inline uint64_t map_slot(const struct image_map *m, uint64_t word, uint64_t i) {
    return map_word(m, word + 1 + i);
}
static inline uint64_t map_next(const struct image_map *m, uint64_t after) {
    return bits_next(m->starts, after, m->words);
}
/* How many slots from the first hold oops: none of bits objects, the literals
 * of methods, live slots of contexts. Never more than the object has. */
uint64_t map_pointer_slots(const struct image_map *m, uint64_t word);
/* The class at an index of the class table, followed; nil without one. Only after
 * image_verify_roots. */
oop map_class_at(const struct image_map *m, uint32_t index);

/* Which words stay (no free chunks, forwarders or unused hidden structures) and
 * where they go. Only after image_verify found nothing. False: no memory. */
bool image_map_plan(struct image_map *m);
/* The new word number of an object that stays. */
static inline uint64_t map_new_word(const struct image_map *m, uint64_t word) {
    return m->block_words[word / 64] +
           (uint64_t)__builtin_popcountll(m->kept[word / 64] & bits_below(word));
}

/* verify.c: first objects, hidden roots, class table pages, special objects. */
bool image_verify_roots(struct image_map *m, struct report *report);
/* verify.c: every object's format, class index and pointers. */
void image_verify_objects(const struct image_map *m, struct report *report);

#endif
