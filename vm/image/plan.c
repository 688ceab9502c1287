/*
 * plan.c - which words of an image its canonical form keeps, and their order.
 */
#include "map.h"
#include "image_memory.h"

/* A structure of some VM rather than an object of the image. */
static bool is_hidden(uint64_t header) {
    return header_class(header) <= CLASS_INDEX_LAST_PUN;
}

static void keep_object(struct image_map *m, uint64_t word) {
    uint64_t slots = map_slots(m, word);
    bits_set(m->kept, word, word + 1 + (slots == 0 ? 1 : slots));
    if (slots >= HDR_OVERFLOW_SLOTS)
        bit_set(m->kept, word - 1);
}

/* Hidden structures that something in the image refers to are kept all the
 * same (bootstrapped images have arrays with the class index of a class table
 * page), and so is what they refer to. The stack of those found takes a link
 * a word at most. */
struct found {
    uint64_t *words;
    uint64_t count, capacity;
    bool exhausted;
};

static void find_hidden(struct image_map *m, uint64_t word, struct found *found) {
    uint64_t count = map_pointer_slots(m, word), target;
    if (map_address(m, word) == m->hidden_roots)
        count = CLASS_TABLE_ROOTS;
    for (uint64_t i = 0; i < count; i++) {
        oop o = map_follow(m, map_slot(m, word, i));
        if (!map_object(m, o, &target) || !is_hidden(map_word(m, target)) ||
            bit_test(m->kept, target))
            continue;
        if (found->count == found->capacity) {
            uint64_t capacity = found->capacity == 0 ? 64 : found->capacity * 2;
            void *p = image_reallocate(found->words, capacity * 8);
            if (p == NULL) {
                found->exhausted = true;
                return;
            }
            found->words = p;
            found->capacity = capacity;
        }
        keep_object(m, target);
        found->words[found->count++] = target;
    }
}

static void number_blocks(struct image_map *m) {
    uint64_t kept = 0;
    for (uint64_t i = 0; i <= m->words / 64; i++) {
        m->block_words[i] = kept;
        kept += (uint64_t)__builtin_popcountll(m->kept[i]);
    }
    m->kept_words = kept;
}

bool image_map_plan(struct image_map *m) {
    m->kept = image_allocate(m->words / 64 + 1, 8);
    m->block_words = image_allocate(m->words / 64 + 1, 8);
    if (m->kept == NULL || m->block_words == NULL)
        return false;
    uint64_t word, lists, roots;
    if (!map_find(m, m->free_lists, &lists) || !map_find(m, m->hidden_roots, &roots))
        return false;
    struct found found = {0};
    keep_object(m, lists);
    keep_object(m, roots);
    find_hidden(m, roots, &found);
    for (word = map_next(m, 0); word < m->words; word = map_next(m, word + 1)) {
        if (is_hidden(map_word(m, word)))
            continue;
        keep_object(m, word);
        find_hidden(m, word, &found);
    }
    while (found.count > 0)
        find_hidden(m, found.words[--found.count], &found);
    image_release(found.words);
    number_blocks(m);
    return !found.exhausted;
}
