/*
 * memory_fixture.h - a heap over a small synthetic image, with roots that a test
 * holds in an array. Failures of the fixture end the test through cmocka.
 *
 * The image: nil, false, true, free lists object, hidden roots with two class
 * table pages, a special objects array, the classes below, and whatever a test
 * adds between image_begin and image_end.
 */
#ifndef MOTE_TEST_MEMORY_FIXTURE_H
#define MOTE_TEST_MEMORY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../host/hosted/hosted.h"
#include "../../vm/memory/gc.h"

enum {
    METACLASS_INDEX = 1024, /* the class of all classes here */
    POINT_INDEX,            /* two named slots */
    WEAK_INDEX,             /* one strong slot, then weak elements */
    EPHEMERON_INDEX,        /* three slots */
    PLAIN_INDEX,            /* one named slot, then elements */
    EMPTY_INDEX,            /* no slots */
    FIRST_FREE_INDEX,
};

#define ROOTS 512
#define CONTEXT_STACKP_SLOTS (CONTEXT_FIXED)

struct fixture {
    struct heap heap;
    struct platform *platform;
    uintptr_t next; /* where the image builder puts the next object */
    oop page0, page1, classes;
    unsigned class_count;
    oop roots[ROOTS];
    oop weak_root; /* 0: none */
    unsigned finalizations, class_changes, full_collections_begun;
    bool expect_exhausted;
    jmp_buf exhausted;
};

/* ---- Hooks ----------------------------------------------------------------------- */

static inline void fixture_each_root(void *owner, struct heap *h, bool young_only,
                                     heap_slot_fn *visit, void *arg) {
    (void)young_only;
    struct fixture *f = owner;
    for (unsigned i = 0; i < ROOTS; i++)
        visit(h, &f->roots[i], arg);
}

static inline void fixture_each_weak_root(void *owner, struct heap *h,
                                          oop (*survivor)(struct heap *h, oop o)) {
    struct fixture *f = owner;
    if (f->weak_root != 0)
        f->weak_root = survivor(h, f->weak_root);
}

/* A context's live slots end at its stack pointer. */
static inline uint64_t fixture_context_slots(void *owner, oop context) {
    (void)owner;
    oop stackp = fetch_slot(context, CONTEXT_STACKP);
    return CONTEXT_FIXED + (is_smallint(stackp) ? (uint64_t)smallint_value(stackp) : 0);
}

static inline void fixture_before_full(void *owner) {
    ((struct fixture *)owner)->full_collections_begun++;
}

static inline void fixture_mourners_waiting(void *owner) {
    ((struct fixture *)owner)->finalizations++;
}

static inline void fixture_classes_changed(void *owner) {
    ((struct fixture *)owner)->class_changes++;
}

static inline void fixture_exhausted(void *owner) {
    struct fixture *f = owner;
    if (f->expect_exhausted)
        longjmp(f->exhausted, 1);
    fail_msg("memory exhausted in a collection");
}

/* ---- Building the image ------------------------------------------------------------ */

static inline oop image_object(struct fixture *f, uint64_t slots, unsigned format,
                               uint32_t class_index) {
    struct heap *h = &f->heap;
    oop o = f->next;
    assert_true(o + object_bytes_for(slots) <= h->old_base);
    if (slots >= HDR_OVERFLOW_SLOTS) {
        *(uint64_t *)f->next = (uint64_t)HDR_OVERFLOW_SLOTS << HDR_SLOTS_SHIFT | slots;
        o += 8;
    }
    set_header(o, make_header(slots, format, class_index));
    for (uint64_t i = 0; i < slots; i++)
        put_slot(o, i, is_bits_format(format) ? 0 : h->nil);
    f->next = object_end(o);
    return o;
}

static inline oop image_class(struct fixture *f, uint32_t index, unsigned spec, unsigned fixed) {
    oop class = image_object(f, 3, FORMAT_FIXED, METACLASS_INDEX);
    set_hash(class, index);
    put_slot(class, CLASS_FORMAT, smallint((int64_t)(spec << 16 | fixed)));
    put_slot(index < CLASS_TABLE_PAGE_SLOTS ? f->page0 : f->page1, index % CLASS_TABLE_PAGE_SLOTS,
             class);
    put_slot(f->classes, f->class_count++, class);
    return class;
}

