/*
 * save.c - saving to the file that the image came from, where the door can; no
 * other file can be written. One at a time.
 */
#include "kernel.h"

#include <string.h>

struct platform_save {
    bool busy;
};

static struct platform_save the_save;

int platform_save_begin(struct platform *p, const char *path, struct platform_save **out) {
    const char *own = platform_image_name(p);
    if (own == NULL || strcmp(path, own) != 0)
        return PLATFORM_ENOTSUP;
    if (!p->can_save || p->door->save_begin == NULL)
        return PLATFORM_EACCES;
    if (the_save.busy)
        return PLATFORM_EAGAIN;
    int error = p->door->save_begin();
    if (error != 0)
        return error;
    the_save.busy = true;
    *out = &the_save;
    return 0;
}

int platform_save_write(struct platform_save *s, const void *data, size_t size) {
    (void)s;
    return kernel.door->save_write(data, size, UINT64_MAX);
}

int platform_save_write_at(struct platform_save *s, uint64_t at, const void *data, size_t size) {
    (void)s;
    if (at > INT64_MAX)
        return PLATFORM_EINVAL;
    return kernel.door->save_write(data, size, at);
}

int platform_save_commit(struct platform_save *s) {
    int error = kernel.door->save_commit();
    if (error != 0)
        kernel.door->save_abort();
    s->busy = false;
    return error;
}

void platform_save_abort(struct platform_save *s) {
    if (s == NULL)
        return;
    kernel.door->save_abort();
    s->busy = false;
}
