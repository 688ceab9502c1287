/*
 * canonical.c - rewrite a foreign image compactly: verify, plan, write.
 */
#include "image.h"
#include "check.h"
#include "map.h"
#include "writer.h"
#include "../memory/heap.h"

struct rewrite {
    const struct image_map *map;
    struct writer *writer;
    uint64_t base; /* of the new pointers */
};

static oop translate(const struct rewrite *r, oop o) {
    o = map_follow(r->map, o);
    uint64_t word;
    if (is_immediate(o) || !map_find(r->map, o, &word))
        return o;
    return r->base + map_new_word(r->map, word) * 8;
}

static void write_slots(const struct rewrite *r, uint64_t word, uint64_t from, uint64_t to) {
    for (uint64_t i = from; i < to; i++)
        writer_word(r->writer, translate(r, map_slot(r->map, word, i)));
}

static void fill(const struct rewrite *r, oop value, uint64_t count) {
    while (count-- > 0)
        writer_word(r->writer, value);
}

/* A context whose frame was still on some VM's stack has a frame pointer for a
 * sender: it can never be resumed, and says so with nil in sender and pc. */
static void write_context(const struct rewrite *r, uint64_t word, uint64_t live) {
    const struct image_map *m = r->map;
    uint64_t from = 0;
    if (is_smallint(map_slot(m, word, CONTEXT_SENDER))) {
        fill(r, r->base, 2);
        from = CONTEXT_STACKP;
    }
    write_slots(r, word, from, live);
    fill(r, r->base, map_slots(m, word) - live);
}

static void write_object(const struct rewrite *r, uint64_t word) {
    const struct image_map *m = r->map;
    uint64_t h = map_word(m, word), slots = map_slots(m, word), address = map_address(m, word);
    uint64_t pointers = map_pointer_slots(m, word);
    if (address == m->free_lists)
        h = (h & ~HDR_FORMAT_MASK) | (uint64_t)FORMAT_64 << HDR_FORMAT_SHIFT;
    writer_object(r->writer, h, slots);
    if (address == m->free_lists) {
        fill(r, 0, slots);
    } else if (address == m->hidden_roots) {
        write_slots(r, word, 0, CLASS_TABLE_ROOTS);
        fill(r, r->base, HIDDEN_ROOT_SLOTS);
    } else if (header_class(h) == CLASS_INDEX_CONTEXT) {
        write_context(r, word, pointers);
    } else {
        write_slots(r, word, 0, pointers);
        writer_put(r->writer, m->data + (word + 1 + pointers) * 8, (slots - pointers) * 8);
    }
    if (slots == 0)
        writer_word(r->writer, 0);
}

static void write_data(const struct rewrite *r) {
    const struct image_map *m = r->map;
    for (uint64_t word = map_next(m, 0); word < m->words && !r->writer->failed;
         word = map_next(m, word + 1))
        if (bit_test(m->kept, word))
            write_object(r, word);
    writer_bridge(r->writer);
    writer_flush(r->writer);
}

/* Open, verify and plan. The map must be freed in every case. */
static bool prepare(struct image_map *m, const uint8_t *file, size_t size, bool deep,
                    struct image_error *error) {
    struct report first = report_first(error);
    if (!image_map_open(m, file, size, &first) || first.count != 0 ||
        !image_verify_roots(m, &first))
        return false;
    image_verify_objects(m, &first);
    if (first.count == 0 && deep)
        image_check_objects(m, false, &first);
    if (first.count != 0)
        return false;
    return image_map_plan(m) ||
           image_fail(error, IMAGE_NO_OFFSET, "memory: not enough to rewrite this image");
}

static uint64_t new_data_size(const struct image_map *m) {
    return m->kept_words * 8 + IMAGE_BRIDGE_BYTES;
}

/* Indices as they are, and those that the classes at them have now. */
static void note_classes(const struct image_map *m, struct class_set *classes) {
    for (uint64_t word = map_next(m, 0); word < m->words; word = map_next(m, word + 1)) {
        uint32_t index = header_class(map_word(m, word));
        uint64_t class;
        if (!bit_test(m->kept, word))
            continue;
        class_set_add(classes, index);
        if (map_object(m, map_class_at(m, index), &class))
            class_set_add(classes, header_hash(map_word(m, class)));
    }
}

static bool run(const struct image_map *m, uint64_t base, bool with_header, image_write_fn *write,
                void *arg, uint64_t *special_objects, struct image_error *error) {
    struct writer writer;
    if (!writer_open(&writer, write, arg))
        return image_fail(error, IMAGE_NO_OFFSET, "memory: not enough to rewrite this image");
    struct rewrite r = {m, &writer, base};
    *special_objects = translate(&r, m->special_objects);
    if (with_header) {
        struct image_header h = m->header;
        h.header_size = IMAGE_CANONICAL_HEADER;
        h.data_size = h.first_segment_size = new_data_size(m);
        h.base = base;
        h.special_objects = *special_objects;
        h.free_old_space = 0;
        struct class_set classes = {0};
        note_classes(m, &classes);
        writer_header(&writer, &h, &classes);
    }
    write_data(&r);
    bool done = !writer.failed;
    writer_close(&writer);
    return done || image_fail(error, IMAGE_NO_OFFSET, "output: cannot be written");
}

bool image_canonicalize(const uint8_t *file, size_t size, bool deep, image_write_fn *write,
                        void *arg, struct image_error *error) {
    struct image_map m;
    uint64_t special;
    bool done = prepare(&m, file, size, deep, error) &&
                run(&m, HEAP_IMAGE_BASE, true, write, arg, &special, error);
    image_map_free(&m);
    return done;
}

bool image_canonical_data_size(const uint8_t *file, size_t size, uint64_t *data_size,
                               struct image_error *error) {
    struct image_map m;
    bool done = prepare(&m, file, size, true, error);
    if (done)
        *data_size = new_data_size(&m);
    image_map_free(&m);
    return done;
}

struct target {
    uint8_t *at;
    uint64_t left;
};

static bool write_to_target(void *arg, const void *data, size_t size) {
    struct target *t = arg;
    if (size > t->left)
        return false;
    memcpy(t->at, data, size);
    t->at += size;
    t->left -= size;
    return true;
}

bool image_canonicalize_to(const uint8_t *file, size_t size, uint64_t base, uint8_t *out,
                           uint64_t data_size, uint64_t *special_objects,
                           struct image_error *error) {
    struct image_map m;
    struct target target = {out, data_size};
    bool done = prepare(&m, file, size, false, error) &&
                run(&m, base, false, write_to_target, &target, special_objects, error);
    image_map_free(&m);
    return done;
}