static inline void image_begin(struct fixture *f, struct heap_config config, uint64_t image_bytes,
                               bool fixed) {
    static const struct heap_hooks hooks = {
        .each_root = fixture_each_root,
        .each_weak_root = fixture_each_weak_root,
        .before_full_collection = fixture_before_full,
        .context_slots = fixture_context_slots,
        .mourners_waiting = fixture_mourners_waiting,
        .classes_changed = fixture_classes_changed,
        .exhausted = fixture_exhausted,
    };
    memset(f, 0, sizeof *f);
    struct heap *h = &f->heap;
    struct heap_hooks own = hooks;
    own.owner = f;
    f->platform = hosted_open(&(struct hosted_config){.memory_limit = UINT64_C(1) << 30});
    assert_non_null(f->platform);
    assert_int_equal(heap_open(h, f->platform, &config, &own, image_bytes, fixed), 0);
    assert_int_equal(
        platform_commit(f->platform, (void *)h->perm_base, round_up(image_bytes, PLATFORM_PAGE)),
        0);
    f->next = h->perm_base;
    h->nil = image_object(f, 0, FORMAT_EMPTY, EMPTY_INDEX);
    h->false_ = image_object(f, 0, FORMAT_EMPTY, EMPTY_INDEX);
    h->true_ = image_object(f, 0, FORMAT_EMPTY, EMPTY_INDEX);
    image_object(f, 64, FORMAT_64, 19);
    oop hidden =
        image_object(f, CLASS_TABLE_ROOTS + HIDDEN_ROOT_SLOTS, FORMAT_ARRAY, CLASS_INDEX_ARRAY_PUN);
    f->page0 = image_object(f, CLASS_TABLE_PAGE_SLOTS, FORMAT_ARRAY, CLASS_INDEX_ARRAY_PUN);
    f->page1 = image_object(f, CLASS_TABLE_PAGE_SLOTS, FORMAT_ARRAY, CLASS_INDEX_ARRAY_PUN);
    put_slot(hidden, 0, f->page0);
    put_slot(hidden, 1, f->page1);
    f->classes = image_object(f, 16, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    image_class(f, METACLASS_INDEX, FORMAT_FIXED, 3);
    image_class(f, POINT_INDEX, FORMAT_FIXED, 2);
    image_class(f, WEAK_INDEX, FORMAT_WEAK, 1);
    image_class(f, EPHEMERON_INDEX, FORMAT_EPHEMERON, 3);
    image_class(f, PLAIN_INDEX, FORMAT_INDEXABLE, 1);
    image_class(f, EMPTY_INDEX, FORMAT_EMPTY, 0);
    image_class(f, CLASS_INDEX_LARGE_POSITIVE, FORMAT_BYTES, 0);
    image_class(f, CLASS_INDEX_FLOAT, FORMAT_32, 0);
    image_class(f, CLASS_INDEX_CONTEXT, FORMAT_INDEXABLE, CONTEXT_FIXED);
    image_class(f, CLASS_INDEX_BYTE_ARRAY, FORMAT_BYTES, 0);
    image_class(f, CLASS_INDEX_ARRAY, FORMAT_ARRAY, 0);
    image_class(f, CLASS_INDEX_BYTE_STRING, FORMAT_BYTES, 0);
    image_class(f, CLASS_INDEX_BITMAP, FORMAT_32, 0);
    h->special_objects = image_object(f, 60, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    put_slot(h->special_objects, 39, f->classes);
}

static inline void image_end(struct fixture *f) {
    struct heap *h = &f->heap;
    h->perm_limit = f->next;
    heap_adopt(h, h->special_objects, 12345);
    for (unsigned i = 0; i < ROOTS; i++)
        f->roots[i] = h->nil;
}

static inline struct fixture *fixture_open_with(struct heap_config config) {
    struct fixture *f = malloc(sizeof *f);
    assert_non_null(f);
    image_begin(f, config, 256 * KIB, false);
    image_end(f);
    return f;
}

static inline struct fixture *fixture_open(void) {
    return fixture_open_with((struct heap_config){.max_bytes = 256 * MIB});
}

static inline void fixture_close(struct fixture *f) {
    heap_close(&f->heap);
    hosted_close(f->platform);
    free(f);
}

/* ---- Looking at the heap ------------------------------------------------------------- */

static inline void fixture_report(void *arg, const char *line) {
    (void)arg;
    print_error("heap: %s\n", line);
}

static inline void verify(struct fixture *f) {
    assert_int_equal(heap_verify(&f->heap, fixture_report, NULL), 0);
}

static inline oop new_array(struct fixture *f, uint64_t n) {
    oop o = heap_new_pointers(&f->heap, n, FORMAT_ARRAY, CLASS_INDEX_ARRAY);
    assert_int_not_equal(o, 0);
    return o;
}

static inline oop new_point(struct fixture *f, oop x, oop y) {
    oop o = heap_new_pointers(&f->heap, 2, FORMAT_FIXED, POINT_INDEX);
    assert_int_not_equal(o, 0);
    heap_store(&f->heap, o, 0, x);
    heap_store(&f->heap, o, 1, y);
    return o;
}

static inline oop new_old_array(struct fixture *f, uint64_t n) {
    oop o = heap_allocate_old(&f->heap, n, FORMAT_ARRAY, CLASS_INDEX_ARRAY, false);
    assert_int_not_equal(o, 0);
    for (uint64_t i = 0; i < n; i++)
        put_slot(o, i, f->heap.nil);
    return o;
}

static inline oop new_weak(struct fixture *f, uint64_t elements) {
    oop o = heap_new_pointers(&f->heap, 1 + elements, FORMAT_WEAK, WEAK_INDEX);
    assert_int_not_equal(o, 0);
    return o;
}

static inline oop new_ephemeron(struct fixture *f, oop key, oop value) {
    oop o = heap_new_pointers(&f->heap, 3, FORMAT_EPHEMERON, EPHEMERON_INDEX);
    assert_int_not_equal(o, 0);
    heap_store(&f->heap, o, 0, key);
    heap_store(&f->heap, o, 1, value);
    return o;
}

/* A linked list of points whose first slots count down from n to 1. */
static inline oop new_list(struct fixture *f, int64_t n) {
    oop list = f->heap.nil;
    for (int64_t i = 1; i <= n; i++)
        list = new_point(f, smallint(i), list);
    return list;
}

static inline void assert_list(struct fixture *f, oop list, int64_t n) {
    for (int64_t i = n; i >= 1; i--) {
        list = follow(list);
        assert_int_equal(class_index_of(list), POINT_INDEX);
        assert_int_equal(fetch_slot(list, 0), smallint(i));
        list = fetch_slot(list, 1);
    }
    assert_int_equal(list, f->heap.nil);
}

static inline oop class_named(struct fixture *f, uint32_t index) {
    return heap_class_at(&f->heap, index);
}

#endif
