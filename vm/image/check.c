/*
 * check.c - see check.h, and image_check.
 */
#include "check.h"
#include "check_code.h"
#include "class_set.h"

static void check_characters(const struct image_map *m, uint64_t word, struct report *r) {
    uint64_t count = map_pointer_slots(m, word);
    for (uint64_t i = 0; i < count; i++) {
        oop o = map_slot(m, word, i);
        if (is_character(o) && o >> TAG_BITS > CHARACTER_MAX)
            report_problem(r, map_offset(m, word),
                           " (object 0x%llx): slot %llu is character 0x%llx",
                           (unsigned long long)map_address(m, word), (unsigned long long)i,
                           (unsigned long long)(o >> TAG_BITS));
    }
}

static void check_object(const struct image_map *m, uint64_t word, bool strict,
                         struct code_scratch *scratch, struct report *r) {
    uint64_t h = map_word(m, word);
    uint32_t class_index = header_class(h);
    if (class_index <= CLASS_INDEX_LAST_PUN)
        return;
    image_check_shape(m, word, strict, r);
    if (is_method_format(header_format(h)))
        image_check_code(m, word, scratch, r);
    else if (strict && is_pointers_format(header_format(h)))
        check_characters(m, word, r);
    if (class_index == CLASS_INDEX_CONTEXT)
        image_check_context(m, word, r);
    else if (class_index == CLASS_INDEX_BLOCK_CLOSURE ||
             class_index == CLASS_INDEX_FULL_BLOCK_CLOSURE)
        image_check_closure(m, word, r);
}

void image_check_objects(const struct image_map *m, bool strict, struct report *report) {
    struct code_scratch scratch = {0};
    image_check_classes(m, report);
    for (uint64_t word = map_next(m, 0);
         word < m->words && !report_done(report) && !scratch.exhausted;
         word = map_next(m, word + 1))
        check_object(m, word, strict, &scratch, report);
    if (scratch.exhausted)
        report_problem(report, IMAGE_NO_OFFSET, "memory: not enough to look at the methods");
    code_scratch_free(&scratch);
}

/* A class that is missing there would be said to have no instances. */
static void check_class_set(const struct image_map *m, const uint8_t *file, uint64_t size,
                            struct report *report) {
    struct class_set classes;
    if (!image_is_canonical(&m->header, size))
        return;
    class_set_read(&classes, file);
    for (uint64_t word = map_next(m, 0); word < m->words && !report_done(report);
         word = map_next(m, word + 1)) {
        uint32_t index = header_class(map_word(m, word));
        if (!class_set_has(&classes, index))
            report_problem(report, map_offset(m, word),
                           " (object 0x%llx): its class index %u is not in the header's set",
                           (unsigned long long)map_address(m, word), index);
    }
}

uint64_t image_check(const uint8_t *file, size_t size, uint64_t limit, image_problem_fn *problem,
                     void *arg) {
    struct report report = {.problem = problem, .arg = arg, .limit = limit};
    struct image_map m;
    if (image_map_open(&m, file, size, &report) && image_verify_roots(&m, &report)) {
        image_verify_objects(&m, &report);
        if (report.count == 0) /* the rest relies on sound objects */
            image_check_objects(&m, true, &report);
        if (report.count == 0)
            check_class_set(&m, file, size, &report);
    }
    image_map_free(&m);
    return report.count;
}
