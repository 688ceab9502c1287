/*
 * compact.c - compaction of old space: segments with little in them, and nothing
 * pinned, are evacuated into the free space of the others; forwarders are left
 * behind, followed everywhere, and the segments given back whole.
 *
 * Runs after marking and a first sweep; the mark bits say what is alive.
 * Source of the idea: SpurSelectiveCompactor.
 */
#include "gc.h"

#define SPARSE_PERCENT 40u /* a segment with less alive is worth evacuating */

static bool is_evacuated(const struct heap *h, const struct gc_work *w, oop v) {
    return in_old_space(h, v) && w->evacuated[(v - h->old_base) / SEGMENT_GRAIN] != 0;
}

static bool marked_for_evacuation(const struct heap *h, unsigned i) {
    return is_evacuated(h, h->work, h->segments[i].base);
}

static void mark_for_evacuation(struct heap *h, unsigned i) {
    struct segment s = h->segments[i];
    memset(h->work->evacuated + (s.base - h->old_base) / SEGMENT_GRAIN, 1,
           (s.limit - s.base) / SEGMENT_GRAIN);
}

/* Stress mode evacuates any segment in turn. */
static bool worth_it(const struct heap *h, unsigned i, const struct segment_census *c) {
    uint64_t bytes = h->segments[i].limit - h->segments[i].base;
    if (c->pinned || c->live_bytes == 0)
        return false;
    if (h->stress != 0)
        return i == h->stats.full_collections % h->segment_count;
    return c->live_bytes * 100 < bytes * SPARSE_PERCENT;
}

/* Choose segments; answers how many bytes evacuating them would give back. */
static uint64_t choose(struct heap *h, const struct segment_census *census) {
    uint64_t gain = 0, live = 0, elsewhere = h->old_free_bytes;
    for (unsigned i = 0; i < h->segment_count; i++) {
        const struct segment_census *c = &census[i];
        if (!worth_it(h, i, c))
            continue;
        uint64_t bytes = h->segments[i].limit - h->segments[i].base;
        uint64_t still_free = elsewhere - (bytes - c->live_bytes);
        if (h->stress == 0 && live + c->live_bytes > still_free)
            continue;
        elsewhere = still_free;
        live += c->live_bytes;
        gain += bytes - c->live_bytes;
        mark_for_evacuation(h, i);
    }
    return gain;
}

static bool pays(const struct heap *h, uint64_t gain) {
    uint64_t total = h->old_used_bytes + h->old_free_bytes;
    return gain > 0 && (h->stress != 0 || (gain >= MIB && gain * 8 >= total));
}

/* Copy the live objects of a segment elsewhere. Evacuated objects lose their mark. */
static void evacuate(struct heap *h, unsigned i) {
    uintptr_t limit = h->segments[i].limit;
    oop o = bitmap_next(&h->marks, h->segments[i].base, limit);
    while (o < limit) {
        uintptr_t start = object_start(o), end = object_end(o);
        uintptr_t to = old_allocate(h, end - start, OLD_FOR_COLLECTOR);
        if (to == 0)
            return; /* the rest stays */
        memcpy((void *)to, (const void *)start, end - start);
        bitmap_clear(&h->marks, o);
        bitmap_set(&h->marks, to + (o - start));
        uint64_t header = header_of(o);
        set_header(o, (header & ~(HDR_CLASS_MASK | HDR_FORMAT_MASK)) |
                          (uint64_t)FORMAT_FORWARDED << HDR_FORMAT_SHIFT | CLASS_INDEX_FORWARDED);
        put_slot(o, 0, to + (o - start));
        o = bitmap_next(&h->marks, end, limit);
    }
}

static void update_slot(struct heap *h, oop *slot, void *arg) {
    (void)arg;
    oop v = *slot;
    if (is_object(v) && is_evacuated(h, h->work, v) && is_forwarder(v))
        *slot = fetch_slot(v, 0);
}

static void update_object(struct heap *h, oop o) {
    uint64_t slots = pointer_slots(h, o);
    oop *p = object_words(o) + 1;
    for (uint64_t i = 0; i < slots; i++)
        update_slot(h, &p[i], NULL);
}

