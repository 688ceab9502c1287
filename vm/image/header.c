/*
 * header.c - the file header of 64-bit Spur images.
 * Source: SpurImageHeaderStruct, StackInterpreter>>writeImageFileIO.
 */
#include "image.h"
#include "report.h"
#include "words.h"
#include "../memory/heap.h"

/* Where the fields lie. */
enum {
    AT_FORMAT = 0,
    AT_HEADER_SIZE = 4,
    AT_DATA_SIZE = 8,
    AT_BASE = 16,
    AT_SPECIAL = 24,
    AT_LAST_HASH = 32,
    AT_WINDOW = 40,
    AT_FLAGS = 48,
    AT_EXTRA_MEMORY = 56,
    AT_STACK_PAGES = 60,
    AT_CODE_SIZE = 62,
    AT_EDEN = 64,
    AT_SEMAPHORES = 68,
    AT_UNKNOWN = 70,
    AT_FIRST_SEGMENT = 72,
    AT_FREE_OLD = 80,
};

/* nil, false, true (16 bytes each), free lists (64 slots), hidden roots. */
#define FIRST_OBJECTS_BYTES \
    (3 * 16u + 8 + 64 * 8 + 16 + (CLASS_TABLE_ROOTS + HIDDEN_ROOT_SLOTS) * 8)
#define SPECIAL_OBJECTS_BYTES (8u + SPECIAL_MIN_SLOTS * 8)

static bool supported(uint64_t format) {
    return format == IMAGE_FORMAT_V3 || format == IMAGE_FORMAT_SISTA;
}

/* What a format number means that this VM does not read; NULL: nothing known. */
static const char *foreign_format(uint32_t format) {
    switch (format) {
    case 6502:
        return "a 32-bit image from before Spur";
    case 6504:
        return "a 32-bit image with closures from before Spur";
    case 6505:
        return "a 32-bit Cog image from before Spur";
    case 6521:
        return "a 32-bit Spur image";
    case 7033:
        return "a 32-bit Spur image with Sista methods";
    case 68000:
        return "a 64-bit image from before Spur";
    case 68002:
        return "a 64-bit image with closures from before Spur";
    case 68003:
        return "a 64-bit Cog image from before Spur";
    case 68019:
        return "a 64-bit Spur image of the first, abandoned format";
    default:
        return NULL;
    }
}

static bool bad_format(uint32_t format, uint64_t as_long, struct image_error *error) {
    const char *what = foreign_format(format);
    if (what != NULL)
        return image_fail(error, 0, "header: this is %s (format %u), not a 64-bit Spur image", what,
                          format);
    uint32_t swapped = __builtin_bswap32(format);
    if (supported(swapped) || foreign_format(swapped) != NULL ||
        supported(__builtin_bswap64(as_long)))
        return image_fail(error, 0,
                          "header: a byte-swapped image (format %u of a big-endian machine)",
                          supported(swapped) || foreign_format(swapped) != NULL
                              ? swapped
                              : (uint32_t)__builtin_bswap64(as_long));
    return image_fail(error, 0, "header: not a Smalltalk image (it begins with 0x%08x)", format);
}

static bool check_sizes(const struct image_header *h, uint64_t file_size,
                        struct image_error *error) {
    if (h->header_size < IMAGE_HEADER_BYTES)
        return image_fail(error, AT_HEADER_SIZE, "header: header size %u is less than %u",
                          h->header_size, IMAGE_HEADER_BYTES);
    if (h->header_size % 8 != 0)
        return image_fail(error, AT_HEADER_SIZE, "header: header size %u is not a multiple of 8",
                          h->header_size);
    if (h->header_size > file_size)
        return image_fail(error, AT_HEADER_SIZE,
                          "header: header size %u is more than the file's %llu bytes",
                          h->header_size, (unsigned long long)file_size);
    if (h->data_size > file_size - h->header_size)
        return image_fail(
            error, AT_DATA_SIZE,
            "header: data size %llu, but only %llu bytes follow: truncated or damaged",
            (unsigned long long)h->data_size, (unsigned long long)(file_size - h->header_size));
    if (h->data_size % 8 != 0)
        return image_fail(error, AT_DATA_SIZE, "header: data size %llu is not a multiple of 8",
                          (unsigned long long)h->data_size);
    if (h->data_size < FIRST_OBJECTS_BYTES + IMAGE_BRIDGE_BYTES)
        return image_fail(error, AT_DATA_SIZE,
                          "header: data size %llu has no room for the first five objects",
                          (unsigned long long)h->data_size);
    if (h->first_segment_size > h->data_size || h->first_segment_size % 8 != 0 ||
        h->first_segment_size < FIRST_OBJECTS_BYTES + IMAGE_BRIDGE_BYTES)
        return image_fail(
            error, AT_FIRST_SEGMENT, "header: first segment size %llu does not fit data size %llu",
            (unsigned long long)h->first_segment_size, (unsigned long long)h->data_size);
    return true;
}

