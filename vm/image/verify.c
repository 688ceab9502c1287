/*
 * verify.c - the structural check of a taken-apart image: what must hold so
 * that the object memory can hold it and the collector can walk it.
 */
#include "map.h"
#include "roots.h"

static bool find_in_map(const void *arg, oop o, struct image_found *out) {
    const struct image_map *m = arg;
    uint64_t word;
    o = map_follow(m, o);
    if (!map_object(m, o, &word))
        return false;
    *out = (struct image_found){o, map_word(m, word), map_slots(m, word), m->data + (word + 1) * 8};
    return header_class(out->header) != CLASS_INDEX_FORWARDED;
}

oop map_class_at(const struct image_map *m, uint32_t index) {
    uint64_t word;
    if (!map_find(m, m->hidden_roots, &word))
        return m->nil;
    oop page = map_slot(m, word, index >> CLASS_TABLE_PAGE_SHIFT);
    if (page == m->nil || !map_object(m, page, &word))
        return m->nil;
    return map_follow(m, map_slot(m, word, index & (CLASS_TABLE_PAGE_SLOTS - 1)));
}

static bool is_page(const struct image_map *m, oop o, uint64_t *word) {
    if (!map_object(m, o, word))
        return false;
    uint64_t h = map_word(m, *word);
    return header_format(h) == FORMAT_ARRAY && header_class(h) == CLASS_INDEX_ARRAY_PUN &&
           map_slots(m, *word) == CLASS_TABLE_PAGE_SLOTS;
}

/* The entries of a class table page are nil or look like classes. */
static void verify_page(const struct image_map *m, uint64_t page, uint32_t number,
                        struct report *r) {
    for (uint32_t i = 0; i < CLASS_TABLE_PAGE_SLOTS && !report_done(r); i++) {
        oop raw = map_slot(m, page, i), class = map_follow(m, raw);
        uint64_t word;
        if (class == m->nil)
            continue;
        uint64_t h = map_object(m, class, &word) ? map_word(m, word) : 0;
        if (h == 0 || !is_pointers_format(header_format(h)) || map_slots(m, word) < 3 ||
            header_class(h) <= CLASS_INDEX_LAST_PUN ||
            !is_smallint(map_slot(m, word, CLASS_FORMAT)))
            report_problem(r, map_offset(m, page + 1 + i),
                           " (class table): entry %u is 0x%llx, which is no class",
                           number * CLASS_TABLE_PAGE_SLOTS + i, (unsigned long long)raw);
    }
}

static void verify_class_table(const struct image_map *m, struct report *r) {
    uint64_t roots, page;
    if (!map_find(m, m->hidden_roots, &roots))
        return;
    bool ended = false;
    oop previous = 0;
    for (uint32_t i = 0; i < CLASS_TABLE_ROOTS && !report_done(r); i++) {
        oop o = map_slot(m, roots, i);
        if (o == m->nil)
            ended = true;
        else if (ended || o == previous || !is_page(m, o, &page))
            report_problem(r, map_offset(m, roots + 1 + i),
                           " (hidden roots): entry %u is 0x%llx, which is no class table page", i,
                           (unsigned long long)o);
        else
            verify_page(m, page, i, r);
        previous = o;
    }
}

bool image_verify_roots(struct image_map *m, struct report *r) {
    uint64_t at[5], word = 0;
    for (unsigned i = 0; i < 5; i++, word++) {
        word = at[i] = map_next(m, word);
        if (word >= m->segments[0].words) {
            report_problem(r, map_offset(m, 0), " (first objects): fewer than five");
            return false;
        }
    }
    if (at[0] != 0) {
        report_problem(r, map_offset(m, 0), " (first objects): nil is not at the beginning");
        return false;
    }
    struct image_first_objects first = {
        map_address(m, at[0]), map_address(m, at[1]), map_address(m, at[2]),
        map_address(m, at[3]), map_address(m, at[4]),
    };
    m->nil = first.nil;
    m->false_ = first.false_;
    m->true_ = first.true_;
    m->free_lists = first.free_lists;
    m->hidden_roots = first.hidden_roots;
    m->special_objects = map_follow(m, m->header.special_objects);
    struct image_view view = {find_in_map, m};
    struct image_error error;
    if (!image_roots_sound(&view, &first, m->special_objects, &error)) {
        r->count++;
        if (r->problem != NULL && r->limit > 0)
            r->problem(r->arg, &error);
        return false;
    }
    uint64_t before = r->count;
    verify_class_table(m, r);
    return r->count == before;
}

/* ---- Objects --------------------------------------------------------------- */

