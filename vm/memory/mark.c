/*
 * mark.c - the marker: sets the side bitmap's bit of every object of permanent
 * and old space that can be reached (new space is empty: a full collection
 * tenures first). References to forwarders are rewritten on the way.
 *
 * A class table entry does not mark its class; the class of every marked object
 * is marked, once per class index.
 *
 * When the mark stack cannot grow, objects are marked but not traced, and the
 * marked objects are looked through for unmarked referents until there are none.
 */
#include "gc.h"

static void push(struct heap *h, struct gc_work *w, oop o) {
    struct vector *v = &w->mark_stack;
    bool full = w->mark_limit != 0 && v->count >= w->mark_limit;
    if (full || (v->count == v->capacity && !vector_grow(h, v))) {
        w->mark_overflowed = true;
        return;
    }
    v->items[v->count++] = o;
}

static void mark_class(struct heap *h, struct gc_work *w, uint32_t index);

static void mark_object(struct heap *h, struct gc_work *w, oop o) {
    uint64_t *word = bitmap_word(&h->marks, o), bit = bitmap_bit(&h->marks, o);
    if ((*word & bit) != 0)
        return;
    *word |= bit;
    uint64_t header = header_of(o);
    mark_class(h, w, header_class(header));
    unsigned format = header_format(header);
    if (is_bits_format(format))
        return;
    if (format == FORMAT_WEAK)
        vector_push(h, &w->weak, o);
    else if (format == FORMAT_EPHEMERON)
        vector_push(h, &w->ephemerons, o);
    else
        push(h, w, o);
}

static inline void mark_class(struct heap *h, struct gc_work *w, uint32_t index) {
    uint8_t *used = &w->class_used[index / 8];
    uint8_t bit = (uint8_t)(1u << (index % 8));
    if ((*used & bit) != 0)
        return;
    *used |= bit;
    oop class = heap_class_at(h, index);
    if (is_object(class))
        mark_object(h, w, class);
}

/* Mark what a slot refers to. */
static inline void mark_slot(struct heap *h, struct gc_work *w, oop *slot) {
    oop v = *slot;
    if (!is_object(v) || bitmap_test(&h->marks, v))
        return;
    if (is_forwarder(v)) { /* forwarders are never marked */
        v = follow(v);
        *slot = v;
        if (!is_object(v))
            return;
    }
    mark_object(h, w, v);
}

static void mark_slots(struct heap *h, struct gc_work *w, oop o, uint64_t from, uint64_t to) {
    oop *p = object_words(o) + 1;
    for (uint64_t i = from; i < to; i++)
        mark_slot(h, w, &p[i]);
}

static void trace_weak(struct heap *h, struct gc_work *w) {
    while (w->weak_traced < w->weak.count) {
        oop o = w->weak.items[w->weak_traced++];
        mark_slots(h, w, o, 0, strong_slots(h, o));
    }
}

static void empty_stack(struct heap *h, struct gc_work *w) {
    while (w->mark_stack.count > 0) {
        oop o = w->mark_stack.items[--w->mark_stack.count];
        mark_slots(h, w, o, 0, pointer_slots(h, o));
    }
}

/* Could the stack have lost it? Weak objects and ephemerons are on lists of their
 * own, class table pages are not traced. */
static bool was_pushed(oop o) {
    unsigned format = format_of(o);
    return format != FORMAT_WEAK && format != FORMAT_EPHEMERON && !is_bits_format(format) &&
           class_index_of(o) != CLASS_INDEX_ARRAY_PUN;
}

/* Trace again all marked objects of [from, to) that the stack may have lost. */
static void retrace(struct heap *h, struct gc_work *w, uintptr_t from, uintptr_t to) {
    oop o = bitmap_next(&h->marks, from, to);
    while (o < to) {
        if (was_pushed(o))
            mark_slots(h, w, o, 0, pointer_slots(h, o));
        empty_stack(h, w);
        o = bitmap_next(&h->marks, o + 8, to);
    }
}

static void drain(struct heap *h, struct gc_work *w) {
    for (;;) {
        empty_stack(h, w);
        if (w->weak_traced < w->weak.count) {
            trace_weak(h, w);
        } else if (w->mark_overflowed) {
            w->mark_overflowed = false;
            retrace(h, w, h->perm_base, h->perm_limit);
            retrace(h, w, h->old_base, h->old_limit);
        } else {
            return;
        }
    }
}

