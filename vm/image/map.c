/* map.c - see map.h. */
#include "map.h"
#include "image_memory.h"

static bool add_segment(struct image_map *m, uint64_t word, uint64_t words, uint64_t base) {
    if (m->segment_count == m->segment_capacity) {
        uint64_t capacity = m->segment_capacity == 0 ? 16 : m->segment_capacity * 2;
        void *p = image_reallocate(m->segments, capacity * sizeof *m->segments);
        if (p == NULL)
            return false;
        m->segments = p;
        m->segment_capacity = capacity;
    }
    m->segments[m->segment_count++] = (struct image_segment){word, words, base};
    return true;
}

static bool add_forwarder(struct image_map *m, uint64_t word, oop target) {
    if (m->forwarder_count == m->forwarder_capacity) {
        uint64_t capacity = m->forwarder_capacity == 0 ? 64 : m->forwarder_capacity * 2;
        void *p = image_reallocate(m->forwarders, capacity * sizeof *m->forwarders);
        if (p == NULL)
            return false;
        m->forwarders = p;
        m->forwarder_capacity = capacity;
    }
    m->forwarders[m->forwarder_count++] = (struct image_forwarder){word, target};
    return true;
}

static bool no_memory(struct report *r) {
    report_problem(r, IMAGE_NO_OFFSET, "memory: not enough to look at this image");
    return false;
}

/* Follow the bridges from segment to segment. */
static bool read_segments(struct image_map *m, struct report *r) {
    uint64_t word = 0, base = m->header.base, size = m->header.first_segment_size;
    for (;;) {
        uint64_t offset = map_offset(m, word);
        if (size < IMAGE_BRIDGE_BYTES || size % 8 != 0 || size / 8 > m->words - word) {
            report_problem(r, offset,
                           " (segment %llu): its size %llu does not fit the %llu bytes left",
                           (unsigned long long)m->segment_count, (unsigned long long)size,
                           (unsigned long long)(m->words - word) * 8);
            return false;
        }
        if (!add_segment(m, word, size / 8, base))
            return no_memory(r);
        word += size / 8;
        uint64_t bridge = map_word(m, word - 2), next = map_word(m, word - 1);
        if (next == 0)
            break;
        uint64_t span = header_slots(bridge) == 0 ? 0 : (bridge & OVERFLOW_COUNT_MASK) * 8;
        if (header_slots(bridge) == 0 ? header_class(bridge) != CLASS_INDEX_BRIDGE
                                      : header_slots(bridge) != HDR_OVERFLOW_SLOTS) {
            report_problem(r, map_offset(m, word - 2), " (end of segment %llu): no bridge",
                           (unsigned long long)m->segment_count - 1);
            return false;
        }
        base += size + span;
        if (base > UINT64_C(1) << 62 || next > (UINT64_C(1) << 62) - base) {
            report_problem(r, map_offset(m, word - 2), " (bridge): leads to an impossible address");
            return false;
        }
        size = next;
    }
    if (word != m->words) {
        report_problem(r, map_offset(m, word - 2),
                       " (bridge): the last segment ends here, but %llu bytes follow",
                       (unsigned long long)(m->words - word) * 8);
        return false;
    }
    return true;
}

/* The object whose first word is `word` is well-formed and ends by `limit`?
 * Then *header and *after are set. */
static bool read_extent(const struct image_map *m, uint64_t word, uint64_t limit, uint64_t *header,
                        uint64_t *after, struct report *r) {
    uint64_t h = map_word(m, word), slots = header_slots(h), at = word;
    if (slots == HDR_OVERFLOW_SLOTS) {
        slots = h & OVERFLOW_COUNT_MASK;
        if (++at >= limit) {
            report_problem(r, map_offset(m, word), " (object): its header lies beyond the segment");
            return false;
        }
        h = map_word(m, at);
        if (header_slots(h) != HDR_OVERFLOW_SLOTS) {
            report_problem(r, map_offset(m, word),
                           " (object): the header after an overflow word is 0x%llx",
                           (unsigned long long)h);
            return false;
        }
    }
    uint64_t body = slots == 0 ? 1 : slots;
    if (body > limit - at - 1) {
        report_problem(r, map_offset(m, at), " (object): its %llu slots run over the segment's end",
                       (unsigned long long)slots);
        return false;
    }
    *header = at;
    *after = at + 1 + body;
    return true;
}

/* Enter the objects of one segment. False: no memory. */
static bool read_objects(struct image_map *m, const struct image_segment *s, struct report *r) {
    uint64_t limit = s->word + s->words - 2, word = s->word, at = 0, after = 0;
    for (; word < limit; word = after) {
        if (!read_extent(m, word, limit, &at, &after, r))
            return true;
        uint64_t h = map_word(m, at);
        uint32_t class_index = header_class(h);
        if (class_index == CLASS_INDEX_FREE) {
            m->free_bytes += (after - word) * 8;
            continue;
        }
        if (class_index == CLASS_INDEX_BRIDGE) {
            report_problem(r, map_offset(m, at), " (bridge): not at the end of its segment");
            return true;
        }
        if (class_index == CLASS_INDEX_FORWARDED) {
            if (!add_forwarder(m, at, map_word(m, at + 1)))
                return no_memory(r);
        }
        bit_set(m->starts, at);
        m->object_count++;
    }
    return true;
}

