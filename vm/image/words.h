/*
 * words.h - unaligned little-endian words in a byte array. Image files have
 * headers of any size, so nothing in them is known to be aligned.
 */
#ifndef MOTE_IMAGE_WORDS_H
#define MOTE_IMAGE_WORDS_H

#include <stdint.h>
#include <string.h>

static inline uint64_t load64(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline uint32_t load32(const uint8_t *p) {
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline uint16_t load16(const uint8_t *p) {
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline void store64(uint8_t *p, uint64_t v) {
    memcpy(p, &v, sizeof v);
}
static inline void store32(uint8_t *p, uint32_t v) {
    memcpy(p, &v, sizeof v);
}
static inline void store16(uint8_t *p, uint16_t v) {
    memcpy(p, &v, sizeof v);
}

#endif
