/*
 * image_memory.h - where the offline functions of vm/image/ (canonicalize,
 * check, info, save's address table) get their scratch memory. The one place
 * to change when they have to run where there is no C library heap.
 *
 * Memory is zeroed. NULL when there is none. The caller frees.
 */
#ifndef MOTE_IMAGE_MEMORY_H
#define MOTE_IMAGE_MEMORY_H

#include <stdint.h>
#include <stdlib.h>

static inline void *image_allocate(uint64_t count, uint64_t size) {
    return calloc(count == 0 ? 1 : (size_t)count, (size_t)size);
}
/* `p` grown; the added memory holds garbage. On NULL, `p` is still the caller's. */
static inline void *image_reallocate(void *p, uint64_t size) {
    return realloc(p, (size_t)size);
}
static inline void image_release(void *p) {
    free(p);
}

#endif
