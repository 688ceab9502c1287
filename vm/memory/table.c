/*
 * table.c - growable tables of the collector, each in a reservation of its own
 * that is replaced by one twice its size when it is full.
 */
#include "gc.h"

static size_t table_bytes(size_t capacity, size_t size) {
    return (size_t)round_up(capacity * size, PLATFORM_PAGE);
}

bool table_grow(struct platform *p, void **items, size_t *capacity, size_t wanted, size_t size) {
    if (wanted <= *capacity)
        return true;
    size_t bigger = *capacity * 2;
    if (bigger < wanted)
        bigger = wanted;
    size_t bytes = table_bytes(bigger, size);
    void *fresh = platform_reserve(p, 0, bytes);
    if (fresh == NULL)
        return false;
    if (platform_commit(p, fresh, bytes) != 0) {
        platform_unreserve(p, fresh, bytes);
        return false;
    }
    if (*items != NULL) {
        memcpy(fresh, *items, *capacity * size);
        platform_unreserve(p, *items, table_bytes(*capacity, size));
    }
    *items = fresh;
    *capacity = bytes / size; /* may round to a size that table_bytes maps back to `bytes` */
    return true;
}

void table_free(struct platform *p, void *items, size_t capacity, size_t size) {
    if (items != NULL)
        platform_unreserve(p, items, table_bytes(capacity, size));
}

bool vector_grow(struct heap *h, struct vector *v) {
    void *items = v->items;
    size_t wanted = v->capacity == 0 ? PLATFORM_PAGE / sizeof(oop) : v->capacity + 1;
    if (!table_grow(h->platform, &items, &v->capacity, wanted, sizeof(oop)))
        return false;
    v->items = items;
    return true;
}

void vector_free(struct heap *h, struct vector *v) {
    table_free(h->platform, v->items, v->capacity, sizeof(oop));
    *v = (struct vector){0};
}

_Noreturn void heap_exhausted(struct heap *h) {
    if (h->hooks.exhausted != NULL)
        h->hooks.exhausted(h->hooks.owner);
    __builtin_trap();
}
