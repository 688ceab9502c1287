/*
 * check_class.c - classes: see check.h.
 * Source: Behavior's format (SpurMemoryManager>>instSpecOfClassFormat:),
 * StackInterpreter>>lookupMethodInDictionary:.
 */
#include "check.h"
#include "image_memory.h"

enum { DICTIONARY_TALLY = 0, DICTIONARY_METHODS = 1, DICTIONARY_FIXED = 2 };

#define CLASS_PROBLEM(m, r, word, ...) report_problem((r), map_offset((m), (word)), __VA_ARGS__)

/* A class is found at the index in its hash. It may stand at others too: those
 * of immediates in bootstrapped images, any after a become. */
static void check_hash(const struct image_map *m, uint32_t index, oop class, uint64_t word,
                       struct report *r) {
    uint32_t hash = header_hash(map_word(m, word));
    if (hash != index && map_class_at(m, hash) != class)
        CLASS_PROBLEM(m, r, word, " (class 0x%llx): stands at class index %u, but its hash is %u",
                      (unsigned long long)class, index, hash);
}

static bool is_known_format(unsigned spec) {
    return spec <= FORMAT_EPHEMERON || spec == FORMAT_64 || spec == FORMAT_32 ||
           spec == FORMAT_16 || spec == FORMAT_BYTES || spec == FORMAT_METHOD;
}

static void check_format(const struct image_map *m, oop class, uint64_t word, struct report *r) {
    int64_t format = smallint_value(map_slot(m, word, CLASS_FORMAT));
    /* 7 is left for classes without instances of their own (see Character). */
    unsigned spec = class_format_spec(format);
    if (format < 0 || (!is_known_format(spec) && spec != FORMAT_FORWARDED))
        CLASS_PROBLEM(m, r, word, " (class 0x%llx): its format is 0x%llx",
                      (unsigned long long)class, (unsigned long long)format);
}

static void check_dictionary(const struct image_map *m, oop class, uint64_t word,
                             struct report *r) {
    oop dictionary = map_follow(m, map_slot(m, word, CLASS_METHOD_DICT));
    uint64_t at, methods;
    if (dictionary == m->nil)
        return; /* cannotInterpret: */
    const char *wrong = NULL;
    if (!map_object(m, dictionary, &at) || !is_pointers_format(header_format(map_word(m, at))) ||
        map_slots(m, at) < DICTIONARY_FIXED) {
        wrong = "is no dictionary";
    } else {
        uint64_t size = map_slots(m, at) - DICTIONARY_FIXED;
        oop tally = map_slot(m, at, DICTIONARY_TALLY);
        if ((size & (size - 1)) != 0)
            wrong = "has a size that is no power of two";
        else if (!is_smallint(tally) || smallint_value(tally) < 0 ||
                 (uint64_t)smallint_value(tally) > size)
            wrong = "has an impossible tally";
        else if (!map_object(m, map_follow(m, map_slot(m, at, DICTIONARY_METHODS)), &methods) ||
                 !is_pointers_format(header_format(map_word(m, methods))) ||
                 map_slots(m, methods) < size)
            wrong = "has too few methods for its selectors";
    }
    if (wrong != NULL)
        CLASS_PROBLEM(m, r, word, " (class 0x%llx): its method dictionary 0x%llx %s",
                      (unsigned long long)class, (unsigned long long)dictionary, wrong);
}

/* ---- Superclass chains --------------------------------------------------------
 * Each class is walked through once: `ended` has a bit for those whose chain is
 * known to end, `walking` for those on the way now. */

struct chains {
    const struct image_map *map;
    uint64_t *ended, *walking;
    struct report *report;
};

/* The superclass's word; false at the end of the chain (or where it is broken,
 * which is reported). */
static bool superclass(struct chains *c, uint64_t word, uint64_t *out) {
    const struct image_map *m = c->map;
    oop super = map_follow(m, map_slot(m, word, CLASS_SUPERCLASS));
    if (super == m->nil)
        return false;
    if (!map_object(m, super, out) || !is_pointers_format(header_format(map_word(m, *out))) ||
        map_slots(m, *out) < 3) {
        CLASS_PROBLEM(m, c->report, word, " (class 0x%llx): its superclass 0x%llx is no class",
                      (unsigned long long)map_address(m, word), (unsigned long long)super);
        return false;
    }
    return true;
}

