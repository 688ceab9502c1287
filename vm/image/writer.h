/*
 * writer.h - buffered words for an image_write_fn.
 */
#ifndef MOTE_IMAGE_WRITER_H
#define MOTE_IMAGE_WRITER_H

#include "image.h"
#include "../memory/heap.h"

#define WRITER_BYTES 65536u

struct writer {
    image_write_fn *write;
    void *arg;
    bool failed;
    uint32_t used;
    uint64_t total;  /* bytes handed over, buffered ones included */
    uint8_t *buffer; /* WRITER_BYTES, owned */
};

bool writer_open(struct writer *w, image_write_fn *write, void *arg); /* false: no memory */
void writer_put(struct writer *w, const void *data, uint64_t size);
void writer_flush(struct writer *w);
void writer_close(struct writer *w); /* without flush */

static inline void writer_word(struct writer *w, uint64_t v) {
    if (w->used > WRITER_BYTES - 8)
        writer_flush(w);
    memcpy(w->buffer + w->used, &v, 8);
    w->used += 8;
    w->total += 8;
}

/* The padded canonical header. `classes` are those of the data. */
void writer_header(struct writer *w, const struct image_header *h, const struct class_set *classes);
/* The last bridge, as every reader expects it: nothing follows. */
void writer_bridge(struct writer *w);

/* The bits of an object's header that a canonical image keeps. */
#define HDR_CANONICAL \
    (HDR_CLASS_MASK | HDR_IMMUTABLE | HDR_FORMAT_MASK | HDR_PINNED | HDR_HASH_MASK)

/* Overflow word (where needed) and header for that many slots. */
static inline void writer_object(struct writer *w, uint64_t header, uint64_t slots) {
    header &= HDR_CANONICAL;
    if (slots >= HDR_OVERFLOW_SLOTS) {
        writer_word(w, (uint64_t)HDR_OVERFLOW_SLOTS << HDR_SLOTS_SHIFT | slots);
        header |= (uint64_t)HDR_OVERFLOW_SLOTS << HDR_SLOTS_SHIFT;
    } else {
        header |= slots << HDR_SLOTS_SHIFT;
    }
    writer_word(w, header);
}

#endif