static bool verify_format(const struct image_map *m, uint64_t word, struct report *r) {
    uint64_t h = map_word(m, word), slots = map_slots(m, word);
    unsigned format = header_format(h), padding = 0;
    if (format == 6 || format == FORMAT_FORWARDED || format == 8) {
        report_problem(r, map_offset(m, word), " (object): its format is %u", format);
        return false;
    }
    if (format == FORMAT_EMPTY && slots != 0) {
        report_problem(r, map_offset(m, word), " (object): %llu slots, but format 0",
                       (unsigned long long)slots);
        return false;
    }
    if (format == FORMAT_EPHEMERON && slots == 0) {
        report_problem(r, map_offset(m, word), " (ephemeron): no slot for its key");
        return false;
    }
    if (format >= FORMAT_BYTES)
        padding = format & 7;
    else if (format >= FORMAT_16)
        padding = format & 3;
    else if (format >= FORMAT_32)
        padding = format & 1;
    if (padding != 0 && slots == 0) {
        report_problem(r, map_offset(m, word), " (object): no slots, but %u padding elements",
                       padding);
        return false;
    }
    return true;
}

static bool verify_method(const struct image_map *m, uint64_t word, struct report *r) {
    uint64_t slots = map_slots(m, word);
    unsigned format = header_format(map_word(m, word));
    oop header = slots == 0 ? 0 : map_slot(m, word, 0);
    if (!is_smallint(header)) {
        report_problem(r, map_offset(m, word), " (method): its header word is 0x%llx, no integer",
                       (unsigned long long)header);
        return false;
    }
    uint64_t literals = method_header_literals(smallint_value(header));
    if (8 + literals * 8 >= slots * 8 - (format & 7)) {
        report_problem(r, map_offset(m, word),
                       " (method): %llu literals leave no bytecodes in %llu slots",
                       (unsigned long long)literals, (unsigned long long)slots);
        return false;
    }
    return true;
}

static bool verify_context(const struct image_map *m, uint64_t word, struct report *r) {
    uint64_t slots = map_slots(m, word);
    if (header_format(map_word(m, word)) != FORMAT_INDEXABLE || slots < CONTEXT_FIXED) {
        report_problem(r, map_offset(m, word), " (context): format %u with %llu slots",
                       header_format(map_word(m, word)), (unsigned long long)slots);
        return false;
    }
    oop stackp = map_slot(m, word, CONTEXT_STACKP);
    if (is_smallint(stackp) &&
        (smallint_value(stackp) < 0 || (uint64_t)smallint_value(stackp) > slots - CONTEXT_FIXED)) {
        report_problem(r, map_offset(m, word), " (context): stack pointer %lld of %llu",
                       (long long)smallint_value(stackp),
                       (unsigned long long)slots - CONTEXT_FIXED);
        return false;
    }
    return true;
}

static void verify_pointers(const struct image_map *m, uint64_t word, struct report *r) {
    uint64_t count = map_pointer_slots(m, word), target;
    /* What hangs on the extra hidden roots belongs to another VM's collector. */
    if (map_address(m, word) == m->hidden_roots)
        count = CLASS_TABLE_ROOTS;
    for (uint64_t i = 0; i < count && !report_done(r); i++) {
        oop o = map_slot(m, word, i);
        bool valid = is_known_immediate(o) || map_object(m, o, &target);
        if (!valid)
            report_problem(r, map_offset(m, word),
                           " (object 0x%llx): slot %llu is 0x%llx, which is no object",
                           (unsigned long long)map_address(m, word), (unsigned long long)i,
                           (unsigned long long)o);
    }
}

static void verify_object(const struct image_map *m, uint64_t word, struct report *r) {
    uint64_t h = map_word(m, word);
    uint32_t class_index = header_class(h);
    if (class_index == CLASS_INDEX_FORWARDED) {
        if (header_format(h) != FORMAT_FORWARDED)
            report_problem(r, map_offset(m, word), " (forwarder): its format is %u",
                           header_format(h));
        return; /* its target was looked at when the chains were followed */
    }
    if (class_index < CLASS_INDEX_ARRAY_PUN ||
        (class_index > CLASS_INDEX_LAST_PUN && map_class_at(m, class_index) == m->nil)) {
        report_problem(r, map_offset(m, word), " (object): class index %u has no class",
                       class_index);
        return;
    }
    unsigned format = header_format(h);
    if (!verify_format(m, word, r) || (is_method_format(format) && !verify_method(m, word, r)) ||
        (class_index == CLASS_INDEX_CONTEXT && !verify_context(m, word, r)))
        return;
    verify_pointers(m, word, r);
}

void image_verify_objects(const struct image_map *m, struct report *r) {
    for (uint64_t word = map_next(m, 0); word < m->words && !report_done(r);
         word = map_next(m, word + 1))
        verify_object(m, word, r);
}
