/*
 * info.c - statistics of an image file for `mote image info`.
 */
#include "image.h"
#include "image_memory.h"
#include "map.h"
#include "names.h"

#include <stdio.h>

static void count_code(const struct image_map *m, uint64_t word, struct image_info *info) {
    oop header = map_slot(m, word, 0);
    uint32_t class_index = header_class(map_word(m, word));
    uint64_t class_word;
    oop method_class = map_follow(m, map_object(m, m->special_objects, &class_word)
                                         ? map_slot(m, class_word, SPECIAL_CLASS_COMPILED_METHOD)
                                         : m->nil);
    if (map_class_at(m, class_index) != method_class)
        info->other_code++;
    else if (method_header_is_sista(smallint_value(header)))
        info->sista_methods++;
    else
        info->v3_methods++;
}

static void count_object(const struct image_map *m, uint64_t word, struct image_info *info,
                         struct image_class_count *by_index) {
    uint64_t h = map_word(m, word), slots = map_slots(m, word);
    uint32_t class_index = header_class(h);
    if (class_index == CLASS_INDEX_FORWARDED)
        return;
    uint64_t bytes =
        (slots == 0 ? 16 : 8 + slots * 8) + (header_slots(h) == HDR_OVERFLOW_SLOTS ? 8 : 0);
    info->objects++;
    info->object_bytes += bytes;
    info->pinned += (h & HDR_PINNED) != 0;
    info->immutable += (h & HDR_IMMUTABLE) != 0;
    by_index[class_index].instances++;
    by_index[class_index].bytes += bytes;
    if (is_method_format(header_format(h)))
        count_code(m, word, info);
}

static int more_bytes(const void *a, const void *b) {
    const struct image_class_count *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->class_index < y->class_index ? -1 : x->class_index > y->class_index;
}

/* The class table's own entries: classes that stand at the index in their hash. */
static uint64_t count_classes(const struct image_map *m, uint32_t limit) {
    uint64_t classes = 0, word;
    for (uint32_t i = 0; i < limit; i++) {
        oop class = map_class_at(m, i);
        classes +=
            class != m->nil && map_object(m, class, &word) && header_hash(map_word(m, word)) == i;
    }
    return classes;
}

/* Class indices in use lie below this. */
static uint32_t table_limit(const struct image_map *m) {
    uint64_t roots;
    uint32_t pages = 0;
    if (map_find(m, m->hidden_roots, &roots))
        while (pages < CLASS_TABLE_ROOTS && map_slot(m, roots, pages) != m->nil)
            pages++;
    return pages * CLASS_TABLE_PAGE_SLOTS;
}

static bool collect(const struct image_map *m, struct image_info *info, struct image_error *error) {
    uint32_t limit = table_limit(m);
    struct image_class_count *counts = image_allocate(limit, sizeof *counts);
    if (counts == NULL)
        return image_fail(error, IMAGE_NO_OFFSET, "memory: not enough to count the classes");
    for (uint64_t w = map_next(m, 0); w < m->words; w = map_next(m, w + 1))
        count_object(m, w, info, counts);
    info->classes = count_classes(m, limit);
    info->free_bytes = m->free_bytes;
    struct class_names names = class_names_find(m);
    uint64_t used = 0;
    for (uint32_t i = 0; i < limit; i++) {
        if (counts[i].instances == 0)
            continue;
        counts[i].class_index = i;
        counts[used] = counts[i];
        if (i <= CLASS_INDEX_LAST_PUN)
            snprintf(counts[used].name, sizeof counts[used].name, "(VM structure %u)", i);
        else
            class_name(m, &names, map_class_at(m, i), counts[used].name, sizeof counts[used].name);
        used++;
    }
    qsort(counts, used, sizeof *counts, more_bytes);
    info->counts = counts;
    info->count_size = used;
    return true;
}

bool image_info_read(const uint8_t *file, size_t size, struct image_info *out,
                     struct image_error *error) {
    *out = (struct image_info){0};
    struct image_map m;
    struct report first = report_first(error);
    bool sound = image_map_open(&m, file, size, &first) && first.count == 0 &&
                 image_verify_roots(&m, &first);
    if (sound)
        image_verify_objects(&m, &first);
    sound = sound && first.count == 0;
    if (sound) {
        out->header = m.header;
        out->canonical = image_is_canonical(&m.header, size);
        const unsigned room = sizeof out->segments / sizeof out->segments[0];
        out->segment_count = m.segment_count < UINT32_MAX ? (uint32_t)m.segment_count : UINT32_MAX;
        for (uint64_t i = 0; i < m.segment_count && i < room; i++) {
            out->segments[i].file_offset = map_offset(&m, m.segments[i].word);
            out->segments[i].bytes = m.segments[i].words * 8;
            out->segments[i].base = m.segments[i].base;
        }
        sound = collect(&m, out, error);
    }
    image_map_free(&m);
    return sound;
}

void image_info_free(struct image_info *info) {
    image_release(info->counts);
    info->counts = NULL;
    info->count_size = 0;
}
