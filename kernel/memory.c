/*
 * memory.c - address space and memory of the arena.
 *
 * Reservations: small ones are packed from the start of the arena. Those of a
 * granule or more start at a stripe, whose first granule is there at the start
 * (abi.h), so that the first pages of each cost no call. Reservations without a
 * hint stay out of the gibibyte below the image, where the object memory wants
 * its new space, and out of the image; above the image only when nothing else
 * is left.
 *
 * Accounting: `charged` holds the spans that are committed, each page once
 * however often it was committed; kernel.committed is their sum and never
 * passes kernel.memory. Released pages are no longer counted, although the
 * program may touch them again without asking: it bounds that itself. Should the
 * table of spans be full, pages stay counted, or are counted without being
 * entered, until the next unreserve: too many rather than too few.
 */
#include "parts.h"
#include "spans.h"

#include <string.h>

#define NEW_SPACE (UINT64_C(1) << 30)
#define SPANS 1024

static struct span free_table[SPANS], charged_table[SPANS];
static struct spans free_space = {.span = free_table, .capacity = SPANS};
static struct spans charged = {.span = charged_table, .capacity = SPANS};
static uintptr_t image_end;    /* MOTE_IMAGE_BASE: no image */
static uintptr_t image_mapped; /* up to here the program wants the file's contents */

static size_t round_up(size_t size, size_t to) {
    return (size + to - 1) & ~(to - 1);
}

void memory_open(void) {
    uint64_t data = kernel.image_bytes > MOTE_PAGE ? kernel.image_bytes - MOTE_PAGE : 0;
    image_end = MOTE_IMAGE_BASE + round_up(data, MOTE_PAGE);
    if (kernel.arena_end <= MOTE_ARENA || image_end > kernel.arena_end)
        kernel_panic("the arena ends at 0x%llx, before the image's end",
                     (unsigned long long)kernel.arena_end);
    image_mapped = MOTE_IMAGE_BASE;
    free_space.count = charged.count = 0;
    spans_add(&free_space, MOTE_ARENA, kernel.arena_end);
}

/* ---- Reservations ---------------------------------------------------------------- */

static uintptr_t find_place(size_t size) {
    uintptr_t low_end = MOTE_IMAGE_BASE - NEW_SPACE;
    uintptr_t at = 0;
    if (size < MOTE_GRANULE) {
        at = spans_find(&free_space, size, PLATFORM_PAGE, MOTE_ARENA, low_end);
    } else {
        at = spans_find(&free_space, size, MOTE_STRIPE, MOTE_ARENA + MOTE_STRIPE, low_end);
        if (at == 0)
            at = spans_find(&free_space, size, MOTE_GRANULE, MOTE_ARENA, low_end);
    }
    return at != 0 ? at : spans_find(&free_space, size, MOTE_GRANULE, image_end, kernel.arena_end);
}

void *platform_reserve(struct platform *p, uintptr_t hint, size_t size) {
    (void)p;
    if (size == 0 || size > kernel.arena_end - MOTE_ARENA || hint % PLATFORM_PAGE != 0)
        return NULL;
    size = round_up(size, PLATFORM_PAGE);
    uintptr_t at = hint;
    if (hint == 0)
        at = find_place(size);
    else if (hint < MOTE_ARENA || hint >= kernel.arena_end || size > kernel.arena_end - hint ||
             spans_count(&free_space, hint, hint + size) != size)
        at = 0;
    if (at == 0 || !spans_remove(&free_space, at, at + size))
        return NULL;
    return (void *)at;
}

/* ---- Memory in them ---------------------------------------------------------------- */

/* Whole pages inside the arena? Answers their end, 0 if not. */
static uintptr_t checked_end(uintptr_t at, size_t size) {
    if (at % PLATFORM_PAGE != 0 || at < MOTE_ARENA || at > kernel.arena_end ||
        size > kernel.arena_end - at)
        return 0;
    return at + round_up(size, PLATFORM_PAGE);
}

static bool is_reserved(uintptr_t from, uintptr_t to) {
    return spans_count(&free_space, from, to) == 0;
}

static void uncharge(uintptr_t from, uintptr_t to) {
    size_t bytes = spans_count(&charged, from, to);
    if (spans_remove(&charged, from, to))
        kernel.committed -= bytes < kernel.committed ? bytes : kernel.committed;
}

static uintptr_t least(uintptr_t a, uintptr_t b) {
    return a < b ? a : b;
}

static uintptr_t most(uintptr_t a, uintptr_t b) {
    return a > b ? a : b;
}

/* All but the image's pages, which would show the file again. */
static void discard(uintptr_t from, uintptr_t to) {
    uintptr_t below = least(to, MOTE_IMAGE_BASE), above = most(from, image_end);
    if (from < below)
        kernel.door->discard(from, below - from);
    if (above < to)
        kernel.door->discard(above, to - above);
}

/* The image's pages in [from, to), where the file's contents are not wanted. */
static void clear_image(uintptr_t from, uintptr_t to) {
    from = most(from, MOTE_IMAGE_BASE);
    to = least(to, image_end);
    if (from < to)
        memset((void *)from, 0, to - from);
}

/* A program that reads the image instead of mapping it uses its place as memory:
 * fresh pages there must not show the file. */
static void clear_fresh_image(uintptr_t from, uintptr_t to) {
    from = most(from, image_mapped);
    to = least(to, image_end);
    for (; from < to; from += PLATFORM_PAGE)
        if (spans_count(&charged, from, from + PLATFORM_PAGE) == 0)
            clear_image(from, from + PLATFORM_PAGE);
}

void memory_image_mapped(uintptr_t end) {
    image_mapped = most(image_mapped, end);
}

int platform_commit(struct platform *p, void *base, size_t size) {
    (void)p;
    uintptr_t from = (uintptr_t)base, to = checked_end(from, size);
    if (size == 0)
        return 0;
    if (to == 0 || !is_reserved(from, to))
        return PLATFORM_EINVAL;
    size_t more = to - from - spans_count(&charged, from, to);
    if (more > kernel.memory || kernel.committed > kernel.memory - more)
        return PLATFORM_ENOMEM;
    int error = kernel.door->make_accessible(from, to - from);
    if (error != 0)
        return error;
    clear_fresh_image(from, to);
    spans_add(&charged, from, to);
    kernel.committed += more;
    return 0;
}

void platform_release(struct platform *p, void *base, size_t size) {
    (void)p;
    uintptr_t from = (uintptr_t)base, to = checked_end(from, size);
    if (size == 0 || to == 0 || !is_reserved(from, to))
        return;
    uncharge(from, to);
    discard(from, to);
    clear_image(from, to);
}

void platform_unreserve(struct platform *p, void *base, size_t size) {
    (void)p;
    uintptr_t from = (uintptr_t)base, to = checked_end(from, size);
    if (size == 0 || to == 0 || !is_reserved(from, to))
        return;
    uncharge(from, to);
    discard(from, to);
    /* The image's place is given away once: what was written there stays. A
     * range that the table has no room for is lost to later reservations. */
    if (image_end == MOTE_IMAGE_BASE || to <= MOTE_IMAGE_BASE || from >= image_end) {
        spans_add(&free_space, from, to);
        return;
    }
    if (from < MOTE_IMAGE_BASE)
        spans_add(&free_space, from, MOTE_IMAGE_BASE);
    if (to > image_end)
        spans_add(&free_space, image_end, to);
}

/* An eighth is left out: a program that plans by this needs more for a moment when
 * it tidies up, and must get it. */
uint64_t platform_memory_limit(struct platform *p) {
    (void)p;
    return kernel.memory - kernel.memory / 8;
}
