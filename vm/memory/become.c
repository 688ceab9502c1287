/*
 * become.c - identity exchange by forwarders: a replaced object turns into a
 * forwarder to its replacement, and references are followed when they are met.
 *
 * A two-way become of objects with equally many slots swaps contents in place,
 * except for classes in the class table. Hashes stay with the references unless
 * the caller says otherwise: two-way with copy_hash moves them with the contents,
 * one-way with copy_hash gives the target the hash of the replaced object.
 *
 * Source: SpurMemoryManager>>become:with:twoWay:copyHash:. One difference: after
 * a two-way become of two classes every class stands in the table at its hash.
 */
#include "gc.h"

#define SWAP_KEEPS (AGE_BITS) /* header bits that belong to the place */

static uint32_t table_index(const struct heap *h, oop o) {
    uint32_t hash = header_hash(header_of(o));
    return hash != 0 && heap_class_at(h, hash) == o ? hash : 0;
}

/* May `o` be replaced? */
static enum heap_error check_replaced(const struct heap *h, oop o) {
    if (!is_object(o) || class_index_of(o) <= CLASS_INDEX_LAST_PUN || o == h->nil ||
        o == h->true_ || o == h->false_)
        return HEAP_INAPPROPRIATE;
    if (is_pinned(o))
        return HEAP_PINNED;
    return is_immutable(o) ? HEAP_READ_ONLY : HEAP_OK;
}

static enum heap_error check_target(const struct heap *h, oop from, oop to, bool copy_hash) {
    if (!is_object(to))
        return copy_hash || table_index(h, from) != 0 ? HEAP_INAPPROPRIATE : HEAP_OK;
    if (class_index_of(to) <= CLASS_INDEX_LAST_PUN)
        return HEAP_INAPPROPRIATE;
    return copy_hash && is_immutable(to) ? HEAP_READ_ONLY : HEAP_OK;
}

static bool swaps_in_place(const struct heap *h, oop a, oop b) {
    return num_slots(a) == num_slots(b) && table_index(h, a) == 0 && table_index(h, b) == 0;
}

/* Check all pairs before anything changes. *clone_bytes: what a two-way become that
 * cannot swap all pairs in place may need. */
static enum heap_error check_all(const struct heap *h, oop array1, oop array2, bool two_way,
                                 bool copy_hash, uint64_t *clone_bytes) {
    uint64_t n = num_slots(array1), bytes = 0;
    bool clones = false;
    for (uint64_t i = 0; i < n; i++) {
        oop a = follow(fetch_slot(array1, i)), b = follow(fetch_slot(array2, i));
        enum heap_error e = check_replaced(h, a);
        if (e == HEAP_OK && a != b)
            e = two_way ? check_replaced(h, b) : check_target(h, a, b, copy_hash);
        if (e != HEAP_OK)
            return e;
        if (!two_way || a == b)
            continue;
        bytes += object_end(a) - object_start(a) + object_end(b) - object_start(b);
        clones |= !swaps_in_place(h, a, b);
    }
    *clone_bytes = clones ? bytes : 0;
    return HEAP_OK;
}

void become_forward(struct heap *h, oop from, oop to) {
    uint64_t header = header_of(from);
    header &= ~(HDR_CLASS_MASK | HDR_FORMAT_MASK | HDR_IMMUTABLE);
    if (header_slots(header) == 0)
        header |= UINT64_C(1) << HDR_SLOTS_SHIFT;
    set_header(from,
               header | (uint64_t)FORMAT_FORWARDED << HDR_FORMAT_SHIFT | CLASS_INDEX_FORWARDED);
    heap_store(h, from, 0, to);
    h->forwarders_exist = true;
}

static void remember_if_young_inside(struct heap *h, oop o) {
    if (is_young(h, o) || is_bits_format(format_of(o)))
        return;
    uint64_t slots = num_slots(o);
    for (uint64_t i = 0; i < slots; i++) {
        if (is_young(h, fetch_slot(o, i))) {
            heap_remember(h, o);
            return;
        }
    }
}

