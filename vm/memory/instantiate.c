/*
 * instantiate.c - instances of a class as its format says, and shallow copies.
 *
 * Source: InterpreterPrimitives>>primitiveNew, primitiveNewWithArg,
 * SpurMemoryManager>>instantiateClass:, instantiateClass:indexableSize:.
 */
#include "gc.h"

struct shape {
    uint64_t slots;
    unsigned format;
    bool pointers;
};

/* Shape of an instance with `n` indexable elements. HEAP_NO_MEMORY for sizes that no memory holds.
 */
static enum heap_error sized_shape(int64_t class_format, uint64_t n, bool is_float,
                                   struct shape *out) {
    unsigned spec = class_format_spec(class_format);
    uint64_t fixed = class_format_fixed(class_format);
    if (spec >= FORMAT_METHOD)
        return HEAP_BAD_RECEIVER;
    if (n > MAX_SLOTS * 8)
        return is_indexable_format(spec) ? HEAP_NO_MEMORY : HEAP_BAD_RECEIVER;
    *out = (struct shape){.slots = n, .format = spec};
    switch (spec) {
    case FORMAT_ARRAY:
        out->pointers = true;
        break;
    case FORMAT_INDEXABLE:
    case FORMAT_WEAK:
        out->slots = fixed + n;
        out->pointers = true;
        break;
    case FORMAT_64:
        break;
    case FORMAT_32:
        if (is_float && n != 2)
            return HEAP_BAD_RECEIVER;
        out->slots = (n + 1) / 2;
        out->format += (unsigned)(n & 1);
        break;
    case FORMAT_16:
        out->slots = (n + 3) / 4;
        out->format += (unsigned)(-n & 3);
        break;
    case FORMAT_BYTES:
        out->slots = (n + 7) / 8;
        out->format += (unsigned)(-n & 7);
        break;
    default:
        /* Fixed classes may be asked for no elements. */
        if (n != 0 || spec > FORMAT_LAST_POINTERS)
            return HEAP_BAD_RECEIVER;
        out->slots = fixed;
        out->pointers = true;
        break;
    }
    return out->slots > MAX_SLOTS ? HEAP_NO_MEMORY : HEAP_OK;
}

static enum heap_error fixed_shape(int64_t class_format, struct shape *out) {
    unsigned spec = class_format_spec(class_format);
    if (spec > FORMAT_FIXED && spec != FORMAT_EPHEMERON)
        return HEAP_BAD_RECEIVER;
    *out = (struct shape){class_format_fixed(class_format), spec, true};
    return HEAP_OK;
}

static bool could_be_class(oop class) {
    return is_object(class) && is_pointers_format(format_of(class)) &&
           num_slots(class) > CLASS_FORMAT && is_smallint(fetch_slot(class, CLASS_FORMAT));
}

oop heap_instantiate(struct heap *h, oop class, uint64_t indexable, bool has_size,
                     enum heap_instantiate where, enum heap_error *error) {
    if (!could_be_class(class)) {
        *error = HEAP_BAD_RECEIVER;
        return 0;
    }
    int64_t class_format = smallint_value(fetch_slot(class, CLASS_FORMAT));
    bool is_float = header_hash(header_of(class)) == CLASS_INDEX_FLOAT;
    struct shape shape;
    *error = has_size ? sized_shape(class_format, indexable, is_float, &shape)
                      : fixed_shape(class_format, &shape);
    if (*error != HEAP_OK)
        return 0;
    uint32_t class_index = heap_class_index(h, class);
    if (class_index <= CLASS_INDEX_LAST_PUN) { /* 0: no room in the class table */
        *error = class_index == 0 ? HEAP_NO_MEMORY : HEAP_BAD_RECEIVER;
        return 0;
    }
    oop o = where == HEAP_INSTANTIATE_NEW
                ? heap_allocate(h, shape.slots, shape.format, class_index)
                : heap_allocate_old(h, shape.slots, shape.format, class_index,
                                    where == HEAP_INSTANTIATE_PINNED);
    if (o == 0) {
        *error = HEAP_NO_MEMORY;
        return 0;
    }
    oop fill = shape.pointers ? h->nil : 0;
    for (uint64_t i = 0; i < shape.slots; i++)
        put_slot(o, i, fill);
    return o;
}

oop heap_clone(struct heap *h, oop object) {
    uint64_t header = header_of(object);
    uint64_t slots = num_slots(object);
    oop o = heap_allocate(h, slots, header_format(header), header_class(header));
    if (o == 0)
        return 0;
    memcpy(object_bytes(o), object_bytes(object), (size_t)slots * 8);
    if (h->forwarders_exist)
        heap_follow_slots(h, o);
    return o;
}
