/*
 * verify.c - checks everything that the collectors take for granted. For tests
 * and for stress mode: time is linear in the heap.
 *
 * First every object's extent (object starts go into bitmaps), then every slot
 * against those; remembered bits, free lists, class table and roots.
 */
#include "gc.h"

#include <stdio.h>

struct verification {
    struct heap *h;
    heap_report_fn *report;
    void *arg;
    uint64_t problems;
    uint64_t remembered; /* bits found on objects */
    uint64_t free_bytes, used_bytes;
};

static void problem(struct verification *v, oop o, const char *what, uint64_t detail) {
    v->problems++;
    if (v->report == NULL)
        return;
    char line[160];
    snprintf(line, sizeof line, "object 0x%llx: %s (0x%llx)", (unsigned long long)o, what,
             (unsigned long long)detail);
    v->report(v->arg, line);
}

/* ---- Object starts --------------------------------------------------------------- */

static bool open_starts(struct heap *h) {
    struct gc_work *w = h->work;
    if (w->old_starts.bits == NULL) {
        if (!bitmap_reserve(h, &w->old_starts, h->perm_base, h->old_end_of_window - h->perm_base))
            return false;
        w->starts_committed = 0;
    }
    if (w->young_starts.bits == NULL) {
        if (!bitmap_reserve(h, &w->young_starts, h->new_base, HEAP_NEW_WINDOW))
            return false;
        if (platform_commit(h->platform, w->young_starts.bits, w->young_starts.bytes) != 0) {
            bitmap_unreserve(h, &w->young_starts);
            return false;
        }
    }
    size_t want = w->bitmap_committed;
    if (want > w->starts_committed) {
        if (platform_commit(h->platform, w->old_starts.bits + w->starts_committed,
                            want - w->starts_committed) != 0)
            return false;
        w->starts_committed = want;
    }
    return true;
}

/* May a slot refer to `o`? Free chunks are not entered as starts; of permanent
 * objects the marks tell the living, once there are marks. */
static inline bool is_start(const struct heap *h, oop o) {
    const struct gc_work *w = h->work;
    if (in_perm(h, o))
        return bitmap_test(h->perm_marks_valid ? &h->marks : &w->old_starts, o);
    if (in_new_window(h, o))
        return bitmap_test(&w->young_starts, o);
    return in_old_space(h, o) && bitmap_test(&w->old_starts, o);
}

/* Enter the objects of [from, limit) that slots may refer to. False: they cannot be
 * walked. */
static bool enter_starts(struct verification *v, const struct bitmap *starts, uintptr_t from,
                         uintptr_t limit) {
    uintptr_t at = from;
    oop o;
    bitmap_clear_range(starts, from, limit);
    while ((o = walk_from(v->h, at, limit)) != 0) {
        uintptr_t end = object_end(o);
        if (end <= at || end > limit) {
            problem(v, o, "runs past the end of its space", end);
            return false;
        }
        uint32_t index = class_index_of(o);
        if (index != CLASS_INDEX_FREE && (index != CLASS_INDEX_FORWARDED || v->h->forwarders_exist))
            bitmap_set(starts, o);
        at = end;
    }
    return true;
}

static bool enter_all_starts(struct verification *v) {
    struct heap *h = v->h;
    struct gc_work *w = h->work;
    bool ok = true;
    if (!w->perm_starts_valid)
        ok = enter_starts(v, &w->old_starts, h->perm_base, h->perm_limit);
    w->perm_starts_valid = ok;
    uintptr_t last = h->old_base;
    for (unsigned i = 0; i < h->segment_count; i++) {
        struct segment s = h->segments[i];
        if (s.base < last || s.limit <= s.base || s.limit > h->old_limit)
            problem(v, s.base, "segment out of order", s.limit);
        bitmap_clear_range(&w->old_starts, last, s.base);
        ok &= enter_starts(v, &w->old_starts, s.base, s.limit);
        last = s.limit;
    }
    ok &= enter_starts(v, &w->young_starts, h->survivor[h->past], h->past_free);
    ok &= enter_starts(v, &w->young_starts, h->eden_base, h->eden_free);
    bitmap_clear_range(&w->young_starts, h->survivor[1 - h->past],
                       h->survivor[1 - h->past] + h->survivor_bytes);
    bitmap_clear_range(&w->young_starts, h->past_free, h->survivor[h->past] + h->survivor_bytes);
    bitmap_clear_range(&w->young_starts, h->eden_free, h->eden_base + h->survivor_bytes * 2);
    return ok;
}

