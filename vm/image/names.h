/*
 * names.h - names of classes in a taken-apart image, for reports. The slots
 * that hold a class's name and a metaclass's instance are found as
 * StackInterpreter>>initializeExtraClassInstVarIndices does: by what class
 * Array and its metaclass hold.
 */
#ifndef MOTE_IMAGE_NAMES_H
#define MOTE_IMAGE_NAMES_H

#include "map.h"

struct class_names {
    uint64_t name_slot, this_class_slot; /* 0: unknown */
    uint64_t metaclass_slots;
};

struct class_names class_names_find(const struct image_map *m);
/* Always a terminated, printable text; "?" when there is no name. */
void class_name(const struct image_map *m, const struct class_names *names, oop class, char *out,
                size_t size);

#endif
