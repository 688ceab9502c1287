/*
 * roots.c - see roots.h, and image_check_roots: the same on a mapped canonical
 * image, of which nothing else is looked at.
 * Source: StackInterpreter>>checkAssumedCompactClasses,
 * SpurMemoryManager>>validClassTableRootPages.
 */
#include "roots.h"
#include "report.h"
#include "words.h"

struct roots {
    const struct image_view *view;
    const struct image_first_objects *first;
    struct image_found special, page;
    struct image_error *error;
};

static oop slot_of(const struct image_found *f, uint64_t i) {
    return load64(f->body + i * 8);
}

static bool find(const struct roots *r, oop o, struct image_found *out) {
    return r->view->find(r->view->arg, o, out);
}

static bool is_pointers(const struct image_found *f, uint64_t min_slots) {
    return is_pointers_format(header_format(f->header)) && f->slots >= min_slots;
}

static bool is_class(const struct roots *r, oop o) {
    struct image_found f;
    return find(r, o, &f) && is_pointers(&f, 3) && header_class(f.header) > CLASS_INDEX_LAST_PUN &&
           is_smallint(slot_of(&f, CLASS_FORMAT));
}

static bool check_first(struct roots *r) {
    const oop at[] = {r->first->nil, r->first->false_, r->first->true_};
    static const char *const names[] = {"nil", "false", "true"};
    struct image_found f;
    for (unsigned i = 0; i < 3; i++)
        if (!find(r, at[i], &f) || !is_pointers(&f, 0) ||
            header_class(f.header) <= CLASS_INDEX_LAST_PUN)
            return image_fail(r->error, IMAGE_NO_OFFSET,
                              "first objects: no object that could be %s", names[i]);
    if (!find(r, r->first->free_lists, &f) || !is_bits_format(header_format(f.header)) ||
        f.slots != 64)
        return image_fail(r->error, IMAGE_NO_OFFSET,
                          "first objects: the fourth is no free lists object");
    if (!find(r, r->first->hidden_roots, &f) || header_format(f.header) != FORMAT_ARRAY ||
        header_class(f.header) != CLASS_INDEX_ARRAY_PUN ||
        f.slots != CLASS_TABLE_ROOTS + HIDDEN_ROOT_SLOTS)
        return image_fail(r->error, IMAGE_NO_OFFSET,
                          "first objects: the fifth is no hidden roots object");
    if (!find(r, slot_of(&f, 0), &r->page) || header_format(r->page.header) != FORMAT_ARRAY ||
        header_class(r->page.header) != CLASS_INDEX_ARRAY_PUN ||
        r->page.slots != CLASS_TABLE_PAGE_SLOTS)
        return image_fail(r->error, IMAGE_NO_OFFSET,
                          "hidden roots: the first class table page is missing");
    return true;
}

/* Classes that the VM knows by their index, and where special objects name them. */
static bool check_known_classes(struct roots *r) {
    static const struct {
        uint8_t index, special;
        bool needed; /* small images go without the others */
        const char *name;
    } known[] = {
        {CLASS_INDEX_SMALLINT, SPECIAL_CLASS_SMALLINT, true, "SmallInteger"},
        {CLASS_INDEX_CHARACTER, SPECIAL_CLASS_CHARACTER, true, "Character"},
        {CLASS_INDEX_SMALLFLOAT, 0, false, "SmallFloat64"},
        {CLASS_INDEX_LARGE_NEGATIVE, SPECIAL_CLASS_LARGE_NEGATIVE, false, "LargeNegativeInteger"},
        {CLASS_INDEX_LARGE_POSITIVE, SPECIAL_CLASS_LARGE_POSITIVE, false, "LargePositiveInteger"},
        {CLASS_INDEX_FLOAT, SPECIAL_CLASS_FLOAT, false, "Float"},
        {CLASS_INDEX_MESSAGE, SPECIAL_CLASS_MESSAGE, true, "Message"},
        {CLASS_INDEX_CONTEXT, SPECIAL_CLASS_CONTEXT, true, "Context"},
        {CLASS_INDEX_BLOCK_CLOSURE, SPECIAL_CLASS_BLOCK_CLOSURE, false, "BlockClosure"},
        {CLASS_INDEX_BYTE_ARRAY, SPECIAL_CLASS_BYTE_ARRAY, false, "ByteArray"},
        {CLASS_INDEX_ARRAY, SPECIAL_CLASS_ARRAY, true, "Array"},
        {CLASS_INDEX_BYTE_STRING, SPECIAL_CLASS_BYTE_STRING, true, "ByteString"},
    };
    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
        oop class = slot_of(&r->page, known[i].index);
        if (class == r->first->nil ? known[i].needed : !is_class(r, class))
            return image_fail(r->error, IMAGE_NO_OFFSET,
                              "class table: entry %u is not %s but 0x%llx", known[i].index,
                              known[i].name, (unsigned long long)class);
        struct image_found a, b;
        if (known[i].special != 0 &&
            (!find(r, class, &a) || !find(r, slot_of(&r->special, known[i].special), &b) ||
             a.o != b.o))
            return image_fail(r->error, IMAGE_NO_OFFSET,
                              "special objects: entry %u is not class table entry %u (%s)",
                              known[i].special, known[i].index, known[i].name);
    }
    return true;
}

