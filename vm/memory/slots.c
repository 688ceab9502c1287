/*
 * slots.c - which slots of an object hold oops.
 */
#include "gc.h"

uint64_t pointer_slots(struct heap *h, oop o) {
    uint64_t header = header_of(o);
    unsigned format = header_format(header);
    uint64_t slots = num_slots(o);
    if (format <= FORMAT_LAST_POINTERS) {
        if (header_class(header) == CLASS_INDEX_CONTEXT && h->hooks.context_slots != NULL)
            return min_u64(slots, h->hooks.context_slots(h->hooks.owner, o));
        return slots;
    }
    if (format == FORMAT_FORWARDED)
        return 1;
    if (is_method_format(format) && slots > 0) {
        oop method = fetch_slot(o, 0);
        if (is_smallint(method))
            return min_u64(slots, 1 + method_header_literals(smallint_value(method)));
    }
    return 0;
}

uint64_t strong_slots(struct heap *h, oop weak) {
    oop class = follow(heap_class_at(h, header_class(header_of(weak))));
    if (!is_object(class) || class == h->nil)
        return 0;
    oop format = fetch_slot(class, CLASS_FORMAT);
    if (!is_smallint(format))
        return 0;
    return min_u64(num_slots(weak), class_format_fixed(smallint_value(format)));
}
