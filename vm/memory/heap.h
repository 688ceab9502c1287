/*
 * heap.h - the object memory: spaces, allocation, write barrier, class table,
 * collector, become, enumeration. One `struct heap` per VM, no globals.
 *
 * Errors: functions that allocate return 0 (never a valid oop) when memory is
 * exhausted; nothing else here fails unless it says so.
 *
 * Moving: allocation never collects and never moves an object. When eden is
 * full, objects overflow to old space and `collect_wanted` is set; the program
 * calls heap_collect() at its next safe point, with every live oop reachable
 * from its root visitor. C code may therefore hold oops across allocations,
 * but not across heap_collect/heap_scavenge/heap_full_collect or heap_become.
 *
 * Spaces, in one reservation, from low to high addresses (so that "young" is
 * one comparison):
 *
 *   [new_base, new_limit)     survivor A, survivor B, eden
 *   [perm_base, perm_limit)   the mapped image: permanent space, never moved,
 *                             never swept, copy-on-write
 *   [old_base, old_limit)     tenured and large objects, in segments of
 *                             committed memory; swept and compacted
 *
 * Mark and remembered bits of permanent and old space are in side bitmaps, one
 * bit per 8 bytes. In young objects the header's remembered and grey bits hold
 * the age (tenure.c); tenured objects have them clear. Model: SpurMemoryManager,
 * SpurGenerationScavenger, SpurSelectiveCompactor.
 */
#ifndef MOTE_MEMORY_HEAP_H
#define MOTE_MEMORY_HEAP_H

#include "mote/platform.h"
#include "../object/format.h"

struct heap;
struct free_lists; /* vm/memory/freelist.c */

typedef void heap_slot_fn(struct heap *h, oop *slot, void *arg);
typedef void heap_object_fn(struct heap *h, oop object, void *arg);
/* One line of a verification report. */
typedef void heap_report_fn(void *arg, const char *line);

/* What the owner of the heap (the interpreter) supplies. `owner` is passed back. */
struct heap_hooks { /* each may be NULL (no roots, all slots) */
    void *owner;
    /* Call visit on every root slot (stack zone, registers, caches); the slot
     * may be rewritten, and may hold 0. `young_only`: slots known to hold no young oop may be
     * skipped. */
    void (*each_root)(void *owner, struct heap *h, bool young_only, heap_slot_fn *visit, void *arg);
    /* Slots that do not keep their object alive (e.g. the code table's method
     * oops). `survivor` answers the new oop or 0 for a dead one; called after
     * every scavenge and full collection. */
    void (*each_weak_root)(void *owner, struct heap *h, oop (*survivor)(struct heap *h, oop o));
    /* A full collection is about to start (allocation is allowed here). */
    void (*before_full_collection)(void *owner);
    /* For each live context object (scavenge, mark, verify, save), before its slots are
     * visited: how many slots to trace (stale slots beyond the stack pointer
     * and frame pointers of married contexts are not oops). */
    uint64_t (*context_slots)(void *owner, oop context);
    /* Mourners were queued: signal the finalisation semaphore. */
    void (*mourners_waiting)(void *owner);
    /* Class indices were freed or changed, become happened, or old objects moved:
     * flush caches keyed by class index or oop. */
    void (*classes_changed)(void *owner);
    /* No memory in the middle of a collection or for the collector's own tables:
     * the heap cannot go on. Must not return (NULL: trap). */
    void (*exhausted)(void *owner);
};

struct heap_config {
    uint64_t max_bytes;  /* limit of new + old space; 0: the platform's limit */
    uint64_t eden_bytes; /* fixed size of eden; 0: adaptive */
    uint64_t stress;     /* MOTE_GC_STRESS: collect at every nth allocation; 0 off */
};