static bool check_special(struct roots *r, oop special) {
    if (!find(r, special, &r->special) || !is_pointers(&r->special, SPECIAL_MIN_SLOTS))
        return image_fail(r->error, IMAGE_NO_OFFSET,
                          "special objects: no array of at least %u entries at 0x%llx",
                          (unsigned)SPECIAL_MIN_SLOTS, (unsigned long long)special);
    const struct image_first_objects *first = r->first;
    if (slot_of(&r->special, SPECIAL_NIL) != first->nil ||
        slot_of(&r->special, SPECIAL_FALSE) != first->false_ ||
        slot_of(&r->special, SPECIAL_TRUE) != first->true_)
        return image_fail(r->error, IMAGE_NO_OFFSET,
                          "special objects: the first three are not nil, false and true");
    static const uint8_t classes[] = {SPECIAL_CLASS_POINT, SPECIAL_CLASS_COMPILED_METHOD,
                                      SPECIAL_CLASS_SEMAPHORE, SPECIAL_CLASS_PROCESS};
    for (unsigned i = 0; i < sizeof classes; i++) /* as above */
        if (slot_of(&r->special, classes[i]) != first->nil &&
            !is_class(r, slot_of(&r->special, classes[i])))
            return image_fail(r->error, IMAGE_NO_OFFSET, "special objects: entry %u is no class",
                              classes[i]);
    static const uint8_t selectors[] = {SPECIAL_DOES_NOT_UNDERSTAND, SPECIAL_CANNOT_RETURN,
                                        SPECIAL_MUST_BE_BOOLEAN};
    struct image_found f;
    for (unsigned i = 0; i < sizeof selectors; i++)
        if (!find(r, slot_of(&r->special, selectors[i]), &f))
            return image_fail(r->error, IMAGE_NO_OFFSET, "special objects: entry %u is no selector",
                              selectors[i]);
    if (!find(r, slot_of(&r->special, SPECIAL_SELECTORS), &f) || !is_pointers(&f, 64))
        return image_fail(
            r->error, IMAGE_NO_OFFSET,
            "special objects: entry %u is no array of 32 selectors and their argument counts",
            (unsigned)SPECIAL_SELECTORS);
    return true;
}

