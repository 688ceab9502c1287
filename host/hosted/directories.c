/* Directory enumeration. */
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int platform_dir_open(struct platform *p, const char *path, struct platform_dir **out) {
    (void)p;
    struct platform_dir *d = malloc(sizeof *d);
    if (d == NULL)
        return PLATFORM_ENOMEM;
    d->dir = opendir(path);
    if (d->dir == NULL) {
        int error = host_error(errno);
        free(d);
        return error;
    }
    *out = d;
    return 0;
}

int64_t platform_dir_next(struct platform_dir *d, char *name, size_t size) {
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(d->dir);
        if (entry == NULL)
            return errno == 0 ? 0 : host_error(errno);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        size_t length = strlen(entry->d_name);
        if (length >= size)
            return PLATFORM_EINVAL;
        memcpy(name, entry->d_name, length + 1);
        return (int64_t)length;
    }
}

void platform_dir_rewind(struct platform_dir *d) {
    rewinddir(d->dir);
}

void platform_dir_close(struct platform_dir *d) {
    if (d == NULL)
        return;
    closedir(d->dir);
    free(d);
}
