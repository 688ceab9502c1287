/*
 * class_set.h - where a canonical image keeps the class indices of its objects:
 * in the header's padding, which no other reader looks at. A magic text (16
 * bytes), then the bits of struct class_set.
 */
#ifndef MOTE_IMAGE_CLASS_SET_H
#define MOTE_IMAGE_CLASS_SET_H

#include "image.h"
#include "../memory/heap.h"

#define CLASS_SET_MAGIC "Mote classes 1\n"
#define CLASS_SET_MAGIC_BYTES 16u

_Static_assert(IMAGE_HEADER_BYTES + CLASS_SET_MAGIC_BYTES + CLASS_SET_BITS / 8 ==
                   IMAGE_CANONICAL_HEADER,
               "the padding is filled");

/* From the first IMAGE_CANONICAL_HEADER bytes of a canonical file; images written by
 * others have none, and then any class may have instances. */
static inline void class_set_read(struct class_set *s, const uint8_t *header) {
    s->known = memcmp(header + IMAGE_HEADER_BYTES, CLASS_SET_MAGIC, CLASS_SET_MAGIC_BYTES) == 0;
    if (s->known)
        memcpy(s->bits, header + IMAGE_HEADER_BYTES + CLASS_SET_MAGIC_BYTES, sizeof s->bits);
}

#endif