/* ---- Objects ------------------------------------------------------------------------ */

static inline bool bad_oop(struct heap *h, oop o) {
    if (is_object(o))
        return !is_start(h, o);
    return !is_smallint(o) && !is_character(o) && !is_smallfloat(o);
}

static void verify_class(struct verification *v, oop o, uint32_t index) {
    struct heap *h = v->h;
    if (index <= CLASS_INDEX_LAST_PUN)
        return;
    oop class = heap_class_at(h, index);
    if (!is_object(class) || class == h->nil || !is_start(h, class) || is_forwarder(class))
        problem(v, o, "has no class", index);
}

static void verify_slots(struct verification *v, oop o) {
    struct heap *h = v->h;
    uint64_t slots = pointer_slots(h, o);
    bool young = false;
    for (uint64_t i = 0; i < slots; i++) {
        oop s = fetch_slot(o, i);
        if (bad_oop(h, s))
            problem(v, o, "slot refers to no object", s);
        young |= is_young(h, s);
    }
    if (!is_young(h, o)) {
        bool remembered = bitmap_test(&h->remembered, o);
        v->remembered += remembered;
        if (young && !remembered)
            problem(v, o, "refers to young objects but is not remembered", 0);
    }
}

static void verify_object(struct verification *v, oop o) {
    struct heap *h = v->h;
    uint64_t header = header_of(o);
    unsigned format = header_format(header);
    uint32_t index = header_class(header);
    if (format == 6 || format == 8)
        problem(v, o, "has no such format", header);
    if ((format == FORMAT_FORWARDED) != (index == CLASS_INDEX_FORWARDED))
        problem(v, o, "forwarder in half", header);
    if (!is_young(h, o) && !in_perm(h, o) &&
        (header & (HDR_REMEMBERED | HDR_GREY | HDR_MARKED)) != 0)
        problem(v, o, "collector bits in the header", header);
    verify_class(v, o, index);
    verify_slots(v, o);
}

static void verify_range(struct verification *v, uintptr_t from, uintptr_t limit) {
    struct heap *h = v->h;
    oop o;
    for (uintptr_t at = from; (o = walk_from(h, at, limit)) != 0; at = object_end(o)) {
        if (perm_dead(h, o)) {
            if (bitmap_test(&h->remembered, o))
                problem(v, o, "dead but remembered", 0);
            continue;
        }
        uint64_t bytes = object_end(o) - object_start(o);
        if (class_index_of(o) == CLASS_INDEX_FREE) {
            if (!in_old_space(h, o) || !is_bits_format(format_of(o)))
                problem(v, o, "free chunk where none may be", header_of(o));
            v->free_bytes += bytes;
            continue;
        }
        if (in_old_space(h, o))
            v->used_bytes += bytes;
        verify_object(v, o);
    }
}

/* ---- The rest -------------------------------------------------------------------------- */

static uint64_t verify_list(struct verification *v, oop chunk, unsigned bin, bool exact) {
    uint64_t bytes = 0;
    for (; chunk != 0; chunk = fetch_slot(chunk, 0)) {
        if (!in_old_space(v->h, chunk) || class_index_of(chunk) != CLASS_INDEX_FREE) {
            problem(v, chunk, "in a free list but not free", bin);
            break;
        }
        uint64_t n = object_end(chunk) - object_start(chunk);
        if (exact ? n != bin * 8 : free_bin(n) != bin)
            problem(v, chunk, "in the wrong free list", bin);
        bytes += n;
        if (bytes > v->h->old_free_bytes) {
            problem(v, chunk, "free list without end", bin);
            break;
        }
    }
    return bytes;
}

