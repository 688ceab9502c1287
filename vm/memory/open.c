/*
 * open.c - the life of a heap: reservations, the image as permanent space, the
 * end. See heap.h for the layout.
 */
#include "gc.h"

/* Address space for old space: more than the limit, because segments of unequal
 * size leave gaps and a collection may pass the limit for a moment. */
static uint64_t old_window_bytes(uint64_t max_bytes) {
    return round_up(max_bytes + max_bytes / 2 + 256 * MIB, SEGMENT_GRAIN);
}

/* Leave the platform room for bitmaps and tables, which max_bytes does not count. */
static uint64_t default_limit(struct platform *p) {
    uint64_t limit = platform_memory_limit(p);
    return limit - min_u64(limit / 8, 16 * MIB);
}

static bool open_work(struct heap *h) {
    size_t bytes =
        (size_t)round_up(sizeof(struct gc_work) + sizeof(struct free_lists), PLATFORM_PAGE);
    void *base = platform_reserve(h->platform, 0, bytes);
    if (base == NULL)
        return false;
    if (platform_commit(h->platform, base, bytes) != 0) {
        platform_unreserve(h->platform, base, bytes);
        return false;
    }
    h->work = base;
    h->work->reserved = bytes;
    h->free = (struct free_lists *)(h->work + 1);
    return true;
}

static bool open_spaces(struct heap *h, uint64_t image_bytes, bool fixed) {
    uint64_t perm_window = round_up(max_u64(image_bytes, 1), SEGMENT_GRAIN);
    uint64_t old_window = old_window_bytes(h->max_bytes);
    h->window_bytes = (size_t)(HEAP_NEW_WINDOW + perm_window + old_window);
    uintptr_t hint = fixed ? HEAP_IMAGE_BASE - HEAP_NEW_WINDOW : 0;
    h->window = (uintptr_t)platform_reserve(h->platform, hint, h->window_bytes);
    if (h->window == 0)
        return false;
    h->new_base = h->window;
    h->survivor[0] = h->new_base;
    h->survivor[1] = h->new_base + SURVIVOR_WINDOW;
    h->eden_base = h->new_base + 2 * SURVIVOR_WINDOW;
    h->new_limit = h->perm_base = h->new_base + HEAP_NEW_WINDOW;
    h->perm_limit = h->perm_base + image_bytes;
    h->old_base = h->old_limit = h->perm_base + perm_window;
    h->old_end_of_window = h->window + h->window_bytes;
    uint64_t covered = perm_window + old_window;
    return bitmap_reserve(h, &h->marks, h->perm_base, covered) &&
           bitmap_reserve(h, &h->remembered, h->perm_base, covered) &&
           bitmaps_cover(h, h->old_base);
}

static bool open_new_space(struct heap *h) {
    h->past = 0;
    h->past_free = h->survivor[0];
    h->eden_limit = h->eden_soft = h->eden_free = h->eden_base;
    uint64_t eden = h->config.eden_bytes != 0 ? h->config.eden_bytes : EDEN_DEFAULT_BYTES;
    eden = min_u64(round_up(max_u64(eden, 64 * KIB), 2 * PLATFORM_PAGE), EDEN_WINDOW / 2);
    eden_resize(h, eden);
    return h->survivor_bytes != 0;
}

int heap_open(struct heap *h, struct platform *platform, const struct heap_config *config,
              const struct heap_hooks *hooks, uint64_t image_bytes, bool fixed) {
    memset(h, 0, sizeof *h);
    h->platform = platform;
    if (config != NULL)
        h->config = *config;
    if (hooks != NULL)
        h->hooks = *hooks;
    h->stress = h->config.stress;
    h->max_bytes = h->config.max_bytes != 0 ? h->config.max_bytes : default_limit(platform);
    if (image_bytes > (UINT64_C(1) << 46) || h->max_bytes > (UINT64_C(1) << 45) || !open_work(h) ||
        !open_spaces(h, image_bytes, fixed) || !open_new_space(h)) {
        heap_close(h);
        return PLATFORM_ENOMEM;
    }
    return 0;
}

/* The image data may still end with the bridge that closes a segment. */
static void strip_bridge(struct heap *h) {
    if (h->perm_limit - h->perm_base < 16)
        return;
    uint64_t last = *(uint64_t *)(h->perm_limit - 8);
    if (header_slots(last) == HDR_OVERFLOW_SLOTS && header_class(last) == CLASS_INDEX_BRIDGE &&
        *(uint64_t *)(h->perm_limit - 16) >> HDR_SLOTS_SHIFT == HDR_OVERFLOW_SLOTS)
        h->perm_limit -= 16;
}

void heap_adopt(struct heap *h, oop special_objects, uint32_t last_hash) {
    strip_bridge(h);
    h->nil = object_at_start(h->perm_base);
    h->false_ = object_at_start(object_end(h->nil));
    h->true_ = object_at_start(object_end(h->false_));
    oop free_list_object = object_at_start(object_end(h->true_));
    h->hidden_roots = object_at_start(object_end(free_list_object));
    h->class_table_page0 = fetch_slot(h->hidden_roots, 0);
    /* The slots after the class table pages are stacks and queues of the VM that
     * wrote the image. */
    uint64_t slots = num_slots(h->hidden_roots);
    for (uint64_t i = CLASS_TABLE_ROOTS; i < slots; i++) {
        if (fetch_slot(h->hidden_roots, i) != h->nil)
            put_slot(h->hidden_roots, i, h->nil);
    }
    h->special_objects = special_objects;
    h->last_hash = last_hash;
    h->class_table_hint = CLASS_TABLE_PAGE_SLOTS;
    h->perm_marks_valid = false;
    h->full_collect_threshold = max_u64(16 * MIB, (h->perm_limit - h->perm_base) / 2);
    h->tenure_age = AGE_BITS;
    h->work->last_scavenge_end_ns = platform_monotonic_ns(h->platform);
}

void heap_close(struct heap *h) {
    struct gc_work *w = h->work;
    if (w != NULL) {
        vector_free(h, &w->tenured);
        vector_free(h, &w->weak);
        vector_free(h, &w->ephemerons);
        vector_free(h, &w->mark_stack);
        bitmap_unreserve(h, &w->old_starts);
        bitmap_unreserve(h, &w->young_starts);
        if (w->class_used != NULL)
            platform_unreserve(h->platform, w->class_used, CLASS_USED_BYTES);
        table_free(h->platform, w->evacuated, w->evacuated_capacity, 1);
        table_free(h->platform, h->segments, w->segment_capacity, sizeof *h->segments);
        table_free(h->platform, h->remembered_set, h->remembered_capacity, sizeof(oop));
        table_free(h->platform, h->mourners, h->mourner_capacity, sizeof(oop));
        bitmap_unreserve(h, &h->marks);
        bitmap_unreserve(h, &h->remembered);
        if (h->window != 0)
            platform_unreserve(h->platform, (void *)h->window, h->window_bytes);
        platform_unreserve(h->platform, w, w->reserved);
    }
    memset(h, 0, sizeof *h);
}