static void check_chain(struct chains *c, uint64_t word) {
    uint64_t first = word, next;
    while (!bit_test(c->ended, word)) {
        if (bit_test(c->walking, word)) {
            CLASS_PROBLEM(c->map, c->report, word, " (class 0x%llx): is its own superclass",
                          (unsigned long long)map_address(c->map, word));
            break;
        }
        bit_set(c->walking, word);
        if (!superclass(c, word, &next))
            break;
        word = next;
    }
    for (word = first; !bit_test(c->ended, word);) {
        bit_set(c->ended, word);
        oop super = map_follow(c->map, map_slot(c->map, word, CLASS_SUPERCLASS));
        if (!map_object(c->map, super, &next) || !bit_test(c->walking, next))
            break;
        word = next;
    }
}

void image_check_classes(const struct image_map *m, struct report *r) {
    struct chains chains = {m, image_allocate(m->words / 64 + 1, 8),
                            image_allocate(m->words / 64 + 1, 8), r};
    uint64_t roots, word;
    bool ready =
        chains.ended != NULL && chains.walking != NULL && map_find(m, m->hidden_roots, &roots);
    if (!ready)
        report_problem(r, IMAGE_NO_OFFSET, "memory: not enough to look at the classes");
    for (uint32_t page = 0; ready && page < CLASS_TABLE_ROOTS && map_slot(m, roots, page) != m->nil;
         page++) {
        for (uint32_t i = 0; i < CLASS_TABLE_PAGE_SLOTS && !report_done(r); i++) {
            uint32_t index = page * CLASS_TABLE_PAGE_SLOTS + i;
            oop class = map_class_at(m, index);
            if (class == m->nil || !map_object(m, class, &word))
                continue;
            /* Below are the immediates' tags and stand-ins for VM structures. */
            if (index > CLASS_INDEX_LAST_PUN)
                check_hash(m, index, class, word, r);
            if (bit_test(chains.walking, word))
                continue; /* in the table twice, or a superclass */
            check_chain(&chains, word);
        }
    }
    for (word = 0; ready && !report_done(r); word++) {
        word = bits_next(chains.ended, word, m->words);
        if (word >= m->words)
            break;
        oop class = map_address(m, word);
        if (!is_smallint(map_slot(m, word, CLASS_FORMAT)))
            CLASS_PROBLEM(m, r, word, " (class 0x%llx): its format is no integer",
                          (unsigned long long)class);
        else
            check_format(m, class, word, r);
        check_dictionary(m, class, word, r);
    }
    image_release(chains.ended);
    image_release(chains.walking);
}

/* ---- Instances ------------------------------------------------------------------ */

/* Formats that differ in padding only, or in how the collector treats indexed
 * pointers: bootstrapped images have strong arrays of the class WeakArray. */
static unsigned base_format(unsigned format) {
    if (format >= FORMAT_METHOD)
        return FORMAT_METHOD;
    if (format >= FORMAT_BYTES)
        return FORMAT_BYTES;
    if (format >= FORMAT_16)
        return FORMAT_16;
    if (format >= FORMAT_ARRAY && format <= FORMAT_WEAK)
        return FORMAT_ARRAY;
    return format == FORMAT_32 + 1 ? FORMAT_32 : format;
}

void image_check_shape(const struct image_map *m, uint64_t word, bool strict, struct report *r) {
    uint64_t h = map_word(m, word), slots = map_slots(m, word), class_word;
    oop class = map_class_at(m, header_class(h));
    if (!map_object(m, class, &class_word))
        return;
    int64_t class_format = smallint_value(map_slot(m, class_word, CLASS_FORMAT));
    unsigned spec = class_format_spec(class_format), format = header_format(h);
    uint64_t fixed = is_pointers_format(spec) ? class_format_fixed(class_format) : 0;
    /* Methods of the class use the fixed slots without looking. */
    bool unsafe = fixed != 0 && (!is_pointers_format(format) || slots < fixed);
    bool unlike = base_format(spec) != base_format(format);
    if (unlike && (strict || unsafe))
        report_problem(r, map_offset(m, word),
                       " (object 0x%llx): its format is %u, that of its class (index %u) %u",
                       (unsigned long long)map_address(m, word), format, header_class(h), spec);
    else if (unsafe || (strict && spec == FORMAT_FIXED && slots != fixed))
        report_problem(r, map_offset(m, word),
                       " (object 0x%llx): it has %llu slots, its class (index %u) gives it %llu",
                       (unsigned long long)map_address(m, word), (unsigned long long)slots,
                       header_class(h), (unsigned long long)fixed);
}
