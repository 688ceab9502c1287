/*
 * remember.c - the remembered set: permanent and old objects that may refer to
 * young ones. Membership is one bit in the `remembered` side bitmap.
 */
#include "gc.h"

void heap_remember(struct heap *h, oop object) {
    uint64_t *word = bitmap_word(&h->remembered, object);
    uint64_t bit = bitmap_bit(&h->remembered, object);
    if ((*word & bit) != 0)
        return;
    if (h->remembered_count == h->remembered_capacity) {
        void *items = h->remembered_set;
        if (!table_grow(h->platform, &items, &h->remembered_capacity, h->remembered_count + 512,
                        sizeof(oop)))
            heap_exhausted(h);
        h->remembered_set = items;
    }
    *word |= bit;
    h->remembered_set[h->remembered_count++] = object;
}

/* Forget all of it: new space is empty. */
void remembered_clear(struct heap *h) {
    for (size_t i = 0; i < h->remembered_count; i++)
        bitmap_clear(&h->remembered, h->remembered_set[i]);
    h->remembered_count = 0;
}
