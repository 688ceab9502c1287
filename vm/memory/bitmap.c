/*
 * bitmap.c - side bitmaps: one bit for every 8 bytes of object memory.
 */
#include "gc.h"

bool bitmap_reserve(struct heap *h, struct bitmap *b, uintptr_t base, uint64_t covered) {
    size_t bytes = (size_t)round_up((covered + 63) / 64, PLATFORM_PAGE);
    b->bits = platform_reserve(h->platform, 0, bytes);
    b->base = base;
    b->bytes = b->bits == NULL ? 0 : bytes;
    return b->bits != NULL;
}

void bitmap_unreserve(struct heap *h, struct bitmap *b) {
    if (b->bits != NULL)
        platform_unreserve(h->platform, b->bits, b->bytes);
    *b = (struct bitmap){0};
}

bool bitmaps_cover(struct heap *h, uintptr_t limit) {
    size_t want = (size_t)round_up((limit - h->marks.base + 63) / 64, PLATFORM_PAGE);
    size_t have = h->work->bitmap_committed;
    if (want > h->marks.bytes)
        want = h->marks.bytes;
    if (want <= have)
        return true;
    if (platform_commit(h->platform, h->marks.bits + have, want - have) != 0 ||
        platform_commit(h->platform, h->remembered.bits + have, want - have) != 0)
        return false;
    h->work->bitmap_committed = want;
    return true;
}

uintptr_t bitmap_next(const struct bitmap *b, uintptr_t from, uintptr_t to) {
    if (from >= to)
        return to;
    const uint64_t *words = (const uint64_t *)(const void *)b->bits;
    uint64_t i = (from - b->base) >> 3, end = (to - b->base + 7) >> 3;
    uint64_t word = words[i >> 6] & (~UINT64_C(0) << (i & 63));
    i &= ~UINT64_C(63);
    while (word == 0) {
        i += 64;
        if (i >= end)
            return to;
        word = words[i >> 6];
    }
    i += (unsigned)__builtin_ctzll(word);
    return i < end ? b->base + i * 8 : to;
}

void bitmap_clear_range(const struct bitmap *b, uintptr_t from, uintptr_t to) {
    uint64_t *words = (uint64_t *)(void *)b->bits;
    uint64_t i = (from - b->base) >> 3, end = (to - b->base + 7) >> 3;
    while (i < end && (i & 63) != 0) {
        words[i >> 6] &= ~(UINT64_C(1) << (i & 63));
        i++;
    }
    if (i < end)
        memset(&words[i >> 6], 0, (size_t)((end - i) >> 6) * 8);
    for (i = i < (end & ~UINT64_C(63)) ? end & ~UINT64_C(63) : i; i < end; i++)
        words[i >> 6] &= ~(UINT64_C(1) << (i & 63));
}
