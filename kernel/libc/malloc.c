/*
 * malloc.c - the C library's heap, over platform_reserve and _commit.
 *
 * Every block lies in a slab, which is aligned to SLAB_BYTES and starts with a
 * header, so that a pointer leads to it. Small blocks of one size class share a
 * slab; a larger block has one of its own, as long as it needs to be, in a
 * reservation of its own. Slabs for small blocks come from a reservation of
 * CHUNK_BYTES at a time. An empty one goes to whatever class asks next, and its
 * memory back to the door when a few others are empty already.
 *
 * A pointer that does not lead to a block in use ends in kernel_panic.
 */
#include "kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLAB_BYTES 16384u
#define CHUNK_BYTES (UINT64_C(1) << 20)
#define SMALL_MAX 2048u
#define SPARE_SLABS 4u /* empty slabs that keep their memory */
#define MAGIC_SMALL 0x6d616c6cu
#define MAGIC_LARGE 0x4c415247u
#define MAGIC_FREE 0x66726565u

struct block { /* while it is free */
    struct block *next;
    uint64_t is_free; /* the block's own address, inverted: a second free shows */
};

struct slab {
    uint32_t magic;
    uint16_t class, used; /* blocks in use */
    uint32_t fresh;       /* offset of the first block that was never used */
    uint32_t reserved;
    uint64_t size; /* of a block; of a large one, bytes that may be used */
    struct block *blocks;
    struct slab *next, *previous; /* slabs of the class with room; empty slabs: next only */
    uint64_t pad[2];
};

_Static_assert(sizeof(struct slab) == 64, "blocks are aligned to 16 bytes");

/* Four classes to a power of two: at most a fifth of a block is lost. */
static const uint16_t class_size[] = {16,  32,  48,  64,   80,   96,   112,  128,
                                      160, 192, 224, 256,  320,  384,  448,  512,
                                      640, 768, 896, 1024, 1280, 1536, 1792, 2048};
enum { CLASSES = sizeof class_size / sizeof class_size[0] };

static struct slab *with_room[CLASSES];
static struct slab *empty; /* memory committed, contents old */
static unsigned empty_count;
static struct slab *bare; /* the same, but given back: only the header's page is touched */
static uintptr_t chunk, chunk_end;

static size_t round_up(size_t size, size_t to) {
    return (size + to - 1) & ~(to - 1);
}

