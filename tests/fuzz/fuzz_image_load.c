/*
 * fuzz_image_load.c - loading any file: it is refused with one line, or its
 * canonical form is sound, canonical, stable, and moves to another address.
 */
#include "image_input.h"
#include "../../vm/memory/heap.h"

#include <stdio.h>

struct bytes {
    uint8_t *at;
    size_t size, capacity;
};

static bool append(void *arg, const void *data, size_t size) {
    struct bytes *b = arg;
    if (b->size + size > b->capacity) {
        b->capacity = (b->capacity + size) * 2;
        b->at = realloc(b->at, b->capacity);
        if (b->at == NULL)
            abort();
    }
    memcpy(b->at + b->size, data, size);
    b->size += size;
    return true;
}

static void demand(bool holds, const struct image_error *e) {
    if (holds)
        return;
    fprintf(stderr, "%s\n", e->text);
    abort();
}

static void check_result(const uint8_t *file, size_t size, struct bytes *out) {
    struct image_header h;
    struct image_error e = {.text = "not the same"};
    struct bytes again = {0};
    demand(image_header_read(out->at, out->size, out->size, &h, &e), &e);
    demand(image_is_canonical(&h, out->size), &e);
    uint8_t *data = out->at + h.header_size;
    demand(image_check_roots(data, h.data_size, &h, &e), &e);
    demand(image_canonicalize(out->at, out->size, false, append, &again, &e), &e);
    demand(again.size == out->size && memcmp(again.at, out->at, out->size) == 0, &e);
    free(again.at);
    /* The same in memory, and moved. */
    uint64_t special, moved = h.special_objects, base = UINT64_C(0x7000000000);
    uint8_t *memory = malloc(h.data_size);
    demand(image_canonicalize_to(file, size, base, memory, h.data_size, &special, &e), &e);
    demand(image_relocate(data, h.data_size, HEAP_IMAGE_BASE, base, &moved, &e), &e);
    demand(moved == special && memcmp(memory, data, h.data_size) == 0, &e);
    free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_size) {
    size_t size;
    uint64_t room;
    uint8_t *file = image_from_input(data, data_size, &size);
    struct bytes out = {0};
    struct image_error e = {0};
    if (image_canonicalize(file, size, false, append, &out, &e))
        check_result(file, size, &out);
    else
        demand(strlen(e.text) > 8 && strchr(e.text, '\n') == NULL, &e);
    if (image_canonical_data_size(file, size, &room, &e) && room != out.size - 4096)
        abort();
    /* As if it were mapped: the quick check believes nothing. */
    struct image_header h;
    if (image_header_read(file, size, size, &h, &e))
        image_check_roots(file + h.header_size, h.data_size, &h, &e);
    free(out.at);
    free(file);
    return 0;
}
