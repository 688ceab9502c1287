/*
 * follow.c - replacing references to forwarders: in one object, in the roots.
 */
#include "gc.h"

bool heap_follow_slots(struct heap *h, oop object) {
    bool found = false, young = false;
    uint64_t slots = pointer_slots(h, object);
    for (uint64_t i = 0; i < slots; i++) {
        oop v = fetch_slot(object, i);
        if (!is_object(v))
            continue;
        if (is_forwarder(v)) {
            found = true;
            v = follow(v);
            put_slot(object, i, v);
        }
        young |= is_young(h, v);
    }
    if (young && !is_young(h, object))
        heap_remember(h, object);
    return found;
}

static void follow_slot(struct heap *h, oop *slot, void *arg) {
    (void)h;
    (void)arg;
    if (*slot != 0 && is_object(*slot) && is_forwarder(*slot))
        *slot = follow(*slot);
}

/* All that become must not leave to be followed lazily, but for the class table. */
void follow_roots(struct heap *h) {
    follow_slot(h, &h->special_objects, NULL);
    heap_follow_slots(h, h->special_objects);
    mourners_each(h, follow_slot, NULL);
    if (h->hooks.each_root != NULL)
        h->hooks.each_root(h->hooks.owner, h, false, follow_slot, NULL);
}
