/* names.c - see names.h. */
#include "names.h"

#include <stdio.h>

static oop class_of(const struct image_map *m, uint64_t word) {
    return map_class_at(m, header_class(map_word(m, word)));
}

/* The bytes of a byte object; NULL for anything else. */
static const uint8_t *bytes_of(const struct image_map *m, oop o, uint64_t *size) {
    uint64_t word;
    o = map_follow(m, o);
    if (!map_object(m, o, &word) || !is_bytes_format(header_format(map_word(m, word))))
        return NULL;
    *size = map_slots(m, word) * 8 - (header_format(map_word(m, word)) & 7);
    return m->data + (word + 1) * 8;
}

/* Some images prefix the names of their classes. */
static bool ends_with(const struct image_map *m, oop o, const char *text) {
    uint64_t size, length = strlen(text);
    const uint8_t *bytes = bytes_of(m, o, &size);
    return bytes != NULL && size >= length && memcmp(bytes + size - length, text, length) == 0;
}

struct class_names class_names_find(const struct image_map *m) {
    struct class_names names = {0};
    uint64_t class, metaclass, special;
    if (!map_object(m, m->special_objects, &special))
        return names;
    oop array = map_follow(m, map_slot(m, special, SPECIAL_CLASS_ARRAY));
    if (!map_object(m, array, &class))
        return names;
    uint64_t slots = map_slots(m, class);
    for (uint64_t i = CLASS_FORMAT + 1; i < slots && names.name_slot == 0; i++)
        if (ends_with(m, map_slot(m, class, i), "Array"))
            names.name_slot = i;
    if (!map_object(m, class_of(m, class), &metaclass))
        return names;
    names.metaclass_slots = slots = map_slots(m, metaclass);
    for (uint64_t i = CLASS_FORMAT + 1; i < slots && names.this_class_slot == 0; i++)
        if (map_follow(m, map_slot(m, metaclass, i)) == array)
            names.this_class_slot = i;
    return names;
}

static void copy_text(const struct image_map *m, oop o, const char *suffix, char *out,
                      size_t size) {
    uint64_t length;
    const uint8_t *bytes = bytes_of(m, o, &length);
    if (bytes == NULL || length == 0) {
        snprintf(out, size, "?");
        return;
    }
    size_t used = 0;
    for (uint64_t i = 0; i < length && used + 1 < size; i++)
        out[used++] = bytes[i] >= 0x20 && bytes[i] < 0x7f ? (char)bytes[i] : '?';
    out[used] = 0;
    snprintf(out + used, size - used, "%s", suffix);
}

void class_name(const struct image_map *m, const struct class_names *names, oop class, char *out,
                size_t size) {
    uint64_t word;
    if (!map_object(m, class, &word) || names->name_slot == 0) {
        snprintf(out, size, "?");
        return;
    }
    uint64_t slots = map_slots(m, word), inner;
    if (slots == names->metaclass_slots && names->this_class_slot != 0) {
        oop instance = map_follow(m, map_slot(m, word, names->this_class_slot));
        if (map_object(m, instance, &inner) && map_slots(m, inner) > names->name_slot &&
            class_of(m, inner) == class) {
            copy_text(m, map_slot(m, inner, names->name_slot), " class", out, size);
            return;
        }
    }
    if (slots > names->name_slot)
        copy_text(m, map_slot(m, word, names->name_slot), "", out, size);
    else
        snprintf(out, size, "?");
}