static bool check_scheduler(struct roots *r) {
    enum { VALUE = 1, ACTIVE_PROCESS = 1, SUSPENDED_CONTEXT = 1, PROCESS_SLOTS = 4 };
    struct image_found f;
    if (!find(r, slot_of(&r->special, SPECIAL_SCHEDULER_ASSOCIATION), &f) || !is_pointers(&f, 2))
        return image_fail(r->error, IMAGE_NO_OFFSET,
                          "scheduler: no association in the special objects");
    if (!find(r, slot_of(&f, VALUE), &f) || !is_pointers(&f, 2))
        return image_fail(r->error, IMAGE_NO_OFFSET, "scheduler: the association has no scheduler");
    struct image_found lists;
    if (!find(r, slot_of(&f, 0), &lists) || !is_pointers(&lists, 1))
        return image_fail(r->error, IMAGE_NO_OFFSET, "scheduler: no array of process lists");
    if (!find(r, slot_of(&f, ACTIVE_PROCESS), &f) || !is_pointers(&f, PROCESS_SLOTS))
        return image_fail(r->error, IMAGE_NO_OFFSET, "scheduler: no active process");
    if (!find(r, slot_of(&f, SUSPENDED_CONTEXT), &f) || !is_pointers(&f, CONTEXT_SMALL_SLOTS) ||
        header_class(f.header) != CLASS_INDEX_CONTEXT)
        return image_fail(r->error, IMAGE_NO_OFFSET,
                          "scheduler: the active process has no suspended context");
    oop pc = slot_of(&f, CONTEXT_PC), stackp = slot_of(&f, CONTEXT_STACKP);
    struct image_found method;
    if (is_smallint(slot_of(&f, CONTEXT_SENDER)) || !is_smallint(pc) || !is_smallint(stackp) ||
        smallint_value(stackp) < 0 || (uint64_t)smallint_value(stackp) > f.slots - CONTEXT_FIXED ||
        !find(r, slot_of(&f, CONTEXT_METHOD), &method) ||
        !is_method_format(header_format(method.header)))
        return image_fail(r->error, IMAGE_NO_OFFSET,
                          "scheduler: the active process's context cannot be resumed");
    return true;
}

bool image_roots_sound(const struct image_view *view, const struct image_first_objects *first,
                       oop special_objects, struct image_error *error) {
    struct roots r = {.view = view, .first = first, .error = error};
    return check_first(&r) && check_special(&r, special_objects) && check_known_classes(&r) &&
           check_scheduler(&r);
}

/* ---- A canonical image in one piece -------------------------------------- */

struct piece {
    const uint8_t *data;
    uint64_t size, base;
};

static bool find_in_piece(const void *arg, oop o, struct image_found *out) {
    const struct piece *p = arg;
    uint64_t at = o - p->base;
    if (!is_object(o) || o < p->base || at >= p->size - 8)
        return false;
    uint64_t header = load64(p->data + at), slots = header_slots(header);
    if (slots == HDR_OVERFLOW_SLOTS) {
        if (at < 8 || header_slots(load64(p->data + at - 8)) != HDR_OVERFLOW_SLOTS)
            return false;
        slots = load64(p->data + at - 8) & OVERFLOW_COUNT_MASK;
    }
    if (slots > (p->size - at - 8) / 8 || header_class(header) < CLASS_INDEX_ARRAY_PUN)
        return false;
    *out = (struct image_found){o, header, slots, p->data + at + 8};
    return true;
}

static oop after(const struct piece *p, oop o) {
    struct image_found f;
    if (!find_in_piece(p, o, &f))
        return 0;
    uint64_t end = o + 8 + (f.slots == 0 ? 1 : f.slots) * 8;
    if (end - p->base >= p->size - 8)
        return 0;
    return header_slots(load64(p->data + (end - p->base))) == HDR_OVERFLOW_SLOTS ? end + 8 : end;
}

bool image_check_roots(const uint8_t *data, uint64_t data_size, const struct image_header *h,
                       struct image_error *error) {
    if (data_size < 4096 || data_size % 8 != 0 || h->base % 8 != 0 ||
        h->base > UINT64_MAX - data_size)
        return image_fail(error, IMAGE_NO_OFFSET,
                          "first objects: %llu bytes at 0x%llx are no image",
                          (unsigned long long)data_size, (unsigned long long)h->base);
    const struct piece piece = {data, data_size, h->base};
    const struct image_view view = {find_in_piece, &piece};
    struct image_first_objects first = {.nil = h->base};
    first.false_ = after(&piece, first.nil);
    first.true_ = after(&piece, first.false_);
    first.free_lists = after(&piece, first.true_);
    first.hidden_roots = after(&piece, first.free_lists);
    uint64_t bridge = load64(data + data_size - IMAGE_BRIDGE_BYTES);
    if (header_class(bridge) != CLASS_INDEX_BRIDGE ||
        load64(data + data_size - IMAGE_BRIDGE_BYTES + 8) != 0)
        return image_fail(error, IMAGE_NO_OFFSET, "end: the final bridge is missing");
    return image_roots_sound(&view, &first, h->special_objects, error);
}
