/*
 * relocate.c - let the pointers of a canonical image be valid elsewhere. The
 * data may be damaged: nothing outside them is touched.
 */
#include "image.h"
#include "report.h"

struct piece {
    uint64_t *words;
    uint64_t count, old_base, delta;
};

static bool points_inside(const struct piece *p, oop o) {
    return is_object(o) && o >= p->old_base && o - p->old_base < p->count * 8;
}

/* Slots that hold oops, of the object with that header and body. Canonical
 * contexts have nil beyond the stack pointer, so all of theirs count. */
static uint64_t pointer_slots(const uint64_t *body, uint64_t header, uint64_t slots) {
    unsigned format = header_format(header);
    if (is_pointers_format(format))
        return slots;
    if (!is_method_format(format) || slots == 0 || !is_smallint(body[0]))
        return 0;
    uint64_t literals = 1 + (uint64_t)method_header_literals(smallint_value(body[0]));
    return literals < slots ? literals : slots;
}

bool image_relocate(uint8_t *data, uint64_t data_size, uint64_t old_base, uint64_t new_base,
                    uint64_t *special_objects, struct image_error *error) {
    struct piece p = {(uint64_t *)(void *)data, data_size / 8, old_base, new_base - old_base};
    uint64_t at = 0;
    while (at < p.count) {
        uint64_t start = at, slots = header_slots(p.words[at]);
        if (slots == HDR_OVERFLOW_SLOTS) {
            slots = p.words[at] & OVERFLOW_COUNT_MASK;
            if (++at >= p.count)
                return image_fail(error, start * 8,
                                  "data offset 0x%llx: an object without a header",
                                  (unsigned long long)start * 8);
        }
        uint64_t header = p.words[at], body = slots == 0 ? 1 : slots;
        if (body > p.count - at - 1)
            return image_fail(error, start * 8,
                              "data offset 0x%llx: an object runs over the end of the image",
                              (unsigned long long)start * 8);
        uint64_t *slot = &p.words[at + 1];
        uint64_t pointers = pointer_slots(slot, header, slots);
        for (uint64_t i = 0; i < pointers; i++)
            if (points_inside(&p, slot[i]))
                slot[i] += p.delta;
        at += 1 + body;
    }
    if (special_objects != NULL && points_inside(&p, *special_objects))
        *special_objects += p.delta;
    return true;
}
