/*
 * image.c - the image file that the mote was started with: its first page lies
 * in low memory, the rest in the arena at MOTE_IMAGE_BASE, where it belongs.
 * Reading shows what the program has written there meanwhile.
 */
#include "parts.h"

#include <string.h>

struct platform_image {
    uint64_t size;
};

static struct platform_image the_image;

const char *platform_image_path(struct platform *p) {
    return p->image_bytes != 0 ? platform_image_name(p) : NULL;
}

const char *platform_image_name(struct platform *p) {
    if (p->image_bytes == 0)
        return NULL;
    return p->image_name != NULL ? p->image_name : "image";
}

int platform_image_open(struct platform *p, const char *path, struct platform_image **out,
                        uint64_t *size) {
    const char *own = platform_image_path(p);
    if (own == NULL || strcmp(path, own) != 0)
        return PLATFORM_ENOENT;
    the_image.size = *size = p->image_bytes;
    *out = &the_image;
    return 0;
}

int64_t platform_image_read(struct platform_image *image, uint64_t at, void *data, size_t size) {
    if (at >= image->size)
        return 0;
    if (size > image->size - at)
        size = image->size - at;
    size_t head = 0;
    if (at < MOTE_PAGE) {
        head = size < MOTE_PAGE - at ? size : MOTE_PAGE - at;
        memcpy(data, (const uint8_t *)kernel.image_header + at, head);
    }
    if (size > head) {
        uintptr_t from = MOTE_IMAGE_BASE + (at + head - MOTE_PAGE);
        memcpy((uint8_t *)data + head, (const void *)from, size - head);
    }
    return (int64_t)size;
}

int platform_image_map(struct platform_image *image, uint64_t at, void *base, size_t size) {
    uint64_t end = (image->size + MOTE_PAGE - 1) & ~(uint64_t)(MOTE_PAGE - 1);
    if (((at | (uintptr_t)base) & (MOTE_PAGE - 1)) != 0 || at > end || size > end - at)
        return PLATFORM_EINVAL;
    if (size == 0)
        return 0;
    if (at < MOTE_PAGE || (uintptr_t)base != MOTE_IMAGE_BASE + (at - MOTE_PAGE))
        return PLATFORM_ENOTSUP;
    memory_image_mapped((uintptr_t)base + size);
    return 0;
}

void platform_image_close(struct platform_image *image) {
    (void)image;
}
