/*
 * mourn.c - the queue of mourners: ephemerons that fired and weak objects that
 * lost an element, for primitive 172 to fetch.
 */
#include "gc.h"

static void make_room(struct heap *h) {
    if (h->mourner_first > 0 && h->mourner_first + h->mourner_count == h->mourner_capacity) {
        memmove(h->mourners, h->mourners + h->mourner_first, h->mourner_count * sizeof(oop));
        h->mourner_first = 0;
    }
    size_t needed = h->mourner_first + h->mourner_count + 1;
    if (needed > h->mourner_capacity) {
        void *items = h->mourners;
        if (!table_grow(h->platform, &items, &h->mourner_capacity, needed, sizeof(oop)))
            heap_exhausted(h);
        h->mourners = items;
    }
}

void mourner_queue(struct heap *h, oop o) {
    make_room(h);
    h->mourners[h->mourner_first + h->mourner_count++] = o;
}

/* Weak objects lose elements again and again, but wait in the queue once. */
void mourner_queue_weak(struct heap *h, oop o) {
    for (size_t i = 0; i < h->mourner_count; i++) {
        if (h->mourners[h->mourner_first + i] == o)
            return;
    }
    mourner_queue(h, o);
}

void mourners_each(struct heap *h, heap_slot_fn *visit, void *arg) {
    for (size_t i = 0; i < h->mourner_count; i++)
        visit(h, &h->mourners[h->mourner_first + i], arg);
}

oop heap_next_mourner(struct heap *h) {
    if (h->mourner_count == 0)
        return 0;
    oop o = follow(h->mourners[h->mourner_first++]);
    if (--h->mourner_count == 0)
        h->mourner_first = 0;
    return o;
}