struct heap_stats {
    uint64_t scavenges, full_collections, compactions;
    uint64_t scavenge_us, full_us, compaction_us; /* summed */
    uint64_t tenured_objects, tenured_bytes;
    uint64_t allocated_bytes; /* eden bytes of past scavenges plus old allocations */
    uint64_t grown_bytes, shrunk_bytes;
    uint64_t last_scavenge_survivor_bytes;
};

struct segment {
    uintptr_t base, limit;
}; /* limit: end of committed memory */

struct bitmap { /* one bit per 8 bytes of [base, base + 8 * 8 * bytes) */
    uint8_t *bits;
    uintptr_t base;
    size_t bytes;
};

/* Which class indices the objects of permanent space have, so that a search for
 * instances need not walk an image of any size in vain. Bit index % CLASS_SET_BITS;
 * a class's own index counts for its instances with an older index too. A bit too
 * many costs a walk; `known` false: any. */
#define CLASS_SET_BITS 31616u
struct class_set {
    bool known;
    uint8_t bits[CLASS_SET_BITS / 8];
};
static inline void class_set_add(struct class_set *s, uint32_t index) {
    s->bits[index % CLASS_SET_BITS / 8] |= (uint8_t)(1u << (index % CLASS_SET_BITS % 8));
}
static inline bool class_set_has(const struct class_set *s, uint32_t index) {
    return !s->known || (s->bits[index % CLASS_SET_BITS / 8] >> (index % CLASS_SET_BITS % 8) & 1);
}

struct heap {
    /* The fast paths use these first. */
    uintptr_t eden_free;    /* next object's start */
    uintptr_t eden_soft;    /* allocation beyond this wants a collection */
    uintptr_t new_limit;    /* an object below this is young */
    oop nil, false_, true_; /* never move */
    oop special_objects, hidden_roots;
    oop class_table_page0;
    bool collect_wanted;   /* call heap_collect() at the next safe point */
    bool forwarders_exist; /* since the last full collection */
    bool low_space;        /* below low_space_threshold; cleared by the program */
    bool new_finalization; /* image flag: weak objects that lose an element become mourners;
                              without it they only signal mourners_waiting */

    uintptr_t new_base;
    uintptr_t survivor[2], survivor_bytes; /* bases and size of each */
    unsigned past;                         /* the survivor space that holds objects */
    uintptr_t past_free;
    uintptr_t eden_base, eden_limit;

    uintptr_t perm_base, perm_limit;
    uintptr_t old_base, old_limit, old_end_of_window;
    struct segment *segments; /* in address order */
    unsigned segment_count;
    struct free_lists *free;
    uint64_t old_used_bytes, old_free_bytes;
    uint64_t full_collect_threshold; /* old_used_bytes that starts a full collection */
    uint64_t low_space_threshold, max_bytes;

    struct bitmap marks;      /* permanent space's part stays valid between collections */
    struct bitmap remembered; /* membership in remembered_set */
    bool perm_marks_valid;    /* a full collection has run: unmarked permanent objects are dead */
    struct class_set perm_classes; /* until become or a change of class; filled by the loader */
    oop *remembered_set;
    size_t remembered_count, remembered_capacity;

    uint32_t last_hash;        /* pseudo-random state of identity hashes */
    uint32_t class_table_hint; /* where to look for a free class index */
    uint64_t tenure_age;       /* survivors of this age are tenured (see tenure.c) */

    oop *mourners; /* queue of ephemerons and weak objects */
    size_t mourner_first, mourner_count, mourner_capacity;

    uint64_t stress, stress_count;
    struct heap_hooks hooks;
    struct heap_config config;
    struct heap_stats stats;
    struct platform *platform;
    struct gc_work *work; /* scratch of the collector: mark stack, weak lists */
    uintptr_t window;     /* the whole reservation */
    size_t window_bytes;
};

/* The fixed base address of canonical images. Below it lies new space. Chosen
 * inside 47 bits, above everything a small-model ELF maps and outside ASan's
 * shadow. */
