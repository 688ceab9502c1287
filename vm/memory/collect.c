/*
 * collect.c - when to collect, and the order of a full collection: tenure all,
 * mark, weak things, classes, sweep, compact, give back.
 */
#include "gc.h"

#define STRESS_FULL_EVERY 8u
/* Free ranges worth giving back, when the program asks and when it does not. */
#define RELEASE_ASKED_BYTES (UINT64_C(256) * KIB)
#define RELEASE_BYTES (16 * MIB)

/* How much old space may grow before the next full collection. */
static uint64_t next_threshold(const struct heap *h) {
    uint64_t live = h->perm_limit - h->perm_base + h->old_used_bytes;
    uint64_t growth = max_u64(16 * MIB, live / 2);
    growth = min_u64(growth, heap_bytes_left(h) / 2);
    return h->old_used_bytes + max_u64(growth, 256 * KIB);
}

/* Release the pages inside large free chunks. */
static void release_large_chunks(struct heap *h, uint64_t min_bytes) {
    for (unsigned bin = free_bin(min_bytes); bin < FREE_BINS; bin++) {
        for (oop chunk = h->free->bins[bin]; chunk != 0; chunk = fetch_slot(chunk, 0)) {
            uintptr_t from = round_up(chunk + 16, PLATFORM_PAGE);
            uintptr_t to = object_end(chunk) / PLATFORM_PAGE * PLATFORM_PAGE;
            if (to > from)
                platform_release(h->platform, (void *)from, to - from);
        }
    }
}

static bool open_class_used(struct heap *h) {
    struct gc_work *w = h->work;
    if (w->class_used != NULL)
        return true;
    void *bits = platform_reserve(h->platform, 0, CLASS_USED_BYTES);
    if (bits == NULL)
        return false;
    if (platform_commit(h->platform, bits, CLASS_USED_BYTES) != 0) {
        platform_unreserve(h->platform, bits, CLASS_USED_BYTES);
        return false;
    }
    w->class_used = bits;
    return true;
}

/* `asked`: the program wants memory given back, not just room to go on. */
static void full_collect(struct heap *h, bool asked) {
    struct gc_work *w = h->work;
    if (h->hooks.before_full_collection != NULL)
        h->hooks.before_full_collection(h->hooks.owner);
    uint64_t started = platform_monotonic_ns(h->platform);
    h->collect_wanted = w->full_wanted = false;
    heap_tenure_all(h);
    if (h->past_free != h->survivor[h->past])
        heap_exhausted(h);
    remembered_clear(h);
    if (!open_class_used(h))
        heap_exhausted(h);
    mark_everything(h);
    bool classes_changed = class_table_expunge(h);
    if (h->hooks.each_weak_root != NULL)
        h->hooks.each_weak_root(h->hooks.owner, h, mark_survivor);
    h->perm_marks_valid = true;
    h->forwarders_exist = false;
    sweep_and_compact(h, asked ? 0 : 16 * MIB);
    release_large_chunks(h, asked ? RELEASE_ASKED_BYTES : RELEASE_BYTES);
    eden_reset(h);
    if (asked)
        eden_release(h);
    h->full_collect_threshold = next_threshold(h);
    h->stats.full_collections++;
    w->last_scavenge_end_ns = platform_monotonic_ns(h->platform);
    h->stats.full_us += (w->last_scavenge_end_ns - started) / 1000;
    if (classes_changed && h->hooks.classes_changed != NULL)
        h->hooks.classes_changed(h->hooks.owner);
    if (w->weak_died && h->hooks.mourners_waiting != NULL)
        h->hooks.mourners_waiting(h->hooks.owner);
}

/* Images name a threshold that suits a heap growing by kilobytes. Here a whole
 * eden may be tenured between two looks, and the image needs room to react. */
static bool below_low_space(const struct heap *h) {
    uint64_t reserve = 2 * (h->eden_limit - h->eden_base) + h->max_bytes / 16;
    return h->low_space_threshold != 0 && heap_bytes_left(h) < h->low_space_threshold + reserve;
}

static void report_problem(void *arg, const char *line) {
    struct heap *h = arg;
    if (h->work->problems_shown++ < 20) {
        platform_console_write(h->platform, 2, line, strlen(line));
        platform_console_write(h->platform, 2, "\n", 1);
    }
}

static void verify_under_stress(struct heap *h) {
    h->work->problems_shown = 0;
    if (h->stress != 0 && heap_verify(h, report_problem, h) != 0)
        __builtin_trap();
}

void heap_full_collect(struct heap *h) {
    full_collect(h, true);
    verify_under_stress(h);
}

/* Is a full collection due, besides what stress mode wants? */
static bool full_due(const struct heap *h) {
    const struct gc_work *w = h->work;
    return w->full_wanted || h->old_used_bytes > h->full_collect_threshold ||
           (below_low_space(h) && !w->low_space_collected);
}

static void note_low_space(struct heap *h) {
    struct gc_work *w = h->work;
    if (!below_low_space(h)) {
        w->low_space_collected = false;
    } else if (!w->low_space_collected) {
        w->low_space_collected = true;
        h->low_space = true;
    }
}

void heap_collect(struct heap *h) {
    struct gc_work *w = h->work;
    h->collect_wanted = false;
    if (h->stress != 0 && ++w->collections % STRESS_FULL_EVERY == 0) {
        full_collect(h, w->collections % (2 * STRESS_FULL_EVERY) == 0);
    } else {
        heap_scavenge(h);
        if (full_due(h))
            full_collect(h, false);
    }
    note_low_space(h);
    verify_under_stress(h);
}
