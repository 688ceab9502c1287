/*
 * check.h - the deep part of the image check: what only the interpreter and
 * the primitives need. All on a map whose roots and objects were verified and
 * found sound.
 */
#ifndef MOTE_IMAGE_CHECK_H
#define MOTE_IMAGE_CHECK_H

#include "map.h"

/* Everything; without `strict`, no disagreement that the VM can live with: other
 * people's compilers and bootstraps leave some behind. */
void image_check_objects(const struct image_map *m, bool strict, struct report *report);

/* check_class.c: the classes of the class table (hash, format, superclass
 * chain, method dictionary), and whether an object agrees with its class. */
void image_check_classes(const struct image_map *m, struct report *report);
void image_check_shape(const struct image_map *m, uint64_t word, bool strict,
                       struct report *report);

/* check_context.c: one context; one closure of either class. */
void image_check_context(const struct image_map *m, uint64_t word, struct report *report);
void image_check_closure(const struct image_map *m, uint64_t word, struct report *report);

#endif
