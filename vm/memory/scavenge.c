/*
 * scavenge.c - the generation scavenger: survivors of eden and of the past
 * survivor space are copied to the future survivor space or tenured, breadth
 * first (Cheney). Weak objects and ephemerons met on the way are put on lists
 * (scavenge_weak.c) and seen to when everything strongly reachable is copied.
 *
 * A survivor's old place becomes a forwarder to the new one. Forwarders made by
 * become are followed, so none is ever copied.
 *
 * Source: SpurGenerationScavenger.
 */
#include "gc.h"

static inline void copy_words(uintptr_t to, uintptr_t from, uint64_t bytes) {
    if (bytes > 256) {
        memcpy((void *)to, (const void *)from, (size_t)bytes);
        return;
    }
    uint64_t *t = (uint64_t *)to;
    const uint64_t *f = (const uint64_t *)from, *end = (const uint64_t *)(from + bytes);
    do {
        t[0] = f[0];
        t[1] = f[1];
        t += 2;
        f += 2;
    } while (f < end - 1);
    if (f < end)
        *t = *f;
}

/* Space for a survivor that is old enough, or that the future space cannot take. */
static __attribute__((noinline)) uintptr_t tenure_space(struct heap *h, struct gc_work *w,
                                                        uint64_t bytes, bool *tenured) {
    *tenured = true;
    uintptr_t to = old_allocate(h, bytes, OLD_FOR_COLLECTOR);
    if (to != 0) {
        w->tenured_bytes += bytes;
        h->stats.tenured_objects++;
        return to;
    }
    if (bytes > w->future_limit - w->future_free)
        heap_exhausted(h);
    *tenured = false;
    to = w->future_free;
    w->future_free += bytes;
    return to;
}

/* Copy an object of the from space; answer its new oop. */
static oop copy_survivor(struct heap *h, struct gc_work *w, oop o, uint64_t header) {
    uintptr_t start = o;
    uint64_t slots = header_slots(header), bytes;
    if (slots == HDR_OVERFLOW_SLOTS) {
        start = o - 8;
        bytes = 16 + (*object_words(start) & OVERFLOW_COUNT_MASK) * 8;
    } else {
        bytes = slots == 0 ? 16 : 8 + slots * 8;
    }
    uintptr_t to = w->future_free;
    uint64_t age = header & AGE_BITS;
    bool tenured = false;
    if (age < w->tenure_age && bytes <= w->future_limit - to) {
        w->future_free = to + bytes;
    } else {
        if (age < w->tenure_age)
            w->future_overflowed = true;
        to = tenure_space(h, w, bytes, &tenured);
    }
    copy_words(to, start, bytes);
    oop survivor = to + (o - start);
    if (tenured) {
        set_header(survivor, header & ~AGE_BITS);
        if (!is_bits_format(header_format(header)))
            vector_push(h, &w->tenured, survivor);
    } else {
        age = age_after(age);
        w->age_bytes[age_index(age)] += bytes;
        set_header(survivor, (header & ~AGE_BITS) | age);
    }
    set_header(o, make_header(1, FORMAT_FORWARDED, CLASS_INDEX_FORWARDED));
    put_slot(o, 0, survivor);
    return survivor;
}

/* The new place of an object in the from space, copied if it must be. */
static inline oop forward(struct heap *h, struct gc_work *w, oop v) {
    for (;;) {
        uint64_t header = header_of(v);
        if (header_class(header) != CLASS_INDEX_FORWARDED)
            return copy_survivor(h, w, v, header);
        v = fetch_slot(v, 0);
        if (!in_from_space(h, w, v))
            return v;
    }
}

/* Forward the slots [p, end). True when any refers to a young object. */
static inline bool scavenge_slots(struct heap *h, struct gc_work *w, oop *p, oop *end) {
    bool young = false;
    for (; p < end; p++) {
        oop v = *p;
        if (!is_object(v) || !in_new_window(h, v))
            continue;
        if (!in_future(w, v)) {
            v = forward(h, w, v);
            *p = v;
            if (!is_object(v) || !in_new_window(h, v))
                continue;
        }
        young = true;
    }
    return young;
}

bool scavenge_range(struct heap *h, struct gc_work *w, oop *p, oop *end) {
    return scavenge_slots(h, w, p, end);
}

