/*
 * prims_fixture.h - a VM without an interpreter for tests of primitives: a heap
 * over a minimal image (nil, false, true, class table, special objects, a few
 * classes) and calls of primitives by number or name.
 *
 * Failures of the fixture itself end the test through cmocka.
 */
#ifndef MOTE_TEST_PRIMS_FIXTURE_H
#define MOTE_TEST_PRIMS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../host/hosted/hosted.h"
#include "../../vm/prims/values.h"

enum { POINT_INDEX = 60, INDEXABLE_INDEX = 61 }; /* the latter: two named slots, then elements */

struct fixture {
    struct vm vm;
    uintptr_t next; /* where the image builder puts the next object */
};

static inline oop image_object(struct fixture *f, uint64_t slots, unsigned format,
                               uint32_t class_index, oop fill) {
    oop o = f->next;
    if (slots >= HDR_OVERFLOW_SLOTS) {
        *(uint64_t *)f->next = (uint64_t)HDR_OVERFLOW_SLOTS << HDR_SLOTS_SHIFT | slots;
        o += 8;
    }
    set_header(o, make_header(slots, format, class_index));
    for (uint64_t i = 0; i < slots; i++)
        put_slot(o, i, fill);
    f->next = object_end(o);
    return o;
}

static inline void image_class(struct fixture *f, oop page, uint32_t index, int64_t format,
                               oop nil) {
    oop class = image_object(f, 3, FORMAT_FIXED, CLASS_INDEX_ARRAY, nil);
    set_header(class, header_of(class) | (uint64_t)index << HDR_HASH_SHIFT);
    put_slot(class, CLASS_FORMAT, smallint(format));
    put_slot(page, index, class);
}

static inline void fixture_open(struct fixture *f) {
    memset(f, 0, sizeof *f);
    struct heap *h = &f->vm.heap;
    const uint64_t image_bytes = 65536;
    f->vm.platform = hosted_open(&(struct hosted_config){0});
    assert_non_null(f->vm.platform);
    struct heap_config config = {.max_bytes = UINT64_C(1) << 28};
    assert_int_equal(heap_open(h, f->vm.platform, &config, NULL, image_bytes, false), 0);
    assert_int_equal(platform_commit(f->vm.platform, (void *)h->perm_base, image_bytes), 0);
    f->next = h->perm_base;
    oop nil = image_object(f, 0, FORMAT_EMPTY, CLASS_INDEX_ARRAY, 0);
    image_object(f, 0, FORMAT_EMPTY, CLASS_INDEX_ARRAY, 0);
    image_object(f, 0, FORMAT_EMPTY, CLASS_INDEX_ARRAY, 0);
    image_object(f, 64, FORMAT_64, CLASS_INDEX_ARRAY_PUN, 0);
    oop roots = image_object(f, CLASS_TABLE_ROOTS + HIDDEN_ROOT_SLOTS, FORMAT_ARRAY,
                             CLASS_INDEX_ARRAY_PUN, nil);
    oop page = image_object(f, CLASS_TABLE_PAGE_SLOTS, FORMAT_ARRAY, CLASS_INDEX_ARRAY_PUN, nil);
    put_slot(roots, 0, page);
    for (uint32_t index = CLASS_INDEX_LARGE_NEGATIVE; index < POINT_INDEX; index++)
        image_class(f, page, index, FORMAT_ARRAY << 16, nil);
    image_class(f, page, POINT_INDEX, FORMAT_FIXED << 16 | 2, nil);
    image_class(f, page, INDEXABLE_INDEX, FORMAT_INDEXABLE << 16 | 2, nil);
    oop special = image_object(f, 60, FORMAT_ARRAY, CLASS_INDEX_ARRAY, nil);
    put_slot(special, SPECIAL_CLASS_POINT, fetch_slot(page, POINT_INDEX));
    h->perm_limit = f->next;
    heap_adopt(h, special, 1);
}

static inline void fixture_close(struct fixture *f) {
    heap_close(&f->vm.heap);
    hosted_close(f->vm.platform);
}

/* Throw all objects in eden away. */
static inline void fixture_forget(struct fixture *f) {
    f->vm.heap.eden_free = f->vm.heap.eden_base;
}

/* ---- Calls: the answer is left in argv[0]; the status is returned ------------------- */

static inline int call_number(struct fixture *f, unsigned number, oop *argv, unsigned argc) {
    prim_fn *fn = prim_numbered(number);
    assert_non_null(fn);
    return fn(&f->vm, argv, argc);
}

static inline int call_name(struct fixture *f, const char *module, const char *name, oop *argv,
                            unsigned argc) {
    prim_fn *fn = prim_named(module, strlen(module), name, strlen(name));
    assert_non_null(fn);
    return fn(&f->vm, argv, argc);
}

/* One argument; 0 stands for a failure with PRIM_FAIL. */
static inline oop answer_1(struct fixture *f, unsigned number, oop receiver, oop argument) {
    oop argv[2] = {receiver, argument};
    int status = call_number(f, number, argv, 1);
    assert_true(status == PRIM_OK || status == PRIM_FAIL);
    return status == PRIM_OK ? argv[0] : 0;
}

static inline oop answer_0(struct fixture *f, unsigned number, oop receiver) {
    oop argv[1] = {receiver};
    int status = call_number(f, number, argv, 0);
    assert_true(status == PRIM_OK || status == PRIM_FAIL);
    return status == PRIM_OK ? argv[0] : 0;
}

static inline void make_immutable(oop o) {
    set_header(o, header_of(o) | HDR_IMMUTABLE);
}

static inline oop new_bytes_of(struct fixture *f, const void *data, size_t size) {
    oop o = heap_new_bytes(&f->vm.heap, size, CLASS_INDEX_BYTE_ARRAY);
    assert_true(o != 0);
    memcpy(object_bytes(o), data, size);
    return o;
}
static inline oop new_string(struct fixture *f, const char *text) {
    return heap_new_string(&f->vm.heap, text, strlen(text));
}

/* xorshift64*: the same numbers in every run. */
static inline uint64_t next_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

static inline int setup_fixture(void **state) {
    static struct fixture fixture;
    fixture_open(&fixture);
    *state = &fixture;
    return 0;
}
static inline int teardown_fixture(void **state) {
    fixture_close(*state);
    return 0;
}

#endif
