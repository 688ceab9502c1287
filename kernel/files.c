/*
 * files.c - there is no file system yet: files other than the standard streams
 * (streams.c) and the image (image.c, save.c) fail cleanly, all in one way.
 */
#include "kernel.h"

int platform_file_open(struct platform *p, const char *path, enum platform_open how) {
    (void)p;
    (void)path;
    (void)how;
    return PLATFORM_ENOTSUP;
}

int platform_stat(struct platform *p, const char *path, bool follow, struct platform_stat *out) {
    (void)p;
    (void)path;
    (void)follow;
    (void)out;
    return PLATFORM_ENOTSUP;
}

int platform_access(struct platform *p, const char *path, int mode) {
    (void)p;
    (void)path;
    (void)mode;
    return PLATFORM_ENOTSUP;
}

int64_t platform_readlink(struct platform *p, const char *path, char *out, size_t size) {
    (void)p;
    (void)path;
    (void)out;
    (void)size;
    return PLATFORM_ENOTSUP;
}

int platform_rename(struct platform *p, const char *from, const char *to) {
    (void)p;
    (void)from;
    (void)to;
    return PLATFORM_ENOTSUP;
}

int platform_unlink(struct platform *p, const char *path) {
    (void)p;
    (void)path;
    return PLATFORM_ENOTSUP;
}

int platform_mkdir(struct platform *p, const char *path) {
    (void)p;
    (void)path;
    return PLATFORM_ENOTSUP;
}

int platform_rmdir(struct platform *p, const char *path) {
    (void)p;
    (void)path;
    return PLATFORM_ENOTSUP;
}

int platform_symlink(struct platform *p, const char *target, const char *path) {
    (void)p;
    (void)target;
    (void)path;
    return PLATFORM_ENOTSUP;
}

int platform_chmod(struct platform *p, const char *path, uint32_t mode) {
    (void)p;
    (void)path;
    (void)mode;
    return PLATFORM_ENOTSUP;
}

int platform_chown(struct platform *p, const char *path, uint32_t uid, uint32_t gid) {
    (void)p;
    (void)path;
    (void)uid;
    (void)gid;
    return PLATFORM_ENOTSUP;
}

int platform_lchown(struct platform *p, const char *path, uint32_t uid, uint32_t gid) {
    return platform_chown(p, path, uid, gid);
}

/* There is always a working directory; images cannot start without. */
int64_t platform_cwd(struct platform *p, char *out, size_t size) {
    (void)p;
    if (size < 2)
        return PLATFORM_EINVAL;
    out[0] = '/';
    out[1] = 0;
    return 1;
}

int platform_dir_open(struct platform *p, const char *path, struct platform_dir **out) {
    (void)p;
    (void)path;
    *out = NULL;
    return PLATFORM_ENOTSUP;
}

int64_t platform_dir_next(struct platform_dir *d, char *name, size_t size) {
    (void)d;
    (void)name;
    (void)size;
    return PLATFORM_EINVAL;
}

void platform_dir_rewind(struct platform_dir *d) {
    (void)d;
}

void platform_dir_close(struct platform_dir *d) {
    (void)d;
}