static void swap_in_place(struct heap *h, oop a, oop b, bool copy_hash) {
    uint64_t ha = header_of(a), hb = header_of(b);
    uint64_t keep = SWAP_KEEPS | (copy_hash ? 0 : HDR_HASH_MASK);
    set_header(a, (hb & ~keep) | (ha & keep));
    set_header(b, (ha & ~keep) | (hb & keep));
    uint64_t slots = num_slots(a);
    for (uint64_t i = 0; i < slots; i++) {
        oop v = fetch_slot(a, i);
        put_slot(a, i, fetch_slot(b, i));
        put_slot(b, i, v);
    }
    remember_if_young_inside(h, a);
    remember_if_young_inside(h, b);
}

/* A copy that will stand for the original; check_all made sure of the memory. */
static oop stand_in(struct heap *h, oop o) {
    oop copy = heap_clone(h, o);
    if (copy == 0)
        heap_exhausted(h);
    if (is_immutable(o))
        set_header(copy, header_of(copy) | HDR_IMMUTABLE);
    return copy;
}

static void exchange(struct heap *h, oop a, oop b, bool copy_hash) {
    if (swaps_in_place(h, a, b)) {
        swap_in_place(h, a, b, copy_hash);
        return;
    }
    uint32_t index_a = table_index(h, a), index_b = table_index(h, b);
    oop copy_a = stand_in(h, a), copy_b = stand_in(h, b);
    set_hash(copy_a, header_hash(header_of(copy_hash ? a : b)));
    set_hash(copy_b, header_hash(header_of(copy_hash ? b : a)));
    become_forward(h, a, copy_b);
    become_forward(h, b, copy_a);
    if (copy_hash) {
        if (index_a != 0)
            class_table_put(h, index_a, copy_a);
        if (index_b != 0)
            class_table_put(h, index_b, copy_b);
    }
}

static void replace(struct heap *h, oop a, oop b, bool copy_hash) {
    uint32_t hash = header_hash(header_of(a));
    become_forward(h, a, b);
    if (copy_hash)
        set_hash(b, hash);
}

static bool is_array(oop o) {
    return is_object(o) && format_of(o) == FORMAT_ARRAY;
}

enum heap_error heap_become(struct heap *h, oop array1, oop array2, bool two_way, bool copy_hash) {
    if (!is_array(array1))
        return HEAP_BAD_RECEIVER;
    if (!is_array(array2) || num_slots(array1) != num_slots(array2))
        return HEAP_BAD_ARGUMENT;
    uint64_t clone_bytes;
    enum heap_error e = check_all(h, array1, array2, two_way, copy_hash, &clone_bytes);
    if (e != HEAP_OK)
        return e;
    if (clone_bytes > 0 && !old_ensure(h, clone_bytes, OLD_FOR_PROGRAM))
        return HEAP_NO_MEMORY;
    uint64_t n = num_slots(array1);
    bool classes = false;
    for (uint64_t i = 0; i < n; i++) {
        /* Earlier pairs may have replaced these. */
        oop a = follow(fetch_slot(array1, i)), b = follow(fetch_slot(array2, i));
        if (a == b || !is_object(a))
            continue;
        classes |= table_index(h, a) != 0 || (is_object(b) && table_index(h, b) != 0);
        if (two_way)
            exchange(h, a, b, copy_hash);
        else
            replace(h, a, b, copy_hash);
    }
    heap_follow_slots(h, follow(array1));
    heap_follow_slots(h, follow(array2));
    follow_roots(h);
    if (classes)
        class_table_follow(h);
    if (classes || two_way) /* objects of other classes may lie in the image now */
        h->perm_classes.known = false;
    if (h->hooks.classes_changed != NULL)
        h->hooks.classes_changed(h->hooks.owner);
    return HEAP_OK;
}