#define HEAP_IMAGE_BASE UINT64_C(0x200000000000)
#define HEAP_NEW_WINDOW (UINT64_C(1) << 30) /* reserved below the image */

/* ---- Life ------------------------------------------------------------------
 * heap_open reserves address space so that `image_bytes` of image data lie at
 * heap->perm_base (HEAP_IMAGE_BASE if `fixed`, anywhere otherwise) and commits
 * new space. The caller then places the image data there (maps the file, or
 * commits and copies) and calls heap_adopt. PLATFORM_ENOMEM on failure, with
 * nothing kept. */
int heap_open(struct heap *h, struct platform *platform, const struct heap_config *config,
              const struct heap_hooks *hooks, uint64_t image_bytes, bool fixed);
/* The image data lie in place, pointers valid at that address, one segment
 * without bridge, first objects nil, false, true, free lists, hidden roots. */
void heap_adopt(struct heap *h, oop special_objects, uint32_t last_hash);
void heap_close(struct heap *h);

/* ---- Tests and barrier ------------------------------------------------------ */

static inline bool is_young(const struct heap *h, oop o) {
    return is_object(o) && o < h->new_limit;
}

void heap_remember(struct heap *h, oop object);

static inline void heap_store(struct heap *h, oop object, uint64_t i, oop value) {
    if (object >= h->new_limit && is_object(value) && value < h->new_limit)
        heap_remember(h, object);
    put_slot(object, i, value);
}

/* ---- Allocation --------------------------------------------------------------
 * All answer an object with hash 0 whose slots are filled as said, or 0. */

/* Room for the object in eden (old space when large or eden is full); slots
 * hold garbage and must be filled before the next safe point. The header, its
 * overflow word included, is written. */
oop heap_allocate_slow(struct heap *h, uint64_t slots, unsigned format, uint32_t class_index);

static inline oop heap_allocate(struct heap *h, uint64_t slots, unsigned format,
                                uint32_t class_index) {
    uintptr_t start = h->eden_free;
    if (slots < HDR_OVERFLOW_SLOTS) {
        uintptr_t end = start + object_bytes_for(slots);
        if (end <= h->eden_soft) { /* stress mode keeps eden_soft at 0 */
            h->eden_free = end;
            set_header(start, make_header(slots, format, class_index));
            return start;
        }
    }
    return heap_allocate_slow(h, slots, format, class_index);
}

oop heap_new_pointers(struct heap *h, uint64_t slots, unsigned format,
                      uint32_t class_index); /* nil-filled */
oop heap_new_bits(struct heap *h, uint64_t slots, unsigned format,
                  uint32_t class_index); /* zero-filled */
oop heap_new_bytes(struct heap *h, uint64_t bytes,
                   uint32_t class_index);                           /* byte object, zero-filled */
oop heap_new_string(struct heap *h, const char *data, size_t size); /* ByteString */
oop heap_new_float(struct heap *h, double d); /* SmallFloat where it fits, else boxed */
/* As above, in old space and never moved. */
oop heap_allocate_old(struct heap *h, uint64_t slots, unsigned format, uint32_t class_index,
                      bool pinned);

enum heap_instantiate {
    HEAP_INSTANTIATE_NEW = 0,
    HEAP_INSTANTIATE_OLD = 1,
    HEAP_INSTANTIATE_PINNED = 2,
};
/* basicNew and basicNew: on a class. `*error` says why 0 was answered:
 * HEAP_BAD_RECEIVER (not instantiable that way), HEAP_BAD_ARGUMENT, HEAP_NO_MEMORY. */
enum heap_error {
    HEAP_OK = 0,
    HEAP_BAD_RECEIVER,
    HEAP_BAD_ARGUMENT,
    HEAP_NO_MEMORY,
    HEAP_INAPPROPRIATE,
    HEAP_READ_ONLY,
    HEAP_PINNED,
};
oop heap_instantiate(struct heap *h, oop class, uint64_t indexable, bool has_size,
                     enum heap_instantiate where, enum heap_error *error);
