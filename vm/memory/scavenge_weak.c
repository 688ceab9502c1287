/*
 * scavenge_weak.c - weak objects and ephemerons in a scavenge: what they hold
 * weakly waits on lists until everything strongly reachable has been copied.
 *
 * Source: SpurGenerationScavenger>>processWeaklings, processEphemerons.
 */
#include "gc.h"

oop scavenge_survivor(struct heap *h, oop v) {
    const struct gc_work *w = h->work;
    while (in_from_space(h, w, v)) {
        if (!is_forwarder(v))
            return 0;
        v = fetch_slot(v, 0);
    }
    return v;
}

static bool any_young(struct heap *h, oop o, uint64_t from, uint64_t to) {
    for (uint64_t i = from; i < to; i++) {
        oop v = fetch_slot(o, i);
        if (is_object(v) && in_new_window(h, v))
            return true;
    }
    return false;
}

bool scavenge_weak(struct heap *h, struct gc_work *w, oop o) {
    uint64_t slots = num_slots(o), strong = strong_slots(h, o);
    oop *p = object_words(o) + 1;
    bool young = scavenge_range(h, w, p, p + strong);
    if (any_young(h, o, strong, slots)) {
        vector_push(h, &w->weak, o);
        young = true;
    }
    return young;
}

bool scavenge_ephemeron(struct heap *h, struct gc_work *w, oop o) {
    oop *p = object_words(o) + 1;
    uint64_t slots = num_slots(o);
    if (slots > 0 && in_from_space(h, w, p[0]) && scavenge_survivor(h, p[0]) == 0) {
        vector_push(h, &w->ephemerons, o); /* its slots wait for its key */
        return true;
    }
    return scavenge_range(h, w, p, p + slots);
}

/* Let ephemerons whose key has survived hold what they hold. False: none had. */
static bool scavenge_inactive_ephemerons(struct heap *h, struct gc_work *w) {
    size_t kept = 0, count = w->ephemerons.count;
    for (size_t i = 0; i < count; i++) {
        oop o = w->ephemerons.items[i];
        if (scavenge_survivor(h, fetch_slot(o, 0)) == 0) {
            w->ephemerons.items[kept++] = o;
            continue;
        }
        oop *p = object_words(o) + 1;
        scavenge_range(h, w, p, p + num_slots(o));
    }
    w->ephemerons.count = kept;
    return kept < count;
}

/* An ephemeron that fires becomes an ordinary object and a mourner. */
static void fire_ephemerons(struct heap *h, struct gc_work *w) {
    size_t count = w->ephemerons.count;
    for (size_t i = 0; i < count; i++) {
        oop o = w->ephemerons.items[i];
        set_header(o,
                   (header_of(o) & ~HDR_FORMAT_MASK) | (uint64_t)FORMAT_FIXED << HDR_FORMAT_SHIFT);
        mourner_queue(h, o);
    }
    for (size_t i = 0; i < count; i++) {
        oop o = w->ephemerons.items[i];
        oop *p = object_words(o) + 1;
        scavenge_range(h, w, p, p + num_slots(o));
    }
    w->ephemerons.count = 0;
    w->weak_died = true;
}

bool scavenge_ephemerons_left(struct heap *h, struct gc_work *w) {
    if (w->ephemerons.count == 0)
        return false;
    if (!scavenge_inactive_ephemerons(h, w))
        fire_ephemerons(h, w);
    return true;
}

void scavenge_weak_left(struct heap *h, struct gc_work *w) {
    for (size_t i = 0; i < w->weak.count; i++) {
        oop o = w->weak.items[i];
        uint64_t slots = num_slots(o);
        bool died = false;
        for (uint64_t s = strong_slots(h, o); s < slots; s++) {
            oop v = fetch_slot(o, s);
            if (!in_from_space(h, w, v))
                continue;
            oop survivor = scavenge_survivor(h, v);
            died |= survivor == 0;
            put_slot(o, s, survivor != 0 ? survivor : h->nil);
        }
        if (!in_new_window(h, o) && any_young(h, o, 0, slots))
            heap_remember(h, o);
        if (died) {
            w->weak_died = true;
            if (h->new_finalization)
                mourner_queue_weak(h, o);
        }
    }
    w->weak.count = 0;
}