static bool check_addresses(const struct image_header *h, struct image_error *error) {
    if (h->base == 0 || h->base % 8 != 0 || h->base > (UINT64_C(1) << 62) ||
        h->data_size > (UINT64_C(1) << 62) - h->base)
        return image_fail(error, AT_BASE, "header: base address 0x%llx is impossible",
                          (unsigned long long)h->base);
    /* Later segments lie above the first with gaps: the map checks them. */
    bool one_segment = h->first_segment_size == h->data_size;
    uint64_t at = h->special_objects - h->base;
    if (h->special_objects % 8 != 0 || h->special_objects < h->base ||
        (one_segment && at > h->data_size - SPECIAL_OBJECTS_BYTES))
        return image_fail(
            error, AT_SPECIAL,
            "header: special objects 0x%llx lie outside the image (0x%llx, %llu bytes)",
            (unsigned long long)h->special_objects, (unsigned long long)h->base,
            (unsigned long long)h->data_size);
    return true;
}

bool image_header_read(const uint8_t *bytes, size_t size, uint64_t file_size,
                       struct image_header *out, struct image_error *error) {
    if (file_size == 0 || size == 0)
        return image_fail(error, 0, "header: the file is empty");
    if (size < 8)
        return image_fail(error, 0, "header: %llu bytes are too few for an image",
                          (unsigned long long)size);
    uint32_t format = load32(bytes + AT_FORMAT);
    if (!supported(format))
        return bad_format(format, load64(bytes), error);
    if (size < IMAGE_HEADER_BYTES)
        return image_fail(error, 0, "header: truncated after %llu of %u bytes",
                          (unsigned long long)size, IMAGE_HEADER_BYTES);
    *out = (struct image_header){
        .format = format,
        .header_size = load32(bytes + AT_HEADER_SIZE),
        .data_size = load64(bytes + AT_DATA_SIZE),
        .base = load64(bytes + AT_BASE),
        .special_objects = load64(bytes + AT_SPECIAL),
        .last_hash = load64(bytes + AT_LAST_HASH),
        .window_size = load64(bytes + AT_WINDOW),
        .flags = load64(bytes + AT_FLAGS),
        .extra_memory = load32(bytes + AT_EXTRA_MEMORY),
        .eden_bytes = load32(bytes + AT_EDEN),
        .stack_pages = load16(bytes + AT_STACK_PAGES),
        .code_size = load16(bytes + AT_CODE_SIZE),
        .semaphores = load16(bytes + AT_SEMAPHORES),
        .unknown = load16(bytes + AT_UNKNOWN),
        .first_segment_size = load64(bytes + AT_FIRST_SEGMENT),
        .free_old_space = load64(bytes + AT_FREE_OLD),
    };
    return check_sizes(out, file_size, error) && check_addresses(out, error);
}

void image_header_write(const struct image_header *h, uint8_t out[IMAGE_HEADER_BYTES]) {
    memset(out, 0, IMAGE_HEADER_BYTES);
    store32(out + AT_FORMAT, h->format);
    store32(out + AT_HEADER_SIZE, h->header_size);
    store64(out + AT_DATA_SIZE, h->data_size);
    store64(out + AT_BASE, h->base);
    store64(out + AT_SPECIAL, h->special_objects);
    store64(out + AT_LAST_HASH, h->last_hash);
    store64(out + AT_WINDOW, h->window_size);
    store64(out + AT_FLAGS, h->flags);
    store32(out + AT_EXTRA_MEMORY, h->extra_memory);
    store32(out + AT_EDEN, h->eden_bytes);
    store16(out + AT_STACK_PAGES, h->stack_pages);
    store16(out + AT_CODE_SIZE, h->code_size);
    store16(out + AT_SEMAPHORES, h->semaphores);
    store16(out + AT_UNKNOWN, h->unknown);
    store64(out + AT_FIRST_SEGMENT, h->first_segment_size);
    store64(out + AT_FREE_OLD, h->free_old_space);
}

bool image_is_canonical(const struct image_header *h, uint64_t file_size) {
    return supported(h->format) && h->header_size == IMAGE_CANONICAL_HEADER &&
           h->base == HEAP_IMAGE_BASE && h->first_segment_size == h->data_size &&
           h->free_old_space == 0 && file_size == IMAGE_CANONICAL_HEADER + h->data_size;
}