/* Shallow copy with hash 0, not immutable, not pinned; contexts are the
 * caller's affair. */
oop heap_clone(struct heap *h, oop object);
/* Objects a collection would have to find: bytes left before the limit. */
uint64_t heap_bytes_left(const struct heap *h);
bool heap_grow(struct heap *h, uint64_t bytes); /* more old space ahead of need */

/* ---- Classes and hashes --------------------------------------------------------- */

/* nil where the table has no class. */
static inline oop heap_class_at(const struct heap *h, uint32_t index) {
    oop page = fetch_slot(h->hidden_roots, index >> CLASS_TABLE_PAGE_SHIFT);
    if (page == h->nil)
        return h->nil;
    return fetch_slot(page, index & (CLASS_TABLE_PAGE_SLOTS - 1));
}
static inline oop heap_class_of(const struct heap *h, oop o) {
    return heap_class_at(h, class_index_of(o));
}
/* The index in a class's hash field, entering the class in the table when it
 * has none (holes are reused). 0 when the table is full, `class` is no
 * object with at least a superclass, method dictionary and format, or memory is exhausted. */
uint32_t heap_class_index(struct heap *h, oop class);
/* identityHash, assigned on demand; never 0. Not for classes: those use their index. */
uint32_t heap_identity_hash(struct heap *h, oop object);

/* ---- Collection ------------------------------------------------------------------- */

void heap_collect(struct heap *h);      /* what collect_wanted asks for: scavenge, full if due */
void heap_scavenge(struct heap *h);     /* by age and survivor space */
void heap_tenure_all(struct heap *h);   /* scavenge that leaves new space empty */
void heap_full_collect(struct heap *h); /* mark, sweep, compact where it pays, give back */
oop heap_next_mourner(struct heap *h);  /* 0 when the queue is empty */

/* ---- Become ---------------------------------------------------------------------
 * Lazy: the replaced objects turn into forwarders. Arrays of equal size of
 * objects. Checks all before changing any: HEAP_BAD_ARGUMENT, HEAP_INAPPROPRIATE
 * (immediates, classes' hidden structures), HEAP_READ_ONLY, HEAP_NO_MEMORY.
 * Afterwards all references in roots and special objects are followed; heap
 * references are followed lazily. Class table entries are kept consistent
 * (the replacing class takes the index over where two_way or copy_hash). */
enum heap_error heap_become(struct heap *h, oop array1, oop array2, bool two_way, bool copy_hash);
/* Follow forwarders in all slots of one object. True when one was found. */
bool heap_follow_slots(struct heap *h, oop object);

/* ---- Pinning, enumeration, reachability ------------------------------------------ */

/* The pinned object: moved to old space first (through become) if young. 0 without memory. */
oop heap_pin(struct heap *h, oop object);
void heap_unpin(struct heap *h, oop object);

/* Objects in address order per space, without free chunks, forwarders, bridges,
 * hidden structures (class indices below 32) and dead permanent objects.
 * First: after = 0. 0 at the end. */
oop heap_next_object(struct heap *h, oop after);
oop heap_next_instance(struct heap *h, oop class, oop after);
/* Fresh arrays; 0 without memory. */
oop heap_all_instances(struct heap *h, oop class);
oop heap_all_objects(struct heap *h);
/* Every object that a save must write, hidden structures included, in address
 * order; only right after heap_full_collect (dead objects are left out). */
void heap_each_live_object(struct heap *h, heap_object_fn *fn, void *arg);

/* ---- Verification -------------------------------------------------------------------- */

/* Check every object, slot, remembered bit, free list and root. Answers the
 * number of problems; each is reported in one line (report may be NULL). */
uint64_t heap_verify(struct heap *h, heap_report_fn *report, void *arg);

#endif
