/*
 * gc.h - what the files of vm/memory/ share and nobody else sees: spaces, side
 * bitmaps, growable tables, free lists, the collector's working storage.
 *
 * Where to look: scavenge.c (young), tenure.c (its policy), mark.c, weak.c,
 * sweep.c, compact.c, collect.c (full collections and when they run).
 *
 * Errors: functions named table_*, vector_* and old_* answer false or 0 without
 * memory; vector_push and heap_exhausted do not return in that case.
 */
#ifndef MOTE_MEMORY_GC_H
#define MOTE_MEMORY_GC_H

#include "heap.h"

#define KIB UINT64_C(1024)
#define MIB (UINT64_C(1024) * KIB)

/* Segments are multiples of this, measured from perm_base: one page of a side
 * bitmap covers exactly that much. */
#define SEGMENT_GRAIN (UINT64_C(64) * PLATFORM_PAGE)
#define SEGMENT_MIN_BYTES MIB
#define SEGMENT_MAX_BYTES (UINT64_C(4) * MIB)   /* but for larger objects */
#define LARGE_OBJECT_BYTES (UINT64_C(64) * KIB) /* larger ones are born in old space */
#define MAX_SLOTS (UINT64_C(1) << 40)
#define CLASS_USED_BYTES ((size_t)(CLASS_TABLE_ROOTS * CLASS_TABLE_PAGE_SLOTS / 8))

/* The new window: a quarter for each survivor space, the rest for eden. */
#define SURVIVOR_WINDOW (HEAP_NEW_WINDOW / 4)
#define EDEN_WINDOW (HEAP_NEW_WINDOW / 2)
#define EDEN_DEFAULT_BYTES MIB
#define EDEN_MAX_BYTES (UINT64_C(8) * MIB)

