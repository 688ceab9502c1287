/*
 * roots.h - the check of what the VM needs at once of any image: class table,
 * special objects, scheduler. Works on images in whatever shape through a view.
 */
#ifndef MOTE_IMAGE_ROOTS_H
#define MOTE_IMAGE_ROOTS_H

#include "image.h"

struct image_found { /* an object, forwarders followed */
    oop o;
    uint64_t header, slots;
    const uint8_t *body; /* its slots */
};

/* Finds the object behind any word; false for immediates, wild pointers and
 * objects that are not wholly inside the image. */
struct image_view {
    bool (*find)(const void *arg, oop o, struct image_found *out);
    const void *arg;
};

struct image_first_objects {
    oop nil, false_, true_, free_lists, hidden_roots;
};

bool image_roots_sound(const struct image_view *view, const struct image_first_objects *first,
                       oop special_objects, struct image_error *error);

#endif
