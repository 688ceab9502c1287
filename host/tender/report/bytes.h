/*
 * bytes.h - reading little-endian data of which nothing is known: a cursor that
 * never leaves its span. After a read beyond the end it is `bad`, stays at the
 * end, and answers 0.
 */
#ifndef MOTE_TENDER_BYTES_H
#define MOTE_TENDER_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const uint8_t *bytes;
    size_t size;      /* 0: not there */
    uint64_t address; /* of the first byte in the mote, 0 where it is not loaded */
};

struct cursor {
    const uint8_t *at, *end;
    bool bad;
};

/* All of a span; one that is not there has nothing to read. */
static inline struct cursor read_span(const struct span *s) {
    static const uint8_t nothing[1];
    if (s->size == 0)
        return (struct cursor){nothing, nothing, false};
    return (struct cursor){s->bytes, s->bytes + s->size, false};
}

static inline size_t left(const struct cursor *c) {
    return (size_t)(c->end - c->at);
}

static inline void fail(struct cursor *c) {
    c->bad = true;
    c->at = c->end;
}

static inline void skip(struct cursor *c, uint64_t bytes) {
    if (bytes > left(c))
        fail(c);
    else
        c->at += bytes;
}

/* The next bytes as a cursor of their own. */
static inline struct cursor take_part(struct cursor *c, uint64_t bytes) {
    struct cursor part = {c->at, c->at, false};
    skip(c, bytes);
    if (c->bad)
        part.bad = true;
    else
        part.end = c->at;
    return part;
}

static inline uint64_t take(struct cursor *c, unsigned bytes) {
    uint64_t value = 0;
    if (bytes > left(c)) {
        fail(c);
        return 0;
    }
    memcpy(&value, c->at, bytes);
    c->at += bytes;
    return value;
}

static inline uint64_t take_unsigned(struct cursor *c) { /* ULEB128 */
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint64_t byte = take(c, 1);
        if (shift < 64)
            value |= (byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    fail(c);
    return 0;
}

static inline int64_t take_signed(struct cursor *c) { /* SLEB128 */
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint64_t byte = take(c, 1);
        if (shift < 64)
            value |= (byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            if (byte & 0x40 && shift + 7 < 64)
                value |= ~UINT64_C(0) << (shift + 7);
            return (int64_t)value;
        }
    }
    fail(c);
    return 0;
}

/* A string ended by 0, of at most `limit` bytes; its length. */
static inline size_t take_string(struct cursor *c, size_t limit, const char **out) {
    size_t most = left(c) < limit + 1 ? left(c) : limit + 1;
    const uint8_t *end = most == 0 ? NULL : memchr(c->at, 0, most);
    *out = "";
    if (end == NULL) {
        fail(c);
        return 0;
    }
    size_t length = (size_t)(end - c->at);
    *out = (const char *)c->at;
    c->at = end + 1;
    return length;
}

#endif
