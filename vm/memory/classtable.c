/*
 * classtable.c - the class table: pages of 1024 classes, which the hidden roots
 * object holds. A class's index is its identity hash. Page 0 holds the classes
 * known to the VM and never changes; entries of other pages are weak.
 *
 * After a one-way become of classes one class may stand at several indices, for
 * the instances that carry the old one; only the entry at its hash is used for
 * new instances.
 */
#include "gc.h"

unsigned class_table_pages(const struct heap *h) {
    unsigned n = 0;
    while (n < CLASS_TABLE_ROOTS && fetch_slot(h->hidden_roots, n) != h->nil)
        n++;
    return n;
}

static bool add_page(struct heap *h, unsigned n) {
    oop page =
        heap_allocate_old(h, CLASS_TABLE_PAGE_SLOTS, FORMAT_ARRAY, CLASS_INDEX_ARRAY_PUN, false);
    if (page == 0)
        return false;
    for (uint64_t i = 0; i < CLASS_TABLE_PAGE_SLOTS; i++)
        put_slot(page, i, h->nil);
    heap_store(h, h->hidden_roots, n, page);
    return true;
}

/* A hole at or after the hint, where a page is added when all are full; 0. */
static uint32_t find_hole(struct heap *h) {
    uint32_t index = h->class_table_hint;
    if (index < CLASS_TABLE_PAGE_SLOTS)
        index = CLASS_TABLE_PAGE_SLOTS;
    for (unsigned n = index >> CLASS_TABLE_PAGE_SHIFT; n < CLASS_TABLE_ROOTS; n++) {
        oop page = fetch_slot(h->hidden_roots, n);
        if (page == h->nil) {
            if (!add_page(h, n))
                return 0;
            page = fetch_slot(h->hidden_roots, n);
        }
        uint32_t i =
            n == index >> CLASS_TABLE_PAGE_SHIFT ? index & (CLASS_TABLE_PAGE_SLOTS - 1) : 0;
        for (; i < CLASS_TABLE_PAGE_SLOTS; i++) {
            if (fetch_slot(page, i) == h->nil)
                return (uint32_t)n << CLASS_TABLE_PAGE_SHIFT | i;
        }
    }
    return 0;
}

void class_table_put(struct heap *h, uint32_t index, oop class) {
    oop page = fetch_slot(h->hidden_roots, index >> CLASS_TABLE_PAGE_SHIFT);
    heap_store(h, page, index & (CLASS_TABLE_PAGE_SLOTS - 1), class);
}

uint32_t heap_class_index(struct heap *h, oop class) {
    if (!is_object(class))
        return 0;
    uint64_t header = header_of(class);
    uint32_t hash = header_hash(header);
    if (hash != 0 && heap_class_at(h, hash) == class)
        return hash;
    if (!is_pointers_format(header_format(header)) || num_slots(class) <= CLASS_FORMAT ||
        !is_smallint(fetch_slot(class, CLASS_FORMAT)))
        return 0;
    uint32_t index = find_hole(h);
    if (index == 0)
        return 0;
    class_table_put(h, index, class);
    h->class_table_hint = index + 1;
    set_hash(class, index);
    return index;
}

static bool entry_is_dead(struct heap *h, uint32_t index, oop class) {
    if (!bitmap_test(&h->marks, class))
        return true;
    /* A second entry of a live class, kept only while instances carry its index. */
    bool used = (h->work->class_used[index / 8] >> (index % 8) & 1) != 0;
    return header_hash(header_of(class)) != index && !used;
}

bool class_table_expunge(struct heap *h) {
    bool changed = false;
    uint32_t first_hole = 0;
    unsigned pages = class_table_pages(h);
    for (unsigned n = 1; n < pages; n++) {
        oop page = fetch_slot(h->hidden_roots, n);
        for (uint32_t i = 0; i < CLASS_TABLE_PAGE_SLOTS; i++) {
            uint32_t index = (uint32_t)n << CLASS_TABLE_PAGE_SHIFT | i;
            oop class = fetch_slot(page, i);
            if (class != h->nil && entry_is_dead(h, index, class)) {
                put_slot(page, i, h->nil);
                class = h->nil;
                changed = true;
            }
            if (class == h->nil && first_hole == 0)
                first_hole = index;
        }
    }
    h->class_table_hint =
        first_hole != 0 ? first_hole : (uint32_t)max_u64(pages, 1) << CLASS_TABLE_PAGE_SHIFT;
    return changed;
}

/* Replace forwarders in the table. A replacement that is not in the table at its
 * own hash takes the index over. */
void class_table_follow(struct heap *h) {
    unsigned pages = class_table_pages(h);
    for (unsigned n = 0; n < pages; n++) {
        oop page = fetch_slot(h->hidden_roots, n);
        for (uint32_t i = 0; i < CLASS_TABLE_PAGE_SLOTS; i++) {
            oop class = fetch_slot(page, i);
            if (!is_forwarder(class))
                continue;
            class = follow(class);
            heap_store(h, page, i, class);
            if (heap_class_at(h, header_hash(header_of(class))) != class)
                set_hash(class, (uint32_t)n << CLASS_TABLE_PAGE_SHIFT | i);
        }
    }
}