/* Forward what `o` refers to. True when it refers to a young object. */
static inline bool scavenge_object(struct heap *h, struct gc_work *w, oop o) {
    uint64_t header = header_of(o);
    unsigned format = header_format(header);
    if (is_bits_format(format))
        return false;
    oop *p = object_words(o) + 1;
    if (format <= FORMAT_INDEXABLE && header_class(header) != CLASS_INDEX_CONTEXT)
        return scavenge_slots(h, w, p, p + num_slots(o));
    if (format == FORMAT_WEAK)
        return scavenge_weak(h, w, o);
    if (format == FORMAT_EPHEMERON)
        return scavenge_ephemeron(h, w, o);
    return scavenge_slots(h, w, p, p + pointer_slots(h, o));
}

/* Scan copies, in the future space and tenured, until there are none left. */
static uintptr_t drain(struct heap *h, struct gc_work *w, uintptr_t scan) {
    for (;;) {
        while (scan < w->future_free) {
            oop o = object_at_start(scan);
            scan = object_end(o);
            scavenge_object(h, w, o);
        }
        if (w->tenured.count == 0)
            return scan;
        oop o = w->tenured.items[--w->tenured.count];
        if (scavenge_object(h, w, o))
            heap_remember(h, o);
    }
}

static void scavenge_remembered(struct heap *h, struct gc_work *w) {
    size_t kept = 0;
    for (size_t i = 0; i < h->remembered_count; i++) {
        oop o = h->remembered_set[i];
        if (scavenge_object(h, w, o))
            h->remembered_set[kept++] = o;
        else
            bitmap_clear(&h->remembered, o);
    }
    h->remembered_count = kept;
}

static void visit_root(struct heap *h, oop *slot, void *arg) {
    struct gc_work *w = arg;
    if (in_from_space(h, w, *slot))
        *slot = forward(h, w, *slot);
}

static void scavenge_roots(struct heap *h, struct gc_work *w) {
    visit_root(h, &h->special_objects, w);
    mourners_each(h, visit_root, w);
    if (h->hooks.each_root != NULL)
        h->hooks.each_root(h->hooks.owner, h, true, visit_root, w);
    scavenge_remembered(h, w);
}

static void begin(struct heap *h, struct gc_work *w, uint64_t tenure_age) {
    w->future_base = w->future_free = h->survivor[1 - h->past];
    w->future_limit = w->future_base + h->survivor_bytes;
    w->tenure_age = tenure_age;
    w->tenured_bytes = 0;
    w->future_overflowed = false;
    w->weak_died = false;
    memset(w->age_bytes, 0, sizeof w->age_bytes);
}

static void finish(struct heap *h, struct gc_work *w) {
    uintptr_t past = h->survivor[h->past];
    h->stats.allocated_bytes += h->eden_free - h->eden_base;
    h->stats.tenured_bytes += w->tenured_bytes;
    h->stats.last_scavenge_survivor_bytes = w->future_free - w->future_base;
    h->stats.scavenges++;
    if (h->stress != 0) { /* make stale pointers show */
        memset((void *)past, 0xf3, h->past_free - past);
        memset((void *)h->eden_base, 0xf3, h->eden_free - h->eden_base);
    }
    h->past = 1 - h->past;
    h->past_free = w->future_free;
    h->eden_free = h->eden_base;
}

void scavenge(struct heap *h, uint64_t tenure_age) {
    struct gc_work *w = h->work;
    uint64_t started = platform_monotonic_ns(h->platform);
    uint64_t mutator_ns = started - w->last_scavenge_end_ns;
    begin(h, w, tenure_age);
    scavenge_roots(h, w);
    uintptr_t scan = drain(h, w, w->future_base);
    while (scavenge_ephemerons_left(h, w))
        scan = drain(h, w, scan);
    scavenge_weak_left(h, w);
    if (h->hooks.each_weak_root != NULL)
        h->hooks.each_weak_root(h->hooks.owner, h, scavenge_survivor);
    finish(h, w);
    uint64_t ended = platform_monotonic_ns(h->platform);
    w->last_scavenge_end_ns = ended;
    h->stats.scavenge_us += (ended - started) / 1000;
    if (tenure_age > 0) {
        tenure_adapt(h);
        eden_adapt(h, ended - started, mutator_ns);
    } else {
        eden_reset(h);
    }
    if (w->weak_died && h->hooks.mourners_waiting != NULL)
        h->hooks.mourners_waiting(h->hooks.owner);
}
