/*
 * image_fixture.h - what the image tests share: sinks, and the real images
 * where they are present (MOTE_IMAGES names their folder).
 */
#ifndef MOTE_TESTS_IMAGE_FIXTURE_H
#define MOTE_TESTS_IMAGE_FIXTURE_H

#include "tiny_image.h"
#include "../../vm/memory/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

struct bytes {
    uint8_t *at;
    size_t size, capacity;
};

static inline bool append(void *arg, const void *data, size_t size) {
    struct bytes *b = arg;
    if (b->size + size > b->capacity) {
        b->capacity = (b->capacity + size) * 2;
        b->at = realloc(b->at, b->capacity);
        assert_non_null(b->at);
    }
    memcpy(b->at + b->size, data, size);
    b->size += size;
    return true;
}

static inline struct bytes canonical(const uint8_t *file, size_t size) {
    struct bytes out = {0};
    struct image_error e = {0};
    if (!image_canonicalize(file, size, true, append, &out, &e))
        fail_msg("%s", e.text);
    return out;
}

/* A real image's bytes; skips the test, saying so, where there are none. */
static inline struct bytes real_image(const char *name) {
    const char *folder = getenv("MOTE_IMAGES");
    char path[4096];
    struct bytes b = {0};
    snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : "../shared/images", name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        print_message("%s is not here\n", path);
        skip();
    }
    uint8_t chunk[65536];
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
        append(&b, chunk, n);
    fclose(f);
    return b;
}

static inline uint64_t word_at(const struct bytes *b, uint64_t offset) {
    uint64_t v;
    memcpy(&v, b->at + offset, 8);
    return v;
}

struct lines {
    unsigned count;
    char first[256];
};

static inline void keep_line(void *arg, const struct image_error *problem) {
    struct lines *l = arg;
    if (l->count++ == 0)
        snprintf(l->first, sizeof l->first, "%s", problem->text);
    assert_null(strchr(problem->text, '\n'));
    assert_true(strlen(problem->text) > 8);
}

#endif