oop mark_survivor(struct heap *h, oop o) {
    o = follow(o);
    return !is_object(o) || bitmap_test(&h->marks, o) ? o : 0;
}

/* An ephemeron whose key is marked is an ordinary object. False: there was none. */
static bool mark_inactive_ephemerons(struct heap *h, struct gc_work *w) {
    size_t i = 0;
    bool any = false;
    while (i < w->ephemerons.count) {
        oop o = w->ephemerons.items[i];
        if (num_slots(o) > 0 && mark_survivor(h, fetch_slot(o, 0)) == 0) {
            i++;
            continue;
        }
        w->ephemerons.items[i] = w->ephemerons.items[--w->ephemerons.count];
        any = true;
        mark_slots(h, w, o, 0, num_slots(o));
    }
    return any;
}

static void fire_ephemerons(struct heap *h, struct gc_work *w) {
    size_t count = w->ephemerons.count;
    for (size_t i = 0; i < count; i++) {
        oop o = w->ephemerons.items[i];
        set_header(o,
                   (header_of(o) & ~HDR_FORMAT_MASK) | (uint64_t)FORMAT_FIXED << HDR_FORMAT_SHIFT);
        mourner_queue(h, o);
        push(h, w, o);
    }
    w->ephemerons.count = 0;
    w->weak_died = true;
}

static void nil_dead_slots(struct heap *h, struct gc_work *w) {
    for (size_t i = 0; i < w->weak.count; i++) {
        oop o = w->weak.items[i];
        uint64_t slots = num_slots(o);
        bool died = false;
        for (uint64_t s = strong_slots(h, o); s < slots; s++) {
            oop v = fetch_slot(o, s);
            if (!is_object(v) || bitmap_test(&h->marks, v))
                continue;
            oop survivor = mark_survivor(h, v);
            died |= survivor == 0;
            put_slot(o, s, survivor != 0 ? survivor : h->nil);
        }
        if (died) {
            w->weak_died = true;
            if (h->new_finalization)
                mourner_queue_weak(h, o);
        }
    }
}

void mark_weak_and_ephemerons(struct heap *h) {
    struct gc_work *w = h->work;
    drain(h, w);
    while (w->ephemerons.count > 0) {
        if (!mark_inactive_ephemerons(h, w))
            fire_ephemerons(h, w);
        drain(h, w);
    }
    nil_dead_slots(h, w);
    w->weak.count = w->weak_traced = 0;
}

static void visit_root(struct heap *h, oop *slot, void *arg) {
    if (*slot != 0)
        mark_slot(h, arg, slot);
}

/* The pages of the class table are marked without what is in them, but for the
 * first: its classes are known to the VM. */
static void mark_class_table(struct heap *h, struct gc_work *w) {
    bitmap_set(&h->marks, h->hidden_roots);
    unsigned pages = class_table_pages(h);
    for (unsigned n = 0; n < pages; n++)
        bitmap_set(&h->marks, fetch_slot(h->hidden_roots, n));
    mark_slots(h, w, h->class_table_page0, 0, num_slots(h->class_table_page0));
    mark_slots(h, w, h->hidden_roots, pages, num_slots(h->hidden_roots));
}

void mark_everything(struct heap *h) {
    struct gc_work *w = h->work;
    bitmap_clear_range(&h->marks, h->perm_base, h->perm_limit);
    for (unsigned i = 0; i < h->segment_count; i++)
        bitmap_clear_range(&h->marks, h->segments[i].base, h->segments[i].limit);
    memset(w->class_used, 0, (size_t)(class_table_pages(h) + 1) * CLASS_TABLE_PAGE_SLOTS / 8);
    w->mark_overflowed = false;
    w->weak_died = false;
    mark_object(h, w, h->nil);
    mark_object(h, w, h->false_);
    mark_object(h, w, h->true_);
    bitmap_set(&h->marks, object_at_start(object_end(h->true_))); /* the free lists object */
    mark_class_table(h, w);
    mark_slot(h, w, &h->special_objects);
    mourners_each(h, visit_root, w);
    if (h->hooks.each_root != NULL)
        h->hooks.each_root(h->hooks.owner, h, false, visit_root, w);
    mark_weak_and_ephemerons(h);
}
