/*
 * enumerate.c - walking the objects: permanent space, old space, then the past
 * survivor space and eden.
 */
#include "gc.h"

#define KEPT_FINDS 256u

oop walk_from(const struct heap *h, uintptr_t start, uintptr_t limit) {
    if (start == h->free->bump && h->free->bump_limit > start)
        start = h->free->bump_limit;
    return start < limit ? object_at_start(start) : 0;
}

/* The next place to look after `start`, which may be the end of a space. */
static oop next_in_perm(const struct heap *h, uintptr_t start) {
    if (start >= h->perm_limit)
        return 0;
    if (!h->perm_marks_valid)
        return object_at_start(start);
    /* `start` may be an overflow word, whose bit is never set. */
    oop o = bitmap_next(&h->marks, start, h->perm_limit);
    return o < h->perm_limit ? o : 0;
}

static oop next_in_old(const struct heap *h, unsigned i, uintptr_t start) {
    for (; i < h->segment_count; i++) {
        oop o = walk_from(h, start > h->segments[i].base ? start : h->segments[i].base,
                          h->segments[i].limit);
        if (o != 0)
            return o;
    }
    return 0;
}

static oop next_in_eden(const struct heap *h, uintptr_t start) {
    return start < h->eden_free ? object_at_start(start) : 0;
}

static oop next_in_past(const struct heap *h, uintptr_t start) {
    return start < h->past_free ? object_at_start(start) : next_in_eden(h, h->eden_base);
}

/* The object after `after`, of any kind. */
static oop next_entity(const struct heap *h, oop after) {
    uintptr_t start = after == 0 ? h->perm_base : object_end(after);
    oop o;
    if (after == 0 || in_perm(h, after)) {
        o = next_in_perm(h, start);
        if (o == 0)
            o = next_in_old(h, 0, h->old_base);
        return o != 0 ? o : next_in_past(h, h->survivor[h->past]);
    }
    if (!is_young(h, after)) {
        o = next_in_old(h, segment_of(h, after), start);
        return o != 0 ? o : next_in_past(h, h->survivor[h->past]);
    }
    return after < h->eden_base ? next_in_past(h, start) : next_in_eden(h, start);
}

oop heap_next_object(struct heap *h, oop after) {
    oop o = next_entity(h, after);
    while (o != 0 && class_index_of(o) <= CLASS_INDEX_LAST_PUN)
        o = next_entity(h, o);
    return o;
}

/* Most objects are permanent: a plain loop over those with no marks to look at. */
static oop next_instance_in_perm(const struct heap *h, oop class, uint32_t index, uintptr_t start) {
    while (start < h->perm_limit) {
        oop o = object_at_start(start);
        uint32_t i = class_index_of(o);
        if (i == index || (i > CLASS_INDEX_LAST_PUN && heap_class_at(h, i) == class))
            return o;
        start = object_end(o);
    }
    return 0;
}

oop heap_next_instance(struct heap *h, oop class, oop after) {
    uint32_t index = header_hash(header_of(class));
    if (index <= CLASS_INDEX_LAST_PUN || heap_class_at(h, index) != class)
        return 0; /* a class in the table stands at its hash, and perhaps elsewhere */
    bool in_image = class_set_has(&h->perm_classes, index);
    oop o;
    if ((after == 0 || in_perm(h, after)) && !(in_image && h->perm_marks_valid)) {
        if (in_image) {
            o = next_instance_in_perm(h, class, index,
                                      after == 0 ? h->perm_base : object_end(after));
            if (o != 0)
                return o;
        }
        o = next_in_old(h, 0, h->old_base);
        if (o == 0)
            o = next_in_past(h, h->survivor[h->past]);
    } else {
        o = next_entity(h, after);
    }
    for (; o != 0; o = next_entity(h, o)) {
        uint32_t i = class_index_of(o);
        if (i == index || (i > CLASS_INDEX_LAST_PUN && heap_class_at(h, i) == class))
            return o;
    }
    return 0;
}

/* Fill a fresh array with what `next` answers; the array itself is left out. The
 * first finds are kept while counting: few are found without a second walk. */
static oop collect_all(struct heap *h, oop class,
                       oop (*next)(struct heap *h, oop class, oop after)) {
    oop kept[KEPT_FINDS];
    uint64_t n = 0;
    for (oop o = next(h, class, 0); o != 0; o = next(h, class, o), n++)
        if (n < KEPT_FINDS)
            kept[n] = o;
    oop array = heap_new_pointers(h, n, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    if (array == 0)
        return 0;
    if (n <= KEPT_FINDS) {
        for (uint64_t i = 0; i < n; i++)
            heap_store(h, array, i, kept[i]);
        return array;
    }
    uint64_t i = 0;
    for (oop o = next(h, class, 0); o != 0 && i < n; o = next(h, class, o)) {
        if (o != array)
            heap_store(h, array, i++, o);
    }
    return array;
}

static oop next_object(struct heap *h, oop class, oop after) {
    (void)class;
    return heap_next_object(h, after);
}

oop heap_all_instances(struct heap *h, oop class) {
    return collect_all(h, class, heap_next_instance);
}

oop heap_all_objects(struct heap *h) {
    return collect_all(h, 0, next_object);
}

void heap_each_live_object(struct heap *h, heap_object_fn *fn, void *arg) {
    for (oop o = next_in_perm(h, h->perm_base); o != 0; o = next_in_perm(h, object_end(o)))
        fn(h, o, arg);
    for (unsigned i = 0; i < h->segment_count; i++) {
        struct segment s = h->segments[i];
        oop o;
        for (uintptr_t at = s.base; (o = walk_from(h, at, s.limit)) != 0; at = object_end(o)) {
            uint32_t index = class_index_of(o);
            if (index != CLASS_INDEX_FREE && index != CLASS_INDEX_FORWARDED)
                fn(h, o, arg);
        }
    }
}
