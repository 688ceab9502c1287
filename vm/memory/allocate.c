/*
 * allocate.c - allocation beyond the inline fast path: the rest of eden, then
 * old space. Nothing here collects; it only asks for a collection.
 */
#include "gc.h"

static oop write_header(uintptr_t start, uint64_t slots, unsigned format, uint32_t class_index) {
    oop o = start;
    if (slots >= HDR_OVERFLOW_SLOTS) {
        *object_words(start) = (uint64_t)HDR_OVERFLOW_SLOTS << HDR_SLOTS_SHIFT | slots;
        o += 8;
    }
    set_header(o, make_header(slots, format, class_index));
    return o;
}

/* Old objects are remembered at birth: callers fill them without the barrier. */
static oop allocate_in_old(struct heap *h, uint64_t slots, unsigned format, uint32_t class_index) {
    uint64_t bytes = object_bytes_for(slots);
    uintptr_t start = bytes <= old_bytes_left(h) ? old_allocate(h, bytes, OLD_FOR_PROGRAM) : 0;
    if (start == 0) {
        h->work->full_wanted = true;
        h->collect_wanted = true;
        return 0;
    }
    if (h->old_used_bytes > h->full_collect_threshold)
        h->collect_wanted = true;
    h->stats.allocated_bytes += bytes;
    oop o = write_header(start, slots, format, class_index);
    if (!is_bits_format(format))
        heap_remember(h, o);
    return o;
}

static void count_for_stress(struct heap *h) {
    if (h->stress != 0 && ++h->stress_count >= h->stress) {
        h->stress_count = 0;
        h->collect_wanted = true;
    }
}

oop heap_allocate_slow(struct heap *h, uint64_t slots, unsigned format, uint32_t class_index) {
    if (slots > MAX_SLOTS)
        return 0;
    count_for_stress(h);
    uint64_t bytes = object_bytes_for(slots);
    if (bytes <= LARGE_OBJECT_BYTES) {
        uintptr_t start = h->eden_free;
        if (bytes <= h->eden_limit - start) {
            h->eden_free = start + bytes;
            if (h->stress == 0 && h->eden_free > h->eden_soft) {
                h->eden_soft = h->eden_limit;
                h->collect_wanted = true;
            }
            return write_header(start, slots, format, class_index);
        }
        h->collect_wanted = true;
    }
    return allocate_in_old(h, slots, format, class_index);
}

oop heap_allocate_old(struct heap *h, uint64_t slots, unsigned format, uint32_t class_index,
                      bool pinned) {
    if (slots > MAX_SLOTS)
        return 0;
    count_for_stress(h);
    oop o = allocate_in_old(h, slots, format, class_index);
    if (o != 0 && pinned)
        set_header(o, header_of(o) | HDR_PINNED);
    return o;
}

oop heap_new_pointers(struct heap *h, uint64_t slots, unsigned format, uint32_t class_index) {
    oop o = heap_allocate(h, slots, format, class_index);
    if (o != 0) {
        oop nil = h->nil;
        for (uint64_t i = 0; i < slots; i++)
            put_slot(o, i, nil);
    }
    return o;
}

oop heap_new_bits(struct heap *h, uint64_t slots, unsigned format, uint32_t class_index) {
    oop o = heap_allocate(h, slots, format, class_index);
    if (o != 0)
        memset(object_bytes(o), 0, (size_t)slots * 8);
    return o;
}

oop heap_new_bytes(struct heap *h, uint64_t bytes, uint32_t class_index) {
    if (bytes > MAX_SLOTS * 8)
        return 0;
    unsigned padding = (unsigned)(-bytes & 7);
    return heap_new_bits(h, (bytes + 7) / 8, FORMAT_BYTES + padding, class_index);
}

oop heap_new_string(struct heap *h, const char *data, size_t size) {
    oop o = heap_new_bytes(h, size, CLASS_INDEX_BYTE_STRING);
    if (o != 0)
        memcpy(object_bytes(o), data, size);
    return o;
}

oop heap_new_float(struct heap *h, double d) {
    if (fits_smallfloat(d))
        return smallfloat(d);
    oop o = heap_allocate(h, 1, FORMAT_32, CLASS_INDEX_FLOAT);
    if (o != 0)
        memcpy(object_bytes(o), &d, sizeof d);
    return o;
}