bool map_find(const struct image_map *m, uint64_t address, uint64_t *word) {
    uint64_t low = 0, high = m->segment_count;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (address >= m->segments[middle].base)
            low = middle;
        else
            high = middle;
    }
    const struct image_segment *s = &m->segments[low];
    uint64_t at = address - s->base;
    if (address < s->base || at / 8 >= s->words || at % 8 != 0)
        return false;
    *word = s->word + at / 8;
    return true;
}

uint64_t map_address(const struct image_map *m, uint64_t word) {
    uint64_t low = 0, high = m->segment_count;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (word >= m->segments[middle].word)
            low = middle;
        else
            high = middle;
    }
    return m->segments[low].base + (word - m->segments[low].word) * 8;
}

static struct image_forwarder *find_forwarder(const struct image_map *m, uint64_t word) {
    uint64_t low = 0, high = m->forwarder_count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (m->forwarders[middle].word == word)
            return &m->forwarders[middle];
        if (m->forwarders[middle].word < word)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

oop map_follow(const struct image_map *m, oop o) {
    uint64_t word;
    if (m->forwarder_count == 0 || !map_object(m, o, &word))
        return o;
    struct image_forwarder *f = find_forwarder(m, word);
    return f == NULL ? o : f->target;
}

/* Let each forwarder lead to the end of its chain. `done` has a bit for each. */
static bool resolve_forwarders(struct image_map *m, struct report *r) {
    uint64_t *done = image_allocate(m->forwarder_count / 64 + 1, 8);
    if (done == NULL)
        return no_memory(r);
    for (uint64_t i = 0; i < m->forwarder_count; i++) {
        /* Find the end, at most as many steps as there are forwarders; then give
         * it to all on the way, so that no chain is walked twice. */
        oop end = m->forwarders[i].target;
        uint64_t word, steps = 0;
        struct image_forwarder *f = &m->forwarders[i];
        while (!bit_test(done, (uint64_t)(f - m->forwarders))) {
            end = f->target;
            bool valid = is_known_immediate(end) || map_object(m, end, &word);
            struct image_forwarder *next = valid && is_object(end) ? find_forwarder(m, word) : NULL;
            if (!valid || ++steps > m->forwarder_count) {
                report_problem(r, map_offset(m, f->word),
                               valid ? " (forwarder): part of a circle"
                                     : " (forwarder): leads to 0x%llx, which is no object",
                               (unsigned long long)end);
                end = m->header.base; /* nil's place */
                next = NULL;
            }
            if (next == NULL)
                break;
            f = next;
            end = f->target;
        }
        for (f = &m->forwarders[i]; !bit_test(done, (uint64_t)(f - m->forwarders));) {
            bit_set(done, (uint64_t)(f - m->forwarders));
            oop target = f->target;
            f->target = end;
            struct image_forwarder *next =
                map_object(m, target, &word) ? find_forwarder(m, word) : NULL;
            if (next == NULL)
                break;
            f = next;
        }
    }
    image_release(done);
    return true;
}

bool image_map_open(struct image_map *m, const uint8_t *file, size_t size, struct report *report) {
    *m = (struct image_map){0};
    struct image_error error;
    if (!image_header_read(file, size, size, &m->header, &error)) {
        report->count++;
        if (report->problem != NULL && report->limit > 0)
            report->problem(report->arg, &error);
        return false;
    }
    m->data = file + m->header.header_size;
    m->words = m->header.data_size / 8;
    m->starts = image_allocate(m->words / 64 + 1, 8);
    if (m->starts == NULL)
        return no_memory(report);
    if (!read_segments(m, report))
        return false;
    for (uint64_t i = 0; i < m->segment_count && !report_done(report); i++)
        if (!read_objects(m, &m->segments[i], report))
            return false;
    return m->forwarder_count == 0 || resolve_forwarders(m, report);
}

void image_map_free(struct image_map *m) {
    image_release(m->segments);
    image_release(m->starts);
    image_release(m->forwarders);
    image_release(m->kept);
    image_release(m->block_words);
    *m = (struct image_map){0};
}

uint64_t map_pointer_slots(const struct image_map *m, uint64_t word) {
    uint64_t h = map_word(m, word), slots = map_slots(m, word);
    unsigned format = header_format(h);
    if (is_method_format(format)) {
        oop method_header = slots == 0 ? 0 : map_slot(m, word, 0);
        if (!is_smallint(method_header))
            return slots == 0 ? 0 : 1;
        uint64_t literals = 1 + (uint64_t)method_header_literals(smallint_value(method_header));
        return literals < slots ? literals : slots;
    }
    if (!is_pointers_format(format))
        return 0;
    if (header_class(h) == CLASS_INDEX_CONTEXT && slots >= CONTEXT_FIXED) {
        /* Beyond the stack pointer lie leftovers. */
        oop stackp = map_slot(m, word, CONTEXT_STACKP);
        int64_t depth = is_smallint(stackp) ? smallint_value(stackp) : 0;
        if (depth < 0)
            return CONTEXT_FIXED;
        return (uint64_t)depth < slots - CONTEXT_FIXED ? CONTEXT_FIXED + (uint64_t)depth : slots;
    }
    return slots;
}
