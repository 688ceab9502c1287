/* writer.c - see writer.h. */
#include "writer.h"
#include "class_set.h"
#include "image_memory.h"

bool writer_open(struct writer *w, image_write_fn *write, void *arg) {
    *w = (struct writer){.write = write, .arg = arg, .buffer = image_allocate(WRITER_BYTES, 1)};
    return w->buffer != NULL;
}

void writer_close(struct writer *w) {
    image_release(w->buffer);
    w->buffer = NULL;
}

void writer_flush(struct writer *w) {
    if (w->used != 0 && !w->failed && !w->write(w->arg, w->buffer, w->used))
        w->failed = true;
    w->used = 0;
}

void writer_put(struct writer *w, const void *data, uint64_t size) {
    w->total += size;
    if (size >= WRITER_BYTES) { /* large bits objects go around the buffer */
        writer_flush(w);
        if (!w->failed && !w->write(w->arg, data, size))
            w->failed = true;
        return;
    }
    if (size > WRITER_BYTES - w->used)
        writer_flush(w);
    if (size != 0)
        memcpy(w->buffer + w->used, data, size);
    w->used += (uint32_t)size;
}

void writer_header(struct writer *w, const struct image_header *h,
                   const struct class_set *classes) {
    uint8_t bytes[IMAGE_HEADER_BYTES], magic[CLASS_SET_MAGIC_BYTES] = CLASS_SET_MAGIC;
    image_header_write(h, bytes);
    writer_put(w, bytes, sizeof bytes);
    writer_put(w, magic, sizeof magic);
    writer_put(w, classes->bits, sizeof classes->bits);
}

void writer_bridge(struct writer *w) {
    /* Spur's own bridges between adjoining segments are pinned and marked. */
    writer_word(w, make_header(0, FORMAT_64, CLASS_INDEX_BRIDGE) | HDR_PINNED | HDR_MARKED);
    writer_word(w, 0);
}