static void update_marked(struct heap *h, uintptr_t from, uintptr_t to) {
    for (oop o = bitmap_next(&h->marks, from, to); o < to; o = bitmap_next(&h->marks, o + 8, to))
        update_object(h, o);
}

/* A context's hook looks at other objects (its frame), so roots go first. */
static void update_references(struct heap *h) {
    update_slot(h, &h->special_objects, NULL);
    update_slot(h, &h->class_table_page0, NULL);
    mourners_each(h, update_slot, NULL);
    if (h->hooks.each_root != NULL)
        h->hooks.each_root(h->hooks.owner, h, false, update_slot, NULL);
    update_marked(h, h->perm_base, h->perm_limit);
    for (unsigned i = 0; i < h->segment_count; i++)
        update_marked(h, h->segments[i].base, h->segments[i].limit);
}

static oop evacuated_survivor(struct heap *h, oop o) {
    update_slot(h, &o, NULL);
    return o;
}

/* Free the evacuated segments; one that could not be emptied is swept. */
static void free_evacuated(struct heap *h) {
    for (unsigned i = h->segment_count; i-- > 0;) {
        if (!marked_for_evacuation(h, i))
            continue;
        struct segment s = h->segments[i];
        if (bitmap_next(&h->marks, s.base, s.limit) < s.limit)
            sweep_segment(h, i, NULL);
        else
            segment_remove(h, i);
    }
}

static bool open_map(struct heap *h, struct gc_work *w) {
    size_t grains = (size_t)((h->old_end_of_window - h->old_base) / SEGMENT_GRAIN);
    void *map = w->evacuated;
    if (!table_grow(h->platform, &map, &w->evacuated_capacity, grains, 1))
        return false;
    w->evacuated = map;
    return true;
}

static void evacuate_chosen(struct heap *h) {
    uint64_t started = platform_monotonic_ns(h->platform);
    free_lists_clear(h);
    h->old_used_bytes = 0;
    for (unsigned i = 0; i < h->segment_count; i++) {
        if (!marked_for_evacuation(h, i))
            sweep_segment(h, i, NULL);
    }
    for (unsigned i = 0; i < h->segment_count; i++) {
        if (marked_for_evacuation(h, i))
            evacuate(h, i);
    }
    h->stats.compactions++;
    update_references(h);
    if (h->hooks.each_weak_root != NULL)
        h->hooks.each_weak_root(h->hooks.owner, h, evacuated_survivor);
    free_evacuated(h);
    if (h->hooks.classes_changed != NULL)
        h->hooks.classes_changed(h->hooks.owner);
    h->stats.compaction_us += (platform_monotonic_ns(h->platform) - started) / 1000;
}

/* Remove segments in which nothing lives, beyond `keep_bytes`, and their census. */
static bool remove_free_segments(struct heap *h, struct segment_census *census,
                                 uint64_t keep_bytes) {
    uint64_t kept = 0;
    bool removed = false;
    for (unsigned i = h->segment_count; i-- > 0;) {
        uint64_t bytes = h->segments[i].limit - h->segments[i].base;
        if (census[i].live_bytes > 0)
            continue;
        if (kept + bytes <= keep_bytes) {
            kept += bytes;
            continue;
        }
        segment_remove(h, i);
        memmove(&census[i], &census[i + 1], (h->segment_count - i) * sizeof *census);
        h->old_free_bytes -= bytes;
        removed = true;
    }
    return removed;
}

void sweep_and_compact(struct heap *h, uint64_t keep_bytes) {
    void *items = NULL;
    size_t capacity = 0;
    if (!table_grow(h->platform, &items, &capacity, h->segment_count + 1,
                    sizeof(struct segment_census))) {
        sweep(h, NULL);
        return;
    }
    struct segment_census *census = items;
    sweep(h, census);
    bool removed = remove_free_segments(h, census, keep_bytes);
    bool chosen = false;
    if (h->segment_count > 1 && open_map(h, h->work)) {
        uintptr_t limit = h->old_limit;
        chosen = pays(h, choose(h, census));
        if (chosen)
            evacuate_chosen(h);
        memset(h->work->evacuated, 0, (size_t)((limit - h->old_base) / SEGMENT_GRAIN));
    }
    if (removed && !chosen)
        sweep(h, NULL);
    table_free(h->platform, census, capacity, sizeof *census);
}