static void verify_free_lists(struct verification *v) {
    const struct heap *h = v->h;
    const struct free_lists *f = h->free;
    uint64_t listed = 0, bump = f->bump_limit - f->bump;
    for (unsigned i = 0; i < FREE_EXACT_LISTS; i++) {
        if ((f->exact[i] != 0) != (f->exact_mask >> i & 1))
            problem(v, f->exact[i], "free list mask", i);
        listed += verify_list(v, f->exact[i], i, true);
    }
    for (unsigned i = 0; i < FREE_BINS; i++) {
        if ((f->bins[i] != 0) != (f->bin_mask[i / 64] >> (i % 64) & 1))
            problem(v, f->bins[i], "free bin mask", i);
        listed += verify_list(v, f->bins[i], i, false);
    }
    if (listed != v->free_bytes)
        problem(v, 0, "free bytes listed differ from those found", listed);
    if (listed + bump != h->old_free_bytes)
        problem(v, 0, "free bytes differ from the count", listed + bump);
    if (v->used_bytes != h->old_used_bytes)
        problem(v, 0, "used bytes differ from the count", v->used_bytes);
}

static void verify_class_table(struct verification *v) {
    struct heap *h = v->h;
    unsigned pages = class_table_pages(h);
    for (unsigned n = 0; n < pages; n++) {
        oop page = fetch_slot(h->hidden_roots, n);
        if (!is_start(h, page) || num_slots(page) != CLASS_TABLE_PAGE_SLOTS) {
            problem(v, page, "is no class table page", n);
            continue;
        }
        for (uint32_t i = 0; i < CLASS_TABLE_PAGE_SLOTS; i++) {
            oop class = fetch_slot(page, i);
            if (class == h->nil)
                continue;
            if (bad_oop(h, class) || !is_object(class) || is_forwarder(class)) {
                problem(v, class, "in the class table but no class", n << 10 | i);
                continue;
            }
            uint32_t hash = header_hash(header_of(class));
            if (n > 0 && (hash == 0 || heap_class_at(h, hash) != class))
                problem(v, class, "class is not in the table at its hash", hash);
        }
    }
}

static void verify_root(struct heap *h, oop *slot, void *arg) {
    if (*slot != 0 && bad_oop(h, *slot))
        problem(arg, *slot, "root refers to no object", (uint64_t)(uintptr_t)slot);
}

static void verify_remembered_set(struct verification *v) {
    const struct heap *h = v->h;
    for (size_t i = 0; i < h->remembered_count; i++) {
        oop o = h->remembered_set[i];
        if (!is_start(h, o) || is_young(h, o) || !bitmap_test(&h->remembered, o))
            problem(v, o, "wrongly in the remembered set", i);
    }
    /* Bits objects may be remembered when they were swapped with others. */
    if (v->remembered != h->remembered_count)
        problem(v, 0, "remembered bits differ from the set", v->remembered);
}

uint64_t heap_verify(struct heap *h, heap_report_fn *report, void *arg) {
    struct verification v = {.h = h, .report = report, .arg = arg};
    if (!open_starts(h)) {
        problem(&v, 0, "no memory to verify", 0);
        return v.problems;
    }
    if (!enter_all_starts(&v))
        return v.problems;
    verify_range(&v, h->perm_base, h->perm_limit);
    for (unsigned i = 0; i < h->segment_count; i++)
        verify_range(&v, h->segments[i].base, h->segments[i].limit);
    verify_range(&v, h->survivor[h->past], h->past_free);
    verify_range(&v, h->eden_base, h->eden_free);
    verify_free_lists(&v);
    verify_remembered_set(&v);
    verify_class_table(&v);
    verify_root(h, &h->special_objects, &v);
    mourners_each(h, verify_root, &v);
    if (h->hooks.each_root != NULL)
        h->hooks.each_root(h->hooks.owner, h, false, verify_root, &v);
    return v.problems;
}
