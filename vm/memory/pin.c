/*
 * pin.c - objects that must not move. A young object is first moved to old
 * space: its place becomes a forwarder.
 */
#include "gc.h"

oop heap_pin(struct heap *h, oop object) {
    if (!is_young(h, object)) {
        set_header(object, header_of(object) | HDR_PINNED);
        return object;
    }
    uint64_t header = header_of(object), slots = num_slots(object);
    uint32_t hash = header_hash(header);
    oop copy = heap_allocate_old(h, slots, header_format(header), header_class(header), true);
    if (copy == 0)
        return 0;
    memcpy(object_bytes(copy), object_bytes(object), (size_t)slots * 8);
    set_header(copy, header_of(copy) | (uint64_t)hash << HDR_HASH_SHIFT | (header & HDR_IMMUTABLE));
    bool is_class = hash != 0 && heap_class_at(h, hash) == object;
    become_forward(h, object, copy);
    follow_roots(h);
    if (is_class)
        class_table_follow(h);
    if (h->hooks.classes_changed != NULL)
        h->hooks.classes_changed(h->hooks.owner);
    return copy;
}

void heap_unpin(struct heap *h, oop object) {
    (void)h;
    set_header(object, header_of(object) & ~HDR_PINNED);
}