static unsigned class_for(size_t size) {
    if (size <= 128)
        return size == 0 ? 0 : (unsigned)((size - 1) / 16);
    unsigned low = 8, high = CLASSES - 1;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (class_size[middle] < size)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- Slabs ------------------------------------------------------------------------------ */

/* Address space aligned to a slab, as large as asked for; nothing committed. */
static uintptr_t reserve_aligned(size_t size) {
    size_t all = size + SLAB_BYTES;
    uintptr_t base = (uintptr_t)platform_reserve(&kernel, 0, all);
    if (base == 0)
        return 0;
    uintptr_t at = round_up(base, SLAB_BYTES);
    platform_unreserve(&kernel, (void *)base, at - base);
    platform_unreserve(&kernel, (void *)(at + size), base + all - (at + size));
    return at;
}

static struct slab *new_slab(void) {
    if (chunk == chunk_end) {
        chunk = reserve_aligned(CHUNK_BYTES);
        chunk_end = chunk == 0 ? 0 : chunk + CHUNK_BYTES;
        if (chunk == 0)
            return NULL;
    }
    if (platform_commit(&kernel, (void *)chunk, SLAB_BYTES) != 0)
        return NULL;
    struct slab *s = (struct slab *)chunk;
    chunk += SLAB_BYTES;
    return s;
}

static struct slab *take_slab(void) {
    struct slab *s = empty;
    if (s != NULL) {
        empty = s->next;
        empty_count--;
        return s;
    }
    s = bare;
    if (s == NULL)
        return new_slab();
    struct slab *next = s->next;
    if (platform_commit(&kernel, s, SLAB_BYTES) != 0)
        return NULL;
    bare = next;
    return s;
}

static void give_slab(struct slab *s) {
    s->magic = MAGIC_FREE;
    if (empty_count < SPARE_SLABS) {
        s->next = empty;
        empty = s;
        empty_count++;
        return;
    }
    s->next = bare;
    bare = s;
    platform_release(&kernel, (uint8_t *)s + PLATFORM_PAGE, SLAB_BYTES - PLATFORM_PAGE);
}

static void link_slab(struct slab *s) {
    s->previous = NULL;
    s->next = with_room[s->class];
    if (s->next != NULL)
        s->next->previous = s;
    with_room[s->class] = s;
}

static void unlink_slab(struct slab *s) {
    if (s->previous != NULL)
        s->previous->next = s->next;
    else
        with_room[s->class] = s->next;
    if (s->next != NULL)
        s->next->previous = s->previous;
}

static bool is_full(const struct slab *s) {
    return s->blocks == NULL && s->fresh + s->size > SLAB_BYTES;
}

static void *take_small(unsigned class) {
    struct slab *s = with_room[class];
    if (s == NULL) {
        s = take_slab();
        if (s == NULL)
            return NULL;
        *s = (struct slab){.magic = MAGIC_SMALL,
                           .class = (uint16_t)class,
                           .fresh = sizeof *s,
                           .size = class_size[class]};
        link_slab(s);
    }
    struct block *b = s->blocks;
    if (b != NULL) {
        s->blocks = b->next;
    } else {
        b = (struct block *)((uintptr_t)s + s->fresh);
        s->fresh += (uint32_t)s->size;
    }
    b->is_free = 0;
    s->used++;
    if (is_full(s))
        unlink_slab(s);
    return b;
}

static void free_small(struct slab *s, struct block *b) {
    if (b->is_free == ~(uint64_t)(uintptr_t)b)
        kernel_panic("free: the block at %p is free already", (void *)b);
    if (is_full(s))
        link_slab(s);
    b->next = s->blocks;
    b->is_free = ~(uint64_t)(uintptr_t)b;
    s->blocks = b;
    if (--s->used == 0) {
        unlink_slab(s);
        give_slab(s);
    }
}

/* ---- Large blocks -------------------------------------------------------------------------- */

static void *take_large(size_t size) {
    if (size > SIZE_MAX / 2)
        return NULL;
    size_t all = round_up(size + sizeof(struct slab), PLATFORM_PAGE);
    uintptr_t at = reserve_aligned(all);
    if (at == 0)
        return NULL;
    if (platform_commit(&kernel, (void *)at, all) != 0) {
        platform_unreserve(&kernel, (void *)at, all);
        return NULL;
    }
    struct slab *s = (struct slab *)at;
    *s = (struct slab){.magic = MAGIC_LARGE, .size = all - sizeof *s};
    return s + 1;
}

static void free_large(struct slab *s) {
    s->magic = MAGIC_FREE;
    platform_unreserve(&kernel, s, s->size + sizeof *s);
}

/* ---- The functions --------------------------------------------------------------------------- */

static struct slab *slab_of(const void *p) {
    struct slab *s = (struct slab *)((uintptr_t)p & ~(uintptr_t)(SLAB_BYTES - 1));
    size_t offset = (uintptr_t)p - (uintptr_t)s;
    bool valid = s->magic == MAGIC_LARGE
                     ? offset == sizeof *s
                     : s->magic == MAGIC_SMALL && offset >= sizeof *s && offset < s->fresh &&
                           (offset - sizeof *s) % s->size == 0;
    if (!valid)
        kernel_panic("free or realloc: %p is not a block in use", p);
    return s;
}

void *malloc(size_t size) {
    void *p = size <= SMALL_MAX ? take_small(class_for(size)) : take_large(size);
    if (p == NULL)
        errno = ENOMEM;
    return p;
}

void free(void *p) {
    if (p == NULL)
        return;
    struct slab *s = slab_of(p);
    if (s->magic == MAGIC_LARGE)
        free_large(s);
    else
        free_small(s, p);
}

void *calloc(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    void *p = malloc(bytes);
    if (p != NULL && bytes <= SMALL_MAX) /* a large block comes fresh */
        memset(p, 0, bytes);
    return p;
}

void *realloc(void *p, size_t size) {
    if (p == NULL)
        return malloc(size);
    struct slab *s = slab_of(p);
    if (size <= s->size && (s->magic == MAGIC_SMALL || size > s->size / 2))
        return p;
    void *fresh = malloc(size);
    if (fresh == NULL)
        return size <= s->size ? p : NULL;
    memcpy(fresh, p, size < s->size ? size : s->size);
    free(p);
    return fresh;
}