static inline uint64_t round_up(uint64_t n, uint64_t to) {
    return (n + to - 1) / to * to;
}
static inline uint64_t min_u64(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}
static inline uint64_t max_u64(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

/* ---- Tables in reservations of their own (table.c) ----------------------------- */

struct vector {
    oop *items;
    size_t count, capacity;
};

/* Make room for at least `wanted` elements of `size` bytes; contents are kept,
 * new room reads as zero. */
bool table_grow(struct platform *p, void **items, size_t *capacity, size_t wanted, size_t size);
void table_free(struct platform *p, void *items, size_t capacity, size_t size);
bool vector_grow(struct heap *h, struct vector *v);
void vector_free(struct heap *h, struct vector *v);
/* hooks.exhausted, or a trap. */
_Noreturn void heap_exhausted(struct heap *h);

static inline void vector_push(struct heap *h, struct vector *v, oop o) {
    if (v->count == v->capacity && !vector_grow(h, v))
        heap_exhausted(h);
    v->items[v->count++] = o;
}

/* ---- Free lists of old space (freelist.c) ---------------------------------------
 * A free chunk has class index 0 and a slot count that covers it; slot 0 links
 * to the next chunk of its list. Chunks below FREE_EXACT_LISTS * 8 bytes are
 * listed by exact size, larger ones in bins, four to a power of two. Most
 * allocation bumps a pointer through one large chunk; what is left of that
 * chunk is in no list and has no header, so walkers skip it. */

#define FREE_EXACT_LISTS 64u
#define FREE_BINS 128u

struct free_lists {
    uintptr_t bump, bump_limit;
    uint64_t exact_mask; /* bit n: exact[n] is not empty */
    uint64_t bin_mask[FREE_BINS / 64];
    oop exact[FREE_EXACT_LISTS]; /* chunks of 8 * index bytes */
    oop bins[FREE_BINS];
};

enum old_purpose { OLD_FOR_PROGRAM, OLD_FOR_COLLECTOR };

/* First byte of `bytes` of old space, or 0. A collector may pass the limit. */
uintptr_t old_allocate(struct heap *h, uint64_t bytes, enum old_purpose purpose);
/* Guarantee that allocations of together `bytes` will succeed. */
bool old_ensure(struct heap *h, uint64_t bytes, enum old_purpose purpose);
void free_lists_clear(struct heap *h);
/* Make [start, start + bytes) a listed free chunk (counted as free). */
void free_chunk(struct heap *h, uintptr_t start, uint64_t bytes);
/* Fill the bytes between bump and bump_limit with a listed chunk. */
void free_retire_bump(struct heap *h);
unsigned free_bin(uint64_t bytes);

/* ---- Segments (segment.c) --------------------------------------------------------- */

bool segment_add(struct heap *h, uint64_t bytes, enum old_purpose purpose);
uint64_t old_bytes_left(const struct heap *h);
/* Give segment `i`, which must be free, back to the platform. */
void segment_remove(struct heap *h, unsigned i);
/* Index of the segment that holds `o`, or segment_count. */
unsigned segment_of(const struct heap *h, uintptr_t o);

/* ---- Working storage ----------------------------------------------------------------- */

struct gc_work {
    /* Scavenge: where survivors go. */
    uintptr_t future_base, future_free, future_limit;
    uint64_t tenure_age;    /* of this scavenge */
    uint64_t age_bytes[8];  /* survivors by age */
    uint64_t tenured_bytes; /* by this scavenge */
    bool future_overflowed;
    bool weak_died;        /* signal finalisation */
    struct vector tenured; /* tenured, slots not scanned yet */

    /* Both collectors. */
    struct vector weak, ephemerons;

    /* Mark. */
    struct vector mark_stack;
    size_t mark_limit; /* tests: capacity at which the stack overflows; 0 none */
    bool mark_overflowed;
    size_t weak_traced;  /* weak objects whose strong slots are traced */
    uint8_t *class_used; /* one bit per class index */

    /* Policy. */
    bool full_wanted;
    bool low_space_collected; /* a full collection has run since low space began */
    uint64_t last_scavenge_end_ns;
    uint64_t scavenge_ns, mutator_ns; /* decaying sums */
    unsigned scavenges_in_size;       /* since eden was resized */
    uint64_t collections;             /* stress mode */
    unsigned problems_shown;

    /* Tables. */
    size_t segment_capacity;
    size_t bitmap_committed; /* bytes, of each side bitmap */
    size_t reserved;         /* bytes of this structure's own reservation */

    /* Compaction: one byte per SEGMENT_GRAIN of old space, 1: being evacuated. */
    uint8_t *evacuated;
    size_t evacuated_capacity;

    /* Verification: one bit per object start. */
    struct bitmap old_starts, young_starts;
    size_t starts_committed;
    bool perm_starts_valid;
};

/* ---- Side bitmaps (bitmap.c) ------------------------------------------------------------ */

static inline uint64_t *bitmap_word(const struct bitmap *b, uintptr_t at) {
    return (uint64_t *)(void *)b->bits + ((at - b->base) >> 9);
}
static inline uint64_t bitmap_bit(const struct bitmap *b, uintptr_t at) {
    return UINT64_C(1) << ((at - b->base) >> 3 & 63);
}
static inline bool bitmap_test(const struct bitmap *b, uintptr_t at) {
    return (*bitmap_word(b, at) & bitmap_bit(b, at)) != 0;
}
static inline void bitmap_set(const struct bitmap *b, uintptr_t at) {
    *bitmap_word(b, at) |= bitmap_bit(b, at);
}
static inline void bitmap_clear(const struct bitmap *b, uintptr_t at) {
    *bitmap_word(b, at) &= ~bitmap_bit(b, at);
}
/* First set address in [from, to), or `to`. */
uintptr_t bitmap_next(const struct bitmap *b, uintptr_t from, uintptr_t to);
void bitmap_clear_range(const struct bitmap *b, uintptr_t from, uintptr_t to);
bool bitmap_reserve(struct heap *h, struct bitmap *b, uintptr_t base, uint64_t covered);
void bitmap_unreserve(struct heap *h, struct bitmap *b);
/* Commit mark and remembered bits for addresses below `limit`. */
bool bitmaps_cover(struct heap *h, uintptr_t limit);

/* ---- Where an object is ------------------------------------------------------------------- */

static inline bool in_new_window(const struct heap *h, oop v) {
    return v - h->new_base < HEAP_NEW_WINDOW;
}
static inline bool in_old_space(const struct heap *h, oop v) {
    return v - h->old_base < h->old_limit - h->old_base;
}
static inline bool in_perm(const struct heap *h, oop v) {
    return v - h->perm_base < h->perm_limit - h->perm_base;
}
static inline bool perm_dead(const struct heap *h, oop o) {
    return h->perm_marks_valid && in_perm(h, o) && !bitmap_test(&h->marks, o);
}

static inline void set_hash(oop o, uint32_t hash) {
    set_header(o, (header_of(o) & ~HDR_HASH_MASK) | (uint64_t)hash << HDR_HASH_SHIFT);
}

/* ---- Slots that hold oops (slots.c) -------------------------------------------------------- */

/* All of them, weak ones included; a context's by hooks.context_slots. */
uint64_t pointer_slots(struct heap *h, oop o);
/* Of a weak object: those that keep their referents. */
uint64_t strong_slots(struct heap *h, oop weak);

/* ---- Collector parts --------------------------------------------------------------------------
 */

/* Ages of young objects (tenure.c): 0, remembered, grey, both. */
#define AGE_BITS (HDR_REMEMBERED | HDR_GREY)
static inline uint64_t age_after(uint64_t age) {
    return ((age | HDR_GREY >> 1) + HDR_REMEMBERED) & AGE_BITS;
}
static inline unsigned age_index(uint64_t age) {
    return (unsigned)(age >> 29) & 7;
}

static inline bool in_future(const struct gc_work *w, oop v) {
    return v - w->future_base < SURVIVOR_WINDOW;
}
/* A young object that has not been copied (any oop). */
static inline bool in_from_space(const struct heap *h, const struct gc_work *w, oop v) {
    return is_object(v) && in_new_window(h, v) && !in_future(w, v);
}

void scavenge(struct heap *h, uint64_t tenure_age);
/* Forward the slots [p, end). True when any refers to a young object. */
bool scavenge_range(struct heap *h, struct gc_work *w, oop *p, oop *end);
/* As for other objects, but what they hold weakly waits (scavenge_weak.c). */
bool scavenge_weak(struct heap *h, struct gc_work *w, oop o);
bool scavenge_ephemeron(struct heap *h, struct gc_work *w, oop o);
/* Let go on, or else fire, the ephemerons that wait. False: none did. */
bool scavenge_ephemerons_left(struct heap *h, struct gc_work *w);
/* Nil or update the weak slots of the weak objects that wait. */
void scavenge_weak_left(struct heap *h, struct gc_work *w);
/* The new oop of a survivor (or of an object that is not young), 0 for the dead. */
oop scavenge_survivor(struct heap *h, oop o);
void tenure_adapt(struct heap *h);
void eden_adapt(struct heap *h, uint64_t scavenge_ns, uint64_t mutator_ns);
uint64_t eden_max(const struct heap *h);
void eden_resize(struct heap *h, uint64_t bytes);
void eden_reset(struct heap *h);
void eden_release(struct heap *h);

void mark_everything(struct heap *h);
void mark_weak_and_ephemerons(struct heap *h);
oop mark_survivor(struct heap *h, oop o);
/* Nil the entries of dead classes; true when there were any. */
bool class_table_expunge(struct heap *h);
unsigned class_table_pages(const struct heap *h);

struct segment_census {
    uint64_t live_bytes;
    bool pinned;
};
/* Rebuild the free lists from the mark bits. `census` may be NULL; sweep's has
 * segment_count entries. */
void sweep(struct heap *h, struct segment_census *census);
void sweep_segment(struct heap *h, unsigned i, struct segment_census *census);
/* Sweep, give back free segments beyond `keep_bytes`, and evacuate sparse ones
 * where that pays. */
void sweep_and_compact(struct heap *h, uint64_t keep_bytes);

void mourner_queue(struct heap *h, oop o);
void mourner_queue_weak(struct heap *h, oop o);
void mourners_each(struct heap *h, heap_slot_fn *visit, void *arg);

void remembered_clear(struct heap *h);
void follow_roots(struct heap *h);
/* Turn `from` into a forwarder to `to` (any oop). */
void become_forward(struct heap *h, oop from, oop to);
void class_table_put(struct heap *h, uint32_t index, oop class);
void class_table_follow(struct heap *h);

/* Walk [start, limit) of old or new space. The object at `start` or after it:
 * skips the unused rest of the bump chunk. 0 at the end. Any object, free
 * chunks included. */
oop walk_from(const struct heap *h, uintptr_t start, uintptr_t limit);

#endif
